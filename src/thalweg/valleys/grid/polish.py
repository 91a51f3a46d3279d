"""Compiled searches from many places at once: down to a minimum, up to a saddle, across a cusp.

Places lie in lanes and are padded as the runs are, so no result depends on how many there are. Lengths are measured
in cells of the grid that the places come from. Nothing here raises: what was reached is judged by the caller.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from thalweg.descent import mean
from thalweg.problems.domain import inward

STEPS = 1000
"""Newton steps down at most: a valley of the grid can be long."""

CLIMBS = 100
"""Newton steps up."""

POLLS = 200
"""Rounds of trials at most."""

HALVINGS = 52
"""How often a bracket is halved: down to the digits of a place, in cells."""

EPS = float(np.finfo(np.float64).eps)

PROBE = 1e-9
"""How far from a place its gradient is looked at to tell a cusp, in cells."""


class Box(NamedTuple):
    """Where to search: infinite along a periodic axis; ``spacing`` is the size of a cell."""

    low: Any
    high: Any
    spacing: Any


class Found(NamedTuple):
    """Where a search ended and how near it may claim to be, in cells."""

    position: Any
    width: Any


class Examined(NamedTuple):
    """A place seen close up; ``relief`` is the largest change of height to a place one cell along an axis, ``beside``
    (place, 2 param, param) are gradients just beside it, in heights a cell, 0 along an axis at whose end it lies."""

    value: Any
    gradient: Any
    hessian: Any
    relief: Any
    beside: Any


@partial(jax.jit, static_argnums=0)
def descend(example: mean.Example, columns: mean.Columns, box: Box, x: Float[Array, "lane param"]) -> Found:
    """Go down by Newton's method in a trust region, at most one cell a step, until no step is better.

    A step is better if it goes down or, where heights differ by rounding only, if it lessens the gradient. The search
    stays within a cell of its start; only where it reaches that border lower than it came does it go on from there.
    """

    def step(state: tuple) -> tuple:
        x, (f, g, H), centre, radius, moving, count = state
        free = inward(x, g, box.low, box.high)
        p = _newton(g * free * box.spacing, _scaled(H, free, box), climb=False)
        p = p * jnp.minimum(1, radius / _size(p))[:, None]
        low, high = _around(box, centre)
        there = jnp.clip(x + p * box.spacing, low, high)
        at = _measure(example, columns, there)
        rounding = 4 * EPS * jnp.abs(f)
        flatter = _size(at[1] * inward(there, at[1], box.low, box.high) * box.spacing) < _size(g * free * box.spacing)
        better = moving & jnp.where(jnp.abs(at[0] - f) <= rounding, flatter, at[0] < f)
        moving = moving & ((there != x).any(axis=1) | (count == 0)) & (radius > EPS)
        radius = jnp.where(better, jnp.minimum(1, 2 * radius), jnp.minimum(radius, _size(p)) / 4)
        x, at = _choose(better, (there, at), (x, (f, g, H)))
        border = (jnp.abs(x - centre) >= 0.999 * box.spacing).any(axis=1)
        return x, at, jnp.where(border[:, None], x, centre), radius, moving, count + 1

    # The first step only measures the start, so that the objective is compiled once.
    nowhere = (jnp.full(len(x), 1e300), jnp.zeros_like(x), jnp.zeros((*x.shape, x.shape[1])))
    start = (x, nowhere, x, jnp.ones(len(x)), jnp.ones(len(x), bool), 0)
    x, (_, g, H), *_ = lax.while_loop(lambda state: state[4].any() & (state[5] < STEPS), step, start)
    free = inward(x, g, box.low, box.high)
    return Found(x, jnp.abs(_newton(g * free * box.spacing, _scaled(H, free, box), climb=False)))


@partial(jax.jit, static_argnums=0)
def climb(example: mean.Example, columns: mean.Columns, box: Box, x: Float[Array, "lane param"]) -> Found:
    """Go to a saddle: up along the lowest curvature and down along all others, half a cell a step at most.

    The search stays within three cells of its start; it returns the flattest place that it saw.

    References
    ----------
    C. J. Cerjan, W. H. Miller, "On finding transition states", The Journal of Chemical Physics 75, 2800-2806, 1981,
    doi:10.1063/1.442352.
    """
    low, high = _around(box, x, cells=3.0)

    def steepness(g: Array) -> Array:
        return jnp.where(jnp.isfinite(g).all(axis=1), _size(g * box.spacing), jnp.inf)

    def step(_: Any, state: tuple) -> tuple:
        x, best = state
        _, g, H = _measure(example, columns, x)
        p = _newton(g * box.spacing, _scaled(H, jnp.ones_like(x), box), climb=True)
        best = _choose(steepness(g) < best[2], (x, jnp.abs(p), steepness(g)), best)
        p = p * jnp.minimum(1, 0.5 / _size(p))[:, None]
        return jnp.clip(x + p * box.spacing, low, high), best

    start = (x, (x, jnp.full_like(x, jnp.inf), jnp.full(len(x), jnp.inf)))
    _, (x, p, _) = lax.fori_loop(0, CLIMBS, step, start)
    return Found(x, p)


@partial(jax.jit, static_argnums=0)
def bracket(example: mean.Example, columns: mean.Columns, box: Box, x: Array, way: Array) -> Found:
    """Close in on a minimum of one parameter, a smooth one or a cusp; on a maximum where ``way`` is negative.

    The size of ``way`` (lane, 1), in cells, is the half-width of the first bracket. If neither of its ends is lower
    than its middle, there is a minimum between them, however often the bracket is halved.
    """
    height = _height(example, columns, jnp.sign(way[:, 0]))
    x, _, width = _close_in(height, box, x, jnp.ones_like(x), jnp.abs(way[:, 0]))
    return Found(x, width[:, None])


@partial(jax.jit, static_argnums=0)
def poll(example: mean.Example, columns: mean.Columns, box: Box, x: Float[Array, "lane param"]) -> Found:
    """Go down without trusting derivatives, within a cell of the start, for cusps in more than one parameter.

    A cusp lies along a line or surface; the gradient beside it points across it. So each trial place, a shrinking
    distance away, is first brought to its own lowest place across. No trial is lower where the search ends.

    References
    ----------
    C. Audet, J. E. Dennis, "Mesh adaptive direct search algorithms for constrained optimization", SIAM Journal on
    Optimization 17, 188-217, 2006, doi:10.1137/040603371.
    """
    height = _height(example, columns, jnp.ones(len(x)))
    low, high = _around(box, x)
    inner = Box(low, high, box.spacing)

    def step(state: tuple) -> tuple:
        x, reach, moving, count = state
        turn = jnp.broadcast_to(_turn(count, x.shape[1]), x.shape)
        beside = jnp.clip(x + 1e-3 * reach[:, None] * turn * box.spacing, low, high)
        g = mean.value_and_gradient(example, beside.T, columns)[1].T * box.spacing
        across, sideways = _frame(jnp.nan_to_num(g))
        ways = jnp.stack([jnp.zeros_like(x), *(sign * way for way in (*sideways, turn) for sign in (1, -1))])
        there, heights = _lowest_across(height, inner, x + ways * reach[:, None] * box.spacing, across, reach)
        best = heights.argmin(axis=0)
        lowest, spread = heights.min(axis=0), heights.max(axis=0) - heights[0]
        rounding = 4 * EPS * jnp.abs(lowest)
        lower = jnp.take_along_axis(there, best[None, :, None], axis=0)[0]
        # Only a move of about the reach counts, or creeping would never end.
        far = _size((lower - there[0]) / box.spacing) > reach / 4
        gain = far & (heights[0] - lowest > rounding)
        x = jnp.where(moving[:, None], lower, x)
        resolved = spread > rounding
        reach = jnp.where(moving & ~gain & resolved, reach / 2, reach)
        return x, reach, moving & resolved & (reach > 1e-12), count + 1

    start = (x, jnp.full(len(x), 0.5), jnp.ones(len(x), bool), 0)
    x, reach, moving, _ = lax.while_loop(lambda state: state[2].any() & (state[3] < POLLS), step, start)
    return Found(x, jnp.where(moving, jnp.inf, reach)[:, None] * jnp.ones_like(x))


def _height(example: mean.Example, columns: mean.Columns, sign: Array) -> Any:
    """Make the function of lanes whose minimum is sought; a wall is high."""

    def height(x: Array) -> Array:
        value = mean.value(example, x.T, columns)
        return jnp.where(jnp.isnan(value), jnp.inf, value * jnp.resize(sign, value.shape))

    return height


def _close_in(height: Any, box: Any, x: Array, way: Array, width: Array) -> tuple[Array, Array, Array]:
    """Halve a bracket along ``way`` again and again; its width stops at what heights can tell apart."""

    def halve(_: Any, state: tuple) -> tuple:
        x, f, width = state
        half = width / 2
        steps = jnp.stack([-half, half])[:, :, None] * way * box.spacing
        ends = jnp.clip(x + steps, box.low, box.high)
        left, right = height(ends.reshape(-1, x.shape[1])).reshape(2, -1)
        resolved = jnp.maximum(jnp.abs(left - f), jnp.abs(right - f)) > 4 * EPS * jnp.abs(f)
        to_left, to_right = (left < f) & (left <= right), (right < f) & (right < left)
        there = jnp.where(to_left[:, None], ends[0], jnp.where(to_right[:, None], ends[1], x))
        lower = jnp.minimum(f, jnp.minimum(left, right))
        x, f = _choose(resolved, (there, lower), (x, f))
        return x, f, jnp.where(resolved, half, width)

    return lax.fori_loop(0, HALVINGS, halve, (x, height(x), width))


def _lowest_across(height: Any, box: Box, trials: Array, across: Array, reach: Array) -> tuple[Array, Array]:
    ways, lanes, params = trials.shape
    inner = jax.tree.map(lambda side: jnp.tile(jnp.broadcast_to(side, (lanes, params)), (ways, 1)), box)
    x = jnp.clip(trials.reshape(-1, params), inner.low, inner.high)
    x, f, _ = _close_in(height, inner, x, jnp.tile(across, (ways, 1)), jnp.tile(reach, ways))
    return x.reshape(trials.shape), f.reshape(ways, lanes)


def _frame(g: Float[Array, "lane param"]) -> tuple[Array, list[Array]]:
    """Return the direction of ``g`` and directions that complete it to an orthonormal frame (Householder)."""
    across = g / _size(g)[:, None]
    norm = jnp.linalg.norm(across, axis=1, keepdims=True)
    across = jnp.where(norm > 0, across / jnp.maximum(norm, 1e-300), jnp.eye(g.shape[1])[0])
    mirror = across + jnp.where(across[:, :1] >= 0, 1, -1) * jnp.eye(g.shape[1])[0]
    mirror = mirror / jnp.linalg.norm(mirror, axis=1, keepdims=True)
    others = [jnp.eye(g.shape[1])[k] - 2 * mirror[:, k : k + 1] * mirror for k in range(1, g.shape[1])]
    return across, others


def _turn(count: Any, params: int) -> Array:
    """Give another unit direction at every step, in the end near every direction."""
    primes = jnp.sqrt(jnp.arange(params) + jnp.sqrt(2.0))
    way = jnp.cos(2 * jnp.pi * (count + 1) * primes)
    return way / jnp.linalg.norm(way)


@partial(jax.jit, static_argnums=0)
def examine(example: mean.Example, columns: mean.Columns, box: Box, x: Float[Array, "lane param"]) -> Examined:
    """Look at places and their surroundings."""
    value, gradient, hessian = _measure(example, columns, x)
    params = x.shape[1]
    ways = jnp.concatenate([jnp.eye(params), -jnp.eye(params)])[:, None] * box.spacing
    around = jnp.clip(x + jnp.stack([ways, PROBE * ways]), box.low, box.high)
    heights, slopes = mean.value_and_gradient(example, around.reshape(-1, params).T, columns)
    rise = jnp.abs(heights.reshape(around.shape[:3])[0] - value)
    free = (x > box.low) & (x < box.high)
    beside = jnp.where(free, slopes.T.reshape(around.shape)[1] * box.spacing, 0)
    relief = jnp.where(jnp.isfinite(rise), rise, 0).max(axis=0)
    return Examined(value, gradient, hessian, relief, jnp.swapaxes(beside, 0, 1))


def _measure(example, columns, x: Float[Array, "lane param"]) -> tuple[Array, Array, Array]:
    """Take value, gradient and Hessian of the mean; forward mode over the gradient keeps memory by the lane."""

    def along(tangent: Array) -> Any:
        moved = jnp.broadcast_to(tangent[:, None], x.T.shape)
        return jax.jvp(lambda params: mean.value_and_gradient(example, params, columns), (x.T,), (moved,))

    (value, gradient), (_, hessian) = jax.vmap(along, out_axes=((None, None), (0, 0)))(jnp.eye(x.shape[1]))
    hessian = jnp.moveaxis(hessian, 2, 0)
    return value, gradient.T, (hessian + jnp.swapaxes(hessian, 1, 2)) / 2


def _newton(g: Float[Array, "lane param"], H: Float[Array, "lane param param"], climb: bool) -> Array:
    """Solve for the step that goes down along every axis of curvature but, to climb, up along the lowest."""
    g = jnp.nan_to_num(g, nan=0.0, posinf=1e150, neginf=-1e150)
    usable = (jnp.abs(H) < 1e150).all(axis=(1, 2))
    H = jnp.where(usable[:, None, None], H, jnp.eye(H.shape[1]) * _size(g)[:, None, None])
    curvature, axes = jnp.linalg.eigh(H)
    size = jnp.abs(curvature)
    size = jnp.maximum(size, 1e-14 * size.max(axis=1, keepdims=True) + 1e-300)
    if climb:
        size = size.at[:, 0].multiply(-1)
    slopes = (axes * g[:, :, None]).sum(axis=1)
    p = -(axes * (slopes / size)[:, None, :]).sum(axis=2)
    return jnp.nan_to_num(p, nan=0.0, posinf=1e150, neginf=-1e150)


def _scaled(H: Array, free: Array, box: Box) -> Array:
    """Measure curvature in cells, and part the axes that are not free from the others."""
    both = free[:, :, None] * free[:, None, :]
    scaled = jnp.where(both > 0, H * jnp.outer(box.spacing, box.spacing), 0)
    most = jnp.abs(scaled).max(axis=(1, 2))
    return scaled + jnp.eye(H.shape[1]) * jnp.where(free > 0, 0, most[:, None])[:, :, None]


def _around(box: Box, centre: Array, cells: float = 1.0) -> tuple[Array, Array]:
    reach = cells * box.spacing
    return jnp.maximum(box.low, centre - reach), jnp.minimum(box.high, centre + reach)


def _size(p: Array) -> Array:
    return jnp.maximum(jnp.abs(p).max(axis=1), 1e-300)


def _choose(condition: Array, one: Any, other: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition.reshape(-1, *[1] * (a.ndim - 1)), a, b), one, other)
