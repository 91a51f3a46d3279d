"""The method of Levenberg and Marquardt, for many starts in one compiled program, with bounds and elimination.

A step solves ``(A + λ D) s = -g``: the matrix and the gradient of :mod:`thalweg.fitting.sums`, with the damping λ in
units D of the largest diagonal entries so far, which makes the method blind to the units of the parameters (Moré 1978).
λ shrinks as the loss falls as foretold, and grows twice, four times, … as fast while it does not (Nielsen 1999).

**Eliminated unknowns**, in which the residual is linear, are not damped, and are put where the loss is least at each
new place before it is judged. So the search is one among the others alone: variable projection, with the derivative of
Kaufman (1975). It starts without values for them, takes a third of the steps, and finds the deepest valley from many
times as many starts.

**Bounds.** A step is cut at them; an unknown that lies on one, and would leave, is left out of the equations. So is one
whose bounds are one: it is held, in each lane at a value of its own.

**Rounding.** Near the end the loss falls by less than its own rounding, and cannot be asked whether a step is good. A
step that foretells less than :data:`LEVEL` of the loss is taken where the loss is the same to rounding; after
:data:`CALM` such steps, and more where the method closes in slowly, a lane is done. That is what brings parameters to
ten digits and not to seven.

References
----------
J. J. Moré, "The Levenberg–Marquardt algorithm: implementation and theory", in Numerical Analysis, Lecture Notes in
Mathematics 630, 105–116, 1978, doi:10.1007/BFb0067700.
H. B. Nielsen, "Damping parameter in Marquardt's method", report IMM-REP-1999-05, Technical University of Denmark, 1999.
L. Kaufman, "A variable projection method for solving separable nonlinear least squares problems", BIT 15, 49–57, 1975,
doi:10.1007/BF01932995.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Integer

from thalweg.fitting.algebra import solve
from thalweg.fitting.sums import Sums, Task, sums

FIRST = 1e-3
"""Damping of the first step, in units of D."""

LEAST, MOST = 1e-15, 1e15
"""Dampings below which nothing is gained, and above which no step changes anything."""

LEVEL = 1e-11
"""Share of the loss below which what a step foretells may be lost in rounding."""

ROUNDING = 1e-12
"""Share of the loss by which two sums of one value may differ."""

CALM, CALMEST = 3, 30
"""Steps on the level after which a lane is done: the fewest, and the most, where what they foretell goes on falling."""

NOTHING = 1e-17
"""Share of the loss that is nothing: what a step foretells at rest, to the rounding of the gradient."""


class Lane(NamedTuple):
    """The state of every lane.

    Attributes
    ----------
    unknowns : (unknown, lane), in the solver's order and on its scales
    sums : there
    scales : (damped, lane), the largest diagonal entries so far, of the unknowns that are not eliminated
    damping, growth : λ, and by what it grows at the next refusal
    calm : steps on the level so far
    done : whether the search has ended
    rested : whether it ended at rest: on the level, or where no step gains
    steps : taken or tried
    """

    unknowns: Float[Array, "unknown lane"]
    sums: Sums
    scales: Float[Array, "damped lane"]
    damping: Float[Array, " lane"]
    growth: Float[Array, " lane"]
    calm: Integer[Array, " lane"]
    done: Bool[Array, " lane"]
    rested: Bool[Array, " lane"]
    steps: Integer[Array, " lane"]


def begin(task: Task, starts: Float[np.ndarray, "unknown lane"]) -> Lane:
    """Put lanes at their starts, where nothing has been summed yet: the loss is infinite, and any place is better."""
    size, lanes = starts.shape
    nothing = Sums._make((np.full(lanes, np.inf), np.zeros((size, lanes)), np.zeros((size, size, lanes))))
    scales = np.zeros((size - task.eliminated, lanes))
    damping, growth = np.full(lanes, FIRST), np.full(lanes, 2.0)
    number, truth = np.zeros(lanes, np.int64), np.zeros(lanes, bool)
    return Lane._make((starts, nothing, scales, damping, growth, number, truth, truth, number))


def advance(task: Task, columns: Sequence[Array], bounds: tuple[Array, Array], lane: Lane, steps: int) -> Lane:
    """Take up to so many steps between bounds, (damped, lane) each; lanes that are done stay as they are."""

    def go_on(state: tuple[Lane, Array]) -> Array:
        return (~state[0].done).any() & (state[1] < steps)

    def step(state: tuple[Lane, Array]) -> tuple[Lane, Array]:
        return _step(task, columns, bounds, state[0]), state[1] + 1

    return lax.while_loop(go_on, step, (lane, jnp.zeros((), int)))[0]


def _step(task: Task, columns: Sequence[Array], bounds: tuple[Array, Array], lane: Lane) -> Lane:
    fixed, old = task.eliminated, lane.sums
    low, high = bounds
    diagonal = jnp.diagonal(old.matrix).T[fixed:]
    scales = jnp.maximum(lane.scales, diagonal)
    place, slope = lane.unknowns[fixed:], old.gradient[fixed:]
    held = ((place <= low) & (slope > 0)) | ((place >= high) & (slope < 0)) | (low == high)
    change, foretold = _change(old, lane.damping * scales, held, fixed)
    there = lane.unknowns + change
    there = there.at[fixed:].set(jnp.clip(there[fixed:], low, high))
    unknowns, new = _reached(task, there, columns)

    level = foretold <= LEVEL * old.loss
    fallen = jnp.where(level & jnp.isfinite(old.loss), new.loss <= (1 + ROUNDING) * old.loss, new.loss < old.loss)
    taken = _finite(new) & fallen
    fresh = jnp.isinf(old.loss)
    gain = (old.loss - new.loss) / jnp.maximum(foretold, jnp.finfo(foretold.dtype).tiny)
    eased = lane.damping * jnp.where(fresh, 1.0, jnp.clip(1 - (2 * gain - 1) ** 3, 1 / 3, 2.0))
    damping = jnp.maximum(jnp.where(taken, eased, lane.damping * lane.growth), LEAST)
    growth = jnp.where(taken, 2.0, 2 * lane.growth)
    calm = lane.calm + (level & ~fresh)
    still = (calm >= CALM) & (foretold <= NOTHING * old.loss) | (calm >= CALMEST)
    rested = ~fresh & (still | (foretold <= 0) | (damping > MOST))
    done = rested | (fresh & ~taken)
    moved = Lane(unknowns, new, scales, damping, growth, calm, done, rested, lane.steps + 1)
    stayed = moved._replace(unknowns=lane.unknowns, sums=old)
    moved = jax.tree.map(lambda one, other: jnp.where(taken, one, other), moved, stayed)
    return jax.tree.map(lambda one, other: jnp.where(lane.done, one, other), lane, moved)


def _reached(task: Task, unknowns: Array, columns: Sequence[Array]) -> tuple[Array, Sums]:
    """Put the eliminated unknowns where the loss is least, and sum there; one pass is compiled for both."""

    def sweep(_: Array, state: tuple[Array, Sums]) -> tuple[Array, Sums]:
        former, there = state
        step = solve(there.matrix[:fixed, :fixed], -there.gradient[:fixed])
        there_to = former.at[:fixed].add(step)
        return there_to, sums(task, there_to, columns)

    fixed = task.eliminated
    if not fixed:
        return unknowns, sums(task, unknowns, columns)
    size, lanes = unknowns.shape
    nothing = Sums(
        jnp.zeros(lanes), jnp.zeros((size, lanes)), jnp.broadcast_to(jnp.eye(size)[..., None], (size, size, lanes))
    )
    return lax.fori_loop(0, 2, sweep, (unknowns, nothing))


def _change(there: Sums, damping: Array, held: Array, fixed: int) -> tuple[Array, Array]:
    """Solve for the step, (unknown, lane), and say by how much the loss falls if the equations hold, (lane,)."""
    out = jnp.pad(held, ((fixed, 0), (0, 0)))
    damping = jnp.pad(damping, ((fixed, 0), (0, 0)))
    eye = jnp.eye(len(out))[..., None]
    matrix = jnp.where(out[:, None] | out[None], eye, there.matrix) + eye * damping
    right = jnp.where(out, 0.0, -there.gradient)
    change = solve(matrix, right)
    return change, (change * right + damping * change**2).sum(axis=0) / 2


def _finite(there: Sums) -> Bool[Array, " lane"]:
    whole = jnp.isfinite(there.matrix).all(axis=(0, 1)) & jnp.isfinite(there.gradient).all(axis=0)
    return whole & jnp.isfinite(there.loss)
