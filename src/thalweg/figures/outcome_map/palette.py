"""Colours of outcomes: a circle of hues for valleys, and two greys that no valley has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


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

STRENGTH = 0.155
"""Chroma at most."""

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

_TO_CONE = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_LIGHT = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


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


def colours(lightness: np.ndarray, hue: np.ndarray, strength: float = STRENGTH) -> np.ndarray:
    """Convert lightness (0 to 1) and hue (radians) of Oklab to red, green and blue between 0 and 1, (…,) to (…, 3).

    Where a colour would leave the range of a screen, its chroma is lowered until it does not.

    References
    ----------
    B. Ottosson, "A perceptual color space for image processing", 2020, bottosson.github.io/posts/oklab.
    """
    low, high = np.zeros_like(lightness), np.full_like(lightness, strength)
    if ((light := _light(lightness, high, hue)) >= 0).all() and (light <= 1).all():
        return encoded(light)
    # Halving 20 times leaves a millionth of the chroma.
    for _ in range(20):
        chroma = (low + high) / 2
        light = _light(lightness, chroma, hue)
        fits = ((light >= 0) & (light <= 1)).all(axis=-1)
        low, high = np.where(fits, chroma, low), np.where(fits, high, chroma)
    return encoded(np.clip(_light(lightness, low, hue), 0, 1))


def encoded(light: np.ndarray) -> np.ndarray:
    """Convert amounts of light between 0 and 1 to the values that a screen takes (IEC 61966-2-1, sRGB)."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decoded(values: np.ndarray) -> np.ndarray:
    """Convert a screen's values between 0 and 1 to amounts of light."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _light(lightness: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> np.ndarray:
    oklab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    return (oklab @ _TO_CONE.T) ** 3 @ _TO_LIGHT.T


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
