"""Colours by their perceived lightness: between a screen's red, green and blue, amounts of light, and Oklab."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb

STRENGTH = 0.155
"""Chroma at most, unless another is asked for."""

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Shares of red, green and blue in the light that is seen."""

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
_FROM_CONE, _FROM_LIGHT = np.linalg.inv(_TO_CONE), np.linalg.inv(_TO_LIGHT)


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


def coordinates(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find lightness, chroma and hue of colours of a screen, (…, 3) between 0 and 1."""
    lightness, a, b = np.moveaxis(np.cbrt(decoded(values) @ _FROM_LIGHT.T) @ _FROM_CONE.T, -1, 0)
    return lightness, np.hypot(a, b), np.arctan2(b, a)


def contrast(one: str, other: str) -> float:
    """Find the ratio of the light of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    low, high = sorted(float(decoded(np.array(to_rgb(colour))) @ LUMINANCE) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


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
