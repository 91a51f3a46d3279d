"""Gradient flow from many starts at once: where the surface itself would let each of them come to rest.

The flow ``dx/dt = -∇f`` defines the basins of a surface, so it has to be followed closely, not merely down: a minimiser
that takes long steps, as L-BFGS does, can end in another basin than the start's. It is stiff along narrow valleys:
explicit steps, and gradient descent is one, are bounded by the largest curvature: thousands of steps for Rosenbrock's.

A step here follows the flow of the local quadratic exactly: with ``φ₁(z) = (eᶻ - 1)/z`` it is ``-h φ₁(-hH) g``, the
exponential Rosenbrock–Euler method. A short step is gradient descent, a long one in a bowl is Newton's, so stiff
valleys cost few steps and the end is polished on the way. The ``φ`` are taken of the eigenvalues of H, which is small
and symmetric; in a bowl no step is unstable. Two more gradients, half a step and a whole step ahead, tell what the
quadratic leaves out and make the step one of the fourth order (exprb43); a Hessian costs as much as several gradients,
and this takes a third of the steps that the second order took. The width of a step follows the error of the companion
of the third order; a step that is too wrong, or that leads upwards, is taken again at less than its width.

Starts take very different numbers of steps. So a program takes ``CHUNK`` steps of a narrow batch; those that rest then
leave, and the others are packed anew. No number depends on that, as no lane reads another.

What would break it: an error bound much looser than ``ERROR``, with which starts cross ridges; a Hessian that is not
finite (0 is put in its place: plain gradient steps); an objective whose gradient jumps, where widths shrink until the
flow ends on the crease. That is right at a cusp of one parameter and may be early along an edge of two, so such ends
are gone on from afterwards (:mod:`thalweg.valleys.starts.crease`).

References
----------
M. Hochbruck, A. Ostermann, J. Schweitzer, "Exponential Rosenbrock-type methods", SIAM Journal on Numerical Analysis 47,
786–803, 2009, doi:10.1137/080717717.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Integer

from thalweg.base.compiling import compiled
from thalweg.base.progress import counting
from thalweg.descent import mean
from thalweg.problems.domain import Domain, inward
from thalweg.valleys import lanes
from thalweg.valleys.starts.phi import phi1, phi3, phi4

BATCH = 32
"""Starts that flow at once, few or many, so that one program serves all."""

CHUNK = 16
"""Steps between two packings of the starts that have not come to rest."""

ERROR = 1e-4
"""Error allowed in one step of the third order, as a share of each axis's length; the step taken is of the fourth."""

REACH = 0.05
"""Longest step, as a share of each axis's length."""

HARMLESS = 0.1
"""Part that counts of an error along the way, or across a narrow valley: it leads to no other basin."""

FLOOR = 1e-11
"""A step shorter than this share of each axis's length ends the flow."""

ROUNDING = 1e-14
"""A step may lead upwards by this share of the height: near a minimum all heights are equal to rounding."""

STEPS = 5000
"""Steps of one start at most."""

CREEP, PATIENCE = 1e-3, 8
"""A start that moves by less than this share of each axis, so many chunks in a row, creeps along a crease: it ends."""

Starts = Float[np.ndarray, "start param"]
Column = Float[np.ndarray, "param 1"]


class Ends(NamedTuple):
    """Where each start came to rest.

    Attributes
    ----------
    position : not wrapped on a circle; never off a bounded axis
    height : the objective there; not finite where the start's already is not
    gradient : its norm, without what points out of a bounded axis; large at a cusp, where that is no fault
    settled : 1 where the steps had become short, 0 where the most steps were taken, where they crept along a crease,
        or where the numbers are not finite
    steps : how many were tried
    """

    position: Starts
    height: Float[np.ndarray, " start"]
    gradient: Float[np.ndarray, " start"]
    settled: Bool[np.ndarray, " start"]
    steps: Integer[np.ndarray, " start"]


class _Flow(NamedTuple):
    """One position a lane, what is known of the objective there, and how far the next step may go in time and in space.

    A width of 0 tells that nothing is known yet: the first step stays and measures.
    """

    position: Array
    height: Array
    gradient: Array
    hessian: Array
    width: Array
    span: Array
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
    count, params = starts.shape
    program = partial(_program, box=bounds(domain), example=example, steps=steps)
    columns = mean.placed(columns, 64)
    slopes, curvatures = np.zeros((count, params)), np.zeros((count, params, params))
    height, width, span, tried = np.zeros((4, count))
    running = np.ones(count)
    flow = [starts.astype(np.float64), height, slopes, curvatures, width, span, running, tried]
    going, creeping = np.arange(count), np.zeros(count, dtype=np.int64)
    with counting("flowing", count) as done:
        while going.size:
            before = flow[0][going]
            later = lanes.run(program, columns, *(part[going] for part in flow), width=BATCH, what="flowing")
            for part, values in zip(flow, later, strict=True):
                part[going] = values
            short = (np.abs(flow[0][going] - before) <= CREEP * domain.lengths).all(axis=1)
            creeping[going] = np.where(short, creeping[going] + 1, 0)
            going = going[(running[going] > 0) & (creeping[going] < PATIENCE)]
            done(count - going.size)
    position, height, gradient = flow[:3]
    finite = np.isfinite(height) & np.isfinite(gradient).all(axis=1)
    settled = finite & (tried < steps) & (creeping < PATIENCE)
    return Ends(position, height, _downhill(domain, position, gradient), settled, tried.astype(np.int64))


def _downhill(domain: Domain, position: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Norms of gradients without what points out of a bounded axis."""
    low, high = domain.bounds
    out = ((position <= low) & (gradient > 0)) | ((position >= high) & (gradient < 0))
    return np.linalg.norm(np.where(out, 0, gradient), axis=1)


def bounds(domain: Domain) -> tuple[Column, Column, Column]:
    """Lay out (low, high, length) of every axis as columns; a circle has no ends."""
    low, high = domain.bounds
    return low[:, None], high[:, None], domain.lengths[:, None]


@compiled("example", "steps")
def _program(columns, *flow, box, example, steps):
    low, high, length = box
    view, slope_at = partial(look, example, columns), partial(mean.value_and_gradient, example, columns=columns)

    def more(carry: tuple[_Flow, Array]) -> Array:
        return jnp.any(carry[0].running) & (carry[1] < CHUNK)

    def step(carry: tuple[_Flow, Array]) -> tuple[_Flow, Array]:
        flow, count = carry
        free = inward(flow.position, flow.gradient, low, high)
        gradient = jnp.where(free, flow.gradient, 0)
        values, vectors = curvature(flow.hessian, free)

        def ahead(vector: Array, width: Array) -> Array:
            """Follow the flow of the quadratic, driven by a vector, for some time."""
            return -_along(vectors, vector, width * phi1(-width * values))

        def inside(move: Array) -> Array:
            return jnp.clip(flow.position + move, low, high)

        def defect(position: Array) -> Array:
            """What the quadratic leaves out of the gradient."""
            beyond = flow.gradient + _times(flow.hessian, position - flow.position)
            return jnp.where(free, slope_at(position)[1] - beyond, 0)

        width = _width(flow, values, lambda width: size(ahead(gradient, width), length))
        first, z = ahead(gradient, width), -width * values
        half = defect(inside(ahead(gradient, width / 2)))
        whole = defect(inside(first + ahead(half, width)))
        third = _along(vectors, 16 * half - 2 * whole, width * phi3(z))
        fourth = _along(vectors, 12 * whole - 48 * half, width * phi4(z))
        position = inside(first - third - fourth)
        moved = (position - flow.position) / length
        error = _error(fourth / length, _along(vectors, fourth, jnp.minimum(phi1(z), 1)) / length, moved)
        flow = flow._replace(width=jnp.where(flow.width > 0, width, 0))
        # Beside a cusp what is added may undo the step, which is then no short one.
        far = jnp.maximum(jnp.max(jnp.abs(moved), axis=0), size(inside(first) - flow.position, length))
        there = (position, *view(position))
        return _judge(flow, there, far, error, length, steps), count + 1

    flow = _Flow(*flow)
    flow = flow._replace(running=flow.running > 0)
    flow, _ = lax.while_loop(more, step, (flow, jnp.int32(0)))
    return flow._replace(running=flow.running.astype(flow.width.dtype))


def _width(flow: _Flow, values: Array, far: Callable[[Array], Array]) -> Array:
    """Shorten the time until the flow of the quadratic goes no further than the span.

    Where a curvature is negative it goes exponentially far: the objective need not be asked to know that.
    """
    most = jnp.minimum(flow.width, 1 / jnp.maximum(-jnp.min(values, axis=0), 1e-200))

    def halve(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = jnp.sqrt(low) * jnp.sqrt(high)
        near = far(middle) <= flow.span
        return jnp.where(near, middle, low), jnp.where(near, high, middle)

    low, _ = lax.fori_loop(0, 12, halve, (1e-6 * most, most))
    return jnp.where(far(most) <= flow.span, most, low)


def _error(error: Array, damped: Array, moved: Array) -> Array:
    """Weigh an error, in lengths of the axes, by what it does to where the flow ends.

    An error along the way is one of time, and leads nowhere else. One across a narrow valley dies away there.
    """
    along = jnp.sum(damped * moved, axis=0) / jnp.maximum(jnp.sum(moved * moved, axis=0), 1e-300)
    across = damped - jnp.clip(along, -0.5, 0.5) * moved
    return jnp.maximum(jnp.max(jnp.abs(across), axis=0), HARMLESS * jnp.max(jnp.abs(error), axis=0))


def _judge(
    flow: _Flow,
    there: tuple[Array, Array, Array, Array],
    moved: Array,
    error: Array,
    length: Array,
    steps: int,
) -> _Flow:
    """Take the step or leave it, and choose the next width."""
    height, gradient = there[1:3]
    fresh = flow.width == 0
    finite = jnp.isfinite(height) & jnp.all(jnp.isfinite(gradient), axis=0)
    lower = height <= flow.height + ROUNDING * jnp.abs(flow.height)
    wide = jnp.maximum((error / ERROR) ** 0.25, moved / (2 * REACH))
    wide = jnp.where(wide < 1e3, wide, 1e3)  # beside a cusp an error may be no number
    good = finite & lower & (wide <= 1)
    taken = flow.running & (good | fresh)
    factor = jnp.clip(0.8 / wide, 0.2, 5.0)
    factor = jnp.where(good, factor, jnp.minimum(factor, jnp.where(finite & lower, 0.8, 0.4)))
    begin = 0.1 * REACH / jnp.maximum(size(gradient, length), jnp.finfo(height.dtype).tiny)
    width = jnp.where(fresh, jnp.minimum(begin, 1e100), jnp.clip(flow.width * factor, 1e-200, 1e200))
    span = jnp.where(fresh, REACH, jnp.where(good, jnp.minimum(factor * moved, REACH), flow.span))
    done = flow.steps + (flow.running & ~fresh)
    # A move that is not finite is no short one.
    running = flow.running & jnp.where(fresh, finite, ~(moved <= FLOOR) & (done < steps))
    width, span = (jnp.where(flow.running, new, old) for new, old in ((width, flow.width), (span, flow.span)))
    position, height, gradient, hessian = (jnp.where(taken, new, old) for new, old in zip(there, flow[:4], strict=True))
    return _Flow(position, height, gradient, hessian, width, span, running, done)


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
