"""What a slice of a PyTorch module costs beside the loop that its user would write, and what memory it takes.

Run: python benchmarks/plain.py [--only resnet18,...] [--side N] [--repeats N] [--threads N] [--width N] [--modes N]
           [--json FILE]

The loop copies ``origin + a u + b v`` into one parameter after the other and calls the model under ``no_grad``. Both
take the same grid along the same directions, in one process, by turns; their losses are compared first. Seconds are of
the processor, the best of some counts, and the first slice of a network, in which its quick way is tried out, is timed
apart. Memory is the most that wrapping the model, making directions and taking the slice hold beyond what was there
with the model and its data, in sizes of the parameters; it is measured on Linux alone, and where the network is large
beside what its layers return. ``gpt2`` is that of Hugging Face, of 124 million parameters, whose weights are drawn;
``--width`` makes it narrower. It takes minutes and 4 GB, so it is measured only where ``--only`` names it.
``--modes 1`` searches as many eigenvalues of the Hessian (of GPT-2 with 7 GB), beside products by hand.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable
from functools import partial
from itertools import pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

import thalweg as tw
from timing import Asked, Row, clock

AGREE = 1e-4
"""How close losses must be, relative to their size."""

LARGE = 2**25
"""Bytes of parameters from which memory is told."""

SPAN = 0.5
"""Of the slice, to both sides."""

TIME, MEMORY = Asked("at most", 1.0), Asked("at most", 3.5)


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.a, self.b = _conv(inputs, outputs, stride), _conv(outputs, outputs, 1)
        same = inputs == outputs and stride == 1
        self.around = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute its outputs."""
        return torch.relu(self.b(torch.relu(self.a(x))) + self.around(x))


def _conv(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))


def resnet18(width: int = 64) -> nn.Module:
    """Make the residual network of 18 layers, in its form for pictures of 32 x 32."""
    layers: list[nn.Module] = [_conv(3, width, 1), nn.ReLU()]
    inputs = width
    for number in range(4):
        outputs = width * 2**number
        layers += [Block(inputs, outputs, 1 if number == 0 else 2), Block(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


def cnn() -> nn.Module:
    """Make a small convolutional network."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip


def dense() -> nn.Module:
    """Make a dense network of 24 million parameters, few of which are of the first layer."""
    sizes = (64, 3460, 3460, 3460)
    layers = [part for pair in pairwise(sizes) for part in (nn.Linear(*pair), nn.Tanh())]
    return nn.Sequential(*layers, nn.Linear(3460, 10))


PICTURES, ROW = (3, 32, 32), (64,)

TOKENS = 32
"""Length of the text that GPT-2 is given."""


class Case(NamedTuple):
    """A model, its loss and its data, as ``wrap`` takes them, and the loss as its user computes it."""

    model: nn.Module
    loss: Callable[..., torch.Tensor] | None
    data: Any
    evaluate: Callable[[], torch.Tensor]


def classifier(make: Callable[[], nn.Module], shape: tuple[int, ...], rows: int) -> Case:
    """Classify rows of a shape."""
    model, loss = make().eval(), nn.functional.cross_entropy
    x, y = torch.randn(rows, *shape), torch.randint(10, (rows,))
    return Case(model, loss, (x, y), lambda: loss(model(x), y))


def gpt2(width: int) -> Case:
    """Make a GPT-2 as its configuration has it, but for the numbers that a token is made of."""
    import transformers

    heads = width // 64
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=width, n_head=heads)).eval()
    ids = torch.randint(model.config.vocab_size, (1, TOKENS))
    batch = {"input_ids": ids, "labels": ids.clone()}
    return Case(model, None, batch, lambda: model(**batch).loss)


NETWORKS: dict[str, Callable[[int], Case]] = {
    "cnn": lambda width: classifier(cnn, PICTURES, 32),
    "resnet18-16": lambda width: classifier(lambda: resnet18(16), PICTURES, 4),
    "resnet18": lambda width: classifier(resnet18, PICTURES, 4),
    "dense-24m": lambda width: classifier(dense, ROW, 8),
    "gpt2": gpt2,
}
"""What makes a case, of a width where it can have several."""


def main(arguments: list[str] | None = None) -> None:
    """Measure all networks, or some, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    usual = [name for name in NETWORKS if name != "gpt2"]
    parser.add_argument("--only", default=",".join(usual), help=f"networks: some of {', '.join(NETWORKS)}")
    parser.add_argument("--side", type=int, default=15, help="points along a side")
    parser.add_argument("--repeats", type=int, default=2, help="times each is run")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    parser.add_argument("--modes", type=int, default=0, help="eigenvalues of the Hessian that are searched for, too")
    parser.add_argument("--width", type=int, default=768, help="of GPT-2, in steps of 64")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    sliced(*planed(classifier(cnn, PICTURES, 1)), 2)  # what is imported for it, and made once, is no network's
    figures: dict[str, dict[str, Row]] = {}
    for name in options.only.split(","):
        figures[name] = rows = compared(NETWORKS[name], options)
        print(f"{name}, {options.side} x {options.side}")
        for what, row in rows.items():
            verdict = f"   asked: {row['asked']} {'met' if row['met'] else 'MISSED'}" if "asked" in row else ""
            print(f"    {what:30} {row['ratio']:6.2f}{verdict}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


def compared(make: Callable[[int], Case], options: argparse.Namespace) -> dict[str, Row]:
    """Take the same slice both ways."""
    torch.manual_seed(0)
    case = make(options.width)
    size = sum(parameter.nbytes for parameter in case.model.parameters())
    with torch.no_grad():
        case.evaluate()  # what PyTorch and the model make at their first call is theirs
    held = Held(size)
    network, plane = planed(case)
    ours = partial(sliced, network, plane, options.side)
    _, first, found = clock(ours)
    memory, ways = held.most(), (ours, partial(loop, case, plane, options.side))
    best = dict.fromkeys(ways, np.inf)
    for _ in range(options.repeats):
        for call in ways:
            _, used, losses = clock(call)
            best[call] = min(best[call], used)
            apart = float(np.abs(losses / found - 1).max())
            if not apart <= AGREE:
                raise SystemExit(f"they differ by {apart:.1e}")
    quick, plain = best.values()
    rows = {
        "processor time / loop": TIME.verdict(quick / plain),
        "of the first slice / loop": TIME.verdict(first / plain),
    }
    if memory is not None and size >= LARGE:
        rows["memory / parameters"] = MEMORY.verdict(memory)
    del ours, ways, best, plane
    return rows | (curved(case, network, options.modes, held) if options.modes else {})


def curved(case: Case, network: Any, modes: int, held: Held) -> dict[str, Row]:
    """Search eigenvalues, and tell what a product takes, with what Lanczos' method adds to it, beside one by hand."""
    held.begin()
    _, used, found = clock(lambda: tw.networks.curvature(network, count=modes, probes=0))
    products, memory, parameters = found.attrs["products"], held.most(), list(case.model.parameters())
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        slopes = torch.autograd.grad(case.evaluate(), parameters, create_graph=True)
    vectors = [torch.ones_like(parameter) for parameter in parameters]
    own = [clock(lambda: torch.autograd.grad(slopes, parameters, vectors, retain_graph=True))[1] for _ in range(3)]
    rows: dict[str, Row] = {
        "products with the Hessian": {"ratio": products},
        "one of them / by hand": {"ratio": used / products / min(own)},
    }
    return rows if memory is None or held.unit < LARGE else rows | {"memory of that / parameters": {"ratio": memory}}


def planed(case: Case) -> tuple[Any, Any]:
    """Wrap a model, and lay a plane through its parameters."""
    network = tw.networks.wrap(case.model, case.loss, case.data)
    return network, tw.networks.directions.filter_normalised(network, seed=0)


def sliced(network: Any, plane: Any, side: int) -> np.ndarray:
    """Take our slice."""
    return tw.networks.slice(network, plane, span=SPAN, points=side)["loss"].values


def loop(case: Case, plane: Any, side: int) -> np.ndarray:
    """Take it as a user would."""
    places = [parameter.detach().clone() for parameter in case.model.parameters()]
    sizes = [place.numel() for place in places]
    ways = [torch.from_numpy(direction[: sum(sizes)]).split(sizes) for direction in plane.directions]
    first, second = ([way.view_as(place) for way, place in zip(some, places, strict=True)] for some in ways)
    line, losses = np.linspace(-SPAN, SPAN, side).tolist(), np.empty((side, side))
    with torch.no_grad():
        for (i, b), (j, a) in product(enumerate(line), repeat=2):
            for parameter, place, u, v in zip(case.model.parameters(), places, first, second, strict=True):
                parameter.copy_(place + a * u + b * v)
            losses[i, j] = case.evaluate().item()
        for parameter, place in zip(case.model.parameters(), places, strict=True):
            parameter.copy_(place)
    return losses


class Held:
    """The memory that this process holds, in units of a size, from now on."""

    status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def __init__(self, unit: int):
        self.unit = unit
        self.begin()
        if self.status.exists():
            self.begun = self._read("VmRSS")

    def begin(self) -> None:
        """Let the peak begin here; it is told beyond what was there at first."""
        gc.collect()
        if self.status.exists():
            self.clear.write_text("5")

    def most(self) -> float | None:
        """Tell the peak since then, beyond what was there; None where the system does not tell."""
        return (self._read("VmHWM") - self.begun) / self.unit if self.status.exists() else None

    def _read(self, name: str) -> int:
        lines = self.status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
