"""Small tables of text, and how numbers are written in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from thalweg.problems.axis import Axis

WRAPPED = ("valleys", "idiom", "cause", "remark")
"""Columns of words, which may be wrapped."""

LEFT = {"", "at", "ended", "in the basin of", *WRAPPED}
"""Columns that stand to the left, as words do."""

SHOWN = 12
"""Rows of a table that are shown; the CSV files hold all."""


@dataclass(frozen=True)
class TextTable:
    """A table of text: a title, column headings, rows, and a note where rows were left out."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""


def quantity(value: Any, axis: Axis) -> str:
    """Write a parameter for people: angles in degrees."""
    value = float(value)
    if not np.isfinite(value):
        return "none"
    return f"{np.degrees(value):.2f}°" if axis.unit == "rad" else f"{value:.5g}"


def figures(value: float) -> str:
    """Write a loss for people; what was not computed is a dash."""
    if np.isnan(value):
        return "–"
    return ("∞" if value > 0 else "-∞") if np.isinf(value) else f"{value:.5g}"


def measured(value: float, error: float) -> str:
    """Write a value with as many digits as its error leaves: two of the error's.

    Examples
    --------
    >>> measured(1.901542, 0.00146), measured(-238942.13, 2707.0), measured(3.25, float("inf"))
    ('1.9015', '-238900', '3.25')
    """
    if not np.isfinite(error) or error <= 0:
        return figures(value)
    decimals = 1 - int(np.floor(np.log10(error)))
    if not -15 < decimals < 15 or (value and not -4 <= np.log10(abs(value)) <= 7):
        return f"{value:.{max(1, min(15, decimals + int(np.floor(np.log10(abs(value) or 1)))))}e}"
    return f"{round(value, decimals):.{max(decimals, 0)}f}"


def by_persistence(valleys: xr.Dataset) -> list[int]:
    """Order valleys by their persistence, the most persistent first; equals stay as they are, the deepest first."""
    return np.argsort(-valleys["persistence"].values, kind="stable").tolist()


def left_out(count: int, what: str, table: str) -> str:
    """Say that a table does not show all, and where all are; nothing where it does."""
    return f"{SHOWN} of {count} {what}; all are in {table}" if count > SHOWN else ""


def share(chosen: np.ndarray, count: int) -> str:
    """Write how many of all."""
    return f"{np.count_nonzero(chosen) / count:.2%}"
