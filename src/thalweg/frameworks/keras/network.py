"""A Keras model and its loss as a function of its parameters, on whichever backend is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.keras.evaluator import KerasEvaluator, TensorEvaluator
from thalweg.frameworks.keras.leaves import flatten, layers_of, leaves_of, parameters, read
from thalweg.frameworks.keras.objective import Objective, averages, criterion_of, objective
from thalweg.frameworks.tensorflow.checks import ALLOWED, one_type, repeatable, scalar, shares_of, tried
from thalweg.geometry.network import Evaluator, Flat, Leaf, Network, Part

__all__ = ["build", "flatten", "leaves_of"]


def build(
    model: Any, loss: Any, parts: Sequence[tuple[Any, ...]], *, mode: str, filters: Mapping[str, int] | None = None
) -> Network:
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
    if filters:
        raise InvalidValue("filters are told by a Keras model's layers and cannot be given; leave them out")
    keras = FRAMEWORKS["keras"].load()
    leaves, dtype = leaves_of(model), _type(model)
    shares, examples = shares_of(parts)
    criterion, name = criterion_of(model, loss, dtype)
    if len(parts) > 1 and not averages(model, loss):
        raise InvalidValue(
            f"the loss {name} is no mean over rows and cannot be put together from {len(parts)} parts; leave rows out"
        )
    scalar_loss = objective(model, criterion, training=mode == "training")
    data = [_arrays(part, dtype) for part in parts]
    make = {"jax": _jax, "tensorflow": _tensorflow, "torch": _torch}[keras.backend.backend()]
    evaluators, device = make(model, scalar_loss, data, leaves, mode)
    position = flatten(model)
    facts = {
        "framework": "keras",
        "framework_version": FRAMEWORKS["keras"].version,
        "backend": keras.backend.backend(),
        "device": device,
        "mode": mode,
        "statistics": _statistics(model, mode),
        "loss": name,
        "examples": examples,
        # with JAX and PyTorch Keras lets 64 bits and 64 bits make 32, in products of matrices for one
        "precision": 8 * dtype.itemsize if keras.backend.backend() == "tensorflow" else 32,
        "parameters": position.size,
    }
    held = [KerasEvaluator(evaluator, model) for evaluator in evaluators]
    return Network(leaves, position, tuple(Part(*pair) for pair in zip(shares, held, strict=True)), facts)


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


def _arrays(part: tuple[Any, ...], dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """Read data as NumPy arrays; floats get the type of the parameters."""
    keras = FRAMEWORKS["keras"].load()

    def plain(array: Any) -> np.ndarray:
        array = read(array) if keras.ops.is_tensor(array) else np.asarray(array)
        return array.astype(dtype) if array.dtype.kind == "f" else array

    return tuple(plain(array) for array in part)


def _statistics(model: Any, mode: str) -> str:
    """Tell what batch normalisation uses; a frozen layer keeps to what it gathered even in training."""
    layers = [layer for layer in layers_of(model) if hasattr(layer, "moving_mean")]
    if not layers:
        return "none"
    return "of the batch" if mode == "training" and any(layer.trainable for layer in layers) else "gathered"


def _jax(
    model: Any, loss: Objective, data: Sequence[tuple[np.ndarray, ...]], leaves: Sequence[Leaf], mode: str
) -> tuple[list[Evaluator], str]:
    """Hand the model over as a function of a pytree: the list of its parameters."""
    del leaves, mode
    jax = FRAMEWORKS["jax"].load()
    values = [read(variable.value) for variable in parameters(model)]
    with computing(8 * values[0].itemsize):
        tree = [jax.numpy.asarray(value) for value in values]
        shape = tried(lambda: jax.eval_shape(loss, tree, *data[0])).shape
        scalar(shape, "the loss")
    network = import_module("thalweg.frameworks.jax.network").build(tree, loss, data, mode="evaluation", filters={})
    return [part.evaluator for part in network.parts], str(network.facts["device"])


def _tensorflow(
    model: Any, loss: Objective, data: Sequence[tuple[np.ndarray, ...]], leaves: Sequence[Leaf], mode: str
) -> tuple[list[Evaluator], str]:
    del leaves
    tf = FRAMEWORKS["tensorflow"].load()
    rooms = import_module("thalweg.frameworks.tensorflow.network")
    held = [tf.Variable(tf.identity(variable.value)) for variable in parameters(model)]
    position = flatten(model)

    def part_of(arrays: tuple[np.ndarray, ...]) -> Evaluator:
        tensors = [tf.constant(array) for array in arrays]
        evaluator = rooms.GraphEvaluator(held, lambda: loss([variable.read_value() for variable in held], *tensors))
        rooms.check(evaluator, position, mode)
        return evaluator

    return [part_of(arrays) for arrays in data], rooms.device_of(held[0])


def _torch(
    model: Any, loss: Objective, data: Sequence[tuple[np.ndarray, ...]], leaves: Sequence[Leaf], mode: str
) -> tuple[list[Evaluator], str]:
    torch = FRAMEWORKS["torch"].load()
    device = parameters(model)[0].value.device
    position = flatten(model)

    def part_of(arrays: tuple[np.ndarray, ...]) -> Evaluator:
        tensors = [torch.tensor(array, device=device) for array in arrays]
        evaluator = TensorEvaluator(lambda values: loss(values, *tensors), leaves, device, drawing=mode == "training")
        _check(evaluator, position, mode)
        return evaluator

    return [part_of(arrays) for arrays in data], str(device)


def _check(evaluator: TensorEvaluator, position: Flat, mode: str) -> None:
    scalar(tuple(tried(lambda: evaluator.loss_at(position)).shape), "the loss")
    if mode == "training":
        repeatable([evaluator.value(position) for _ in range(2)])
