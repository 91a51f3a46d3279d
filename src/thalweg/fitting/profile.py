"""The loss along a few parameters, all others at their best: profiles, and where these reach a height.

Places that are asked for are taken in rings around the minimum, each from what its neighbours nearer by have found.
Around the deepest valley every place is tried from the minima of all valleys too, and then once more from all its
neighbours, until nothing falls: what counts there is the lowest. The profile of another valley is followed from its own
minimum alone, or it would be that of the deepest.

A profile reaches a height where its root, which is nearly straight around a minimum, does: so roots are sought of that.

References
----------
D. M. Bates, D. G. Watts, Nonlinear Regression Analysis and Its Applications, Wiley, 1988,
doi:10.1002/9780470316757.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from thalweg.fitting.census import settle
from thalweg.losses.objective import Objective
from thalweg.problems.axis import Axis

FALLEN = 1e-10
"""A profile that falls by more than this share of its height, tried from its neighbours, is tried once more."""

SWEEPS = 8
"""How often neighbours are tried from one another, at most."""

DOUBLED = 60
"""How often the way out is doubled, in search of a height."""

PART = 0.02
"""Share of an axis's length that is gone first where no error is known."""

PRECISE = 1e-9
"""An end is known to this share of its distance from the minimum."""

JUMP, JUMPS = 1e-6, 0.01
"""A profile whose root is lower by this share, so little nearer to the minimum, has jumped."""

FARTHEST = 1e9
"""Times its range that a parameter is followed out, where there is no wall."""

LARGEST = 1e3
"""A root counts up to so many times the one that is sought: where nothing is finite it is infinite."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A profile around one minimum.

    Attributes
    ----------
    objective : whose
    held : numbers of the parameters along which it goes
    minimum : (param,), around which
    others : (place, param), from which every place is tried too; none where the minimum's own valley is followed
    """

    objective: Objective
    held: tuple[int, ...]
    minimum: Float[np.ndarray, " param"]
    others: Float[np.ndarray, "place param"]

    def at(
        self, values: Float[np.ndarray, "value held"], near: Sequence[Float[np.ndarray, "start param"]]
    ) -> tuple[Float[np.ndarray, " value"], Float[np.ndarray, "value param"]]:
        """Find the lowest loss at given values of what is held, each from the places near it and from the others."""
        starts = [np.concatenate([some, self.others]) for some in near]
        which = np.repeat(np.arange(len(values)), [len(some) for some in starts])
        places = np.concatenate(starts)
        places[:, list(self.held)] = values[which]
        low, high = self.objective.problem.domain.bounds
        ends = settle(self.objective, np.clip(places, low, high), self.held)
        height = np.where(np.isfinite(ends.height), ends.height, np.inf)
        order = np.lexsort((height, which))
        best = order[np.searchsorted(which[order], np.arange(len(values)))]
        return height[best], ends.position[best]

    def over(
        self, axes: Sequence[Float[np.ndarray, " value"]]
    ) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "... param"]]:
        """Find the profile on a grid: heights, and the parameters there."""
        shape = tuple(map(len, axes))
        values = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        heights = np.full(shape, np.inf)
        places = np.full((*shape, len(self.minimum)), np.nan)
        first = [int(np.argmin(np.abs(axis - self.minimum[k]))) for axis, k in zip(axes, self.held, strict=True)]
        cells = np.indices(shape).reshape(len(shape), -1).T
        ring = np.abs(cells - first).sum(axis=1)
        for distance in range(int(ring.max()) + 1):
            now = cells[ring == distance]
            near = [self._beside(cell, places, ring.reshape(shape) < distance) for cell in now]
            self._improve(now, values, heights, places, near)
        for _ in range(SWEEPS if len(self.others) else 0):
            near = [self._beside(cell, places, np.ones(shape, bool)) for cell in cells]
            if not self._improve(cells, values, heights, places, near):
                break
        return heights, places

    def _beside(self, cell: np.ndarray, places: np.ndarray, done: np.ndarray) -> np.ndarray:
        """Collect what neighbours of a cell have found, those that are done; the minimum where there is none."""
        steps = np.concatenate([np.eye(len(cell), dtype=int), -np.eye(len(cell), dtype=int)])
        beside = [tuple(cell + step) for step in steps]
        inside = [at for at in beside if all(0 <= k < n for k, n in zip(at, done.shape, strict=True)) and done[at]]
        return np.array([places[at] for at in inside]) if inside else self.minimum[None]

    def _improve(
        self, cells: np.ndarray, values: np.ndarray, heights: np.ndarray, places: np.ndarray, near: list[np.ndarray]
    ) -> bool:
        """Try cells from near places; keep what is lower, and tell whether anything was."""
        index = tuple(cells.T)
        height, place = self.at(values[index], near)
        former = heights[index]
        lower = height < former
        heights[index], places[index] = (
            np.where(lower, height, former),
            np.where(lower[:, None], place, places[index]),
        )
        with np.errstate(invalid="ignore"):
            return bool((lower & ~(former - height <= FALLEN * former)).any())

    def reach(self, least: float, height: float, error: float, side: int) -> float:
        """Find where the profile of one parameter first reaches a height, on one side of the minimum.

        Parameters
        ----------
        least : the loss at the minimum
        height : that is sought
        error : the parameter's, to begin with; where it is not known a part of the range
        side : -1 below, 1 above

        Returns
        -------
        The value there; infinite, or 0 on a logarithmic axis, where the profile stays below as far as the range goes.
        """
        (k,) = self.held
        axis, start = self.objective.problem.domain[k], float(self.minimum[k])
        log = axis.log and start > 0
        wall = _wall(axis, start, side)
        if height <= least:
            return start
        step = error if np.isfinite(error) and error > 0 else axis.length * PART
        first = side * (min(step / start, 1.0) if log else step)

        def value_of(way: float) -> float:
            value = start * np.exp(way) if log else start + way
            return max(value, wall) if side < 0 else min(value, wall)

        inside, outside = 0.0, first
        place = self.minimum
        for _ in range(DOUBLED):
            (at,), (there,) = self.at(np.array([[value_of(outside)]]), [place[None]])
            if at >= height:
                found = self._crossing(least, height, (inside, outside), value_of, place)
                return nowhere(axis, start, side) if np.isnan(found) else found
            if value_of(outside) == wall or not self._sensible(value_of(2 * outside)):
                break
            inside, outside, place = outside, 2 * outside, there
        return nowhere(axis, start, side)

    def _crossing(
        self,
        least: float,
        height: float,
        between: tuple[float, float],
        value_of: Callable[[float], float],
        place: np.ndarray,
    ) -> float:
        """Find the height between a place below it and one above; NaN where the profile jumps over it."""
        from scipy.optimize import brentq  # a tenth of a second to import, and only this needs it

        rise = float(np.sqrt(height - least))

        def root(way: float) -> float:
            if way == 0:
                return -rise
            (at,), _ = self.at(np.array([[value_of(way)]]), [place[None]])
            return float(min(np.sqrt(max(at - least, 0.0)), LARGEST * rise)) - rise

        way: Any = cast(Any, brentq)(root, *between, xtol=PRECISE * abs(between[1]))
        # A profile does not jump upwards but where the others cannot be told any more, for rounding.
        return np.nan if root(way * (1 - JUMP)) < -JUMPS * rise else value_of(way)

    def _sensible(self, value: float) -> bool:
        """Tell whether a value is not so far out that all is rounding."""
        (k,) = self.held
        axis = self.objective.problem.domain[k]
        return abs(value) <= FARTHEST * max(abs(self.minimum[k]), abs(axis.low), abs(axis.high))


def nowhere(axis: Axis, start: float, side: int) -> float:
    """Say that there is no end: an infinite number, or 0 on a logarithmic axis."""
    return 0.0 if side < 0 and axis.log and start > 0 else side * np.inf


def _wall(axis: Axis, start: float, side: int) -> float:
    """Tell where the way along an axis ends: at a wall, or half a turn on; infinite for nowhere."""
    if axis.periodic:
        return start + side * axis.length / 2
    if not axis.bounded:
        return side * np.inf
    return axis.low if side < 0 else axis.high
