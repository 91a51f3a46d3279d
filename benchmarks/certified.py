"""How many certified digits our fits have, and the tables of it that stand in ``docs/fitting.md``.

Digits are minus the decimal logarithm of the relative error, as NIST counts them; eleven are certified, so more are not
counted. Of sums that are a rounding apart the least is taken, and of mirrored places the certified one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import thalweg as tw
from thalweg.fitting.census import follow, settle, task_of
from thalweg.fitting.errors import errors
from thalweg.fitting.terms import terms
from thalweg.losses.objective import Objective
from thalweg.problems import Regression
from thalweg.valleys.starts.flow import Ends
from thalweg.valleys.starts.multistart import design

CERTIFIED = 11.0
"""Digits of the certificates."""

BOUNDS = (9.0, 6.0, 4.0)
"""Digits of the sum, of the parameters and of their standard errors that every fit should have."""

REACHED = 1e-6
"""A start has succeeded where its sum of squares is the certified one to this share."""

SAME = 1e-3
"""Places whose parameters differ by less than this share are no mirrored ones."""

SLOW = 0.1
"""Processor time beside SciPy's that a fit should not need."""

BEGIN, END = "<!-- begun by benchmarks/fit.py -->", "<!-- ended -->"

FROM = ("start 1", "start 2", "ranges alone")


class Digits(NamedTuple):
    """Digits of a fit: of the sum of squares, of the worst parameter, of the worst standard error."""

    squares: float
    parameters: float
    errors: float


def digits(value: Any, certified: Any) -> float:
    """Count the digits of the worst value of some."""
    with np.errstate(invalid="ignore"):
        away = np.abs(np.asarray(value, float) / np.asarray(certified, float) - 1)
    worst = float(np.max(np.where(np.isfinite(away), away, 1.0)))
    return float(np.clip(-np.log10(max(worst, 1e-300)), 0.0, CERTIFIED))


def starts_of(problem: Regression, count: int) -> np.ndarray:
    """Spread starts as :func:`thalweg.fit` does."""
    return design(problem.domain, count)


def share(problem: Regression, squares: np.ndarray) -> float:
    """Tell which share of starts has reached the certified sum."""
    return float((squares <= certified(problem) * (1 + REACHED)).mean())


def certified(problem: Regression) -> float:
    """Give the certified sum of squares."""
    return float(problem.settings["sum_of_squares"])  # pyright: ignore[reportArgumentType]


def trust(problem: Regression, count: int = 1000) -> tuple[list[Digits], float]:
    """Fit from both published starts and from ranges alone: digits of each, and the share of starts that succeed."""
    whole = tw.objective(problem, tw.losses.quadratic())
    second = problem.settings["start_2"]
    published = [follow(whole, np.array(start, float)) for start in (problem.start, second)]
    spread = settle(whole, starts_of(problem, count))
    found = [digits_of(whole, ends) for ends in (*published, spread)]
    return found, share(problem, spread.height * len(problem.train["y"]))


def digits_of(whole: Objective, ends: Ends) -> Digits:
    """Count the digits of the best of some ends."""
    problem = whole.problem
    assert isinstance(problem, Regression)
    heights = np.where(np.isfinite(ends.height), ends.height, np.inf)
    best = np.array(problem.minima[0].position)
    mirrored = np.abs(ends.position / best - 1).max(axis=1) > SAME
    place = ends.position[np.lexsort((heights, mirrored))[0]]
    told = errors(terms(task_of(whole, eliminate=False), whole.train, place)).errors
    return Digits(
        digits(heights.min() * len(problem.train["y"]), certified(problem)),
        digits(place, best),
        digits(told, problem.settings["deviations"]),
    )


def short(found: dict[str, list[Digits]]) -> list[str]:
    """Name the figures that fall short of the bounds."""
    words = ("the sum", "a parameter", "a standard error")
    return [
        f"{name} from {origin}: {got:.1f} digits of {what}, {bound:g} are asked for"
        for name, three in found.items()
        for origin, each in zip(FROM, three, strict=True)
        for what, got, bound in zip(words, each, BOUNDS, strict=True)
        if got < bound
    ]


def lines(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Write both tables, and what falls short."""
    ours = {name: [Digits(*each) for each in row["trust"]] for name, row in rows.items()}
    out = [
        "| data set | parameters | start 1 | start 2 | ranges alone | starts that reach it |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        cells = [" / ".join(f"{one:.1f}" for one in each) for each in ours[name]]
        out.append(f"| {name} | {row['parameters']} | {' | '.join(cells)} | {row['share']:.1%} |")
    missed = short(ours)
    out += [
        "",
        "Short of these bounds: " + "; ".join(missed) + "." if missed else "None falls short of these bounds.",
        "",
    ]
    heads = ["share: Thalweg", "SciPy", "lmfit", "digits: SciPy", "lmfit", "time: Thalweg", "compiled before", "lmfit"]
    out.append(beside(["data set", *heads]))
    out.append("|---" * 9 + "|")
    for name, row in rows.items():
        others = [row[other] for other in ("scipy", "lmfit")]
        shares = [f"{each['found']:.0%}" for each in (row, *others)]
        sums = [[*row["published"][other], row[other]["best"]] for other in ("scipy", "lmfit")]
        times = [f"{row['processor']:.3f}", f"{row['processor_warm']:.3f}", f"{row['lmfit']['processor']:.1f}"]
        out.append(beside([name, *shares, *(" / ".join(f"{one:.1f}" for one in each) for each in sums), *times]))
    slow = [name for name, row in rows.items() if row["processor_warm"] > SLOW]
    return [*out, "", f"Of more than {SLOW:g} once compiled: {', '.join(slow) or 'none'}."]


def beside(cells: Sequence[str]) -> str:
    """Write a row."""
    return f"| {' | '.join(cells)} |"


def write(page: Path, rows: dict[str, dict[str, Any]]) -> None:
    """Put the tables where they stand in a page."""
    text = page.read_text(encoding="utf-8")
    made = "\n".join([BEGIN, "", *lines(rows), "", END])
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: made, text, flags=re.DOTALL), encoding="utf-8")


def read(page: Path) -> dict[str, list[Digits]]:
    """Read our digits from a page."""
    found = {}
    for row in re.findall(r"^\| (\w+) \| \d+ \| (.+) \| [\d.]+% \|$", page.read_text(encoding="utf-8"), re.MULTILINE):
        found[row[0]] = [Digits(*map(float, cell.split(" / "))) for cell in row[1].split(" | ")]
    return found
