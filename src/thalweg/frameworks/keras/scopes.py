"""Calling a Keras model without changing it: values that stand in for its variables, and what a call would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.tensors import read
from thalweg.frameworks.keras.leaves import layers_of

SEED = "seed_generator_state"
"""In the path of a variable from which random numbers are drawn."""


class Watched(keras.StatelessScope):
    """A scope that notes which variables are read that it has no values for, and which would be changed."""

    def __init__(self, mapping: Sequence[tuple[Any, Any]]):
        super().__init__(state_mapping=mapping, collect_losses=True)
        self.updated: dict[int, tuple[Any, Any]] = {}
        self.outside: dict[int, Any] = {}

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Note a change."""
        variable, value = update
        self.updated[id(variable)] = (variable, value)
        super().add_update(update)

    def get_current_value(self, variable: Any) -> Any:
        """Give what stands in for a variable."""
        value = super().get_current_value(variable)
        if value is None:
            self.outside[id(variable)] = variable
        return value


class Fixed:
    """The values of all variables that are no parameters; they are copies, whatever the user does later.

    In training every generator starts from a seed of its own, (its place, 0).

    Parameters
    ----------
    model : whose variables they are
    training : whether random numbers are drawn anew at each evaluation
    state : variables that are moved with the parameters, and stand behind them
    """

    def __init__(self, model: Any, *, training: bool, state: Sequence[Any] = ()):
        self.model, self.training = model, training
        self.values: list[tuple[Any, Any]] = []
        self.moved = [*model.trainable_variables, *state]
        self._known = {id(variable) for variable in self.moved}
        self._seeds = 0
        for variable in model.non_trainable_variables:
            if id(variable) not in self._known:
                self._add(variable)

    def also(self, variables: Sequence[Any]) -> bool:
        """Fix what is not among the model's variables, such as the global generator of Keras; tell if any is new.

        Raises
        ------
        InvalidValue
            If it is trainable: then a slice would miss parameters.
        """
        new = [variable for variable in variables if id(variable) not in self._known]
        for variable in new:
            if variable.trainable:
                raise InvalidValue(
                    f"the model uses the variable {variable.path!r} of shape {tuple(variable.shape)}, which is not one "
                    "of its own; hold all variables as attributes of the model"
                )
            self._add(variable)
        return bool(new)

    @contextmanager
    def scope(self, parameters: Sequence[Any], carried: Sequence[tuple[Any, Any]] = ()) -> Iterator[Watched]:
        """Let values stand in for all variables; those ``carried`` from a call before come last."""
        mapping = [*zip(self.moved, parameters, strict=True), *self.values, *carried]
        with _restoring(self.model), Watched(mapping) as scope:
            yield scope

    def _add(self, variable: Any) -> None:
        value = read(keras.ops.cast(variable.value, "float32") if str(variable.dtype) == "bfloat16" else variable.value)
        if self.training and SEED in variable.path:
            value, self._seeds = np.array([self._seeds, 0], value.dtype), self._seeds + 1
        self.values.append((variable, value))
        self._known.add(id(variable))


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
