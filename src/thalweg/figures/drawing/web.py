"""What interactive figures have in common: explicit colours and axes for plotly.js, texts that it does not read."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb

from thalweg.figures.drawing import style
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.wording import shortened

Trace = dict[str, Any]

MARGIN = {"l": 56, "r": 16, "t": 48, "b": 48}


def described(traces: list[Trace], layout: dict[str, Any]) -> dict[str, Any]:
    """Join traces and layout to a description for plotly.js, in Thalweg's look."""
    look = {
        "font": {"family": style.web_families(), "size": 13, "color": style.ink()},
        "paper_bgcolor": style.paper(),
        "plot_bgcolor": style.paper(),
        "margin": MARGIN,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.01,
            "yanchor": "bottom",
            "font": {"size": 12},
            "traceorder": "normal",
        },
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": style.paper(), "bordercolor": style.muted(), "font": {"color": style.ink()}},
    }
    return {"data": traces, "layout": look | layout}


def in_space(traces: list[Trace], layout: dict[str, Any]) -> dict[str, Any]:
    """The same with marks in space, which are small; in the legend they are as large as elsewhere."""
    description = described(traces, layout)
    description["layout"]["legend"]["itemsizing"] = "constant"
    return description


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Describe an axis."""
    return {
        "title": {"text": safe(title), "standoff": 8},
        "color": style.muted(),
        "gridcolor": style.grid(),
        "linecolor": style.muted(),
        "showline": True,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": True,
        **more,
    }


def parameter_axis(scale: Scale, **more: Any) -> dict[str, Any]:
    """Describe the axis of a parameter."""
    return axis(scale.label, ticksuffix=scale.sign, **more)


def text(x: float, y: float, words: str, colour: str = "", size: float = 12, **more: Any) -> dict[str, Any]:
    """Write a text at a place; without a colour it has that of all texts."""
    font = ({"color": colour} if colour else {}) | {"size": size}
    return {"x": x, "y": y, "text": words, "showarrow": False, "font": font, **more}


def clear(colour: str, opacity: float) -> str:
    """Write a colour, hexadecimal, that lets some of what lies below it through."""
    red, green, blue = (int(255 * part + 0.5) for part in to_rgb(colour))
    return f"rgba({red},{green},{blue},{opacity:g})"


def heading(words: str, x: float, y: float) -> dict[str, Any]:
    """Write a heading above a panel whose upper left corner is there, as shares of the page."""
    return text(x, y, words, xref="paper", yref="paper", xanchor="left", yanchor="bottom")


def trace(mode: str, x: Any, y: Any, z: Any = None, *, name: str = "", hover: str = "", **more: Any) -> Trace:
    """Describe lines or points, of three coordinates in space; nameless ones are not in the legend.

    ``hover`` is the text under the pointer; without it there is none.
    """
    kind = {"type": "scatter"} if z is None else {"type": "scatter3d", "z": z}
    pointer = {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}
    return kind | {"mode": mode, "x": x, "y": y} | ({"name": name} if name else {"showlegend": False}) | pointer | more


def gapped(lines: np.ndarray) -> np.ndarray:
    """Join lines, (line, point), to one with gaps between them, (point,)."""
    return np.append(lines, np.full((len(lines), 1), np.nan), axis=1).ravel()


def safe(text: str) -> str:
    """Shorten a name and keep plotly.js from reading it as markup."""
    return escape(shortened(text, 60), quote=False)
