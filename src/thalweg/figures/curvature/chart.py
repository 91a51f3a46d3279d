"""The static figure of curvature."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.figures.curvature.reading import EDGE, Bend, plus
from thalweg.figures.drawing import canvas, style, timeline
from thalweg.figures.drawing.wording import count, number

RUG = 0.07
"""Height of the ticks of eigenvalues, as a share of the axes."""

GREYS = ("#111417", "#4b5563", "#7b828c", "#a3a8af")
"""Of the leading eigenvalues along a run, the largest first."""

BAND = "#d3d6da"

TRACE = "trace ± error"


def draw(bend: Bend, title: str) -> canvas.Sheet:
    """Draw the spectrum at one point, or what changes along a run."""
    if bend.step is not None:
        return _static_run(bend, title)
    sheet, (axes,) = canvas.blank(title, f"{bend.note} · trace {plus(bend.trace, bend.error)}")
    bend.view.show(axes)
    ground = np.maximum(bend.density, bend.view.low)
    axes.fill_between(bend.value, bend.view.low, ground, color=BAND, lw=0, zorder=1.5)
    axes.plot(bend.value, bend.spectrum, color=style.INK, lw=1.4, label="density of eigenvalues", zorder=2)
    names = f"{count(len(bend.leading), 'leading eigenvalue')}, the largest {number(float(bend.leading[0]), 3)}"
    _draw_ticks(axes, bend.leading, style.FIT, names)
    _draw_ticks(axes, np.atleast_1d(bend.lowest), style.TRAIN, f"lowest {number(float(bend.lowest), 3)}")
    ends = np.concatenate([bend.value, bend.leading, np.atleast_1d(bend.lowest)])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    room = 0.02 * (high - low)
    axes.set(xlim=(low - room, high + room), xlabel="eigenvalue", ylabel="density")
    canvas.legend(sheet, axes)
    return sheet


def _draw_ticks(axes: Axes, values: np.ndarray, colour: str, name: str) -> None:
    """Draw eigenvalues as ticks that stand on the axis."""
    line = {"color": colour, "lw": 1.6, "solid_capstyle": "butt", "zorder": 2.5}
    for k, value in enumerate(values[np.isfinite(values)].tolist()):
        label = None if k else name
        axes.plot([value, value], [0, RUG], transform=axes.get_xaxis_transform(), label=label, **line)


def _static_run(bend: Bend, title: str) -> canvas.Sheet:
    far = bool(np.isfinite(bend.edge)) and not bend.near
    sheet, (axes, *lower) = canvas.blank(
        title, bend.note + f" · {EDGE} = {number(bend.edge, 3)}, far above" * far, rows=1 + bend.traced
    )
    steps = np.asarray(bend.step)
    look: dict[str, Any] = {"marker": "o", "ms": 3} if len(steps) <= timeline.FEW else {}
    axes.axhline(0, color=style.MUTED, lw=0.8, zorder=1.4)
    for k, values in enumerate(bend.leading.T):
        label = {0: "largest eigenvalue", 1: f"the {bend.leading.shape[1] - 1} next"}.get(k)
        line = {"color": GREYS[min(k, len(GREYS) - 1)], "lw": 1.8 if k == 0 else 1.0, **(look if k == 0 else {})}
        axes.plot(steps, values, label=label, zorder=2.5 - 0.1 * k, **line)
    axes.plot(steps, bend.lowest, color=style.TRAIN, lw=1.5, ls=(0, (5, 1.6)), label="lowest", zorder=2.6)
    if bend.near:
        label = f"{EDGE} = {number(bend.edge, 3)}"
        axes.axhline(bend.edge, color=style.FIT, lw=1.2, ls=(0, (1.5, 1.5)), label=label, zorder=1.6)
    axes.set_ylabel("eigenvalues")
    for below in lower:
        _draw_trace(below, bend, steps)
    last = [axes, *lower][-1]
    room = 0.02 * max(float(np.ptp(steps)), 1)
    last.set(xlim=(steps[0] - room, steps[-1] + room), xlabel="step")
    canvas.legend(sheet, axes)
    return sheet


def _draw_trace(axes: Axes, bend: Bend, steps: np.ndarray) -> None:
    axes.fill_between(steps, bend.trace - bend.error, bend.trace + bend.error, color=BAND, lw=0, zorder=1.5)
    axes.plot(steps, bend.trace, color=style.INK, lw=1.4, zorder=2)
    axes.set_ylabel(TRACE)
