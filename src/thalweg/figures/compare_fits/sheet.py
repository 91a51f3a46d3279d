"""The figure of several fits on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.figures.compare_fits.reading import Compared, Curves
from thalweg.figures.drawing import canvas, extent, marks, points, style
from thalweg.figures.drawing.fits import LOOKS, percent
from thalweg.figures.drawing.wording import shortened

SIDES = (2.9, 2.4)
"""Inches of the panel of valleys, and of that of curves."""

DOT = (4.0, 18.0)
"""Diameter of the smallest dot, and of one that all starts lead to, points."""

FAINT = "#aab0b8"
"""Data, and lines that join valleys."""

NAME = 18
"""Letters of a fit's name."""

SIZE = 8.5
"""Of the numbers beside dots, points."""


def draw(drawn: Compared, title: str) -> canvas.Sheet:
    """Draw the columns of valleys, and below the best curves over the data."""
    if drawn.curves is None:
        sheet, (axes,) = canvas.blank(title, drawn.note)
    else:
        sheet, (axes, below) = canvas.parted(title, drawn.note, SIDES, shared=False)
        _draw_curves(below, drawn, drawn.curves)
        canvas.legend(sheet, below)
    drawn.view.show(axes)
    canvas.show_unit(axes.yaxis, drawn.scale)
    axes.set_xlim(*edges(drawn))
    axes.set_xticks(range(len(drawn.columns)), [canvas.plain(shortened(one.name, NAME)) for one in drawn.columns])
    axes.grid(axis="x", visible=False)
    axes.tick_params(axis="x", length=0, labelcolor=style.ink())
    canvas.segments(axes, drawn.lines, colors=style.tone(FAINT), linewidths=1.0, zorder=1.5)
    for k, column in enumerate(drawn.columns):
        for one, place in reversed(list(zip(column.minima, column.places.tolist(), strict=True))):
            size = max(DOT[1] * np.sqrt(one.share), DOT[0])
            look = {"color": one.look.colour, "ms": size, "mec": style.paper(), "mew": 0.6, "ls": "none"}
            axes.plot([k], [place], one.look.mark[0], zorder=2.5 - 0.01 * one.rank, **look)
    _draw_names(axes, drawn)
    return sheet


def edges(drawn: Compared) -> tuple[float, float]:
    """Choose the ends of the axis of fits."""
    return -0.4, len(drawn.columns) - 1 + 0.75


def _draw_names(axes: Axes, drawn: Compared) -> None:
    """Write number and share right of the dots that have room, the deepest first."""
    width, height = 72 * canvas.area()
    height *= 1.0 if drawn.curves is None else SIDES[0] / 3.0
    left, right = edges(drawn)
    pitch = width / (right - left)
    for k, column in enumerate(drawn.columns):
        up = height * drawn.view.fraction(column.places)
        texts = [f"#{one.number}  {percent(one.share)}" for one in column.minima]
        sizes = np.array([max(DOT[1] * np.sqrt(one.share), DOT[0]) for one in column.minima])
        dots = np.stack([-sizes / 2, up - sizes / 2, sizes / 2, up + sizes / 2], axis=-1)
        starts = sizes / 2 + 4
        ends = starts + [canvas.width_of(text, SIZE) for text in texts]
        boxes = np.stack([starts, up - 6, ends, up + 6], axis=-1)
        for j, box in enumerate(boxes):
            taken = np.delete(dots, j, axis=0)
            room = ends[j] < pitch * (1 if k < len(drawn.columns) - 1 else right - k)
            free = column.minima[j].rank < LOOKS and canvas.fitting(boxes[: j + 1], taken)[j] and room
            if free and box[1] >= -6:
                look = {
                    "va": "center",
                    "bbox": {"fc": style.paper(), "ec": "none", "pad": 0.6},
                    "size": SIZE,
                    "color": style.legible(column.minima[j].look.colour),
                }
                canvas.write(axes, texts[j], (k, column.places[j]), (starts[j], 0), **look)


def _draw_curves(axes: Axes, drawn: Compared, curves: Curves) -> None:
    curves.up.show(axes)
    extent.show_across(axes, curves.across)
    for part in curves.data:
        seen = points.taken(part, curves.up.shows(part.y))
        points.scatter(axes, seen, facecolors=style.tone(FAINT), edgecolors="none", label=part.legend)
    for k, column in enumerate(drawn.columns):
        look: dict[str, Any] = looks(k)
        axes.plot(curves.x[k], curves.heights[k], zorder=2 + 0.01 * k, label=shortened(column.name, 28), **look)
    x, y = curves.labels
    axes.set(xlabel=canvas.plain(shortened(x, 60)), ylabel=canvas.plain(shortened(y)))


def looks(k: int) -> dict[str, Any]:
    """Choose how the curve of a fit is drawn: by no black line, which is the deepest above."""
    look = marks.series(k + 1)
    return {"color": look.colour, "ls": look.dash[0], "lw": 1.8}
