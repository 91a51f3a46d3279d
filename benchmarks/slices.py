"""What a slice of a network's surface costs, beside loss-landscapes 3.0.6: the same network, the same plane.

Run: python benchmarks/slices.py [--only mlp-1024,mlp-32,pictures-512] [--json FILE] [--repeats N]

Absolute times depend on the machine and are printed for orientation only; the ratios are the result. All candidates
are timed in this process, in turn, and the best time of each counts; the first call of each, in which JAX compiles, is
timed apart. Their values are compared before anything is timed. The peer is installed with
``python -m pip install --no-deps loss-landscapes==3.0.6``; it needs PyTorch.

The peer walks along its grid with in-place additions, forth on one row and back on the next, and takes every value
behind the addition. So its even rows lie one step further along the second direction than its odd ones: rows are
compared with those that it has evaluated, not with those that it says.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax import numpy as jnp

import thalweg as tw
from thalweg.base.parallel import cores
from thalweg.frameworks import examples
from thalweg.geometry.directions import between
from timing import Asked, Row, clock

AGREE = 1e-5
"""How close values must be, relative to their size: the peer's points drift by the rounding of many additions."""


class Work(NamedTuple):
    """A slice: the units of a network, the rows of its data, the points along a side, and what is asked of each."""

    sizes: tuple[int, ...]
    rows: int
    side: int
    asked: dict[str, float]


WORKS = {
    "mlp-1024": Work((10, 64, 64, 1), 1024, 31, {"JAX": 4, "PyTorch": 1}),
    "mlp-32": Work((10, 64, 64, 1), 32, 31, {"JAX": 10, "PyTorch": 2}),
    "pictures-512": Work((784, 64, 10), 512, 51, {"JAX": 25, "PyTorch": 4}),
}

AT_ONCE = 3
"""Calls of a candidate in its turn: the first of them finds the caches full of another's numbers."""

PEER = "loss-landscapes"


def main(arguments: list[str] | None = None) -> None:
    """Measure all slices, or some, and print a table of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--only", default=",".join(WORKS), help=f"slices: some of {','.join(WORKS)}")
    parser.add_argument("--repeats", type=int, default=5, help="times each is run; what takes over two seconds, twice")
    parser.add_argument("--side", type=int, help="points along a side, instead of the usual ones")
    options = parser.parse_args(arguments)
    print(f"device: {jax.devices()[0].device_kind}, cores: {cores()}")
    if not find_spec("loss_landscapes"):
        print("the peer is not installed: python -m pip install --no-deps loss-landscapes==3.0.6")
    figures: dict[str, dict[str, Row]] = {}
    for name in options.only.split(","):
        work = WORKS[name]
        figures[name] = race(work._replace(side=options.side or work.side), options.repeats)
        what = f"{'-'.join(map(str, work.sizes))}, {work.rows} rows, {work.side} x {work.side}"
        print("", f"{name}: {what}", *(line(*item) for item in figures[name].items()), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def line(name: str, row: Row) -> str:
    """Show one row."""
    if "asked" in row:
        verdict = "met" if row["met"] else "MISSED"
        return f"{name:44} {row['ratio']:8.2f}   asked: {row['asked']:12} {verdict}"
    said = f"{name:44} {row['seconds']:8.3f} s   first call {row['first']:.2f} s"
    return said + (f"   agrees with the peer to {row['apart']:.1e}" if "apart" in row else "")


def race(work: Work, repeats: int) -> dict[str, Row]:
    """Compare values, then time the candidates in turn."""
    candidates = ways(work)
    first = {name: clock(call) for name, call in candidates.items()}
    rows: dict[str, Row] = {name: {"seconds": np.inf, "first": first[name][0]} for name in candidates}
    for name in candidates:
        if PEER in candidates and name != PEER:
            rows[name]["apart"] = apart(name, first[name][2], first[PEER][2])
    for turn in range(repeats):
        for name, call in candidates.items():
            if turn < 2 or rows[name]["seconds"] < 2:
                time.sleep(0.05)  # threads of the candidate before go to sleep
                took = [clock(call)[0] for _ in range(AT_ONCE)]
                rows[name]["seconds"] = min(rows[name]["seconds"], *took)
    for name, least in work.asked.items():
        if PEER in rows and name in rows:
            ratio = rows[PEER]["seconds"] / rows[name]["seconds"]
            rows[f"{PEER} / {name}"] = Asked("at least", least).verdict(ratio)
    return rows


def ways(work: Work) -> dict[str, Callable[[], np.ndarray]]:
    """Collect the ways to take the slice that can be tried here; each gives losses, (first, second direction)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(work.rows, work.sizes[0])).astype(np.float32)
    classes = work.sizes[-1]
    y = rng.integers(classes, size=work.rows) if classes > 1 else rng.normal(size=(work.rows, 1)).astype(np.float32)
    networks = {"JAX": partial(in_jax, classes), "PyTorch": partial(in_torch, classes)}
    if not find_spec("torch"):
        del networks["PyTorch"]
    found: dict[str, Callable[[], np.ndarray]] = {}
    for name, make in networks.items():
        model = make(work.sizes, 0)
        network = tw.networks.wrap(model[0], model[1], (x, y))
        ends = (tw.networks.wrap(*make(work.sizes, seed), (x, y)).position for seed in (1, 2))
        plane = between(network, network.position, *ends)
        found[name] = partial(sliced, network, plane, work.side)
        found[f"{name}, whole network at every point"] = partial(sliced, network, plane, work.side, plain=True)
    if find_spec("torch") and find_spec("loss_landscapes"):
        found[PEER] = peer(work, classes, x, y)
    return found


def sliced(network: Any, plane: Any, side: int, **how: Any) -> np.ndarray:
    """Take our slice: the corners of the grid are the first network and nearly the two others."""
    span = (0.0, (side - 1) / side)
    return tw.networks.slice(network, plane, span=(span, span), points=side, **how)["loss"].values.T


def in_jax(classes: int, sizes: tuple[int, ...], seed: int) -> tuple[Any, Any]:
    """Make parameters and their loss."""
    params, apply = examples.mlp("jax", sizes, seed=seed)

    def loss(params: Any, x: Any, y: Any) -> Any:
        out = apply(params, x)
        if classes == 1:
            return jnp.mean((out - y) ** 2)
        return optax.softmax_cross_entropy_with_integer_labels(out, y).mean()

    return params, loss


def in_torch(classes: int, sizes: tuple[int, ...], seed: int) -> tuple[Any, Any]:
    """Make a module and its loss."""
    import torch

    loss = torch.nn.functional.mse_loss if classes == 1 else torch.nn.functional.cross_entropy
    return examples.mlp("torch", sizes, seed=seed), loss


def peer(work: Work, classes: int, x: np.ndarray, y: np.ndarray) -> Callable[[], np.ndarray]:
    """Let the peer interpolate between three networks."""
    import loss_landscapes
    import torch
    from loss_landscapes.metrics import Loss

    models = [in_torch(classes, work.sizes, seed)[0] for seed in range(3)]
    metric = Loss(in_torch(classes, work.sizes, 0)[1], torch.from_numpy(x), torch.from_numpy(y))

    def call() -> np.ndarray:
        with torch.no_grad():
            return loss_landscapes.planar_interpolation(*models, metric, work.side, deepcopy_model=True)

    return call


def apart(name: str, ours: np.ndarray, theirs: np.ndarray) -> float:
    """Compare values where both have evaluated; the largest difference, relative to the value."""
    even = np.abs(theirs[::2, :-1] / ours[::2, 1:] - 1)
    odd = np.abs(theirs[1::2] / ours[1::2] - 1)
    worst = float(np.max([even.max(), odd.max()]))  # Python's own max would lose a NaN
    if not worst <= AGREE:
        raise ValueError(f"{name} and {PEER} differ by {worst:.1e} of the value; they must agree to {AGREE:g}")
    return worst


if __name__ == "__main__":
    main()
