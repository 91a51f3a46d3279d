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

**One program for many calls.** What is compiled in is a :class:`_Plan`, equal where the example, the optimiser's
recipe, steps and mini-batches are equal; all else, data, starts and settings given one a run, enters as arrays. See
"What compiles anew" in ``docs/engine.md``.

**What was tried instead.** ``vmap`` over a function that scans one run: XLA then joins the loops over runs and
examples as it sees fit, 36 to 41 times slower, and rounds by the number of runs. An optimiser state shared by all
lanes would not do: optimisers that take a norm over parameters, or search along a line, would mix the lanes.

**What would break it.** An optimiser whose step depends on another lane; a 32-bit count of steps in a 64-bit run
(:func:`_counting_in`); a loop in an optimiser that ends by rounding, which is why line searches are refused in 32 bits
(``descent.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Float

from thalweg.base import hints
from thalweg.base.compiling import compiled
from thalweg.base.parallel import each
from thalweg.base.precision import computing, dtype_of
from thalweg.descent import mean, minibatch
from thalweg.descent.descent import Descent
from thalweg.descent.features import apart
from thalweg.descent.minibatch import Shuffle
from thalweg.descent.optimizer import Recipe, recipe_of
from thalweg.losses.objective import Objective

Tree: TypeAlias = Any
"""A pytree of arrays: an optimiser's state, or what an observer keeps; only they know what is in it."""

Measured: TypeAlias = Any
"""An array: of JAX's inside a compiled program, of NumPy's outside (beartype knows no generic named tuples)."""

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


class State(NamedTuple):
    """What a step hands to the next; ``params`` is (param, lane)."""

    params: Array
    optimizer: Tree
    shuffle: Shuffle | None
    observed: Tree


class Info(NamedTuple):
    """What is measured at every step, before its update: arrays of (step, …, run)."""

    params: Measured
    train_loss: Measured
    test_loss: Measured
    grad_norm: Measured


@runtime_checkable
class Observer(Protocol):
    """Looks at every step as it is made and keeps what matters, instead of the whole history.

    It is a JAX pytree; all that it keeps has the lanes as its last axis.
    """

    def begin(self, params: Array) -> Tree:
        """Make what is known before the first step."""
        ...

    def observe(self, observed: Tree, step: Array, info: Info) -> Tree:
        """Take in one step."""
        ...


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
    width = mean.width_for(count, _widest(len(objective.problem.domain), descent, history))
    return [slice(first, min(first + width, count)) for first in range(0, count, width)]


def worker(
    objective: Objective, descent: Descent, source: Source, width: int, observer: Observer | None
) -> Callable[[slice], Tree]:
    """Make the function that makes the runs of one batch."""
    dtype, width = dtype_of(descent.precision), mean.padded(width)
    train, test = (mean.placed(part, descent.precision) for part in (objective.train, objective.test))
    recipe, _ = recipe_of(descent.optimizer)
    parts = descent.minibatch
    plan = _Plan(objective.example, recipe, descent.steps)
    if parts is not None:
        plan = replace(plan, minibatch=(parts.largest, parts.seed), ragged=len(parts.sizes) > 1)
    sizes = np.broadcast_to(parts.sizes if parts else np.int32(1), source.count)

    def work(span: slice) -> Tree:
        runs = source.draw(span.start, span.stop)
        batch = _Batch(
            hints.traced(mean.pad(runs.starts.astype(dtype), width)),
            hints.traced(np.arange(span.start, span.start + width, dtype=np.uint32)),
            hints.traced(mean.pad(sizes[span], width)),
            {name: hints.traced(mean.pad(runs.settings[name].astype(dtype), width)) for name in recipe.varying},
        )
        with computing(descent.precision):
            result = _program(batch, train, test if observer is None else (), observer, plan)
            return hints.gather(result, len(runs.starts))

    return work


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
    update = jax.vmap(partial(_update, plan.recipe, example, train), in_axes=(0, 1, 0, 1, 0), out_axes=(1, 0))

    def step(state: State, index: Array) -> tuple[State, Info | None]:
        params = state.params
        if plan.minibatch is None or state.shuffle is None:
            shuffle = None
            loss, gradient = mean.value_and_gradient(example, params, train)
            batch_loss = loss
        else:
            rows, kept, shuffle = minibatch.draw(state.shuffle, plan.minibatch[0], index)
            chosen = tuple(column[rows] for column in train)
            kept = kept if plan.ragged else None
            batch_loss, gradient = mean.value_and_gradient(example, params, chosen, kept, own=True)
            loss = mean.value(example, params, train)
        test_loss = mean.value(untried, params, tests) if test else hints.full_like(loss, jnp.nan)
        norm = jnp.sqrt(jnp.sum(gradient * gradient, axis=0))
        info = Info(params, loss, test_loss, norm)
        moved, memory = update(batch.settings, gradient, state.optimizer, params, batch_loss)
        if observer is None:
            return State(moved, memory, shuffle, None), info
        return State(moved, memory, shuffle, observer.observe(state.observed, index, info)), None

    shuffle = None
    if plan.minibatch is not None:
        shuffle = minibatch.first_shuffle(plan.minibatch[1], batch.runs, batch.sizes, len(train[0]))

    def begin(settings: Mapping[str, Array], point: Array) -> Tree:
        return plan.recipe.build(settings).init(point)

    memory = jax.vmap(begin, in_axes=(0, 1))(batch.settings, batch.params)
    memory = jax.tree.map(_counting_in(batch.params.dtype), memory)
    observed = None if observer is None else observer.begin(batch.params)
    first = State(batch.params, memory, shuffle, observed)
    last, history = lax.scan(step, first, hints.arange(plan.steps + 1))
    return history if observer is None else last.observed


def _counting_in(dtype: np.dtype) -> Callable[[Array], Array]:
    """Let 64-bit runs count steps in 64 bits: from a 32-bit count optax's schedules make a 32-bit learning rate."""
    wide = dtype == jnp.float64

    def counting(leaf: Array) -> Array:
        return leaf.astype(jnp.int64) if wide and leaf.dtype == jnp.int32 else leaf

    return counting


def _update(
    recipe: Recipe,
    example: mean.Example,
    train: mean.Columns,
    settings: Mapping[str, Array],
    gradient: Array,
    memory: Tree,
    params: Array,
    loss: Array,
) -> tuple[Array, Tree]:
    """One update of one run. Line searches may evaluate the full objective; nobody else pays for it."""

    def objective(point: Float[Array, " param"]) -> Float[Array, ""]:
        return mean.value(example, point[:, None], train)[0]

    optimizer = recipe.build(settings)
    changes, memory = optimizer.update(gradient, memory, params, value=loss, grad=gradient, value_fn=objective)
    return optax.apply_updates(params, changes), memory
