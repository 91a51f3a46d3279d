"""A page on a phone of 390 by 844 pixels: how it differs from a wide one, and where things in space are seen there.

What has room on a phone has room everywhere, so names and numbers that a page shows are chosen for one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

NARROW = 600
"""Pixels below which a page is on a phone."""

AXES = (240.0, 260.0)
"""Pixels that the axes of a figure take there, about."""

SCENE = (358.0, 264.0)
"""Pixels that a scene takes there, about."""

AWAY = 1.4
"""How many times as far away a scene is seen from there; it is narrow, and would cut the sides off."""

BAR = {"orientation": "h", "x": 0.5, "xanchor": "center", "y": -0.02, "yanchor": "top", "len": 0.8}
"""Where the bar of steps lies there, which has no room beside a scene."""

LETTERS = {"size": 10}
"""Of the numbers beside a scene."""

FIELD = np.pi / 4
"""Angle from the top of a scene to its bottom, as plotly.js sees it."""


def seen(places: np.ndarray, scene: dict[str, Any]) -> np.ndarray:
    """Project places in a scene, (place, 3), as a phone sees them: (place, 2), pixels right and up of its middle."""
    ranges = np.array([scene[f"{axis}axis"]["range"] for axis in "xyz"], dtype=np.float64)
    shares = (places - ranges.mean(axis=1)) / np.ptp(ranges, axis=1)
    sides, eye, middle = (
        np.array([part[axis] for axis in "xyz"], dtype=np.float64)
        for part in (scene["aspectratio"], scene["camera"]["eye"], scene["camera"]["center"])
    )
    eye *= AWAY
    ahead = (middle - eye) / np.linalg.norm(middle - eye)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rays = shares * sides - eye
    flat = rays @ np.stack([right, np.cross(right, ahead)], axis=-1) / (rays @ ahead)[:, None]
    return flat * SCENE[1] / (2 * np.tan(FIELD / 2))
