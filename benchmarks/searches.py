"""What L-BFGS costs beside SciPy's, and a step of plain descent of many rows beside NumPy.

Run: python benchmarks/searches.py [--rows 200,200000] [--repeats N] [--json FILE]

The same lines are fitted from the same start in this process, each by turns, the best time of each counts; the first
call, in which ours compiles, is timed apart. SciPy has the objective and its gradient in NumPy and, where that is
quicker, in JAX, compiled, and goes on until no more is to be had (ftol = 0, gtol = 1e-9), as ours does; where it ends
is compared first. Compare ratios: of seconds, and of processor seconds where other programs keep the cores busy.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # else SciPy's threads wait for each other on a busy machine

import jax
import numpy as np
import optax
from scipy.optimize import minimize

import thalweg as tw
from timing import Asked, Row, clock

EXACT = {"ftol": 0.0, "gtol": 1e-9}
"""SciPy goes on to the end."""

SMOOTHING = 0.1
STEPS = 100

Curve = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def quadratic(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the squares and their slopes."""
    return r * r, 2 * r


def smoothed(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the smoothed fourth root of the square and its slope."""
    size = np.sqrt(r * r + SMOOTHING**2)
    root = np.sqrt(size)
    return root - np.sqrt(SMOOTHING), r / (2 * size * root)


def huber(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give Huber's loss of scale 1 and its slope."""
    clipped = np.clip(r, -1, 1)
    return clipped * (r - clipped / 2), clipped


LOSSES: dict[str, tuple[tw.losses.Loss, Curve]] = {
    "quadratic": (tw.losses.quadratic(), quadratic),
    "smoothed fourth root": (tw.losses.power(1 / 2, smoothing=SMOOTHING), smoothed),
    "huber": (tw.losses.huber(1.0), huber),
}


def main(arguments: list[str] | None = None) -> None:
    """Measure all, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--rows", default="200,200000", help="of the data")
    parser.add_argument("--starts", type=int, default=64, help="of the many searches, on the fewest rows")
    parser.add_argument("--repeats", type=int, default=5, help="times each is run")
    options = parser.parse_args(arguments)
    found: dict[str, Row] = {}
    rows = [int(count) for count in options.rows.split(",")]
    for count in rows:
        for name, (loss, curve) in LOSSES.items():
            x, y = data(count)
            objective, numpy = line(x, y, loss), in_numpy(x, y, curve)
            what = f"{count} rows, {name}"
            found |= shown(searched(what, objective, numpy, 1, options.repeats))
            found |= shown(stepped(what, objective, numpy, options.repeats))
            if count == min(rows):
                found |= shown(
                    searched(f"{what}, {options.starts} starts", objective, numpy, options.starts, options.repeats)
                )
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def shown(found: dict[str, Row]) -> dict[str, Row]:
    """Print rows as they come."""
    for name, row in found.items():
        times = (
            f"{row['seconds'] * 1e3:9.3f} ms, theirs {row['theirs'] * 1e3:9.3f} ms, first call {row['first']:5.2f} s"
        )
        print(f"{name:60} {row['ratio']:7.2f}   asked: {row['asked']}   {times}", flush=True)
    return found


def data(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw points about a line, a tenth of them far off."""
    drawn = np.random.default_rng(0)
    x = drawn.normal(0, 2, count)
    return x, 1.7 * x + 4 + drawn.normal(0, 1, count) + 10 * (drawn.random(count) < 0.1)


def line(x: np.ndarray, y: np.ndarray, loss: tw.losses.Loss) -> Any:
    """Make the objective of a line through points."""
    axes = tw.problems.Axis("W", -5, 5), tw.problems.Axis("c", -10, 20)
    problem = tw.problems.regression(lambda p, x, y: p[0] * x + p[1] - y, {"x": x, "y": y}, axes)
    return tw.objective(problem, loss)


def in_numpy(x: np.ndarray, y: np.ndarray, curve: Curve) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Write the objective and its gradient in NumPy."""

    def both(p: np.ndarray) -> tuple[float, np.ndarray]:
        values, slopes = curve(p[0] * x + p[1] - y)
        return float(values.mean()), np.array([slopes @ x, slopes.sum()]) / len(x)

    return both


def in_jax(objective: Any) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Let JAX compile the plain mean and its gradient."""
    example, columns = objective.example, objective.train

    def mean(p: Any) -> Any:
        return jax.vmap(example, in_axes=(None, 0, 0))(p, *columns).mean()

    program = jax.jit(jax.value_and_grad(mean))

    def both(p: np.ndarray) -> tuple[float, np.ndarray]:
        with jax.enable_x64(True):
            value, slopes = program(p)
            return float(value), np.asarray(slopes)

    return both


def searched(what: str, objective: Any, numpy: Any, count: int, repeats: int) -> dict[str, Row]:
    """Time L-BFGS from some starts beside SciPy's from the same."""
    starts = np.zeros((1, 2)) if count == 1 else tw.starts.uniform(objective.problem, count)
    optimizer = tw.Optimizer(optax.lbfgs)

    def ours() -> np.ndarray:
        return tw.descend(objective, optimizer, starts=starts, steps=STEPS)["params"].values[:, -1]

    def theirs(function: Any) -> np.ndarray:
        options = {"jac": True, "method": "L-BFGS-B", "options": EXACT}
        return np.array([minimize(function, start, **options).x for start in starts])

    first, _, ends = clock(ours)
    others = [numpy, in_jax(objective)]
    same = 1.0
    for other in others:
        there = theirs(other)
        same = float((np.abs(ends - there).max(axis=1) < 1e-6).mean())
        assert same == 1 or count > 1, (ends, there)
    repeats = repeats if count > 1 or len(objective.train[0]) > 10_000 else 10 * repeats
    times = np.array(
        [[clock(ours)[:2], *(clock(lambda one=one: theirs(one))[:2] for one in others)] for _ in range(repeats)]
    )
    seconds, processor = times.min(axis=0).T
    name = f"L-BFGS, {what}"
    return {
        name: Asked("at most", 3).verdict(
            float(seconds[0] / seconds[1:].min()),
            seconds=float(seconds[0]),
            theirs=float(seconds[1:].min()),
            processor=float(processor[0] / processor[1:].min()),
            first=first,
            same=same,
        )
    }


def stepped(what: str, objective: Any, numpy: Any, repeats: int) -> dict[str, Row]:
    """Time a step of plain descent, from the difference of many and few, beside an evaluation in NumPy."""
    few, many = 10, 10 + max(20, 400_000 // len(objective.train[0]))
    point = np.array([0.3, -1.0])

    def descended(steps: int) -> Any:
        return tw.descend(objective, optax_sgd, starts=point[None], steps=steps)

    optax_sgd = tw.Optimizer(optax.sgd, learning_rate=1e-3)
    first, _, _ = clock(lambda: descended(few))
    descended(many)
    turns = [
        [
            clock(lambda: descended(few))[0],
            clock(lambda: descended(many))[0],
            clock(lambda: [numpy(point) for _ in range(20)])[0],
        ]
        for _ in range(repeats)
    ]
    short, long, theirs = np.array(turns).min(axis=0)
    step, theirs = (long - short) / (many - few), theirs / 20
    name = f"a step of sgd / NumPy, {what}"
    return {
        name: Asked("at most", 3).verdict(float(step / theirs), seconds=float(step), theirs=float(theirs), first=first)
    }


if __name__ == "__main__":
    main()
