"""Sums of cusps, ``f(z) = Σ w_i |z - z_i|^p`` on a line or ``Σ w_i |sin(z - z_i)|^p`` on a circle of period π.

Near cusps are summed one by one. Seen from afar, a cluster of cusps is a smooth function of their places, so it is
replaced by weights at a few Chebyshev points. A cluster counts as far where its centre is at least three of its
radii away; interpolation at n points then errs by about ``(3 + √8)^-n``, 3e-17 of the sum for the 22 points used. Work
is k log k and memory linear in the k cusps.

References
----------
L. Wang, R. Krasny, S. Tlupova, "A kernel-independent treecode based on barycentric Lagrange interpolation",
Communications in Computational Physics 28 (2020), doi:10.4208/cicp.OA-2019-0177.
"""

from __future__ import annotations

from math import ceil, log2, pi
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

ORDER = 22
FAR = 3.0
LEAF = 48
PI_REST = 1.2246467991473532e-16
"""π less the number that stands for it."""


class Cusps(NamedTuple):
    """A sum of cusps; places in ascending order, no two equal, on a circle from -π/2 to π/2."""

    place: Float[np.ndarray, " cusp"]
    weight: Float[np.ndarray, " cusp"]
    p: float
    circular: bool


class Level(NamedTuple):
    """Clusters of neighbouring cusps, as many as 2 to the power of the level, and the points that stand for them."""

    bounds: list[int]
    centre: list[float]
    radius: list[float]
    place: Float[np.ndarray, "cluster point"]
    weight: Float[np.ndarray, "cluster point"]


class Sources(NamedTuple):
    """What the cusps look like from one stretch: its near ones as they are, then points that stand for the rest."""

    near: Int[np.ndarray, " near"]
    place: Float[np.ndarray, " source"]
    weight: Float[np.ndarray, " source"]


def gaps(cusps: Cusps) -> Float[np.ndarray, " gap"]:
    """Width of the gap after each cusp; on a circle the last one leads back to the first."""
    between = np.diff(cusps.place)
    if not cusps.circular:
        return between
    return np.append(between, ((pi - cusps.place[-1]) + cusps.place[0]) + PI_REST)


def wrap(difference: Float[np.ndarray, "*any"], circular: bool) -> Float[np.ndarray, "*any"]:
    """Bring differences of places on a circle to [-π/2, π/2], keeping the digits of the small ones."""
    if not circular:
        return difference
    around = np.where(np.abs(difference) > pi / 2, np.sign(difference), 0.0)
    return (difference - around * pi) - around * PI_REST


def cluster(cusps: Cusps) -> list[Level]:
    """Halve the cusps by number again and again, and put every cluster's weight on Chebyshev points."""
    count = len(cusps.place)
    nodes = np.cos(pi * (np.arange(ORDER) + 0.5) / ORDER)
    orthogonal = np.polynomial.chebyshev.chebvander(nodes, ORDER - 1) * (2 / ORDER)
    orthogonal[:, 0] /= 2
    levels = []
    for level in range(max(0, ceil(log2(count / LEAF))) + 1):
        bounds = (count * np.arange(2**level + 1)) >> level
        low, high = cusps.place[bounds[:-1]], cusps.place[bounds[1:] - 1]
        centre, radius = low + (high - low) / 2, (high - low) / 2
        size = np.diff(bounds)
        scale = np.repeat(np.where(radius > 0, radius, 1.0), size)
        inside = np.clip((cusps.place - np.repeat(centre, size)) / scale, -1, 1)
        share = np.polynomial.chebyshev.chebvander(inside, ORDER - 1) @ orthogonal.T
        weight = np.add.reduceat(cusps.weight[:, None] * share, bounds[:-1], axis=0)
        place = centre[:, None] + radius[:, None] * nodes
        levels.append(Level(bounds.tolist(), centre.tolist(), radius.tolist(), place, weight))
    return levels


def look(cusps: Cusps, levels: list[Level], start: float, width: float) -> Sources:
    """See all cusps from the stretch of ``width`` that begins at ``start``."""
    middle, half = start + width / 2, width / 2
    near, far, waiting = [], [], [(0, 0)]
    while waiting:
        depth, number = waiting.pop()
        level = levels[depth]
        distance = abs(middle - level.centre[number])
        if cusps.circular:
            distance = abs(distance - pi * round(distance / pi))
        if distance - half > FAR * level.radius[number]:
            far.append((depth, number))
        elif depth + 1 < len(levels):
            waiting += [(depth + 1, 2 * number + 1), (depth + 1, 2 * number)]
        else:
            near.append(np.arange(level.bounds[number], level.bounds[number + 1]))
    index = np.concatenate(near)
    place = [levels[depth].place[number] for depth, number in far]
    weight = [levels[depth].weight[number] for depth, number in far]
    return Sources(
        index,
        np.concatenate([cusps.place[index], *place]),
        np.concatenate([cusps.weight[index], *weight]),
    )


def power(size: Float[np.ndarray, "*any"], p: float) -> Float[np.ndarray, "*any"]:
    """Raise sizes to the power p; the square root is many times faster than the general power."""
    return np.sqrt(size) if p == 0.5 else size**p
