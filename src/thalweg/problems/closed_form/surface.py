"""How a formula becomes a problem: a decorator states the box, the start and the minima of the formula below it.

What takes the formula's place is the public function that makes the problem; it has the formula's name and docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Protocol, TypeVar

from jaxtyping import Array, Float

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.problem import Function, Minimum

Point = Float[Array, " param"]
Value = Float[Array, ""]
Formula = Callable[[Point], Value]
Maker = TypeVar("Maker", bound=Callable[..., Function])

MOST = 1000
"""Parameters at most."""


class Scalable(Protocol):
    """Makes a surface of any dimension."""

    def __call__(self, dimension: int = 2) -> Function:
        """Make the surface of so many parameters."""
        ...


def surface(
    domain: Domain, *, start: tuple[float, float], minima: tuple[Minimum, ...], source: str
) -> Callable[[Formula], Callable[[], Function]]:
    """Make a problem of a formula in x and y."""

    def decorate(formula: Formula) -> Callable[[], Function]:
        def make() -> Function:
            return Function(formula.__name__, domain, start, minima, source, value=formula)

        return _in_place_of(formula, make)

    return decorate


def scalable(
    side: tuple[float, float],
    *,
    start: tuple[float, float],
    minima: Callable[[int], tuple[Minimum, ...]],
    source: str,
    least: int = 1,
) -> Callable[[Formula], Scalable]:
    """Make a problem of a formula of any dimension from ``least`` on: all axes have one side, and the start repeats."""

    def decorate(formula: Formula) -> Scalable:
        def make(dimension: int = 2) -> Function:
            d = whole("dimension", dimension, at_least=least, at_most=MOST)
            settings = {"dimension": d}
            at = cube(*side, d), (start * d)[:d], minima(d)
            return Function(formula.__name__, *at, source, value=formula, settings=settings)

        return _in_place_of(formula, make)

    return decorate


def box(*sides: tuple[float, float]) -> Domain:
    """Name the sides of a box: x alone, x and y, or x1, x2, x3 and on."""
    names = ("x", "y") if len(sides) <= 2 else tuple(f"x{i + 1}" for i in range(len(sides)))
    return Domain([Axis(name, low, high) for name, (low, high) in zip(names, sides, strict=False)])


def cube(low: float, high: float, dimension: int = 2) -> Domain:
    """Make a box whose sides are all alike."""
    return box(*[(low, high)] * dimension)


def minima(value: float, *positions: tuple[float, ...]) -> tuple[Minimum, ...]:
    """List minima that share one value."""
    return tuple(Minimum(position, value) for position in positions)


def opposite(x: float, y: float) -> tuple[tuple[float, float], ...]:
    """List a place and the one that half a turn about 0 takes it to."""
    return (x, y), (-x, -y)


def mirrored(x: float, y: float) -> tuple[tuple[float, float], ...]:
    """List a place and its mirror images in both axes."""
    return tuple(product((x, -x), (y, -y)))


def _in_place_of(formula: Formula, make: Maker) -> Maker:
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(make, name, getattr(formula, name))
    return public(make)
