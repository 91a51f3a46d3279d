"""A Keras model and its loss as a function of its parameters, on whichever backend is set."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.batches import Nest, Task, is_array, mapped
from thalweg.frameworks.common.checks import ALLOWED, one_type, pair
from thalweg.frameworks.common.facts import of_framework, of_network
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.portions import portions_of
from thalweg.frameworks.common.tensors import read, typed
from thalweg.frameworks.keras.leaves import flatten, layers_of, leaves_of, parameters
from thalweg.frameworks.keras.objective import criterion_of, objective
from thalweg.geometry.network import Evaluator, Network


def build(model: Any, loss: Any, task: Task) -> Network:
    """See a Keras model and its loss, with the penalties of its layers, on fixed data as a function of its parameters.

    The model is called without state (``keras.StatelessScope``): the points' values stand in for its variables. Only
    with TensorFlow as backend does Keras compute in 64 bits, whatever the model's type; the precision is in the facts.

    Parameters
    ----------
    model : built
    loss : a Keras loss, its name, a function ``loss(targets, outputs)``, or None for what the model was compiled with.
        It is computed in the type of the parameters
    task : of data ``(*inputs, targets)``; several inputs are handed over as a list, as ``fit`` does

    Raises
    ------
    InvalidValue
        If the model is not built, has no parameters or of more than one type, there is no loss or it is not a scalar,
        or the model cannot be evaluated on the data.
    """
    leaves, dtype = leaves_of(model), _type(model)
    pair(task.batches[0])
    criterion, name = criterion_of(model, loss, dtype)
    backend = keras.backend.backend()
    values = [variable.value for variable in parameters(model)]
    whole, position = objective(model, criterion, training=task.training), flatten(model)
    bound = FRAMEWORKS[backend].backend.bound(whole, values, training=task.training)

    def evaluator(batch: Nest) -> Evaluator:
        return bound.evaluator(mapped(lambda leaf: _array(leaf, dtype), batch))

    def measure(batch: Nest) -> tuple[float, float | None]:
        return evaluator(batch).value(position), None

    portions, examples = portions_of(task, measure, evaluator, float(np.finfo(np.float32).eps))
    # with JAX and PyTorch Keras lets 64 bits and 64 bits make 32, in products of matrices for one
    precision = 8 * dtype.itemsize if backend == "tensorflow" else 32
    statistics = _statistics(model, task.mode)
    evaluated = {"device": bound.device, "mode": task.mode, "statistics": statistics, "precision": precision}
    facts = of_network(of_framework("keras", backend=backend), position, loss=name, examples=examples, **evaluated)
    return Network(leaves, position, portions, facts, model)


def _array(leaf: Any, dtype: np.dtype) -> Any:
    if not is_array(leaf):
        return leaf
    return typed(read(leaf) if keras.ops.is_tensor(leaf) else leaf, dtype)


def _type(model: Any) -> np.dtype:
    """Find the type that the model computes in; layers may compute in another one than their variables have."""
    dtype = one_type({variable.path: str(variable.dtype) for variable in parameters(model)})
    for layer in layers_of(model):
        if layer.trainable_variables and layer.compute_dtype not in ALLOWED:
            raise InvalidValue(
                f"the layer {layer.name!r} computes in {layer.compute_dtype}, which is not allowed; give a model in "
                f"{' or '.join(ALLOWED)}"
            )
    return dtype


def _statistics(model: Any, mode: str) -> str:
    """Tell what batch normalisation uses; a frozen layer keeps to what it gathered even in training."""
    layers = [layer for layer in layers_of(model) if hasattr(layer, "moving_mean")]
    if not layers:
        return "none"
    return "of the batch" if mode == "training" and any(layer.trainable for layer in layers) else "gathered"
