"""The axes of a map: what varies along each, and the runs that follow from it, a pixel a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from thalweg.base.border import from_
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent.descent import Descent
from thalweg.descent.driver import Draw, Source
from thalweg.descent.optimizer import Optimizer
from thalweg.descent.optimizers import varying
from thalweg.descent.ranges import check
from thalweg.losses.objective import Objective
from thalweg.problems.domain import Domain
from thalweg.problems.places import refuse_outside
from thalweg.problems.problem import Problem

MOST = 2**28
"""Pixels of a map at most."""

START = "start"
"""What the lone parameter of a problem may be called as well."""


@from_("a thalweg.Range, such as Range('learning_rate', 0.001, 1)")
@dataclass(frozen=True)
class Range:
    """What varies along one axis of a map: pixels at the middles of equal cells.

    Parameters
    ----------
    name : a parameter, for where runs start (``"start"`` where there is but one); or a number among the optimiser's
        settings, such as ``"learning_rate"``
    low, high : the ends of the axis; angles in radians
    count : pixels
    scale : ``"linear"`` or ``"log"``

    Raises
    ------
    InvalidValue
        If an end is not a finite number, above 0 on a logarithmic axis; if low is not below high; if there are no
        pixels or too many.

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.Range("learning_rate", 1e-3, 10.0, 4, "log").values().round(4).tolist()
    [0.0032, 0.0316, 0.3162, 3.1623]
    """

    name: str
    low: float
    high: float
    count: int = 512
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        whole("count", self.count, at_least=1, at_most=MOST)
        low = number(f"low of {self.name}", self.low, above=0 if self.scale == "log" else None)
        if number(f"high of {self.name}", self.high) <= low:
            raise InvalidValue(f"{self.name} runs from {self.low:g} to {self.high:g}; low must be below high")

    def values(self) -> np.ndarray:
        """Give the value at every pixel.

        Returns
        -------
        Array of shape (count,), rising: the middles of equal cells, on a logarithmic axis of equal ratios.
        """
        middles = (np.arange(self.count) + 0.5) / self.count
        if self.scale == "log":
            return np.exp(np.log(self.low) + np.log(self.high / self.low) * middles)
        return self.low + (self.high - self.low) * middles


def named(problem: Problem, descent: Descent, along: tuple[Range, Range]) -> tuple[Range, Range]:
    """Check what varies; ``start`` becomes the lone parameter's name."""
    settings = varying(descent.optimizer)
    lone = problem.parameters[0] if len(problem.parameters) == 1 else None
    right, up = (replace(axis, name=lone) if lone and axis.name == START else axis for axis in along)
    for axis in (right, up):
        if axis.name not in (*problem.parameters, *settings):
            allowed = (*problem.parameters, *([START] if lone else []), *settings)
            raise UnknownName.of("axis of a map", axis.name, allowed)
        if axis.name in problem.parameters:
            ends = np.array([[axis.low], [axis.high]])
            refuse_outside(Domain(problem.domain[problem.parameters.index(axis.name)]), ends, "a map's range has")
    if right.name == up.name:
        raise InvalidValue(f"both axes of the map are {right.name}; give two different ones")
    if right.count * up.count > MOST:
        raise InvalidValue(f"{right.count} x {up.count} pixels are too many; give at most {MOST:,} in all")
    return right, up


def source_of(objective: Objective, descent: Descent, along: tuple[Range, Range]) -> tuple[Descent, Source]:
    """Make the runs, row by row from the lowest, and the descent with all that varies made to vary."""
    problem = objective.problem
    places = {axis.name: axis.values() for axis in along}
    settings = [name for name in places if name not in problem.parameters]
    if settings:
        assert isinstance(descent.optimizer, Optimizer)
        for name in settings:
            check(descent.optimizer.maker, name, places[name])
        one = {name: places[name][:1] for name in settings}
        descent = replace(descent, optimizer=descent.optimizer.replace(**one))
    descent.check(objective, 1)
    right, up = along

    def draw(first: int, last: int) -> Draw:
        row, column = np.divmod(np.arange(first, last), right.count)
        values = {right.name: places[right.name][column], up.name: places[up.name][row]}
        starts = np.tile(np.asarray(problem.start, dtype=np.float64), (last - first, 1))
        for k, name in enumerate(problem.parameters):
            starts[:, k] = values.get(name, starts[:, k])
        return Draw(starts, {name: values[name] for name in settings})

    return descent, Source(right.count * up.count, draw)


def without(descent: Descent, along: tuple[Range, Range]) -> Descent:
    """Leave out the settings that vary, so that none of their values is taken for all."""
    if not isinstance(descent.optimizer, Optimizer):
        return descent
    names = {axis.name for axis in along}
    rest = {name: value for name, value in descent.optimizer.settings.items() if name not in names}
    return replace(descent, optimizer=Optimizer(descent.optimizer.maker, **rest))
