"""What the surfaces share: boxes with named axes, minima of one value, and the types of point and value."""

from __future__ import annotations

from jaxtyping import Array, Float

from thalweg.base.checks import whole
from thalweg.problems.domain import Axis, Domain
from thalweg.problems.problem import Minimum

Point = Float[Array, " param"]
Value = Float[Array, ""]


def box(*sides: tuple[float, float]) -> Domain:
    """Name the sides of a box: x alone, x and y, or x1, x2, x3 and on."""
    names = ("x", "y") if len(sides) <= 2 else tuple(f"x{i + 1}" for i in range(len(sides)))
    return Domain(Axis(name, low, high) for name, (low, high) in zip(names, sides, strict=False))


def cube(low: float, high: float, dimension: int) -> Domain:
    """Make a box whose sides are all alike."""
    return box(*[(low, high)] * whole("dimension", dimension, at_least=1, at_most=100_000))


def minima(value: float, *positions: tuple[float, ...]) -> tuple[Minimum, ...]:
    """List minima that share one value."""
    return tuple(Minimum(position, value) for position in positions)
