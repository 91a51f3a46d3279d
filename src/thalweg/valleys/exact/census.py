"""Every valley of a line through the origin, exactly: minima, passes, persistence, the merge tree.

With vertical residuals the objective is ``Σ |x_i|^p |m - m_i|^p / n`` in the slope m, plus a constant for points with
x = 0; ``m_i = y_i / x_i``. With orthogonal residuals it is ``Σ r_i^p |sin(phi - a_i)|^p / n`` in the angle, r_i and a_i
the polar coordinates of the points.

Proved, for ``0 < p <= 1``: each term is concave between its zeros, hence so is the sum between neighbouring data lines,
and a strict local minimum is a data line. For ``p < 1`` every data line is one: its own term rises with infinite slope
on both sides, and all others have finite slopes. Two neighbouring minima have exactly one maximum between them, by
concavity: the pass.

A grid cannot replace this: with noise there are hundreds of minima, some a millionth of a radian wide, and shallower
than the rounding of the objective. So minima are counted by the theorem, not by comparing values; the height of a pass
above its two minima is summed as differences, term by term (``rise``), which keeps its digits where the two heights
agree in all of theirs; and persistence is taken from these where a minimum ends at a pass beside it.

What would break it: data lines that are equal but for rounding and not made one (noise-free data of five lines give
thirteen distinct quotients ``y / x``); the pole of the tangent, a wall with vertical residuals, where the circle does
not close; p above 1, where terms are convex and minima lie between the lines.
"""

from __future__ import annotations

from math import pi
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from thalweg.base.errors import InvalidData
from thalweg.valleys import tree
from thalweg.valleys.exact import concave
from thalweg.valleys.exact.cusps import Cusps, power, wrap
from thalweg.valleys.tree import OUTSIDE

Data = Float[np.ndarray, " point"]

SAME = 4 * np.finfo(float).eps
"""Rounding x, y and the result moves a slope by 3/2 eps of itself and an angle by 3/2 eps at most, so lines that are
equal but for rounding lie within 3 eps. Slopes near 0 are compared with the mean size of y over that of x instead."""

LARGEST = 1e60
"""Size of data whose slopes and curvatures stay finite numbers."""


class Census(NamedTuple):
    """All minima, deepest first, ties by angle; all passes between neighbours, lowest first.

    Attributes
    ----------
    minima : angles, radians, from -π/2 to below π/2
    depths : objective there
    points, weights : how many data points lie on the line, and the weight of their terms, ``Σ |x_i|^p / n``
        (vertical) or ``Σ r_i^p / n`` (orthogonal)
    passes : angles, radians; two lines on a circle have two passes, one line none
    heights : objective there, never below that of the two minima
    between : the two minima that each pass joins
    widths : of the final bracket of each pass, radians, at most 1e-12 of its distance from the nearer minimum; for
        p = 1 the passes have a closed form, and the width is 0
    tree : persistence, parent and saddle of each minimum
    same : tolerance within which lines were taken for one
    """

    minima: Float[np.ndarray, "minimum 1"]
    depths: Float[np.ndarray, " minimum"]
    points: Int[np.ndarray, " minimum"]
    weights: Float[np.ndarray, " minimum"]
    passes: Float[np.ndarray, "pass 1"]
    heights: Float[np.ndarray, " pass"]
    between: Int[np.ndarray, "pass 2"]
    widths: Float[np.ndarray, " pass"]
    tree: tree.MergeTree
    same: float


class Relief(NamedTuple):
    """Minima and passes in order of place, before they are numbered."""

    minimum: Int[np.ndarray, " minimum"]
    depth: Float[np.ndarray, " minimum"]
    place: Float[np.ndarray, " pass"]
    rise: Float[np.ndarray, "pass 2"]
    between: Int[np.ndarray, "pass 2"]
    width: Float[np.ndarray, " pass"]


def through_origin(x: Data, y: Data, p: float, *, residual: str = "vertical", same: float = SAME) -> Census:
    """List every strict local minimum and every pass of a line through the origin under the loss ``|r|^p``.

    Vertical: the pole of the tangent is a wall, as the objective is infinite there. For p = 1 the objective is convex
    in the slope, and its one minimum is the weighted median of the data slopes; of a flat stretch, the smallest slope.
    Orthogonal: the angles lie on a circle of period π. For p = 1 a data line is a minimum where the slope changes sign;
    where it is 0 but for rounding on one side, the line may count, with a persistence of 0 but for rounding.

    Parameters
    ----------
    x, y : data points; those at the origin lie on every line and are on no account
    p : exponent, above 0, at most 1
    residual : ``"vertical"`` or ``"orthogonal"``
    same : lines closer than this are one, with the weights of both; see ``SAME``

    Raises
    ------
    InvalidData
        If a value is not finite, or no point determines a line.

    Examples
    --------
    >>> exact = through_origin(np.array([1.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]), 0.5)
    >>> exact.minima.ravel().round(4).tolist(), exact.points.tolist()
    ([0.7854, 0.0], [2, 1])
    """
    circular = residual == "orthogonal"
    place, size, constant = _read(x, y, p, circular)
    scale = 0.0 if circular else float(np.abs(y).sum() / np.abs(x).sum())
    cusps, points = _merge(Cusps(place, size / len(x), p, circular), scale, same)
    relief = _relief(cusps)
    return _number(cusps, points, relief, constant / len(x), same)


def _read(x, y, p, circular):
    """Turn data into places and weights of cusps, and the sum of what no line can change."""
    if x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InvalidData("x and y are not equally many finite numbers; leave out the points that are not")
    for size in (np.abs(x), np.abs(y)):
        if np.any((size > LARGEST) | ((size < 1 / LARGEST) & (size > 0))):
            raise InvalidData("x and y must be 0 or of a size from 1e-60 to 1e60; change their units")
    if circular:
        size = power(np.hypot(x, y), p)
        lean = np.where(x == 0, -np.abs(y), y * np.sign(x))
        place = np.arctan2(lean, np.abs(x))
        place = np.where(place >= pi / 2, -pi / 2, place)
        constant = 0.0
    else:
        size = power(np.abs(x), p)
        with np.errstate(divide="ignore", invalid="ignore"):
            place = y / x
        constant = float(power(np.abs(y[x == 0]), p).sum())
    used = size > 0
    if not used.any():
        what = "all points lie at the origin" if circular else "all x are 0"
        raise InvalidData(f"{what}, so no line is better than another; give data that determine a line")
    return place[used], size[used], constant


def _merge(cusps: Cusps, scale: float, same: float) -> tuple[Cusps, Int[np.ndarray, " cusp"]]:
    """Sort cusps and make one of those that are equal but for rounding, at their weighted mean."""
    order = np.argsort(cusps.place, kind="stable")
    place, weight = cusps.place[order], cusps.weight[order]
    size = same if cusps.circular else same * np.maximum(np.abs(place[1:]), scale)
    new = np.append(True, np.diff(place) > size)
    if cusps.circular and np.count_nonzero(new) > 1 and abs(wrap(place[:1] - place[-1:], True)[0]) <= same:
        turn = -int(np.flatnonzero(new)[1])
        place, weight, new = np.roll(place, turn), np.roll(weight, turn), np.roll(new, turn)
        new[turn] = False
    start = np.flatnonzero(new)
    points = np.diff(np.append(start, len(place)))
    total = np.add.reduceat(weight, start)
    beyond = wrap(place - np.repeat(place[start], points), cusps.circular)
    mean = place[start] + np.add.reduceat(weight * beyond, start) / total
    if cusps.circular:
        mean = np.where(mean >= pi / 2, mean - pi, mean)
    order = np.argsort(mean, kind="stable")
    return cusps._replace(place=mean[order], weight=total[order]), points[order]


def _relief(cusps: Cusps) -> Relief:
    """Find minima and passes in order of place."""
    count = len(cusps.place)
    if count == 1:
        return _without_passes(np.zeros(1, int), np.zeros(1))
    if cusps.p == 1:
        return _sinusoids(cusps) if cusps.circular else _median(cusps)
    maxima = concave.maximise(cusps)
    gap = np.arange(len(maxima.offset))
    return Relief(
        np.arange(count),
        maxima.depth,
        concave.position(cusps, maxima),
        maxima.rise,
        np.stack([gap, (gap + 1) % count], axis=1),
        maxima.width,
    )


def _without_passes(minimum: Int[np.ndarray, " minimum"], depth: Float[np.ndarray, " minimum"]) -> Relief:
    return Relief(minimum, depth, np.zeros(0), np.zeros((0, 2)), np.zeros((0, 2), int), np.zeros(0))


def _median(cusps: Cusps) -> Relief:
    """Find the smallest of the weighted medians; half the weight is reached where it is but for rounding."""
    below = np.cumsum(cusps.weight)
    rounding = len(below) * np.finfo(float).eps
    median = np.searchsorted(below, below[-1] / 2 * (1 - rounding))
    depth = np.abs(cusps.place - cusps.place[median]) @ cusps.weight
    return _without_passes(np.array([median]), np.array([depth]))


def _sinusoids(cusps: Cusps) -> Relief:
    """Follow p = 1 round the circle: between neighbouring cusps the sum is one sinusoid, ``|Z| sin(phi - arg Z)``.

    A cusp is a minimum where the slope changes sign; the pass to the next minimum is the top of the one sinusoid in
    between that has its top in its own gap.
    """
    arrow = cusps.weight * np.exp(1j * cusps.place)
    passed = np.cumsum(arrow)
    after = 2 * passed - passed[-1]
    mean = ((after - arrow) * np.exp(-1j * cusps.place)).real
    rises = mean + cusps.weight > 0
    # Within a gap the slope only falls; rounding must not make it rise there.
    rose = (mean - cusps.weight >= 0) & np.roll(rises, 1)
    minimum = np.flatnonzero(~rose & rises)
    top = np.flatnonzero(rises & ~np.roll(rose, -1))
    depth = np.maximum(-(after[minimum] * np.exp(-1j * cusps.place[minimum])).imag, 0)
    if len(minimum) < 2:
        return _without_passes(minimum, depth)
    angle = np.angle(after[top]) + pi / 2
    angle = np.clip(angle - pi * np.floor(angle / pi + 0.5), -pi / 2, np.nextafter(pi / 2, 0))
    from_ = np.searchsorted(minimum, top, side="right") - 1
    between = np.stack([from_ % len(minimum), (from_ + 1) % len(minimum)], axis=1)
    rise = np.maximum(np.abs(after[top])[:, None] - depth[between], 0)
    return Relief(minimum, depth, angle, rise, between, np.zeros(len(top)))


def _number(cusps: Cusps, points, relief: Relief, constant: float, same: float) -> Census:
    """Number minima by depth and passes by height, and let them merge."""
    place, weight = cusps.place[relief.minimum], cusps.weight[relief.minimum]
    order = np.lexsort((place, relief.depth))
    number_of = np.argsort(order)
    height = (relief.depth[relief.between] + relief.rise).max(axis=1, initial=0.0)
    by_height = np.lexsort((relief.place, height))
    angle, where, width = place, relief.place, relief.width
    if not cusps.circular:
        angle, where, width = np.arctan(place), np.arctan(relief.place), relief.width / (1 + relief.place**2)
    between, rise = number_of[relief.between[by_height]], relief.rise[by_height]
    depths, heights = relief.depth[order], height[by_height]
    return Census(
        angle[order, None],
        depths + constant,
        points[relief.minimum][order],
        weight[order],
        where[by_height, None],
        heights + constant,
        between,
        width[by_height],
        _persist(tree.merge(depths, between, heights), between, rise),
        same,
    )


def _persist(merged: tree.MergeTree, between, rise) -> tree.MergeTree:
    """Give minima that end at a pass next to them its rise, which is exact where the two heights differ by rounding."""
    persistence = np.maximum(merged.persistence, 0)
    ended = np.flatnonzero(merged.saddle != OUTSIDE)
    for side in (0, 1):
        beside = ended[between[merged.saddle[ended], side] == ended]
        persistence[beside] = rise[merged.saddle[beside], side]
    return merged._replace(persistence=persistence)
