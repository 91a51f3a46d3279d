"""What a fit from many starts costs and finds, beside SciPy's ``least_squares`` and lmfit, in one process.

Run: python benchmarks/fit.py [NAME ...] [--json FILE] [--starts N] [--alone N] [--table PAGE]

The problems are the certified ones of NIST, over a decade and more on either side of the certified values. Ours follows
all starts to their ends, compiling included: every data set is compiled anew. SciPy and lmfit search from ``--alone``
of them, one after another; their times are given for as many starts as ours has. ``found`` is the share of starts that
reach the certified sum of squares to six digits, ``digits`` how many digits of it the best end has. Ratios are by the
clock, and of processor time, which a busy machine disturbs less. At last a million rows and five parameters: one
iteration, beside one evaluation of the Jacobian in NumPy.

``--table docs/fitting.md`` also fits from the published starts, and writes the tables of that page.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

import certified
import thalweg as tw
from fitters import LMFIT, Beside, lmfits, scipys
from thalweg.fitting import marquardt, search
from thalweg.fitting.census import settle, task_of
from thalweg.problems import Regression
from thalweg.problems.nist import MODELS
from timing import Asked, clock

ASKED = Asked("at most", 0.1)
"""A thousand starts within the time that SciPy needs for a hundred."""

LARGE = Asked("at most", 2)


def main(arguments: list[str] | None = None) -> None:
    """Time all cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="data sets; all by default, and the million rows")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--starts", type=int, default=1000, help="starts of ours")
    parser.add_argument("--alone", type=int, default=100, help="starts of SciPy's and lmfit's")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large case")
    parser.add_argument("--table", type=Path, help="the page whose tables are written")
    options = parser.parse_args(arguments)
    if not LMFIT and options.table:
        parser.error('the tables need lmfit; pip install "thalweg[test]" brings it')
    if not LMFIT:
        print('lmfit is not installed, and left out; pip install "thalweg[test]" brings it')
    rows = {}
    for name in options.names or MODELS:
        rows[name] = row = measure(name, options.starts, options.alone)
        if options.table:
            row |= of_the_page(name, options.starts)
        print(said(name, row), flush=True)
        save(options.json, rows)
    if options.table:
        certified.write(options.table, rows)
    if not options.names:
        rows["large"] = row = large(options.rows)
        print(
            f"{options.rows:,} rows, an iteration: {row['ratio']:.2f} x a Jacobian of NumPy, "
            f"{row['processor']:.2f} of processor time"
        )
    save(options.json, rows)


def save(file: Path | None, rows: dict[str, Any]) -> None:
    """Write what is measured so far."""
    if file:
        file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def said(name: str, row: dict[str, Any]) -> str:
    """Tell a row in a line."""
    others = {"SciPy": row["scipy"], **({"lmfit": row["lmfit"]} if LMFIT else {})}
    found = ", ".join(f"{other} {each['found']:.1%}" for other, each in others.items())
    best = ", ".join(f"{other} {each['best']:.1f}" for other, each in others.items())
    return (
        f"{name:9} {row['ratio']:7.4f} x SciPy, {row['warm']:7.4f} without compiling; of processor time "
        f"{row['processor']:7.4f}, {row['processor_warm']:7.4f}; found {row['found']:6.1%} ({found}); "
        f"digits {row['digits']:.1f} ({best})"
    )


def measure(name: str, count: int, alone: int) -> dict[str, Any]:
    """Time ours twice, the second time with what was compiled, and the others on the first of the same starts."""
    problem = tw.problems.nist(name)
    whole = tw.objective(problem, tw.losses.quadratic())
    starts = certified.starts_of(problem, count)
    jax.clear_caches()  # data sets of one formula share a program
    first, used, ends = clock(lambda: settle(whole, starts))
    again, used_again, _ = clock(lambda: settle(whole, starts))
    theirs = scipys(problem, starts[:alone])
    times = count / len(theirs.squares)
    ours = ends.height * len(problem.train["y"])
    return ASKED.verdict(
        first / theirs.seconds / times,
        warm=again / theirs.seconds / times,
        processor=used / theirs.processor / times,
        processor_warm=used_again / theirs.processor / times,
        seconds=first,
        parameters=len(problem.parameters),
        found=certified.share(problem, ours),
        digits=certified.digits(np.nanmin(ours), certified.certified(problem)),
        scipy=told(problem, theirs, theirs),
        **({"lmfit": told(problem, lmfits(problem, starts[:alone]), theirs)} if LMFIT else {}),
    )


def told(problem: Regression, theirs: Beside, scipy: Beside) -> dict[str, Any]:
    """Tell what another has found, and its time beside SciPy's."""
    return {
        "found": certified.share(problem, theirs.squares),
        "best": certified.digits(theirs.squares.min(), certified.certified(problem)),
        "processor": theirs.processor / scipy.processor,
    }


def of_the_page(name: str, count: int) -> dict[str, Any]:
    """Count the digits from the published starts too, ours and those of the others."""
    problem = tw.problems.nist(name)
    found, share = certified.trust(problem, count)
    published = np.array([problem.start, problem.settings["start_2"]], float)
    theirs = {"scipy": scipys(problem, published), "lmfit": lmfits(problem, published)}
    sums = {
        other: [certified.digits(one, certified.certified(problem)) for one in each.squares]
        for other, each in theirs.items()
    }
    return {"trust": found, "share": share, "published": sums}


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
    taken, used, ends = min((clock(steps) for _ in range(3)), key=lambda took: took[0])
    beside, of_processor, _ = min((clock(numpys(t, truth)) for _ in range(3)), key=lambda took: took[0])
    iterations = int(ends.steps[0])
    return LARGE.verdict(
        taken / iterations / beside,
        processor=used / iterations / of_processor,
        steps=iterations,
        first=marquardt.FIRST,
    )


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
