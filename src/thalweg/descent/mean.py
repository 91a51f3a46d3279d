"""The mean of a per-example function and its gradient, for many parameter vectors at once.

One formulation for one run and for a million: parameter vectors lie in lanes, the examples are scanned in small
blocks, and value and gradient come from one pass of autodiff over the function of *one* example. So the order
of summation never depends on how many runs there are, and no array of runs x examples is ever made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped

LANES = 16
"""Batches are padded to a multiple of this: the 32-bit lanes of the widest vector registers in use."""

BLOCK = 10
"""Examples summed among themselves before they are added to the total; keeps rounding small in 32 bits."""

Example = Callable[..., Any]
Columns = tuple[Any, ...]
"""Data columns of shape (example,), or (example, lane) where every lane has its own."""


def value(example: Example, params: Float[Array, "param lane"], columns: Columns) -> Float[Array, " lane"]:
    """Average ``example(params, *columns)`` over the examples, for each lane."""
    return _mean(jax.vmap(example, in_axes=(1, *_lane_axes(columns))), params, columns)


def value_and_gradient(
    example: Example, params: Float[Array, "param lane"], columns: Columns
) -> tuple[Float[Array, " lane"], Float[Array, "param lane"]]:
    """Average ``example`` and its gradient in ``params`` over the examples, for each lane."""
    both = jax.vmap(jax.value_and_grad(example), in_axes=(1, *_lane_axes(columns)), out_axes=(0, 1))
    return _mean(both, params, columns)


def pad(positions: Shaped[np.ndarray, "run param"], width: int) -> Shaped[np.ndarray, "param width"]:
    """Lay positions into ``width`` lanes, filling up with copies of the last one."""
    return np.pad(positions, ((0, width - len(positions)), (0, 0)), mode="edge").T


def width_for(runs: int, at_most: int) -> int:
    """Choose how many lanes a batch has: the runs, padded, or ``at_most``."""
    return min(-(-runs // LANES) * LANES, at_most)


def _mean(function: Callable[..., Any], params: Any, columns: Columns) -> Any:
    if not columns:
        return function(params)

    def add_block(total: Any, rows: Columns) -> tuple[Any, None]:
        parts = [function(params, *(column[i] for column in rows)) for i in range(rows[0].shape[0])]
        return _add(total, reduce(_add, parts)), None

    count = columns[0].shape[0]
    whole = count // BLOCK * BLOCK
    shapes = jax.eval_shape(function, params, *(column[0] for column in columns))
    total = jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), shapes)
    blocks = tuple(column[:whole].reshape(-1, BLOCK, *column.shape[1:]) for column in columns)
    total, _ = lax.scan(add_block, total, blocks)
    if whole < count:
        total, _ = add_block(total, tuple(column[whole:] for column in columns))
    return jax.tree.map(lambda part: part / count, total)


def _add(one: Any, other: Any) -> Any:
    return jax.tree.map(jnp.add, one, other)


def _lane_axes(columns: Columns) -> tuple[int | None, ...]:
    """One row of a shared column is a scalar; one row of a column of its own per lane is a vector of lanes."""
    return tuple(None if column.ndim == 1 else 0 for column in columns)
