"""Small systems of linear equations, one a lane: loops over unknowns, each over all lanes at once.

A library's Cholesky is called for each lane in turn; here all lanes advance together, and no lane's numbers depend on
its neighbours. A pivot that is lost to rounding, of a column that depends on those before it, is dropped: its unknown
stays 0, so that what the equations do not tell is left as it is.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

LOST = 1e-13
"""A pivot below this share of its diagonal entry is rounding."""


def solve(matrix: Float[Array, "size size lane"], right: Float[Array, "size lane"]) -> Float[Array, "size lane"]:
    """Solve symmetric positive definite systems by Cholesky's method; unknowns of dropped pivots are 0."""
    size = len(matrix)
    diagonal = jnp.diagonal(matrix).T
    below = jnp.arange(size)[:, None]

    def factor(k: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        # Column k of L, and what is left of the matrix when it has been taken off.
        left, columns = state
        pivot = left[k, k]
        kept = pivot > LOST * diagonal[k]
        column = jnp.where((below >= k) & kept, left[:, k] / jnp.sqrt(jnp.where(kept, pivot, 1.0)), 0.0)
        return left - column[:, None] * column[None], columns.at[k].set(column)

    _, columns = lax.fori_loop(0, size, factor, (matrix, jnp.zeros_like(matrix)))
    # A dropped column is 0 as a whole: dividing by infinity keeps its unknown 0.
    pivots = jnp.diagonal(columns).T
    pivots = jnp.where(pivots > 0, pivots, jnp.inf)

    def forward(k: Array, rest: Array) -> Array:
        found = rest[k] / pivots[k]
        return jnp.where(below > k, rest - columns[k] * found, rest).at[k].set(found)

    def backward(back: Array, rest: Array) -> Array:
        k = size - 1 - back
        known = jnp.where(below > k, columns[k] * rest, 0.0).sum(axis=0)
        return rest.at[k].set((rest[k] - known) / pivots[k])

    return lax.fori_loop(0, size, backward, lax.fori_loop(0, size, forward, right))
