"""A map in a page: sharp at any zoom, every run with its numbers under the pointer."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from thalweg.figures.drawing import style, web
from thalweg.figures.drawing.wording import number
from thalweg.figures.outcome_map.chart import OutcomeGrid, Side
from thalweg.figures.outcome_map.listing import percent
from thalweg.figures.outcome_map.painting import Painting, Ramp

LARGEST = 512
"""Runs along a side at most; a page shows few more dots, and every run weighs about twenty bytes."""

ROOM = 112
"""Below the map, for its axis and the bar of shades, pixels of the screen."""

COARSE = 1.1
"""Ratio of neighbours on a logarithmic axis from which plotly.js, which halves distances, would shift their pixels."""


def describe(painting: Painting) -> dict[str, Any]:
    """Describe a map for plotly.js; of a large one every third run along both sides is shown, or every fifth …"""
    chart = painting.chart
    rows, columns = picks(len(chart.y.places)), picks(len(chart.x.places))
    (x, across), (y, up) = _axis(chart.x, columns), _axis(chart.y, rows)
    values, words = _hover(chart, rows, columns)
    trace = {
        "type": "heatmap",
        "x": x,
        "y": y,
        "z": painting.indices[np.ix_(rows, columns)],
        "zmin": 0,
        "zmax": len(painting.palette) - 1,
        "colorscale": style.plotly_colours(tuple(to_hex(colour) for colour in painting.palette)),
        "showscale": False,
        "customdata": values,
        "hovertemplate": f"{_place(chart.x, 'x', x)}<br>{_place(chart.y, 'y', y)}<br>{words}<extra></extra>",
    }
    traces = [trace, *_legend(painting), *([_bar(painting.ramp)] if painting.ramp else [])]
    layout = {"xaxis": across, "yaxis": up, "annotations": _note(chart, rows, columns)}
    return web.described(traces, layout | ({"margin": web.MARGIN | {"b": ROOM}} if painting.ramp else {}))


def picks(runs: int) -> np.ndarray:
    """Choose runs along one side, evenly: all, or the middle ones of blocks of three, of five …"""
    stride = 2 * (-(-runs // LARGEST) // 2) + 1
    return np.arange(min(stride // 2, runs - 1), runs, stride)


def _hover(chart: OutcomeGrid, rows: np.ndarray, columns: np.ndarray) -> tuple[list[list[list[Any]]], str]:
    """Collect the values of every run that the hover shows, and the words around them."""
    layers, words = [np.array([web.safe(name) for name in chart.kinds], dtype=object)[chart.kind]], [""]
    if chart.settled is not None:
        known = np.isfinite(chart.settled)
        layers.append(np.where(known, np.where(known, chart.settled, 0).astype(np.int64).astype(object), "–"))
        words.append("on its floor from step ")
    if chart.derailments is not None:
        layers.append(chart.derailments.astype(object))
        words.append("times thrown out ")
    if chart.rounding is not None:
        layers.append(np.where(chart.rounding, "yes", "no").astype(object))
        words.append("decided by rounding ")
    values = [layer[np.ix_(rows, columns)] for layer in layers]
    lines = [f"{word}%{{customdata[{k}]}}" for k, word in enumerate(words)]
    return np.stack(values, axis=-1).tolist(), "<br>".join(lines)


def _legend(painting: Painting) -> list[web.Trace]:
    traces = []
    for swatch in painting.swatches:
        colour = to_hex(swatch.colours[len(swatch.colours) // 3])
        marker = {"symbol": "square", "size": 12, "color": colour, "line": {"color": style.muted(), "width": 0.5}}
        name = f"{web.safe(swatch.name)} {percent(swatch.share)}"
        traces.append(web.trace("markers", [None], [None], name=name, marker=marker))
    return traces


def _bar(ramp: Ramp) -> web.Trace:
    """Describe the bar that tells numbers from shades, by a trace that shows nothing else."""
    places, texts = zip(*ramp.ticks, strict=True)
    look = {"orientation": "h", "thickness": 10, "outlinewidth": 0, "len": 0.6}
    look |= {"yref": "container", "y": 0.0, "yanchor": "bottom"}
    title = {"text": ramp.name, "side": "bottom", "font": {"size": 12}}
    marker = {
        "color": [0.0],
        "cmin": 0,
        "cmax": 1,
        "colorscale": style.plotly_colours(tuple(to_hex(colour) for colour in ramp.colours)),
        "colorbar": {"tickvals": list(places), "ticktext": list(texts), "title": title, **look},
        "showscale": True,
    }
    return web.trace("markers", [None], [None], marker=marker)


def _axis(side: Side, chosen: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """Choose the places of pixels along one side, and describe its axis."""
    places, ends = side.places[chosen], side.edges[[0, -1]]
    if side.log and len(places) > 1 and places[1] > COARSE * places[0]:
        # Few places, which are categories then, all equally wide.
        texts = np.array([f"{place:.4g}" for place in places])
        return texts, web.axis(side.label, type="category", range=[-0.5, len(texts) - 0.5], showgrid=False)
    if side.log:
        shown = {"type": "log", "range": np.log10(ends).tolist(), "showgrid": False}
        return places, web.axis(side.label, **shown, **_log_ticks(*ends.tolist()))
    return places, web.axis(side.label, range=ends.tolist(), ticksuffix=side.scale.sign, showgrid=False)


def _log_ticks(low: float, high: float) -> dict[str, Any]:
    """Write numbers in full; plotly.js would write 5 between 0.1 and 1."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ticks = (powers[:, None] * np.arange(1, 10)).ravel()
    written = (1,) if len(powers) > 5 else (1, 2, 5)
    digits = np.tile(np.arange(1, 10), len(powers)).tolist()
    texts = [number(tick, 3) if digit in written else "" for tick, digit in zip(ticks, digits, strict=True)]
    return {"tickvals": ticks, "ticktext": texts}


def _place(side: Side, letter: str, places: np.ndarray) -> str:
    digits = ":.5g" if places.dtype.kind == "f" else ""
    return f"{web.safe(side.name)} %{{{letter}{digits}}}{side.scale.sign}"


def _note(chart: OutcomeGrid, rows: np.ndarray, columns: np.ndarray) -> list[dict[str, Any]]:
    """Say that not every run is shown."""
    if (len(rows), len(columns)) == chart.kind.shape:
        return []
    shown, there = f"{len(columns):,} × {len(rows):,}", f"{chart.kind.shape[1]:,} × {chart.kind.shape[0]:,}"
    place = {"xref": "paper", "yref": "paper", "xanchor": "right", "yanchor": "top", "yshift": -30}
    return [web.text(1, 0, f"{shown} of {there} runs, picked evenly", style.muted(), 11, **place)]
