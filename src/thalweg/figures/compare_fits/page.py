"""The figure of several fits in a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.compare_fits.reading import Compared, Curves
from thalweg.figures.compare_fits.sheet import FAINT, NAME, edges
from thalweg.figures.drawing import marks, points, style, web
from thalweg.figures.drawing.wording import number, shortened

DOT = (6.0, 26.0)
"""Diameter of the smallest dot, and of one that all starts lead to, pixels."""

DOMAINS = ([0.56, 1.0], [0.0, 0.4])
"""Where the panels of valleys and of curves stand, one above the other."""


def describe(drawn: Compared) -> dict[str, Any]:
    """Describe the columns of valleys, and below the best curves over the data."""
    names = [web.safe(shortened(column.name, NAME)) for column in drawn.columns]
    x = web.axis("", range=list(edges(drawn)), tickvals=list(range(len(names))), ticktext=names, showgrid=False)
    domain = {} if drawn.curves is None else {"domain": DOMAINS[0]}
    layout = {"xaxis": x, "yaxis": web.parameter_axis(drawn.scale, **domain, **drawn.view.web)}
    traces = [*_web_joined(drawn), *(_web_column(drawn, k) for k in range(len(drawn.columns)))]
    if drawn.curves is not None:
        across, up = map(web.safe, drawn.curves.labels)
        layout["xaxis2"] = web.axis(across, anchor="y2", **drawn.curves.across.web)
        layout["yaxis2"] = web.axis(up, anchor="x2", domain=DOMAINS[1], **drawn.curves.up.web)
        below = _web_curves(drawn, drawn.curves)
        traces += [trace | {"xaxis": "x2", "yaxis": "y2"} for trace in below]
    return web.described(traces, layout)


def _web_joined(drawn: Compared) -> list[web.Trace]:
    x, y = (web.gapped(drawn.lines[..., k]) for k in (0, 1))
    return [web.trace("lines", x, y, line={"color": style.tone(FAINT), "width": 1.3})] if len(x) else []


def _web_column(drawn: Compared, k: int) -> web.Trace:
    column, shown = drawn.columns[k], drawn.scale
    # Plotly draws later ones over earlier ones: the deepest last.
    minima, places = column.minima[::-1], column.places[::-1]
    shares = np.array([one.share for one in minima])
    marker = {
        "color": [one.look.colour for one in minima],
        "symbol": [one.look.mark[1] for one in minima],
        "size": np.maximum(DOT[1] * np.sqrt(shares), DOT[0]),
        "line": {"color": style.paper(), "width": 0.8},
        "opacity": 1,
    }
    texts = [
        f"{web.safe(column.name)}, {one.name}<br>{web.safe(shown.name)} {shown.text(float(place))}"
        f"<br>loss {number(one.loss)}<br>{one.of_starts}"
        for one, place in zip(minima, places, strict=True)
    ]
    return web.trace("markers", np.full(len(places), k), places, marker=marker, text=texts, hover="%{text}")


def _web_curves(drawn: Compared, curves: Curves) -> list[web.Trace]:
    traces = []
    for part in curves.data:
        seen = points.taken(part, curves.up.shows(part.y))
        labels = web.safe(curves.labels[0]), web.safe(curves.labels[1])
        data = points.described(seen, labels, color=style.tone(FAINT), symbol=part.mark[1])
        traces.append(data | {"name": web.safe(part.legend)})
    for k, column in enumerate(drawn.columns):
        look, heights = marks.series(k + 1), curves.heights[k]
        size = curves.up.high - curves.up.low
        heights = np.where(np.abs(heights - curves.up.low) < 50 * size, heights, np.nan)
        line = {"color": look.colour, "dash": look.dash[1], "width": 2.2}
        traces.append(web.trace("lines", curves.x[k], heights, name=web.safe(shortened(column.name, 28)), line=line))
    return traces
