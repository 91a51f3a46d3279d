"""An objective as the driver evaluates it: for runs side by side, or for one run alone."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Array

from thalweg.descent import mean, rows
from thalweg.descent.formulation import Formulation, chosen


@dataclass(frozen=True)
class InLanes:
    """The mean of an example for runs side by side; ``params`` are (param, lane) and results have the lanes last."""

    example: mean.Example
    columns: mean.Columns

    def value(self, params: Array) -> Array:
        """Average over all examples."""
        return mean.value(self.example, params, self.columns)

    def value_and_gradient(self, params: Array) -> tuple[Array, Array]:
        """Average over all examples, with the gradient."""
        return mean.value_and_gradient(self.example, params, self.columns)

    def of_part(self, params: Array, columns: mean.Columns, kept: Array | None) -> tuple[Array, Array]:
        """Average over examples of each lane's own, (example, lane), those that are kept."""
        return mean.value_and_gradient(self.example, params, columns, kept, own=True)


@dataclass(frozen=True)
class InRows(InLanes):
    """The mean of an example for one run alone, in the only lane, with the examples side by side."""

    data: rows.Rows

    def value(self, params: Array) -> Array:
        """Average over all examples."""
        return rows.value(self.example, params, self.data)

    def value_and_gradient(self, params: Array) -> tuple[Array, Array]:
        """Average over all examples, with the gradient."""
        return rows.value_and_gradient(self.example, params, self.data)

    def of_part(self, params: Array, columns: mean.Columns, kept: Array | None) -> tuple[Array, Array]:
        """Average over examples of this step's, (example, lane), those that are kept."""
        chosen = tuple(column[:, 0] for column in columns)
        mask = None if kept is None else kept[:, 0]
        return rows.value_and_gradient(self.example, params, rows.laid(chosen, len(params), mask))


def evaluation(example: mean.Example, parameters: int, columns: mean.Columns, alone: bool) -> InLanes:
    """Choose how an objective is evaluated."""
    if alone and chosen(parameters, columns, alone=True) is Formulation.ROWS:
        return InRows(example, columns, rows.laid(columns, parameters))
    return InLanes(example, columns)
