"""Descent as users of JAX write it: a compiled step of ``value_and_grad`` and optax, called in a loop."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from thalweg.base.precision import computing
from thalweg.descent.optimizer import recipe_of
from thalweg.frameworks.course import Course, Log, Task, Way
from thalweg.frameworks.formula import Formula
from thalweg.frameworks.optimizers import name_of


def prepare(task: Task, manner: str = "") -> Way:
    """Prepare a descent by an optimiser of optax; there is one manner."""
    optimizer = recipe_of(task.optimizer)[0].build({})
    loss_at = _loss(task.train)

    @jax.jit
    def step(params: Any, state: Any) -> tuple[Any, ...]:
        loss, gradient = jax.value_and_grad(loss_at)(params)
        changes, state = optimizer.update(gradient, state, params, value=loss, grad=gradient, value_fn=loss_at)
        return optax.apply_updates(params, changes), state, loss, gradient

    def run(start: np.ndarray) -> Course:
        log = Log()
        with computing(task.precision):
            params = jnp.asarray(start, dtype=task.train.dtype)
            state = optimizer.init(params)
            for _ in range(task.steps + 1):
                log.begin(params)
                params, state, loss, gradient = step(params, state)
                log.end(float(loss), np.asarray(gradient))
            test = None if task.test is None else jax.jit(_loss(task.test))
            return log.course(None if test is None else lambda point: float(test(point)))

    name = name_of(task.optimizer)
    idiom = f"jax.jit, optax.{name}" if name else "jax.jit, an optimiser for optax"
    return Way(idiom, {"device": jax.devices()[0].device_kind}, run)


def _loss(formula: Formula) -> Any:
    terms = formula.written(None)
    return lambda params: jnp.mean(terms(params, *formula.columns))
