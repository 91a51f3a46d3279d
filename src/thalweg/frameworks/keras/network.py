"""A Keras model and its loss as a function of its parameters, on whichever backend is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.checks import ALLOWED, no_filters, one_type, shares_of
from thalweg.frameworks.common.facts import of_framework, of_network
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.tensors import read, typed
from thalweg.frameworks.keras.leaves import flatten, layers_of, leaves_of, parameters
from thalweg.frameworks.keras.objective import averages, criterion_of, objective
from thalweg.geometry.network import Network, Part


def build(model: Any, loss: Any, parts: Sequence[tuple[Any, ...]], *, mode: str, filters: Mapping[str, int]) -> Network:
    """See a Keras model and its loss, with the penalties of its layers, on fixed data as a function of its parameters.

    The model is called without state (``keras.StatelessScope``): the points' values stand in for its variables. Only
    with TensorFlow as backend does Keras compute in 64 bits, whatever the model's type; the precision is in the facts.

    Parameters
    ----------
    model : built
    loss : a Keras loss, its name, a function ``loss(targets, outputs)``, or None for what the model was compiled with.
        It is computed in the type of the parameters
    parts : the data in parts, each ``(*inputs, targets)``; several inputs are handed over as a list, as ``fit`` does
    mode : ``"evaluation"`` or ``"training"``
    filters : only of JAX

    Raises
    ------
    InvalidValue
        If the model is not built, has no parameters or of more than one type, there is no loss or it is not a scalar,
        or the model cannot be evaluated on the data.
    """
    no_filters(filters, "a Keras model's layers")
    leaves, dtype = leaves_of(model), _type(model)
    shares, examples = shares_of(parts)
    criterion, name = criterion_of(model, loss, dtype)
    if len(parts) > 1 and not averages(model, loss):
        raise InvalidValue(
            f"the loss {name} is no mean over rows and cannot be put together from {len(parts)} parts; leave rows out"
        )
    training, backend = mode == "training", keras.backend.backend()
    values = [variable.value for variable in parameters(model)]
    data = [tuple(typed(read(one) if keras.ops.is_tensor(one) else one, dtype) for one in part) for part in parts]
    whole = objective(model, criterion, training=training)
    evaluators, device = FRAMEWORKS[backend].backend.evaluators(whole, values, data, training=training)
    position = flatten(model)
    # with JAX and PyTorch Keras lets 64 bits and 64 bits make 32, in products of matrices for one
    precision = 8 * dtype.itemsize if backend == "tensorflow" else 32
    evaluated = {"device": device, "mode": mode, "statistics": _statistics(model, mode), "precision": precision}
    facts = of_network(of_framework("keras", backend=backend), position, loss=name, examples=examples, **evaluated)
    return Network(leaves, position, tuple(map(Part, shares, evaluators)), facts, model)


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
