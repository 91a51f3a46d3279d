"""JAX at work for Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from thalweg.base.precision import computing
from thalweg.frameworks.common.batches import Nest
from thalweg.frameworks.common.checks import one_array, scalar, tried
from thalweg.frameworks.common.room import Bound
from thalweg.frameworks.common.tensors import read
from thalweg.frameworks.jax.network import evaluators, name_of
from thalweg.geometry.network import Evaluator


def bound(loss: Callable[..., Any], values: Sequence[Any], *, training: bool) -> Bound:
    """Evaluate a loss of a list of parameters; see :class:`room.BackendPart`."""
    del training  # what is drawn inside a function of JAX is drawn from keys, the same each time
    arrays = [read(value) for value in values]
    device = next(iter(jax.numpy.asarray(arrays[0]).devices()))
    made = evaluators(loss, [array.shape for array in arrays], arrays[0].dtype, device)
    kinds = [jax.ShapeDtypeStruct(array.shape, np.dtype(array.dtype)) for array in arrays]

    def evaluator(batch: Nest) -> Evaluator:
        with computing(8 * arrays[0].itemsize):
            scalar(tried(lambda: jax.eval_shape(loss, kinds, batch)).shape)
        return made(batch)

    return Bound(evaluator, name_of(device), lambda: computing(8 * arrays[0].itemsize))


def without_slope(loss: Callable[[Any], Any], outputs: Any) -> Any:
    """Compute a loss of outputs less the linear part that it has there; see ``geometry/matrices.py``."""
    one_array(outputs, jax.Array)
    slope = jax.lax.stop_gradient(jax.grad(loss)(outputs))
    return loss(outputs) - jax.numpy.sum(slope * outputs)
