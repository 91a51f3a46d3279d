"""The one driver: the only scan over steps and the only batching over runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Float

from thalweg.base.compiling import compiled
from thalweg.base.parallel import each
from thalweg.base.precision import computing, dtype_of
from thalweg.descent import mean, minibatch
from thalweg.descent.descent import Descent
from thalweg.descent.features import apart
from thalweg.descent.minibatch import Shuffle
from thalweg.descent.optimizer import Recipe, recipe_of
from thalweg.losses.objective import Objective

NUMBERS = 5120
"""Numbers of one parameter side by side at most: a few such rows stay in a core's nearest cache."""

HELD = 2**26
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

    params: Any
    optimizer: Any
    shuffle: Shuffle | None
    seen: Any


class Info(NamedTuple):
    """What is measured at every step, before its update: arrays of (step, …, run)."""

    params: Any
    train_loss: Any
    test_loss: Any
    grad_norm: Any


@runtime_checkable
class Observer(Protocol):
    """Looks at every step as it is made and keeps what matters, instead of the whole history.

    It is a JAX pytree; all that it keeps has the lanes as its last axis.
    """

    def begin(self, params: Any) -> Any:
        """Make what is known before the first step."""
        ...

    def observe(self, seen: Any, step: Any, info: Info) -> Any:
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
) -> Iterator[tuple[slice, Any]]:
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
) -> Callable[[slice], Any]:
    """Make the function that makes the runs of one batch."""
    dtype, width = dtype_of(descent.precision), mean.padded(width)
    with computing(descent.precision):
        train, test = (
            tuple(jax.device_put(c.astype(dtype)) for c in part) for part in (objective.train, objective.test)
        )
    recipe, _ = recipe_of(descent.optimizer)
    plan = _Plan(objective.example, recipe, descent.steps, *_batching(descent))
    sizes = np.broadcast_to(descent.minibatch.sizes if descent.minibatch else np.int32(1), source.count)

    def lanes(values: np.ndarray) -> np.ndarray:
        return mean.pad(values[:, None], width)[0]

    def work(span: slice) -> Any:
        runs = source.draw(span.start, span.stop)
        batch = _Batch(
            mean.pad(runs.starts.astype(dtype), width),
            np.arange(span.start, span.start + width, dtype=np.uint32),
            lanes(sizes[span]),
            {name: lanes(runs.settings[name].astype(dtype)) for name in recipe.varying},
        )
        with computing(descent.precision):
            result = _program(batch, train, test if observer is None else (), observer, plan)
            return jax.tree.map(lambda values: np.asarray(values)[..., : len(runs.starts)], result)

    return work


class _Batch(NamedTuple):
    """The runs of one batch, a run a lane: starts (param, lane), numbers, batch sizes, varying settings."""

    params: Any
    runs: Any
    sizes: Any
    settings: dict[str, Any]


@dataclass(frozen=True)
class _Plan:
    """What is compiled in; equal plans share a program. ``minibatch`` is its largest size and its seed."""

    example: mean.Example
    recipe: Recipe
    steps: int
    minibatch: tuple[int, int] | None = None
    ragged: bool = field(default=False)


def _batching(descent: Descent) -> tuple[tuple[int, int] | None, bool]:
    batch = descent.minibatch
    return (None, False) if batch is None else ((batch.largest, batch.seed), len(batch.sizes) > 1)


def _widest(parameters: int, descent: Descent, history: bool) -> int:
    """Choose how many lanes fit the cache, and their history the memory; an accelerator has many more at work."""
    wide = NUMBERS if jax.default_backend() == "cpu" else 2**20
    held = (descent.steps + 1) * (parameters + 3) * descent.precision // 8 if history else 1
    return max(min(2 * wide // (parameters + 1), HELD // held), mean.LANES)


@compiled("plan")
def _program(batch: _Batch, train: Any, test: Any, observer: Observer | None, plan: _Plan) -> Any:
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
        test_loss = mean.value(untried, params, tests) if test else jnp.full_like(loss, jnp.nan)
        norm = jnp.sqrt(jnp.sum(gradient * gradient, axis=0))
        info = Info(params, loss, test_loss, norm)
        moved, memory = update(batch.settings, gradient, state.optimizer, params, batch_loss)
        if observer is None:
            return State(moved, memory, shuffle, None), info
        return State(moved, memory, shuffle, observer.observe(state.seen, index, info)), None

    shuffle = None
    if plan.minibatch is not None:
        shuffle = minibatch.first_shuffle(plan.minibatch[1], batch.runs, batch.sizes, len(train[0]))
    memory = jax.vmap(lambda settings, point: plan.recipe.build(settings).init(point), in_axes=(0, 1))(
        batch.settings, batch.params
    )
    memory = jax.tree.map(_counting_in(batch.params.dtype), memory)
    seen = None if observer is None else observer.begin(batch.params)
    first = State(batch.params, memory, shuffle, seen)
    last, history = lax.scan(step, first, jnp.arange(plan.steps + 1))
    return history if observer is None else last.seen


def _counting_in(dtype: Any) -> Callable[[Any], Any]:
    """Let 64-bit runs count steps in 64 bits: from a 32-bit count optax's schedules make a 32-bit learning rate."""
    wide = dtype == jnp.float64
    return lambda leaf: leaf.astype(jnp.int64) if wide and leaf.dtype == jnp.int32 else leaf


def _update(recipe, example, train, settings, gradient, memory, params, loss):
    """One update of one run. Line searches may evaluate the full objective; nobody else pays for it."""

    def objective(point: Float[Array, " param"]) -> Float[Array, ""]:
        return mean.value(example, point[:, None], train)[0]

    optimizer = recipe.build(settings)
    changes, memory = optimizer.update(gradient, memory, params, value=loss, grad=gradient, value_fn=objective)
    return optax.apply_updates(params, changes), memory
