"""What a slice of a PyTorch module costs beside the loop that its user would write, and what memory it takes.

Run: python benchmarks/plain.py [--only resnet18,...] [--side N] [--repeats N] [--threads N] [--json FILE]

The loop puts ``origin + a u + b v`` into the parameters by ``vector_to_parameters`` and calls the model under
``no_grad``. Both take the same grid along the same directions, in one process, by turns; their losses are compared
first. Seconds are of the processor, the best of some counts, and the first slice of a network, in which its quick way
is tried out, is timed apart. Memory is the most that making directions and taking the slice hold beyond what was there
when the network was made, in sizes of the parameters; it is measured on Linux alone, and where the network is large
beside what its layers return.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import thalweg as tw
from timing import Asked, Row, clock

AGREE = 1e-4
"""How close losses must be, relative to their size."""

LARGE = 2**25
"""Bytes of parameters from which memory is told."""

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

NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "cnn": (cnn, PICTURES, 32),
    "resnet18-16": (lambda: resnet18(16), PICTURES, 4),
    "resnet18": (resnet18, PICTURES, 4),
    "dense-24m": (dense, ROW, 8),
}
"""What makes a network, the shape of an example, and how many there are."""


def main(arguments: list[str] | None = None) -> None:
    """Measure all networks, or some, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--only", default=",".join(NETWORKS), help="networks: some of them")
    parser.add_argument("--side", type=int, default=15, help="points along a side")
    parser.add_argument("--repeats", type=int, default=2, help="times each is run")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    figures: dict[str, dict[str, Row]] = {}
    for name in options.only.split(","):
        figures[name] = rows = compared(*NETWORKS[name], options.side, options.repeats)
        print(f"{name}, {options.side} x {options.side}")
        for what, row in rows.items():
            print(f"    {what:28} {row['ratio']:6.2f}   asked: {row['asked']} {'met' if row['met'] else 'MISSED'}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


def compared(make: Callable[[], nn.Module], shape: tuple[int, ...], rows: int, side: int, repeats: int) -> Any:
    """Take the same slice both ways."""
    torch.manual_seed(0)
    model, loss = make().eval(), nn.functional.cross_entropy
    x, y = torch.randn(rows, *shape), torch.randint(10, (rows,))
    network = tw.networks.wrap(model, loss, (x, y))
    held = Held(network.position.nbytes)
    plane = tw.networks.directions.filter_normalised(network, seed=0)

    def ours() -> np.ndarray:
        return tw.networks.slice(network, plane, span=0.5, points=side)["loss"].values

    def loop() -> np.ndarray:
        place = nn.utils.parameters_to_vector(model.parameters()).detach()
        u, v = (torch.from_numpy(direction).float() for direction in plane.directions)
        line, losses = np.linspace(-0.5, 0.5, side), np.empty((side, side))
        with torch.no_grad():
            for i, b in enumerate(line.tolist()):
                for j, a in enumerate(line.tolist()):
                    nn.utils.vector_to_parameters(place + a * u + b * v, model.parameters())
                    losses[i, j] = loss(model(x), y).item()
            nn.utils.vector_to_parameters(place, model.parameters())
        return losses

    _, first, found = clock(ours)
    memory, best = held.most(), {ours: np.inf, loop: np.inf}
    for _ in range(repeats):
        for call in best:
            _, used, losses = clock(call)
            best[call] = min(best[call], used)
            apart = float(np.abs(losses / found - 1).max())
            if not apart <= AGREE:
                raise SystemExit(f"they differ by {apart:.1e}")
    found = {
        "processor time / loop": TIME.verdict(best[ours] / best[loop]),
        "of the first slice / loop": TIME.verdict(first / best[loop]),
    }
    return found | (
        {} if memory is None or network.position.nbytes < LARGE else {"memory / parameters": MEMORY.verdict(memory)}
    )


class Held:
    """The memory that this process holds, in units of a size, from now on."""

    status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def __init__(self, unit: int):
        self.unit = unit
        gc.collect()
        if self.status.exists():
            self.clear.write_text("5")  # the peak begins here
            self.begun = self._read("VmRSS")

    def most(self) -> float | None:
        """Tell the peak since then, beyond what was there; None where the system does not tell."""
        return (self._read("VmHWM") - self.begun) / self.unit if self.status.exists() else None

    def _read(self, name: str) -> int:
        lines = self.status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
