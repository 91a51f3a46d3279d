"""What data tell of parameters at a minimum: standard errors, correlations, and directions that they leave open.

With ``J`` the derivatives of the residuals and ``s²`` their variance, the covariance of a least-squares fit is
``s² (Jᵀ J)⁻¹``. Under another loss it is the sandwich ``A⁻¹ B A⁻¹``, with ``A`` the sum of ``penalty''(r) J Jᵀ`` and
``B`` that of ``penalty'(r)² J Jᵀ`` (Huber 1967). Both follow from the singular values of ``J`` with columns of unit
length, so the units of the parameters do not matter; a singular value that is rounding beside the largest is a
direction along which nothing changes, and has no standard error.

References
----------
P. J. Huber, "The behavior of maximum likelihood estimates under nonstandard conditions", Proceedings of the Fifth
Berkeley Symposium on Mathematical Statistics and Probability 1, 221–233, 1967.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from thalweg.base.precision import computing
from thalweg.fitting.sums import Task

OPEN = 1e-10
"""A singular value below this share of the largest is a direction that the data leave open."""

ROUNDING = 1e-9
"""Curvatures of a loss that differ by no more than this share are one: it is quadratic."""

solve: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.linalg.solve


class Errors(NamedTuple):
    """What the data tell at one minimum.

    Attributes
    ----------
    covariance : of the parameters; NaN where it is not known, as at a crease
    errors : standard errors; infinite for parameters that are free to move along a direction left open
    open_ : (direction, param), unit vectors along which the residuals do not change, each parameter in units that move
        them as much as any other
    squares : the sum of squared residuals
    """

    covariance: Float[np.ndarray, "param param"]
    errors: Float[np.ndarray, " param"]
    open_: Float[np.ndarray, "direction param"]
    squares: float


def errors(task: Task, columns: Sequence[np.ndarray], position: Float[np.ndarray, " param"]) -> Errors:
    """Tell how well the data hold the parameters at a minimum; the task has them in their order, on plain scales."""
    r, slope, curvature, jacobian = _terms(task, columns, position)
    rows, size = jacobian.shape
    longest = np.abs(jacobian).max(axis=0)
    longest = np.where(longest > 0, longest, 1.0)  # apart, since the square of 1e-200 is none
    lengths = np.linalg.norm(jacobian / longest, axis=0) * longest
    lengths = np.where(lengths > 0, lengths, 1.0)
    parts = np.linalg.svd(jacobian / lengths, full_matrices=True)
    values, ways = np.pad(parts[1], (0, size - len(parts[1]))), parts[2]
    held = values > OPEN * values.max()
    freedom = max(rows - int(held.sum()), 1)
    if np.ptp(curvature) <= ROUNDING * np.abs(curvature).max():  # squares
        middle = float(r @ r) / freedom * np.diag(1 / values[held] ** 2)
    else:
        middle = _sandwich(parts[0][:, : len(values)][:, held] * values[held], slope, curvature) * rows / freedom
    scaled = ways[held].T @ middle @ ways[held]
    loose = (np.abs(ways[~held]) > np.sqrt(OPEN)).any(axis=0)
    with np.errstate(over="ignore"):  # where a parameter moves the residuals by 1e-200 its square is beyond all numbers
        covariance = scaled / lengths / lengths[:, None]
        spread = np.sqrt(np.diag(scaled)) / lengths
    return Errors(covariance, np.where(loose, np.inf, spread), ways[~held], float(r @ r))


def _sandwich(ways: np.ndarray, slope: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """Compute A⁻¹ B A⁻¹ for derivatives along some directions; NaN where A is not that of a smooth minimum."""
    bread = ways.T @ (curvature[:, None] * ways)
    filling = ways.T @ (slope[:, None] ** 2 * ways)
    if not np.isfinite(bread).all() or np.linalg.eigvalsh(bread).min() <= 0:
        return np.full_like(bread, np.nan)
    return solve(bread, solve(bread, filling).T)


def _terms(task: Task, columns: Sequence[np.ndarray], position: np.ndarray) -> tuple[np.ndarray, ...]:
    """Evaluate residuals, slope and curvature of their losses, (row,), and derivatives of residuals, (row, param)."""

    def evaluate(params: Array, data: Sequence[Array]) -> tuple[Array, ...]:
        def each(at: Array) -> Array:
            return jax.vmap(lambda *row: task.example(list(at), row))(*data)

        r = each(params)
        slope = jax.vmap(jax.grad(task.penalty))
        return r, slope(r), jax.vmap(jax.grad(jax.grad(task.penalty)))(r), jax.jacfwd(each)(params)

    with computing(64):
        return tuple(np.asarray(part) for part in jax.jit(evaluate)(position, tuple(columns)))
