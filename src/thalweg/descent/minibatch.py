"""Mini-batches: every run shuffles the training data for itself, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int, UInt

from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue


@dataclass(frozen=True)
class Minibatch:
    """Gradients from ``size`` examples at a time, drawn without replacement.

    Every run shuffles for itself at the start of each epoch; what does not fill a batch at the end of an epoch is
    left out of that epoch. A run's shuffles depend on the seed and on its own number alone.

    Parameters
    ----------
    size : examples in a batch
    seed : seed of the shuffles
    """

    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        whole("minibatch size", self.size, at_least=1)
        whole("minibatch seed", self.seed, at_least=0, at_most=2**32 - 1)


class Shuffle(NamedTuple):
    """The order of the examples in the current epoch, and the key of each run."""

    order: Int[Array, "lane example"]
    keys: UInt[Array, "lane 2"]


def check(minibatch: Minibatch | None, examples: int) -> None:
    """Refuse a batch that is larger than the data."""
    if minibatch is not None and minibatch.size > examples:
        raise InvalidValue(
            f"minibatch size = {minibatch.size} is more than the {examples} training examples; give at most {examples}"
        )


def first_shuffle(minibatch: Minibatch, runs: UInt[Array, " lane"], examples: int) -> Shuffle:
    """Make each run's key; the order is drawn by the first step."""
    keys = jax.vmap(lambda run: jax.random.fold_in(jax.random.PRNGKey(minibatch.seed), run))(runs)
    return Shuffle(jnp.zeros((len(runs), examples), jnp.int32), keys)


def draw(minibatch: Minibatch, shuffle: Shuffle, step: Array) -> tuple[Int[Array, "batch lane"], Shuffle]:
    """Take the rows of this step's batch, shuffling first where an epoch begins."""
    examples = shuffle.order.shape[1]
    batches = examples // minibatch.size
    epoch, place = step // batches, step % batches

    def reshuffle(key: Array) -> Array:
        return jax.random.permutation(jax.random.fold_in(key, epoch), examples).astype(jnp.int32)

    order = lax.cond(place == 0, lambda: jax.vmap(reshuffle)(shuffle.keys), lambda: shuffle.order)
    rows = lax.dynamic_slice_in_dim(order, place * minibatch.size, minibatch.size, axis=1)
    return rows.T, Shuffle(order, shuffle.keys)
