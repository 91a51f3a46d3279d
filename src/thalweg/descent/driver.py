"""The driver: the only scan over steps and the only batching over runs.

**What.** Runs are divided into batches. A batch is one call of one compiled program, a scan over steps that carries a
:class:`State` and measures an :class:`Info`. A run is a *lane*: parameters and measurements have the lanes as their
last axis, so that objective and gradient are computed for all lanes by vector instructions (``mean.py`` says how), and
every lane has an optimiser state of its own, updated by optax under ``vmap``. Step 0 is the start, measured before any
update; so the scan makes one step more than there are updates, and drops the last update.

**Why so.** A run has the same bits alone and among a million. So nothing may mix lanes, every batch is padded to full
vectors with copies of its last run, and what is random depends on the seed and the run's number. A batch is as wide as
a core's nearest cache allows (``NUMBERS``) and its history as memory allows (``BYTES``); the cores take the batches in
turn, a thread each. Whatever looks at runs without keeping their histories, such as which valley they are in, is an
:class:`Observer` inside the same scan.

Where a run is best made by itself (``search.py``), each is one call of a program with one lane; a batch is then a few
such calls, and there is neither padding nor ``vmap``.

**One program for many calls.** What is compiled in is a :class:`_Plan`, equal where the example, the optimiser's
recipe, steps and mini-batches are equal; all else, data, starts and settings given one a run, enters as arrays. See
"What compiles anew" in ``docs/engine.md``.

**What was tried instead.** ``vmap`` over a function that scans one run: XLA then joins the loops over runs and
examples as it sees fit, 36 to 41 times slower, and rounds by the number of runs. An optimiser state shared by all
lanes would not do: optimisers that take a norm over parameters, or search along a line, would mix the lanes.

**What would break it.** An optimiser whose step depends on another lane; a 32-bit count of steps in a 64-bit run
(``carried.py``); a loop in an optimiser that ends by rounding, which is why line searches are refused in 32 bits
(``descent.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from thalweg.base import hints
from thalweg.base.compiling import compiled
from thalweg.base.parallel import each
from thalweg.base.precision import computing, dtype_of
from thalweg.descent import mean, minibatch
from thalweg.descent.carried import alike, settled
from thalweg.descent.descent import Descent
from thalweg.descent.evaluation import InLanes, evaluation
from thalweg.descent.features import apart
from thalweg.descent.optimizer import Given, Recipe, recipe_of
from thalweg.descent.search import alone, at_a_time, rests, until_rest, value_of
from thalweg.descent.state import Info, Observer, Rest, State, Tree
from thalweg.losses.objective import Objective

NUMBERS = 5120
"""Numbers of one parameter side by side at most: a few such rows stay in a core's nearest cache."""

BYTES = 2**26
"""Bytes of measurements that one batch may make."""


class Draw(NamedTuple):
    """Some runs: where they start, and their values of the optimiser's varying settings."""

    starts: Float[np.ndarray, "run param"]
    settings: Mapping[str, Float[np.ndarray, " run"]]


@dataclass(frozen=True, eq=False)
class Source:
    """Runs to be made, drawn when their turn comes, so that a million need no memory before.

    Attributes
    ----------
    count : how many there are
    draw : ``draw(first, last)`` gives the runs from ``first`` to before ``last``
    """

    count: int
    draw: Callable[[int, int], Draw]


def listed(descent: Descent, starts: Float[np.ndarray, "run param"]) -> Source:
    """Make the source of runs that are given as arrays."""
    settings = recipe_of(descent.optimizer)[1]

    def draw(first: int, last: int) -> Draw:
        return Draw(starts[first:last], {name: values[first:last] for name, values in settings.items()})

    return Source(len(starts), draw)


def drive(
    objective: Objective, descent: Descent, source: Source, observer: Observer | None = None
) -> Iterator[tuple[slice, Tree]]:
    """Make all runs, batch by batch, on all cores.

    Yields
    ------
    Which runs, and what was measured at their steps 0 to ``steps``, an :class:`Info` with runs as the last axis; or,
    with an observer, what it has seen of them. The batches come in order; a run's numbers do not depend on its batch.
    """
    spans = batches(objective, descent, source.count, observer is None)
    work = worker(objective, descent, source, spans[0].stop, observer)
    return zip(spans, each(work, spans, "descending"), strict=True)


def batches(objective: Objective, descent: Descent, count: int, history: bool) -> list[slice]:
    """Divide runs into batches, all of the width of the first but for the last."""
    widest = _widest(len(objective.problem.domain), descent, history)
    width = at_a_time(count, widest) if alone(objective, descent) else mean.width_for(count, widest)
    return [slice(first, min(first + width, count)) for first in range(0, count, width)]


def worker(
    objective: Objective, descent: Descent, source: Source, width: int, observer: Observer | None
) -> Callable[[slice], Tree]:
    """Make the function that makes the runs of one batch."""
    dtype = dtype_of(descent.precision)
    train, test = (mean.placed(part, descent.precision) for part in (objective.train, objective.test))
    recipe, _ = recipe_of(descent.optimizer)
    parts = descent.minibatch
    plan = _Plan(objective.example, recipe, descent.steps, alone(objective, descent), rests(objective, descent))
    width = 1 if plan.alone else mean.padded(width)
    if parts is not None:
        plan = replace(plan, minibatch=(parts.largest, parts.seed), ragged=len(parts.sizes) > 1)
    sizes = np.broadcast_to(parts.sizes if parts else np.int32(1), source.count)

    def make(runs: Draw, first: int) -> Tree:
        batch = _Batch(
            hints.traced(mean.pad(runs.starts.astype(dtype), width)),
            hints.traced(np.arange(first, first + width, dtype=np.uint32)),
            hints.traced(mean.pad(sizes[first : first + len(runs.starts)], width)),
            {name: hints.traced(mean.pad(runs.settings[name].astype(dtype), width)) for name in recipe.varying},
        )
        with computing(descent.precision):
            result = _program(batch, train, test if observer is None else (), observer, plan)
            return hints.gather(result, len(runs.starts))

    def work(span: slice) -> Tree:
        runs = source.draw(span.start, span.stop)
        if not plan.alone:
            return make(runs, span.start)
        return hints.joined([make(one, span.start + k) for k, one in enumerate(_each(runs))])

    return work


def _each(runs: Draw) -> Iterator[Draw]:
    """Part runs into single ones."""
    for k in range(len(runs.starts)):
        yield Draw(runs.starts[k : k + 1], {name: values[k : k + 1] for name, values in runs.settings.items()})


class _Batch(NamedTuple):
    """The runs of one batch, a run a lane: starts (param, lane), numbers, batch sizes, varying settings."""

    params: Array
    runs: Array
    sizes: Array
    settings: dict[str, Array]


@dataclass(frozen=True)
class _Plan:
    """What is compiled in; equal plans share a program. ``minibatch`` is its largest size and its seed."""

    example: mean.Example
    recipe: Recipe
    steps: int
    alone: bool
    rests: bool
    minibatch: tuple[int, int] | None = None
    ragged: bool = False


def _widest(parameters: int, descent: Descent, history: bool) -> int:
    """Choose how many lanes fit the cache, and their history the memory; an accelerator has many more at work."""
    wide = NUMBERS if jax.default_backend() == "cpu" else 2**20
    kept = (descent.steps + 1) * (parameters + 3) * descent.precision // 8 if history else 1
    return max(min(2 * wide // (parameters + 1), BYTES // kept), mean.LANES)


@compiled("plan")
def _program(batch: _Batch, train: mean.Columns, test: mean.Columns, observer: Observer | None, plan: _Plan) -> Tree:
    count = len(batch.params)
    untried, tests = apart(plan.example, count, test)
    example, train = apart(plan.example, count, train)
    learned, tested = (evaluation(one, count, data, plan.alone) for one, data in ((example, train), (untried, tests)))
    begin, update = _updates(plan, learned, batch.settings)

    def work(state: State, index: Array) -> tuple[State, Info]:
        params, rest = state.params, state.rest
        if plan.minibatch is None or state.shuffle is None:
            shuffle = None
            loss, gradient = learned.value_and_gradient(params)
            batch_loss = loss
        else:
            rows, kept, shuffle = minibatch.draw(state.shuffle, plan.minibatch[0], index)
            chosen = tuple(column[rows] for column in train)
            batch_loss, gradient = learned.of_part(params, chosen, kept if plan.ragged else None)
            loss = learned.value(params)
        test_loss = tested.value(params) if test else hints.full_like(loss, jnp.nan)
        norm = jnp.sqrt(jnp.sum(gradient * gradient, axis=0))
        info = Info(params, loss, test_loss, norm)
        go_on = partial(update, gradient, state.optimizer, params, batch_loss)
        if rest is None:
            moved, memory = go_on()
        else:
            rest = rest.note(loss, norm)
            moved, memory = hints.cond(rest.reached, lambda: (params, state.optimizer), go_on)
        return State(moved, memory, shuffle, state.observed, rest), info

    def step(state: State, index: Array) -> tuple[State, Info | None]:
        after, info = work(state, index)
        if observer is None:
            return after, info
        return after._replace(observed=observer.observe(state.observed, index, info)), None

    shuffle = None
    if plan.minibatch is not None:
        shuffle = minibatch.first_shuffle(plan.minibatch[1], batch.runs, batch.sizes, len(train[0]))
    memory = begin(batch.params)
    observed = None if observer is None else observer.begin(batch.params)
    first = State(batch.params, memory, shuffle, observed, Rest.begin(batch.params) if plan.rests else None)
    if plan.rests:
        return until_rest(work, first, plan.steps, observer)
    last, history = lax.scan(step, first, hints.arange(plan.steps + 1))
    return history if observer is None else last.observed


def _updates(
    plan: _Plan, objective: InLanes, settings: Mapping[str, Array]
) -> tuple[Callable[[Array], Tree], Callable[..., tuple[Array, Tree]]]:
    """Make what begins the optimisers' states and what updates them, each lane apart or for the only one."""

    full = plan.minibatch is None

    def begin(values: Mapping[str, Array], point: Array) -> Tree:
        def once(memory: Tree) -> Tree:
            return plan.recipe.update(values, Given(point, memory, point[0], point), jnp.sum, full)[1]

        return settled(once, plan.recipe.build(values).init(point), point.dtype)

    if plan.alone:
        mine, value = {name: values[0] for name, values in settings.items()}, value_of(objective)

        def update(gradient: Array, memory: Tree, params: Array, loss: Array) -> tuple[Array, Tree]:
            moved, memory = _update(plan, value, mine, gradient[:, 0], memory, params[:, 0], loss[0])
            return moved[:, None], memory

        return lambda params: begin(mine, params[:, 0]), update

    def value_alone(point: Float[Array, " param"]) -> Float[Array, ""]:
        return objective.value(point[:, None])[0]

    each_update = jax.vmap(partial(_update, plan, value_alone), in_axes=(0, 1, 0, 1, 0), out_axes=(1, 0))
    return lambda params: jax.vmap(begin, in_axes=(0, 1))(settings, params), partial(each_update, settings)


def _update(
    plan: _Plan,
    objective: Callable[[Array], Array],
    settings: Mapping[str, Array],
    gradient: Array,
    memory: Tree,
    params: Array,
    loss: Array,
) -> tuple[Array, Tree]:
    """One update of one run. Line searches may evaluate the full objective; nobody else pays for it."""
    given = Given(params, memory, loss, gradient)
    moved, after = plan.recipe.update(settings, given, objective, plan.minibatch is None)
    return moved, alike(after, memory)
