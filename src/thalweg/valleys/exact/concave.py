"""The one maximum between neighbouring cusps of a sum that is concave between them.

From its nearer cusp, at distance s, the maximum solves ``A k'(s) = R(s)``: the falling slope of that cusp's own term
against the rising rest. In ``log s`` both sides are nearly straight lines, so Newton's method, kept inside a
bracket, needs few steps even where the maximum lies within a millionth of the gap. A maximum nearer than 1e-260 to its
cusp, as for p near 1, is placed there.
"""

from __future__ import annotations

from math import pi
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from thalweg.base.progress import track
from thalweg.valleys.exact.cusps import Cusps, cluster, gaps, look, power, wrap

WIDTH = 1e-12
"""Width of the final bracket, as a share of the maximum's distance from its nearer cusp."""
BLOCK = 64
STEPS = 400


class Maxima(NamedTuple):
    """The maxima between neighbours, and the depth of all cusps.

    Attributes
    ----------
    depth : the sum at each cusp
    anchor : the cusp that is nearer to the maximum
    offset : of the maximum from there
    width : of the final bracket
    rise : of the maximum above its two cusps, summed as differences, so that small ones keep their digits
    """

    depth: Float[np.ndarray, " cusp"]
    anchor: Int[np.ndarray, " gap"]
    offset: Float[np.ndarray, " gap"]
    width: Float[np.ndarray, " gap"]
    rise: Float[np.ndarray, "gap 2"]


class Rays(NamedTuple):
    """Ways out from cusps into gaps, and the sources seen from each of them, its own left out.

    ``sine`` and ``cosine`` are of the distance from source to cusp; on a line they are the distance and 1.
    """

    sine: Float[np.ndarray, "ray source"]
    cosine: Float[np.ndarray, "ray source"] | Float[np.ndarray, ""]
    own: Int[np.ndarray, " ray"]
    weight: Float[np.ndarray, " source"]
    p: float
    circular: bool


def maximise(cusps: Cusps) -> Maxima:
    """Find all maxima of a sum of cusps, p below 1.

    Parameters
    ----------
    cusps : at least two of them
    """
    wide, levels = gaps(cusps), cluster(cusps)
    parts = []
    for first in track(range(0, len(wide), BLOCK), "gaps between lines"):
        left = np.arange(first, min(first + BLOCK, len(wide)))
        parts.append(_stretch(cusps, levels, left, wide[left]))
    maxima = Maxima(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    if cusps.circular:
        return maxima
    last = power(np.abs(cusps.place[-1] - cusps.place), cusps.p) @ cusps.weight
    return maxima._replace(depth=np.append(maxima.depth, last))


def _stretch(cusps, levels, left, wide) -> Maxima:
    """Find the maxima in a few neighbouring gaps."""
    right = (left + 1) % len(cusps.place)
    sources = look(cusps, levels, float(cusps.place[left[0]]), float(wide.sum()))

    def rays(start) -> Rays:
        distance = wrap(cusps.place[start][:, None] - sources.place, cusps.circular)
        own = np.searchsorted(sources.near, start)
        sine, cosine = (np.sin(distance), np.cos(distance)) if cusps.circular else (distance, np.array(1.0))
        return Rays(sine, cosine, own, sources.weight, cusps.p, cusps.circular)

    from_left, from_right = rays(left), rays(right)
    depth = power(np.abs(from_left.sine), cusps.p) @ sources.weight
    middle = wide / 2
    rising = _own_slope(from_left, middle) > _rest(from_left, middle, 1)[0]
    side = np.where(rising, -1, 1)
    near = _pick(rising, from_right, from_left)
    distance, width = _solve(near, side, middle)
    to_near = _rise(near, distance, side)
    to_far = _rise(_pick(rising, from_left, from_right), wide - distance, -side)
    rise = np.where(rising[:, None], np.stack([to_far, to_near], 1), np.stack([to_near, to_far], 1))
    return Maxima(depth, np.where(rising, right, left), side * distance, width, np.maximum(rise, 0))


def _solve(rays: Rays, side, middle):
    """Newton in log s inside a bracket; returns (distance of the maximum from its cusp, width of the bracket)."""
    p, weight = rays.p, rays.weight[rays.own]
    high = middle.copy()
    # Where the slope in the middle is 0 but for rounding, the rest may seem to fall less than the own term rises.
    rest = np.maximum(_rest(rays, high, side)[0], _own_slope(rays, high))
    # The own slope is at least p A s^(p-1) cos(middle), and the rest at most what it is in the middle.
    bend = np.cos(middle) if rays.circular else 1.0
    low = np.minimum(np.exp(np.maximum(np.log(p * weight * bend / rest) / (1 - p), -600)), high * (1 - WIDTH / 2))
    s, open_ = low * (1 + WIDTH / 4), np.arange(len(middle))
    for step in range(STEPS):
        part, at = _take(rays, open_), s[open_]
        rest, steeper = _rest(part, at, side[open_])
        excess = np.where(rest > 0, np.log(_own_slope(part, at)) - np.log(np.where(rest > 0, rest, 1)), np.inf)
        rising = excess > 0
        low[open_] = np.where(rising, at, low[open_])
        high[open_] = np.where(rising, high[open_], at)
        done = high[open_] - low[open_] <= WIDTH * high[open_]
        slope = _own_bend(part, at) - at * steeper / np.where(rest > 0, rest, 1)
        # A little beyond the root, so that the bracket closes from both sides.
        with np.errstate(over="ignore"):
            guess = at * np.exp(-excess / slope) * np.where(rising, 1 + WIDTH / 4, 1 - WIDTH / 4)
        bisect = ~((guess > low[open_]) & (guess < high[open_])) | (step % 8 == 7)
        s[open_] = np.where(bisect, np.sqrt(low[open_]) * np.sqrt(high[open_]), guess)
        open_ = open_[~done]
        if not len(open_):
            break
    return low + (high - low) / 2, high - low


def _pick(where, one: Rays, other: Rays) -> Rays:
    """Take the rows of ``one`` where asked, of ``other`` elsewhere."""
    rows = where[:, None]
    cosine = np.where(rows, one.cosine, other.cosine) if one.circular else one.cosine
    return one._replace(
        sine=np.where(rows, one.sine, other.sine), cosine=cosine, own=np.where(where, one.own, other.own)
    )


def _take(rays: Rays, rows) -> Rays:
    if len(rows) == len(rays.own):
        return rays
    cosine = rays.cosine[rows] if rays.circular else rays.cosine
    return rays._replace(sine=rays.sine[rows], cosine=cosine, own=rays.own[rows])


def _own_slope(rays: Rays, s):
    """Slope of the term of the ray's own cusp at distance s."""
    steep = rays.p * rays.weight[rays.own]
    if rays.circular:
        return steep * np.sin(s) ** (rays.p - 1) * np.cos(s)
    return steep * s ** (rays.p - 1)


def _own_bend(rays: Rays, s):
    """Derivative of the logarithm of the own slope by log s."""
    if rays.circular:
        return (rays.p - 1) * s / np.tan(s) - s * np.tan(s)
    return np.full_like(s, rays.p - 1)


def _rest(rays: Rays, s, side):
    """Fall of all other terms at distance s, and its derivative."""
    p, rows = rays.p, np.arange(len(s))
    if rays.circular:
        along, across = (side * np.sin(s))[:, None], np.cos(s)[:, None]
        sine = rays.sine * across + rays.cosine * along
        sine[rows, rays.own] = 1.0
        cotangent = (rays.cosine * across - rays.sine * along) / sine
    else:
        sine = rays.sine + (side * s)[:, None]
        sine[rows, rays.own] = 1.0
        cotangent = 1 / sine
    value = power(np.abs(sine), p)
    value[rows, rays.own] = 0.0
    slope = value * cotangent
    fall = -p * side * (slope @ rays.weight)
    steeper = p * (1 - p) * ((slope * cotangent) @ rays.weight)
    if rays.circular:
        steeper += p * (value @ rays.weight)
    return fall, steeper


def _rise(rays: Rays, s, side):
    """Rise of the sum from the ray's cusp to distance s.

    A term whose residual changes by the share t grows by ``|1 + t|^p - 1`` times itself, which keeps its digits.
    """
    p, rows = rays.p, np.arange(len(s))
    assert not rays.sine[rows, rays.own].any(), "a ray starts on its own cusp"
    sine = rays.sine.copy()
    sine[rows, rays.own] = 1.0
    if rays.circular:
        change = rays.cosine * (side * np.sin(s))[:, None] / sine - (2 * np.sin(s / 2) ** 2)[:, None]
    else:
        change = (side * s)[:, None] / sine
    change = np.maximum(change, -1.0)
    if p == 0.5:
        growth = change / (1 + np.sqrt(1 + change))
    else:
        growth = np.expm1(p * np.log1p(np.maximum(change, np.nextafter(-1.0, 0))))
    growth *= power(np.abs(sine), p)
    growth[rows, rays.own] = 0.0
    size = np.sin(s) if rays.circular else s
    return growth @ rays.weight + rays.weight[rays.own] * power(size, p)


def position(cusps: Cusps, maxima: Maxima) -> Float[np.ndarray, " gap"]:
    """Places of the maxima."""
    place = cusps.place[maxima.anchor] + maxima.offset
    if not cusps.circular:
        return place
    return place - np.where(place >= pi / 2, pi, 0) + np.where(place < -pi / 2, pi, 0)
