"""Descent as users of JAX write it: a compiled step of ``value_and_grad`` and optax, called in a loop."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from thalweg.base.precision import computing
from thalweg.descent.optimizer import recipe_of
from thalweg.frameworks.common.optimizers import name_of
from thalweg.frameworks.common.trajectory import Job, Log, Prepared, Trajectory


def prepare(job: Job, manner: str = "") -> Prepared:
    """Prepare a descent by an optimiser of optax; there is one manner."""
    optimizer = recipe_of(job.optimizer)[0].build({})
    loss_at = job.train.mean(None)

    @jax.jit
    def step(params: Any, state: Any) -> tuple[Any, ...]:
        loss, gradient = jax.value_and_grad(loss_at)(params)
        changes, state = optimizer.update(gradient, state, params, value=loss, grad=gradient, value_fn=loss_at)
        return optax.apply_updates(params, changes), state, loss, gradient

    def run(start: np.ndarray) -> Trajectory:
        log = Log(job)
        with computing(job.precision):
            params = jnp.asarray(start, dtype=job.train.dtype)
            state = optimizer.init(params)
            for _ in range(job.steps + 1):
                log.begin(params)
                params, state, loss, gradient = step(params, state)
                log.end(float(loss), np.asarray(gradient))
            test = None if job.test is None else jax.jit(job.test.mean(None))
            return log.trajectory(None if test is None else lambda point: float(test(point)))

    name = name_of(job.optimizer)
    idiom = f"jax.jit, optax.{name}" if name else "jax.jit, an optimiser for optax"
    return Prepared(idiom, {"device": jax.devices()[0].device_kind}, run)
