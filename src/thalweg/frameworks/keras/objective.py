"""The loss of a Keras model with its penalties, as a function of its parameters that changes nothing."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.frameworks.common.checks import function
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.tensors import read
from thalweg.frameworks.keras.leaves import layers_of

Criterion = Callable[..., Any]
"""Gives the loss, a scalar tensor, from the list of parameters and the data ``(*inputs, targets)``."""


def objective(model: Any, criterion: Criterion, *, training: bool) -> Criterion:
    """Make the loss of a model as a function of its parameters.

    All other variables, such as gathered statistics, frozen weights and the states of random generators, keep the
    values that they have now. In training every generator starts from a seed of its own: (its place, 0).

    Parameters
    ----------
    model : of Keras, built
    criterion : as :func:`criterion_of` makes it
    training : whether the model is called as in training, as far as its ``call`` knows of it
    """
    options = {"training": training} if "training" in inspect.signature(model.call).parameters else {}
    fixed = _fixed(model)

    def loss(parameters: Sequence[Any], batch: Any) -> Any:
        *inputs, targets = batch
        mapping = [*zip(model.trainable_variables, parameters, strict=True), *fixed]
        with _restoring(model), keras.StatelessScope(state_mapping=mapping, collect_losses=True):
            given = inputs[0] if len(inputs) == 1 else inputs
            return criterion(given, targets, model(given, **options), training)

    return loss


def criterion_of(model: Any, loss: Any, dtype: np.dtype) -> tuple[Criterion, str]:
    """Find the loss of outputs, with all penalties that layers add, and its name.

    Parameters
    ----------
    loss : a Keras loss, its name, a function ``loss(targets, outputs)`` whose values are averaged over rows as
        ``compile`` does, or None for what the model was compiled with
    dtype : that the loss is computed in: Keras itself takes its global ``floatx``, which cuts 64-bit networks short
    """
    base = getattr(keras.Model, "compute_loss", None)
    if loss is None and getattr(type(model), "compute_loss", base) is not base:
        return _own(model), "compute_loss"
    given, weight = _compiled(model) if loss is None else (loss, 1.0)
    criterion = _resolved(given)
    if isinstance(criterion, keras.losses.Loss):
        criterion = copy.copy(criterion)
        criterion._dtype = dtype.name  # there is no other way: a loss is given its type when it is made
    else:
        criterion = _averaged(criterion, dtype)
    return _penalised(model, criterion, weight), _name(given)


def _fixed(model: Any) -> list[tuple[Any, Any]]:
    """Copy the values of what is not trained: training the model later must not reach into a surface."""
    states = [variable for variable in model.non_trainable_variables if "seed_generator_state" in variable.path]
    seeds = {id(variable): np.array([place, 0], variable.dtype) for place, variable in enumerate(states)}
    return [(variable, seeds.get(id(variable), read(variable.value))) for variable in model.non_trainable_variables]


@contextmanager
def _restoring(model: Any) -> Iterator[None]:
    """Give layers back the losses that they noted when the user last called them: a call clears them."""
    kept = [(layer, list(layer._losses), set(layer._loss_ids), layer._called) for layer in layers_of(model)]
    try:
        yield
    finally:
        for layer, losses, ids, called in kept:
            layer._losses[:] = losses
            layer._loss_ids.clear()
            layer._loss_ids.update(ids)
            layer._called = called


def _penalised(model: Any, loss: Callable[[Any, Any], Any], weight: float) -> Criterion:
    def criterion(inputs: Any, targets: Any, outputs: Any, training: bool) -> Any:
        total = loss(targets, outputs) * weight
        for penalty in model.losses:
            total = total + keras.ops.cast(keras.ops.sum(penalty), total.dtype)
        return total

    return criterion


def _own(model: Any) -> Criterion:
    """Use the way in which a class of models computes its loss; that has the penalties in it."""
    takes = "training" in inspect.signature(model.compute_loss).parameters

    def criterion(inputs: Any, targets: Any, outputs: Any, training: bool) -> Any:
        return model.compute_loss(inputs, targets, outputs, None, **({"training": training} if takes else {}))

    return criterion


def _averaged(function: Callable[[Any, Any], Any], dtype: np.dtype) -> Any:
    """Average what a function gives for each row, as Keras does with what it is compiled with."""

    class Mean(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            if hasattr(y_true, "shape") and hasattr(y_pred, "shape"):
                if len(y_true.shape) + 1 == len(y_pred.shape) and y_pred.shape[-1] == 1:
                    y_true = keras.ops.expand_dims(y_true, -1)
                elif len(y_true.shape) == len(y_pred.shape) + 1 and y_true.shape[-1] == 1:
                    y_true = keras.ops.squeeze(y_true, -1)
            return function(y_true, y_pred)

    return Mean(dtype=dtype.name, name="mean")


def _resolved(loss: Any) -> Any:
    if isinstance(loss, str):
        try:
            return keras.losses.get(loss)
        except ValueError:
            names = [name for name in dir(keras.losses) if name.islower() and not name.startswith("_")]
            raise UnknownName.of("loss of Keras", loss, set(names) - {"deserialize", "serialize", "get"}) from None
    function(loss, "a loss of Keras, its name, or loss(targets, outputs)")
    return loss


def _compiled(model: Any) -> tuple[Any, float]:
    """Find the loss that a model was compiled with, and its weight."""
    losses = _compiled_losses(model)
    if not losses:
        raise InvalidValue(
            f"no loss is given and the Keras model {model.name!r} is not compiled with one; give loss=, or compile it "
            "with a loss"
        )
    if len(losses) > 1:
        raise InvalidValue(
            f"the Keras model {model.name!r} is compiled with {len(losses)} losses; give one function "
            "loss=loss(targets, outputs)"
        )
    weights = keras.tree.flatten(model._compile_loss._user_loss_weights)
    return losses[0], float(weights[0]) if weights and weights[0] is not None else 1.0


def _compiled_losses(model: Any) -> list[Any]:
    """List the losses that a model was compiled with, in whatever structure."""
    return [loss for loss in keras.tree.flatten(getattr(model, "loss", None)) if loss is not None]


def _name(loss: Any) -> str:
    return loss if isinstance(loss, str) else str(getattr(loss, "__name__", None) or getattr(loss, "name", loss))
