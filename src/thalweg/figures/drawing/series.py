"""Several curves in one picture, told apart by colour, by mark and by dashes."""

from __future__ import annotations

from typing import Any, NamedTuple

COLOURS = ("#1b1e22", "#0b6fb3", "#d1540a", "#0a8f6a", "#b5549a", "#d99a00", "#4fa8dc", "#8a8f98")
"""Told apart by colour-blind people too (after Okabe and Ito); marks and dashes go along."""

MARKS = (("o", "circle"), ("s", "square"), ("^", "triangle-up"), ("D", "diamond"), ("v", "triangle-down"))

DASHES = (
    ("-", "solid"),
    ((0, (5, 1.6)), "5px,2px"),
    ((0, (1.2, 1.2)), "2px,2px"),
    ((0, (7, 1.5, 1.5, 1.5)), "7px,2px,2px,2px"),
)


class Series(NamedTuple):
    """How one of several curves is drawn: its colour, and for Matplotlib and for plotly.js its mark and its dashes."""

    colour: str
    mark: tuple[str, str]
    dash: tuple[Any, str]


def series(k: int) -> Series:
    """Choose how the curve number ``k`` is drawn; no two of the first 40 have all three alike."""
    return Series(COLOURS[k % len(COLOURS)], MARKS[k % len(MARKS)], DASHES[k % len(DASHES)])
