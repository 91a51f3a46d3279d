"""What every penalty is built from: a value with its slope, and a length that never overflows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from thalweg.base.checks import number

Elementwise = Callable[[Any], Any]
"""An elementwise function of residuals."""

Residuals: TypeAlias = Float[Array, "..."]


def penalty(value: Elementwise, slope: Elementwise | None = None) -> Elementwise:
    """Make a penalty of any residual, an array or a number, with ``slope`` as its derivative.

    Without a slope the value is differentiated as it stands. The precision is that of the residual.
    """
    smooth = value if slope is None else _with_slope(value, slope)
    return lambda residual: smooth(jnp.asarray(residual, jnp.result_type(residual, float)))


def scale_of(name: str, value: float) -> float:
    """Check a scale of residuals: above 0, and its square a number of 32 bits with room to spare."""
    return number(name, value, at_least=1e-18, at_most=1e18)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def length(r: Residuals, scale: float) -> Residuals:
    """Compute ``sqrt(r² + scale²)`` without overflow; its slope is the direction."""
    return jnp.hypot(r, scale)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def direction(r: Residuals, scale: float) -> Residuals:
    """Compute ``r / length``, from -1 to 1; its slope ``scale² / length³`` is taken without cancellation."""
    return r / length(r, scale)


@length.defjvp
def _length_slope(scale: float, primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    return length(*primals, scale), direction(*primals, scale) * tangents[0]


@direction.defjvp
def _direction_slope(scale: float, primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    h = length(*primals, scale)
    return direction(*primals, scale), (scale / h) ** 2 / h * tangents[0]


def excess(r: Residuals, scale: float) -> Residuals:
    """Compute ``length - scale`` without cancellation, near zero ``r² / (2 scale)``."""
    return r * (r / (length(r, scale) + scale))


def log_length(r: Residuals, scale: float) -> Residuals:
    """Compute ``log(length / scale) = log(1 + (r / scale)²) / 2`` without overflow or cancellation."""
    return jnp.log1p(jnp.minimum(excess(r, scale) / scale, jnp.finfo(r.dtype).max))


def _with_slope(value: Elementwise, slope: Elementwise) -> Elementwise:
    function = jax.custom_jvp(value)
    function.defjvp(lambda primals, tangents: (function(*primals), slope(*primals) * tangents[0]))
    return function
