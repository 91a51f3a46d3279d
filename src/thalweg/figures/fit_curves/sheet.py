"""The figure of a fit's curves on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.figures.drawing import canvas, extent, points, style
from thalweg.figures.drawing.marks import EDGES
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import shortened
from thalweg.figures.fit_curves.reading import Curves, Line

FAINT = "#8f97a1"
"""Data behind the curves."""

ROW = 0.62
"""Inches of a panel of residuals."""

MAIN = 2.75
"""Inches of the panel of curves."""

WIDTHS = (2.2, 1.5)
"""Of the best curve and of all others, points."""


def draw(drawn: Curves, title: str) -> canvas.Sheet:
    """Draw the panel of curves, and below a panel of residuals for each."""
    rows = len(drawn.lines)
    sheet, (axes, *lower) = canvas.parted(title, drawn.note, [MAIN, *[ROW] * rows])
    drawn.up.show(axes)
    extent.show_across(axes, drawn.across)
    for part in drawn.shown:
        seen = drawn.up.shows(part.y)
        name = {"label": part.legend if len(drawn.data) > 1 else f"data, {len(drawn.y):,}"}
        points.scatter(axes, points.taken(part, seen), facecolors=style.tone(FAINT), edgecolors="none", **name)
        _draw_far(axes, part.x[~seen], part.y[~seen], drawn.up)
    (_draw_diagonal if drawn.several else _draw_lines)(axes, drawn)
    axes.set_ylabel(canvas.plain(shortened(drawn.labels[1])))
    for below, line in zip(lower, drawn.lines, strict=True):
        _draw_residuals(below, drawn, line)
    lower[0].annotate(
        drawn.unit, (0, 1), (0, 3), xycoords="axes fraction", textcoords="offset points", size=8.5, color=style.muted()
    )
    lower[-1].set_xlabel(canvas.plain(shortened(drawn.labels[0], 60)))
    canvas.legend(sheet, axes, sample=3.2)
    return sheet


def _draw_lines(axes: Axes, drawn: Curves) -> None:
    for k, line in enumerate(drawn.lines):
        look: dict[str, Any] = {"color": line.look.colour, "ls": line.look.dash[0], "lw": WIDTHS[k > 0]}
        axes.plot(drawn.x, line.y, zorder=2.5 - 0.1 * k, label=line.label, **look)
    if drawn.guess.size:
        axes.plot(drawn.x, drawn.guess, color=style.ink(), lw=1.1, ls=(0, (5, 3)), zorder=1.9, label="your start")


def _draw_diagonal(axes: Axes, drawn: Curves) -> None:
    ends = [drawn.across.low, drawn.across.high]
    axes.plot(ends, ends, color=style.ink(), lw=1.0, ls=(0, (5, 3)), zorder=1.8, label="measured = fitted")
    for k, line in enumerate(drawn.lines):
        _dots(axes, line, line.x[drawn.rows], drawn.measured, zorder=2.5 - 0.1 * k, label=line.label)


def _draw_far(axes: Axes, x: np.ndarray, y: np.ndarray, view: View) -> None:
    """Mark rows beyond the picture by arrowheads at its edge."""
    for k, at, far in ((2, view.low, y < view.low), (3, view.high, y > view.high)):
        if far.any():
            look = {"color": style.tone(FAINT), "mec": style.paper(), "mew": 0.5, "ms": 6.5, "ls": "none"}
            axes.plot(x[far], np.full(int(far.sum()), at), EDGES[k][0], clip_on=False, zorder=3, **look)


def _draw_residuals(axes: Axes, drawn: Curves, line: Line) -> None:
    line.view.show(axes)
    axes.axhline(0, color=style.muted(), lw=0.8, zorder=1.5)
    values = line.residual[drawn.rows]
    seen = line.view.shows(values)
    _dots(axes, line, line.x[drawn.rows][seen], values[seen], clip_on=False)
    _draw_far(axes, line.x[drawn.rows][~seen], values[~seen], line.view)
    axes.set_ylabel(
        line.name.partition(" ")[0], rotation=0, ha="right", va="center", color=style.legible(line.look.colour)
    )
    axes.tick_params(labelsize=8)
    axes.locator_params(axis="y", nbins=3)


def _dots(axes: Axes, line: Line, x: np.ndarray, y: np.ndarray, **more: Any) -> None:
    size = float(np.clip(10 * np.sqrt(300 / max(len(x), 1)), 1.5, 13))
    look = {
        "color": line.look.colour,
        "marker": line.look.mark[0],
        "linewidths": 0,
        "rasterized": len(x) > points.DENSE,
    }
    axes.scatter(x, y, s=size, alpha=float(np.clip(1.1 - len(x) / 4000, 0.35, 0.85)), **look | more)
