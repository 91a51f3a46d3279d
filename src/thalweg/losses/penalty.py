"""What every penalty is built from: a value with its slope, and a length that never overflows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import jax.numpy as jnp
from jaxtyping import Array, Float

from thalweg.base import hints
from thalweg.base.checks import number
from thalweg.losses.loss import Elementwise, Numbers

Residuals: TypeAlias = Float[Array, "..."]

Curve: TypeAlias = Callable[[Residuals], Residuals]
"""A function of residuals, one by one."""


def penalty(value: Curve, slope: Curve | None = None) -> Elementwise:
    """Make a penalty of any residual, an array or a number, with ``slope`` as its derivative.

    Without a slope the value is differentiated as it stands. The precision is that of the residual.
    """
    smooth = value if slope is None else _with_slope(value, slope)

    def applied(residual: Numbers) -> Array:
        return smooth(hints.asarray(residual, jnp.result_type(residual, float)))

    return applied


def scale_of(name: str, value: float) -> float:
    """Check a scale of residuals: above 0, and its square a number of 32 bits with room to spare."""
    return number(name, value, at_least=1e-18, at_most=1e18)


@hints.sloped(1)
def length(r: Residuals, scale: float) -> Residuals:
    """Compute ``sqrt(r² + scale²)`` without overflow; its slope is the direction."""
    return jnp.hypot(r, scale)


@hints.sloped(1)
def direction(r: Residuals, scale: float) -> Residuals:
    """Compute ``r / length``, from -1 to 1; its slope ``scale² / length³`` is taken without cancellation."""
    return r / length(r, scale)


@length.defjvp
def _length_slope(scale: float, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    return length(*primals, scale), direction(*primals, scale) * tangents[0]


@direction.defjvp
def _direction_slope(scale: float, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    h = length(*primals, scale)
    return direction(*primals, scale), (scale / h) ** 2 / h * tangents[0]


def excess(r: Residuals, scale: float) -> Residuals:
    """Compute ``length - scale`` without cancellation, near zero ``r² / (2 scale)``."""
    return r * (r / (length(r, scale) + scale))


def log_length(r: Residuals, scale: float) -> Residuals:
    """Compute ``log(length / scale) = log(1 + (r / scale)²) / 2`` without overflow or cancellation."""
    return jnp.log1p(jnp.minimum(excess(r, scale) / scale, hints.largest(r.dtype)))


def _with_slope(value: Curve, slope: Curve) -> Curve:
    function = hints.sloped()(value)

    def change(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
        return function(*primals), slope(*primals) * tangents[0]

    function.defjvp(change)
    return function
