"""The mean of a per-example function and its gradient, for many parameter vectors at once.

**What.** Parameter vectors lie side by side in *lanes*, the last axis of (param, lane). The function of *one* example
is vectorised over the lanes, and a scan goes over the data: ten examples, a *block*, are added among themselves, then
the block's sum to the total. Value and gradient come from one pass of automatic differentiation of the one example, so
the gradient is summed as the value is, and no array of runs x examples is ever made. Few lanes take several blocks at
once, an axis more before the lanes; each block's sum is made and added as if it were alone.

**Why so.** Plain gradient descent on a cusp is chaotic: where another order of summation rounds otherwise, 4 to 9 % of
starts end in another valley. The order here depends on the data alone, never on how many runs there are, so one run
and a million have the same bits. Blocks keep the rounding small: the error of a sum grows with the longest chain of
additions, n for n examples in a row, n / 10 + 10 in blocks of ten (Higham 1993). And lanes are what processors are
fast at: each operation on an example becomes vector instructions over neighbouring runs.

**What was tried instead.** The obvious ``vmap`` over runs of ``jnp.mean`` over examples writes runs x examples numbers
to memory, lets XLA choose the order of the sum by the shape, and is 36 to 41 times slower (``benchmarks/engine.py``).
The gradient of the mean, instead of the mean of gradients, makes reverse mode keep every step of the scan. Beyond a
few hundred parameters a run fills the machine by itself: there the runs follow one another, each on all examples.

**What would break it.** A sum whose order depends on the number of lanes; a number of lanes that is no multiple of
``LANES``, whose rest the compiler may compute by other instructions; a division that XLA can join with what follows
(:func:`_divide`), which rounds otherwise under another optimiser.

References
----------
N. J. Higham, "The accuracy of floating point summation", SIAM Journal on Scientific Computing 14, 783–799, 1993,
doi:10.1137/0914050.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Shaped

from thalweg.base import hints
from thalweg.base.parallel import cores
from thalweg.base.precision import computing, dtype_of
from thalweg.descent.formulation import Formulation, chosen
from thalweg.descent.parts import FEW, value_and_slopes

LANES = 16
"""Batches are padded to a multiple of this: the 32-bit lanes of the widest vector registers in use."""

BLOCK = 10
"""Examples summed among themselves before they are added to the total; keeps rounding small in 32 bits."""

NARROW, AT_ONCE = 64, 200
"""With at most so many lanes as the first all blocks are computed at once, up to the second: else loops are short."""

SMALL = 2**16
"""Bytes of a column that enters with each call: to copy it takes a few microseconds."""

FEWEST = 256
"""Lanes below which a batch is not divided among cores: the loop around them would cost more than they."""

Example: TypeAlias = Callable[..., Array]
"""``example(params, *columns) -> scalar``, the loss of one example."""

Columns: TypeAlias = tuple[Array | np.ndarray, ...]
"""Data columns, or features of them, of shape (example, …); or (example, lane, …) where every lane has its own."""

Kept: TypeAlias = Bool[Array, "example lane"] | None
"""Which examples count in which lane; all of them where None."""

Terms = TypeVar("Terms")
"""What is averaged: values, or values and gradients or derivatives; lanes are the last axis."""


def value(example: Example, params: Float[Array, "param lane"], columns: Columns) -> Float[Array, " lane"]:
    """Average ``example(params, *columns)`` over the examples, for each lane."""
    if chosen(len(params), columns) is Formulation.WHOLE:
        return _one_by_one(partial(_plain, example), params, columns)
    return _mean(jax.vmap(example, in_axes=(1, *(None for _ in columns))), params, columns)


def value_and_gradient(
    example: Example, params: Float[Array, "param lane"], columns: Columns, kept: Kept = None, *, own: bool = False
) -> tuple[Float[Array, " lane"], Float[Array, "param lane"]]:
    """Average ``example`` and its gradient in ``params`` over the examples that are kept, for each lane.

    ``own`` tells that every lane has columns of its own.
    """
    if chosen(len(params), columns) is Formulation.WHOLE:
        loss, gradient = _one_by_one(hints.value_and_grad(partial(_plain, example)), params, columns, kept, own)
        return loss, gradient.T
    axes = (1, *(0 if own else None for _ in columns))
    if columns and 1 < len(params) <= FEW:
        row = [column[0, 0] if own else column[0] for column in columns]
        both = jax.vmap(value_and_slopes(example, len(params), row), in_axes=(0, *axes[1:]))
        at_once = AT_ONCE if params.shape[1] <= NARROW else 1
        loss, slopes = _mean(both, list(params), columns, kept, at_once)
        return loss, jnp.stack(slopes)
    if len(params) > 1 or not columns:
        return _mean(jax.vmap(hints.value_and_grad(example), in_axes=axes, out_axes=(0, 1)), params, columns, kept)
    both = _mean(jax.vmap(partial(_as_one, example), in_axes=axes), params, columns, kept)
    return both.real, both.imag[None]


def placed(columns: Columns, precision: int) -> Columns:
    """Put data where programs compute, in the precision that they have.

    Data of NumPy are converted by NumPy: JAX would compile a program for it. Small ones stay there and enter with each
    call: to place them takes as long as a short run.
    """
    dtype = dtype_of(precision)
    converted = [part if part.dtype == dtype else part.astype(dtype) for part in columns]
    with computing(precision):
        return tuple(part if part.nbytes <= SMALL else hints.device_put(part) for part in converted)


def pad(rows: Shaped[np.ndarray, "run *rest"], width: int) -> Shaped[np.ndarray, "*rest width"]:
    """Lay rows into ``width`` lanes, the last axis, filling up with copies of the last one."""
    missing = ((0, width - len(rows)), *[(0, 0)] * (rows.ndim - 1))
    return np.moveaxis(np.pad(rows, missing, mode="edge") if len(rows) < width else rows, 0, -1)


def width_for(runs: int, at_most: int, fewest: int = FEWEST) -> int:
    """Choose how many lanes a batch has: equal batches, as many for every core, none wider than ``at_most``.

    No batch is divided below ``fewest`` lanes: ``FEWEST`` for an evaluation, none for a search, which takes long.
    """
    at_most = max(at_most // LANES, 1) * LANES
    rounds = -(-runs // (at_most * cores()))
    each = max(-(-runs // (rounds * cores())), min(runs, fewest))
    return min(padded(each), at_most)


def padded(runs: int) -> int:
    """Round up to full vectors."""
    return -(-runs // LANES) * LANES


def _as_one(example: Example, params: Array, *columns: Array) -> Array:
    """Join the value and a lone derivative into one complex number.

    XLA makes one loop an output. Of a pair it would keep what both need, such as a root, in memory for every example;
    of one number it keeps it in a register.
    """
    loss, gradient = hints.value_and_grad(example)(params, *columns)
    return lax.complex(loss, gradient[0])


def _mean(
    function: Callable[..., Terms], params: Array | list[Array], columns: Columns, kept: Kept = None, at_once: int = 1
) -> Terms:
    if not columns:
        return function(params)
    # Compiled in itself, so that it is traced once, not once an example of a block.
    single = hints.jit(function)
    several = hints.jit(jax.vmap(function, in_axes=(None, *(0 for _ in columns))))

    def add_blocks(total: Terms, blocks: tuple[Columns, Array | None]) -> tuple[Terms, None]:
        rows, chosen = blocks
        lone = rows[0].shape[0] == 1  # it has no axis of its own: with one of length 1 a step takes a tenth longer
        each = single if lone else several

        def one(i: int) -> Terms:
            place = (0, i) if lone else (slice(None), i)
            terms = each(params, *(column[place] for column in rows))
            if chosen is None:
                return terms
            these = chosen[place]
            return hints.tree_map(lambda term: jnp.where(these, term, 0), terms)

        sums = reduce(_add, map(one, range(rows[0].shape[1])))
        parts = [sums] if lone else [hints.tree_map(lambda sum, k=k: sum[k], sums) for k in range(len(rows[0]))]
        return reduce(_add, parts, total), None

    count = columns[0].shape[0]
    shapes = hints.eval_shape(function, params, *(column[0] for column in columns))
    total = hints.tree_map(lambda shape: hints.zeros(shape.shape, shape.dtype), shapes)
    for rows, together in _divided(count, at_once):
        parts = hints.tree_map(lambda column, rows=rows: column[rows], (columns, kept))
        size = min(BLOCK, rows.stop - rows.start)
        groups = hints.tree_map(lambda part, n=together, m=size: part.reshape(-1, n, m, *part.shape[1:]), parts)
        total, _ = lax.scan(add_blocks, total, groups)
    return hints.tree_map(lambda part: _divide(part, count if kept is None else kept.sum(axis=0)), total)


def _divided(count: int, at_once: int) -> list[tuple[slice, int]]:
    """Divide examples into groups of so many blocks, the blocks that are left, and the rest of a block.

    Returns
    -------
    Which examples, and how many blocks are computed at once.
    """
    blocks = count // BLOCK
    together = max(min(blocks, at_once), 1)
    ends = 0, blocks // together * together * BLOCK, blocks * BLOCK, count
    parts = zip(ends, ends[1:], (together, blocks % together, 1), strict=False)
    return [(slice(first, last), width) for first, last, width in parts if first < last]


def _divide(total: Array, count: Array | int) -> Array:
    """Divide by the count. XLA would join a known count with the optimiser's constants, and round otherwise."""
    if jnp.iscomplexobj(total):
        return lax.complex(_divide(total.real, count), _divide(total.imag, count))
    return total / hints.barrier(hints.asarray(count, total.dtype))


def _plain(example: Example, params: Array, columns: Columns, kept: Array | None) -> Array:
    """Average over all examples at once, for one run."""
    terms = jax.vmap(example, in_axes=(None, *(0 for _ in columns)))(params, *columns)
    return jnp.mean(terms, where=kept)


def _one_by_one(
    function: Callable[[Array, Columns, Array | None], Terms],
    params: Array,
    columns: Columns,
    kept: Kept = None,
    own: bool = False,
) -> Terms:
    """Call ``function(params, columns, kept)`` for each lane in turn, so that none depends on its neighbours."""

    def of_one(lane: tuple[Array, Columns | None, Array | None]) -> Terms:
        point, mine, chosen = lane
        return function(point, columns if mine is None else mine, chosen)

    mine = tuple(jnp.moveaxis(column, 1, 0) for column in columns) if own else None
    return hints.in_turn(of_one, (params.T, mine, None if kept is None else kept.T))


def _add(one: Terms, other: Terms) -> Terms:
    return jax.tree.map(jnp.add, one, other)
