"""A problem with some of its parameters held: a slice of its surface, which has the others as its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from math import degrees
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.places import refuse_outside
from thalweg.problems.problem import Function, Minimum, Params, Problem, Regression

ON = 1e-9
"""A minimum lies on the slice if it is nearer to it than this share of every held axis's length."""


@dataclass(frozen=True)
class Held:
    """A function of all parameters as one of those that are not held; equal ones share compiled programs.

    Attributes
    ----------
    function : of all parameters, and of what else it takes
    values : of every parameter; None for those that are not held
    """

    function: Callable[..., Any]
    values: tuple[float | None, ...]

    def __call__(self, params: Params | np.ndarray, *columns: Any) -> Any:
        """Put the held values in between, and call."""
        return self.function(self.whole(params), *columns)

    def whole(self, params: Params | np.ndarray) -> Array | np.ndarray:
        """Make the vector of all parameters, (param, …), by runs of neighbours: a thousand of them are a few parts."""
        xp = np if isinstance(params, np.ndarray) else jnp
        parts: list[Any] = []
        first = 0
        for free, group in groupby(self.values, key=lambda value: value is None):
            values = list(group)
            if free:
                parts.append(params[first : first + len(values)])
                first += len(values)
            else:
                held = np.array(values, params.dtype).reshape(-1, *[1] * (params.ndim - 1))
                parts.append(xp.broadcast_to(held, (len(values), *params.shape[1:])))
        return xp.concatenate(parts)


def fix(problem: Problem, values: Mapping[str, float]) -> Problem:
    """Hold parameters of a problem at values.

    A slice has no exact census: what is proved of a line with all its parameters says nothing about one that may only
    be turned or only be lifted.

    Raises
    ------
    UnknownName
        If there is no parameter of that name.
    InvalidValue
        If nothing or everything is held, or a value is no place on its axis.
    """
    names = problem.parameters
    for name in values:
        if name not in names:
            raise UnknownName.of(f"parameter of {problem.name}", name, names)
    if not values:
        raise InvalidValue(f"no parameter is held; give a value for one or more of {', '.join(names)}")
    held = {name: number(name, values[name]) for name in names if name in values}
    if len(held) == len(names):
        raise InvalidValue(f"all parameters of {problem.name} are held; leave one or more of {', '.join(names)} free")
    for name, value in held.items():
        refuse_outside(Domain(problem.domain[names.index(name)]), np.array([[value]]), "a parameter is held at")
    free = [k for k, name in enumerate(names) if name not in held]

    def of(function: Callable[..., Any]) -> Held:
        return Held(function, tuple(held.get(name) for name in names))

    common: dict[str, Any] = {
        "domain": Domain([problem.domain[k] for k in free]),
        "start": tuple(problem.start[k] for k in free),
        "minima": tuple(_on_slice(problem, held, free)),
        "fixed": ", ".join(
            filter(None, [problem.fixed, *(_written(axis, held.get(axis.name)) for axis in problem.domain)])
        ),
    }
    if isinstance(problem, Function):
        return replace(problem, **common, value=of(problem.value))
    assert isinstance(problem, Regression)
    line = None if problem.line is None else of(problem.line)
    derived = {name: of(quantity) for name, quantity in problem.derived.items()}
    return replace(problem, **common, residual=of(problem.residual), line=line, derived=derived, model="", distance="")


def _on_slice(problem: Problem, held: Mapping[str, float], free: list[int]) -> list[Minimum]:
    """Keep the known minima that lie on the slice: what is lowest all around is lowest there too."""
    domain = problem.domain
    kept: list[Minimum] = []
    for minimum in problem.minima:
        there = [held.get(name, value) for name, value in zip(domain.names, minimum.position, strict=True)]
        if (np.abs(domain.difference(minimum.position, there)) <= ON * domain.lengths).all():
            kept.append(Minimum(tuple(minimum.position[k] for k in free), minimum.value))
    return kept


def _written(axis: Axis, value: float | None) -> str:
    """Write at what a parameter is held, for headings, an angle in degrees; nothing of one that is free."""
    if value is None:
        return ""
    return f"{axis.name} = " + (f"{degrees(value):.6g}°" if axis.unit == "rad" else f"{value:.6g}")
