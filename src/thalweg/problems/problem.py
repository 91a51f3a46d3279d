"""What a problem is: a domain of parameters, and either data with residuals or a function in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Array

from thalweg.base.border import from_, public
from thalweg.base.errors import InvalidValue
from thalweg.problems.domain import Domain

Columns = Mapping[str, np.ndarray]
"""Named data columns of one length, one row an example."""

Numeric: TypeAlias = Array | float
"""A number, or what JAX traces in its place."""

Params: TypeAlias = Array
"""A vector of parameters, (param,)."""

Quantity: TypeAlias = Callable[[Params | np.ndarray], Numeric]
"""``quantity(params) -> scalar``, written with ``jax.numpy``."""

Setting: TypeAlias = str | float | Sequence[float]
"""What may make a problem and is stored beside results."""

Residual: TypeAlias = Callable[..., Array]
"""``residual(params, *columns) -> scalar``, the residual of one example, written with ``jax.numpy``."""


@public
@dataclass(frozen=True)
class Minimum:
    """A minimum known from the literature.

    Attributes
    ----------
    position : (param,), in the units of the domain's axes
    value : of the objective there; None where it is not stated

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.problems.booth().minima[0]
    Minimum(position=(1.0, 3.0), value=0.0)
    """

    position: tuple[float, ...]
    value: float | None = None


@from_("one of thalweg.problems")
@dataclass(frozen=True, eq=False)
class Problem:
    """What is common to all problems.

    Attributes
    ----------
    name : how the problem is called in tables, figures and experiment files
    domain : one :class:`Axis` a parameter, in the order of the parameter vector
    start : (param,), the usual start, in the units of the axes
    minima : known minima, where there are any
    source : where the problem comes from
    fixed : at what other parameters are held, in words, where it is what :meth:`thalweg.Objective.fix` has left
    settings : the numbers and words that make it, for the record; figures name those that are not the usual ones

    Raises
    ------
    InvalidValue
        If the start has not one number a parameter.

    Examples
    --------
    >>> import thalweg as tw
    >>> problem = tw.problems.pencil()
    >>> problem.name, problem.parameters
    ('pencil', ('phi',))
    """

    name: str
    domain: Domain
    start: tuple[float, ...]
    minima: tuple[Minimum, ...] = ()
    source: str = ""
    fixed: str = field(kw_only=True, default="")
    settings: Mapping[str, Setting] = field(kw_only=True, default_factory=dict[str, Setting])

    def __post_init__(self) -> None:
        if len(self.start) != len(self.domain):
            raise InvalidValue(
                f"start of {self.name} has {len(self.start)} numbers; give {len(self.domain)}, one a parameter"
            )

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in order."""
        return self.domain.names


@public
@dataclass(frozen=True, eq=False)
class Regression(Problem):
    """Data and a residual; with a loss it becomes an objective.

    Attributes
    ----------
    name, domain, start, minima, source, fixed, settings : see :class:`Problem`
    residual : ``residual(params, *columns) -> scalar``: the residual of *one* example, with ``params`` of
        shape (param,) and the columns in the order of ``train``. Written with ``jax.numpy``.
    train, test : columns by name, each (example,); those of ``test`` may be empty
    line : ``line(params) -> (slope, intercept)`` where the model is a straight line in x, else None
    derived : quantities that follow from the parameters, by name: functions of (param,) that give a scalar. They are
        recorded with every run beside its parameters, such as the intercept ``b`` of :func:`table`
    labels : axis labels of the columns, for figures
    model, distance : the model's name and how its residual is measured, where a theorem knows them:
        ``"through_origin"`` or ``"affine"``, ``"vertical"`` or ``"orthogonal"``
    center : of an affine model, the x at which its second parameter is the line's height
    told : lines for people: what was read of a table, and which ranges were proposed

    Examples
    --------
    >>> import thalweg as tw
    >>> problem = tw.problems.line((2.0, 1.0), points=10, noise=0.0)
    >>> len(problem.train["x"]), len(problem.test["x"])
    (6, 4)
    >>> float(problem.residual((2.0, 1.0), 3.0, 8.0))  # 2 x 3 + 1 lies 1 below 8
    -1.0
    """

    residual: Residual = field(kw_only=True)
    train: Columns = field(kw_only=True)
    test: Columns = field(kw_only=True)
    line: Callable[[Params | np.ndarray], tuple[Numeric, Numeric]] | None = field(kw_only=True, default=None)
    derived: Mapping[str, Quantity] = field(kw_only=True, default_factory=dict[str, Quantity])
    labels: Mapping[str, str] = field(kw_only=True, default_factory=dict[str, str])
    model: Literal["", "through_origin", "affine"] = field(kw_only=True, default="")
    distance: Literal["", "vertical", "orthogonal"] = field(kw_only=True, default="")
    center: float = field(kw_only=True, default=0.0)
    told: tuple[str, ...] = field(kw_only=True, default=())


@public
@dataclass(frozen=True, eq=False)
class Function(Problem):
    """A surface in closed form, without data or loss.

    Attributes
    ----------
    name, domain, start, minima, source, fixed, settings : see :class:`Problem`
    value : ``value(params) -> scalar`` with ``params`` of shape (param,), written with ``jax.numpy``

    Examples
    --------
    >>> import jax.numpy as jnp, thalweg as tw
    >>> float(tw.problems.himmelblau().value(jnp.array([3.0, 2.0])))
    0.0
    """

    value: Callable[[Params], Array] = field(kw_only=True)
