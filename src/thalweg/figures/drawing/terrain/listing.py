"""The list beside a map: where the run starts and ends, and the valleys, each with its loss."""

from __future__ import annotations

import numpy as np

from thalweg.figures.drawing import canvas, style
from thalweg.figures.drawing.terrain.reading import Terrain
from thalweg.figures.drawing.wording import number, shortened

ROWS = 12
"""Rows at most."""

SIZE = 7.8
"""Of the letters, points."""

FIRST, LAST = 0.46, 0.56
"""Widths of the first and the last column, inches."""

LONG = 8
"""Characters of a number for which a column has room; longer ones lose a digit."""

STEP = 0.2
"""From row to row, inches."""


def rows_of(terrain: Terrain) -> list[tuple[str, str, str, str, str]]:
    """Write what is listed: a name, two places and a loss, and the colour of the name."""
    rows = []
    if terrain.course is not None:
        for k, name, colour in ((0, "start", style.INK), (-1, f"step {terrain.course.last}", style.FIT)):
            rows.append((name, *_numbers(terrain, terrain.path[k], terrain.course.train[k]), colour))
    for name, place, depth in zip(terrain.names, terrain.valleys, terrain.depths, strict=True):
        rows.append((name, *_numbers(terrain, place, depth), style.VALLEY))
    if len(rows) > ROWS:
        more = len(rows) - ROWS + 1
        rows = [*rows[: ROWS - 1], (f"and {more:,} more", "", "", "", style.MUTED)]
    return rows


def write(sheet: canvas.Sheet, terrain: Terrain, start: float) -> None:
    """Write the list from so many inches to the right margin."""
    width, height = style.SIZE
    left, right = start / width, 1 - 0.14 / width
    gap = (right - left - (FIRST + LAST) / width) / 2
    columns = [left, right - (LAST / width + gap), right - LAST / width, right]
    head = ("", *(shortened(shown.name, 8) for shown in terrain.scales), "loss", style.MUTED)
    for k, row in enumerate([head, *rows_of(terrain)]):
        y = 1 - (canvas.HEADER + 0.17 + STEP * k) / height
        for column, text in enumerate(row[:4]):
            align = "right" if column else "left"
            colour = row[4] if column == 0 or k == 0 else style.INK
            sheet.text(columns[column], y, canvas.plain(text), size=SIZE, ha=align, va="center", color=colour)


def _numbers(terrain: Terrain, place: np.ndarray, loss: float) -> tuple[str, str, str]:
    low, high = terrain.corners
    if not ((place >= low) & (place <= high)).all():
        return "outside", "the box", _brief(loss)
    x, y = (f"{_brief(value)}{shown.sign}" for shown, value in zip(terrain.scales, place, strict=True))
    return x, y, _brief(loss)


def _brief(value: float) -> str:
    """Write a number in at most nine characters or so."""
    text = number(value, 3)
    return text if len(text) <= LONG else number(value, 2).replace(" × ", "·")
