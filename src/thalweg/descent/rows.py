"""The mean of a per-example function and its gradient for one run, its examples side by side in vector lanes.

**What.** Where ``mean.py`` lays runs side by side, here lie examples: a column of n of them becomes (chunk, ten, row,
lane), filled up with copies of the last, which are masked. The function of one example is computed for a whole chunk
at once. Of its terms ten are added elementwise, of these sums ten again, and so on until one row is left; then the
lanes of that, then the chunks. Value and each derivative are sums of their own.

**Why so.** A run alone would pay for sixteen lanes, and for 200,000 examples it would go through 20,000 blocks, each of
a dozen small loops: 5 to 280 ms a step, where NumPy takes 2 to 5. Here it takes no longer than NumPy. The order of the
sums depends on the numbers of examples and parameters alone, and every loop ends in 16 lanes, so that how XLA divides a
chunk among cores changes no number. The longest chain of additions grows with the logarithm of n, so rounding is less
than that of blocks. Runs have the same bits alone and among others for the simplest of reasons: each is one call of one
program.

**What was tried instead.** ``jnp.mean`` is as fast, but its order of summation is XLA's. The gradient as one array of
(param, example) is four times slower for two parameters: XLA then computes all derivatives for each. More than ``FEW``
would make as many loops, so those are one array, in chunks that memory holds.

**What would break it.** Levels of the sum that XLA may join: it would compute the terms anew in each of them, hence the
barriers. A chunk whose size depends on anything but the numbers of examples and parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from thalweg.base import hints
from thalweg.descent.mean import BLOCK, LANES, Columns, Example
from thalweg.descent.parts import FEW, value_and_slopes

CHUNK = 2**20
"""Terms of an example, its value and its derivatives, that are computed at once at most."""


Terms = TypeVar("Terms")


class Rows(NamedTuple):
    """Data, laid out.

    Attributes
    ----------
    columns : each of (chunk, ten, row, lane, …)
    kept : which of the examples count; all of them where None
    number : how many do
    """

    columns: tuple[Array, ...]
    kept: Array | None
    number: Array | int


def laid(columns: Columns, parameters: int, kept: Bool[Array, " example"] | None = None) -> Rows:
    """Lay data out for a run of so many parameters, all examples or those that are kept."""
    count = columns[0].shape[0]
    chunks = -(-count * (parameters + 1) // CHUNK)
    rows = -(-count // (chunks * BLOCK * LANES))
    size = chunks * BLOCK * rows * LANES

    def fill(values: Array) -> Array:
        more = jnp.broadcast_to(values[-1:], (size - count, *values.shape[1:]))
        return jnp.concatenate([values, more]).reshape(chunks, BLOCK, rows, LANES, *values.shape[1:])

    number = count if kept is None else kept.sum()
    if size > count:
        # Behind a barrier, so that no array of constants is computed when it is compiled.
        real = hints.arange(size) < hints.barrier(hints.asarray(count))
        kept = real if kept is None else real & jnp.concatenate([kept, hints.zeros(size - count, bool)])
    mask = None if kept is None else kept.reshape(chunks, BLOCK, rows, LANES)
    return Rows(tuple(fill(hints.asarray(column)) for column in columns), mask, number)


def value(example: Example, params: Float[Array, "param 1"], rows: Rows) -> Float[Array, " 1"]:
    """Average ``example(params, *columns)`` over the examples."""
    return _mean(lambda chunk: [_everywhere(example, len(chunk))(params[:, 0], *chunk)], rows)


def value_and_gradient(
    example: Example, params: Float[Array, "param 1"], rows: Rows
) -> tuple[Float[Array, " 1"], Float[Array, "param 1"]]:
    """Average ``example`` and its gradient in ``params`` over the examples."""
    count, point = len(params), params[:, 0]

    def terms(chunk: Sequence[Array]) -> list[Array]:
        if count <= FEW:
            both = _everywhere(value_and_slopes(example, count, [column[0, 0, 0] for column in chunk]), len(chunk))
            loss, slopes = both([point[k] for k in range(count)], *chunk)
            return [loss, *slopes]
        loss, slopes = _everywhere(hints.value_and_grad(example), len(chunk))(point, *chunk)
        return [loss, jnp.moveaxis(slopes, -1, 0)]

    total = _mean(terms, rows)
    return total[:1], total[1:, None]


def _everywhere(function: Callable[..., Terms], columns: int) -> Callable[..., Terms]:
    """Let a function of a point and an example take all examples of a chunk."""
    for _ in range(3):
        function = jax.vmap(function, in_axes=(None, *(0 for _ in range(columns))))
    return function


def _mean(terms: Callable[[Sequence[Array]], list[Array]], rows: Rows) -> Array:
    """Average terms, each of (ten, row, lane) or (term, ten, row, lane), chunk by chunk: an array of them all."""

    def total(chunk: tuple[tuple[Array, ...], Array | None]) -> Array:
        columns, kept = chunk
        parts = terms(columns)
        if kept is not None:
            parts = [jnp.where(kept, part, 0) for part in parts]
        sums = [hints.barrier(_sum([part[..., k, :, :] for k in range(BLOCK)])) for part in parts]
        return _level(jnp.concatenate([part.reshape(-1, *part.shape[-2:]) for part in sums]))

    chunks = rows.columns[0].shape[0]
    if chunks == 1:
        whole = total(hints.tree_map(lambda column: column[0], (rows.columns, rows.kept)))
    else:
        shape = hints.eval_shape(total, hints.tree_map(lambda column: column[0], (rows.columns, rows.kept)))
        first = hints.zeros(shape.shape, shape.dtype)
        whole, _ = lax.scan(lambda sofar, chunk: (sofar + total(chunk), None), first, (rows.columns, rows.kept))
    # Of one divisor for all XLA would take the reciprocal, and round twice.
    return whole / hints.barrier(jnp.broadcast_to(hints.asarray(rows.number, whole.dtype), whole.shape))


def _level(sums: Float[Array, "term row lane"]) -> Float[Array, " term"]:
    """Add rows by tens until one is left, then its lanes."""
    while sums.shape[1] > 1:
        further = -(-sums.shape[1] // BLOCK)
        tens = -(-sums.shape[1] // further)
        sums = hints.pad(hints.barrier(sums), ((0, 0), (0, tens * further - sums.shape[1]), (0, 0)))
        sums = _sum([sums[:, k * further : (k + 1) * further] for k in range(tens)])
    sums = hints.barrier(sums)
    return _sum([sums[:, 0, k] for k in range(LANES)])


def _sum(parts: Sequence[Array]) -> Array:
    return reduce(jnp.add, parts)
