"""A profile over two parameters as two maps side by side, on paper and in a page."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D

from thalweg.figures.drawing import canvas, extent, relief, style, web
from thalweg.figures.drawing.marks import VALLEY
from thalweg.figures.profile_likelihood.reading import Maps

REGION = 2.0
"""Width of the line around the region, points."""

DOMAINS = ([0.0, 0.46], [0.54, 1.0])
"""Where the two maps stand across a page."""


def _region(drawn: Maps) -> str:
    return f"region of {100 * drawn.confidence:g} %"


def draw(drawn: Maps, title: str) -> canvas.Sheet:
    """Draw the two maps with one bar of losses."""
    sheet = canvas.headed(title, drawn.note, layout="constrained")
    top = 1 - canvas.HEADER / sheet.get_size_inches()[1]
    sheet.get_layout_engine().set(rect=(0.012, 0.01, 0.976, top - 0.01), wspace=0.04)  # pyright: ignore
    panels = sheet.subplots(1, 2, sharex=True, sharey=True)
    for axes, (name, heights) in zip(panels, drawn.panels, strict=True):
        _draw_map(axes, drawn, heights)
        axes.set_title(name, size=9.5, weight="normal", color=style.muted())
        axes.label_outer()
    shades = ListedColormap([str(gray) for gray in relief.grays()])
    colours = ScalarMappable(BoundaryNorm(drawn.levels.tolist(), relief.LEVELS), shades)
    bar = canvas.side_bar(sheet, colours, "", ax=list(panels))
    bar.ax.set_title("loss", loc="center", size=9, weight="normal", pad=7, color=style.ink())
    low, high = drawn.levels[[0, -1]].tolist()
    ticks = relief.ticks_of(relief.Spacing(low), low, high)
    bar.set_ticks(ticks.tolist())
    bar.ax.minorticks_off()
    region = [(Line2D([], [], color=style.fit(), lw=REGION), _region(drawn))] if drawn.bounded else []
    canvas.legend(sheet, panels[0], region)
    return sheet


def _draw_map(axes: Axes, drawn: Maps, heights: np.ndarray) -> None:
    shades = [str(gray) for gray in relief.grays()]
    axes.contourf(drawn.x, drawn.y, heights.T, drawn.levels, colors=shades, zorder=0.5)
    axes.contour(drawn.x, drawn.y, heights.T, drawn.levels[1:-1], colors=[style.muted()], linewidths=0.4, zorder=0.7)
    if drawn.bounded:
        axes.contour(drawn.x, drawn.y, heights.T, [drawn.level], colors=[style.fit()], linewidths=REGION, zorder=1)
    VALLEY.draw(axes, [drawn.place[0]], [drawn.place[1]], ms=7, zorder=2.5, label="minimum")
    extent.show_across(axes, drawn.across)
    canvas.show_unit(axes.xaxis, drawn.scales[0])
    canvas.show_unit(axes.yaxis, drawn.scales[1])
    drawn.up.show(axes)
    extent.show_across(axes, drawn.across)
    axes.grid(visible=False)


def describe(drawn: Maps) -> dict[str, Any]:
    """Describe the two maps for a page."""
    first, second = drawn.scales
    traces: list[web.Trace] = []
    layout: dict[str, Any] = {"annotations": []}
    for k, (name, heights) in enumerate(drawn.panels):
        key = "2" if k else ""
        place = {"xaxis": f"x{key}", "yaxis": f"y{key}"}
        traces += [trace | place for trace in _web_map(drawn, name, heights, k == 0)]
        across = {"domain": DOMAINS[k], "anchor": f"y{key}", **drawn.across.web}
        up = {"anchor": f"x{key}", "showticklabels": k == 0, **({"matches": "y"} if k else {}), **drawn.up.web}
        layout[f"xaxis{key}"] = web.parameter_axis(first, **({"matches": "x"} if k else {}), **across)
        title = {} if k == 0 else {"title": {"text": ""}}
        layout[f"yaxis{key}"] = web.parameter_axis(second, **up) | title
        layout["annotations"].append(web.heading(name, DOMAINS[k][0], 1.0))
    layout["legend"] = {"orientation": "h", "x": 0, "y": 1.07, "yanchor": "bottom", "font": {"size": 12}}
    return web.described(traces, layout)


def _web_map(drawn: Maps, name: str, heights: np.ndarray, first: bool) -> list[web.Trace]:
    one, two = drawn.scales
    step = float(drawn.levels[1] - drawn.levels[0])
    grays = [f"rgb({g},{g},{g})" for g in (255 * relief.grays()).round().astype(int).tolist()]
    hover = (
        f"{name}<br>{web.safe(one.name)} %{{x:.5g}}{one.sign}<br>{web.safe(two.name)} %{{y:.5g}}{two.sign}"
        "<br>loss %{z:.5g}<extra></extra>"
    )
    sides = {"type": "contour", "x": drawn.x, "y": drawn.y, "z": heights.T, "showscale": False, "showlegend": False}
    ground = sides | {
        "colorscale": style.plotly_colours(tuple(grays)),
        "zmin": drawn.levels[0],
        "zmax": drawn.levels[-1],
        "contours": {"start": drawn.levels[1], "end": drawn.levels[-2], "size": step},
        "line": {"width": 0.5, "color": style.muted()},
        "hovertemplate": hover,
    }
    traces = [ground]
    if drawn.bounded:
        line = {"color": style.fit(), "width": 2.5}
        contours = {"start": drawn.level, "end": drawn.level, "size": step, "coloring": "none"}
        traces.append(sides | {"contours": contours, "line": line, "hoverinfo": "skip"})
        traces.append(web.trace("lines", [None], [None], name=_region(drawn), line=line) | {"showlegend": first})
    place = [np.array([value]) for value in drawn.place]
    traces.append(web.trace("markers", *place, name="minimum", marker=VALLEY.web(10)) | {"showlegend": first})
    return traces
