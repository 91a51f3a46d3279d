"""What a step hands to the next, what it measures, who looks at it, and when a run is at rest."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import jax.numpy as jnp
from jaxtyping import Array

from thalweg.base import hints
from thalweg.descent.minibatch import Shuffle

Tree: TypeAlias = Any
"""A pytree of arrays: an optimiser's state, or what an observer keeps; only they know what is in it."""

Measured: TypeAlias = Any
"""An array: of JAX's inside a compiled program, of NumPy's outside (beartype knows no generic named tuples)."""

PATIENCE = 12
"""Steps in a row that bring nothing, after which a run is at rest."""

AT_BOTTOM = 3
"""The same where the loss differs from the lowest so far by rounding alone."""

ROUNDING = 4
"""Units in the last place by which rounding may change a loss."""

NOTHING = 16
"""Units in the last place of the largest gradient so far, below which a gradient is rounding."""


class Rest(NamedTuple):
    """Whether a run rests: how long nothing has come, the lowest loss, and the least and the largest gradient so far.

    All but ``idle`` have the only lane as their axis.
    """

    idle: Array
    loss: Array
    least: Array
    largest: Array

    @classmethod
    def begin(cls, params: Array) -> Rest:
        """Know nothing yet."""
        nothing = hints.full_like(params[0], jnp.inf)
        return cls(hints.zeros((), int), nothing, nothing, hints.zeros_like(nothing))

    @property
    def reached(self) -> Array:
        """Whether the run stays where it is."""
        return self.idle >= PATIENCE

    def note(self, loss: Array, norm: Array) -> Rest:
        """Take in what was measured at a step."""
        unit = hints.unit(loss.dtype)
        brought = (loss < self.loss) | (norm < self.least)
        gain, rounding = self.loss - loss, ROUNDING * unit * jnp.abs(self.loss)
        arrived = (jnp.abs(gain) <= rounding) & (norm <= NOTHING * unit * self.largest)
        idle = jnp.where(brought, 0, self.idle + jnp.where(-gain <= rounding, PATIENCE // AT_BOTTOM, 1))
        idle = jnp.where(arrived | (norm == 0), PATIENCE, idle)[0].astype(self.idle.dtype)
        return Rest(idle, jnp.fmin(loss, self.loss), jnp.fmin(norm, self.least), jnp.fmax(norm, self.largest))


class State(NamedTuple):
    """What a step hands to the next; ``params`` is (param, lane)."""

    params: Array
    optimizer: Tree
    shuffle: Shuffle | None
    observed: Tree
    rest: Rest | None


class Info(NamedTuple):
    """What is measured at every step, before its update: arrays of (step, …, run)."""

    params: Measured
    train_loss: Measured
    test_loss: Measured
    grad_norm: Measured


@runtime_checkable
class Observer(Protocol):
    """Looks at every step as it is made and keeps what matters, instead of the whole history.

    It is a JAX pytree; all that it keeps has the lanes as its last axis. A run at rest is not shown to it until its
    last step: what it keeps of a place that is seen again and again must be what it keeps after the last time.
    """

    def begin(self, params: Array) -> Tree:
        """Make what is known before the first step."""
        ...

    def observe(self, observed: Tree, step: Array, info: Info) -> Tree:
        """Take in one step."""
        ...
