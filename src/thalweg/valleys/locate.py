"""In which valley a position lies.

What is looked up in is a pytree of arrays, and every step is one of the array standard's: so the same lines answer for
NumPy arrays and inside a compiled program, in the precision of the positions, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Float, Int

from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.valleys.tree import OUTSIDE


@runtime_checkable
class Basins(Protocol):
    """A map of which valley each place belongs to."""

    def at(self, along: Sequence[Any]) -> Any:
        """Look up positions, given parameter by parameter; ``OUTSIDE`` for what is not finite or off the map."""
        ...


@partial(jax.tree_util.register_dataclass, data_fields=["valley", "first", "per"], meta_fields=["periodic"])
@dataclass(frozen=True, eq=False)
class Cells:
    """A grid, each cell of which belongs to a valley.

    Attributes
    ----------
    valley : of each cell
    first, per : the first place along each axis, and cells a unit of length
    periodic : which axes are circles
    """

    valley: Any
    first: Any
    per: Any
    periodic: tuple[bool, ...] = field(default=())

    def at(self, along: Sequence[Any]) -> Any:
        """Look up the basin of the nearest cell."""
        xp = along[0].__array_namespace__()
        inside = xp.isfinite(along[0])
        for values in along[1:]:
            inside = inside & xp.isfinite(values)
        cell = []
        for k, values in enumerate(along):
            count = self.valley.shape[k]
            nearest = xp.rint((xp.where(inside, values, self.first[k]) - self.first[k]) * self.per[k])
            if self.periodic[k]:
                nearest = xp.remainder(nearest, xp.asarray(count, dtype=nearest.dtype))
            else:
                inside = inside & (nearest >= 0) & (nearest < count)
            cell.append(xp.clip(nearest, 0, count - 1).astype(np.int32))
        return xp.where(inside, self.valley[tuple(cell)], OUTSIDE)


@partial(jax.tree_util.register_dataclass, data_fields=["valley", "edges", "low", "high"], meta_fields=["periodic"])
@dataclass(frozen=True, eq=False)
class Stretches:
    """One axis, cut into stretches that each belong to a valley.

    Attributes
    ----------
    valley : of each stretch
    edges : rising, where each stretch begins
    low, high : the ends of the axis
    periodic : whether it is a circle, on which the last stretch goes on below the first edge; off an interval lies
        nothing
    """

    valley: Any
    edges: Any
    low: Any
    high: Any
    periodic: bool = False

    def at(self, along: Sequence[Any]) -> Any:
        """Look up the stretch that each position lies in."""
        (values,) = along
        xp = values.__array_namespace__()
        inside = xp.isfinite(values)
        values = xp.where(inside, values, self.low)
        if self.periodic:
            values = self.low + xp.remainder(values - self.low, self.high - self.low)
        else:
            inside = inside & (values >= self.edges[0]) & (values <= self.high)
        stretch = xp.searchsorted(self.edges, values, side="right") - 1
        return xp.where(inside, self.valley[stretch], OUTSIDE)


@partial(jax.tree_util.register_dataclass, data_fields=["sites", "low", "high"], meta_fields=["periodic"])
@dataclass(frozen=True, eq=False)
class Sites:
    """Minima of which nothing else is known: a place is taken to belong to the nearest.

    That is right near a minimum and may be wrong far off, where only the gradient flow tells
    (:mod:`thalweg.valleys.starts.members`).

    Attributes
    ----------
    sites : (minimum, param)
    low, high : the ends of the axes, in whose lengths distances are measured; off an interval lies nothing
    periodic : which axes are circles
    """

    sites: Any
    low: Any
    high: Any
    periodic: tuple[bool, ...] = field(default=())

    def at(self, along: Sequence[Any]) -> Any:
        """Look up the nearest minimum."""
        xp = along[0].__array_namespace__()
        far, inside = 0, xp.isfinite(along[0])
        for k, values in enumerate(along):
            inside = inside & xp.isfinite(values)
            if not self.periodic[k]:
                inside = inside & (values >= self.low[k]) & (values <= self.high[k])
            away = (values[..., None] - self.sites[:, k]) / (self.high[k] - self.low[k])
            away = away - xp.rint(away) if self.periodic[k] else away
            far = far + away * away
        if not len(self.sites):
            return xp.full(inside.shape, OUTSIDE, dtype=np.int32)
        nearest = xp.argmin(xp.where(inside[..., None], far, 0), axis=-1)
        return xp.where(inside, nearest.astype(np.int32), OUTSIDE)


def cells(
    domain: Domain, coordinates: Sequence[np.ndarray], basins: Int[np.ndarray, "..."], dtype: Any = np.float64
) -> Cells:
    """Make the map of a grid, for positions of one precision."""
    first = np.array([places[0] for places in coordinates])
    per = 1 / np.array([places[1] - places[0] for places in coordinates])
    return Cells(basins, first.astype(dtype), per.astype(dtype), domain.periodic)


def stretches(
    axis: Axis, edges: Float[np.ndarray, " edge"], owners: Int[np.ndarray, " edge"], dtype: Any = np.float64
) -> Stretches:
    """Make the map of one axis, for positions of one precision."""
    number = np.dtype(dtype).type
    return Stretches(owners, edges.astype(dtype), number(axis.low), number(axis.high), axis.periodic)


def sites(domain: Domain, positions: Float[np.ndarray, "minimum param"], dtype: Any = np.float64) -> Sites:
    """Make the map of nearest minima, for positions of one precision."""
    return Sites(positions.astype(dtype), domain.lows.astype(dtype), domain.highs.astype(dtype), domain.periodic)
