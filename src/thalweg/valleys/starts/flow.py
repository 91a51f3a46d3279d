"""Gradient flow from many starts at once: where the surface itself would let each of them come to rest.

The flow ``dx/dt = -∇f`` defines the basins of a surface, so it has to be followed closely, not merely down: a minimiser
that takes long steps, as L-BFGS does, can end in another basin than the start's. It is stiff along narrow valleys:
explicit steps, and gradient descent is one, are bounded by the largest curvature: thousands of steps for Rosenbrock's.

A step here follows the flow of the local quadratic exactly: with ``φ₁(z) = (eᶻ - 1)/z`` it is ``-h φ₁(-hH) g``, the
exponential Rosenbrock–Euler method. A short step is gradient descent, a long one in a bowl is Newton's, so stiff
valleys cost few steps and the end is polished on the way. ``φ₁`` is taken of the eigenvalues of H, which is small and
symmetric; in a bowl no step is unstable. The width of a step follows the error estimate of the third-order companion,
made of the gradient at the step's end; a step that is too wrong, or that leads upwards, is taken again at less than its
width.

What would break it: an error bound much looser than ``ERROR``, with which starts cross ridges; a Hessian that is not
finite (0 is put in its place: plain gradient steps); an objective whose gradient jumps, where widths shrink until the
flow ends on the crease. That is right at a cusp of one parameter and may be early along an edge of two, so the paths
between ends are looked at afterwards (:mod:`thalweg.valleys.starts.multistart`).

References
----------
M. Hochbruck, A. Ostermann, J. Schweitzer, "Exponential Rosenbrock-type methods", SIAM Journal on Numerical Analysis 47,
786–803, 2009, doi:10.1137/080717717.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Integer

from thalweg.descent import mean
from thalweg.problems.domain import Domain, inward
from thalweg.valleys import lanes

BATCH = 1024
"""Starts that flow at once at most."""

ERROR = 1e-4
"""Error allowed in one step, as a share of each axis's length."""

REACH = 0.02
"""Longest step, as a share of each axis's length."""

FLOOR = 1e-11
"""A step shorter than this share of each axis's length ends the flow."""

ROUNDING = 1e-14
"""A step may lead upwards by this share of the height: near a minimum all heights are equal to rounding."""

STEPS = 5000
"""Steps of one start at most."""


Starts = Float[np.ndarray, "start param"]
Column = Float[np.ndarray, "param 1"]


class Ends(NamedTuple):
    """Where each start came to rest.

    Attributes
    ----------
    position : not wrapped on a circle; never off a bounded axis
    height : the objective there; not finite where the start's already is not
    gradient : its norm, without what points out of a bounded axis; large at a cusp, where that is no fault
    settled : 1 where the steps had become short, 0 where the most steps were taken or the numbers are not finite
    steps : how many were tried
    """

    position: Starts
    height: Float[np.ndarray, " start"]
    gradient: Float[np.ndarray, " start"]
    settled: Bool[np.ndarray, " start"]
    steps: Integer[np.ndarray, " start"]


class _Flow(NamedTuple):
    """One position a lane, what is known of the objective there, and the next step's width in time."""

    position: Array
    height: Array
    gradient: Array
    hessian: Array
    width: Array
    running: Array
    steps: Array


def descend(example: mean.Example, columns: mean.Columns, domain: Domain, starts: Starts, steps: int = STEPS) -> Ends:
    """Let every start flow along ``-∇f`` until it rests, in 64 bits.

    On a bounded axis the flow ends at the edge or slides along it. Each start is computed as if it were alone. A
    valley narrower than the error allowed in a step may be stepped over. Along a crease, where the gradient jumps,
    steps shrink and a start may rest before the lowest place: check such ends by the paths between them.

    Parameters
    ----------
    example, columns : the objective as the mean of ``example(params, *columns)``
    domain : its axes; a periodic one is a circle
    starts : inside the domain
    steps : of one start at most

    References
    ----------
    M. Hochbruck, A. Ostermann, J. Schweitzer, "Exponential Rosenbrock-type methods", SIAM Journal on Numerical
    Analysis 47, 786–803, 2009, doi:10.1137/080717717.
    """
    program = partial(_program, box=bounds(domain), example=example, steps=steps)
    return Ends(
        *lanes.run(program, columns, starts, width=mean.width_for(len(starts), BATCH, fewest=0), what="flowing")
    )


def bounds(domain: Domain) -> tuple[Column, Column, Column]:
    """Lay out (low, high, length) of every axis as columns; a circle has no ends."""
    low, high = domain.bounds
    return low[:, None], high[:, None], domain.lengths[:, None]


@partial(jax.jit, static_argnames=("example", "steps"))
def _program(columns, starts, box, example, steps):
    low, high, length = box
    view = partial(look, example, columns)

    def more(flow: _Flow) -> Array:
        return jnp.any(flow.running)

    def step(flow: _Flow) -> _Flow:
        free = inward(flow.position, flow.gradient, low, high)
        gradient = jnp.where(free, flow.gradient, 0)
        values, vectors = curvature(flow.hessian, free)
        first = -_along(vectors, gradient, flow.width * _phi1(-flow.width * values))
        position = jnp.clip(flow.position + first, low, high)
        moved = position - flow.position
        height, slope, hessian = view(position)
        defect = jnp.where(free, slope - flow.gradient - _times(flow.hessian, moved), 0)
        error = _along(vectors, defect, 2 * flow.width * _phi3(-flow.width * values))
        return _judge(flow, (position, height, slope, hessian), size(moved, length), size(error, length), steps)

    height, gradient, hessian = view(starts)
    width = 0.1 * REACH / jnp.maximum(size(gradient, length), jnp.finfo(starts.dtype).tiny)
    finite = jnp.isfinite(height) & jnp.all(jnp.isfinite(gradient), axis=0)
    none = jnp.zeros(starts.shape[1], jnp.int32)
    flow = _Flow(starts, height, gradient, hessian, jnp.minimum(width, 1e100), finite, none)
    flow = lax.while_loop(more, step, flow)
    rest = jnp.where(inward(flow.position, flow.gradient, low, high), flow.gradient, 0)
    norm = jnp.sqrt(jnp.sum(rest * rest, axis=0))
    return flow.position, flow.height, norm, finite & (flow.steps < steps), flow.steps


def _judge(flow: _Flow, there: tuple[Array, Array, Array, Array], moved: Array, error: Array, steps: int) -> _Flow:
    """Take the step or leave it, and choose the next width."""
    height, gradient = there[1:3]
    finite = jnp.isfinite(height) & jnp.all(jnp.isfinite(gradient), axis=0)
    lower = height <= flow.height + ROUNDING * jnp.abs(flow.height)
    wide = jnp.maximum((error / ERROR) ** (1 / 3), moved / REACH)
    good = finite & lower & (wide <= 1)
    taken = flow.running & good
    factor = jnp.clip(0.8 / wide, 0.2, 5.0)
    factor = jnp.where(good, factor, jnp.where(finite & lower, jnp.minimum(factor, 0.8), 0.4))
    done = flow.steps + flow.running
    # A move that is not finite is no short one.
    running = flow.running & ~(moved <= FLOOR) & (done < steps)
    width = jnp.clip(jnp.where(flow.running, flow.width * factor, flow.width), 1e-200, 1e200)
    position, height, gradient, hessian = (jnp.where(taken, new, old) for new, old in zip(there, flow[:4], strict=True))
    return _Flow(position, height, gradient, hessian, width, running, done)


def look(example: mean.Example, columns: mean.Columns, position: Array) -> tuple[Array, Array, Array]:
    """Height, gradient (param, lane) and Hessian (param, param, lane), which is 0 where it is not finite."""
    height, gradient, hessian = lanes.measure(example, columns, position)
    return height, gradient, jnp.where(jnp.all(jnp.isfinite(hessian), axis=(0, 1)), hessian, 0)


def curvature(hessian: Array, free: Array) -> tuple[Array, Array]:
    """Eigenvalues (param, lane) and eigenvectors (param, value, lane) of the Hessian among the free axes."""
    values, vectors = jnp.linalg.eigh(jnp.moveaxis(jnp.where(free & free[:, None], hessian, 0), -1, 0))
    return values.T, jnp.moveaxis(vectors, 0, -1)


def _along(vectors: Array, vector: Array, factors: Array) -> Array:
    """Scale a vector's parts along the eigenvectors."""
    parts = factors * jnp.sum(vectors * vector[:, None], axis=0)
    return jnp.sum(vectors * parts, axis=1)


def _times(matrix: Array, vector: Array) -> Array:
    return jnp.sum(matrix * vector, axis=1)


def size(vector: Array, length: Array) -> Array:
    """The largest part of a vector, in lengths of its axis."""
    return jnp.max(jnp.abs(vector) / length, axis=0)


def _phi1(z: Array) -> Array:
    """``(eᶻ - 1)/z``; large z are cut off, as steps that long are refused anyway."""
    z = jnp.minimum(z, 100.0)
    small = jnp.abs(z) < 1e-8
    return jnp.where(small, 1 + z / 2, jnp.expm1(z) / jnp.where(small, 1.0, z))


def _phi3(z: Array) -> Array:
    """``(eᶻ - 1 - z - z²/2)/z³``; near 0 its series, as the differences lose all digits."""
    z = jnp.minimum(z, 100.0)
    small = jnp.abs(z) < 1e-2
    safe = jnp.where(small, 1.0, z)
    return jnp.where(small, 1 / 6 + z / 24 + z * z / 120, (jnp.expm1(z) - z - z * z / 2) / safe**3)
