"""Residuals of straight lines: vertical, along y, or orthogonal, across the line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from thalweg.base.checks import choice

Residual = Callable[..., Any]

KINDS = ("vertical", "orthogonal")


def through_origin(kind: str) -> Residual:
    """Make the residual of a line through the origin at angle ``params[0]``, in radians.

    Vertical: ``tan(phi) x - y``. Orthogonal: ``x sin(phi) - y cos(phi)``, the signed distance.
    """
    choice("residual", kind, KINDS)
    if kind == "vertical":
        return lambda params, x, y: jnp.tan(params[0]) * x - y
    return lambda params, x, y: x * jnp.sin(params[0]) - y * jnp.cos(params[0])


def affine(kind: str, center: float = 0.0) -> Residual:
    """Make the residual of the line ``y = params[0] (x - center) + params[1]``.

    Orthogonal: the vertical residual divided by ``sqrt(1 + slope²)``.
    """
    choice("residual", kind, KINDS)

    def vertical(params: Any, x: Any, y: Any) -> Any:
        return params[0] * (x - center) + params[1] - y

    def orthogonal(params: Any, x: Any, y: Any) -> Any:
        return vertical(params, x, y) / jnp.sqrt(1 + params[0] ** 2)

    return vertical if kind == "vertical" else orthogonal
