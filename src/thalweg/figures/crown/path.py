"""A run, its derailments and the valleys' names on the crown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import Collection, LineCollection

from thalweg.figures.crown.stage import Stage
from thalweg.figures.drawing import canvas, style
from thalweg.figures.drawing.marks import Series

LIFT = 0.012
"""The path lies this much above the surface, in units of the ring's height."""

APART = 5.0
"""Points between two dots at least; steps nearer to each other show by the line's colour alone."""

LABELLED = 3
"""Derailments that get a label."""

NAME = 10
"""Size of the names, points."""

ABOVE, BELOW = 14, -15
"""Where a name stands from its valley's end, points."""


def draw_names(stage: Stage) -> None:
    """Name the valleys that can be seen and have room, below their ends on the near side, above on the far side.

    Those that are drawn faintly have no names; of the others the most persistent come first.
    """
    crown, ring = stage.crown, stage.ring
    inner, ends = (ring.place(crown.marks, ring.top(crown.marks), across) for across in (0.0, 1.0))
    kept = crown.parted[0]
    visible = kept[~(ring.hidden(ends[kept]) & ring.hidden(inner[kept]))]
    offsets = np.where(np.cos(crown.marks - ring.azimuth) > 0, BELOW, ABOVE)
    flat = ring.project(ends)
    middle = flat * stage.points + np.stack([np.zeros(len(flat)), offsets], axis=-1)
    half = np.array([(canvas.width_of(text, NAME) / 2, 0.7 * NAME) for text in crown.mark_texts]).reshape(-1, 2)
    boxes = np.hstack([middle - half, middle + half])
    for k in visible[canvas.fitting(boxes[visible])].tolist():
        look = {"size": NAME, "color": style.valley(), "weight": "bold", "path_effects": canvas.halo(3), "zorder": 20}
        where = tuple(flat[k].tolist()), (0, int(offsets[k]))
        canvas.write(stage.axes, crown.mark_texts[k], *where, ha="center", va="center", **look)


@dataclass(frozen=True, eq=False)
class Way:
    """A run as it is seen on a stage.

    Attributes
    ----------
    points : (step, 3), its steps in space, at their true losses
    visible : (step,), which of them the ring does not hide
    lines : pieces along the surface, (point, 2) each, on paper
    line_step : (line,), the step that each piece leads on from
    """

    points: np.ndarray
    visible: np.ndarray
    lines: list[np.ndarray]
    line_step: np.ndarray


def way_of(stage: Stage) -> Way:
    """Find where the run is seen; between its steps it follows the surface, but for derailments and leaps."""
    crown, ring = stage.crown, stage.ring
    assert crown.run is not None
    points = ring.place(crown.path, crown.levels.height(crown.run.train) + LIFT, crown.lane)
    along = crown.along
    angles = np.interp(along, np.arange(len(crown.path)), crown.path)
    ways = ring.place(angles, ring.top(angles) + LIFT, crown.lane)
    flat, visible = ring.project(ways), ~ring.hidden(ways)
    # A piece is a stretch of one step between neighbouring points that are both seen.
    step = np.floor(along[:-1]).astype(int)
    drawn = visible[:-1] & visible[1:] & ~np.isin(step, np.append(crown.derailments.step, crown.leaps))
    begins = np.flatnonzero(drawn & (np.diff(step, prepend=-1).astype(bool) | ~np.append(False, drawn[:-1])))
    ends = np.flatnonzero(drawn & (np.diff(step, append=-1).astype(bool) | ~np.append(drawn[1:], False)))
    lines = [flat[begin : end + 2] for begin, end in zip(begins, ends, strict=True)]
    return Way(points, ~ring.hidden(points), lines, step[begins])


class Actors:
    """What is drawn of a run, up to any of its steps: halo, line coloured by step, dots, and derailments."""

    def __init__(self, stage: Stage, way: Way, look: Series | None = None):
        crown = stage.crown
        assert crown.run is not None
        self.last, self.own = crown.run.last, look
        self.stage, self.way, self.kept = stage, way, _kept(stage, way)
        self.flat = stage.ring.project(way.points)
        steps = crown.run.steps.static if look is None else {"color": look.colour}
        self.halo, self.line = (
            LineCollection([], linewidths=width, capstyle="round", zorder=order, **colours)
            for width, order, colours in ((5.4, 8, {"colors": style.paper()}), (3.4, 9, steps))
        )
        for lines in (self.halo, self.line):
            stage.axes.add_collection(lines, autolim=False)
        size = {"s": 30, "edgecolors": style.paper(), "linewidths": 0.9}
        size |= {"c": [0]} if look is None else {"s": 44, "marker": look.mark[0]}
        self.dots = stage.axes.scatter([0.0], [0.0], zorder=10, **steps, **size)
        self.derailments: dict[int, list[Artist]] = {}

    def at(self, last: int) -> tuple[list[Artist], list[Artist]]:
        """Show the run up to a step; tell what is drawn of it and of its derailments, each the lowest first."""
        steps = self.way.line_step[: np.searchsorted(self.way.line_step, last)]
        for lines in (self.halo, self.line):
            lines.set_segments(self.way.lines[: len(steps)])
        self._colour(self.line, steps)
        # The last step has a dot wherever it is seen, however near to the one before.
        dots = np.append(self.kept[self.kept < last], np.flatnonzero(self.way.visible[last : last + 1]) + last)
        self.dots.set_offsets(self.flat[dots])
        self._colour(self.dots, dots)
        for place, step in enumerate(self.stage.crown.derailments.step.tolist()):
            if step < last and step not in self.derailments:
                self.derailments[step] = _derailment(self.stage, place, step, self.flat[step : step + 2], self.own)
        shown = [artist for step, part in self.derailments.items() if step < last for artist in part]
        return [self.halo, self.line, self.dots], sorted(shown, key=Artist.get_zorder)

    def _colour(self, drawn: Collection, steps: np.ndarray) -> None:
        if self.own is None:
            drawn.set_array(steps)


def actors_of(stage: Stage) -> list[Actors]:
    """Make those of the one run, or of each of several, in its own colour; none where there is none."""
    if stage.crown.run is not None:
        return [Actors(stage, way_of(stage))]
    stages = [(replace(stage, crown=rival.drawn), rival.look) for rival in stage.crown.rivals]
    return [Actors(own, way_of(own), look) for own, look in stages]


def _kept(stage: Stage, way: Way) -> np.ndarray:
    """Choose the steps that keep a dot: the first, those of derailments, and all apart from the dot before."""
    flat = stage.ring.project(way.points) * stage.points
    must = {*stage.crown.derailments.step.tolist(), *(stage.crown.derailments.step + 1).tolist()}
    chosen: list[int] = []
    for step in np.flatnonzero(way.visible).tolist():
        if not chosen or step in must or np.hypot(*(flat[step] - flat[chosen[-1]])) >= APART:
            chosen.append(step)
    return np.array(chosen, dtype=int)


def _derailment(stage: Stage, place: int, step: int, ends: np.ndarray, own: Series | None) -> list[Artist]:
    """Draw a derailment as an arrow in the air; with a label on the first few where there is one run."""
    (x, y), (to, low) = ends.tolist()
    bend = -0.45 if to > x else 0.45
    look = {
        "arrowstyle": "-|>",
        "color": own.colour if own else style.derailment(),
        "lw": 2.2,
        "mutation_scale": 14,
        "shrinkA": 4,
        "shrinkB": 4,
    }
    arrow = stage.axes.annotate(
        "", (to, low), (x, y), arrowprops={**look, "connectionstyle": f"arc3,rad={bend}"}, zorder=15
    )
    if own or place >= LABELLED:
        return [arrow]
    assert stage.crown.run is not None
    text = f"step {step} → {step + 1}: {stage.crown.run.ways[place]}"
    look = {"size": 10.5, "color": style.derailment(), "weight": "bold", "path_effects": canvas.halo(3), "zorder": 21}
    return [arrow, canvas.write(stage.axes, text, ((x + to) / 2, (y + low) / 2), (0, 36), ha="center", **look)]
