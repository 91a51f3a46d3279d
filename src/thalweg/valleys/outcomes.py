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


class Seen(NamedTuple):
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

    def begin(self, params: Any) -> Seen:
        """Know nothing, but that no number has been bad."""
        lanes = params.shape[1]
        count = jnp.zeros(lanes, jnp.int32)
        nowhere = jnp.zeros(lanes, bool)
        return Seen(~nowhere, count + OUTSIDE, nowhere, count, count, jnp.full(lanes, jnp.nan, params.dtype))

    def observe(self, seen: Seen, step: Any, info: Any) -> Seen:
        """Take in one step."""
        finite = jnp.isfinite(info.train_loss) & jnp.isfinite(info.grad_norm) & jnp.isfinite(info.params).all(axis=0)
        alive = seen.alive & finite
        valley = jnp.where(alive, self.basins.at(list(info.params)), OUTSIDE)
        floor = (valley != OUTSIDE) & (info.train_loss <= self.floors[valley])
        moved = valley != seen.valley
        return Seen(
            alive,
            valley,
            floor,
            jnp.where(seen.floor & floor & ~moved, seen.since, step.astype(jnp.int32)),
            seen.derailments + (seen.floor & moved & (valley != OUTSIDE)),
            jnp.where(alive, info.train_loss, seen.loss),
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


def judge(seen: Seen) -> Outcomes:
    """Turn what is known after the last step into how each run ended."""
    outcome = np.where(seen.floor, seen.valley, np.where(seen.alive, UNDECIDED, DIVERGED))
    settled = np.where(seen.floor, seen.since, np.nan)
    outcome, valley = outcome.astype(np.int16), np.asarray(seen.valley).astype(np.int16)
    return Outcomes(outcome, valley, settled.astype(np.float32), np.asarray(seen.derailments), np.asarray(seen.loss))
