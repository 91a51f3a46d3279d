"""The highest place on a path, and the pass that lies beside it."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

from thalweg.base.compiling import compiled
from thalweg.descent import grid, mean
from thalweg.problems.domain import Domain, inward
from thalweg.valleys import lanes
from thalweg.valleys.starts.flow import bounds, curvature, look, size

BATCH = 32
"""Passes polished at once, few or many, so that one program serves all."""

BETWEEN = 16
"""Places looked at from one image of a path to the next."""

ROUNDS = 10
"""How often the surroundings of the highest place are looked at, each time at an eighth of the width."""

STEPS = 20
"""Newton steps onto a pass."""

Places = Float[np.ndarray, "path param"]
Each = Float[np.ndarray, " path"]

Carry = tuple[Array, tuple[Array, Array, Array]]
"""Where Newton's method is, and height, gradient and Hessian there."""


class Summits(NamedTuple):
    """Places near which passes were sought.

    Attributes
    ----------
    place, height : where Newton's method led, at most ``reach`` away along each axis
    slope : norm of the gradient there, in units of the loss per length of an axis
    is_pass : whether exactly one curvature is below 0
    way : the direction of the lowest curvature, of unit length: from a pass, the way down to either side
    """

    place: Places
    height: Each
    slope: Each
    is_pass: Bool[np.ndarray, " path"]
    way: Places


def highest(
    example: mean.Example, columns: mean.Columns, paths: Float[np.ndarray, "path image param"]
) -> tuple[Each, Places]:
    """Find the highest place on each path of straight pieces: (height, place); infinite where a place is not finite.

    Between two places looked at there may be a higher one only if the objective turns twice between them.
    """
    count, images, _ = paths.shape

    def measure(where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        piece = np.clip(where.astype(np.int64), 0, images - 2)
        rows = np.arange(count)[:, None]
        share = (where - piece)[..., None]
        # A weighted mean meets both ends exactly.
        places = (1 - share) * paths[rows, piece] + share * paths[rows, piece + 1]
        heights = grid.evaluate(example, columns, places.reshape(-1, places.shape[-1])).reshape(where.shape)
        heights = np.where(np.isfinite(heights), heights, np.inf)
        top = np.argmax(heights, axis=1)
        return top, np.concatenate([heights[rows[:, 0], top][:, None], places[rows[:, 0], top]], axis=1)

    where = np.broadcast_to(np.linspace(0, images - 1, (images - 1) * BETWEEN + 1), (count, (images - 1) * BETWEEN + 1))
    width = 1 / BETWEEN
    top, summits = measure(where)
    for _ in range(ROUNDS):
        middle = np.take_along_axis(where, top[:, None], axis=1)
        where = np.clip(middle + width * np.linspace(-1, 1, 17), 0, images - 1)
        top, summits = measure(where)
        width /= 8
    return summits[:, 0], summits[:, 1:]


def polish(example: mean.Example, columns: mean.Columns, *, domain: Domain, places: Places, reach: Each) -> Summits:
    """Go from every place to the pass beside it by Newton's method, while the gradient falls.

    Parameters
    ----------
    example, columns : the objective as the mean of ``example(params, *columns)``
    domain : its axes; on the edge of a bounded one the pass is sought along the edge
    places : where to begin
    reach : how far from there at most, in lengths of the axes
    """
    program = partial(_program, box=bounds(domain), example=example)
    return Summits(*lanes.run(program, columns, places, reach, width=BATCH, what="polishing"))


@compiled("example")
def _program(columns, places, reach, box, example):
    low, high, length = box

    def inner(at: Array, gradient: Array, hessian: Array) -> tuple[Array, Array, Array]:
        """Gradient and curvature among the axes that do not point out of the box."""
        free = inward(at, gradient, low, high)
        return jnp.where(free, gradient, 0), *curvature(hessian, free)

    def slope(gradient: Array) -> Array:
        return jnp.sqrt(jnp.sum((gradient * length) ** 2, axis=0))

    def step(carry: Carry, _: None) -> tuple[Carry, None]:
        at, measured = carry
        rest, values, vectors = inner(at, *measured[1:])
        parts = jnp.sum(vectors * rest[:, None], axis=0) / jnp.where(values == 0, 1, values)
        beyond = jnp.clip(at - jnp.sum(vectors * parts, axis=1), low, high)
        there = look(example, columns, beyond)
        left = jnp.where(inward(beyond, there[1], low, high), there[1], 0)
        near = size(beyond - places, length) <= reach
        good = (jnp.sum(values < 0, axis=0) == 1) & near & (slope(left) < slope(rest)) & jnp.isfinite(there[0])
        return jax.tree.map(lambda new, old: jnp.where(good, new, old), (beyond, there), carry), None

    (at, measured), _ = lax.scan(step, (places, look(example, columns, places)), None, length=STEPS)
    rest, values, vectors = inner(at, *measured[1:])
    return at, measured[0], slope(rest), jnp.sum(values < 0, axis=0) == 1, vectors[:, 0]
