"""What a fit is made of at one place: residuals, what the loss makes of them, and their derivatives; compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from thalweg.base.compiling import compiled
from thalweg.base.precision import computing
from thalweg.fitting.sums import Task


class Terms(NamedTuple):
    """All terms of the sums over the data, row by row.

    Attributes
    ----------
    residual : of each row
    slope, curvature : first and second derivative of its loss by the residual
    jacobian : derivatives of the residual by every parameter
    """

    residual: Float[np.ndarray, " row"]
    slope: Float[np.ndarray, " row"]
    curvature: Float[np.ndarray, " row"]
    jacobian: Float[np.ndarray, "row param"]

    @property
    def finite(self) -> bool:
        """Whether all are numbers."""
        return all(bool(np.isfinite(part).all()) for part in self)


def terms(task: Task, columns: Sequence[np.ndarray], position: Float[np.ndarray, " param"]) -> Terms:
    """Evaluate all terms at a place, on the parameters' own scales, in the task's order."""
    with computing(64):
        made = _terms(plain(task), *_moved(columns, position))
        return Terms(*(np.asarray(part) for part in made))


def residuals(
    task: Task, columns: Sequence[np.ndarray], positions: Float[np.ndarray, "place param"]
) -> Float[np.ndarray, "place row"]:
    """Evaluate the residuals of all rows at some places, one after another: their memory is that of the result."""
    with computing(64):
        made = [np.asarray(_residuals(plain(task), *_moved(columns, place))) for place in positions]
    return np.array(made).reshape(-1, len(columns[0]))


def pulls(task: Task, columns: Sequence[np.ndarray], position: np.ndarray, y: int) -> Float[np.ndarray, " row"]:
    """Tell by how much each residual falls for a unit of its measured value: 1, or what it is weighed with."""
    with computing(64):
        return -np.asarray(_by_column(plain(task), *_moved(columns, position), y))


def plain(task: Task) -> Task:
    """Take all parameters on their own scales."""
    return replace(task, eliminated=0, logs=(False,) * len(task.order))


def _moved(columns: Sequence[np.ndarray], position: np.ndarray) -> tuple[Any, Any]:
    return tuple(columns), np.asarray(position, np.float64)


def _each(task: Task, columns: Sequence[Array], at: Array) -> Array:
    return jax.vmap(lambda *row: task.example(list(at), row))(*columns)


@compiled("task")
def _terms(task: Task, columns: tuple[Array, ...], position: Array) -> tuple[Array, ...]:
    r = _each(task, columns, position)
    slope = jax.grad(task.penalty)
    jacobian = jax.jacfwd(lambda at: _each(task, columns, at))(position)
    return r, jax.vmap(slope)(r), jax.vmap(jax.grad(slope))(r), jacobian


@compiled("task")
def _residuals(task: Task, columns: tuple[Array, ...], position: Array) -> Array:
    return _each(task, columns, position)


@compiled("task", "y")
def _by_column(task: Task, columns: tuple[Array, ...], position: Array, y: int) -> Array:
    def moved(column: Array) -> Array:
        return _each(task, [*columns[:y], column, *columns[y + 1 :]], position)

    return jax.jvp(moved, (columns[y],), (jnp.ones_like(columns[y]),))[1]
