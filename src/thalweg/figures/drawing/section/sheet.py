"""A surface of one parameter on paper: the ground cut open, and on it every step of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patheffects import withStroke

from thalweg.figures.drawing import canvas, crowds, hues, rivals, style
from thalweg.figures.drawing.marks import PASS, VALLEY, draw_ends, draw_leaving
from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.section.reading import Piece, Section
from thalweg.figures.drawing.wording import number

GROUND, EDGE = "#d5d9de", "#4b5563"

SHORES = 40
"""Pieces of ground that are parted by lines at most."""

GAP = 6.0
"""Points between a place on the curve and its label."""

FAR = 34.0
"""Points beyond which a label no longer seems to belong to its place."""

DOT = 3.0
"""Half the size of the mark at a place."""

ALIGNED = {"center": (-0.5, 0.5), "right": (-1.0, 0.0), "left": (0.0, 1.0)}
"""Ends of a label, in widths from its place, for each alignment."""


LEAVING = "leaves the interval"


class Label(NamedTuple):
    """A text that belongs to a place on a curve."""

    x: float
    y: float
    text: str
    size: float
    colour: str


def caption(drawn: Section) -> str:
    """Say what a profile shows."""
    parts = [drawn.note.replace(" · ", ", ")]
    if drawn.run is not None:
        first, last = (drawn.scale.text(drawn.path[k, 0]) for k in (0, -1))
        parts.append(f"the run starts at {first} and is at {last} at step {drawn.run.last}")
    parts += ["each run is drawn a little above the one before"] * (len(drawn.rivals) > 1)
    parts += rivals.told(drawn.rivals, [drawn.scale.text(rival.drawn.path[-1, 0]) for rival in drawn.rivals])
    if drawn.valleys.texts:
        valleys = [f"{text} ({number(y)})" for text, y in zip(drawn.valleys.texts[:8], drawn.valleys.y, strict=False)]
        parts.append(
            f"valleys and their losses, deepest first: {', '.join(valleys)}" + ", …" * (len(drawn.valleys.x) > 8)
        )
    if drawn.arcs and drawn.run is not None:
        parts.append(drawn.run.derailments_in_words)
    if drawn.cut is not None:
        parts.append(_cut_text(drawn))
    return "; ".join(parts) + "."


def _cut_text(drawn: Section) -> str:
    return f"axis cut at {number(drawn.view.high, 3)}: the loss reaches {number(drawn.cut or 0, 3)}"


def draw_profile(drawn: Section, title: str) -> canvas.Sheet:
    """Draw a profile, the run on it and its bar of steps."""
    sheet, (axes,) = canvas.blank(title, drawn.note)
    drawn.view.show(axes)
    canvas.show_unit(axes.xaxis, drawn.scale)
    axes.set(xlim=(drawn.x[0], drawn.x[-1]), ylabel="loss")
    axes.grid(axis="x", visible=False)
    axes.fill_between(drawn.x, drawn.view.low, drawn.roof, color=style.tone(GROUND), lw=0)
    _draw_ground(axes, drawn.ground)
    axes.plot(drawn.x, drawn.train, color=style.tone(EDGE), lw=1.4, label=drawn.loss)
    if drawn.test is not None:
        axes.plot(drawn.x, drawn.test, color=style.test(), lw=1, ls=(0, (4, 1.8)), alpha=0.8, label="test loss")
    _draw_marks(axes, drawn)
    if drawn.run is not None:
        _draw_path(axes, drawn, drawn.run)
        _draw_arcs(axes, drawn)
        drawn.run.steps.bar(sheet, ax=axes)
    _draw_rivals(axes, drawn)
    if drawn.cut is not None:
        place: dict[str, Any] = {"xycoords": "axes fraction", "ha": "right", "va": "bottom"}
        axes.annotate(_cut_text(drawn), (1, 1.01), size=8, color=style.muted(), **place)
    rivals.legend(sheet, axes, drawn.rivals, lined=False)
    return sheet


def _draw_ground(axes: Axes, pieces: list[Piece]) -> None:
    """Draw the ground, with a fine line wherever one basin ends, unless the lines would hide the basins."""
    colours = [hues.coloured(style.tone(GROUND), piece.hue) for piece in pieces]
    axes.add_collection(PolyCollection([piece.outline for piece in pieces], facecolors=colours, lw=0), autolim=False)
    shores = [piece.outline[[0, -1]] for piece in pieces[1:]] if len(pieces) <= SHORES else []
    canvas.segments(axes, shores, colors=style.paper(), linewidths=1.0)


def _draw_marks(axes: Axes, drawn: Section) -> None:
    kept, rest = crowds.parted(drawn.persistence)
    x, y = drawn.valleys.x, drawn.valleys.y
    if rest.size:
        faint = {"mew": 0, "ms": 2.4, "alpha": 0.45, "label": f"{len(rest):,} more"}
        VALLEY.draw(axes, x[rest], y[rest], zorder=2.45, **faint)
    rimless = {"mec": style.valley(), "mew": 1.0, "ms": 4.5}
    VALLEY.draw(axes, x[kept], y[kept], label=crowds.called(len(kept), len(rest)), zorder=2.5, **rimless)
    if len(drawn.passes.x):
        look = {"ms": 2, "mew": 0.5, "alpha": 0.5} if rest.size else {"ms": 5, "mew": 1.2}
        PASS.of(style.muted).draw(axes, drawn.passes.x, drawn.passes.y, zorder=2.4, label="passes", **look)
    _write_under(axes, drawn, kept, [] if rest.size else range(len(drawn.passes.x)))


def _write_under(axes: Axes, drawn: Section, valleys: np.ndarray, passes: Iterable[int]) -> None:
    """Name valleys, then passes, below their places, in the order given; those without room are left out."""
    each = (drawn.valleys, valleys.tolist(), 9.0, style.valley()), (drawn.passes, passes, 7.5, style.muted())
    labels = [
        Label(marks.x[k], marks.y[k], marks.texts[k], size, colour)
        for marks, named, size, colour in each
        for k in named
    ]
    width, height = 72 * canvas.area()

    def points(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.stack([width * (x - drawn.x[0]) / np.ptp(drawn.x), height * drawn.view.fraction(y)], axis=-1)

    dots = points(np.array([label.x for label in labels]), np.array([label.y for label in labels]))
    along = points(drawn.x, drawn.train)
    places = [_place(label, dot, along) for label, dot in zip(labels, dots, strict=True)]
    boxes = np.array([box for _, box in places]).reshape(-1, 4)
    room = canvas.fitting(boxes, np.hstack([dots - DOT, dots + DOT]))
    for label, dot, (side, box), fits in zip(labels, dots, places, room, strict=True):
        if fits and drawn.view.shows(np.array(label.y)) and dot[1] - box[3] <= FAR and box[1] >= 0:
            look = {"size": label.size, "color": label.colour, "ha": side, "va": "top"}
            look |= {"path_effects": [withStroke(linewidth=2, foreground=style.tone(GROUND))]}
            canvas.write(axes, label.text, (label.x, label.y), (0, float(box[3] - dot[1])), **look)


def _place(label: Label, dot: np.ndarray, curve: np.ndarray) -> tuple[str, np.ndarray]:
    """Choose the alignment in which a label can stand highest with the curve above it, in points."""
    wide, boxes = canvas.width_of(label.text, label.size), {}
    for side, (left, right) in ALIGNED.items():
        start, end = dot[0] + left * wide, dot[0] + right * wide
        over = curve[(curve[:, 0] >= start) & (curve[:, 0] <= end), 1]
        top = float(np.min(over, initial=dot[1])) - GAP
        inside = start >= 0 and end <= 72 * canvas.area()[0]
        boxes[side] = np.array([start, top - 1.2 * label.size, end, top if inside else -np.inf])
    # Centred, unless another alignment brings the label closer.
    side = max(boxes, key=lambda name: boxes[name][3] + (2.0 if name == "center" else 0.0))
    return side, boxes[side]


def _draw_path(axes: Axes, drawn: Section, run: DrawnRun) -> None:
    axes.scatter(*drawn.path.T, s=26, color=style.paper(), linewidths=0, zorder=3)
    run.steps.draw_dots(axes, drawn.path, run.step, s=14, linewidths=0, zorder=3.1)
    start, end = drawn.ends
    above = ", above the picture" if drawn.path[0, 1] > drawn.view.high else ""
    inside = drawn.inside
    draw_ends(axes, drawn.path, (start + above, end), inside[[0, -1]], run.lost, zorder=3.2)
    draw_leaving(axes, *drawn.exits, LEAVING)


def _draw_rivals(axes: Axes, drawn: Section) -> None:
    """Draw every step of each in its colour, with its own mark, larger where it ends."""
    for rival, path in zip(drawn.rivals, drawn.lanes, strict=True):
        # Without edges: those of steps that lie close would hide all marks but the last.
        rival.mark(axes, path, 4.5, mew=0, zorder=3)
        rival.mark(axes, path[-1:], 9, zorder=3.3)
    if drawn.rivals:
        rivals.draw_starts(axes, np.stack([rival.drawn.path[0] for rival in drawn.rivals]), zorder=3.2)


def _draw_arcs(axes: Axes, drawn: Section) -> None:
    middles, tops = (np.array([arc.x.mean() for arc in drawn.arcs]), np.array([arc.y.max() for arc in drawn.arcs]))
    width, height = 72 * canvas.area()
    x, y = width * (middles - drawn.x[0]) / np.ptp(drawn.x), height * drawn.view.fraction(tops) + 3
    boxes = canvas.boxes(x, y, y + 11, [arc.text for arc in drawn.arcs], 8.5)
    for arc, x, y, fits in zip(drawn.arcs, middles, tops, canvas.fitting(boxes), strict=True):
        axes.plot(arc.x, arc.y, color=style.derailment(), lw=1.3, zorder=3.4)
        head = {"arrowstyle": "-|>", "color": style.derailment(), "lw": 1.3, "shrinkA": 0, "shrinkB": 1}
        axes.annotate("", (arc.x[-1], arc.y[-1]), (arc.x[-3], arc.y[-3]), arrowprops=head, zorder=3.4)
        if fits and drawn.x[0] <= x <= drawn.x[-1]:
            canvas.write(axes, arc.text, (x, y), (0, 3), ha="center", size=8.5, color=style.derailment())
