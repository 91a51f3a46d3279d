"""A surface of one parameter in a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.marks import PASS, VALLEY, Mark, web_ends
from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.section import ground
from thalweg.figures.drawing.section.ground import GROUND
from thalweg.figures.drawing.section.reading import Places, Section
from thalweg.figures.drawing.section.sheet import CROWDED, EDGE
from thalweg.figures.drawing.wording import number

WEB = (620.0, 330.0)
"""Points of the axes in a page, about."""


def describe(drawn: Section) -> dict[str, Any]:
    """Describe a profile for plotly.js."""
    name, sign = web.safe(drawn.scale.name), drawn.scale.sign
    hover = f"{name} %{{x:.2f}}{sign}" if sign else f"{name} %{{x:.4g}}"
    edge, fill = {"color": EDGE, "width": 2}, {"fill": "tonexty", "fillcolor": GROUND} if drawn.hues is None else {}
    told = {name: {"name": name, "hover": f"{hover}<br>{name} %{{y:.5g}}"} for name in ("training loss", "test loss")}
    traces = [
        *ground.describe(drawn.ground),
        web.trace("lines", drawn.x, np.full_like(drawn.x, drawn.view.low), line={"width": 0}),
        web.trace("lines", drawn.x, drawn.train, line=edge, **fill, **told["training loss"]),
    ]
    if drawn.test is not None:
        dashes = {"color": style.TEST, "width": 1.2, "dash": "dash"}
        traces.append(web.trace("lines", drawn.x, drawn.test, line=dashes, **told["test loss"]))
    traces += [
        _marks("valley", drawn.valleys, VALLEY),
        _marks("pass", drawn.passes, PASS.of(style.MUTED)),
    ]
    if drawn.course is not None:
        traces += _path(drawn, drawn.course, hover)
    # A circle is read in steps of 30 degrees.
    ticks = {"dtick": 30} if drawn.scale.periodic and drawn.scale.sign and np.ptp(drawn.x) >= 150 else {}
    x = web.parameter_axis(drawn.scale, range=[drawn.x[0], drawn.x[-1]], showgrid=False, **ticks)
    cut = "" if drawn.cut is None else f", cut at {number(drawn.view.high, 3)}"
    y = web.axis(f"loss{cut}", exponentformat="power", **drawn.view.web)
    return web.described(traces, {"xaxis": x, "yaxis": y, "annotations": _web_labels(drawn)})


def _marks(what: str, places: Places, mark: Mark) -> web.Trace:
    size = 1.0 if len(places.x) <= CROWDED else 0.5
    look = mark.web(8 * size, line={"color": mark.face, "width": 2 * size})
    told = {"name": f"{what}{'e' * (what == 'pass')}s", "hover": f"{what} %{{text}}<br>loss %{{y:.5g}}"}
    return web.trace("markers", places.x, places.y, text=places.texts, marker=look, **told)


def _path(drawn: Section, course: DrawnRun, hover: str) -> list[web.Trace]:
    places = {"x": drawn.path[:, 0], "y": drawn.path[:, 1]}
    told = f"step %{{marker.color}}<br>{hover}<br>training loss %{{y:.5g}}"
    path = web.trace("markers", *places.values(), marker=course.steps.web_marker(course.step, size=6), hover=told)
    jumps = [
        web.trace("lines", arc.x, arc.y, line={"color": style.FALL, "width": 2}, hover=f"derailment {arc.text}")
        for arc in drawn.arcs
    ]
    return [path, *jumps, *web_ends(places, drawn.ends, (True, True), 11)]


def _web_labels(drawn: Section) -> list[dict[str, Any]]:
    valleys, below = drawn.valleys, {"yanchor": "top", "yshift": -6}
    found = [
        web.text(x, y, web.safe(text), style.VALLEY, 13, **below)
        for x, y, text, roomy in zip(valleys.x.tolist(), valleys.y.tolist(), valleys.texts, _roomy(drawn), strict=True)
        if roomy
    ]
    head = {"text": "", "showarrow": True, "arrowcolor": style.FALL, "arrowwidth": 2, "arrowhead": 2}
    for arc in drawn.arcs:
        tip, back = (dict(zip("xy", (float(arc.x[k]), float(arc.y[k])), strict=True)) for k in (-1, -3))
        found.append(head | tip | {"ax": back["x"], "ay": back["y"], "axref": "x", "ayref": "y"})
        if drawn.x[0] <= arc.x.mean() <= drawn.x[-1]:
            place = float(arc.x.mean()), float(arc.y.max())
            found.append(web.text(*place, web.safe(arc.text), style.FALL, 12, yanchor="bottom"))
    return found


def _roomy(drawn: Section) -> np.ndarray:
    """Tell which valleys have room for their names in a page, the deepest first."""
    width, height = WEB
    x = width * (drawn.valleys.x - drawn.x[0]) / np.ptp(drawn.x)
    y = height * drawn.view.fraction(drawn.valleys.y)
    return canvas.fitting(canvas.boxes(x, y - 16, y, drawn.valleys.texts, 13))
