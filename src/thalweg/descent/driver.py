"""The one driver: the only scan over steps and the only batching over runs."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Float

from thalweg.base.precision import computing, dtype_of
from thalweg.base.progress import track
from thalweg.descent import mean
from thalweg.descent.minibatch import Minibatch, Shuffle, draw, first_shuffle
from thalweg.losses.objective import Objective

BATCH = 4096
"""Runs computed at once at most; the others follow in batches of the same shape, so that nothing compiles anew."""


class State(NamedTuple):
    """What a step hands to the next; ``params`` is (param, lane)."""

    params: Any
    optimizer: Any
    shuffle: Shuffle | None


class Info(NamedTuple):
    """What is measured at every step, before its update: arrays of (step, …, run)."""

    params: Any
    train_loss: Any
    test_loss: Any
    grad_norm: Any


def drive(
    objective: Objective,
    optimizer: optax.GradientTransformation,
    starts: Float[np.ndarray, "run param"],
    steps: int,
    minibatch: Minibatch | None,
    precision: int,
) -> Info:
    """Descend from every start; the measurements of steps 0 to ``steps``, with runs as the last axis."""
    dtype = dtype_of(precision)
    train, test = (tuple(column.astype(dtype) for column in part) for part in (objective.train, objective.test))
    width = mean.width_for(len(starts), BATCH)
    parts = []
    with computing(precision):
        for first in track(range(0, len(starts), width), "descending"):
            batch = starts[first : first + width].astype(dtype)
            runs = np.arange(first, first + width, dtype=np.uint32)
            info = _program(mean.pad(batch, width), runs, train, test, objective.example, optimizer, steps, minibatch)
            parts.append(jax.tree.map(lambda values: np.asarray(values)[..., : len(batch)], info))  # noqa: B023
    return Info(*(np.concatenate(fields, axis=-1) for fields in zip(*parts, strict=True)))


@partial(jax.jit, static_argnames=("example", "optimizer", "steps", "minibatch"))
def _program(params, runs, train, test, example, optimizer, steps, minibatch):
    optimizer = optax.with_extra_args_support(optimizer)
    update = jax.vmap(partial(_update, optimizer, example, train), in_axes=(1, 0, 1, 0), out_axes=(1, 0))

    def step(state: State, index: Array) -> tuple[State, Info]:
        params = state.params
        shuffle = state.shuffle
        if minibatch is None or shuffle is None:
            loss, gradient = mean.value_and_gradient(example, params, train)
            batch_loss = loss
        else:
            rows, shuffle = draw(minibatch, shuffle, index)
            batch = tuple(column[rows] for column in train)
            batch_loss, gradient = mean.value_and_gradient(example, params, batch)
            loss = mean.value(example, params, train)
        test_loss = mean.value(example, params, test) if test else jnp.full_like(loss, jnp.nan)
        norm = jnp.sqrt(jnp.sum(gradient * gradient, axis=0))
        moved, memory = update(gradient, state.optimizer, params, batch_loss)
        return State(moved, memory, shuffle), Info(params, loss, test_loss, norm)

    shuffle = None if minibatch is None else first_shuffle(minibatch, runs, len(train[0]))
    memory = jax.tree.map(_counting_in(params.dtype), jax.vmap(optimizer.init, in_axes=1)(params))
    return lax.scan(step, State(params, memory, shuffle), jnp.arange(steps + 1))[1]


def _counting_in(dtype: Any) -> Any:
    """Let 64-bit runs count steps in 64 bits: from a 32-bit count optax's schedules make a 32-bit learning rate."""
    wide = dtype == jnp.float64
    return lambda leaf: leaf.astype(jnp.int64) if wide and leaf.dtype == jnp.int32 else leaf


def _update(optimizer, example, train, gradient, memory, params, loss):
    """One update of one run. Line searches may evaluate the full objective; nobody else pays for it."""

    def objective(point: Float[Array, " param"]) -> Float[Array, ""]:
        return mean.value(example, point[:, None], train)[0]

    changes, memory = optimizer.update(gradient, memory, params, value=loss, grad=gradient, value_fn=objective)
    return optax.apply_updates(params, changes), memory
