"""Derailments on a profile: arcs from the step on a valley's floor over the pass to the next step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.view import View

ALONG = np.linspace(0, 1, 33)
"""Where along an arc its points lie."""

LIFT = (0.05, 0.35)
"""Height of an arc above its chord, in shares of the view: of any arc, and more for one as wide as the picture."""


class Arc(NamedTuple):
    """One derailment, drawn as a parabola."""

    x: np.ndarray
    y: np.ndarray
    text: str


def arcs(
    path: np.ndarray, course: DrawnRun, curve: tuple[np.ndarray, np.ndarray], view: View, shown: Scale
) -> list[Arc]:
    """Draw each derailment the shorter way around a circle; one that crosses its ends is drawn at both.

    Parameters
    ----------
    path : (step, 2), places and losses of the run
    course : the run
    curve : the surface, over which an arc stays
    view, shown : of the loss and of the parameter
    """
    found = []
    width = curve[0][-1] - curve[0][0]
    for step, text in zip(course.falls.step, course.ways, strict=True):
        (x, y), (to, low) = path[step], path[step + 1]
        turn = -width * np.round((to - x) / width) if shown.periodic else 0.0
        for shift in dict.fromkeys((0.0, -turn)):
            across = x + shift + (to + turn - x) * ALONG
            found.append(Arc(across, _lifted(across, (y, low), curve, view, shown), text))
    return found


def _lifted(
    x: np.ndarray, ends: tuple[float, float], curve: tuple[np.ndarray, np.ndarray], view: View, shown: Scale
) -> np.ndarray:
    """Lift a chord so far that it clears the ground between its ends."""
    width, span = curve[0][-1] - curve[0][0], view.high - view.low
    chord, bow = ends[0] + (ends[1] - ends[0]) * ALONG, 4 * ALONG * (1 - ALONG)
    ground = np.interp(x, *curve, period=width if shown.periodic else None)
    # Near its ends an arc lies on the ground anyway.
    inner = slice(4, -4)
    needed = ((np.minimum(ground, view.high) - chord)[inner] / bow[inner]).max()
    usual = span * (LIFT[0] + LIFT[1] * abs(x[-1] - x[0]) / width)
    return chord + bow * max(usual, 1.15 * needed)
