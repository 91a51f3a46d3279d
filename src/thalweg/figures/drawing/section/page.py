"""A surface of one parameter in a page: the ground cut open, and on it every step of a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.drawing import canvas, crowds, hues, phone, rivals, style, web
from thalweg.figures.drawing.marks import PASS, VALLEY, web_ends, web_leaving
from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.section.reading import Piece, Section
from thalweg.figures.drawing.section.sheet import EDGE, GROUND, LEAVING
from thalweg.figures.drawing.wording import number


def describe(drawn: Section) -> dict[str, Any]:
    """Describe a profile for plotly.js."""
    name, sign = web.safe(drawn.scale.name), drawn.scale.sign
    hover = f"{name} %{{x:.2f}}{sign}" if sign else f"{name} %{{x:.4g}}"
    edge, fill = (
        {"color": style.tone(EDGE), "width": 2},
        {"fill": "tonexty", "fillcolor": style.tone(GROUND)} if drawn.hues is None else {},
    )
    texts = {name: {"name": name, "hover": f"{hover}<br>{name} %{{y:.5g}}"} for name in (drawn.loss, "test loss")}
    traces = [
        *_web_ground(drawn.ground),
        web.trace("lines", drawn.x, np.full_like(drawn.x, drawn.view.low), line={"width": 0}),
        web.trace("lines", drawn.x, drawn.train, line=edge, **fill, **texts[drawn.loss]),
    ]
    if drawn.test is not None:
        dashes = {"color": style.test(), "width": 1.2, "dash": "dash"}
        traces.append(web.trace("lines", drawn.x, drawn.test, line=dashes, **texts["test loss"]))
    traces += [
        *_web_marks(drawn),
    ]
    if drawn.run is not None:
        traces += _web_path(drawn, drawn.run, hover)
    for rival, path in zip(drawn.rivals, drawn.lanes, strict=True):
        ways = [path[:, 0], path[:, 1]]
        text = f"{web.safe(rival.name)}, step %{{text}}<br>{hover}<br>{drawn.loss} %{{customdata:.5g}}<extra></extra>"
        every = rivals.web_marks(rival, ways, rival.run.step, 7, edge=0)
        every |= {"showlegend": True, "name": web.safe(rival.label)}
        told = {"text": rival.run.step, "customdata": rival.run.train, "hoverinfo": None, "hovertemplate": text}
        traces += [every | told, rivals.web_marks(rival, ways, rival.run.step[-1:], 13)]
    # A circle is read in steps of 30 degrees.
    ticks = {"dtick": 30} if drawn.scale.periodic and drawn.scale.sign and np.ptp(drawn.x) >= 150 else {}
    x = web.parameter_axis(drawn.scale, range=[drawn.x[0], drawn.x[-1]], showgrid=False, **ticks)
    cut = "" if drawn.cut is None else f", cut at {number(drawn.view.high, 3)}"
    y = web.axis(f"loss{cut}", exponentformat="power", **drawn.view.web)
    return web.described(traces, {"xaxis": x, "yaxis": y, "annotations": _web_labels(drawn)})


def _web_ground(pieces: list[Piece]) -> list[web.Trace]:
    """Describe the ground for a page: one trace for each colour, with gaps between its pieces."""
    gap = np.full((1, 2), np.nan)
    traces = []
    for hue in sorted({piece.hue for piece in pieces}):
        points = np.vstack([part for piece in pieces if piece.hue == hue for part in (piece.outline, gap)])
        look = {"fill": "toself", "fillcolor": hues.coloured(style.tone(GROUND), hue), "line": {"width": 0}}
        traces.append(web.trace("lines", points[:, 0], points[:, 1], **look))
    return traces


def _web_marks(drawn: Section) -> list[web.Trace]:
    kept, rest = crowds.parted(drawn.persistence)
    valleys, crossing = "valley %{text}<br>loss %{y:.5g}", "pass %{text}<br>loss %{y:.5g}"
    every, cross = np.arange(len(drawn.passes.x)), PASS.of(style.muted)
    return [
        web.trace(
            "markers",
            places.x[some],
            places.y[some],
            name=name,
            text=[places.texts[k] for k in some],
            marker=mark.web(8 * size, line={"color": mark.face(), "width": 2 * size}),
            hover=hover,
            opacity=1.0 if size == 1 else 0.5,
        )
        for places, some, name, mark, size, hover in (
            (drawn.valleys, rest, f"{len(rest):,} more", VALLEY, 0.4, valleys),
            (drawn.valleys, kept, crowds.called(len(kept), len(rest)), VALLEY, 1, valleys),
            (drawn.passes, every, "passes", cross, 0.4 if rest.size else 1, crossing),
        )
        if name != "0 more"
    ]


def _web_path(drawn: Section, run: DrawnRun, hover: str) -> list[web.Trace]:
    places = {"x": drawn.path[:, 0], "y": drawn.path[:, 1]}
    text = f"step %{{marker.color}}<br>{hover}<br>{drawn.loss} %{{y:.5g}}"
    path = web.trace("markers", *places.values(), marker=run.steps.web_marker(run.step, size=6), hover=text)
    jumps = [
        web.trace("lines", arc.x, arc.y, line={"color": style.derailment(), "width": 2}, hover=f"derailment {arc.text}")
        for arc in drawn.arcs
    ]
    ends = web_ends(places, drawn.ends, drawn.inside[[0, -1]], 11, run.lost)
    return [path, *jumps, *ends, *web_leaving(*drawn.exits, LEAVING)]


def _web_labels(drawn: Section) -> list[dict[str, Any]]:
    """Name the most persistent valleys, then derailments, as far as even a phone has room for them."""
    kept, x, y, texts = crowds.parted(drawn.persistence)[0], drawn.valleys.x, drawn.valleys.y, drawn.valleys.texts
    labels = [
        web.text(float(x[k]), float(y[k]), web.safe(texts[k]), style.valley(), 13, yanchor="top", yshift=-6)
        for k in kept.tolist()
    ]
    arcs = [arc for arc in drawn.arcs if drawn.x[0] <= arc.x.mean() <= drawn.x[-1] and drawn.view.shows(arc.y).all()]
    labels += [
        web.text(float(arc.x.mean()), float(arc.y.max()), web.safe(arc.text), style.derailment(), 12, yanchor="bottom")
        for arc in arcs
    ]
    labels = _with_room(drawn, labels)
    head = {"text": "", "showarrow": True, "arrowcolor": style.derailment(), "arrowwidth": 2, "arrowhead": 2}
    for arc in drawn.arcs:
        tip, back = (dict(zip("xy", (float(arc.x[k]), float(arc.y[k])), strict=True)) for k in (-1, -3))
        labels.append(head | tip | {"ax": back["x"], "ay": back["y"], "axref": "x", "ayref": "y"})
    return labels


def _with_room(drawn: Section, labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out labels that have no room on a phone beside those before them; at an edge they begin or end there."""
    width, height = phone.AXES
    boxes, sides = np.empty((len(labels), 4)), []
    for k, label in enumerate(labels):
        x = width * (label["x"] - drawn.x[0]) / np.ptp(drawn.x)
        y = height * float(drawn.view.fraction(label["y"])) + label.get("yshift", 0)
        wide, tall = canvas.width_of(label["text"], 13), 16 if label["yanchor"] == "bottom" else -16
        start = x if x < wide / 2 else x - wide if x + wide / 2 > width else x - wide / 2
        sides.append("left" if start == x else "right" if start == x - wide else "center")
        boxes[k] = start, min(y, y + tall), start + wide, max(y, y + tall)
    return [
        label | {"xanchor": side}
        for label, side, fits in zip(labels, sides, canvas.fitting(boxes), strict=True)
        if fits
    ]
