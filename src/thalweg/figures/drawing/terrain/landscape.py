"""A surface of two parameters as a landscape in a page: explicit grays, contour lines, the run at its true loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import map_coordinates

from thalweg.figures.drawing import crowds, hues, relief, style, web
from thalweg.figures.drawing.marks import VALLEY, web_ends
from thalweg.figures.drawing.rivals import Rival, web_marks
from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.terrain.reading import LEAVING, Terrain
from thalweg.figures.drawing.wording import count

LIGHTING = {"ambient": 0.62, "diffuse": 0.55, "specular": 0.04, "roughness": 0.9, "fresnel": 0.05}

ON_LIGHT, ON_DARK = ("#a3a8af", "#d3d6da", "#f4f5f6"), ("#34383d", "#565b63", "#7b828c")
"""From the lowest ground to the highest."""

CONTOUR = ("#7b828c", "#1f2329")
"""Contour lines, on light paper and on dark."""

LIFT = 0.003
"""Colours lie this much above the ground, as a share of its height."""

CLEAR = 0.004
"""Paths lie this much above the ground at least, as a share of its height."""

HEAD, SHAFT = 0.05, 33
"""Length of an arrowhead, as a share of the sides of the box, and points along the way to it."""

MOST = 20_000
"""Points of a path in a page, about, unless it has more steps."""

AZIMUTHS = (-125.0, -55.0, 145.0, 35.0, -90.0, 90.0, 180.0, 0.0)
"""Sides from which the landscape may be seen, degrees; the first that serves best is taken."""

ELEVATION, DISTANCE = 40.0, 1.95
"""How high above the horizon the viewer stands, degrees, and how far away, in widths."""

APART = 0.25
"""From one loss written beside the landscape to the next, as a share of its height."""

TALL = 0.52
"""Height of the landscape over its width."""


def describe(terrain: Terrain) -> dict[str, Any]:
    """Describe a terrain for plotly.js."""
    traces = [_ground(terrain), *_basins(terrain), *_marks(terrain)]
    if terrain.run is not None:
        traces += _path(terrain, terrain.run)
    for rival in terrain.rivals:
        traces += _rival(rival)
    ends = terrain.spacing.back(terrain.levels[[0, -1]])
    heights = dict(zip(("tickvals", "ticktext"), _ticks(terrain, ends), strict=True))
    (left, low), (right, high) = terrain.corners
    stretch = (right - left) / (high - low)
    wide = stretch if 0.5 <= stretch <= 2 else 1.0
    x, y = terrain.scales
    axes = {
        "xaxis": axis(web.safe(x.label), range=[left, right], ticksuffix=x.sign),
        "yaxis": axis(web.safe(y.label), range=[low, high], ticksuffix=y.sign),
        "zaxis": axis("loss", **heights),
    }
    camera = {"eye": _eye(terrain), "center": {"x": 0, "y": 0, "z": -0.1}}
    margin = {"l": 0, "r": 0, "t": 40, "b": 0}
    return web.in_space(traces, {"scene": axes | frame(wide, camera), "margin": margin})


def _ticks(terrain: Terrain, ends: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Choose the losses beside the landscape, from the lowest up, so far apart that they have room on a phone."""
    places, texts = relief.scale_of(terrain.spacing, ends)
    kept: list[int] = []
    for k, place in enumerate(places.tolist()):
        if not kept or place - places[kept[-1]] >= APART * np.ptp(terrain.spaced):
            kept.append(k)
    return places[kept], [texts[k] for k in kept]


def frame(wide: float, camera: dict[str, Any]) -> dict[str, Any]:
    """Describe a scene but for its axes: so many times as wide as deep, and from where it is seen."""
    shares = {"x": wide / max(wide, 1), "y": 1 / max(wide, 1), "z": TALL}
    return {"aspectmode": "manual", "aspectratio": shares, "camera": camera}


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Describe an axis in space."""
    return {
        "title": {"text": title},
        "color": style.muted(),
        "gridcolor": style.grid(),
        "zeroline": False,
        "showbackground": False,
        "showspikes": False,
        **more,
    }


def _eye(terrain: Terrain) -> dict[str, float]:
    """Choose the side from which most of the path, or else of the valleys, is not hidden by the ground."""
    low, high = terrain.corners
    points = terrain.path[terrain.inside] if terrain.run is not None else terrain.valleys
    losses = terrain.run.train[terrain.inside] if terrain.run is not None else terrain.depths
    spaced = terrain.spaced
    full = np.ptp(spaced) or 1.0
    starts = np.column_stack([(points - low) / (high - low), (terrain.spacing.of(losses) - spaced.min()) / full])
    along = np.linspace(0.02, 1.0, 60)[:, None, None]
    corners = np.array(spaced.shape) - 1
    visible = []
    for azimuth in np.radians(AZIMUTHS):
        towards = np.array([np.cos(azimuth), np.sin(azimuth), np.tan(np.radians(ELEVATION)) / TALL])
        sight = starts + along * towards
        inside = ((sight[..., :2] >= 0) & (sight[..., :2] <= 1)).all(axis=-1)
        cells = np.rint(np.clip(sight[..., :2], 0, 1) * corners).astype(int)
        ground = (spaced[cells[..., 0], cells[..., 1]] - spaced.min()) / full
        visible.append(int((~(inside & (ground > sight[..., 2])).any(axis=0)).sum()))
    azimuth, elevation = np.radians(AZIMUTHS[int(np.argmax(visible))]), np.radians(ELEVATION)
    flat = DISTANCE * np.cos(elevation)
    eye = (flat * np.cos(azimuth), flat * np.sin(azimuth), DISTANCE * np.sin(elevation))
    return dict(zip("xyz", map(float, eye), strict=True))


def _hover(terrain: Terrain) -> str:
    x, y = (f"{web.safe(s.name)} %{{{a}:.4g}}{s.sign}" for s, a in zip(terrain.scales, "xy", strict=True))
    return f"{x}<br>{y}<br>{terrain.loss} %{{customdata:.5g}}"


def _ground(terrain: Terrain) -> web.Trace:
    return surface((terrain.x, terrain.y), terrain.spaced, terrain.heights, _hover(terrain), terrain.levels)


def surface(
    sides: tuple[np.ndarray, np.ndarray], spaced: np.ndarray, losses: np.ndarray, hover: str, levels: np.ndarray
) -> web.Trace:
    """Describe ground over two sides, with its spaced heights and its losses, (x, y), and levels of the heights."""
    lines = {"start": levels[1], "end": levels[-2], "size": levels[1] - levels[0]}
    x, y = sides
    return {
        "type": "surface",
        "x": x,
        "y": y,
        # 32 bits are finer than any screen, and halve the page.
        "z": spaced.T.astype(np.float32),
        "customdata": losses.T.astype(np.float32),
        "colorscale": style.plotly_colours(_greys()),
        "cmin": levels[0],
        "cmax": levels[-1],
        "showscale": False,
        "lighting": LIGHTING,
        "lightposition": {"x": -2000, "y": 1500, "z": 3000},
        "contours": {"z": {"show": True, "color": CONTOUR[style.look().dark], "width": 1, "highlight": False, **lines}},
        "hovertemplate": f"{hover}<extra></extra>",
    }


def _greys() -> tuple[str, ...]:
    return ON_DARK if style.look().dark else ON_LIGHT


def _basins(terrain: Terrain) -> list[web.Trace]:
    """Lay the colours of basins a little above the ground, which shows between them."""
    if terrain.hues is None:
        return []
    ground, spaced = _ground(terrain), terrain.spaced
    lift = _lift(terrain)
    plain = {"hoverinfo": "skip", "hovertemplate": None, "customdata": None}
    traces = []
    for hue in np.unique(terrain.hues[terrain.hues != hues.NONE]).tolist():
        heights = np.where(terrain.hues == hue, spaced + lift, np.nan).T.astype(np.float32)
        tints = [hues.coloured(grey, hue) for grey in _greys()]
        low, high = float(spaced.min()) + lift, float(spaced.max()) + lift
        scale = {"colorscale": style.plotly_colours(tuple(tints)), "cmin": low, "cmax": high}
        traces.append(ground | {"z": heights, "contours": {}} | scale | plain)
    return traces


def _lift(terrain: Terrain) -> float:
    """Choose how high above the ground the colours of basins lie; marks lie twice as high."""
    return 0.0 if terrain.hues is None else LIFT * float(np.ptp(terrain.spaced))


def _points(terrain: Terrain, places: np.ndarray, losses: np.ndarray, **more: Any) -> web.Trace:
    heights = terrain.spacing.of(losses) + 2 * _lift(terrain)
    return web.trace("markers", places[:, 0], places[:, 1], heights, customdata=losses, **more)


def _marks(terrain: Terrain) -> list[web.Trace]:
    if not len(terrain.valleys):
        return []
    kept, rest = crowds.parted(terrain.persistence)
    name = crowds.called(len(kept), len(rest)) if rest.size else count(len(kept), "valley")
    return [
        _points(
            terrain,
            terrain.valleys[some],
            terrain.depths[some],
            name=name,
            text=[web.safe(terrain.names[k]) for k in some],
            marker=VALLEY.web(size),
            hover=f"%{{text}}<br>{_hover(terrain)}",
            opacity=opacity,
        )
        for some, name, size, opacity in ((kept, name, 4, 1.0), (rest, f"{len(rest):,} more", 2, 0.5))
        if some.size
    ]


def _rival(rival: Rival[Terrain]) -> list[web.Trace]:
    """Describe one of several paths: a line in its colour, marks along it and, larger, where it ends."""
    terrain, inside = rival.drawn, rival.drawn.inside
    places, losses = np.where(inside[:, None], terrain.path, np.nan), np.where(inside, rival.run.train, np.nan)
    hover = f"{web.safe(rival.name)}, step %{{text}}<br>{_hover(terrain)}"
    path = _points(terrain, places, losses, text=rival.run.step, hover=hover, name=web.safe(rival.label))
    ways = [path[axis] for axis in "xyz"]
    x, y, z, steps = over_ground(terrain, places, losses)
    path |= {"mode": "lines", "line": {"color": rival.look.colour, "width": 6, "dash": rival.look.dash[1]}}
    path |= {"x": x, "y": y, "z": z, "text": steps.astype(int), "customdata": np.interp(steps, rival.run.step, losses)}
    return [path, *(web_marks(rival, ways, at, size) for at, size in ((rival.some, 4), (rival.run.step[-1:], 7)))]


def over_ground(
    terrain: Terrain, places: np.ndarray, losses: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Lead a path over the ground: x, y and heights along it, and steps, with whole ones where these are.

    A straight line in space between two steps would pass below a ridge. So each is divided, the finer the longer it is
    on the grid, and lies on the ground wherever this is higher, a little above it, where a screen can tell them apart.
    """
    spaced = terrain.spaced
    axes = (terrain.x, terrain.y)
    cells = np.stack([np.interp(places[:, k], side, np.arange(len(side))) for k, side in enumerate(axes)], axis=-1)
    far = np.abs(np.diff(cells, axis=0)).max(axis=-1, initial=0)
    most = max(int(MOST / max(len(far), 1)), 1)
    # A step over the end of a circle leaves a gap, as one that leaves the box does.
    round_ = np.array([shown.periodic for shown in terrain.scales]) * 0.5 * (np.array(spaced.shape) - 1)
    turned = ((np.abs(np.diff(cells, axis=0)) > round_) & (round_ > 0)).any(axis=-1)
    parts = np.maximum(np.clip(np.ceil(2 * np.nan_to_num(far)), 1, most).astype(int), 1 + turned)
    first = np.repeat(np.arange(len(parts)), parts)
    way = (np.arange(len(first)) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[first]
    first, way = np.append(first, len(places) - 1), np.append(way, 0.0)
    after = np.minimum(first + 1, len(places) - 1)
    inner, gap = way > 0, np.append(turned, False)[first] & (way > 0)

    def between(values: np.ndarray) -> np.ndarray:
        """Go from each value to the next; a step itself is reached even where the next one is not there."""
        here = values[first]
        return np.where(gap, np.nan, np.where(inner, (1 - way) * here + way * values[after], here))

    x, y = (between(places[:, k]) for k in (0, 1))
    at = np.stack([between(cells[:, k]) for k in (0, 1)])
    known = np.isfinite(at).all(axis=0)
    ground = np.full(len(x), np.nan)
    ground[known] = map_coordinates(spaced, at[:, known], order=1, mode="nearest")
    lift = 2 * _lift(terrain)
    chord = between(terrain.spacing.of(losses)) + lift
    return x, y, np.maximum(chord, ground + lift + CLEAR * float(np.ptp(spaced))), first + way


def _path(terrain: Terrain, run: DrawnRun) -> list[web.Trace]:
    inside = terrain.inside
    # A gap where the path is outside the box: there is no surface to be on.
    places = np.where(inside[:, None], terrain.path, np.nan)
    losses = np.where(inside, run.train, np.nan)
    *ways, steps = over_ground(terrain, places, losses)
    line = web.trace("lines", *ways, line={"width": 7, **run.steps.web(steps)})
    hover = f"step %{{text}}<br>{_hover(terrain)}"
    path = _points(terrain, places, losses, text=run.step, hover=hover)
    path |= {"marker": run.steps.web_marker(run.step, size=2.5)}
    ends = {axis: path[axis] for axis in "xyz"}
    return [line, path, *web_ends(ends, ("start", f"step {run.last}"), inside, 6, run.lost), *_leaving(terrain)]


def _leaving(terrain: Terrain) -> list[web.Trace]:
    """Draw the way from the last step in the box over the ground to its edge, as an arrow with its head there.

    plotly.js has no mark in space that points; its cones are as large as their scene, and distort with it.
    """
    if not len(terrain.exits):
        return []
    low, high = terrain.corners
    start, tip = np.moveaxis((terrain.exits - low) / (high - low), 1, 0)
    # A step that starts on the very edge has no way to it, and no head.
    back = HEAD * (start - tip) / np.maximum(np.linalg.norm(start - tip, axis=-1, keepdims=True), 1e-12)
    barbs = [tip + 0.9 * back + side * 0.5 * back[:, ::-1] * (1, -1) for side in (1, -1)]
    shaft = start[:, None] + np.linspace(0, 1, SHAFT)[:, None] * (tip - start)[:, None]
    gap = np.full_like(tip, np.nan)
    shares = np.concatenate([shaft, np.stack([gap, barbs[0], tip, barbs[1], gap], axis=1)], axis=1).reshape(-1, 2)
    shares = np.clip(shares, 0, 1)
    cells = np.nan_to_num(shares) * (np.array(terrain.spaced.shape) - 1)
    ground = map_coordinates(terrain.spaced, cells.T, order=1, mode="nearest")
    x, y = (low + shares * (high - low)).T
    heights = ground + 2 * _lift(terrain) + 2 * CLEAR * float(np.ptp(terrain.spaced))
    return [web.trace("lines", x, y, heights, name=LEAVING, line={"color": style.ink(), "width": 5})]
