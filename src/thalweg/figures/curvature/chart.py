"""Curvature on paper and in a page."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.figures.curvature.reading import EDGE, Bend, plus
from thalweg.figures.drawing import canvas, style, timeline, web
from thalweg.figures.drawing.wording import count, number

RUG = 0.07
"""Height of the ticks of eigenvalues, as a share of the axes."""

GREYS = ("#111417", "#4b5563", "#7b828c", "#a3a8af")
"""Of the leading eigenvalues along a run, the largest first."""

BAND = "#d3d6da"

DOTS = (0, (1, 1))
"""Of what is not known well enough."""

TRACE = "trace ± error"

UNSETTLED = "unsettled"
"""Name of the marks of eigenvalues that are not known well enough."""


def draw(bend: Bend, title: str) -> canvas.Sheet:
    """Draw the spectrum at one point, or what changes along a run."""
    if bend.step is not None:
        return _static_run(bend, title)
    sheet, (axes,) = canvas.blank(title, f"{bend.note} · trace {plus(bend.trace, bend.error)}")
    bend.view.show(axes)
    ground = np.maximum(bend.density, bend.view.low)
    axes.fill_between(bend.value, bend.view.low, ground, color=style.tone(BAND), lw=0, zorder=1.5)
    axes.plot(bend.value, bend.spectrum, color=style.ink(), lw=1.4, label="density of eigenvalues", zorder=2)
    if bend.leading.size:
        names = f"{count(len(bend.leading), 'leading eigenvalue')}, the largest {number(float(bend.leading[0]), 3)}"
        _draw_ticks(axes, bend.leading, bend.settled, style.fit(), names)
    if bend.bottomed:
        name = f"lowest {number(float(bend.lowest), 3)}"
        _draw_ticks(axes, np.atleast_1d(bend.lowest), np.atleast_1d(bend.lowest_settled), style.train(), name)
    if bend.unsettled:
        axes.plot([], [], color=style.muted(), lw=1.6, ls=DOTS, label=UNSETTLED)
    ends = np.concatenate([bend.value, bend.leading, np.atleast_1d(bend.lowest)])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    room = 0.02 * (high - low)
    axes.set(xlim=(low - room, high + room), xlabel="eigenvalue", ylabel="density")
    canvas.legend(sheet, axes)
    return sheet


def _draw_ticks(axes: Axes, values: np.ndarray, settled: np.ndarray, colour: str, name: str) -> None:
    """Draw eigenvalues as ticks that stand on the axis, dotted where they are not known well enough."""
    line = {"color": colour, "lw": 1.6, "solid_capstyle": "butt", "zorder": 2.5}
    finite = np.isfinite(values)
    for k, (value, known) in enumerate(zip(values[finite].tolist(), settled[finite].tolist(), strict=True)):
        label, dots = None if k else name, "-" if known else DOTS
        axes.plot([value, value], [0, RUG], transform=axes.get_xaxis_transform(), label=label, ls=dots, **line)


def _static_run(bend: Bend, title: str) -> canvas.Sheet:
    far = bool(np.isfinite(bend.edge)) and not bend.near
    sheet, (axes, *lower) = canvas.blank(
        title, bend.note + f" · {EDGE} = {number(bend.edge, 3)}, far above" * far, rows=1 + bend.traced
    )
    steps = np.asarray(bend.step)
    look: dict[str, Any] = {"marker": "o", "ms": 3} if len(steps) <= timeline.FEW else {}
    axes.axhline(0, color=style.muted(), lw=0.8, zorder=1.4)
    for k, values in enumerate(bend.leading.T):
        label = {0: "largest eigenvalue", 1: f"the {bend.leading.shape[1] - 1} next"}.get(k)
        line = {
            "color": style.tone(GREYS[min(k, len(GREYS) - 1)]),
            "lw": 1.8 if k == 0 else 1.0,
            **(look if k == 0 else {}),
        }
        axes.plot(steps, values, label=label, zorder=2.5 - 0.1 * k, **line)
    if bend.bottomed:
        axes.plot(steps, bend.lowest, color=style.train(), lw=1.5, ls=(0, (5, 1.6)), label="lowest", zorder=2.6)
    if bend.unsettled:
        places = _unsettled(bend, steps)
        axes.plot(*places, ls="none", marker="x", ms=5, color=style.fit(), label=UNSETTLED, zorder=2.8)
    if bend.near:
        label = f"{EDGE} = {number(bend.edge, 3)}"
        axes.axhline(bend.edge, color=style.fit(), lw=1.2, ls=(0, (1.5, 1.5)), label=label, zorder=1.6)
    axes.set_ylabel("eigenvalues")
    for below in lower:
        _draw_trace(below, bend, steps)
    last = [axes, *lower][-1]
    room = 0.02 * max(float(np.ptp(steps)), 1)
    last.set(xlim=(steps[0] - room, steps[-1] + room), xlabel="step")
    canvas.legend(sheet, axes)
    return sheet


def _unsettled(bend: Bend, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where eigenvalues along a run are not known well enough: their steps, and themselves."""
    step, mode = np.nonzero(~bend.settled)
    low = np.flatnonzero(~bend.lowest_settled)
    return steps[np.append(step, low)], np.append(bend.leading[step, mode], bend.lowest[low])


def _draw_trace(axes: Axes, bend: Bend, steps: np.ndarray) -> None:
    axes.fill_between(steps, bend.trace - bend.error, bend.trace + bend.error, color=style.tone(BAND), lw=0, zorder=1.5)
    axes.plot(steps, bend.trace, color=style.ink(), lw=1.4, zorder=2)
    axes.set_ylabel(TRACE)


def describe(bend: Bend) -> dict[str, Any]:
    """Describe results of curvature for plotly.js."""
    return _web_spectrum(bend) if bend.step is None else _web_run(bend)


def _web_spectrum(bend: Bend) -> dict[str, Any]:
    hover = "eigenvalue %{x:.4g}<br>density %{y:.3g}"
    line = {"color": style.ink(), "width": 2}
    curve = web.trace("lines", bend.value, bend.spectrum, name="density of eigenvalues", line=line, hover=hover)
    # The ground goes on at the foot of the axis, where the line has gaps that a fill would bridge.
    ground = {"fill": "tozeroy", "fillcolor": style.tone(BAND), "line": {"width": 0}}
    traces = [web.trace("lines", bend.value, np.maximum(bend.density, bend.view.low), **ground), curve]
    foot = bend.view.low * (bend.view.high / bend.view.low) ** (RUG / 2)
    for values, settled, colour, name in (
        (bend.leading, bend.settled, style.fit(), count(len(bend.leading), "leading eigenvalue")),
        (np.atleast_1d(bend.lowest), np.atleast_1d(bend.lowest_settled), style.train(), "lowest"),
    ):
        for some, symbol, called in (
            (values[settled], "line-ns-open", name),
            (values[~settled], "x-thin-open", f"{name}, {UNSETTLED}"),
        ):
            if np.isfinite(some).any():
                marker = {"symbol": symbol, "size": 16, "color": colour, "line": {"width": 2.5}}
                at = np.full(len(some), foot)
                traces.append(
                    web.trace("markers", some, at, name=called, marker=marker, hover=f"{called}<br>%{{x:.5g}}")
                )
    y = web.axis("density", exponentformat="power", dtick=1, **bend.view.web)
    return web.described(traces, {"xaxis": web.axis("eigenvalue"), "yaxis": y})


def _web_run(bend: Bend) -> dict[str, Any]:
    steps = np.asarray(bend.step)
    traces = []
    for k, values in enumerate(bend.leading.T):
        name = "largest eigenvalue" if k == 0 else f"eigenvalue {k + 1}"
        line = {"color": style.tone(GREYS[min(k, len(GREYS) - 1)]), "width": 2.5 if k == 0 else 1.2}
        traces.append(timeline.web_line(name, steps, values, line) | {"showlegend": k == 0})
    if bend.bottomed:
        line = {"color": style.train(), "width": 2, "dash": "dash"}
        traces.append(timeline.web_line("lowest", steps, bend.lowest, line))
    if bend.unsettled:
        marker = {"symbol": "x-thin-open", "size": 8, "color": style.fit(), "line": {"width": 2}}
        hover = f"step %{{x}}<br>{UNSETTLED} %{{y:.5g}}"
        traces.append(web.trace("markers", *_unsettled(bend, steps), name=UNSETTLED, marker=marker, hover=hover))
    if bend.near:
        line = {"color": style.fit(), "width": 1.5, "dash": "dot"}
        traces.append(timeline.web_line(EDGE, steps, np.full(len(steps), bend.edge), line))
    if not bend.traced:
        return web.described(traces, {"xaxis": web.axis("step"), "yaxis": web.axis("eigenvalues")})
    trace = timeline.web_line("trace", steps, bend.trace, {"color": style.ink(), "width": 2})
    bars = {"type": "data", "array": bend.error, "thickness": 1, "width": 0, "color": style.muted()}
    traces.append(trace | {"yaxis": "y2", "error_y": bars, "showlegend": False})
    return web.described(
        traces,
        {
            "xaxis": web.axis("step", anchor="y2"),
            "yaxis": web.axis("eigenvalues", domain=[0.42, 1.0]),
            "yaxis2": web.axis(TRACE, domain=[0.0, 0.3]),
        },
    )
