"""A ring of given height around a circle, seen from above at a slant: where it lies on paper, and what it hides.

**Faces.** The ring is cut into narrow wedges by planes through its axis. Seen from any side, a wedge can only be hidden
by wedges nearer to the viewer's azimuth, so drawing wedge after wedge from the far side to the near one, the painter's
algorithm, is exact here. In general it is not, and that is why Matplotlib's three-dimensional axes do not do: they sort
whole faces by one depth each and let parts of a path shine through a wall, or a wall swallow it.

**What a ring hides** of the path that runs on it is tested point by point: the line of sight from a point to the viewer
is followed until it is above the highest point of the ring, and where it runs inside the solid on the way, the point is
hidden. Walls lean out by ``FLARE`` for each unit of height, so the test of a point in space is one subtraction: its
distance from the axis, less the lean at its height, lies between the two radii of the foot.

**What would break it**: walls that overhang a neighbouring wedge (heights that lean sideways, not only out), a viewer
below the foot, or perspective, under which the order of wedges is no longer that of their azimuths. What is narrower
than ``1 / SAMPLES`` of a line of sight, or than ``1 / SLOTS`` of a turn, ``hidden`` can miss; ``mesh`` cannot.

Newell, Newell and Sancha, "A solution to the hidden surface problem", 1972, doi:10.1145/800193.569954.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

INNER, OUTER = 0.66, 0.94
"""Radii at the foot."""

FLARE = 0.16
"""How far the walls lean out, for each unit of height: as a crown's do."""

HEIGHT = 0.8
"""The drawn height of the full scale."""

ELEVATION = float(np.radians(34))
"""How steeply the viewer looks down: deep enough into the ring, and low enough for its relief."""

SAMPLES = 160
"""Points on a line of sight that are tested for lying inside the ring."""

CLEAR = 0.015
"""A line of sight starts this far from its point, so that a surface does not hide itself."""

SLOTS = 7200
"""Directions around the axis at which heights are tabled for lines of sight."""

TOP, WALL, SUN = 0.42, 0.44, 0.53
"""Brightness of a top and of a wall turned away from the light, and what the light adds where turned to it."""

CUT = 0.95
"""Brightness of a top where the ring is cut: paler than any slope, so that nobody takes it for one."""

FOOT = (0.62, 0.84)
"""Share of a wall's light at its foot, inside and outside."""


@dataclass(frozen=True, eq=False)
class Ring:
    """A solid ring and the direction from which it is seen, without perspective: equal heights are drawn equal.

    Attributes
    ----------
    angles : (place,), rising, within one turn, radians
    heights : (place,), of the top, 0 at the foot and 1 at the end of the scale
    azimuth, elevation : where the viewer stands, radians
    """

    angles: np.ndarray
    heights: np.ndarray
    azimuth: float
    elevation: float = ELEVATION

    @cached_property
    def towards(self) -> np.ndarray:
        """(3,), the unit vector to the viewer."""
        low = np.cos(self.elevation)
        return np.array([np.cos(self.azimuth) * low, np.sin(self.azimuth) * low, np.sin(self.elevation)])

    @cached_property
    def right(self) -> np.ndarray:
        """(3,), the unit vector to the right of the paper."""
        return np.array([-np.sin(self.azimuth), np.cos(self.azimuth), 0.0])

    def place(self, angles: np.ndarray, heights: np.ndarray, across: float | np.ndarray = 0.5) -> np.ndarray:
        """Find points in space, (…, 3); ``across`` is 0 at the inner wall and 1 at the outer one."""
        angles, heights, across = np.broadcast_arrays(angles, heights, across)
        radii = INNER + (OUTER - INNER) * across + FLARE * HEIGHT * heights
        return np.stack([radii * np.cos(angles), radii * np.sin(angles), HEIGHT * heights], axis=-1)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Find where points lie on paper, (…, 2), in units of the ring."""
        return points @ np.stack([self.right, np.cross(self.towards, self.right)], axis=-1)

    def top(self, angles: np.ndarray) -> np.ndarray:
        """Read the height of the top at any angles, linear between places."""
        return np.interp(angles, self.angles, self.heights, period=2 * np.pi)

    def hidden(self, points: np.ndarray) -> np.ndarray:
        """Tell which points, (…, 3), the ring hides from the viewer; points that are NaN count as hidden."""
        towards = self.towards
        reach = (HEIGHT * float(np.max(self.heights)) - points[..., 2]) / towards[2]
        along = CLEAR + np.linspace(0, 1, SAMPLES) * np.maximum(reach, 0)[..., None]
        x, y, z = (points[..., k, None] + along * towards[k] for k in range(3))
        nowhere = np.asarray(np.isnan(points).any(axis=-1))
        x, y = (np.where(nowhere[..., None], 0.0, sight) for sight in (x, y))
        slots = np.rint(np.arctan2(y, x) * (SLOTS / (2 * np.pi))).astype(np.intp) % SLOTS
        foot = np.hypot(x, y) - FLARE * z
        inside = (foot > INNER) & (foot < OUTER) & (z < self._table[slots]) & (z > 0)
        return inside.any(axis=-1) | nowhere

    def mesh(self, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cut the visible faces into triangles, far ones first.

        Parameters
        ----------
        cut : (place,), true where the top is cut off between a place and the next

        Returns
        -------
        (triangle, corner, 2), on paper, and (triangle, corner), brightness from 0 to 1
        """
        middle = self.angles + self._widths / 2
        foot, rim = ([self._edge(side, up) for side in (0, 1)] for up in (0.0, 1.0))
        walls = [_strip(rim[side], foot[side], *self._wall_light(side)) for side in (0, 1)]
        shade = np.stack([self._top_light(middle, cut)] * 2, axis=1)
        faces = (*walls, _strip(rim[1], rim[0], shade, shade))
        visible = [self._outward(side, middle) @ self.towards > 0 for side in (0, 1)]
        facing = np.stack([*visible, np.ones(len(middle), bool)], axis=1)
        far_first = np.argsort(-np.abs(_turned(middle - self.azimuth)), kind="stable")
        corners, light = (np.stack([face[k] for face in faces], axis=1)[far_first] for k in (0, 1))
        return corners[facing[far_first]].reshape(-1, 3, 2), light[facing[far_first]].reshape(-1, 3)

    def outline(self, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Go from the foot of the inner wall over the top to the foot of the outer one, each edge once a face.

        Returns
        -------
        (edge, 1), across the ring; (edge, place), heights; (edge, place), brightness
        """
        across = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
        heights = np.array([[0.0], [1.0], [1.0], [1.0], [1.0], [0.0]]) * self.heights
        (inner, inner_foot), (outer, outer_foot) = (self._wall_light(side) for side in (0, 1))
        top = self._top_light(self.angles + self._widths / 2, cut)
        light = np.stack([inner_foot[:, 0], inner[:, 0], top, top, outer[:, 0], outer_foot[:, 0]])
        return across, heights, np.clip(light, 0, 1)

    @cached_property
    def _table(self) -> np.ndarray:
        return HEIGHT * self.top(np.arange(SLOTS) * (2 * np.pi / SLOTS))

    @cached_property
    def _widths(self) -> np.ndarray:
        return np.mod(np.roll(self.angles, -1) - self.angles, 2 * np.pi)

    @cached_property
    def _light(self) -> np.ndarray:
        """The unit vector to the light: from the upper left, a little before the ring."""
        light = 0.75 * np.array([0.0, 0.0, 1.0]) - 0.62 * self.right + 0.35 * self.towards
        return light / np.linalg.norm(light)

    def _edge(self, side: int, up: float) -> np.ndarray:
        return self.project(self.place(self.angles, self.heights * up, side))

    def _outward(self, side: int, angles: np.ndarray) -> np.ndarray:
        lean = np.hypot(1, FLARE)
        normal = np.stack([np.cos(angles), np.sin(angles), np.full_like(angles, -FLARE)], axis=-1) / lean
        return normal if side else -normal

    def _wall_light(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Light on a wall at its rim and its foot, each for a place and the next; it is darker down inside."""
        light = WALL + SUN * np.clip(self._outward(side, self.angles) @ self._light, 0, 1)
        light = np.stack([light, np.roll(light, -1)], axis=1)
        return light, FOOT[side] * light

    def _top_light(self, middle: np.ndarray, cut: np.ndarray) -> np.ndarray:
        rise = HEIGHT * (np.roll(self.heights, -1) - self.heights) / (self._widths * (INNER + OUTER) / 2)
        normal = np.stack([np.sin(middle) * rise, -np.cos(middle) * rise, np.ones_like(rise)], axis=-1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        return np.where(cut, CUT, TOP + SUN * np.clip(normal @ self._light, 0, 1))


def _strip(
    edge: np.ndarray, other: np.ndarray, light: np.ndarray, other_light: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Split the quads between two edges, (place, 2), lit (place, 2) at their ends, into two triangles each."""
    a, b, c, d = edge, np.roll(edge, -1, axis=0), np.roll(other, -1, axis=0), other
    corners = np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 2, 3, 2)
    (p, q), (s, r) = light.T, other_light.T
    return corners, np.stack([p, q, r, p, r, s], axis=1).reshape(-1, 2, 3)


def _turned(angles: np.ndarray) -> np.ndarray:
    """Bring angles into -π to π."""
    return np.angle(np.exp(1j * angles))
