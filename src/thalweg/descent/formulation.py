"""How an objective and its gradient are computed; chosen once, by rule."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from thalweg.losses.objective import Objective

MOST = 256
"""Parameters up to which runs lie side by side in lanes."""

MANY = 2000
"""Examples from which on they fill the vectors themselves, so that runs need not lie side by side."""


class Formulation(StrEnum):
    """One of four ways; the name is what is stored with results."""

    CLOSED = "closed"
    BLOCKS = "blocks"
    ROWS = "rows"
    WHOLE = "whole"

    @property
    def description(self) -> str:
        """What it means."""
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    Formulation.CLOSED: "a function without data, evaluated for all runs at once",
    Formulation.BLOCKS: "runs side by side in vector lanes, the examples summed block by block",
    Formulation.ROWS: "one run after the other, its examples side by side in vector lanes and summed by tens",
    Formulation.WHOLE: f"one run after the other on all examples at once, for more than {MOST} parameters",
}


def formulation(objective: Objective, alone: bool = False) -> Formulation:
    """Tell how runs of an objective are computed, for one as for a million.

    Examples
    --------
    >>> import thalweg as tw
    >>> way = formulation(tw.objective(tw.problems.pencil(), tw.losses.fourth_root()))
    >>> way.value, way.description
    ('blocks', 'runs side by side in vector lanes, the examples summed block by block')
    """
    return chosen(len(objective.problem.domain), objective.train, alone or many(objective))


def many(objective: Objective) -> bool:
    """Tell whether there are so many examples that a run is best made by itself."""
    return bool(objective.train) and len(objective.train[0]) >= MANY


def chosen(parameters: int, columns: Sequence[Any], alone: bool = False) -> Formulation:
    """Choose by the number of parameters, whether there are data, and whether every run is made alone."""
    if not columns:
        return Formulation.CLOSED
    if parameters > MOST:
        return Formulation.WHOLE
    return Formulation.ROWS if alone else Formulation.BLOCKS
