"""Derailments: a run that had been on the floor of a valley and whose next step lies in another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.valleys.tree import OUTSIDE


class Derailments(NamedTuple):
    """Where runs derailed: run, last step on the floor, valley left, valley entered."""

    run: Int[np.ndarray, " derailment"]
    step: Int[np.ndarray, " derailment"]
    left: Int[np.ndarray, " derailment"]
    entered: Int[np.ndarray, " derailment"]


LONE = 0.01
"""Barrier of a valley that nothing leads out of, as a share of the surface's relief: the least that makes a valley."""


def levels(
    depths: Float[np.ndarray, " valley"], barriers: Float[np.ndarray, " valley"], share: float, relief: float = np.inf
) -> Float[np.ndarray, " valley"]:
    """Give the loss up to which a run is on each valley's floor: ``share`` of the barrier above the minimum.

    A valley that nothing leads out of has no barrier; ``LONE`` of the ``relief``, the surface's median height above its
    lowest place, is taken instead. The whole relief was, at first: under Rosenbrock's function, which rises to
    thousands at the corners, a quarter of all starts then were on the floor.
    """
    return depths + share * np.where(np.isinf(barriers), LONE * relief, barriers)


def on_floor(
    valleys: Int[np.ndarray, "*shape"], losses: Float[np.ndarray, "*shape"], floors: Float[np.ndarray, " valley"]
) -> Bool[np.ndarray, "*shape"]:
    """Tell where a run in a valley has a loss up to the level of the valley's floor."""
    if not len(floors):
        return np.zeros(losses.shape, dtype=bool)
    return (valleys != OUTSIDE) & (losses <= floors.astype(losses.dtype)[valleys])


def find(valleys: Int[np.ndarray, "run step"], floor: Bool[np.ndarray, "run step"]) -> Derailments:
    """Find every step on a floor whose next step lies in another valley."""
    here, after = valleys[:, :-1], valleys[:, 1:]
    run, step = np.nonzero(floor[:, :-1] & (after != here) & (after != OUTSIDE))
    return Derailments(run, step, here[run, step], after[run, step])
