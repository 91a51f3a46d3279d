"""Every valley of the line ``y = W x + b`` with vertical residuals, exactly, under the loss ``|r|^p`` with p below 1.

Proved, for ``0 < p < 1``: the strict local minima are the lines through two data points with different x. Each of
them is one: the residuals u and v of the two points are coordinates of the plane of all lines, ``|u|^p + |v|^p`` is at
least a constant times ``|(u, v)|^p``, and near the line every other term either grows too or changes by at most a
constant times ``|(u, v)|``, which is less. No other line is: as it turns about the points that it meets, all of one x,
their terms stay 0 and every other term is concave, and so is the sum.

Hence the best line of all is the best of the at most n (n - 1) / 2 lines through two points. The passes between minima
have no such description; a grid finds them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.base.progress import track
from thalweg.valleys.exact.cusps import power

LIMIT = 1000
"""Points; their pairs times points are half a thousand million terms."""
BLOCK = 50_000
ROUNDING = 8 * np.finfo(float).eps
"""A point lies on a line where its residual is at most this times the terms that make it up: a bound on the rounding of
data and sums."""


class PairLines(NamedTuple):
    """All strict local minima, deepest first, ties by the numbers of their points.

    Attributes
    ----------
    minima : slope, and height at the centre
    depths : objective there
    pairs : numbers, from 0, of two data points that the line passes through: the first that do, with different x
    points : how many data points lie on the line
    """

    minima: Float[np.ndarray, "minimum 2"]
    depths: Float[np.ndarray, " minimum"]
    pairs: Int[np.ndarray, "minimum 2"]
    points: Int[np.ndarray, " minimum"]


def pair_lines(
    x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"], p: float, *, center: float = 0.0
) -> PairLines:
    """List every strict local minimum of ``Σ |W (x_i - center) + c - y_i|^p / n``.

    Lines through three points and more are listed once.

    Parameters
    ----------
    x, y : data points, at most 1000
    p : exponent, above 0, below 1
    center : where the height c of a line is taken; 0 makes it the intercept b

    Raises
    ------
    InvalidValue
        If there are too many points.
    InvalidData
        If a value is not finite or all x are equal.

    Examples
    --------
    >>> lines = pair_lines(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 0.0]), 0.5)
    >>> lines.minima[0].tolist(), lines.points.tolist()
    ([2.0, 1.0], [3, 2, 2, 2])
    """
    check(x, y)
    one, other = np.triu_indices(len(x), 1)
    apart = x[one] != x[other]
    one, other = one[apart], other[apart]
    rows = max(1, BLOCK // len(x))
    spans = [slice(first, first + rows) for first in range(0, len(one), rows)]
    parts = [_measure(x, y, p, one[span], other[span]) for span in track(spans, "lines through two points")]
    first, slope, depth, points = (np.concatenate(part) for part in zip(*parts, strict=True))
    one, other, slope, depth, points = one[first], other[first], slope[first], depth[first], points[first]
    order = np.lexsort((other, one, depth))
    height = y[one] + slope * (center - x[one])
    return PairLines(
        np.stack([slope, height], axis=1)[order], depth[order], np.stack([one, other], axis=1)[order], points[order]
    )


def check(x: np.ndarray, y: np.ndarray) -> None:
    """Refuse points that are too many, not finite, or determine no line."""
    if len(x) > LIMIT:
        raise InvalidValue(
            f"{len(x)} points have too many pairs for an exact census; give at most {LIMIT}, or use method = 'grid'"
        )
    if x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InvalidData("x and y are not equally many finite numbers; leave out the points that are not")
    if len(x) < 2 or np.ptp(x) == 0:
        raise InvalidData("no two points have different x, so no line is determined; give data that determine a line")


def _measure(x, y, p, one, other):
    """Measure lines through pairs: (whether the pair is the line's first, slope, depth, points on it)."""
    run = x[other] - x[one]
    slope = (y[other] - y[one]) / run
    along = x - x[one][:, None]
    residual = slope[:, None] * along - (y - y[one][:, None])
    # Beyond its two points a line magnifies their rounding in proportion to the distance.
    share = np.abs(along / run[:, None])
    tall = np.maximum(np.abs(y[one]), np.abs(y[other])) + np.abs(slope) * np.maximum(np.abs(x[one]), np.abs(x[other]))
    terms = (tall[:, None] + np.abs(y) + np.abs(slope[:, None] * x)) * (1 + share)
    on: Bool[np.ndarray, "pair point"] = np.abs(residual) <= ROUNDING * terms
    rows = np.arange(len(one))
    on[rows, one] = on[rows, other] = True
    first = on.argmax(axis=1)
    second = (on & (x != x[first][:, None])).argmax(axis=1)
    depth = power(np.where(on, 0.0, np.abs(residual)), p).mean(axis=1)
    return (first == one) & (second == other), slope, depth, on.sum(axis=1)
