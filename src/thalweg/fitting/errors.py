"""What data tell of parameters at a minimum: standard errors, correlations, and directions that they leave open.

With ``J`` the derivatives of the residuals and ``s²`` their variance, the covariance of a least-squares fit is
``s² (Jᵀ J)⁻¹``. Under another loss it is the sandwich ``A⁻¹ B A⁻¹``, with ``A`` the sum of ``penalty''(r) J Jᵀ`` and
``B`` that of ``penalty'(r)² J Jᵀ`` (Huber 1967). Both follow from the singular values of ``J`` with columns of unit
length, so the units of the parameters do not matter; a singular value that is rounding beside the largest is a
direction along which nothing changes, and has no standard error. A parameter at a wall is held there: the loss has a
slope, its error is not known, and those of the others are told as if it were given.

References
----------
P. J. Huber, "The behavior of maximum likelihood estimates under nonstandard conditions", Proceedings of the Fifth
Berkeley Symposium on Mathematical Statistics and Probability 1, 221–233, 1967.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from thalweg.fitting.terms import Terms

OPEN = 1e-10
"""A singular value below this share of the largest is a direction that the data leave open."""

ROUNDING = 1e-9
"""Curvatures of a loss that differ by no more than this share are one: it is quadratic."""

solve: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.linalg.solve


class Errors(NamedTuple):
    """What the data tell at one minimum.

    Attributes
    ----------
    covariance : of the parameters; NaN where it is not known, as at a crease, at a wall, or with no row to spare
    errors : standard errors; infinite for parameters that are free to move along a direction left open
    absolute : standard errors where residuals are in units of known uncertainties, whatever their variance
    open_ : (direction, param), unit vectors along which the residuals do not change, each parameter in units that move
        them as much as any other
    lengths : (param,), of the derivatives of the residuals: what turns a direction to the parameters' units
    leverage : (row,), how much of each fitted value its own measured value makes
    condition : share of the least singular value in the largest; 0 where a direction is open
    freedom : rows less the directions that they tell
    squares : the sum of squared residuals
    """

    covariance: Float[np.ndarray, "param param"]
    errors: Float[np.ndarray, " param"]
    absolute: Float[np.ndarray, " param"]
    open_: Float[np.ndarray, "direction param"]
    lengths: Float[np.ndarray, " param"]
    leverage: Float[np.ndarray, " row"]
    condition: float
    freedom: int
    squares: float


def errors(terms: Terms, at_wall: Bool[np.ndarray, " param"] | None = None) -> Errors:
    """Tell how well the data hold the parameters at a minimum; those at a wall are taken for given."""
    rows, size = terms.jacobian.shape
    free = np.ones(size, bool) if at_wall is None else ~at_wall
    r = terms.residual
    squares = float(r @ r)
    if not terms.finite:
        return _unknown(rows, size, squares)
    lengths = _lengths(terms.jacobian)
    left, values, ways = _parts(terms.jacobian[:, free] / lengths[free])
    kept = values > OPEN * values.max(initial=0.0)
    count = int(kept.sum())
    inverse = np.diag(1 / values[kept] ** 2)
    table = left[:rows, kept]
    freedom = rows - count
    if freedom == 0:
        middle = np.full((count, count), np.nan)
    elif np.ptp(terms.curvature) <= ROUNDING * np.abs(terms.curvature).max():  # squares
        middle = squares / freedom * inverse
    else:
        middle = _sandwich(table * values[kept], terms.slope, terms.curvature) * rows / freedom
    covariance, spread = _spread(ways[kept], middle, lengths, free)
    absolute = _spread(ways[kept], inverse, lengths, free)[1]
    open_ = np.zeros((int((~kept).sum()), size))
    open_[:, free] = ways[~kept]
    loose = (np.abs(open_) > np.sqrt(OPEN)).any(axis=0)
    told, given = np.where(loose, np.inf, spread), np.where(loose, np.inf, absolute)
    condition = 0.0 if not kept.all() else float(values.min(initial=1.0) / values.max(initial=1.0))
    return Errors(covariance, told, given, open_, lengths, (table**2).sum(axis=1), condition, freedom, squares)


def _unknown(rows: int, size: int, squares: float) -> Errors:
    """Tell nothing, where terms are no numbers."""
    return Errors(
        covariance=np.full((size, size), np.nan),
        errors=np.full(size, np.nan),
        absolute=np.full(size, np.nan),
        open_=np.zeros((0, size)),
        lengths=np.ones(size),
        leverage=np.full(rows, np.nan),
        condition=np.nan,
        freedom=rows - size,
        squares=squares,
    )


def _lengths(jacobian: np.ndarray) -> np.ndarray:
    """Measure columns; those of nothing but zeros have length 1."""
    longest = np.abs(jacobian).max(axis=0)
    longest = np.where(longest > 0, longest, 1.0)  # apart, since the square of 1e-200 is none
    lengths = np.linalg.norm(jacobian / longest, axis=0) * longest
    return np.where(lengths > 0, lengths, 1.0)


def _parts(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take a matrix of many rows apart: singular vectors and values, as many of the latter as there are columns."""
    size = matrix.shape[1]
    if len(matrix) < size:
        matrix = np.concatenate([matrix, np.zeros((size - len(matrix), size))])
    left, values, ways = np.linalg.svd(matrix, full_matrices=False)
    return left, values, ways


def _spread(
    ways: np.ndarray, middle: np.ndarray, lengths: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Turn a covariance along directions to one of parameters, and their standard errors; NaN where one is held."""
    scaled = np.full((len(free), len(free)), np.nan)
    scaled[np.ix_(free, free)] = ways.T @ middle @ ways
    with np.errstate(over="ignore"):  # where a parameter moves the residuals by 1e-200 its square is beyond all numbers
        return scaled / lengths / lengths[:, None], np.sqrt(np.diag(scaled)) / lengths


def _sandwich(ways: np.ndarray, slope: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """Compute A⁻¹ B A⁻¹ for derivatives along some directions; NaN where A is not that of a smooth minimum."""
    bread = ways.T @ (curvature[:, None] * ways)
    filling = ways.T @ (slope[:, None] ** 2 * ways)
    if not np.isfinite(bread).all() or not bread.size or np.linalg.eigvalsh(bread).min() <= 0:
        return np.full_like(bread, np.nan)
    return solve(bread, solve(bread, filling).T)
