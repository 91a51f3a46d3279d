"""A surface of two parameters on paper: a shaded map, the run on it, and a list of places beside it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from thalweg.base.arrays import cleaned
from thalweg.figures.drawing import canvas, crowds, relief, rivals, span, style, timeline
from thalweg.figures.drawing.marks import PASS, START, VALLEY, draw_ends, draw_leaving, edge_of
from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.terrain.reading import LEAVING, Terrain
from thalweg.figures.drawing.wording import count, number, shortened

DENSE = 15000
"""Points of contour lines above which they are drawn as a picture."""

LEFT, BOTTOM, TOP = 0.78, 0.5, 1.02
"""Inches around the map."""

NARROW, BESIDE = 1.2, 2.5
"""A map at least so wide has one scale on both axes where that leaves so much room beside it; another fills the room.
"""

BARS = 1.34
"""Inches that two bars take."""

LISTED = 4.1
"""Inches of a page beside a map from which on there is room for a list of places."""

DOT = 3.0
"""Half the width of a valley's mark, points."""

SIDES = np.array([(1, 1), (-1, 1), (1, -1), (-1, -1)])
"""Where a valley's number may stand, of its usual side: there, or mirrored."""

UNLISTED = 2.1
"""Inches of a page above and below the list."""

LETTERS = 7.8
"""Of the letters of the list, points."""

FIRST, LAST = 0.46, 0.56
"""Widths of its first and its last column, inches."""

LONG = 8
"""Characters of a number for which a column has room; longer ones lose a digit."""

STEP = 0.2
"""From row to row of the list, inches."""


def _place(terrain: Terrain, point: np.ndarray) -> str:
    return f"({', '.join(shown.text(value) for shown, value in zip(terrain.scales, point, strict=True))})"


def caption(terrain: Terrain) -> str:
    """Say what a map shows."""
    above = "the loss" if terrain.limits else "the height above the lowest point"
    spaced = f"the logarithm of {above}" if terrain.spacing.logarithmic else "the loss"
    parts = [terrain.note.replace(" · ", ", "), f"levels are evenly spaced in {spaced}"]
    if terrain.run is not None:
        start, end = (_place(terrain, terrain.path[k]) for k in (0, -1))
        parts.append(f"the run goes from {start} to {end} at step {terrain.run.last}")
    parts += rivals.told(terrain.rivals, [_place(terrain, rival.drawn.path[-1]) for rival in terrain.rivals])
    if len(terrain.valleys):
        valleys = [
            f"{name} at {_place(terrain, at)}" for name, at in zip(terrain.names[:5], terrain.valleys, strict=False)
        ]
        parts.append(", ".join(valleys) + ", …" * (len(terrain.valleys) > 5))
    if terrain.run is not None and len(terrain.run.derailments.step):
        parts.append(terrain.run.derailments_in_words)
    return "; ".join(parts) + "."


def draw_map(terrain: Terrain, title: str) -> canvas.Sheet:
    """Draw a map, its bars and the list beside it."""
    (left, low), (right, high) = terrain.corners
    ratio = (right - left) / (high - low)
    page, height = style.size()[0], style.size()[1] - BOTTOM - TOP
    equal = NARROW <= ratio * height <= page - BESIDE
    width = ratio * height if equal else page - BESIDE
    sheet = canvas.headed(title, terrain.note)
    axes = canvas.placed(sheet, LEFT, BOTTOM, width, height)
    axes.grid(visible=False)
    axes.set(xlim=(left, right), ylim=(low, high))
    for axis, shown in zip((axes.xaxis, axes.yaxis), terrain.scales, strict=True):
        canvas.show_unit(axis, shown)
    _draw_ground(axes, terrain)
    _draw_marks(axes, terrain, (width, height))
    bars = [canvas.placed(sheet, LEFT + width + 0.16 + 0.66 * k, BOTTOM, 0.09, height) for k in (0, 1)]
    relief.draw_bar(bars[0], terrain.spacing, terrain.levels, "loss", 1.0 if terrain.hues is None else relief.TINTED)
    if terrain.run is None:
        bars[1].remove()
    else:
        terrain.run.steps.bar(sheet, cax=bars[1])
        _draw_path(axes, terrain, terrain.run)
    if page - width >= LISTED:
        _write_list(sheet, terrain, LEFT + width + BARS)
    _draw_rivals(axes, terrain)
    rivals.legend(sheet, axes, terrain.rivals)
    return sheet


def _draw_ground(axes: Axes, terrain: Terrain) -> None:
    box = (terrain.x[0], terrain.x[-1], terrain.y[0], terrain.y[-1])
    points = relief.draw(axes, (terrain.x, terrain.y), terrain.spaced, box, terrain.hues, terrain.levels)
    # Thousands of points of contour lines make a vector graphic slow; they join the picture below.
    axes.set_rasterization_zorder(1 if points + 2 * len(terrain.shores) > DENSE else None)
    canvas.segments(axes, terrain.shores, colors=style.paper(), linewidths=0.9, capstyle="round", zorder=0.9)


def _draw_path(axes: Axes, terrain: Terrain, run: DrawnRun) -> None:
    canvas.segments(axes, terrain.others, colors=style.ink(), linewidths=0.7, alpha=0.35, zorder=1.8)
    run.steps.draw_path(axes, list(terrain.pieces), terrain.piece_step, 2.2, 4.2)
    inside, few = terrain.inside, run.last <= timeline.FEW
    dots = {"s": 30, "edgecolors": style.paper(), "linewidths": 0.8} if few else {"s": 10, "linewidths": 0}
    run.steps.draw_dots(axes, terrain.path[inside], run.step[inside], zorder=2.2, **dots)
    draw_ends(axes, terrain.path, ("start", f"step {run.last}"), inside, run.lost, ms=7.5, zorder=2.5)
    exits = terrain.exits[:, 1]
    draw_leaving(axes, exits, edge_of(exits, *terrain.corners), LEAVING)


def _draw_rivals(axes: Axes, terrain: Terrain) -> None:
    """Draw each path in its colour and dashes over a white halo, with its mark along it and, larger, where it ends."""
    for rival in terrain.rivals:
        path, inside, look = rival.drawn.path, rival.drawn.inside, rival.look
        lines, wide = span.joined(rival.drawn.pieces), rival.width
        canvas.segments(axes, rival.drawn.others, colors=look.colour, linewidths=0.6, alpha=0.35, zorder=1.8)
        canvas.segments(axes, lines, colors=style.paper(), linewidths=2 * wide, capstyle="round", zorder=2)
        canvas.segments(axes, lines, colors=look.colour, linewidths=wide, linestyles=[look.dash[0]], zorder=2.1)
        rival.mark(axes, path[rival.some[inside[rival.some]]], 5, zorder=2.2)
        rival.mark(axes, path[-1:][inside[-1:]], 8.5, zorder=2.5)
    if terrain.rivals:
        rivals.draw_starts(axes, np.stack([rival.drawn.path[0] for rival in terrain.rivals]), ms=7.5, zorder=2.4)


def _draw_marks(axes: Axes, terrain: Terrain, size: tuple[float, float]) -> None:
    if len(terrain.ends):
        label = f"ends of {count(len(terrain.ends), 'other run')}"
        # Above the valleys, on which most of them lie.
        START.draw(axes, *terrain.ends.T, mfc="none", mew=0.8, ms=3.5, label=label, zorder=2.35)
    if len(terrain.passes):
        look = {"ms": 4, "mew": 0.9, "alpha": 0.7} if len(terrain.passes) <= crowds.NAMED else {"ms": 2.4, "mew": 0.6}
        PASS.draw(axes, *terrain.passes.T, label="passes", zorder=1.5, **{"alpha": 0.5} | look)
    if not len(terrain.valleys):
        return
    kept, rest = crowds.parted(terrain.persistence)
    if rest.size:
        faint = {"ms": 2.2, "mew": 0, "alpha": 0.5, "zorder": 1.6, "label": count(len(rest), "more", "more")}
        VALLEY.draw(axes, *terrain.valleys[rest].T, **faint)
    label = crowds.called(len(kept), len(rest))
    VALLEY.draw(axes, *terrain.valleys[np.sort(kept)].T, ms=5 if rest.size else 6, zorder=2.3, label=label)
    halo = canvas.halo(2.2)
    text = {"size": 8.5, "color": style.valley(), "weight": "bold", "zorder": 2.6, "path_effects": halo}
    for valley, side, up in _numbers(terrain, size):
        place = {"ha": "left" if side > 0 else "right", "va": "bottom" if up > 0 else "top"}
        canvas.write(axes, str(valley), terrain.valleys[valley], (4 * side, 2 * up), **place, **text)


def _numbers(terrain: Terrain, size: tuple[float, float]) -> list[tuple[int, int, int]]:
    """Choose the valleys that have room for their number: those visited, then the most persistent; and its side.

    It stands beside and above its valley, or where that is at an edge or over another valley, which it would then seem
    to name, on one of the other three sides.
    """
    low, high = terrain.corners
    shares = (terrain.valleys - low) / (high - low)
    visited = [] if terrain.run is None else terrain.run.derailments.visited.tolist()
    order = np.array(list(dict.fromkeys([*visited, *crowds.ranked(terrain.persistence).tolist()])), dtype=int)
    order = order[: crowds.NAMED]
    places = 72 * np.array(size) * shares
    dots = np.hstack([places - DOT, places + DOT])
    usual = np.where(shares > (0.94, 0.92), -1, 1)
    found: list[tuple[int, int, int]] = []
    taken = np.empty((0, 4))
    for k in order.tolist():
        sides = usual[k] * SIDES
        reach = (canvas.width_of(str(k), 8.5) + 5, 11.0) * sides
        boxes = np.hstack([np.minimum(places[k], places[k] + reach), np.maximum(places[k], places[k] + reach)])
        inside = (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= 72 * np.array(size)).all(axis=1)
        others = np.vstack([taken, dots[order[order != k]]])
        fitting = [j for j in np.flatnonzero(inside).tolist() if canvas.fitting(boxes[j : j + 1], others)[0]]
        if fitting:
            found.append((k, *sides[fitting[0]].tolist()))
            taken = np.vstack([taken, boxes[fitting[0]]])
    return found


def _rows(terrain: Terrain) -> list[tuple[str, str, str, str, str]]:
    """Write what is listed: a name, two places and a loss, and the colour of the name."""
    rows = []
    if terrain.run is not None:
        for k, name, colour in ((0, "start", style.ink()), (-1, f"step {terrain.run.last}", style.fit())):
            rows.append((name, *_columns(terrain, terrain.path[k], terrain.run.train[k]), colour))
    for rival in terrain.rivals:
        end = _columns(terrain, rival.drawn.path[-1], rival.run.train[-1])
        rows.append((shortened(rival.name, 8), *end, style.legible(rival.look.colour)))
    depths = cleaned(terrain.depths, terrain.heights)
    most = int((style.size()[1] - UNLISTED) / STEP + 1e-9)
    room = len(rows) + len(depths) <= most
    for k in range(len(depths)) if room else crowds.ranked(terrain.persistence).tolist():
        rows.append((terrain.names[k], *_columns(terrain, terrain.valleys[k], depths[k]), style.valley()))
    if len(rows) > most:
        more = len(rows) - most + 1
        rows = [*rows[: most - 1], (f"and {more:,} more", "", "", "", style.muted())]
    return rows


def _write_list(sheet: canvas.Sheet, terrain: Terrain, start: float) -> None:
    """Write the list from so many inches to the right margin."""
    width, height = style.size()
    left, right = start / width, 1 - 0.14 / width
    gap = (right - left - (FIRST + LAST) / width) / 2
    columns = [left, right - (LAST / width + gap), right - LAST / width, right]
    head = ("", *(shortened(shown.name, 8) for shown in terrain.scales), "loss", style.muted())
    for k, row in enumerate([head, *_rows(terrain)]):
        y = 1 - (canvas.HEADER + 0.17 + STEP * k) / height
        for column, text in enumerate(row[:4]):
            align = "right" if column else "left"
            colour = row[4] if column == 0 or k == 0 else style.ink()
            sheet.text(columns[column], y, canvas.plain(text), size=LETTERS, ha=align, va="center", color=colour)


def _columns(terrain: Terrain, place: np.ndarray, loss: float) -> tuple[str, str, str]:
    low, high = terrain.corners
    if not ((place >= low) & (place <= high)).all():
        return "outside", "the box", _brief(loss)
    x, y = (f"{_brief(value)}{shown.sign}" for shown, value in zip(terrain.scales, place, strict=True))
    return x, y, _brief(loss)


def _brief(value: float) -> str:
    """Write a number in at most nine characters or so."""
    text = number(value, 3)
    return text if len(text) <= LONG else number(value, 2).replace(" × ", "·")
