"""Which cell of a grid, and so which valley, a position lies in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from thalweg.problems.problem import Axis, Domain
from thalweg.valleys.tree import OUTSIDE


def valley_of(
    positions: Float[np.ndarray, "*shape param"],
    domain: Domain,
    coordinates: Sequence[np.ndarray],
    basins: Int[np.ndarray, "..."],
) -> Int[np.ndarray, "*shape"]:
    """Look up the basin of the nearest cell; ``OUTSIDE`` for what is not finite or lies off a bounded axis."""
    inside = np.isfinite(positions).all(axis=-1)
    cell = []
    for k, (axis, places) in enumerate(zip(domain, coordinates, strict=True)):
        along = np.where(inside, positions[..., k], axis.low)
        nearest = np.rint((along - places[0]) / (places[1] - places[0]))
        if axis.periodic:
            nearest %= len(places)
        else:
            inside = inside & (nearest >= 0) & (nearest < len(places))
            nearest = np.clip(nearest, 0, len(places) - 1)
        cell.append(nearest.astype(np.int64))
    return np.where(inside, basins[tuple(cell)], OUTSIDE)


def valley_from(
    positions: Float[np.ndarray, "*shape 1"],
    axis: Axis,
    edges: Float[np.ndarray, " edge"],
    owners: Int[np.ndarray, " edge"],
) -> Int[np.ndarray, "*shape"]:
    """Look up the basin on one axis that is cut into stretches.

    Parameters
    ----------
    positions : where to look
    axis : a circle, on which the last stretch goes on below the first edge; or an interval, off which nothing lies
    edges : rising, where each stretch begins
    owners : the basin of each stretch
    """
    along = positions[..., 0]
    inside = np.isfinite(along)
    along = np.where(inside, along, axis.low)
    if axis.periodic:
        along = axis.low + np.mod(along - axis.low, axis.length)
    else:
        inside = inside & (along >= edges[0]) & (along <= axis.high)
    stretch = np.searchsorted(edges, along, side="right") - 1
    return np.where(inside, owners[stretch], OUTSIDE)
