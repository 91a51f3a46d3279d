"""A surface of two parameters seen from above, and as a landscape in a page, with the path of a run on it."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke

from thalweg.figures.drawing import canvas, style, timeline
from thalweg.figures.drawing.canvas import Sheet
from thalweg.figures.drawing.course import Course, falls_story
from thalweg.figures.drawing.wording import count, number
from thalweg.figures.figure import Figure
from thalweg.figures.plane import landscape, listing, relief
from thalweg.figures.plane.chart import Chart, chart_of

DENSE = 15000
"""Points of contour lines above which they are drawn as a picture."""

LEFT, BOTTOM, HEIGHT = 0.78, 0.5, 2.98
"""Where the map lies, inches."""

NARROW, WIDE = 1.2, 4.7
"""A map between these widths has one scale on both axes; another is as wide as there is room."""

BARS = 1.34
"""Inches that two bars take."""

LISTED = 3.1
"""Width of a map up to which there is room for a list of places."""

NUMBERED = 24
"""Valleys that get their number on the map at most."""


def plane(
    surface: xr.Dataset, runs: xr.Dataset | None = None, valleys: xr.Dataset | None = None, *, run: int = 0
) -> Figure:
    """Draw a surface of two parameters as a shaded map, and the path of a run on it, coloured by step.

    Levels are evenly spaced in the loss or, where that would leave the low ground empty, in the logarithm of its height
    above the lowest point. The path is drawn inside the box only; if it leaves it, the figure says when. A page shows
    the same as a landscape, the run at its true loss.

    Parameters
    ----------
    surface : from :func:`thalweg.survey`, of two parameters
    runs : from :func:`thalweg.descend`
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    run : place of the run

    Raises
    ------
    InvalidValue
        If the surface has not two parameters or no finite value, or there is no such run.

    Examples
    --------
    >>> import thalweg as tw
    >>> plane(tw.survey(tw.objective(tw.problems.himmelblau()), points=41)).title
    'Loss over x and y'
    """
    chart = chart_of(surface, runs, valleys, run)
    return Figure(
        name="plane",
        title=_title(chart),
        caption=caption(chart),
        draw=partial(draw_map, chart, _title(chart)),
        interactive=partial(landscape.describe, chart),
    )


def _title(chart: Chart) -> str:
    return f"Loss over {' and '.join(shown.name for shown in chart.scales)}"


def _place(chart: Chart, point: np.ndarray) -> str:
    return f"({', '.join(shown.text(value) for shown, value in zip(chart.scales, point, strict=True))})"


def caption(chart: Chart) -> str:
    """Say what a map shows."""
    spaced = "the logarithm of the height above the lowest point" if chart.spacing.logarithmic else "the loss"
    parts = [chart.note.replace(" · ", ", "), f"levels are evenly spaced in {spaced}"]
    if chart.course is not None:
        start, end = (_place(chart, chart.path[k]) for k in (0, -1))
        parts.append(f"the run goes from {start} to {end} at step {chart.course.last}")
    if len(chart.valleys):
        told = [f"{name} at {_place(chart, at)}" for name, at in zip(chart.names[:5], chart.valleys, strict=False)]
        parts.append(", ".join(told) + ", …" * (len(chart.valleys) > 5))
    if chart.falls is not None and len(chart.falls.step):
        parts.append(falls_story(chart.falls, chart.names))
    return "; ".join(parts) + "."


def draw_map(chart: Chart, title: str) -> Sheet:
    """Draw a map, its bars and the list beside it."""
    (left, low), (right, high) = chart.corners
    ratio = (right - left) / (high - low)
    equal = NARROW <= ratio * HEIGHT <= WIDE
    width = ratio * HEIGHT if equal else WIDE
    sheet = canvas.headed(title, chart.note)
    axes = canvas.placed(sheet, LEFT, BOTTOM, width, HEIGHT)
    axes.grid(visible=False)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    for axis, shown in zip((axes.xaxis, axes.yaxis), chart.scales, strict=True):
        canvas.show_unit(axis, shown)
    _draw_ground(axes, chart)
    _draw_marks(axes, chart)
    bars = [canvas.placed(sheet, LEFT + width + 0.16 + 0.66 * k, BOTTOM, 0.09, HEIGHT) for k in (0, 1)]
    _draw_bar(sheet, bars[0], chart)
    if chart.course is None:
        bars[1].remove()
    else:
        canvas.step_bar(sheet, chart.course.last, cax=bars[1])
        _draw_path(axes, chart, chart.course)
    if width <= LISTED:
        listing.write(sheet, chart, LEFT + width + BARS)
    canvas.legend(sheet, axes)
    return sheet


def _draw_ground(axes: Axes, chart: Chart) -> None:
    spaced = chart.spaced
    levels = relief.levels_of(spaced)
    box = (chart.x[0], chart.x[-1], chart.y[0], chart.y[-1])
    picture = relief.picture(spaced, levels, chart.hues)
    axes.imshow(picture, origin="lower", extent=box, aspect="auto", zorder=0.5)
    look = {"colors": style.INK, "linewidths": 0.35, "alpha": 0.5, "zorder": 0.7}
    lines = axes.contour(chart.x, chart.y, spaced.T, levels=levels[1:-1], **look)
    # Thousands of points of contour lines make a vector graphic slow; they join the picture below.
    points = sum(len(np.asarray(path.vertices)) for path in lines.get_paths()) + 2 * len(chart.shores)
    axes.set_rasterization_zorder(1 if points > DENSE else None)
    shores = LineCollection(list(chart.shores), colors=style.PAPER, linewidths=0.9, capstyle="round", zorder=0.9)
    axes.add_collection(shores, autolim=False)


def _draw_bar(sheet: Sheet, place: Axes, chart: Chart) -> None:
    levels = relief.levels_of(chart.spaced)
    ticks = relief.ticks_of(chart.spacing, *chart.spacing.back(levels[[0, -1]]))
    bar = canvas.side_bar(sheet, relief.bar_of(levels, 1.0 if chart.hues is None else relief.TINTED), "loss", cax=place)
    bar.set_ticks(chart.spacing.of(ticks).tolist(), labels=[number(tick) for tick in ticks])
    bar.ax.minorticks_off()


def _draw_path(axes: Axes, chart: Chart, course: Course) -> None:
    look = {"cmap": style.path_colours(), "norm": canvas.step_colours(course.last)}
    faint = LineCollection(list(chart.others), colors=style.INK, linewidths=0.7, alpha=0.35, zorder=1.8)
    halo = LineCollection(list(chart.pieces), colors=style.PAPER, linewidths=4.2, capstyle="round", zorder=2)
    path = LineCollection(
        list(chart.pieces), array=chart.piece_step, linewidths=2.2, capstyle="round", zorder=2.1, **look
    )
    for lines in (faint, halo, path):
        axes.add_collection(lines, autolim=False)
    inside = chart.inside
    dots = (
        {"s": 30, "edgecolors": style.PAPER, "linewidths": 0.8}
        if course.last <= timeline.FEW
        else {"s": 10, "linewidths": 0}
    )
    axes.scatter(*chart.path[inside].T, c=course.step[inside], zorder=2.2, **look, **dots)
    ends = {"ms": 7.5, "zorder": 2.5, "ls": "none"}
    start, last = chart.path[:1][inside[:1]], chart.path[-1:][inside[-1:]]
    axes.plot(*start.T, "o", mfc=style.PAPER, mec=style.INK, mew=1.4, label="start" * len(start) or None, **ends)
    if inside[-1]:
        axes.plot(*last.T, "D", mfc=style.FIT, mec=style.PAPER, mew=0.8, label=f"step {course.last}", **ends)


def _draw_marks(axes: Axes, chart: Chart) -> None:
    if len(chart.ends):
        label = f"ends of {count(len(chart.ends), 'other run')}"
        axes.plot(*chart.ends.T, "o", mfc="none", mec=style.INK, mew=0.8, ms=3.5, ls="none", label=label, zorder=1.9)
    if len(chart.passes):
        axes.plot(*chart.passes.T, "x", color=style.INK, ms=4, mew=0.9, alpha=0.7, label="passes", zorder=1.5)
    if not len(chart.valleys):
        return
    look = {"mfc": style.VALLEY, "mec": style.PAPER, "mew": 0.8, "ls": "none", "label": "valleys"}
    axes.plot(*chart.valleys.T, "o", ms=6 if len(chart.valleys) <= NUMBERED else 4, zorder=2.3, **look)
    halo = [withStroke(linewidth=2.2, foreground=style.PAPER)]
    text = {"size": 8.5, "color": style.VALLEY, "weight": "bold", "zorder": 2.6, "path_effects": halo}
    for valley, side, up in _numbers(chart):
        place = {"ha": "left" if side > 0 else "right", "va": "bottom" if up > 0 else "top"}
        axes.annotate(
            str(valley), chart.valleys[valley], (4 * side, 2 * up), textcoords="offset points", **place, **text
        )


def _numbers(chart: Chart) -> list[tuple[int, int, int]]:
    """Choose the valleys that have room for their number: those visited first, then the deepest; and its side."""
    low, high = chart.corners
    shares = (chart.valleys - low) / (high - low)
    visited = [] if chart.falls is None else chart.falls.visited.tolist()
    order = np.array(list(dict.fromkeys([*visited, *range(len(shares))])), dtype=int)[:NUMBERED]
    sides = np.where(shares > (0.94, 0.92), -1, 1)
    # In points on a map of usual size: a number beside and above its valley, or on the other side at an edge.
    dots = 72 * min(canvas.AREA) * shares
    wide = np.array([canvas.width_of(str(k), 8.5) + 5 for k in range(len(shares))])
    reach = np.stack([wide, np.full_like(wide, 11.0)], axis=-1) * sides
    boxes = np.hstack([np.minimum(dots, dots + reach), np.maximum(dots, dots + reach)])
    fits = canvas.fitting(boxes[order])
    return [(int(k), int(sides[k, 0]), int(sides[k, 1])) for k in order[fits]]
