"""The formula of an objective, taken down operation by operation, to be computed by any framework.

Problems and losses are written once, with ``jax.numpy``. JAX lists what such a function computes (its jaxpr), and each
operation of the list has a counterpart in every framework. So a framework gets the formula as its users would write it
there, for all examples at once, and differentiates it by itself: the slopes that Thalweg's penalties bring along are
left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.base.jaxprs import ClosedJaxpr, JaxprEqn, bind, called, run, trace
from thalweg.base.precision import computing, dtype_of
from thalweg.descent.mean import Columns, Example
from thalweg.frameworks.common.operations import Dialect, Operation, translated


@dataclass(frozen=True)
class Formula:
    """The terms of an objective on given data, one an example; the objective is their mean.

    Attributes
    ----------
    jaxpr : what is computed, from the parameters (param,) and the columns
    columns : (example,) each, in the precision of the formula; none of a surface in closed form
    parameters : how many there are
    precision : 32 or 64 bits
    """

    jaxpr: ClosedJaxpr
    columns: Columns
    parameters: int
    precision: int

    @property
    def dtype(self) -> type[np.floating]:
        """The type of its numbers."""
        return dtype_of(self.precision)

    def written(self, dialect: Dialect | None) -> Operation:
        """Write it in a framework: ``terms(params, *columns)``, of arrays of its own; None is JAX itself.

        What depends on neither parameters nor columns is computed once, here.

        Raises
        ------
        InvalidValue
            If an operation has no counterpart there, or no parameter is used.
        """
        program = _Program(dialect)
        with computing(self.precision):
            arguments = [program.slot(frozenset({k})) for k in range(len(self.jaxpr.in_avals))]
            (terms,) = run(self.jaxpr, arguments, program.add)
            result = program.place(terms, self.jaxpr.jaxpr.outvars[0])
        if 0 not in result.needs:
            raise InvalidValue("the objective does not depend on its parameters; give one that does")
        return partial(_evaluate, tuple(program.values), tuple(program.steps), result.number)

    def mean(self, dialect: Dialect | None) -> Operation:
        """Write the objective itself, the mean of the terms, as a function of parameters; see :meth:`written`."""
        terms = self.written(dialect)
        if dialect is None:
            return lambda params: jnp.mean(terms(params, *self.columns))
        columns = [dialect.constant(column) for column in self.columns]
        return lambda params: dialect.mean(terms(params, *columns))


def formula(example: Example, parameters: int, columns: Columns, precision: int) -> Formula:
    """Take down the function of one example, for all examples of some columns at once."""
    dtype = dtype_of(precision)
    columns = tuple(np.asarray(column, dtype=dtype) for column in columns)
    terms = jax.vmap(example, in_axes=(None, *(0 for _ in columns))) if columns else example
    shapes = [jax.ShapeDtypeStruct((parameters,), dtype), *(jax.ShapeDtypeStruct(c.shape, dtype) for c in columns)]
    with computing(precision):
        return Formula(trace(terms, *shapes), columns, parameters, precision)


class _Slot(NamedTuple):
    """The place of a value, and the arguments that it depends on: what depends on none is known already."""

    number: int
    needs: frozenset[int]


class _Program:
    """A formula as a list of steps over numbered values, of which those that are not known yet are None."""

    def __init__(self, dialect: Dialect | None):
        self.dialect = dialect
        self.values: list[Any] = []
        self.steps: list[tuple[Operation, tuple[int, ...], tuple[int, ...] | int]] = []

    def slot(self, needs: frozenset[int], value: Any = None) -> _Slot:
        """Make a place for one more value."""
        self.values.append(value)
        return _Slot(len(self.values) - 1, needs)

    def place(self, value: Any, atom: Any) -> _Slot:
        """Find the place of a value; a constant gets one, as an array of the framework's."""
        if isinstance(value, _Slot):
            return value
        array = np.asarray(value, dtype=atom.aval.dtype)
        return self.slot(frozenset(), self.dialect.constant(array) if self.dialect else array)

    def add(self, equation: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
        """Add one operation, or those of a call; returns where its results are."""
        body = called(equation)
        if body is not None:
            return run(body, inputs, self.add)
        function = partial(_bound, equation) if self.dialect is None else translated(equation, self.dialect)
        if function is None:
            return inputs
        sources = [self.place(*pair) for pair in zip(inputs, equation.invars, strict=True)]
        needs = frozenset[int]().union(*(source.needs for source in sources))
        targets = [self.slot(needs) for _ in equation.outvars]
        numbers = tuple(target.number for target in targets)
        several = equation.primitive.multiple_results
        step = (function, tuple(source.number for source in sources), numbers if several else numbers[0])
        if needs:
            self.steps.append(step)
        else:
            _take(self.values, step)
        return targets


def _evaluate(known: tuple[Any, ...], steps: tuple[Any, ...], result: int, *arguments: Any) -> Any:
    """Compute the terms: the arguments are the first values."""
    values = [*arguments, *known[len(arguments) :]]
    for step in steps:
        _take(values, step)
    return values[result]


def _take(values: list[Any], step: tuple[Any, Any, Any]) -> None:
    function, sources, target = step
    result = function(*[values[source] for source in sources])
    if isinstance(target, tuple):
        for place, part in zip(target, result, strict=True):
            values[place] = part
    else:
        values[target] = result


def _bound(equation: JaxprEqn, *inputs: Any) -> Any:
    """Let JAX compute an operation as it stands."""
    results = bind(equation, inputs)
    return tuple(results) if equation.primitive.multiple_results else results[0]
