"""The list beside a map: outcomes with their colours and shares, what shades tell, and what was measured."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from thalweg.figures.drawing import canvas, style
from thalweg.figures.drawing.wording import number
from thalweg.figures.outcome_map.painting import Painting, Ramp, Swatch

WIDE, SHARE, TALL = 0.5, 0.28, 0.64
"""Width of a swatch at most, inches and as a share of the list, and its height as a share of its row."""

ROWS = (0.235, 0.15)
"""Height of a row, inches: usually, and at least."""

MOST = 40
"""Rows for which a low map makes room."""

SIZE, SMALL = 8.5, 7.5
"""Of the letters, points: of the rows at most, and of the rest."""

BAR = 0.13
"""Height of the bar of shades, inches."""

SCALE, GAP, LINE = 0.66, 0.08, 0.17
"""Inches that the bar of shades takes with its name and numbers, that are free below, and of a line of numbers."""


def draw_list(axes: Axes, painting: Painting, size: tuple[float, float]) -> None:
    """Draw the list into axes of a size in inches, from the top down."""
    width, height = size
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    below = 0.0
    if painting.swatches:
        below = _rows(axes, painting.swatches, width, height - _below(painting))
    if painting.ramp:
        _bar(axes, painting.ramp, width, below)
        below += SCALE
    below += GAP
    look = {"va": "center", "size": SMALL, "color": style.muted()}
    for k, (words, value) in enumerate(painting.chart.measured):
        axes.text(0, below + LINE * (k + 0.5), words, **look)
        axes.text(width, below + LINE * (k + 0.5), value, ha="right", **look)


def least_height(painting: Painting) -> float:
    """Tell how many inches the list needs with its lowest rows."""
    return ROWS[1] * min(len(painting.swatches), MOST) + _below(painting)


def chosen(swatches: list[Swatch], most: int) -> tuple[list[Swatch], str]:
    """Keep the swatches with the largest shares, in their order, and say how many are left out."""
    if len(swatches) <= most:
        return swatches, ""
    # What is no valley stands at the end and stays.
    ranks = np.argsort([-swatch.share if swatch.valley else -2.0 for swatch in swatches], kind="stable")
    kept = sorted(ranks[: most - 1].tolist())
    return [swatches[k] for k in kept], f"and {len(swatches) - len(kept):,} more valleys"


def percent(share: float) -> str:
    """Write a share in percent; what is there is never written as nothing, nor what is not all as all."""
    if 0 < share < 5e-5:
        return "< 0.01 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{number(100 * share, 3 if share >= 0.1 else 2)} %"


def _below(painting: Painting) -> float:
    """Tell how many inches what is below the rows takes."""
    measured = painting.chart.measured
    return (SCALE if painting.ramp else 0.0) + (GAP + LINE * len(measured) if measured else 0.0)


def _rows(axes: Axes, swatches: list[Swatch], width: float, room: float) -> float:
    rows, more = chosen(swatches, int(room / ROWS[1] + 0.01))
    pitch = min(ROWS[0], room / (len(rows) + bool(more)))
    wide = min(WIDE, SHARE * width)
    longest = max(canvas.width_of(f"{swatch.name}  {percent(swatch.share)}", 1.0) for swatch in rows)
    look = {"va": "center", "size": min(SIZE, 72 * 0.72 * pitch, 72 * (width - wide - 0.1) / longest)}
    for k, swatch in enumerate(rows):
        middle = (k + 0.5) * pitch
        _swatch(axes, swatch.colours, wide, middle, TALL * pitch)
        axes.text(wide + 0.1, middle, canvas.plain(swatch.name), **look)
        axes.text(width, middle, percent(swatch.share), ha="right", color=style.muted(), **look)
    if more:
        axes.text(wide + 0.1, (len(rows) + 0.5) * pitch, more, color=style.muted(), **look)
    return (len(rows) + bool(more)) * pitch


def _swatch(axes: Axes, colours: np.ndarray, wide: float, middle: float, height: float) -> None:
    _shades(axes, colours, wide, middle - height / 2, height)
    outline = {"fc": "none", "ec": style.muted(), "lw": 0.4}
    axes.add_patch(Rectangle((0, middle - height / 2), wide, height, **outline))


def _bar(axes: Axes, ramp: Ramp, width: float, top: float) -> None:
    axes.text(0, top + 0.16, canvas.plain(ramp.name), va="center", size=SMALL)
    _shades(axes, ramp.colours, width, top + 0.26, BAR)
    for place, text in ramp.ticks:
        side = "left" if place < 0.03 else "right" if place > 0.97 else "center"
        look = {"ha": side, "va": "center", "size": SMALL, "color": style.muted()}
        axes.text(place * width, top + 0.26 + BAR + 0.09, text, **look)


def _shades(axes: Axes, colours: np.ndarray, width: float, top: float, height: float) -> None:
    """Draw shades from left to right, each over the rest of the width, so that no gap shows between them."""
    for left, colour in zip(np.linspace(0, width, len(colours) + 1), colours, strict=False):
        axes.add_patch(Rectangle((left, top), width - left, height, fc=colour, lw=0))
