"""One pass over the data: the sum of losses, its gradient, and the matrix of a least-squares step, for every lane.

The loss of an example is ``penalty(r)``. With ``J`` the derivatives of ``r`` and the weight ``w = penalty'(r) / r``,
which for squares is constant, the gradient is the sum of ``w r J`` and the matrix that of ``w J Jᵀ``: iteratively
reweighted least squares, which for squares is the method of Gauss and Newton.

**Data** lie in blocks of rows: (block, group, row, part) for each column. Parameters lie in lanes. Small data have many
lanes and one part; large data, of which one start fills the machine, one lane and many parts, whose sums are joined at
the end. Which it is depends on the data alone, so a start has the same bits beside any others.

**Speed.** XLA joins what is elementwise with the sums that take it, and would compute each cosine again for each of the
55 sums of ten columns, eight times as slow. What leaves a loop is not computed again: so a loop over the groups of a
block makes residuals and derivatives, and products of matrices, which XLA joins with nothing, take the sums. The loop
gives each column apart: one table of all would be written number by number, with a choice of the column for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from thalweg.base import hints
from thalweg.losses.loss import Elementwise

BLOCK, ROWS = 8, 8
"""Groups of a block, and rows of a group: with a dozen columns in 16 lanes a block fits the cache."""

LANES = 16
"""Starts that advance together on small data."""

PARTS = 64
"""Rows of large data that stand in place of the lanes."""

LARGE = 4096
"""Rows from which data are large."""

TINY = 1e-100
"""Residuals below it have the weight of this one, where a weight would grow without bound."""


@dataclass(frozen=True)
class Task:
    """What is summed; equal ones share compiled programs.

    Attributes
    ----------
    residual : ``residual(values, *columns) -> scalar``, of one example; ``values`` are scalars, one a parameter
    order : the parameters in the order of the solver: those that are eliminated come first
    eliminated : how many these are; the residual is linear in all of them at once
    logs : (param,), which are searched on a logarithmic scale, in the solver's order
    penalty : the loss of a residual
    """

    residual: Callable[..., Array]
    order: tuple[int, ...]
    eliminated: int
    logs: tuple[bool, ...]
    penalty: Elementwise

    def example(self, unknowns: Sequence[Array], columns: Sequence[Array]) -> Array:
        """Evaluate the residual of one example at the solver's unknowns."""
        values: list[Any] = [None] * len(self.order)
        for unknown, place, log in zip(unknowns, self.order, self.logs, strict=True):
            values[place] = jnp.exp(unknown) if log else unknown
        return self.residual(tuple(values), *columns)


class Sums(NamedTuple):
    """Sums over the data at some unknowns.

    Attributes
    ----------
    loss : of the losses
    gradient : by every unknown
    matrix : of the step
    """

    loss: Float[Array, " lane"]
    gradient: Float[Array, "unknown lane"]
    matrix: Float[Array, "unknown unknown lane"]


def blocks(columns: Sequence[Float[np.ndarray, " row"]]) -> tuple[np.ndarray, ...]:
    """Lay columns into blocks, (block, row, part, 1), and beside them which rows count: the last are filled up."""
    count = len(columns[0])
    parts = PARTS if count >= LARGE else 1
    groups = min(max(2, -(-count // (ROWS * parts))), BLOCK)
    block = groups * ROWS * parts
    whole = -(-count // block) * block
    kept = np.arange(whole) < count
    padded = [np.pad(column, (0, whole - count), mode="edge") for column in columns]
    return tuple(np.asarray(column, np.float64).reshape(-1, groups, ROWS, parts, 1) for column in (*padded, kept))


def width(count: int) -> int:
    """Choose how many lanes go together on so many rows of data."""
    return 1 if count >= LARGE else LANES


def sums(task: Task, unknowns: Float[Array, "unknown lane"], columns: Sequence[Array]) -> Sums:
    """Sum loss, gradient and matrix over the data."""
    size, lanes = unknowns.shape
    parts = columns[-1].shape[3]
    wide = parts * lanes

    def add(total: Sums, block: Sequence[Array]) -> tuple[Sums, None]:
        *rows, counts = block
        counts = jnp.broadcast_to(counts, (*counts.shape[:-1], lanes)).reshape(*counts.shape[:-2], wide)
        r, *each = lax.map(lambda group: _table(task, unknowns, group), rows)
        derivatives = jnp.stack(each, axis=1)
        loss, slope, weight = (term * counts for term in _terms(task, r))
        left = jnp.concatenate([slope[:, None], weight[:, None] * derivatives], axis=1)
        products = jnp.einsum("girw,gjrw->ijw", left, derivatives)
        part = Sums(loss.sum(axis=(0, 1)), products[0], products[1:])
        return jax.tree.map(jnp.add, total, part), None

    shapes = (wide,), (size, wide), (size, size, wide)
    total, _ = lax.scan(add, Sums._make(map(hints.zeros, shapes)), list(columns))
    return jax.tree.map(lambda part: part.reshape(*part.shape[:-1], parts, lanes).sum(axis=-2), total)


def _table(task: Task, unknowns: Array, rows: Sequence[Array]) -> tuple[Array, ...]:
    """Evaluate residuals and their derivatives by every unknown, (row, part and lane) each."""

    def residual(at: Sequence[Array]) -> Array:
        over_lanes = jax.vmap(task.example, in_axes=(0, None))
        over_parts = jax.vmap(over_lanes, in_axes=(None, 0))
        made = jax.vmap(over_parts, in_axes=(None, 0))(list(at), [row[..., 0] for row in rows])
        return made.reshape(len(made), -1)

    def by(k: int) -> Array:
        # By one unknown at a time: what does not depend on it has no derivative that would be computed.
        def along(unknown: Array) -> Array:
            return residual([*unknowns[:k], unknown, *unknowns[k + 1 :]])

        return jax.jvp(along, (unknowns[k],), (jnp.ones_like(unknowns[k]),))[1]

    return residual(list(unknowns)), *(by(k) for k in range(len(unknowns)))


def _terms(task: Task, r: Array) -> tuple[Array, Array, Array]:
    """Take loss, slope and weight of residuals."""

    def slope(residual: Array) -> Array:
        return jax.grad(lambda each: task.penalty(each).sum())(residual)

    small = jnp.abs(r) < TINY
    weight = slope(jnp.where(small, TINY, r)) / jnp.where(small, TINY, r)
    return task.penalty(r), slope(r), weight
