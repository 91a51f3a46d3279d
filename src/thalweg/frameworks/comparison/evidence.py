"""What a run's own points tell: our gradient there, and how far rounding may put that of a framework from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from thalweg.base.compiling import compiled
from thalweg.base.precision import computing
from thalweg.losses.objective import Objective, Penalised

TRIALS = 12
"""Shaken copies of the gradients, and of the settings; rounding is what they show at most."""

SHIFTS = 6
"""Directions into which a point is moved to see how a gradient is rounded there."""

UNITS = 4
"""Roundings, in units of the last place, that the terms of a mean are given."""


class Residuals(NamedTuple):
    """The residuals at one point: how many are exactly zero, how many zero to rounding, and of how many."""

    zero: int
    nearly: int
    examples: int


@dataclass(frozen=True, eq=False)
class Evidence:
    """A run's points with the gradients that belong there.

    Attributes
    ----------
    points : (step, param), as recorded, in 64 bits; all finite
    gradients : (trial, step, param), in 64 bits; those of the first trial are unshaken, the others shaken as rounding
        in the run's precision may
    noise : (trial, number), for settings: between -1 and 1, zero for the first trial
    eps : the rounding of the run's precision
    """

    points: np.ndarray
    gradients: np.ndarray
    noise: np.ndarray
    eps: float


def gather(objective: Objective, points: np.ndarray, dtype: Any) -> Evidence:
    """Compute gradients at the points of a run made in ``dtype``, and shake them.

    How a framework's gradient is rounded depends on the order in which it computes. Bounds are seen when the point
    itself is moved by its last place, as rounding of the first operation does, and from the sizes of the examples'
    gradients, as rounding of the sum does.
    """
    draw, eps = np.random.default_rng(0), float(np.finfo(dtype).eps)
    points = points.astype(np.float64)
    columns = tuple(column.astype(dtype).astype(np.float64) for column in objective.train)
    signs = draw.choice([-1.0, 1.0], (SHIFTS // 2, *points.shape))
    moved = points + 2 * eps * np.abs(points) * np.concatenate([signs, -signs])
    exact, sizes = _gradients(objective, points, columns)
    beside, _ = _gradients(objective, moved.reshape(-1, points.shape[1]), columns)
    unsure = np.abs(beside.reshape(moved.shape) - exact).max(axis=0) + UNITS * eps * sizes
    shaken = draw.choice([-1.0, 1.0], (TRIALS, *points.shape))
    shaken[0] = 0.0
    noise = draw.choice([-1.0, 1.0], (TRIALS, 32))
    noise[0] = 0.0
    return Evidence(points, exact + shaken * unsure, noise, eps)


def residuals(objective: Objective, point: np.ndarray, dtype: Any) -> Residuals | None:
    """Count the residuals that are zero at a point; None where there are none at all."""
    if not isinstance(objective.example, Penalised):
        return None
    columns = tuple(column.astype(dtype) for column in objective.train)
    shift = 2 * np.finfo(dtype).eps * np.abs(point.astype(np.float64))
    places = np.stack([point, point - shift, point + shift]).astype(dtype)
    with computing(8 * np.dtype(dtype).itemsize):
        residual = jax.vmap(objective.example.residual, in_axes=(None, *(0 for _ in columns)))
        here, below, above = (np.asarray(residual(place, *columns), dtype=np.float64) for place in places)
    nearly = (here == 0) | (below * above <= 0)
    return Residuals(int((here == 0).sum()), int(nearly.sum()), len(here))


def _gradients(objective: Objective, points: np.ndarray, columns: Any) -> tuple[np.ndarray, np.ndarray]:
    """Compute the gradient in 64 bits, and the mean size of the examples' gradients; both (point, param)."""
    with computing(64):
        mean, size = _program(points, columns, objective.example)
        return np.asarray(mean), np.asarray(size)


@compiled("example")
def _program(points: Any, columns: Any, example: Any) -> Any:
    axes = (None, *(0 for _ in columns))

    def of_one(point: Any) -> Any:
        gradient = jax.grad(example)
        terms = jax.vmap(gradient, in_axes=axes)(point, *columns) if columns else gradient(point)[None]
        return jnp.mean(terms, axis=0), jnp.mean(jnp.abs(terms), axis=0)

    return jax.lax.map(of_one, points)
