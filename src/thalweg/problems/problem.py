"""What a problem is: a domain of parameters, and either data with residuals or a function in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.problems.domain import Domain

Columns = Mapping[str, np.ndarray]
"""Named data columns of one length, one row an example."""


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
        return self.domain.names


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
