"""How a run ends: on the floor of a valley, nowhere yet, or beyond all numbers; seen step by step as it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.valleys.locate import Basins
from thalweg.valleys.tree import OUTSIDE

UNDECIDED = -1
"""The outcome of a run whose numbers are finite and that ends on no valley's floor."""

DIVERGED = -2
"""The outcome of a run whose numbers are no longer finite."""


class Observed(NamedTuple):
    """What is known of each run so far.

    Attributes
    ----------
    alive : whether all its numbers have been finite
    valley : the one it lies in; ``OUTSIDE`` for none
    floor : whether it is on that valley's floor
    since : the step since which it has been on that floor
    derailments : how often it left a floor for another valley's basin
    loss : at its last step with finite numbers
    """

    alive: Bool[Any, " run"]
    valley: Int[Any, " run"]
    floor: Bool[Any, " run"]
    since: Int[Any, " run"]
    derailments: Int[Any, " run"]
    loss: Float[Any, " run"]


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
        return Observed(~nowhere, count + OUTSIDE, nowhere, count, count, jnp.full(lanes, jnp.nan, params.dtype))

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
        )


class Outcomes(NamedTuple):
    """How each run ended.

    Attributes
    ----------
    outcome : the valley on whose floor it ended, ``UNDECIDED`` or ``DIVERGED``
    valley : the one in whose basin it ended, on the floor or not; ``OUTSIDE`` for none
    settled : the step since which it has been on that floor, NaN where there is none
    derailments : how often it left a floor for another valley's basin
    loss : at its last step with finite numbers, NaN where there is none
    """

    outcome: Int[np.ndarray, " run"]
    valley: Int[np.ndarray, " run"]
    settled: Float[np.ndarray, " run"]
    derailments: Int[np.ndarray, " run"]
    loss: Float[np.ndarray, " run"]


def judge(observed: Observed) -> Outcomes:
    """Turn what is known after the last step into how each run ended."""
    outcome = np.where(observed.floor, observed.valley, np.where(observed.alive, UNDECIDED, DIVERGED))
    settled = np.where(observed.floor, observed.since, np.nan)
    outcome, valley = outcome.astype(np.int16), np.asarray(observed.valley).astype(np.int16)
    return Outcomes(
        outcome, valley, settled.astype(np.float32), np.asarray(observed.derailments), np.asarray(observed.loss)
    )
