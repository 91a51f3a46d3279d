"""Curvature in a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.curvature.chart import BAND, GREYS, RUG, TRACE
from thalweg.figures.curvature.reading import EDGE, Bend
from thalweg.figures.drawing import style, timeline, web
from thalweg.figures.drawing.wording import count


def describe(bend: Bend) -> dict[str, Any]:
    """Describe results of curvature for plotly.js."""
    return _spectrum(bend) if bend.step is None else _run(bend)


def _spectrum(bend: Bend) -> dict[str, Any]:
    told = "eigenvalue %{x:.4g}<br>density %{y:.3g}"
    line = {"color": style.INK, "width": 2}
    curve = web.trace("lines", bend.value, bend.spectrum, name="density of eigenvalues", line=line, hover=told)
    # The ground goes on at the foot of the axis, where the line has gaps that a fill would bridge.
    ground = {"fill": "tozeroy", "fillcolor": BAND, "line": {"width": 0}}
    traces = [web.trace("lines", bend.value, np.maximum(bend.density, bend.view.low), **ground), curve]
    for values, colour, name in (
        (bend.leading, style.FIT, count(len(bend.leading), "leading eigenvalue")),
        (np.atleast_1d(bend.lowest), style.TRAIN, "lowest"),
    ):
        marker = {"symbol": "line-ns-open", "size": 16, "color": colour, "line": {"width": 2.5}}
        foot = np.full(len(values), bend.view.low * (bend.view.high / bend.view.low) ** (RUG / 2))
        traces.append(web.trace("markers", values, foot, name=name, marker=marker, hover=f"{name}<br>%{{x:.5g}}"))
    y = web.axis("density", exponentformat="power", dtick=1, **bend.view.web)
    return web.described(traces, {"xaxis": web.axis("eigenvalue"), "yaxis": y})


def _run(bend: Bend) -> dict[str, Any]:
    steps = np.asarray(bend.step)
    traces = []
    for k, values in enumerate(bend.leading.T):
        name = "largest eigenvalue" if k == 0 else f"eigenvalue {k + 1}"
        line = {"color": GREYS[min(k, len(GREYS) - 1)], "width": 2.5 if k == 0 else 1.2}
        traces.append(timeline.web_line(name, steps, values, line) | {"showlegend": k == 0})
    traces.append(timeline.web_line("lowest", steps, bend.lowest, {"color": style.TRAIN, "width": 2, "dash": "dash"}))
    if bend.near:
        line = {"color": style.FIT, "width": 1.5, "dash": "dot"}
        traces.append(timeline.web_line(EDGE, steps, np.full(len(steps), bend.edge), line))
    if not bend.traced:
        return web.described(traces, {"xaxis": web.axis("step"), "yaxis": web.axis("eigenvalues")})
    trace = timeline.web_line("trace", steps, bend.trace, {"color": style.INK, "width": 2})
    bars = {"type": "data", "array": bend.error, "thickness": 1, "width": 0, "color": style.MUTED}
    traces.append(trace | {"yaxis": "y2", "error_y": bars, "showlegend": False})
    return web.described(
        traces,
        {
            "xaxis": web.axis("step", anchor="y2"),
            "yaxis": web.axis("eigenvalues", domain=[0.42, 1.0]),
            "yaxis2": web.axis(TRACE, domain=[0.0, 0.3]),
        },
    )
