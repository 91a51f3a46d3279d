"""Mini-batches: every run shuffles the training data for itself, epoch by epoch.

A run's shuffle of an epoch is a permutation drawn from a key, and the key is a function of the seed, the run's number
and the epoch's: JAX's generator counts, it keeps no state that draws would share (Salmon et al. 2011). So a run has
the same batches alone and among others, and no order need be stored but the current one.

All runs of a batch go on together while their sizes, and so their epochs, may differ. Permutations are drawn for all
lanes as soon as one begins an epoch, and kept by those that do. The choice whether to draw is one ``cond`` around all
lanes: inside ``vmap`` it would become a ``select``, which computes both sides, a shuffle at every step. All lanes draw
as many rows as the largest size; what a smaller one leaves out is masked from its mean, and names a row that exists.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
doi:10.1145/2063384.2063405.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, UInt

from thalweg.base import hints
from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue


@public
@dataclass(frozen=True)
class Minibatch:
    """Gradients from ``size`` examples at a time, drawn without replacement.

    Every run shuffles for itself at the start of each epoch; what does not fill a batch at the end of an epoch is
    left out of that epoch. A run's shuffles depend on the seed and on its own number alone.

    Parameters
    ----------
    size : examples in a batch; a list for one size a run
    seed : seed of the shuffles

    Raises
    ------
    InvalidValue
        If a size is no whole number of at least 1, there is none, or the seed has more than 32 bits.

    References
    ----------
    M. Gürbüzbalaban, A. Ozdaglar, P. A. Parrilo, "Why random reshuffling beats stochastic gradient descent",
    Mathematical Programming 186, 49–84, 2021, doi:10.1007/s10107-019-01440-w.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.line(points=100), tw.losses.quadratic())
    >>> descent = tw.Descent(optax.sgd(0.05), steps=20, minibatch=tw.Minibatch([8, 67], seed=1))
    >>> runs = tw.descend(objective, descent, starts=[[5.0, 0.0], [5.0, 0.0]])
    >>> bool(runs["train_loss"][1, -1] == runs["train_loss"][0, -1])
    False
    """

    size: int | Sequence[int]
    seed: int = 0

    def __post_init__(self) -> None:
        sizes = np.atleast_1d(self.size).tolist()
        if not sizes:
            raise InvalidValue("minibatch size is an empty list; give one size, or one a run")
        for size in sizes:
            whole("minibatch size", size, at_least=1)
        object.__setattr__(self, "size", tuple(sizes) if np.ndim(self.size) else sizes[0])
        whole("minibatch seed", self.seed, at_least=0, at_most=2**32 - 1)

    @property
    def largest(self) -> int:
        """The most examples that any run draws at a time."""
        return self.size if isinstance(self.size, int) else max(self.size)

    @property
    def sizes(self) -> Int[np.ndarray, " run"]:
        """One size a run, or one for all."""
        return np.atleast_1d(np.asarray(self.size, dtype=np.int32))


class Shuffle(NamedTuple):
    """What a run needs to draw its batches.

    Attributes
    ----------
    order : of the examples in the current epoch
    keys : of each run
    sizes : examples in a batch of each run
    """

    order: Int[Array, "lane example"]
    keys: UInt[Array, "lane 2"]
    sizes: Int[Array, " lane"]


def check(minibatch: Minibatch, examples: int, runs: int) -> None:
    """Refuse a batch that is larger than the data, and sizes that are not one a run."""
    if minibatch.largest > examples:
        raise InvalidValue(
            f"minibatch size = {minibatch.largest} is more than the {examples} training examples; "
            f"give at most {examples}"
        )
    if len(minibatch.sizes) not in (1, runs):
        raise InvalidValue(f"there are {len(minibatch.sizes)} minibatch sizes for {runs} runs; give one, or one a run")


def first_shuffle(seed: int, runs: UInt[Array, " lane"], sizes: Int[Array, " lane"], examples: int) -> Shuffle:
    """Make each run's key; the order is drawn by the first step."""

    def key(run: Array) -> Array:
        return jax.random.fold_in(jax.random.PRNGKey(seed), run)

    return Shuffle(hints.zeros((len(runs), examples), jnp.int32), jax.vmap(key)(runs), sizes)


def draw(
    shuffle: Shuffle, largest: int, step: Array
) -> tuple[Int[Array, "batch lane"], Bool[Array, "batch lane"], Shuffle]:
    """Take the rows of this step's batch, shuffling first where an epoch begins; and tell which of them count."""
    examples = shuffle.order.shape[1]
    batches = examples // shuffle.sizes
    epoch, place = step // batches, step % batches

    def reshuffle(key: Array, epoch: Array) -> Array:
        return jax.random.permutation(jax.random.fold_in(key, epoch), examples).astype(jnp.int32)

    def reshuffled() -> Array:
        return jnp.where((place == 0)[:, None], jax.vmap(reshuffle)(shuffle.keys, epoch), shuffle.order)

    order = hints.cond(jnp.any(place == 0), reshuffled, lambda: shuffle.order)
    within = hints.arange(largest)
    places = jnp.minimum((place * shuffle.sizes)[:, None] + within, examples - 1)
    rows = jnp.take_along_axis(order, places, axis=1)
    return rows.T, within[:, None] < shuffle.sizes, Shuffle(order, shuffle.keys, shuffle.sizes)
