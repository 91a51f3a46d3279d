"""The static figure of a slice: the map or the profile, the panels beside it, the verdict below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.ticker import MaxNLocator

from thalweg.figures.drawing import canvas, relief, style, timeline
from thalweg.figures.drawing.marks import ORIGIN, draw_ends
from thalweg.figures.drawing.span import cell_edges, pieces_inside
from thalweg.figures.drawing.view import view_of
from thalweg.figures.drawing.wording import number
from thalweg.figures.slice import panels, several, verdict
from thalweg.figures.slice.reading import Ground, Heights, Projection, heights_of

LEFT, LABELS = 0.78, 0.5
"""Inches: left of the axes, and below them for ticks and a label."""

NARROW, WIDE = 0.9, 1.8
"""A map of which a side would be shorter has two scales of distance; right of it there is so much room, inches."""

BESIDE, LINE = 2.7 / 7.2, 3.3 / 7.2
"""Where panels stand beside them, a map is at most so wide and a profile just so wide, as a share of the page."""

BAR = (0.14, 0.09, 0.62)
"""Of the bar of losses: its distance, its width, and room for its numbers, inches."""

LISTED = 1.7
"""Room beside the map from which facts are listed there, inches."""

PANEL = 1.5
"""Panels are at least so wide, inches."""

EDGE = 7.02 / 7.2
"""Where panels end, as a share of the page."""

LETTERS, BROKEN, LEAST = 8.5, 7.5, 5.5
"""Size of labels where there are panels, of those in two lines at most, and the least, points."""

WIDTH = 0.54
"""Of a letter, as a share of its size."""


def draw(
    ground: Ground, path: Projection | None, title: str, note: str, runs: Sequence[several.Run] = ()
) -> canvas.Sheet:
    """Draw a slice, and with a path all that belongs to it; of several runs the path is all of them."""
    sheet = canvas.headed(title, note)
    bottom, tall = _room(ground, path)
    heights = None if ground.flat else heights_of(ground, path)
    wide, high = _size(ground, tall, path is not None)
    base = bottom + tall - high
    axes = canvas.placed(sheet, LEFT, base, wide, high)
    _label(axes, ground, path)
    if heights is None:
        _draw_profile(axes, ground, path, runs)
    else:
        _draw_map(axes, ground, heights)
        name = f"{ground.value}, log" if heights.spacing.logarithmic else ground.value
        bar = canvas.placed(sheet, LEFT + wide + BAR[0], base, BAR[1], high)
        relief.draw_bar(bar, heights.spacing, relief.levels_of(heights.spaced), name, digits=3)
        bar.tick_params(labelsize=8)
        if runs:
            several.draw_paths(axes, ground, runs)
        elif path is not None:
            _draw_path(axes, ground, path)
    if path is not None:
        start = LEFT + wide + (sum(BAR) if heights is not None else 0.1) + 0.5
        room = (start, bottom, EDGE * style.size()[0] - start, tall)
        if runs:
            several.draw_panels(sheet, runs, room)
        else:
            panels.draw(sheet, path, *room)
        verdict.draw(sheet, path)
    elif heights is not None:
        _list(sheet, ground, LEFT + wide + sum(BAR))
    canvas.legend(sheet, axes)
    return sheet


def _list(sheet: canvas.Sheet, ground: Ground, start: float) -> None:
    """Write what one cannot read off the map, where there is room beside it."""
    finite, (wide, tall) = ground.losses[ground.finite], style.size()
    what = ground.value
    rows = [(f"highest {what}", finite.max()), ("at the origin", ground.origin), (f"lowest {what}", finite.min())]
    rows += [(f"length of direction {axis}", norm) for axis, norm in zip("xy", ground.norms, strict=False)]
    rows += [("cosine of the two", ground.cosine)]
    if EDGE * wide - start < LISTED:
        return
    for k, (name, value) in enumerate(row for row in rows if np.isfinite(row[1])):
        y = 1 - (canvas.HEADER + 0.27 + 0.2 * k) / tall
        sheet.text(start / wide, y, canvas.plain(name), size=7.8, va="center", color=style.muted())
        sheet.text(EDGE, y, number(value, 3), size=7.8, va="center", ha="right")


def is_to_scale(ground: Ground, path: Projection | None) -> bool:
    """Tell whether a map has one scale of distance on both axes, where they have a common measure."""
    wide, high = _size(ground, _room(ground, path)[1], path is not None)
    return ground.flat or ground.ratio is None or bool(np.isclose(wide, high * ground.ratio))


def _room(ground: Ground, path: Projection | None) -> tuple[float, float]:
    """Find where the axes may begin and how tall they may be, inches."""
    bottom = LABELS + (0.02 if path is None else verdict.height_of(path))
    return bottom, style.size()[1] - canvas.HEADER - (0.06 if ground.flat else 0.2) - bottom


def _size(ground: Ground, tall: float, beside: bool) -> tuple[float, float]:
    """Choose width and height of the axes: a map has one scale of distance on both, unless it would be a mere strip."""
    page = style.size()[0]
    if ground.flat:
        return (min(LINE * page, EDGE * page - LEFT - 0.6 - PANEL) if beside else EDGE * page - LEFT), tall
    most = min(BESIDE * page, EDGE * page - LEFT - sum(BAR) - 0.5 - PANEL) if beside else page - WIDE
    if ground.ratio is None:
        return most, tall
    height = min(tall, most / ground.ratio)
    return (ground.ratio * height, height) if min(height, ground.ratio * height) >= NARROW else (most, tall)


def _label(axes: Axes, ground: Ground, path: Projection | None) -> None:
    labels = [*ground.labels, *([ground.value] if ground.flat else [])]
    axes.set_xlim(ground.x[0], ground.x[-1])
    axes.grid(visible=ground.flat)
    rooms = (np.array(axes.bbox.size) * 72 / axes.figure.dpi).tolist()
    for axis, label, room in zip((axes.xaxis, axes.yaxis), labels, rooms, strict=True):
        # A long label is broken before its unit and set smaller, rather than run far past its axis.
        long = _fitting(label, room) < LETTERS
        text = label.replace(" [", "\n[") if long else label
        most = BROKEN if long else 10.0 if path is None else LETTERS
        axis.set_label_text(canvas.plain(text), fontsize=min(most, max(_fitting(text, room), LEAST)))
        axis.labelpad = 1.0 if long else axis.labelpad
    if path is not None:
        axes.tick_params(labelsize=8, length=2)
    if not ground.flat:
        axes.set_ylim(ground.y[0], ground.y[-1])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


def _fitting(label: str, room: float) -> float:
    """Find the size at which a label is as long as its axis and a tenth of that, in points."""
    longest = max(map(len, label.split("\n")))
    return 1.1 * room / (WIDTH * max(longest, 1))


def _draw_map(axes: Axes, ground: Ground, heights: Heights) -> None:
    # Painted points at the edges lie on the edges of the grid, so that the picture reaches half of one beyond.
    across, up = (np.ptp(side) / (2 * (relief.FINER * len(side) - 1)) for side in (ground.x, ground.y))
    box = (ground.x[0] - across, ground.x[-1] + across, ground.y[0] - up, ground.y[-1] + up)
    relief.draw(axes, (ground.x, ground.y), heights.spaced, box)
    axes.set_xlim(ground.x[0], ground.x[-1])
    axes.set_ylim(ground.y[0], ground.y[-1])
    if heights.missing:
        _hatch(axes, ground, f"not finite, {verdict.percent(heights.missing)}")
    if heights.above:
        label = f"above {number(heights.top, 2)}, {verdict.percent(heights.above)}"
        axes.plot([], [], "s", ms=8, mfc=str(relief.grays()[-1]), mec=style.muted(), mew=0.6, ls="none", label=label)
    _mark_origin(axes, ground)


def _hatch(axes: Axes, ground: Ground, label: str) -> None:
    """Cover what is not finite with white, hatched cells."""
    (x, y), (rows, columns) = (cell_edges(side) for side in (ground.x, ground.y)), np.nonzero(~ground.finite)
    left, right, low, high = x[columns], x[columns + 1], y[rows], y[rows + 1]
    corners = np.stack([left, low, right, low, right, high, left, high, left, low], axis=-1).reshape(-1, 2)
    codes = np.tile([Outline.MOVETO, *[Outline.LINETO] * 3, Outline.CLOSEPOLY], len(rows))
    look = {"facecolor": style.paper(), "edgecolor": style.muted(), "hatch": "//////", "lw": 0, "zorder": 0.8}
    axes.add_patch(PathPatch(Outline(corners, codes), label=label, **look))


def _mark_origin(axes: Axes, ground: Ground) -> None:
    if ground.home:
        label = f"origin, {ground.value} {number(ground.origin, 3)}"
        height = ground.origin if ground.flat else 0.0
        ORIGIN.draw(axes, [0.0], [height], label=label, zorder=2.4)


def _draw_path(axes: Axes, ground: Ground, path: Projection) -> None:
    pieces = pieces_inside(np.stack([path.places[:-1], path.places[1:]], axis=1), *ground.corners)
    drawn = np.isfinite(pieces).all(axis=(1, 2))
    path.steps.draw_path(axes, list(pieces[drawn]), path.step[:-1][drawn], 2.0, 3.8)
    inside = path.inside(ground)
    dots = {"s": 22, "edgecolors": style.paper(), "linewidths": 0.7} if len(path.step) <= timeline.FEW else {"s": 8}
    path.steps.draw_dots(axes, path.places[inside], path.step[inside], zorder=2.2, **dots)
    draw_ends(axes, path.places, path.ends, inside, zorder=2.6)


def _draw_profile(axes: Axes, ground: Ground, path: Projection | None, runs: Sequence[several.Run]) -> None:
    shown = [ground.losses, np.array([ground.origin])] if ground.home else [ground.losses]
    view_of([*shown, *([] if path is None else [path.losses])], np.empty(0)).show(axes)
    axes.plot(ground.x, ground.losses, color=style.ink(), lw=1.8, label="surface", zorder=1.5)
    if not ground.finite.all():
        gaps = axes.fill_between(ground.x, 0, 1, where=~ground.finite, transform=axes.get_xaxis_transform(), lw=0)
        gaps.set(facecolor=style.paper(), edgecolor=style.muted(), hatch="//////", zorder=0.8)
        gaps.set_label(f"not finite, {verdict.percent(float(1 - ground.finite.mean()))}")
    _mark_origin(axes, ground)
    if runs:
        several.draw_paths(axes, ground, runs)
    elif path is not None:
        _draw_over(axes, ground, path)


def _draw_over(axes: Axes, ground: Ground, path: Projection) -> None:
    """Draw a run over a profile."""
    inside = path.inside(ground) & np.isfinite(path.true)
    x = path.places[:, 0]
    steps = np.stack([x, path.true], -1)
    drops = np.stack([steps, np.stack([x, path.under], -1)], axis=1)[inside]
    drops = drops[np.isfinite(drops).all(axis=(1, 2))]
    canvas.segments(axes, drops, colors=style.tone(panels.GAP), linewidths=0.8, zorder=1.2)
    axes.plot(x, np.where(inside, path.true, np.nan), color=style.tone(panels.GAP), lw=0.8, zorder=1.8)
    path.steps.draw_dots(axes, steps[inside], path.step[inside], s=9, zorder=2.2)
    draw_ends(axes, steps, path.ends, inside, zorder=2.6)
