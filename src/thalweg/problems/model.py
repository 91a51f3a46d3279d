"""A model of data: a formula or a function of columns and parameters, and the residual that it leaves.

A model is called with a table of values by name, so formulas and functions are one to all that follows. Parameters that
are held, or tied to others, are put in before: what is left are the parameters of the problem.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import jax.numpy as jnp
from jaxtyping import Array

from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.problems.formula.formula import Formula, formula
from thalweg.problems.formula.linear import linear_in
from thalweg.problems.problem import Params

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Plain:
    """A function of a user's own, with arguments by name.

    Attributes
    ----------
    function : written with ``jax.numpy``
    names : its arguments
    ties : formulas of arguments that are not free
    arguments : all arguments of the function; those of ``names`` by default
    """

    function: Callable[..., Array]
    names: tuple[str, ...]
    ties: tuple[tuple[str, Formula], ...] = ()
    arguments: tuple[str, ...] = ()

    def __call__(self, values: Values) -> Array:
        """Call the function, the tied arguments computed from the others."""
        tied = {name: tie(values) for name, tie in self.ties}
        taken = self.arguments or self.names
        return self.function(**{name: tied[name] if name in tied else values[name] for name in taken})

    def put(self, ties: Mapping[str, Formula]) -> Plain:
        """Tie arguments to others."""
        held = {name: tie.put(dict(ties)) for name, tie in self.ties} | dict(ties)
        free = dict.fromkeys(part for name in self.names for part in (ties[name].names if name in ties else (name,)))
        return Plain(self.function, tuple(free), tuple(held.items()), self.arguments or self.names)


Model = Formula | Plain


@dataclass(frozen=True)
class Curve:
    """A model of data, and its residual; equal ones share compiled programs.

    Attributes
    ----------
    model : of columns and parameters, by name
    parameters : in the order of the parameter vector
    inputs : columns that the model takes
    weighted : whether a column of uncertainties follows the inputs and the measured values
    counted : whether a column of weights follows them instead, by whose roots residuals are multiplied
    groups : names of the groups, whose numbers are the last of the inputs; none where there are no groups
    """

    model: Model
    parameters: tuple[str, ...]
    inputs: tuple[str, ...]
    weighted: bool = False
    counted: bool = False
    groups: tuple[str, ...] = ()

    def __call__(self, params: Params | Sequence[Any], *columns: Any) -> Any:
        """Give the residual of one example: how far the curve lies above it, in its uncertainties if it has one."""
        inputs = columns[: len(self.inputs)]
        residual = self.curve(params, *inputs) - columns[len(self.inputs)]
        if self.counted:
            return residual * jnp.sqrt(columns[-1])
        return residual / columns[-1] if self.weighted else residual

    def curve(self, params: Params | Sequence[Any], *inputs: Any) -> Any:
        """Give the height of the curve."""
        return self.model(dict(zip(self.inputs, inputs, strict=True)) | dict(zip(self.parameters, params, strict=True)))

    @property
    def linear(self) -> tuple[str, ...]:
        """The parameters in which the curve is linear, in all of them at once."""
        return linear_in(self.model.node, self.parameters) if isinstance(self.model, Formula) else ()


def read_model(given: Any, columns: Collection[str], parameters: Collection[str]) -> Model:
    """Read a model: the text of a formula, or a function.

    Raises
    ------
    FormulaError, InvalidValue
        If it is neither, or a formula that cannot be read, or a function whose arguments have no names.
    """
    if isinstance(given, str):
        return formula(given, columns, parameters)
    if not callable(given):
        raise InvalidValue(f"model = {shown(given)} is not allowed; give a formula or a function")
    try:
        arguments = list(inspect.signature(given).parameters.values())
    except (TypeError, ValueError):
        arguments: list[inspect.Parameter] = []
    named = [argument.name for argument in arguments if argument.kind is argument.POSITIONAL_OR_KEYWORD]
    if not named or len(named) != len(arguments):
        raise InvalidValue(f"model = {shown(given)} has no arguments by name; give one such as model(x, a, tau)")
    return Plain(cast(Callable[..., Array], given), tuple(named))
