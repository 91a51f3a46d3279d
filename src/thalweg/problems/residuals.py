"""Residuals of straight lines: vertical, along y, or orthogonal, across the line."""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array

from thalweg.problems.problem import Params, Residual

Distance: TypeAlias = Literal["vertical", "orthogonal"]
"""How far an example is from a line."""


def through_origin(kind: Distance) -> Residual:
    """Choose the residual of a line through the origin at angle ``params[0]``, in radians.

    Vertical: ``tan(phi) x - y``. Orthogonal: ``x sin(phi) - y cos(phi)``, the signed distance.
    """
    return _vertical if kind == "vertical" else _orthogonal


def affine(kind: Distance, center: float = 0.0) -> Residual:
    """Choose the residual of the line ``y = params[0] (x - center) + params[1]``.

    Orthogonal: the vertical residual divided by ``sqrt(1 + slope²)``.
    """
    return _affine(kind, float(center))


def _vertical(params: Params, x: Array, y: Array) -> Array:
    return jnp.tan(params[0]) * x - y


def _orthogonal(params: Params, x: Array, y: Array) -> Array:
    return x * jnp.sin(params[0]) - y * jnp.cos(params[0])


@cache
def _affine(kind: Distance, center: float) -> Residual:
    """Equal lines have one residual, and so share compiled programs."""

    def vertical(params: Params, x: Array, y: Array) -> Array:
        return params[0] * (x - center) + params[1] - y

    def orthogonal(params: Params, x: Array, y: Array) -> Array:
        return vertical(params, x, y) / jnp.sqrt(1 + params[0] ** 2)

    return vertical if kind == "vertical" else orthogonal
