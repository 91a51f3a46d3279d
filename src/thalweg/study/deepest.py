"""Which valleys are the deepest, where rounding leaves room for doubt."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.descent.grid import evaluate
from thalweg.losses.objective import Objective

ROUNDING = 64 * np.finfo(np.float64).eps
"""Share of a loss that the order of its summation may change."""

NEAREST = 4 * np.finfo(np.float64).eps
"""How near a place is told from another, as a share of its size: a few roundings lie between it and a residual."""


def deepest(objective: Objective, valleys: xr.Dataset) -> np.ndarray:
    """Tell the valleys that are as deep as the deepest, as far as rounding lets us know: their numbers.

    On a cusp the rounding of a place, or of a residual there, changes the loss by far more than one unit in its last
    place, so each loss is also taken at the nearest places.
    """
    places, losses = valleys["position"].values, valleys["loss"].values
    sizes = np.maximum(np.abs(places), objective.problem.domain.lengths)
    off = np.maximum(valleys["width"].values[:, None], NEAREST * sizes)
    unsure = ROUNDING * np.abs(losses)
    for axis in range(places.shape[1]):
        moves = [places.copy() for _ in range(2)]
        for move, sign in zip(moves, (1, -1), strict=True):
            move[:, axis] += sign * off[:, axis]
        near = [evaluate(objective.example, objective.train, move) for move in moves]
        unsure = unsure + np.abs(np.array(near) - losses).max(axis=0)
    return np.flatnonzero(losses - unsure <= (losses + unsure).min())
