"""How an objective and its gradient are computed; chosen once, by rule."""

from __future__ import annotations

from enum import StrEnum

from thalweg.losses.objective import Objective

MOST = 256
"""Parameters up to which runs lie side by side in lanes."""


class Formulation(StrEnum):
    """One of three ways; the name is what is stored with results."""

    CLOSED = "closed"
    BLOCKS = "blocks"
    WHOLE = "whole"

    @property
    def description(self) -> str:
        """What it means."""
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    Formulation.CLOSED: "a function without data, evaluated for all runs at once",
    Formulation.BLOCKS: "runs side by side in vector lanes, the examples summed block by block",
    Formulation.WHOLE: f"one run after the other on all examples at once, for more than {MOST} parameters",
}


def formulation(objective: Objective) -> Formulation:
    """Tell how an objective is computed, for one run as for a million.

    Examples
    --------
    >>> import thalweg as tw
    >>> way = formulation(tw.objective(tw.problems.pencil(), tw.losses.fourth_root()))
    >>> way.value, way.description
    ('blocks', 'runs side by side in vector lanes, the examples summed block by block')
    """
    return chosen(len(objective.problem.domain), len(objective.train))


def chosen(parameters: int, columns: int) -> Formulation:
    """Choose by the number of parameters and of data columns."""
    if not columns:
        return Formulation.CLOSED
    return Formulation.BLOCKS if parameters <= MOST else Formulation.WHOLE
