"""Colours of basins: soft, and of no lightness of their own, so that grey print shows the surface alone."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex, to_rgb

LUMA = np.array([0.299, 0.587, 0.114])
"""Shares of red, green and blue in grey print (ITU-R BT.601)."""

ANGLES = np.radians([100, 280, 10, 190, 325, 145, 55, 235])
"""Directions of the colours; those that are used first lie far apart, and far from the green of valleys."""

STRENGTH = 0.13
"""How far a colour goes from grey."""

NONE = -1
"""The colour of a place in no basin: grey."""


def _directions() -> np.ndarray:
    """Find (colour, channel), steps in red, green and blue that leave the grey as it is."""
    red, blue = np.cos(ANGLES), np.sin(ANGLES)
    green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]
    steps = np.stack([red, green, blue], axis=-1)
    return steps / np.linalg.norm(steps, axis=-1, keepdims=True)


DIRECTIONS = _directions()


def tinted(grey: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Colour greys between 0 and 1; (…,) to (…, 3), each with the luma of its grey.

    Where a colour would leave the range of a screen, it is weaker.
    """
    step = STRENGTH * np.where((hue == NONE)[..., None], 0.0, DIRECTIONS[hue])
    with np.errstate(divide="ignore"):
        room = np.where(step > 0, (1 - grey)[..., None] / step, np.where(step < 0, grey[..., None] / -step, np.inf))
    return grey[..., None] + step * np.minimum(room.min(axis=-1), 1.0)[..., None]


def coloured(grey: str, hue: int) -> str:
    """Colour one gray, hexadecimal; without a colour it stays as it is."""
    if hue == NONE:
        return grey
    red, green, blue = tinted(np.array(to_rgb(grey)) @ LUMA, np.array(hue)).tolist()
    return to_hex((red, green, blue))


def colouring(number: int, between: np.ndarray) -> np.ndarray:
    """Give each basin the first colour that no neighbour has, those with most neighbours first.

    Parameters
    ----------
    number : of basins
    between : (pair, 2), neighbours

    Returns
    -------
    (basin,), colours from 0
    """
    neighbours: list[set[int]] = [set() for _ in range(number)]
    for one, other in between.tolist():
        neighbours[one].add(other)
        neighbours[other].add(one)
    hues = np.full(number, NONE)
    for basin in sorted(range(number), key=lambda basin: (-len(neighbours[basin]), basin)):
        taken = hues[list(neighbours[basin])]
        uses = [int((taken == hue).sum()) for hue in range(len(ANGLES))]
        # Where neighbours have all colours, the rarest among them.
        hues[basin] = int(np.argmin(uses))
    return hues
