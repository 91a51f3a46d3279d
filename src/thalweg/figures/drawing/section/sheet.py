"""A surface of one parameter on paper: the ground cut open, and on it every step of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.figures.drawing import canvas, style
from thalweg.figures.drawing.marks import PASS, VALLEY, draw_ends
from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.section import ground, labels
from thalweg.figures.drawing.section.ground import GROUND
from thalweg.figures.drawing.section.reading import Section
from thalweg.figures.drawing.wording import number

EDGE = "#4b5563"

CROWDED = 60
"""Valleys above which marks are small."""


def caption(drawn: Section) -> str:
    """Say what a profile shows."""
    parts = [drawn.note.replace(" · ", ", ")]
    if drawn.course is not None:
        first, last = (drawn.scale.text(drawn.path[k, 0]) for k in (0, -1))
        parts.append(f"the run starts at {first} and is at {last} at step {drawn.course.last}")
    if drawn.valleys.texts:
        told = [f"{text} ({number(y)})" for text, y in zip(drawn.valleys.texts[:8], drawn.valleys.y, strict=False)]
        parts.append(f"valleys and their losses, deepest first: {', '.join(told)}" + ", …" * (len(drawn.valleys.x) > 8))
    if drawn.arcs and drawn.course is not None:
        parts.append(drawn.course.told)
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
    axes.fill_between(drawn.x, drawn.view.low, drawn.roof, color=GROUND, lw=0)
    ground.draw(axes, drawn.ground)
    axes.plot(drawn.x, drawn.train, color=EDGE, lw=1.4, label="training loss")
    if drawn.test is not None:
        axes.plot(drawn.x, drawn.test, color=style.TEST, lw=1, ls=(0, (4, 1.8)), alpha=0.8, label="test loss")
    _draw_marks(axes, drawn)
    if drawn.course is not None:
        _draw_path(axes, drawn, drawn.course)
        _draw_arcs(axes, drawn)
        drawn.course.steps.bar(sheet, ax=axes)
    if drawn.cut is not None:
        place: dict[str, Any] = {"xycoords": "axes fraction", "ha": "right", "va": "bottom"}
        axes.annotate(_cut_text(drawn), (1, 1.01), size=8, color=style.MUTED, **place)
    canvas.legend(sheet, axes)
    return sheet


def _draw_marks(axes: Axes, drawn: Section) -> None:
    size = 1.0 if len(drawn.valleys.x) <= CROWDED else 0.5
    rimless = {"mec": style.VALLEY, "mew": 1.0, "ms": 4.5 * size}
    VALLEY.draw(axes, drawn.valleys.x, drawn.valleys.y, label="valleys", zorder=2.5, **rimless)
    if len(drawn.passes.x):
        look = {"ms": 5 * size, "mew": 1.2 * size, "label": "passes"}
        PASS.of(style.MUTED).draw(axes, drawn.passes.x, drawn.passes.y, zorder=2.4, **look)
    texts = [(drawn.valleys, 9.0, style.VALLEY), (drawn.passes, 7.5, style.MUTED)]
    found = [
        labels.Label(x, y, text, size, colour)
        for marks, size, colour in texts
        for x, y, text in zip(marks.x, marks.y, marks.texts, strict=True)
    ]
    labels.write_under(axes, found, (drawn.x, drawn.train), drawn.view, GROUND)


def _draw_path(axes: Axes, drawn: Section, course: DrawnRun) -> None:
    axes.scatter(*drawn.path.T, s=26, color=style.PAPER, linewidths=0, zorder=3)
    course.steps.draw_dots(axes, drawn.path, course.step, s=14, linewidths=0, zorder=3.1)
    start, end = drawn.ends
    above = ", above the picture" if drawn.path[0, 1] > drawn.view.high else ""
    draw_ends(axes, drawn.path, (start + above, end), (True, True), zorder=3.2)


def _draw_arcs(axes: Axes, drawn: Section) -> None:
    middles, tops = (np.array([arc.x.mean() for arc in drawn.arcs]), np.array([arc.y.max() for arc in drawn.arcs]))
    width, height = 72 * np.array(canvas.AREA)
    x, y = width * (middles - drawn.x[0]) / np.ptp(drawn.x), height * drawn.view.fraction(tops) + 3
    boxes = canvas.boxes(x, y, y + 11, [arc.text for arc in drawn.arcs], 8.5)
    for arc, x, y, fits in zip(drawn.arcs, middles, tops, canvas.fitting(boxes), strict=True):
        axes.plot(arc.x, arc.y, color=style.FALL, lw=1.3, zorder=3.4)
        head = {"arrowstyle": "-|>", "color": style.FALL, "lw": 1.3, "shrinkA": 0, "shrinkB": 1}
        axes.annotate("", (arc.x[-1], arc.y[-1]), (arc.x[-3], arc.y[-3]), arrowprops=head, zorder=3.4)
        if fits and drawn.x[0] <= x <= drawn.x[-1]:
            canvas.write(axes, arc.text, (x, y), (0, 3), ha="center", size=8.5, color=style.FALL)
