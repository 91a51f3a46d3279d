"""A slice in a page: a landscape or a profile, the run on its ground and at its true loss, the panels below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.figures.drawing import relief, style, web
from thalweg.figures.drawing.marks import ORIGIN, web_ends
from thalweg.figures.drawing.terrain import landscape
from thalweg.figures.drawing.view import view_of
from thalweg.figures.drawing.wording import number
from thalweg.figures.slice import panels, several, verdict
from thalweg.figures.slice.reading import Ground, Heights, Projection, heights_of

BETWEEN = "between the two"

DROPS = 60
"""Lines between the two losses at most, so that they do not become a curtain."""

CLEAR = 0.85
"""Opacity of the ground with a run, part of which may lie below it."""

UPPER = (0.34, 0.94)
"""From where to where the landscape reaches above panels, as shares of the height."""

BELOW = (0.12, 0.97)
"""From where to where panels below a landscape reach, as shares of the width, all of which the landscape itself has."""

PROFILE = (0.47, 0.9)
"""Likewise a profile, which needs room for its axis."""

LONGEST = 2.0
"""A landscape that is so many times as long as wide, or more, has two scales of distance."""

LINE = 24
"""Letters in a line of a landscape's labels, about; longer ones are cut off on a phone."""

AZIMUTHS = (-125.0, -55.0, 35.0, 145.0)
"""Sides from which the landscape may be seen, degrees; the one with the lowest ground in front is taken."""

FLAT, HIGH = 1.74, 1.02
"""How far away the viewer stands, and how high above the middle."""

ASIDE = 0.09
"""So far left of the middle is what the viewer looks at: the label of the height has room then on a phone."""


def describe(ground: Ground, path: Projection | None, runs: Sequence[several.Run] = ()) -> dict[str, Any]:
    """Describe a slice for plotly.js."""
    place = "" if path is None else "3"
    if ground.flat:
        traces, layout = _profile(ground, path, place, runs)
    else:
        traces, layout = _landscape(ground, path, runs)
    if path is None:
        return web.in_space(traces, layout)
    below = panels.layout(path, None if ground.flat else BELOW)
    titles = several.web_headings(path) if runs else below["annotations"]
    notes = {"annotations": [*titles, verdict.note(path)]}
    lines = several.web_panels(runs) if runs else panels.traces(path)
    return web.in_space([*traces, *lines], layout | below | notes)


def _landscape(
    ground: Ground, path: Projection | None, drawn: Sequence[several.Run]
) -> tuple[list[web.Trace], dict[str, Any]]:
    heights = heights_of(ground, path)
    levels = relief.levels_of(heights.spaced)
    runs = heights.spacing.of(path.losses) if path is not None and len(path.losses) else levels
    low, high = min(levels[0], runs.min()), max(levels[-1], runs.max())
    ticks, texts = relief.scale_of(heights.spacing, heights.spacing.back(np.array([low, high])), 3)
    (left, lower), (right, upper) = ground.corners
    wide = (ground.ratio or 1.0) if is_to_scale(ground) else 1.0
    scene = {
        "xaxis": _axis(ground.names[0], ground.units[0], range=[left, right], nticks=5),
        "yaxis": _axis(ground.names[1], ground.units[1], range=[lower, upper], nticks=5),
        "zaxis": _axis(ground.value, "", tickvals=ticks, ticktext=texts),
        **landscape.frame(wide, _camera(heights.spaced)),
        "domain": {"x": [0, 1], "y": [0, 1] if path is None else list(UPPER)},
    }
    traces = [_ground(ground, heights, 1.0 if path is None else CLEAR), *_origin(ground, heights)]
    margin = web.MARGIN | {"l": 0, "r": 0} | ({"t": 40, "b": 0} if path is None else {})
    if drawn:
        traces += several.web_paths(ground, heights, drawn, {})
    elif path is not None:
        traces += _path(ground, heights, path)
    return traces, {"scene": scene, "margin": margin}


def is_to_scale(ground: Ground) -> bool:
    """Tell whether a landscape has one scale of distance on both axes, where they have a common measure."""
    return ground.ratio is None or 1 / LONGEST <= ground.ratio <= LONGEST


def _camera(spaced: np.ndarray) -> dict[str, Any]:
    x, y = (np.linspace(-1, 1, size) for size in spaced.shape)
    rises = [float(np.mean(x[:, None] * spaced)), float(np.mean(y * spaced))]
    sides = [(float(np.cos(angle)), float(np.sin(angle))) for angle in np.radians(AZIMUTHS)]
    # Rounded, so that a surface without a low side is seen from the first.
    across, up = min(sides, key=lambda side: round(side[0] * rises[0] + side[1] * rises[1], 6))
    eye = {"x": FLAT * across, "y": FLAT * up, "z": HIGH}
    return {"eye": eye, "center": {"x": ASIDE * up, "y": -ASIDE * across, "z": -0.12}}


def _titled(name: str, unit: str, most: int = 60) -> str:
    lines = [line for text in (name, f"[{unit}]" if unit else "") for line in textwrap.wrap(text, most)]
    return "<br>".join(map(web.safe, lines))


def _axis(name: str, unit: str, **more: Any) -> dict[str, Any]:
    title = {"text": _titled(name, unit, LINE), "font": {"size": 12}}
    return landscape.axis("", tickfont={"size": 11}, **more) | {"title": title}


def _hover(ground: Ground) -> str:
    return "<br>".join(f"{web.safe(name)} %{{{letter}:.4g}}" for name, letter in zip(ground.names, "xy", strict=False))


def _ground(ground: Ground, heights: Heights, opacity: float) -> web.Trace:
    hover = f"{_hover(ground)}<br>{web.safe(ground.value)} %{{customdata:.5g}}"
    surface = landscape.surface(
        (ground.x, ground.y), heights.spaced, ground.losses.T, hover, relief.levels_of(heights.spaced)
    )
    # What is not finite is a hole.
    return surface | {"z": np.where(ground.finite, surface["z"], np.nan).astype(np.float32), "opacity": opacity}


def _origin(ground: Ground, heights: Heights) -> list[web.Trace]:
    if not ground.home:
        return []
    name = f"origin, {ground.value} {number(ground.origin, 3)}"
    look = {"color": style.ink(), "symbol": "cross", "size": 4}
    place = {"x": [0.0], "y": [0.0], "z": heights.spacing.of(np.array([ground.origin]))}
    return [web.trace("markers", **place, name=name, marker=look, hover=name)]


def hover_of(path: Projection) -> tuple[np.ndarray, str]:
    """Collect the numbers of every step that the hover shows, and the words around them."""
    numbers = np.stack([path.true, path.under, path.distance, path.travelled], axis=-1)
    words = (panels.TRUE, panels.UNDER, f"distance {panels.away(path)}", f"distance {panels.TRAVELLED}")
    lines = [f"{word} %{{customdata[{k}]:.4g}}" for k, word in enumerate(words)]
    return numbers, "<br>".join(["step %{text}", *lines])


def _path(ground: Ground, heights: Heights, path: Projection) -> list[web.Trace]:
    inside = path.inside(ground)
    # A gap where the path is outside: there is no surface to be on.
    x, y = np.where(inside[:, None], path.places, np.nan).T
    true, under = (np.where(inside, heights.spacing.of(values), np.nan) for values in (path.true, path.under))
    numbers, hover = hover_of(path)
    common = {"text": path.step, "customdata": numbers, "hover": hover}
    colours = path.steps.web(path.step)
    bar = {"title": {"text": "step", "side": "top"}, "thickness": 10, "outlinewidth": 0, "x": 0.99, "xanchor": "right"}
    bar |= {"len": 0.3, "y": 0.9, "yanchor": "top"}
    look = {"marker": colours | {"size": 2.5, "colorbar": bar}, "line": colours | {"width": 7}}
    own = web.trace("lines+markers", x, y, true, **common, **look) | {"name": "run"}
    on = web.trace("lines", x, y, under, **common, name="on the surface", line={"color": style.ink(), "width": 4})
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), DROPS)).astype(int))
    drops = (web.gapped(np.stack(ends, axis=-1)[chosen]) for ends in ((x, x), (y, y), (true, under)))
    between = web.trace("lines", *drops, line={"color": style.fit(), "width": 2}, opacity=0.6) | {"name": BETWEEN}
    # A line of many colours has none in the legend; this one stands for it.
    sample = {"color": style.path_stops()[3], "width": 7}
    key = web.trace("lines", [None], [None], [None], name="at its own loss", line=sample)
    ends = {"x": x, "y": y, "z": true}
    return [between, on, own, key, *web_ends(ends, path.ends, np.isfinite(x + true), 6)]


def _profile(
    ground: Ground, path: Projection | None, place: str, drawn: Sequence[several.Run]
) -> tuple[list[web.Trace], dict[str, Any]]:
    on = {"xaxis": f"x{place}", "yaxis": f"y{place}"}
    line, hover = {"color": style.ink(), "width": 2.5}, f"{_hover(ground)}<br>{web.safe(ground.value)} %{{y:.5g}}"
    traces = [web.trace("lines", ground.x, ground.losses, name="surface", line=line, hover=hover, **on)]
    if ground.home:
        name = f"origin, {ground.value} {number(ground.origin, 3)}"
        traces.append(web.trace("markers", [0.0], [ground.origin], name=name, marker=ORIGIN.web(11), **on))
    shown = [ground.losses, np.array([ground.origin])] if ground.home else [ground.losses]
    view = view_of([*shown, *([] if path is None else [path.losses])], np.empty(0))
    ends = ground.corners[0].tolist() + ground.corners[1].tolist()
    domain = [0.0, 1.0] if path is None else list(PROFILE)
    across = web.axis("", range=ends, anchor=f"y{place}")
    layout = {
        f"xaxis{place}": across | {"title": {"text": _titled(ground.names[0], ground.units[0]), "standoff": 8}},
        f"yaxis{place}": web.axis(ground.value, domain=domain, anchor=f"x{place}", exponentformat="power", **view.web),
    }
    if drawn:
        return [*traces, *several.web_paths(ground, None, drawn, on)], layout
    return [*traces, *([] if path is None else _along(ground, path, on))], layout


def _along(ground: Ground, path: Projection, on: dict[str, Any]) -> list[web.Trace]:
    """Describe a run over a profile: its steps at their true loss, and lines down to the surface."""
    x = np.where(path.inside(ground), path.places[:, 0], np.nan)
    numbers, hover = hover_of(path)
    drops = (web.gapped(np.stack(ends, axis=-1)) for ends in ((x, x), (path.true, path.under)))
    between = web.trace("lines", *drops, line={"color": style.tone(panels.GAP), "width": 1}, **on) | {"name": BETWEEN}
    marker, said = path.steps.web(path.step) | {"size": 6}, {"text": path.step, "customdata": numbers, "hover": hover}
    return [between, web.trace("markers", x, path.true, marker=marker, **said, **on)]
