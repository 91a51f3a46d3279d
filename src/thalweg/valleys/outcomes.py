"""How a run ends: on the floor of a valley, on the way, on a plateau, or beyond all numbers; told step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.valleys.locate import Basins
from thalweg.valleys.tree import OUTSIDE

ON_THE_WAY = -1
"""The outcome of a run that ends above the floor of the valley in whose basin it lies, or in no known basin."""

DIVERGED = -2
"""The outcome of a run whose numbers are no longer finite."""

PLATEAU = -3
"""The outcome of a run that ends above the floor where the surface is flat, on a plateau, a ledge or a pass."""

WORDS = {ON_THE_WAY: "on the way", DIVERGED: "diverged", PLATEAU: "on a plateau"}
"""What outcomes below 0 are called, everywhere."""

FLAT = 0.01
"""Where a slope, kept up over the whole length of every axis, would lower the loss by less than this share of its
height above the minimum, the surface is flat."""


class Observed(NamedTuple):
    """What is known of each run so far.

    Attributes
    ----------
    alive : whether all its numbers have been finite
    valley : the one it lies in; ``OUTSIDE`` for none
    floor : whether it is on that valley's floor
    since : the step since which it has been on that floor
    derailments : how often it left a floor for another valley's basin
    loss, place : at its last step with finite numbers
    """

    alive: Bool[Any, " run"]
    valley: Int[Any, " run"]
    floor: Bool[Any, " run"]
    since: Int[Any, " run"]
    derailments: Int[Any, " run"]
    loss: Float[Any, " run"]
    place: Float[Any, "param run"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Judge:
    """Follows runs step by step; an observer for the driver.

    Attributes
    ----------
    basins : which valley each place belongs to
    floors : (valley,), the loss up to which a run is on each valley's floor
    """

    basins: Basins
    floors: Any

    def begin(self, params: Any) -> Observed:
        """Know nothing, but that no number has been bad."""
        lanes = params.shape[1]
        count = jnp.zeros(lanes, jnp.int32)
        nowhere = jnp.zeros(lanes, bool)
        loss = jnp.full(lanes, jnp.nan, params.dtype)
        return Observed(~nowhere, count + OUTSIDE, nowhere, count, count, loss, params)

    def observe(self, observed: Observed, step: Any, info: Any) -> Observed:
        """Take in one step."""
        finite = jnp.isfinite(info.train_loss) & jnp.isfinite(info.grad_norm) & jnp.isfinite(info.params).all(axis=0)
        alive = observed.alive & finite
        valley = jnp.where(alive, self.basins.at(list(info.params)), OUTSIDE)
        floor = (valley != OUTSIDE) & (info.train_loss <= self.floors[valley])
        moved = valley != observed.valley
        return Observed(
            alive,
            valley,
            floor,
            jnp.where(observed.floor & floor & ~moved, observed.since, step.astype(jnp.int32)),
            observed.derailments + (observed.floor & moved & (valley != OUTSIDE)),
            jnp.where(alive, info.train_loss, observed.loss),
            jnp.where(alive, info.params, observed.place),
        )


class Outcomes(NamedTuple):
    """How each run ended.

    Attributes
    ----------
    outcome : the valley on whose floor it ended, ``ON_THE_WAY`` or ``DIVERGED``
    valley : the one in whose basin it ended, on the floor or not; ``OUTSIDE`` for none
    settled : the step since which it has been on that floor, NaN where there is none
    derailments : how often it left a floor for another valley's basin
    loss : at its last step with finite numbers, NaN where there is none
    place : (run, param), there
    """

    outcome: Int[np.ndarray, " run"]
    valley: Int[np.ndarray, " run"]
    settled: Float[np.ndarray, " run"]
    derailments: Int[np.ndarray, " run"]
    loss: Float[np.ndarray, " run"]
    place: Float[np.ndarray, "run param"]


def judge(observed: Observed) -> Outcomes:
    """Turn what is known after the last step into how each run ended."""
    outcome = np.where(observed.floor, observed.valley, np.where(observed.alive, ON_THE_WAY, DIVERGED))
    settled = np.where(observed.floor, observed.since, np.nan)
    outcome, valley = outcome.astype(np.int16), np.asarray(observed.valley).astype(np.int16)
    derailments, loss, place = (np.asarray(part) for part in (observed.derailments, observed.loss, observed.place))
    return Outcomes(outcome, valley, settled.astype(np.float32), derailments, loss, place.T)


def is_flat(
    gradient: Float[np.ndarray, "run param"],
    lengths: Float[np.ndarray, " param"],
    height: Float[np.ndarray, " run"],
) -> Bool[np.ndarray, " run"]:
    """Tell where runs stand on a plateau: their slope leads nowhere within the domain.

    The criterion has no unit, neither of the loss nor of a parameter: going down all axes by their whole lengths at
    the present slope would lower the loss by less than ``FLAT`` of its height above the minimum. A run that
    rests in a dent too shallow to be a valley, or on a pass, counts as one on a plateau: nothing drives it on.

    Parameters
    ----------
    gradient : of the loss on all training data
    lengths : of the axes
    height : of the loss above the minimum of the run's valley
    """
    return np.abs(gradient) @ lengths < FLAT * height
