"""A surface of two parameters as a landscape in a page: explicit grays, contour lines, the run at its true loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.drawing import hues, style, web
from thalweg.figures.drawing.course import Course
from thalweg.figures.drawing.wording import count, number
from thalweg.figures.plane import relief
from thalweg.figures.plane.chart import Chart

LIGHTING = {"ambient": 0.62, "diffuse": 0.55, "specular": 0.04, "roughness": 0.9, "fresnel": 0.05}

GREYS = ("#a3a8af", "#d3d6da", "#f4f5f6")
"""From the lowest ground to the highest."""

LIFT = 0.003
"""Colours lie this much above the ground, as a share of its height."""

AZIMUTHS = (-125.0, -55.0, 145.0, 35.0, -90.0, 90.0, 180.0, 0.0)
"""Sides from which the landscape may be seen, degrees; the first that serves best is taken."""

ELEVATION, DISTANCE = 40.0, 1.95
"""How high above the horizon the viewer stands, degrees, and how far away, in widths."""

TALL = 0.52
"""Height of the landscape over its width."""


def describe(chart: Chart) -> dict[str, Any]:
    """Describe a chart for plotly.js."""
    traces = [_ground(chart), *_basins(chart), *_marks(chart)]
    if chart.course is not None:
        traces += _path(chart, chart.course)
    levels = relief.levels_of(chart.spaced)
    ticks = relief.ticks_of(chart.spacing, *chart.spacing.back(levels[[0, -1]]))
    heights = {"tickvals": chart.spacing.of(ticks), "ticktext": [number(tick) for tick in ticks]}
    (left, low), (right, high) = chart.corners
    stretch = (right - left) / (high - low)
    wide = stretch if 0.5 <= stretch <= 2 else 1.0
    scene = {
        "xaxis": _axis(web.safe(chart.scales[0].label), range=[left, right], ticksuffix=chart.scales[0].sign),
        "yaxis": _axis(web.safe(chart.scales[1].label), range=[low, high], ticksuffix=chart.scales[1].sign),
        "zaxis": _axis("loss", **heights),
        "aspectmode": "manual",
        "aspectratio": {"x": wide / max(wide, 1), "y": 1 / max(wide, 1), "z": TALL},
        "camera": {"eye": _eye(chart), "center": {"x": 0, "y": 0, "z": -0.1}},
    }
    found = web.described(traces, {"scene": scene, "margin": {"l": 0, "r": 0, "t": 40, "b": 0}})
    # The marks in space are small; in the legend they are as large as elsewhere.
    found["layout"]["legend"]["itemsizing"] = "constant"
    return found


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {
        "title": {"text": title},
        "color": style.MUTED,
        "gridcolor": style.GRID,
        "zeroline": False,
        "showbackground": False,
        "showspikes": False,
        **more,
    }


def _eye(chart: Chart) -> dict[str, float]:
    """Choose the side from which most of the path, or else of the valleys, is not hidden by the ground."""
    low, high = chart.corners
    points = chart.path[chart.inside] if chart.course is not None else chart.valleys
    losses = chart.course.train[chart.inside] if chart.course is not None else chart.depths
    spaced = chart.spaced
    full = np.ptp(spaced) or 1.0
    starts = np.column_stack([(points - low) / (high - low), (chart.spacing.of(losses) - spaced.min()) / full])
    along = np.linspace(0.02, 1.0, 60)[:, None, None]
    corners = np.array(spaced.shape) - 1
    seen = []
    for azimuth in np.radians(AZIMUTHS):
        towards = np.array([np.cos(azimuth), np.sin(azimuth), np.tan(np.radians(ELEVATION)) / TALL])
        sight = starts + along * towards
        inside = ((sight[..., :2] >= 0) & (sight[..., :2] <= 1)).all(axis=-1)
        cells = np.rint(np.clip(sight[..., :2], 0, 1) * corners).astype(int)
        ground = (spaced[cells[..., 0], cells[..., 1]] - spaced.min()) / full
        seen.append(int((~(inside & (ground > sight[..., 2])).any(axis=0)).sum()))
    azimuth, elevation = np.radians(AZIMUTHS[int(np.argmax(seen))]), np.radians(ELEVATION)
    flat = DISTANCE * np.cos(elevation)
    eye = (flat * np.cos(azimuth), flat * np.sin(azimuth), DISTANCE * np.sin(elevation))
    return dict(zip("xyz", map(float, eye), strict=True))


def _hover(chart: Chart) -> str:
    x, y = (f"{web.safe(s.name)} %{{{a}:.4g}}{s.sign}" for s, a in zip(chart.scales, "xy", strict=True))
    return f"{x}<br>{y}<br>training loss %{{customdata:.5g}}"


def _ground(chart: Chart) -> web.Trace:
    spaced = chart.spaced
    levels = relief.levels_of(spaced)
    lines = {"start": levels[1], "end": levels[-2], "size": levels[1] - levels[0]}
    return {
        "type": "surface",
        "x": chart.x,
        "y": chart.y,
        # 32 bits are finer than any screen, and halve the page.
        "z": spaced.T.astype(np.float32),
        "customdata": chart.heights.T.astype(np.float32),
        "colorscale": style.plotly_colours(GREYS),
        "showscale": False,
        "lighting": LIGHTING,
        "lightposition": {"x": -2000, "y": 1500, "z": 3000},
        "contours": {"z": {"show": True, "color": "#7b828c", "width": 1, "highlight": False, **lines}},
        "hovertemplate": f"{_hover(chart)}<extra></extra>",
    }


def _basins(chart: Chart) -> list[web.Trace]:
    """Lay the colours of basins a little above the ground, which shows between them."""
    if chart.hues is None:
        return []
    ground, spaced = _ground(chart), chart.spaced
    lift = _lift(chart)
    plain = {"hoverinfo": "skip", "hovertemplate": None, "customdata": None}
    traces = []
    for hue in np.unique(chart.hues[chart.hues != hues.NONE]).tolist():
        heights = np.where(chart.hues == hue, spaced + lift, np.nan).T.astype(np.float32)
        tints = [hues.coloured(grey, hue) for grey in GREYS]
        low, high = float(spaced.min()) + lift, float(spaced.max()) + lift
        scale = {"colorscale": style.plotly_colours(tuple(tints)), "cmin": low, "cmax": high}
        traces.append(ground | {"z": heights, "contours": {}} | scale | plain)
    return traces


def _lift(chart: Chart) -> float:
    """Choose how high above the ground the colours of basins lie; marks lie twice as high."""
    return 0.0 if chart.hues is None else LIFT * float(np.ptp(chart.spaced))


def _points(chart: Chart, places: np.ndarray, losses: np.ndarray, **more: Any) -> web.Trace:
    return {
        "type": "scatter3d",
        "mode": "markers",
        "x": places[:, 0],
        "y": places[:, 1],
        "z": chart.spacing.of(losses) + 2 * _lift(chart),
        "customdata": losses,
        **more,
    }


def _marks(chart: Chart) -> list[web.Trace]:
    if not len(chart.valleys):
        return []
    look = {"color": style.VALLEY, "size": 4, "line": {"color": style.PAPER, "width": 1}}
    hover = f"%{{text}}<br>{_hover(chart)}<extra></extra>"
    numbers = {"text": [web.safe(name) for name in chart.names], "marker": look, "hovertemplate": hover}
    return [_points(chart, chart.valleys, chart.depths, name=count(len(chart.valleys), "valley"), **numbers)]


def _path(chart: Chart, course: Course) -> list[web.Trace]:
    inside = chart.inside
    # A gap where the path is outside the box: there is no surface to be on.
    places = np.where(inside[:, None], chart.path, np.nan)
    losses = np.where(inside, course.train, np.nan)
    colours = web.step_marker(course.step, course.last)
    line = {"width": 7, **{key: value for key, value in colours.items() if key != "colorbar"}}
    hover = f"step %{{text}}<br>{_hover(chart)}<extra></extra>"
    path = _points(chart, places, losses, text=course.step, hovertemplate=hover, showlegend=False)
    path |= {"mode": "lines+markers", "line": line, "marker": colours | {"size": 2.5}}
    ends = []
    for k, name, look in (
        (0, "start", {"color": style.PAPER, "size": 6, "line": {"color": style.INK, "width": 2}}),
        (-1, f"step {course.last}", {"color": style.FIT, "symbol": "diamond", "size": 6}),
    ):
        if inside[k]:
            ends.append(_points(chart, places[[k]], losses[[k]], name=name, marker=look, hoverinfo="skip"))
    return [path, *ends]
