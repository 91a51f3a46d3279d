"""The figure of a fit's curves in a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.drawing import points, style, web
from thalweg.figures.drawing.marks import EDGES
from thalweg.figures.drawing.view import View
from thalweg.figures.fit_curves.reading import Curves, Line
from thalweg.figures.fit_curves.sheet import FAINT

SHARES = (0.16, 0.56)
"""Share of the page's height that a panel of residuals takes, and that all of them take at most."""

GAP = 0.07
"""Between the panel of curves and those of residuals."""


def describe(drawn: Curves) -> dict[str, Any]:
    """Describe the panel of curves, and below a panel of residuals for each."""
    rows = len(drawn.lines)
    share = min(SHARES[0], SHARES[1] / rows)
    x, y = drawn.labels
    layout: dict[str, Any] = {
        "xaxis": web.axis(x, anchor=f"y{rows + 1}", **drawn.across.web),
        "yaxis": web.axis(y, domain=[share * rows + GAP, 1.0], **drawn.up.web),
        "annotations": [web.heading(drawn.unit, 0, share * rows)],
    }
    traces = [*_web_data(drawn), *(_web_diagonal(drawn) if drawn.several else _web_lines(drawn))]
    for k, line in enumerate(drawn.lines):
        axis = f"y{k + 2}"
        top = share * (rows - k)
        colour = style.legible(line.look.colour)
        title = {"title": {"text": line.name.partition(" ")[0], "standoff": 4, "font": {"color": colour}}}
        layout[f"yaxis{k + 2}"] = web.axis("", domain=[top - 0.86 * share, top], nticks=4, **line.view.web) | title
        traces += [trace | {"yaxis": axis} for trace in _web_residuals(drawn, line)]
    return web.described(traces, layout)


def _web_data(drawn: Curves) -> list[web.Trace]:
    (x, y), traces = map(web.safe, drawn.labels), []
    for part in drawn.shown:
        seen = drawn.up.shows(part.y)
        inside = points.described(points.taken(part, seen), (x, y), color=style.tone(FAINT), symbol=part.mark[1])
        name = part.legend if len(drawn.data) > 1 else f"data, {len(drawn.y):,}"
        traces += [inside | {"name": web.safe(name)}, *_web_far(part.x[~seen], part.y[~seen], drawn.up)]
    return traces


def _web_lines(drawn: Curves) -> list[web.Trace]:
    x, y = map(web.safe, drawn.labels)
    hover = f"{x} %{{x:.4g}}<br>{y} %{{y:.4g}}"
    traces = [
        web.trace(
            "lines",
            drawn.x,
            _cut(line.y, drawn.up),
            name=web.safe(line.label),
            hover=f"{web.safe(line.name)}<br>{hover}",
            line={"color": line.look.colour, "dash": line.look.dash[1], "width": 1.8 if k else 2.8},
        )
        for k, line in enumerate(drawn.lines)
    ]
    if drawn.guess.size:
        line = {"color": style.ink(), "width": 1.3, "dash": "dash"}
        traces.append(web.trace("lines", drawn.x, _cut(drawn.guess, drawn.up), name="your start", line=line))
    return traces


def _cut(values: np.ndarray, view: View) -> np.ndarray:
    """Leave out what lies far beyond the view: plotly.js fails at very large numbers."""
    size = view.high - view.low
    return np.where((values > view.low - 50 * size) & (values < view.high + 50 * size), values, np.nan)


def _web_diagonal(drawn: Curves) -> list[web.Trace]:
    ends = np.array([drawn.across.low, drawn.across.high])
    line = {"color": style.ink(), "width": 1.2, "dash": "dash"}
    dots = [_dots(one, one.x[drawn.rows], drawn.measured, name=web.safe(one.label)) for one in drawn.lines]
    return [web.trace("lines", ends, ends, name="measured = fitted", line=line), *dots]


def _web_residuals(drawn: Curves, line: Line) -> list[web.Trace]:
    x, values = line.x[drawn.rows], line.residual[drawn.rows]
    seen = line.view.shows(values)
    zero = {"color": style.muted(), "width": 1}
    across = np.array([drawn.across.low, drawn.across.high])
    hover = f"{web.safe(line.name)}<br>{web.safe(drawn.labels[0])} %{{x:.4g}}<br>residual %{{y:.4g}}"
    return [
        web.trace("lines", across, np.zeros(2), line=zero),
        _dots(line, x[seen], values[seen], hover=hover),
        *_web_far(x[~seen], values[~seen], line.view),
    ]


def _dots(line: Line, x: np.ndarray, y: np.ndarray, **more: Any) -> web.Trace:
    marker = {"color": line.look.colour, "symbol": line.look.mark[1], "size": 5 if len(x) < 1000 else 3, "opacity": 0.8}
    kind = {"type": "scattergl" if len(x) > points.DENSE else "scatter"}
    return web.trace("markers", x, y, marker=marker, **more) | kind


def _web_far(x: np.ndarray, y: np.ndarray, view: View) -> list[web.Trace]:
    """Describe rows beyond the picture as arrowheads at its edge that tell their value."""
    traces = []
    for k, at, far in ((2, view.low, y < view.low), (3, view.high, y > view.high)):
        if far.any():
            marker = {"color": style.tone(FAINT), "symbol": EDGES[k][1], "size": 9}
            edge = np.full(int(far.sum()), at)
            told = {"customdata": y[far], "hover": "beyond the picture: %{customdata:.4g}", "cliponaxis": False}
            traces.append(web.trace("markers", x[far], edge, marker=marker, **told))
    return traces
