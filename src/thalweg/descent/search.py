"""Runs that are made alone, and optimisers that search along lines, such as L-BFGS.

**What.** A run is made alone, one after the other in a batch, where the optimiser searches along a line or where there
are so many examples that they fill the vectors (``rows.py``). Its parameters still have the lane as their last axis, of
which there is one. What a search evaluates, value and slope at a trial, comes from one pass over the data.

**Why so.** Under ``vmap`` a search goes on for all runs until the slowest is done, and what is decided for one is
computed both ways for all: each step cost up to twenty evaluations with the derivative of a scan in each, and a batch
whose runs had all arrived cost as much as one on its way. Alone, a step costs what it needs.

**Rest.** L-BFGS goes on after it has arrived: at the bottom the loss differs by rounding only, and every search then
tries all its steps. So a run is at rest, and stays where it is for the rest of its steps, once some steps in a row have
brought neither a lower loss nor a smaller gradient than any before: ``PATIENCE`` of them, or ``AT_BOTTOM`` where the
loss is the lowest to rounding. It rests at once where the loss gains no more than rounding and the gradient is
``NOTHING``, rounding of the largest on its way, or exactly 0. The loop over steps then ends, which is why
it is a ``while`` and no scan. Up to there no bit differs. What would have followed differs by rounding, or on a crease
is a walk without an end. Mini-batches have no rest: what brings nothing on one may on the next; and other optimisers
have none either, since a step of theirs that brings nothing may be a swing through a valley.

**What was tried instead.** To rest where an update changes no parameter: rounding lets a run swing between two places
for ever. To rest where the step's predicted gain is below rounding: the gradient could have shrunk by ten thousand
more. To branch in a scan, at rest or not: each idle step still cost as much as a few evaluations of 200 examples.

**What would break it.** An observer that needs every step of a run at rest; a search whose next step depends on a
count of steps, as a schedule beside it does: it may have rested before its rate was large enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float

from thalweg.base import hints
from thalweg.base.parallel import cores
from thalweg.descent.descent import Descent
from thalweg.descent.evaluation import InLanes
from thalweg.descent.formulation import MOST, many
from thalweg.descent.optimizer import attempt, holds, recipe_of
from thalweg.descent.state import Info, Observer, State, Tree
from thalweg.losses.objective import Objective


def alone(objective: Objective, descent: Descent) -> bool:
    """Tell whether every run is made alone; the problem and the optimiser decide, never the number of runs."""
    return (many(objective) and len(objective.problem.domain) <= MOST) or _looks_along(objective, descent)


def rests(objective: Objective, descent: Descent) -> bool:
    """Tell whether runs come to rest: those of L-BFGS with a search, on all data."""
    if descent.minibatch is not None or not _looks_along(objective, descent):
        return False
    return holds(_state(objective, descent), optax.ScaleByLBFGSState)


def at_a_time(count: int, at_most: int) -> int:
    """Choose how many runs that are made alone a batch has: few, so that progress is told often."""
    return max(1, min(-(-count // (16 * cores())), 64, at_most))


def _looks_along(objective: Objective, descent: Descent) -> bool:
    kinds = optax.ScaleByZoomLinesearchState, optax.ScaleByBacktrackingLinesearchState
    return holds(_state(objective, descent), *kinds)


def _state(objective: Objective, descent: Descent) -> Any:
    return attempt(recipe_of(descent.optimizer)[0], len(objective.problem.domain))


def value_of(objective: InLanes) -> Any:
    """Make the function of one run's parameters whose value and slope a search asks for."""

    @hints.sloped()
    def value(point: Float[Array, " param"]) -> Float[Array, ""]:
        return objective.value(point[:, None])[0]

    def change(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        loss, gradient = objective.value_and_gradient(primals[0][:, None])
        return loss[0], jnp.dot(gradient[:, 0], tangents[0])

    value.defjvp(change)
    return value


def until_rest(
    work: Callable[[State, Array], tuple[State, Info]], first: State, steps: int, observer: Observer | None
) -> Tree:
    """Make the steps of one run until it rests, and give all of them the measurements of the last that was made.

    Returns the history or, with an observer, what it has seen.
    """
    zero = hints.zeros((), int)
    shapes = hints.eval_shape(work, first, zero)[1]
    rows = 1 if observer is not None else steps + 1
    history = hints.tree_map(lambda part: hints.zeros((rows, *part.shape), part.dtype), shapes)

    def under_way(carry: tuple[State, Array, Tree]) -> Array:
        state, index, _ = carry
        assert state.rest is not None
        return (index <= steps) & ~state.rest.reached

    def step(carry: tuple[State, Array, Tree]) -> tuple[State, Array, Tree]:
        state, index, history = carry
        after, info = work(state, index)
        if observer is None:
            return after, index + 1, hints.written(history, info, index)
        after = after._replace(observed=observer.observe(state.observed, index, info))
        return after, index + 1, hints.written(history, info, zero)

    state, made, history = lax.while_loop(under_way, step, (first, zero, history))
    if observer is not None:
        return observer.observe(state.observed, zero + steps, hints.tree_map(lambda part: part[0], history))
    return hints.tree_map(lambda part: part[jnp.minimum(hints.arange(rows), made - 1)], history)
