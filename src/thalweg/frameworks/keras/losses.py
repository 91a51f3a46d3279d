"""What a Keras model trains with: the loss that it was compiled with, its own way of computing one, or one given."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.frameworks.common.checks import function, tried
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.order import arranged
from thalweg.frameworks.common.steps import Apart
from thalweg.frameworks.keras.data import Given, given
from thalweg.frameworks.keras.objective import Step, called

Sample = Callable[[], tuple[Given, Any]]
"""Gives a batch of tensors and what the model makes of it."""


def step_of(model: Any, loss: Any, dtype: np.dtype, sample: Sample, *, training: bool) -> tuple[Step, str]:
    """Make a step, with all penalties that layers add, and name its loss.

    Parameters
    ----------
    loss : a Keras loss, its name, a function of targets and outputs, a list or dictionary of these as ``compile`` takes
        them, or None for what the model trains with
    dtype : that the loss is computed in: Keras itself takes its global ``floatx``, which cuts 64-bit networks short
    sample : to find which loss belongs to which output
    """
    if loss is None and _overrides(model, "compute_loss"):
        return _own(model, dtype, sample, training=training), "compute_loss"
    if loss is None:
        _check_trained(model)
        compiled = getattr(model, "_compile_loss", None)
        losses, weights = (compiled._user_loss, compiled._user_loss_weights) if compiled is not None else (None, None)
    else:
        losses, weights = keras.tree.map_structure(_resolved, loss), None
    total = None if losses is None else _total(model, losses, weights, dtype, sample, given_by_hand=loss is not None)

    def outputs_of(model: Any, batch: Any) -> Any:
        return called(model, given(batch).x, training=training)

    def loss_of(outputs: Any, model: Any, batch: Any) -> Any:
        _, y, weight = given(batch)
        parts = [] if total is None else [total(y, outputs, weight)]
        for penalty in model.losses:
            parts.append(keras.ops.cast(keras.ops.sum(penalty), dtype.name))
        if not parts:
            raise InvalidValue(_none(model))
        return sum(parts[1:], parts[0])

    name = ", ".join(map(_name, keras.tree.flatten(loss if loss is not None else losses))) or "added by layers"
    return Apart(outputs_of, loss_of), name


def _overrides(model: Any, method: str) -> bool:
    base = getattr(keras.Model, method, None)
    return base is not None and getattr(type(model), method, base) is not base


def _check_trained(model: Any) -> None:
    """Refuse to guess what a model trains with that has a training step of its own."""
    if _overrides(model, "train_step"):
        raise InvalidValue(
            f"the class {type(model).__name__} has its own train_step, which may train with another loss than the "
            "compiled one; give what it computes as step(model, batch), or name a loss"
        )


def _none(model: Any) -> str:
    return (
        f"no loss is given and the Keras model {model.name!r} is not compiled with one; give loss=, or compile it with "
        "a loss"
    )


def _total(
    model: Any, losses: Any, weights: Any, dtype: np.dtype, sample: Sample, *, given_by_hand: bool
) -> Callable[[Any, Any, Any], Any]:
    """Make the sum of the losses of all outputs, as ``compile`` has it."""
    batch, outputs = sample()
    if batch.y is None and given_by_hand:
        raise InvalidValue("data have no targets, which the loss needs; give (x, y)")
    if given_by_hand and callable(losses) and not isinstance(losses, keras.losses.Loss):
        losses = _function(losses, batch, outputs)
    if isinstance(losses, keras.losses.Loss) and keras.tree.is_nested(outputs) and not keras.tree.is_nested(batch.y):
        return _typed(losses, dtype)  # one loss of all outputs together
    names = getattr(model, "output_names", None)
    total = _compiled_class()(losses, weights, names, dtype)
    tried(lambda: total(batch.y, outputs, batch.weight))  # now, outside of any graph: it makes variables
    return total


def _compiled_class() -> Any:
    """Make a class of Keras' own sum of losses that computes in a stated type and counts nothing.

    A model's own one would be changed by its use. Keras has no public name for it.
    """
    from keras.src.trainers.compile_utils import CompileLoss

    class Total(CompileLoss):
        def __init__(self, losses: Any, weights: Any, names: Any, dtype: np.dtype):
            super().__init__(losses, weights, output_names=names)
            self._dtype = dtype.name

        @property
        def metrics(self) -> list[Any]:
            return [None] * len(self._flat_losses or [None])

        def build(self, y_true: Any, y_pred: Any) -> None:
            super().build(y_true, y_pred)
            self._flat_losses = [
                one._replace(loss=_typed(one.loss, np.dtype(self._dtype))) for one in self._flat_losses or []
            ]

    return Total


def _typed(loss: Any, dtype: np.dtype) -> Any:
    """Copy a loss with another type; ``copy`` would write and read it, which a user's own class may not allow."""
    made = object.__new__(type(loss))
    made.__dict__.update(loss.__dict__)
    made._dtype = dtype.name  # there is no other way: a loss is given its type when it is made
    return made


def _function(loss: Callable[..., Any], batch: Given, outputs: Any) -> Any:
    """Make a loss of Keras of a function, in whichever order it is called, averaged over rows as ``compile`` does."""
    call = arranged(loss, "targets", lambda: (outputs, batch.y))

    class Mean(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            if hasattr(y_true, "shape") and hasattr(y_pred, "shape"):
                if len(y_true.shape) + 1 == len(y_pred.shape) and y_pred.shape[-1] == 1:
                    y_true = keras.ops.expand_dims(y_true, -1)
                elif len(y_true.shape) == len(y_pred.shape) + 1 and y_true.shape[-1] == 1:
                    y_true = keras.ops.squeeze(y_true, -1)
            return call(y_pred, y_true)

    return Mean(name="mean")


def _own(model: Any, dtype: np.dtype, sample: Sample, *, training: bool) -> Step:
    """Use the way in which a class of models computes its loss; that has the penalties in it."""
    takes = "training" in inspect.signature(model.compute_loss).parameters
    compiled = getattr(model, "_compile_loss", None)
    total = None
    if compiled is not None:
        total = _total(model, compiled._user_loss, compiled._user_loss_weights, dtype, sample, given_by_hand=False)

    @contextmanager
    def replaced() -> Any:
        """Let what the model was compiled with be a copy: its use would change it."""
        object.__setattr__(model, "_compile_loss", total)
        try:
            yield
        finally:
            object.__setattr__(model, "_compile_loss", compiled)

    def step(model: Any, batch: Any) -> Any:
        x, y, weight = given(batch)
        outputs = called(model, x, training=training)
        with replaced():
            return model.compute_loss(x, y, outputs, weight, **({"training": training} if takes else {}))

    return step


def _resolved(loss: Any) -> Any:
    if loss is None:
        return None
    if isinstance(loss, str):
        try:
            return keras.losses.get(loss)
        except ValueError:
            names = [name for name in dir(keras.losses) if name.islower() and not name.startswith("_")]
            raise UnknownName.of("loss of Keras", loss, set(names) - {"deserialize", "serialize", "get"}) from None
    function(loss, "a loss of Keras, its name, a function of targets and outputs, or step(model, batch)")
    return loss


def _name(loss: Any) -> str:
    return loss if isinstance(loss, str) else str(getattr(loss, "__name__", None) or getattr(loss, "name", loss))
