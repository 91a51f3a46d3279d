"""JAX at work for Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from thalweg.base.precision import computing
from thalweg.frameworks.common.checks import scalar, tried
from thalweg.frameworks.common.tensors import read
from thalweg.frameworks.jax.network import build
from thalweg.geometry.network import Evaluator


def evaluators(
    loss: Callable[..., Any], values: Sequence[Any], parts: Sequence[tuple[np.ndarray, ...]], *, training: bool
) -> tuple[list[Evaluator], str]:
    """Evaluate a loss of a pytree: the list of parameters; see :class:`room.BackendPart`."""
    del training  # what is drawn inside a function of JAX is drawn from keys, the same each time
    arrays = [read(value) for value in values]
    with computing(8 * arrays[0].itemsize):
        tree = [jax.numpy.asarray(array) for array in arrays]
        scalar(tried(lambda: jax.eval_shape(loss, tree, *parts[0])).shape)
    network = build(tree, loss, parts, mode="evaluation", filters={})
    return [part.evaluator for part in network.parts], str(network.facts["device"])
