"""The crown in a page, to turn by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from thalweg.figures.crown.arrays import Crown
from thalweg.figures.crown.ring import FLARE, HEIGHT, INNER, OUTER
from thalweg.figures.crown.stage import brightest
from thalweg.figures.drawing import canvas, crowds, phone, style, web
from thalweg.figures.drawing.rivals import Rival, web_marks
from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.wording import number

UNLIT = {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0, "fresnel": 0.0}

EYE = (1.16, 0.9)
"""How far away and how high above the middle of the ring the viewer stands, in its widths."""

WIDE = 1.35
"""Width of the box around the ring, as plotly.js measures it."""

ASIDE = 2.5
"""Where across the ring its scale stands: names of valleys have room between; further out it would leave the scene."""

LETTERS, NAME = 12, 13
"""Of the numbers of the scale, and of the names of valleys, pixels."""

HALF = 0.45
"""Half the height of digits with the room above and below, as a share of their size."""

LIFT = 0.012
"""The path lies this much above the surface, in units of the ring's height, or it would flicker with it."""


def describe(crown: Crown) -> dict[str, Any]:
    """Describe the crown for plotly.js; heights are those of the page, readings are of the losses."""
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
    scale, boxes = _scale(crown, scene)
    traces = [_ring(crown), scale, *_passes(crown), *_floors(crown), *_names(crown, scene, boxes)]
    if crown.run is not None:
        traces += [*_derailments(crown, crown.run), *_run(crown, crown.run)]
    for rival in crown.rivals:
        traces += _rival(rival)
    return web.in_space(traces, {"scene": scene, "margin": {"l": 0, "r": 0, "t": 40, "b": 0}})


def _place(angles: np.ndarray, heights: np.ndarray, across: float | np.ndarray) -> dict[str, np.ndarray]:
    radii = INNER + (OUTER - INNER) * across + FLARE * HEIGHT * heights
    return {"x": radii * np.cos(angles), "y": radii * np.sin(angles), "z": HEIGHT * heights + 0 * radii}


def _ring(crown: Crown) -> web.Trace:
    """One surface from foot to foot. It is lit here as it is on paper: plotly.js would round every edge."""
    across, heights, light = (np.append(part, part[:, :1], axis=1) for part in crown.ring.outline(crown.cut))
    angles = np.append(crown.angles, crown.angles[0] + 2 * np.pi)
    losses = np.append(crown.losses, crown.losses[0])
    return {
        "type": "surface",
        **_place(np.broadcast_to(angles, heights.shape), heights, across[:, :1]),
        "surfacecolor": light,
        "cmin": 0,
        "cmax": 1,
        "text": [crown.hover_texts(angles, losses)] * len(heights),
        "hoverinfo": "text",
        "colorscale": style.plotly_colours(("#000000", to_hex(str(brightest())))),
        "showscale": False,
        "lighting": UNLIT,
        "contours": {axis: {"highlight": False} for axis in "xyz"},
    }


def _scale(crown: Crown, scene: dict[str, Any]) -> tuple[web.Trace, np.ndarray]:
    """Draw the scale of losses at the left of the ring, its numbers from the highest down as far apart as letters are.

    Beside it the boxes that the numbers take on a phone, (number, 4).
    """
    ticks = crown.levels.ticks
    left = np.full(len(ticks), crown.azimuth - np.pi / 2)
    places = _place(left, np.zeros(len(ticks)), ASIDE) | {"z": HEIGHT * crown.levels.height(ticks)}
    flat = phone.seen(np.stack(list(places.values()), axis=-1), scene)
    gap = float(np.min(np.diff(flat[:, 1]), initial=LETTERS))
    texts = [number(float(tick)) for tick in ticks]
    look = {"textposition": "middle left", "textfont": {"color": style.muted(), "size": LETTERS}}
    look |= {"line": {"color": style.muted(), "width": 2}, "marker": {"color": style.muted(), "size": 2}}
    # plotly.js cuts the left edge of a text in space off; a space that is kept goes first, or the l would be thin.
    text = [*texts[:-1], f"\u00a0loss {texts[-1]}"] if texts else []
    every = int(np.ceil(LETTERS / gap))
    shown = [word if k % every == 0 else "" for k, word in enumerate(reversed(text))][::-1]
    trace = web.trace("lines+markers+text", *places.values(), text=shown, **look)
    ends = flat[:, :1] - np.array([[canvas.width_of(word.strip(), LETTERS) + 5] for word in shown]).reshape(-1, 1)
    return trace, np.hstack([ends, flat[:, 1:] - HALF * LETTERS, flat[:, :1], flat[:, 1:] + HALF * LETTERS])


def _floors(crown: Crown) -> list[web.Trace]:
    kept, rest = crown.parted
    heights = crown.levels.height(crown.mark_losses) + LIFT
    ends = np.array([-0.02, 1.02, np.nan])
    traces = []
    for marks, name, width, opacity in (
        (rest, f"{len(rest) // crown.copies:,} more", 2, 0.4),
        (kept, crowds.called(len(kept) // crown.copies, len(rest)), 5, 1.0),
    ):
        lines = _joined(_place(crown.marks[marks, None], heights[marks, None], ends))
        texts = [f"valley at {text}" for text in crown.hover_texts(crown.marks[marks], crown.mark_losses[marks])]
        look = {"line": {"width": width, "color": style.valley()}, "opacity": opacity}
        look |= {"text": [text for text in texts for _ in ends], "hover": "%{text}"}
        traces += [web.trace("lines", *lines.values(), name=name, **look)] if marks.size else []
    return traces


def _names(crown: Crown, scene: dict[str, Any], taken: np.ndarray) -> list[web.Trace]:
    """Name the most persistent valleys that have room on a phone, as the crown is seen at first."""
    kept = crown.parted[0]
    heights = crown.levels.height(crown.mark_losses[kept]) + LIFT
    places = np.stack(list(_place(crown.marks[kept], heights + 0.05, 1.12).values()), axis=-1)
    texts = [crown.mark_texts[k] for k in kept.tolist()]
    x, y = phone.seen(places, scene).T
    fits = canvas.fitting(canvas.boxes(x, y - HALF * NAME, y + HALF * NAME, texts, NAME), taken)
    named = kept[fits]
    if not named.size:
        return []
    text = {"text": [web.safe(crown.mark_texts[k]) for k in named.tolist()], "customdata": crown.mark_losses[named]}
    text |= {"textfont": {"color": style.valley(), "size": NAME}, "hover": "valley at %{text}, loss %{customdata:.5g}"}
    return [web.trace("text", *places[fits].T, **text)]


def _joined(lines: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Join lines that end with a gap each."""
    return {axis: part.ravel() for axis, part in lines.items()}


def _passes(crown: Crown) -> list[web.Trace]:
    """Draw a dashed line across the top at every pass."""
    if not len(crown.passes):
        return []
    heights = crown.levels.height(crown.pass_losses)[:, None] + LIFT
    across = np.append(np.linspace(0, 1, 14), np.nan)
    across[2::3] = np.nan
    texts = [f"pass at {text}" for text in crown.hover_texts(crown.passes, crown.pass_losses) for _ in across]
    line = {"width": 1 if crown.parted[1].size else 4, "color": style.muted()}
    places = _joined(_place(crown.passes[:, None], heights, across))
    return [web.trace("lines", *places.values(), name="passes", line=line, text=texts, hover="%{text}")]


def _rival(rival: Rival[Crown]) -> list[web.Trace]:
    """Describe one of several runs in its own colour, with its marks; a derailment leaves a gap."""
    line, dots = _run(rival.drawn, rival.run)
    line |= {"line": {"width": 6, "color": rival.look.colour}, "name": web.safe(rival.label), "showlegend": True}
    ways = [dots[axis] for axis in "xyz"]
    ends = web_marks(rival, ways, rival.run.step[:-1], 4, edge=0), web_marks(rival, ways, rival.run.step[-1:], 7)
    texts = [f"{web.safe(rival.name)}, {text}" for text in dots["text"]]
    more = {"hoverinfo": None, "hovertemplate": "%{text}<extra></extra>"}
    return [line, ends[0] | more | {"text": texts[:-1]}, ends[1] | more | {"text": texts[-1:]}]


def _run(crown: Crown, run: DrawnRun) -> list[web.Trace]:
    steps, losses = np.arange(len(crown.path)), run.train
    along = crown.along
    angles, heights = np.interp(along, steps, crown.path), crown.levels.height(losses)
    ground = np.interp(angles, crown.angles, crown.levels.height(crown.losses), period=2 * np.pi)
    falling = np.isin(np.floor(along), np.append(crown.derailments.step, crown.leaps)) & (along != np.floor(along))
    way = _place(angles, np.where(falling, np.nan, ground + LIFT), crown.lane)
    texts = [f"step {k}, {text}" for k, text in enumerate(crown.hover_texts(crown.path, losses))]
    line, marker = {"width": 7} | run.steps.web(along), run.steps.web_marker(steps, size=3.5)
    dots = _place(crown.path, heights + LIFT, crown.lane)
    return [
        web.trace("lines", *way.values(), line=line),
        web.trace("markers", *dots.values(), name="the run", marker=marker, text=texts, hover="%{text}"),
    ]


def _derailments(crown: Crown, run: DrawnRun) -> list[web.Trace]:
    """Draw every derailment as an arc through the air."""
    if not len(run.derailments.step):
        return []
    share = np.append(np.linspace(0, 1, 24), np.nan)
    step = run.derailments.step[:, None]
    ways = crown.path[step + 1] - crown.path[step]
    # A leap's arc goes the shortest way to where it ends.
    ways = np.where(np.isin(step, crown.leaps), np.remainder(ways + np.pi, 2 * np.pi) - np.pi, ways)
    angles = crown.path[step] + share * ways
    ends = crown.levels.height(run.train)
    heights = ends[step] + share * (ends[step + 1] - ends[step]) + LIFT + 0.6 * share * (1 - share)
    labels = [f"step {k} → {k + 1}: {way}" for k, way in zip(run.derailments.step, run.ways, strict=True)]
    name = "derailments" if len(labels) > 1 else web.safe(labels[0])
    texts, line = [text for text in labels for _ in share], {"width": 6, "color": style.derailment()}
    places = _joined(_place(angles, heights, 0.5))
    return [web.trace("lines", *places.values(), name=name, line=line, text=texts, hover="%{text}")]
