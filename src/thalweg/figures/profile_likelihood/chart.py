"""A profile along one parameter, on paper and in a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.figures.drawing import canvas, extent, style, web
from thalweg.figures.drawing.marks import VALLEY
from thalweg.figures.profile_likelihood.reading import Slope, interval_in_words

LABEL = "loss above the minimum"

BAND = "#dfe8e3"
"""The interval: a pale shade of a valley's colour."""

BEST, HELD, PARABOLA = "the others at their best", "the others held", "parabola of the standard error"


def _lines(drawn: Slope) -> list[tuple[str, np.ndarray, float, tuple[Any, str]]]:
    """Name the curves: their heights, widths and dashes."""
    lines = [(HELD, drawn.held, 1.1, ((0, (1.2, 1.6)), "dot")), (BEST, drawn.above, 2.2, ("-", "solid"))]
    return lines + ([(PARABOLA, drawn.parabola, 1.2, ((0, (5, 3)), "dash"))] if drawn.parabola.size else [])


def _level(drawn: Slope) -> str:
    return f"level of {100 * drawn.confidence:g} %"


def draw(drawn: Slope, title: str) -> canvas.Sheet:
    """Draw the curve above its minimum."""
    sheet, (axes,) = canvas.blank(title, drawn.note)
    drawn.up.show(axes)
    extent.show_across(axes, drawn.across)
    canvas.show_unit(axes.xaxis, drawn.scale)
    extent.show_across(axes, drawn.across)
    axes.set_ylabel(LABEL)
    if drawn.known:
        words = interval_in_words(drawn)
        axes.axvspan(*drawn.shaded, color=style.tone(BAND), lw=0, zorder=0.6, label=words)
        axes.axhline(drawn.level, color=style.fit(), lw=1.0, zorder=1.6, label=_level(drawn))
    for name, heights, width, dash in _lines(drawn):
        colour = style.muted() if name == HELD else style.ink()
        axes.plot(drawn.x, heights, color=colour, lw=width, ls=dash[0], zorder=2, label=name)
    VALLEY.draw(axes, [drawn.place], [0.0], ms=7, zorder=2.5, label="minimum")
    canvas.legend(sheet, axes)
    return sheet


def describe(drawn: Slope) -> dict[str, Any]:
    """Describe the same for a page."""
    traces, shapes = [], []
    hover = f"{web.safe(drawn.scale.name)} %{{x:.5g}}{drawn.scale.sign}<br>{LABEL} %{{y:.4g}}"
    if drawn.known:
        low, high = drawn.shaded
        place = {"type": "rect", "xref": "x", "yref": "y domain", "y0": 0, "y1": 1, "layer": "below"}
        shapes = [place | {"x0": low, "x1": high, "fillcolor": style.tone(BAND), "line": {"width": 0}}]
        marker = {"symbol": "square", "color": style.tone(BAND), "size": 12}
        traces.append(web.trace("markers", [None], [None], name=interval_in_words(drawn), marker=marker))
        ends = np.array([drawn.across.low, drawn.across.high])
        line = {"color": style.fit(), "width": 1.3}
        traces.append(web.trace("lines", ends, np.full(2, drawn.level), name=_level(drawn), line=line))
    for name, heights, width, dash in _lines(drawn):
        look = {"color": style.muted() if name == HELD else style.ink(), "width": 1.3 * width, "dash": dash[1]}
        seen = np.where(heights < drawn.up.at(3), heights, np.nan)
        traces.append(web.trace("lines", drawn.x, seen, name=name, line=look, hover=f"{name}<br>{hover}"))
    place = np.array([drawn.place])
    traces.append(web.trace("markers", place, np.zeros(1), name="minimum", marker=VALLEY.web(10)))
    x = web.parameter_axis(drawn.scale, **drawn.across.web)
    return web.described(traces, {"xaxis": x, "yaxis": web.axis(LABEL, **drawn.up.web), "shapes": shapes})
