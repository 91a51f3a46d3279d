"""The figure of pairs of parameters in a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.drawing import style, web
from thalweg.figures.drawing.fits import percent
from thalweg.figures.drawing.marks import END, START
from thalweg.figures.fit_pairs.reading import Along, Pairs
from thalweg.figures.fit_pairs.sheet import FAINT, FEW

GAP = 0.015
"""Between panels, as a share of the page."""

DOT = (4.0, 22.0)
"""Diameter of the smallest dot, and of one that all starts end in, pixels."""


def describe(drawn: Pairs) -> dict[str, Any]:
    """Describe the lower triangle of panels, with histograms on its diagonal."""
    number = len(drawn.axes)
    traces, shapes, layout = _legend(drawn), [], {"barmode": "stack", "bargap": 0.0}
    panel = 0
    for row in range(number):
        for column in range(row + 1):
            panel += 1
            key = str(panel) if panel > 1 else ""
            x, y = f"x{key}", f"y{key}"
            layout |= {f"xaxis{key}": _across(drawn, column, row, y), f"yaxis{key}": _up(drawn, column, row, x)}
            inside = _counts(drawn, column) if row == column else _pair(drawn, column, row)
            traces += [trace | {"xaxis": x, "yaxis": y, "showlegend": False} for trace in inside]
            shapes += _lines(drawn, column, row, x, y)
    return web.described(traces, layout | {"shapes": shapes})


def _domain(place: int, number: int) -> list[float]:
    return [place / number + GAP / 2, (place + 1) / number - GAP / 2] if number > 1 else [0.0, 1.0]


def _across(drawn: Pairs, column: int, row: int, anchor: str) -> dict[str, Any]:
    along, number = drawn.axes[column], len(drawn.axes)
    last = row == number - 1
    look = {"domain": _domain(column, number), "anchor": anchor, "showticklabels": last, **_ticks(along, number)}
    return web.axis(along.scale.label if last else "", ticksuffix=along.scale.sign, **look)


def _up(drawn: Pairs, column: int, row: int, anchor: str) -> dict[str, Any]:
    along, number = drawn.axes[row], len(drawn.axes)
    domain = {"domain": _domain(number - 1 - row, number), "anchor": anchor}
    if row == column:
        return web.axis(
            "", **domain, showticklabels=False, ticks="", showline=False, showgrid=False, rangemode="tozero"
        )
    first = column == 0
    look = {"showticklabels": first, **_ticks(along, number)}
    return web.axis(along.scale.label if first else "", ticksuffix=along.scale.sign, **domain, **look)


def _ticks(along: Along, number: int) -> dict[str, Any]:
    """Choose few numbers along an axis, and small ones where panels are narrow; of a logarithm whole powers only."""
    view = along.view
    crowded = number >= FEW
    powers = {"dtick": int(np.ceil(np.log10(view.high / view.low) / (2 if crowded else 4)))} if view.log else {}
    look = {"nticks": 3 if crowded else 5, "tickfont": {"size": 8 if crowded else 10}, "exponentformat": "power"}
    return look | powers | {"tickangle": 0, **view.web}


def _legend(drawn: Pairs) -> list[web.Trace]:
    """Describe what is named in the legend: nothing of it is drawn."""
    traces = [
        web.trace("markers", [None], [None], name=web.safe(group.label), marker=_marker(group.look, 9))
        for group in drawn.groups
    ]
    if len(drawn.starts):
        traces.append(
            web.trace("markers", [None], [None], name="starts", marker={"color": style.tone(FAINT), "size": 4})
        )
    for mark, _, label in zip((START, END), drawn.own, ("your start", "where it leads"), strict=False):
        traces.append(web.trace("markers", [None], [None], name=label, marker=mark.web(8)))
    for name, dash, known in (
        ("walls of the ranges", "solid", any(along.walls for along in drawn.axes)),
        ("ends of the ranges of starts", "dot", any(along.limits for along in drawn.axes)),
    ):
        if known:
            line = {"color": style.muted(), "width": 1.2, "dash": dash}
            traces.append(web.trace("lines", [None], [None], name=name, line=line))
    return traces


def _marker(look: Any, size: Any) -> dict[str, Any]:
    # Marks of many sizes would let others through.
    return {"color": look.colour, "symbol": look.mark[1], "size": size, "line": {"width": 0}, "opacity": 1}


def _pair(drawn: Pairs, column: int, row: int) -> list[web.Trace]:
    across, up = (drawn.axes[k].scale for k in (column, row))
    traces = []
    if len(drawn.starts):
        marker = {"color": style.tone(FAINT), "size": 2.5}
        traces.append(web.trace("markers", *drawn.starts[:, [column, row]].T, marker=marker))
    for group in reversed(drawn.groups):
        dots = drawn.dots(group, column, row)
        told = {
            "customdata": [percent(share) for share in dots.share.tolist()],
            "hover": f"{web.safe(group.label)}<br>{web.safe(across.name)} %{{x:.5g}}{across.sign}<br>"
            f"{web.safe(up.name)} %{{y:.5g}}{up.sign}<br>%{{customdata}} of starts end here",
        }
        size = np.maximum(DOT[1] * np.sqrt(dots.share), DOT[0])
        traces.append(web.trace("markers", dots.x, dots.y, marker=_marker(group.look, size), **told))
    for mark, place in zip((START, END), drawn.own, strict=False):
        traces.append(web.trace("markers", place[[column]], place[[row]], marker=mark.web(8)))
    return traces


def _counts(drawn: Pairs, along: int) -> list[web.Trace]:
    axis = drawn.axes[along]
    bins = axis.bins
    middle = np.sqrt(bins[1:] * bins[:-1]) if axis.view.log else (bins[1:] + bins[:-1]) / 2
    traces = []
    for group, share in zip(drawn.groups, drawn.counts(along), strict=True):
        hover = (
            f"{web.safe(group.label)}<br>{web.safe(axis.scale.name)} about %{{x:.4g}}{axis.scale.sign}<extra></extra>"
        )
        look = {"width": np.diff(bins), "marker": {"color": group.look.colour, "line": {"width": 0}}}
        traces.append({"type": "bar", "x": middle, "y": share, "hovertemplate": hover, **look})
    return traces


def _lines(drawn: Pairs, column: int, row: int, x: str, y: str) -> list[dict[str, Any]]:
    """Describe the walls of a panel and the lines that cross at the best valley."""
    upright = {"type": "line", "xref": x, "yref": f"{y} domain", "y0": 0, "y1": 1, "layer": "below"}
    level = {"type": "line", "yref": y, "xref": f"{x} domain", "x0": 0, "x1": 1, "layer": "below"}
    sides = [(upright, "x", column)] + [(level, "y", row)] * (row != column)
    shapes = []
    for line, name, k in sides:
        marked = [(wall, {"color": style.muted(), "width": 1.2}) for wall in drawn.axes[k].walls]
        marked += [(limit, {"color": style.muted(), "width": 1, "dash": "dot"}) for limit in drawn.axes[k].limits]
        if row != column:
            marked.append((float(drawn.best[k]), {"color": drawn.groups[0].look.colour, "width": 0.7}))
        shapes += [line | {f"{name}0": value, f"{name}1": value, "line": look} for value, look in marked]
    return shapes
