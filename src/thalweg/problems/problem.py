"""What a problem is: a domain of parameters, and either data with residuals or a function in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue

Columns = Mapping[str, np.ndarray]
"""Named data columns of one length, one row an example."""


@dataclass(frozen=True)
class Axis:
    """One parameter: its name and its interval, or its circle where ``periodic``.

    Angles have the unit ``"rad"``; other parameters have none.
    """

    name: str
    low: float
    high: float
    periodic: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        # Whole numbers would make arrays of whole numbers.
        object.__setattr__(self, "low", number(f"low of {self.name}", self.low))
        object.__setattr__(self, "high", number(f"high of {self.name}", self.high))
        if not self.low < self.high:
            raise InvalidValue(f"axis {self.name} runs from {self.low:g} to {self.high:g}; low must be below high")

    @property
    def length(self) -> float:
        """The length of the interval, or the period of the circle."""
        return self.high - self.low


Domain = tuple[Axis, ...]
"""The product of its axes: an interval or a circle (one axis), a box, or any mix of both."""


@dataclass(frozen=True)
class Minimum:
    """A minimum known from the literature: its position and, where stated, its value."""

    position: tuple[float, ...]
    value: float | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """What is common to all problems.

    Attributes
    ----------
    name : catalogue name
    domain : one :class:`Axis` a parameter, in the order of the parameter vector
    start : (param,), the usual start
    minima : known minima, where there are any
    source : where the problem comes from
    """

    name: str
    domain: Domain
    start: tuple[float, ...]
    minima: tuple[Minimum, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        if len(self.start) != len(self.domain):
            raise InvalidValue(
                f"start of {self.name} has {len(self.start)} numbers; give {len(self.domain)}, one a parameter"
            )

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in order."""
        return tuple(axis.name for axis in self.domain)


@dataclass(frozen=True, eq=False)
class Regression(Problem):
    """Data and a residual; with a loss it becomes an objective.

    Attributes
    ----------
    residual : ``residual(params, *columns) -> scalar``: the residual of *one* example, with ``params`` of
        shape (param,) and the columns in the order of ``train``. Written with ``jax.numpy``.
    train, test : columns by name; ``test`` may be empty
    line : ``line(params) -> (slope, intercept)`` where the model is a straight line in x, else None
    derived : further quantities of interest by name, functions of the parameters, recorded with every run
    labels : axis labels of the columns, for figures
    model, distance : the model's name and how its residual is measured, where a theorem knows them:
        ``"through_origin"`` or ``"affine"``, ``"vertical"`` or ``"orthogonal"``
    center : of an affine model, the x at which its second parameter is the line's height
    """

    residual: Callable[..., Any] = field(kw_only=True)
    train: Columns = field(kw_only=True)
    test: Columns = field(kw_only=True)
    line: Callable[[Any], tuple[Any, Any]] | None = field(kw_only=True, default=None)
    derived: Mapping[str, Callable[[Any], Any]] = field(kw_only=True, default_factory=dict)
    labels: Mapping[str, str] = field(kw_only=True, default_factory=dict)
    model: str = field(kw_only=True, default="")
    distance: str = field(kw_only=True, default="")
    center: float = field(kw_only=True, default=0.0)


@dataclass(frozen=True, eq=False)
class Function(Problem):
    """A surface in closed form: ``value(params) -> scalar``, written with ``jax.numpy``, without data or loss."""

    value: Callable[..., Any] = field(kw_only=True)
