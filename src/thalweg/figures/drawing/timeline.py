"""What figures against step have in common: the marks of derailments, labels in the margin, the other runs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.ticker import MaxNLocator

from thalweg.base.status import Status
from thalweg.figures.drawing import canvas, phone, style, web
from thalweg.figures.drawing.levels import SMALL, Annotations
from thalweg.figures.drawing.marks import LOST
from thalweg.figures.drawing.run import DrawnRun

FEW = 40
"""Up to so many steps each is marked by a point."""

OTHERS = 50
"""Other runs drawn at most as single lines."""

ACROSS, UP = 240, 80
"""Cells of the density of many runs: along the steps, and along the values."""

CROWD = 0.1
"""Share of the runs in one cell from which on it is darkest."""

FAINT = "#b9bfc8"

DIM, DARK = 0.12, 0.9
"""How strong the gray of the fewest runs is, and of the most."""


class Density(NamedTuple):
    """How many of many runs are where: edges of steps and of values, and the share of the runs, (value, step)."""

    step: np.ndarray
    value: np.ndarray
    share: np.ndarray


def show_steps(axes: Axes, last: int) -> None:
    """Set up the axis of steps."""
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 5, 10], integer=True))
    axes.set_xlim(*step_range(last))


def step_range(last: int) -> tuple[float, float]:
    """Choose the shown steps: all, and a little room."""
    room = 0.02 * max(last, 1)
    return -room, max(last, 1) + room


def mark_derailments(axes: Axes, run: DrawnRun, named: bool = True) -> None:
    """Draw a line between the two steps of every derailment and, where they are named, the labels that have room."""
    sides, fits = _beside(run, 72 * float(canvas.area()[0]), SMALL)
    for step, side, text, roomy in zip(run.derailments.step, sides, run.ways, fits, strict=True):
        axes.axvline(step + 0.5, color=style.derailment(), lw=1.0, alpha=0.8, zorder=1.5)
        if named and roomy:
            where = {"xycoords": ("data", "axes fraction"), "ha": "right" if side < 0 else "left", "va": "top"}
            look = {"size": SMALL, "color": style.derailment()}
            canvas.write(axes, text, (step + 0.5, 0.985), (3 * int(side), 0), **look, **where)


def _beside(run: DrawnRun, full: float, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Find where labels of derailments stand in axes so many points wide, and which have room.

    A label starts right of its line, or ends left of it where the axes end; it lies on no other line or label.
    """
    low, high = step_range(run.last)
    lines = full * (run.derailments.step + 0.5 - low) / (high - low)
    widths = np.array([canvas.width_of(text, size) + 6 for text in run.ways])
    sides = np.where(lines + widths > full, -1, 1)
    starts, ends = np.where(sides < 0, lines - widths, lines), np.where(sides < 0, lines, lines + widths)
    boxes, uprights = (
        np.stack([left, np.zeros_like(left), right, np.ones_like(left)], axis=-1)
        for left, right in ((starts, ends), (lines, lines))
    )
    return sides, canvas.fitting(boxes, uprights)


def draw_run(axes: Axes, run: DrawnRun, values: np.ndarray, **look: Any) -> None:
    """Draw a number of a run against its steps, each marked by a point where they are few."""
    points = {"marker": "o", "ms": 3.5} if run.last <= FEW else {}
    axes.plot(run.step, values, **points, **look)


def draw_lost(axes: Axes, run: DrawnRun, values: np.ndarray) -> None:
    """Mark the last finite step of a run that diverged."""
    if run.status == Status.DIVERGED:
        LOST.draw(axes, run.step[-1:], values[-1:], label=_lost(run))


def draw_others(axes: Axes, values: np.ndarray, name: str) -> None:
    """Draw other runs, (run, step), faintly."""
    for k, one in enumerate(values):
        axes.plot(one, color=style.tone(FAINT), lw=0.7, alpha=0.7, zorder=1.2, label=None if k else name)


def density_of(values: np.ndarray, low: float, high: float) -> Density:
    """Count many runs, (run, step), in cells between two values, along straight lines from step to step.

    Where a run is no longer finite it is nowhere.
    """
    last = values.shape[1] - 1
    cells, across = np.linspace(low, high, UP + 1), np.linspace(0, max(last, 1), ACROSS + 1)
    steps = np.minimum((across[1:] + across[:-1]) / 2, last)
    before = np.minimum(steps.astype(int), max(last - 1, 0))
    way = steps - before
    with np.errstate(over="ignore", invalid="ignore"):
        places = (1 - way) * values[:, before] + way * values[:, np.minimum(before + 1, last)]
    counts = [np.histogram(column[np.isfinite(column)], cells)[0] for column in places.T]
    return Density(across, cells, np.stack(counts, axis=-1) / len(values))


def draw_density(axes: Axes, density: Density, name: str) -> None:
    """Draw where many runs are, the darker the more of them; a single one can be seen too."""
    picture = np.zeros((*density.share.shape, 4))
    picture[..., :3] = to_rgb(style.muted())
    picture[..., 3] = np.where(density.share > 0, _strength(density.share / CROWD), 0.0)
    box = (*density.step[[0, -1]].tolist(), *density.value[[0, -1]].tolist())
    axes.imshow(picture, origin="lower", extent=box, aspect="auto", interpolation="nearest", zorder=1.2)
    axes.plot([], [], "s", color=style.muted(), alpha=0.6, ms=7, label=name)


def _strength(part: np.ndarray) -> np.ndarray:
    """Choose how strong a gray is from the part of a crowd that is there."""
    return DIM + (DARK - DIM) * np.clip(part, 0, 1) ** 0.5


def _lost(run: DrawnRun) -> str:
    return f"last finite step, {run.last}"


def web_derailments(run: DrawnRun) -> Annotations:
    """Describe the marks of derailments, through all panels, and the labels that have room on a phone."""
    sides, fits = _beside(run, phone.AXES[0], 12)
    places = (run.derailments.step + 0.5).tolist()
    anchors = np.where(sides < 0, "right", "left").tolist()
    place = {"yref": "paper", "yanchor": "top"}
    return Annotations(
        [web_upright(step, "paper") for step in places],
        [
            web.text(step, 1, web.safe(label), style.derailment(), 12, xanchor=anchor, **place)
            for step, label, anchor, roomy in zip(places, run.ways, anchors, fits, strict=True)
            if roomy
        ],
    )


def web_upright(step: float, reference: str) -> dict[str, Any]:
    """Describe the line at a step where something happens."""
    line = {"color": style.derailment(), "width": 1.5}
    return {"type": "line", "x0": step, "x1": step, "y0": 0, "y1": 1, "yref": reference, "line": line}


def web_steps(last: int, **more: Any) -> dict[str, Any]:
    """Describe the axis of steps."""
    return web.axis("step", range=list(step_range(last)), **more)


def web_line(name: str, x: np.ndarray, y: np.ndarray, line: dict[str, Any], sign: str = "") -> web.Trace:
    """Describe a line against step."""
    return web.trace("lines", x, y, name=name, line=line, hover=f"step %{{x}}<br>{name} %{{y:.5g}}{sign}")


def web_run(name: str, run: DrawnRun, values: np.ndarray, line: dict[str, Any], sign: str = "") -> web.Trace:
    """Describe a number of a run against its steps."""
    return web_line(name, run.step, values, line, sign) | {"mode": "lines+markers" if run.last <= FEW else "lines"}


def web_lost(run: DrawnRun, values: np.ndarray) -> list[web.Trace]:
    """Describe the mark of the last finite step of a run that diverged."""
    if run.status != Status.DIVERGED:
        return []
    return [web_line(_lost(run), run.step[-1:], values[-1:], {}) | {"mode": "markers", "marker": LOST.web(10)}]


def web_others(name: str, values: np.ndarray) -> list[web.Trace]:
    """Describe other runs, (run, step), as one faint trace with gaps between them."""
    if not len(values):
        return []
    steps = np.broadcast_to(np.arange(values.shape[1], dtype=np.float64), values.shape)
    return [
        web.trace(
            "lines", web.gapped(steps), web.gapped(values), name=name, line={"color": style.tone(FAINT), "width": 0.8}
        )
    ]


def web_density(density: Density, name: str) -> web.Trace:
    """Describe where many runs are, for a page."""
    red, green, blue = (int(255 * part + 0.5) for part in to_rgb(style.muted()))
    places = np.linspace(0, 1, 17)
    colours = [f"rgba({red},{green},{blue},{strength:.3f})" for strength in _strength(places).tolist()]
    return {
        "type": "heatmap",
        "x": (density.step[1:] + density.step[:-1]) / 2,
        "y": (density.value[1:] + density.value[:-1]) / 2,
        # Where nobody is there is no cell, so that even one run can be seen.
        "z": np.where(density.share > 0, density.share, np.nan).astype(np.float32),
        "zmin": 0.0,
        "zmax": CROWD,
        "colorscale": [[place, colour] for place, colour in zip(places.tolist(), colours, strict=True)],
        "showscale": False,
        "name": name,
        "hovertemplate": "step %{x:.0f}<br>%{z:.1%} of the runs<extra></extra>",
    }


def web_timeline(traces: list[web.Trace], axes: dict[str, Any], *marks: Annotations) -> dict[str, Any]:
    """Join traces, axes and marks; the right margin is as wide as its labels."""
    labels = [label for mark in marks for label in mark.labels]
    longest = max((len(label["text"]) for label in labels if label.get("xref") == "paper"), default=0)
    more = {
        "shapes": [shape for mark in marks for shape in mark.shapes],
        "annotations": labels,
        "margin": web.MARGIN | {"r": 16 + 8 * longest},
    }
    return web.described(traces, axes | more)
