"""What a fit from many starts costs, beside SciPy's ``least_squares`` from the same starts, in one process.

Run: python benchmarks/fit.py [NAME ...] [--json FILE] [--starts N] [--alone N]

The problems are the certified ones of NIST, over a decade and more on either side of the certified values. Ours follows
all starts to their ends, compiling included: every data set is compiled anew. SciPy searches from ``--alone`` of them,
one after another, with residuals in NumPy, differences for derivatives, and scales from the Jacobian; its time is given
for as many starts as ours has. ``found`` is the share of starts that reach the certified sum of squares to six digits,
``digits`` how many digits of it the best end has. At last a million rows and five parameters: one iteration, beside one
evaluation of the Jacobian in NumPy.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize

import thalweg as tw
from thalweg.fitting import marquardt, search
from thalweg.fitting.census import settle, task_of
from thalweg.problems import Regression
from thalweg.problems.nist import MODELS
from timing import Asked, clock

ASKED = Asked("at most", 0.1)
"""A thousand starts within the time that SciPy needs for a hundred."""

LARGE = Asked("at most", 2)

NUMPY = {name: getattr(np, name) for name in ("cos", "exp", "pi", "sin")}


def main(arguments: list[str] | None = None) -> None:
    """Time all cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="data sets; all by default, and the million rows")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--starts", type=int, default=1000, help="starts of ours")
    parser.add_argument("--alone", type=int, default=100, help="starts of SciPy's")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large case")
    options = parser.parse_args(arguments)
    rows = {}
    for name in options.names or MODELS:
        rows[name] = row = measure(name, options.starts, options.alone)
        print(
            f"{name:9} {row['ratio']:7.4f} x SciPy, {row['warm']:7.4f} without compiling; found {row['found']:6.1%} "
            f"(SciPy {row['found_alone']:6.1%}); digits {row['digits']:.1f} (SciPy {row['digits_alone']:.1f})",
            flush=True,
        )
    if not options.names:
        rows["large"] = row = large(options.rows)
        print(f"{options.rows:,} rows, an iteration: {row['ratio']:.2f} x a Jacobian of NumPy")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def measure(name: str, count: int, alone: int) -> dict[str, Any]:
    """Time ours twice, the second time with what was compiled, and SciPy's on the first of the same starts."""
    problem = tw.problems.nist(name)
    whole = tw.objective(problem, tw.losses.quadratic())
    starts = tw.starts.uniform(problem, count)
    first, _, ends = clock(lambda: settle(whole, starts))
    again, _, _ = clock(lambda: settle(whole, starts))
    rows = len(problem.train["y"])
    taken, squares = scipys(problem, starts[:alone])
    certified = float(problem.settings["sum_of_squares"])  # pyright: ignore[reportArgumentType]
    ours = ends.height * rows
    each = taken / len(squares) * count
    return ASKED.verdict(
        first / each,
        warm=again / each,
        seconds=first,
        found=float((ours <= certified * (1 + 1e-6)).mean()),
        found_alone=float((squares <= certified * (1 + 1e-6)).mean()),
        digits=digits(ours, certified),
        digits_alone=digits(squares, certified),
    )


def digits(squares: np.ndarray, certified: float) -> float:
    """Count the digits of the certified sum that the least one has."""
    return float(-np.log10(max(abs(np.nanmin(squares) / certified - 1), 1e-16)))


def scipys(problem: Regression, starts: np.ndarray) -> tuple[float, np.ndarray]:
    """Search from every start in turn."""
    code = compile(MODELS[str(problem.settings["name"])], "model", "eval")
    x, y = problem.train["x"], problem.train["y"]

    def residual(params: np.ndarray) -> np.ndarray:
        values = dict(zip(problem.parameters, params, strict=True))
        return eval(code, {**NUMPY, "x": x}, values) - y

    squares = np.full(len(starts), np.inf)
    begun = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for k, start in enumerate(starts):
            try:
                done = optimize.least_squares(residual, start, x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12)
                squares[k] = 2 * done.cost
            except ValueError:  # not finite at the start, or on the way
                pass
    return time.perf_counter() - begun, squares


def large(rows: int) -> dict[str, Any]:
    """Time an iteration on many rows, beside the Jacobian of the same curve written in NumPy."""
    rng = np.random.default_rng(0)
    t = np.sort(rng.uniform(0, 3, rows))
    truth = np.array([2.0, 0.5, 1.7, 0.4, 0.3])
    y = truth[0] * np.exp(-t / truth[1]) * np.cos(2 * np.pi * truth[2] * t + truth[3]) + truth[4]
    y += 0.1 * rng.normal(size=rows)
    ranges = {"tau": (0.1, 10), "f": (0.1, 5), "p": (-4, 4), "A": (0, 5), "c": (-1, 1)}
    problem = tw.problems.fit({"t": t, "y": y}, "A*exp(-t/tau)*cos(2*pi*f*t + p) + c", "y", ranges=ranges)
    whole = tw.objective(problem, tw.losses.quadratic())
    task = task_of(whole, eliminate=False)
    start, bounds = truth[None] * 1.02, problem.domain.bounds

    def steps() -> search.Ends:
        return search.search(task, whole.train, start, bounds)

    steps()
    taken, _, ends = min((clock(steps) for _ in range(3)), key=lambda took: took[0])
    beside = min(clock(numpys(t, truth))[0] for _ in range(3))
    return LARGE.verdict(taken / float(ends.steps[0]) / beside, steps=int(ends.steps[0]), first=marquardt.FIRST)


def numpys(t: np.ndarray, params: np.ndarray) -> Callable[[], np.ndarray]:
    """Make the Jacobian as one writes it: what columns share is computed once."""
    a, tau, f, p, _ = params

    def jacobian() -> np.ndarray:
        fall, angle = np.exp(-t / tau), 2 * np.pi * f * t + p
        wave, turn = np.cos(angle), -np.sin(angle)
        return np.stack(
            [
                fall * wave,
                a * fall * wave * t / tau**2,
                a * fall * turn * 2 * np.pi * t,
                a * fall * turn,
                np.ones_like(t),
            ],
            axis=1,
        )

    return jacobian


if __name__ == "__main__":
    main()
