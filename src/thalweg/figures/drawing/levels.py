"""Valleys as horizontal lines in a figure against step, with their names in the right margin."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.view import View

MOST = 12
"""Valleys that are named in a panel at most; of more the rest are faint lines."""

SMALL = 8.5
"""Size of labels, points."""

LINE = 0.058
"""Height of a label's line, as a share of the height of all panels."""


class Levels(NamedTuple):
    """Valleys as horizontal lines.

    Attributes
    ----------
    values, places, texts : of those that are named: values, where these lie on the axis, from 0 to 1, and the names
    faint : values of the rest
    """

    values: np.ndarray
    places: np.ndarray
    texts: list[str]
    faint: np.ndarray

    def apart(self, rows: int) -> np.ndarray:
        """Choose places of the names, in one of so many panels, that do not overlap."""
        return canvas.spread(self.places, LINE * rows, 0.0, 1.0)


class Annotations(NamedTuple):
    """Lines and labels for a page."""

    shapes: list[dict[str, Any]]
    labels: list[dict[str, Any]]


def levels_of(view: View, values: np.ndarray, texts: list[str], rows: int = 1) -> Levels:
    """Choose which valleys are named in one of so many panels, and which of those in view are faint.

    Parameters
    ----------
    view : of the axis
    values, texts : of the valleys, the first to be named first: of many only those that have room without being moved
    rows : panels one below the other
    """
    places = view.fraction(values)
    seen = np.flatnonzero(view.shows(values))
    named = seen
    if len(seen) > min(MOST, int(1 / (LINE * rows)) + 1):
        ends = places[seen, None] + LINE * rows / 2 * np.array([-1, 1])
        boxes = np.stack([np.zeros(len(seen)), ends[:, 0], np.ones(len(seen)), ends[:, 1]], axis=-1)
        named = seen[canvas.fitting(boxes)][:MOST]
    return Levels(values[named], places[named], [texts[k] for k in named.tolist()], values[np.setdiff1d(seen, named)])


def draw_levels(axes: Axes, levels: Levels, name: str, rows: int = 1) -> None:
    """Draw horizontal lines for valleys, their labels in the right margin moved apart where they would overlap."""
    for k, (value, place, where, text) in enumerate(zip(*levels[:2], levels.apart(rows), levels.texts, strict=True)):
        axes.axhline(value, color=style.valley(), lw=0.9, zorder=1.4, label=None if k else name)
        line = {"arrowstyle": "-", "lw": 0.7, "color": style.valley(), "shrinkA": 1, "shrinkB": 0, "relpos": (0, 0.5)}
        look = {"textcoords": "axes fraction", "va": "center", "size": SMALL, "color": style.valley()}
        canvas.write(axes, text, (1.0, place), (1.022, where), xycoords="axes fraction", arrowprops=line, **look)
    if levels.faint.size:
        # One line with gaps, so that where they lie close they are no darker than one.
        across, up = np.tile([0, 1, np.nan], len(levels.faint)), np.repeat(levels.faint, 3)
        look = {"color": style.valley(), "lw": 0.5, "alpha": 0.35, "zorder": 1.3}
        axes.plot(across, up, transform=axes.get_yaxis_transform(), label=f"{len(levels.faint):,} more", **look)


def web_levels(levels: Levels, axis: str, rows: int = 1) -> Annotations:
    """Describe horizontal lines and their labels in the right margin."""
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis, "layer": "below"}
    line["line"] = {"color": style.valley(), "width": 1}
    place = {"xref": "paper", "yref": f"{axis} domain", "xanchor": "left", "yanchor": "middle"}
    # One shape for all faint lines: hundreds of shapes would make a page slow.
    faint = line | {"type": "path", "path": " ".join(f"M0,{value!r}L1,{value!r}" for value in levels.faint.tolist())}
    return Annotations(
        [line | {"y0": value, "y1": value} for value in levels.values.tolist()]
        + [faint | {"opacity": 0.3, "line": {"color": style.valley(), "width": 0.7}}] * (levels.faint.size > 0),
        [
            web.text(1.005, float(where), web.safe(label), style.valley(), 12, **place)
            for where, label in zip(levels.apart(rows), levels.texts, strict=True)
        ],
    )
