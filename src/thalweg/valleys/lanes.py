"""The one loop over lanes of this room: a compiled program on many places, batch by batch, on all cores, in 64 bits.

Flows, elastic bands and Newton's method all search from many places at once. Places lie in lanes, the last axis of all
arrays, a few vector registers wide; the last batch is filled up with copies of its last place. No lane reads another,
so a place's numbers are the same bits whatever is computed beside it, in whatever order and on however many threads.

What would break this: a sum or a maximum over lanes inside a program; a program that goes on changing lanes that are
done while others are not; a width that is no multiple of the vector registers (the rest of a loop is compiled apart).

A loop inside a program ends with its slowest lane, so batches are narrow, and few places are divided among the cores
too, where an evaluation would not be worth it (``mean.width_for``). The batches ran one after another at first: that
leaves all cores but one idle, since XLA does not divide programs of this size among threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from thalweg.base.parallel import each
from thalweg.base.precision import computing
from thalweg.descent import mean


def run(
    program: Callable[..., Any],
    columns: mean.Columns,
    *places: Shaped[np.ndarray, "place ..."],
    width: int,
    what: str,
) -> Any:
    """Run a compiled program on the rows of some arrays.

    Parameters
    ----------
    program : ``program(columns, *parts)``, with the rows as the last axis of every part; all that it returns, arrays in
        a pytree, has them as its last axis too
    columns : the data, given to every batch
    places : arrays of as many rows, at least one
    width : lanes of a batch, a multiple of ``mean.LANES``
    what : name of the work for whoever listens to its progress

    Returns
    -------
    What the program returns, as NumPy arrays with the rows as their first axis.
    """
    count = len(places[0])
    columns = mean.placed(columns, 64)

    def work(span: slice) -> Any:
        parts = [mean.pad(rows[span].astype(np.float64), width) for rows in places]
        with computing(64):
            result = program(columns, *parts)
        return jax.tree.map(lambda values: np.moveaxis(np.asarray(values), -1, 0)[: span.stop - span.start], result)

    spans = [slice(first, min(first + width, count)) for first in range(0, count, width)]
    return jax.tree.map(lambda *parts: np.concatenate(parts), *each(work, spans, what))


def measure(
    example: mean.Example, columns: mean.Columns, position: Float[Array, "param lane"]
) -> tuple[Float[Array, " lane"], Float[Array, "param lane"], Float[Array, "param param lane"]]:
    """Take height, gradient and Hessian of the mean; to be called inside a compiled program.

    Forward mode over the gradient: memory is that of the gradient, a lane at a time, and the objective is compiled once
    for all directions. Height and gradient come from a call of their own: taken from the pass that makes the Hessian,
    they are rounded otherwise, and a flow that ends at a cusp ends elsewhere.
    """
    both = partial(mean.value_and_gradient, example, columns=columns)

    def turn(direction: Array) -> Array:
        tangent = jnp.broadcast_to(direction[:, None], position.shape)
        return jax.jvp(both, (position,), (tangent,))[1][1]

    height, gradient = both(position)
    hessian = jax.vmap(turn)(jnp.eye(position.shape[0], dtype=position.dtype))
    return height, gradient, (hessian + hessian.swapaxes(0, 1)) / 2
