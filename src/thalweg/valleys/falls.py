"""Derailments: a run that had been on the floor of a valley and whose next step lies in another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.valleys.tree import OUTSIDE


class Falls(NamedTuple):
    """Where runs derailed: run, last step on the floor, valley left, valley entered."""

    run: Int[np.ndarray, " fall"]
    step: Int[np.ndarray, " fall"]
    left: Int[np.ndarray, " fall"]
    entered: Int[np.ndarray, " fall"]


def on_floor(
    valleys: Int[np.ndarray, "run step"],
    losses: Float[np.ndarray, "run step"],
    depths: Float[np.ndarray, " valley"],
    barriers: Float[np.ndarray, " valley"],
    share: float,
) -> Bool[np.ndarray, "run step"]:
    """Tell where a run's loss is above its valley's minimum by at most ``share`` of the valley's barrier."""
    if not len(depths):
        return np.zeros(losses.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        height = losses - depths[valleys]
        return (valleys != OUTSIDE) & (height <= share * barriers[valleys])


def find(valleys: Int[np.ndarray, "run step"], floor: Bool[np.ndarray, "run step"]) -> Falls:
    """Find every step on a floor whose next step lies in another valley."""
    here, after = valleys[:, :-1], valleys[:, 1:]
    run, step = np.nonzero(floor[:, :-1] & (after != here) & (after != OUTSIDE))
    return Falls(run, step, here[run, step], after[run, step])
