"""Several runs on one slice: each in a colour of its own, on the map, in the panels beside it and in a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import canvas, style, timeline, web
from thalweg.figures.drawing.marks import END, START, Series, series
from thalweg.figures.drawing.span import pieces_inside
from thalweg.figures.drawing.wording import count, shortened
from thalweg.figures.slice import panels, verdict
from thalweg.figures.slice.reading import TRUST, Ground, Heights, Projection, projection_of

NAMED = 4
"""Runs whose shares are told one by one; of more, the range."""

TITLE = 0.15
"""Room above the upper panel beside a profile, which is as high as the page has room, inches."""

FIRST = 1
"""The first curve's usual colour, ink, is that of levels here; runs begin with the next."""


@dataclass(frozen=True, eq=False)
class Run:
    """One of several runs: its name, what it is on the slice, and how it looks."""

    name: str
    path: Projection
    look: Series


def runs_of(paths: Sequence[xr.Dataset], names: Sequence[str] | None, ground: Ground) -> list[Run]:
    """Read several projected runs of one slice."""
    if names is not None and len(names) != len(paths):
        raise InvalidValue(
            f"{count(len(paths), 'path')} and {count(len(names), 'name')} do not fit; give one name each"
        )
    called = [f"run {k}" for k in range(1, len(paths) + 1)] if names is None else list(map(shortened, names))
    return [
        Run(name, projection_of(path, ground), series(FIRST + k))
        for k, (name, path) in enumerate(zip(called, paths, strict=True))
    ]


def joined(runs: Sequence[Run]) -> Projection:
    """See several runs as one: all their steps, and the verdict on the worst of them."""
    paths = [run.path for run in runs]
    steps = np.concatenate([path.step for path in paths])
    order = np.argsort(steps, kind="stable")
    whole = {
        name: np.concatenate([getattr(path, name) for path in paths])[order]
        for name in ("places", "distance", "travelled", "true", "under")
    }
    worst = max(paths, key=lambda path: TRUST.index(path.trust)).trust
    return Projection(
        step=steps[order],
        **whole,
        recorded=np.full(len(steps), np.nan),
        share=min(path.share for path in paths),
        shares=(),
        verdict=_told([run for run in runs if run.path.trust == worst]),
        trust=worst,
        held=_shares(runs),
    )


def _told(runs: Sequence[Run]) -> str:
    """Put the verdicts on several runs together; what is said of all of them is said once, at the end."""
    sentences = [re.split(r"(?<=[.:]) (?=[A-Z])", verdict.reasons(run.path)) for run in runs]
    common = [text for text in sentences[0] if len(runs) > 1 and all(text in others for others in sentences)]
    own = [" ".join(text for text in each if text not in common) for each in sentences]
    return " ".join([f"{run.name}: {text}" for run, text in zip(runs, own, strict=True) if text] + common)


def _shares(runs: Sequence[Run]) -> str:
    ground, shares = runs[0].path.ground, [run.path.share for run in runs]
    if len(runs) > NAMED:
        parts = f"{verdict.percent(min(shares))} to {verdict.percent(max(shares))}"
    else:
        parts = ", ".join(f"{run.name} {verdict.percent(run.path.share)}" for run in runs)
    return f"of each run's squared distance the {ground} holds: {parts}"


def draw_paths(axes: Axes, ground: Ground, runs: Sequence[Run]) -> None:
    """Draw runs on a map or over a profile; their first and last steps are marked."""
    for run in runs:
        path, colour = run.path, run.look.colour
        inside = path.inside(ground)
        places = np.column_stack([path.places[:, 0], path.true]) if ground.flat else path.places
        if ground.flat:
            x, y = np.where((inside & np.isfinite(path.true))[:, None], places, np.nan).T
            axes.plot(x, y, color=colour, lw=1.6, zorder=2.1, label=run.name)
        else:
            pieces = pieces_inside(np.stack([places[:-1], places[1:]], axis=1), *ground.corners)
            pieces = pieces[np.isfinite(pieces).all(axis=(1, 2))]
            canvas.segments(axes, pieces, colors=style.paper(), linewidths=3.8, zorder=2, capstyle="round")
            canvas.segments(axes, pieces, colors=colour, linewidths=2.0, zorder=2.1, capstyle="round")
            axes.plot([], [], color=colour, lw=2.0, label=run.name)
        if len(path.step) <= timeline.FEW:
            axes.scatter(*places[inside].T, s=16, color=colour, edgecolors=style.paper(), linewidths=0.6, zorder=2.2)
        for k, mark in ((0, START), (-1, END)):
            if inside[k]:
                edge = {"mec": colour} if mark is START else {"mfc": colour}
                mark.draw(axes, *places[[k]].T, zorder=2.6, **edge)
    START.draw(axes, [], [], label="start")
    END.draw(axes, [], [], label="end", mfc=style.ink())


def draw_panels(sheet: canvas.Sheet, runs: Sequence[Run], room: tuple[float, float, float, float]) -> None:
    """Draw both losses of each run, and its distance from the plane, at a place in inches."""
    left, bottom, width, height = room
    height -= TITLE if runs[0].path.ground == "line" else 0
    lower = 0.36 * (height - panels.APART)
    losses = canvas.placed(sheet, left, bottom + lower + panels.APART, width, height - panels.APART - lower)
    ways = canvas.placed(sheet, left, bottom, width, lower)
    whole = joined(runs)
    limits = panels.view(whole)
    limits.show(losses)
    panels.label(losses, limits)
    for run in runs:
        path, colour = run.path, run.look.colour
        losses.plot(path.step, path.true, color=colour, lw=1.5, zorder=3)
        losses.plot(path.step, path.under, color=colour, lw=1.2, ls=panels.DASHES, zorder=2.5)
        ways.plot(path.step, path.distance, color=colour, lw=1.5)
    ways.set_ylim(bottom=0)
    ways.yaxis.set_major_locator(MaxNLocator(3))
    ways.set_xlabel("step", size=8.5, labelpad=2)
    for axes, title in ((losses, f"loss: own, dashed: {panels.UNDER}"), (ways, f"distance {panels.away(whole)}")):
        axes.set_xlim(*whole.steps.ends)
        axes.tick_params(labelsize=8, length=2)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=True))
        size = min(panels.SMALL + 0.4, canvas.fitting_size(title, width + 0.3))
        canvas.write(axes, title, (0, 1), (-20, 3.5), xycoords="axes fraction", size=size, va="bottom")
    losses.tick_params(axis="x", labelbottom=False)


def web_paths(ground: Ground, heights: Heights | None, runs: Sequence[Run], on: dict[str, str]) -> list[web.Trace]:
    """Describe runs on a landscape or over a profile: at their own losses, and on the surface."""
    traces: list[web.Trace] = []
    for run in runs:
        path, colour = run.path, run.look.colour
        inside = path.inside(ground)
        x = np.where(inside, path.places[:, 0], np.nan)
        numbers = np.stack([path.true, path.under, path.distance, path.travelled], axis=-1)
        name = web.safe(run.name)
        words = (panels.TRUE, panels.UNDER, f"distance {panels.away(path)}", f"distance {panels.TRAVELLED}")
        hover = "<br>".join(
            [name, "step %{text}", *(f"{word} %{{customdata[{k}]:.4g}}" for k, word in enumerate(words))]
        )
        said: dict[str, Any] = {"text": path.step, "customdata": numbers, "hover": hover, "legendgroup": name, **on}
        look: dict[str, Any] = {
            "line": {"color": colour, "width": 7 if heights else 2.5},
            "marker": {"size": 2.5, "color": colour},
        }
        if heights is None:
            traces.append(web.trace("lines+markers", x, path.true, name=name, **said, **look))
            continue
        y = np.where(inside, path.places[:, 1], np.nan)
        true, under = (np.where(inside, heights.spacing.of(values), np.nan) for values in (path.true, path.under))
        thin: dict[str, Any] = {"line": {"color": colour, "width": 3}, "opacity": 0.6, "showlegend": False}
        traces.append(web.trace("lines", x, y, under, **said, **thin))
        traces.append(web.trace("lines+markers", x, y, true, **said, **look) | {"name": name, "showlegend": True})
        traces += _ends(run, (x, y, true), inside)
    return traces


def _ends(run: Run, places: tuple[np.ndarray, ...], shown: np.ndarray) -> list[web.Trace]:
    """Mark the first and the last step of a run on a landscape."""
    more: dict[str, Any] = {"legendgroup": web.safe(run.name), "showlegend": False}
    return [
        web.trace(
            "markers", *(part[[k]] for part in places), hover=f"{web.safe(run.name)}<br>{run.path.ends[k]}", **more
        )
        | {"marker": mark.web(6) | change}
        for k, mark, change in (
            (0, START, {"line": {"color": run.look.colour, "width": 2}}),
            (-1, END, {"color": run.look.colour}),
        )
        if shown[k]
    ]


def web_panels(runs: Sequence[Run]) -> list[web.Trace]:
    """Describe both panels for plotly.js."""
    traces: list[web.Trace] = []
    for run in runs:
        path, colour = run.path, run.look.colour
        rows = [
            (f"{run.name}, {panels.UNDER}", path.under, {"width": 2, "dash": "dash"}, ""),
            (f"{run.name}, {panels.TRUE}", path.true, {"width": 2.5}, ""),
            (f"{run.name}, {panels.away(path)}", path.distance, {"width": 2.5}, "2"),
        ]
        traces += [
            timeline.web_line(web.safe(name), path.step, values, line | {"color": colour})
            | {"xaxis": f"x{place}", "yaxis": f"y{place}", "showlegend": False}
            for name, values, line, place in rows
        ]
    return traces


def web_headings(path: Projection) -> list[dict[str, Any]]:
    """Describe the titles of both panels."""
    return [
        web.heading(f"loss: the run's own, and dashed that of the {panels.UNDER}", 0, panels.LOSSES[1]),
        web.heading(f"distance {panels.away(path)}", 0, panels.WAYS[1]),
    ]
