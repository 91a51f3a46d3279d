"""Recording a training loop of JAX, whatever pytree its parameters are."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.facts import of_framework
from thalweg.frameworks.jax.network import flatten, leaves_of, state_leaves
from thalweg.losses.objective import Objective
from thalweg.store.recording import Recorder


def recorder(model: Any, **options: Any) -> Recorder:
    """Make a recorder for parameters in any pytree; each step is given those of the step.

    Parameters
    ----------
    model : a pytree, of which all parameters are recorded, in the order of ``jax.tree.leaves``, and
        behind them what layers gathered; what is which, see ``chosen.py``
    options : ``store``, ``every`` and ``most`` of :class:`thalweg.store.recording.Recorder`

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> params = {"w": jnp.ones(2)}
    >>> slope = jax.value_and_grad(lambda p: jnp.sum(p["w"] ** 2))
    >>> training = recorder(params)
    >>> for _ in range(3):
    ...     loss, gradient = slope(params)
    ...     training.step(loss, params)
    ...     params = jax.tree.map(lambda p, g: p - 0.25 * g, params, gradient)
    >>> training.finish(params)["params"].values[:, 0].tolist()
    [1.0, 0.5, 0.25, 0.125]
    """
    if isinstance(model, Objective):
        raise InvalidValue("an objective has no parameters of its own to record; give those that are trained")
    return Recorder(_flat, leaves_of(model) + state_leaves(model), facts=of_framework("jax"), **options)


def _flat(params: Any) -> np.ndarray:
    if params is None:
        raise InvalidValue(
            "no parameters were given, and arrays of JAX never change; give those of now: step(loss, params)"
        )
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(params)):
        raise InvalidValue("parameters inside jax.jit have no values yet; call the recorder in the loop outside")
    return flatten(params, state=True)
