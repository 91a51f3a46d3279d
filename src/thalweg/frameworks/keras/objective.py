"""The loss of a Keras model as a function of its parameters that changes nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.chance import kept
from thalweg.frameworks.common.checks import tried
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.moded import Moded
from thalweg.frameworks.common.room import Bound
from thalweg.frameworks.common.steps import Returned, counted, returned
from thalweg.frameworks.keras.data import given
from thalweg.frameworks.keras.scopes import SEED, Fixed

Step = Callable[[Any, Any], Any]
"""Computes the loss of a model on a batch of tensors, inside a scope: a scalar, or what a user's step returns."""


class Objective:
    """The loss of a model, with the values of its parameters as an argument.

    Parameters
    ----------
    model : of Keras, built
    step : ``step(model, batch)``
    training : whether the model is called as in training
    state : variables that are moved with the parameters, and whose values stand behind theirs
    """

    def __init__(self, model: Any, step: Step, *, training: bool, state: Sequence[Any] = ()):
        self.model, self.step, self.training = model, step, training
        self.fixed = Fixed(model, training=training, state=state)
        self._carried: list[tuple[Any, Any]] = []
        self._changed: list[str] = []

    def loss(self, parameters: Sequence[Any], batch: Any) -> Any:
        """Compute the loss alone, a tensor."""
        with self.fixed.scope(parameters):
            return self._returned(batch).loss

    def of(self, step: Step) -> Callable[[Sequence[Any], Any], Any]:
        """Make the function that computes the loss by another step, a tensor."""

        def loss(parameters: Sequence[Any], batch: Any) -> Any:
            with self.fixed.scope(parameters):
                return returned(step(self.model, batch)).loss

        return loss

    def measured(self, parameters: Sequence[Any], batch: Any) -> tuple[float, float | None]:
        """Compute loss and count as numbers, from the fixed state."""
        with self.fixed.scope(parameters):
            return counted(lambda: tried(lambda: self._returned(batch)))

    def carried(self, parameters: Sequence[Any], batch: Any) -> tuple[float, float | None]:
        """Compute loss and count from the state that the call before left; what is drawn in training starts anew."""
        with self.fixed.scope(parameters, self._carried) as scope:
            result = counted(lambda: tried(lambda: self._returned(batch)))
        updated = [
            (variable, value)
            for variable, value in scope.updated.values()
            if not (self.training and SEED in variable.path)
        ]
        self._changed = [variable.path for variable, _ in updated]
        self._carried = [*self._carried, *updated]
        return result

    def changed(self) -> list[str]:
        """Name the variables that the last call with carried state would have changed."""
        return self._changed

    def watch(self, parameters: Sequence[Any], batch: Any) -> bool:
        """Evaluate once; fix what is used besides the model's variables, and tell whether there was any."""
        with self.fixed.scope(parameters) as scope:
            tried(lambda: self._returned(batch))
        changed = [variable for variable, _ in scope.updated.values()]
        return self.fixed.also([*scope.outside.values(), *changed])

    def outputs(self, parameters: Sequence[Any], batch: Any) -> Any:
        """Compute what the model gives."""
        with self.fixed.scope(parameters):
            return tried(lambda: called(self.model, given(batch).x, training=self.training))

    def _returned(self, batch: Any) -> Returned:
        try:
            return returned(self.step(self.model, batch))
        except AttributeError as error:
            if "has no attribute 'handle'" not in str(error):  # what a tape of TensorFlow asks variables for
                raise
            raise InvalidValue(
                "the step differentiates by variables of the model, in whose place values stand here; let its tape "
                "watch values = [one.value for one in model.trainable_variables], and differentiate by these"
            ) from error


def called(model: Any, x: Any, *, training: bool) -> Any:
    """Call a model as ``fit`` and ``evaluate`` do."""
    takes = "training" in inspect.signature(model.call).parameters
    return model(x, training=training) if takes else model(x)


def moded(step: Step, *, training: bool) -> Step:
    """Let a user's step call the model in the mode that was asked for, whatever it says itself."""
    return lambda model, batch: step(Moded(model, keras.Layer, training=training), batch)


@contextmanager
def eagerly(bound: Bound) -> Iterator[None]:
    """Evaluate as the backend does at once, and keep all random states."""
    with kept(), bound.kept():
        bound.start()
        yield
