"""Labels in the ground under a curve, placed where they cross neither the curve nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from thalweg.figures.drawing import canvas
from thalweg.figures.drawing.view import View

GAP = 6.0
"""Points between a place on the curve and its label."""

FAR = 34.0
"""Points beyond which a label no longer seems to belong to its place."""

DOT = 3.0
"""Half the size of the mark at a place."""

ALIGNED = {"center": (-0.5, 0.5), "right": (-1.0, 0.0), "left": (0.0, 1.0)}
"""Ends of a label, in widths from its place, for each alignment."""


class Label(NamedTuple):
    """A text that belongs to a place on a curve."""

    x: float
    y: float
    text: str
    size: float
    colour: str


def write_under(
    axes: Axes, labels: Sequence[Label], curve: tuple[np.ndarray, np.ndarray], view: View, ground: str
) -> None:
    """Write labels below their places, the first ones first; those without room are left out."""
    low, high = axes.get_xlim()
    width, height = 72 * np.array(canvas.AREA)

    def points(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.stack([width * (x - low) / (high - low), height * view.fraction(y)], axis=-1)

    dots = points(np.array([label.x for label in labels]), np.array([label.y for label in labels]))
    along = points(*curve)
    places = [_place(label, dot, along) for label, dot in zip(labels, dots, strict=True)]
    boxes = np.array([box for _, box in places]).reshape(-1, 4)
    room = canvas.fitting(boxes, np.hstack([dots - DOT, dots + DOT]))
    for label, dot, (side, box), fits in zip(labels, dots, places, room, strict=True):
        if fits and view.shows(np.array(label.y)) and dot[1] - box[3] <= FAR and box[1] >= 0:
            look = {"size": label.size, "color": label.colour, "ha": side, "va": "top"}
            halo = [withStroke(linewidth=2, foreground=ground)]
            canvas.write(axes, label.text, (label.x, label.y), (0, float(box[3] - dot[1])), path_effects=halo, **look)


def _place(label: Label, dot: np.ndarray, curve: np.ndarray) -> tuple[str, np.ndarray]:
    """Choose the alignment in which a label can stand highest with the curve above it, in points."""
    wide, found = canvas.width_of(label.text, label.size), {}
    for side, (left, right) in ALIGNED.items():
        start, end = dot[0] + left * wide, dot[0] + right * wide
        over = curve[(curve[:, 0] >= start) & (curve[:, 0] <= end), 1]
        top = float(np.min(over, initial=dot[1])) - GAP
        inside = start >= 0 and end <= 72 * canvas.AREA[0]
        found[side] = np.array([start, top - 1.2 * label.size, end, top if inside else -np.inf])
    # Centred, unless another alignment brings the label closer.
    side = max(found, key=lambda name: found[name][3] + (2.0 if name == "center" else 0.0))
    return side, found[side]
