"""A surface of one parameter in profile, with the path of a run on it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.canvas import Sheet
from thalweg.figures.drawing.course import Course, falls_story
from thalweg.figures.drawing.wording import number
from thalweg.figures.figure import Figure
from thalweg.figures.profile import ground, labels
from thalweg.figures.profile.ground import GROUND
from thalweg.figures.profile.section import Marks, Section, section_of

EDGE = "#4b5563"

WEB = (620.0, 330.0)
"""Points of the axes in a page, about."""

CROWDED = 60
"""Valleys above which marks are small."""


def profile(
    surface: xr.Dataset, runs: xr.Dataset | None = None, valleys: xr.Dataset | None = None, *, run: int = 0
) -> Figure:
    """Draw a surface of one parameter, and on it every step of a run, coloured by step.

    A circle is drawn over its one period, angles in degrees. Where the surface has walls far above all the rest, as a
    vertical residual has at ±90°, the axis is cut, and the figure says so.

    Parameters
    ----------
    surface : from :func:`thalweg.survey`, of one parameter
    runs : from :func:`thalweg.descend`
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    run : place of the run

    Raises
    ------
    InvalidValue
        If the surface has more than one parameter or no finite value, or there is no such run.

    Examples
    --------
    >>> import thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> profile(tw.survey(objective)).title
    'Loss over phi'
    """
    drawn = section_of(surface, runs, valleys, run)
    return Figure(
        name="profile",
        title=f"Loss over {drawn.scale.name}",
        caption=caption(drawn),
        draw=partial(draw_profile, drawn, f"Loss over {drawn.scale.name}"),
        interactive=partial(describe, drawn),
    )


def caption(drawn: Section) -> str:
    """Say what a profile shows."""
    parts = [drawn.note.replace(" · ", ", ")]
    if drawn.course is not None:
        first, last = (drawn.scale.text(drawn.path[k, 0]) for k in (0, -1))
        parts.append(f"the run starts at {first} and is at {last} at step {drawn.course.last}")
    if drawn.valleys.texts:
        told = [f"{text} ({number(y)})" for text, y in zip(drawn.valleys.texts[:8], drawn.valleys.y, strict=False)]
        parts.append(f"valleys and their losses, deepest first: {', '.join(told)}" + ", …" * (len(drawn.valleys.x) > 8))
    if drawn.falls is not None and len(drawn.falls.step):
        parts.append(falls_story(drawn.falls, drawn.valleys.texts))
    if drawn.cut is not None:
        parts.append(_cut_text(drawn))
    return "; ".join(parts) + "."


def _cut_text(drawn: Section) -> str:
    return f"axis cut at {number(drawn.view.high, 3)}: the loss reaches {number(drawn.cut or 0, 3)}"


def draw_profile(drawn: Section, title: str) -> Sheet:
    """Draw a profile, the run on it and its bar of steps."""
    sheet, (axes,) = canvas.blank(title, drawn.note)
    drawn.view.show(axes)
    canvas.show_unit(axes.xaxis, drawn.scale)
    axes.set_xlim(drawn.x[0], drawn.x[-1])
    axes.set_ylabel("loss")
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
        canvas.step_bar(sheet, drawn.course.last, ax=axes)
    if drawn.cut is not None:
        place: dict[str, Any] = {"xycoords": "axes fraction", "ha": "right", "va": "bottom"}
        axes.annotate(_cut_text(drawn), (1, 1.01), size=8, color=style.MUTED, **place)
    canvas.legend(sheet, axes)
    return sheet


def _draw_marks(axes: Axes, drawn: Section) -> None:
    size = 1.0 if len(drawn.valleys.x) <= CROWDED else 0.5
    axes.plot(drawn.valleys.x, drawn.valleys.y, "o", color=style.VALLEY, ms=4.5 * size, label="valleys", zorder=2.5)
    if len(drawn.passes.x):
        look = {"color": style.MUTED, "ms": 5 * size, "mew": 1.2 * size, "label": "passes"}
        axes.plot(drawn.passes.x, drawn.passes.y, "x", zorder=2.4, **look)
    texts = [(drawn.valleys, 9.0, style.VALLEY), (drawn.passes, 7.5, style.MUTED)]
    found = [
        labels.Label(x, y, text, size, colour)
        for marks, size, colour in texts
        for x, y, text in zip(marks.x, marks.y, marks.texts, strict=True)
    ]
    labels.write_under(axes, found, (drawn.x, drawn.train), drawn.view, GROUND)


def _draw_path(axes: Axes, drawn: Section, course: Course) -> None:
    x, y = drawn.path.T
    axes.scatter(x, y, s=26, color=style.PAPER, linewidths=0, zorder=3)
    axes.scatter(
        x,
        y,
        c=course.step,
        cmap=style.path_colours(),
        norm=canvas.step_colours(course.last),
        s=14,
        linewidths=0,
        zorder=3.1,
    )
    above = ", above the picture" if y[0] > drawn.view.high else ""
    start, end = (drawn.scale.text(place) for place in x[[0, -1]])
    look = {"ms": 7, "zorder": 3.2}
    axes.plot(x[:1], y[:1], "o", mfc=style.PAPER, mec=style.INK, mew=1.4, label=f"start, {start}{above}", **look)
    axes.plot(x[-1:], y[-1:], "D", mfc=style.FIT, mec=style.PAPER, mew=0.8, label=f"step {course.last}, {end}", **look)


def _draw_arcs(axes: Axes, drawn: Section) -> None:
    full, low = 72 * canvas.AREA[0] / (drawn.x[-1] - drawn.x[0]), drawn.x[0]
    height = 72 * canvas.AREA[1]
    boxes = []
    for arc in drawn.arcs:
        half, foot = canvas.width_of(arc.text, 8.5) / 2, height * float(drawn.view.fraction(arc.y.max())) + 3
        middle = full * (arc.x.mean() - low)
        boxes.append((middle - half, foot, middle + half, foot + 11))
    for arc, fits in zip(drawn.arcs, canvas.fitting(np.array(boxes).reshape(-1, 4)), strict=True):
        axes.plot(arc.x, arc.y, color=style.FALL, lw=1.3, zorder=3.4)
        head = {"arrowstyle": "-|>", "color": style.FALL, "lw": 1.3, "shrinkA": 0, "shrinkB": 1}
        axes.annotate("", (arc.x[-1], arc.y[-1]), (arc.x[-3], arc.y[-3]), arrowprops=head, zorder=3.4)
        if fits and low <= arc.x.mean() <= drawn.x[-1]:
            place = {"textcoords": "offset points", "ha": "center", "size": 8.5, "color": style.FALL}
            axes.annotate(arc.text, (arc.x.mean(), arc.y.max()), (0, 3), **place)


def describe(drawn: Section) -> dict[str, Any]:
    """Describe a profile for plotly.js."""
    name, sign = web.safe(drawn.scale.name), drawn.scale.sign
    hover = f"{name} %{{x:.2f}}{sign}" if sign else f"{name} %{{x:.4g}}"
    line = {"type": "scatter", "mode": "lines", "x": drawn.x}
    edge = {"color": EDGE, "width": 2}
    fill = {"fill": "tonexty", "fillcolor": GROUND} if drawn.hues is None else {}
    traces = [
        *ground.describe(drawn.ground),
        line
        | {"y": np.full_like(drawn.x, drawn.view.low), "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"},
        line
        | {"y": drawn.train, "name": "training loss", "line": edge, **fill}
        | {"hovertemplate": f"{hover}<br>training loss %{{y:.5g}}<extra></extra>"},
    ]
    if drawn.test is not None:
        dashes = {"color": style.TEST, "width": 1.2, "dash": "dash"}
        hovering = f"{hover}<br>test loss %{{y:.5g}}<extra></extra>"
        traces.append(line | {"y": drawn.test, "name": "test loss", "line": dashes, "hovertemplate": hovering})
    traces += [
        _web_marks("valley", drawn.valleys, style.VALLEY, "circle"),
        _web_marks("pass", drawn.passes, style.MUTED, "x-thin"),
    ]
    if drawn.course is not None:
        traces += _web_path(drawn, drawn.course, hover)
    # A circle is read in steps of 30 degrees.
    ticks = {"dtick": 30} if drawn.scale.periodic and drawn.scale.sign and np.ptp(drawn.x) >= 150 else {}
    x = web.parameter_axis(drawn.scale, range=[drawn.x[0], drawn.x[-1]], showgrid=False, **ticks)
    cut = "" if drawn.cut is None else f", cut at {number(drawn.view.high, 3)}"
    y = web.axis(f"loss{cut}", exponentformat="power", **drawn.view.web)
    return web.described(traces, {"xaxis": x, "yaxis": y, "annotations": _web_labels(drawn)})


def _web_marks(what: str, marks: Marks, colour: str, symbol: str) -> web.Trace:
    size = 1.0 if len(marks.x) <= CROWDED else 0.5
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{what}{'e' * (what == 'pass')}s",
        "x": marks.x,
        "y": marks.y,
        "text": marks.texts,
        "marker": {"color": colour, "symbol": symbol, "size": 8 * size, "line": {"color": colour, "width": 2 * size}},
        "hovertemplate": f"{what} %{{text}}<br>loss %{{y:.5g}}<extra></extra>",
    }


def _web_path(drawn: Section, course: Course, hover: str) -> list[web.Trace]:
    x, y = drawn.path.T
    look = {"size": 6}
    hovering = f"step %{{marker.color}}<br>{hover}<br>training loss %{{y:.5g}}<extra></extra>"
    path = {"type": "scatter", "mode": "markers", "x": x, "y": y, "showlegend": False, "hovertemplate": hovering}
    end = {"type": "scatter", "mode": "markers", "hoverinfo": "skip"}
    white = {"color": style.PAPER, "size": 11, "line": {"color": style.INK, "width": 2}}
    red = {"color": style.FIT, "symbol": "diamond", "size": 11, "line": {"color": style.PAPER, "width": 1}}
    jumps = [
        {"type": "scatter", "mode": "lines", "x": arc.x, "y": arc.y, "line": {"color": style.FALL, "width": 2}}
        | {"name": arc.text, "showlegend": False, "hovertemplate": f"derailment {arc.text}<extra></extra>"}
        for arc in drawn.arcs
    ]
    return [
        path | {"marker": web.step_marker(course.step, course.last, **look)},
        *jumps,
        end | {"x": x[:1], "y": y[:1], "name": f"start, {drawn.scale.text(x[0])}", "marker": white},
        end | {"x": x[-1:], "y": y[-1:], "name": f"step {course.last}, {drawn.scale.text(x[-1])}", "marker": red},
    ]


def _web_labels(drawn: Section) -> list[dict[str, Any]]:
    plain = {"showarrow": False, "font": {"color": style.VALLEY, "size": 13}, "yanchor": "top", "yshift": -6}
    valleys = zip(drawn.valleys.x.tolist(), drawn.valleys.y.tolist(), drawn.valleys.texts, _roomy(drawn), strict=True)
    found = [plain | {"x": x, "y": y, "text": web.safe(text)} for x, y, text, roomy in valleys if roomy]
    red = {"showarrow": False, "font": {"color": style.FALL, "size": 12}, "yanchor": "bottom"}
    head = {"text": "", "showarrow": True, "arrowcolor": style.FALL, "arrowwidth": 2, "arrowhead": 2}
    for arc in drawn.arcs:
        tip, back = (dict(zip("xy", (float(arc.x[k]), float(arc.y[k])), strict=True)) for k in (-1, -3))
        found.append(head | tip | {"ax": back["x"], "ay": back["y"], "axref": "x", "ayref": "y"})
        if drawn.x[0] <= arc.x.mean() <= drawn.x[-1]:
            found.append(red | {"x": float(arc.x.mean()), "y": float(arc.y.max()), "text": web.safe(arc.text)})
    return found


def _roomy(drawn: Section) -> np.ndarray:
    """Tell which valleys have room for their names in a page, the deepest first."""
    width, height = WEB
    x = width * (drawn.valleys.x - drawn.x[0]) / np.ptp(drawn.x)
    y = height * drawn.view.fraction(drawn.valleys.y)
    half = np.array([canvas.width_of(text, 13) / 2 for text in drawn.valleys.texts])
    return canvas.fitting(np.stack([x - half, y - 16, x + half, y], axis=-1))
