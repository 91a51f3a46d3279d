"""Colours of outcomes: a circle of hues for valleys, and two greys that no valley has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from thalweg.figures.drawing.oklab import colours


class Circle(NamedTuple):
    """How lightness goes around the circle of hues.

    Attributes
    ----------
    side : the hue that is lightest, degrees
    tilt : how far that side lies above the middle
    turn : how far off that side the nearest valley lies, in steps from valley to valley
    zigzag : by how much every other valley is lighter, and the rest darker
    """

    side: float
    tilt: float
    turn: float
    zigzag: float


FEW, MANY = Circle(135.0, 0.17, 0.25, 0.0), Circle(210.0, 0.06, 0.0, 0.12)
"""For up to three valleys, and for more: of the circles tried those whose valleys differ most from their neighbours in
grey print, and from all others for people with normal, deuteranope and protanope eyes."""

FIRST = 81.0
"""About the hue of the valley in the middle, degrees: amber."""

MIDDLE = 0.66
"""Lightness of the circle's centre."""

ON_THE_WAY = 0.20
"""Lightness of the grey of runs on the way: darker than any valley."""

PLATEAU = 0.375
"""Lightness of the grey of runs on a plateau: darker than any valley too."""

DIVERGED = 0.985
"""Lightness of the grey of diverged runs: lighter than any valley."""

EARLY, LATE = 0.89, 0.44
"""Lightness of a valley's runs that were on its floor from the start, and of those that reached it last."""

LEAN = 0.35
"""Share of the tilt that is left where lightness tells the step."""


def valleys(number: int) -> np.ndarray:
    """Choose (valley, 3), the colours of valleys that lie in order around a circle or along a line.

    The hues go once around. Lightness changes with the hue, and of more than three valleys from each to the next, so
    that neighbours differ in grey print, and hues that are one to people with red-green blindness differ in lightness.
    """
    lightness, hue = _circle(number)
    return colours(lightness, hue)


def ramps(number: int, shades: int) -> np.ndarray:
    """Choose (valley, shade, 3), each valley's colours from early and light to late and dark."""
    tilted, hue = _circle(number)
    lightness = np.linspace(EARLY, LATE, shades) + LEAN * (tilted - MIDDLE)[:, None]
    return colours(lightness, np.broadcast_to(hue[:, None], lightness.shape))


def neutrals() -> np.ndarray:
    """Choose (3, 3), the greys of runs on the way, on a plateau, and diverged."""
    return colours(np.array([ON_THE_WAY, PLATEAU, DIVERGED]), np.zeros(3), strength=0.0)


def _circle(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Find (valley,) lightness and hue."""
    circle = FEW if number <= 3 else MANY
    apart, side = 2 * np.pi / max(number, 1), np.radians(circle.side)
    offset = side + apart * circle.turn
    first = offset + apart * np.round((np.radians(FIRST) - offset) / apart)
    place = np.arange(number)
    hue = first + apart * (place - number // 2)
    sign = np.where(place % 2, -1.0, 1.0)
    # Of an odd number the last lies between two of the same kind.
    sign[number - number % 2 :] = 0.0
    return MIDDLE + circle.tilt * np.cos(hue - side) + circle.zigzag * sign, hue
