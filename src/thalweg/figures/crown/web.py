"""The crown in a page, to turn by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.crown.arrays import Crown
from thalweg.figures.crown.ring import FLARE, HEIGHT, INNER, OUTER
from thalweg.figures.drawing import style, web
from thalweg.figures.drawing.wording import minus, number

GRAYS = [[0.0, "#000000"], [1.0, "#ffffff"]]

UNLIT = {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0, "fresnel": 0.0}

EYE = (1.16, 0.9)
"""How far away and how high above the middle of the ring the viewer stands, in its widths."""

WIDE = 1.35
"""Width of the box around the ring, as plotly.js measures it."""

LIFT = 0.012
"""The path lies this much above the surface, in units of the ring's height, or it would flicker with it."""


def describe(crown: Crown) -> dict[str, Any]:
    """Describe the crown for plotly.js; heights are those of the page, readings are of the losses."""
    traces = [_ring(crown), _scale(crown), *_passes(crown), *_floors(crown)]
    if crown.course is not None:
        traces += [*_falls(crown), *_run(crown, crown.course.train, crown.course.last)]
    hidden, reach = {"visible": False}, 1.3 * (OUTER + FLARE * HEIGHT)
    across, up = EYE
    scene = {
        "xaxis": hidden | {"range": [-reach, reach]},
        "yaxis": hidden | {"range": [-reach, reach]},
        "zaxis": hidden | {"range": [0, HEIGHT]},
        "aspectmode": "manual",
        "aspectratio": {"x": WIDE, "y": WIDE, "z": WIDE * HEIGHT / (2 * reach)},
        "camera": {
            "eye": {"x": across * np.cos(crown.azimuth), "y": across * np.sin(crown.azimuth), "z": up},
            "center": {"x": 0, "y": 0, "z": -0.12},
        },
    }
    found = web.described(traces, {"scene": scene, "margin": {"l": 0, "r": 0, "t": 40, "b": 0}})
    found["layout"]["legend"]["itemsizing"] = "constant"
    return found


def _place(angles: np.ndarray, heights: np.ndarray, across: float | np.ndarray) -> dict[str, np.ndarray]:
    radii = INNER + (OUTER - INNER) * across + FLARE * HEIGHT * heights
    return {"x": radii * np.cos(angles), "y": radii * np.sin(angles), "z": HEIGHT * heights + 0 * radii}


def _ring(crown: Crown) -> web.Trace:
    """One surface from foot to foot. It is lit here as it is on paper: plotly.js would round every edge."""
    across, heights, light = (np.append(part, part[:, :1], axis=1) for part in crown.ring.outline(crown.cut))
    angles = np.append(crown.angles, crown.angles[0] + 2 * np.pi)
    losses = np.append(crown.losses, crown.losses[0])
    texts = [f"{crown.text(angle)}, loss {loss:.5g}" for angle, loss in zip(angles, losses, strict=True)]
    return {
        "type": "surface",
        **_place(np.broadcast_to(angles, heights.shape), heights, across[:, :1]),
        "surfacecolor": light,
        "cmin": 0,
        "cmax": 1,
        "text": [texts] * len(heights),
        "hoverinfo": "text",
        "colorscale": GRAYS,
        "showscale": False,
        "lighting": UNLIT,
        "contours": {axis: {"highlight": False} for axis in "xyz"},
    }


def _scale(crown: Crown) -> web.Trace:
    """Draw the scale of losses at the left of the ring."""
    ticks = crown.levels.ticks
    left = np.full(len(ticks), crown.azimuth - np.pi / 2)
    places = _place(left, np.zeros(len(ticks)), 2.05) | {"z": HEIGHT * crown.levels.height(ticks)}
    texts = [number(float(tick)) for tick in ticks]
    return {
        "type": "scatter3d",
        "mode": "lines+markers+text",
        "text": [*texts[:-1], f"loss {texts[-1]}"] if texts else [],
        "textposition": "middle left",
        "textfont": {"color": style.MUTED, "size": 12},
        "line": {"color": style.MUTED, "width": 2},
        "marker": {"color": style.MUTED, "size": 2},
        "hoverinfo": "skip",
        "showlegend": False,
        **places,
    }


def _floors(crown: Crown) -> list[web.Trace]:
    if not len(crown.marks):
        return []
    heights = crown.levels.height(crown.mark_losses) + LIFT
    ends = np.array([-0.02, 1.02, np.nan])
    lines = _place(crown.marks[:, None], heights[:, None], ends)
    named = crown.apart
    names = _place(crown.marks[named], heights[named] + 0.05, 1.12)
    floor = {
        "type": "scatter3d",
        "mode": "lines",
        "name": "valleys",
        "line": {"width": 2 if crown.crowded else 5, "color": style.VALLEY},
    }
    text = {
        "type": "scatter3d",
        "mode": "text",
        "text": [web.safe(crown.mark_texts[k]) for k in named.tolist()],
        "textfont": {"color": style.VALLEY, "size": 13},
        "customdata": crown.mark_losses[named],
        "hovertemplate": "valley at %{text}, loss %{customdata:.5g}<extra></extra>",
        "showlegend": False,
    }
    return [floor | {key: part.ravel() for key, part in lines.items()} | {"hoverinfo": "skip"}, text | names]


def _passes(crown: Crown) -> list[web.Trace]:
    """Draw a dashed line across the top at every pass."""
    if not len(crown.passes):
        return []
    heights = crown.levels.height(crown.pass_losses)[:, None] + LIFT
    across = np.append(np.linspace(0, 1, 14), np.nan)
    across[2::3] = np.nan
    told = zip(crown.passes, crown.pass_losses, strict=True)
    texts = [f"pass at {crown.text(angle)}, loss {loss:.5g}" for angle, loss in told for _ in across]
    line = {
        "type": "scatter3d",
        "mode": "lines",
        "name": "passes",
        "line": {"width": 1 if crown.crowded else 4, "color": style.MUTED},
    }
    places = {key: part.ravel() for key, part in _place(crown.passes[:, None], heights, across).items()}
    return [line | places | {"text": texts, "hovertemplate": "%{text}<extra></extra>"}]


def _run(crown: Crown, losses: np.ndarray, last: int) -> list[web.Trace]:
    steps = np.arange(len(crown.path))
    along = crown.along
    angles, heights = np.interp(along, steps, crown.path), crown.levels.height(losses)
    ground = np.interp(angles, crown.angles, crown.levels.height(crown.losses), period=2 * np.pi)
    falling = np.isin(np.floor(along), crown.falls.step) & (along != np.floor(along))
    way = _place(angles, np.where(falling, np.nan, ground + LIFT), 0.5)
    texts = [
        f"step {k}, {crown.text(angle)}, loss {loss:.5g}"
        for k, angle, loss in zip(steps, crown.path, losses, strict=True)
    ]
    colours = {"color": along, "colorscale": style.plotly_colours(), "cmin": 0, "cmax": max(last, 1)}
    line = {
        "type": "scatter3d",
        "mode": "lines",
        "showlegend": False,
        "hoverinfo": "skip",
        "line": {"width": 7} | colours,
    }
    dots = {
        "type": "scatter3d",
        "mode": "markers",
        "name": "the run",
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
        "marker": web.step_marker(steps, last, size=3.5),
    }
    return [line | way, dots | _place(crown.path, heights + LIFT, 0.5)]


def _falls(crown: Crown) -> list[web.Trace]:
    """Draw every derailment as an arc through the air."""
    if not len(crown.falls.step):
        return []
    assert crown.course is not None
    share = np.append(np.linspace(0, 1, 24), np.nan)
    step = crown.falls.step[:, None]
    angles = crown.path[step] + share * (crown.path[step + 1] - crown.path[step])
    ends = crown.levels.height(crown.course.train)
    heights = ends[step] + share * (ends[step + 1] - ends[step]) + LIFT + 0.6 * share * (1 - share)
    told = [
        minus(f"step {k} → {k + 1}: {crown.names[int(left)]} → {crown.names[int(entered)]}")
        for k, left, entered in zip(crown.falls.step, crown.falls.left, crown.falls.entered, strict=True)
    ]
    arc = {
        "type": "scatter3d",
        "mode": "lines",
        "name": "derailments" if len(told) > 1 else web.safe(told[0]),
        "text": [text for text in told for _ in share],
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"width": 6, "color": style.FALL},
    }
    return [arc | {key: part.ravel() for key, part in _place(angles, heights, 0.5).items()}]
