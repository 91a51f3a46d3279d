"""Creases: where a gradient jumps, and what lies below on them.

Where an objective has kinks, as every sum of absolute residuals has, the flow runs into the bottom of a crease and its
steps shrink there, though the crease itself may lead down. What goes on from there is the flow of the shortest vector
in the convex hull of all gradients nearby: across the crease they cancel, along it they do not. That hull is sampled in
a small ball, the shortest vector found, and a step taken along it; where no step leads down the ball is made smaller.
This is gradient sampling (Burke, Lewis and Overton). Its worth is its last question: a place is a minimum of a kinked
function only if the hull in the smallest ball contains 0. Where it does not, the end is called unsettled.

What was left: the simplex of active residuals, which knows the vertex exactly but only of data that a line is laid
through; heights alone, which stop where several creases meet; BFGS, which gives no reason to believe its end.

What would break it: fewer samples than cells meet at a vertex (``SAMPLES`` an axis, drawn anew at every step); a step
much longer than the ball, with which a place crosses a ridge; samples that depend on which other places are looked at.

References
----------
J. V. Burke, A. S. Lewis, M. L. Overton, "A robust gradient sampling algorithm for nonsmooth, nonconvex optimization",
SIAM Journal on Optimization 15, 751–779, 2005, doi:10.1137/030601296.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import nnls

from thalweg.base.compiling import compiled
from thalweg.base.progress import counting
from thalweg.descent import mean
from thalweg.problems.domain import Domain
from thalweg.valleys import lanes

BATCH = 256
"""Places looked at side by side at most."""

SAMPLES = 4
"""Gradients sampled around a place for each axis, and four more."""

WIDE, NARROW = 1e-3, 1e-15
"""The first ball and the end of all, as a share of each axis's length; each is a tenth of the one before."""

SEEN, DRAWS = 1e-9, 3
"""The ball in which gradients have to cancel, wider than what is not known of a place, and the samples looked at."""

STILL = 1e-6
"""A hull contains 0 where its shortest vector is this share of its longest gradient."""

STRIDE = 100.0
"""Longest step, in balls."""

TRIALS = 24
"""Steps tried at once, each half of the one before."""

ROUNDS = 400
"""Steps of one place at most."""

Places = Float[np.ndarray, "place param"]


Look = Callable[[Places], tuple[np.ndarray, Places]]
"""Heights and gradients at places, in lengths of the axes."""


class Bottoms(NamedTuple):
    """Where creases led down to.

    Attributes
    ----------
    position, height : no higher than where the search began; never off a bounded axis
    settled : whether the gradients about the place cancel, as they do at a minimum
    """

    position: Places
    height: Float[np.ndarray, " place"]
    settled: Bool[np.ndarray, " place"]


def descend(example: mean.Example, columns: mean.Columns, domain: Domain, places: Places) -> Bottoms:
    """Go down along creases from every place until the gradients about it cancel, in 64 bits.

    A place about which they cancel already stays where it is. Each is computed as if it were alone.

    Parameters
    ----------
    example, columns : the objective as the mean of ``example(params, *columns)``
    domain : its axes; a periodic one is a circle
    places : where the flow came to rest, or to creep
    """
    at, columns = places.astype(np.float64), mean.placed(columns, 64)
    look = partial(_look, example, columns, domain)
    height, _ = look(at)
    settled = _cancel(look, domain, at)
    going, ball = np.flatnonzero(~settled & np.isfinite(height)), np.full(len(at), WIDE)
    loose, count = going, len(going)
    with counting("following creases", count) as done:
        for number in range(ROUNDS):
            if not going.size:
                break
            shortest, still = _hulls(look, domain, at[going], ball[going], number)
            (lower, heights), better = _down(look, domain, at[going], height[going], -shortest, STRIDE * ball[going])
            better &= ~still
            moved = going[better]
            at[moved], height[moved] = lower[better], heights[better]
            ball[going[~better]] /= 10
            going = going[ball[going] > NARROW]
            done(count - going.size)
    settled[loose] = _cancel(look, domain, at[loose])
    return Bottoms(domain.wrap(at), height, settled)


def _cancel(look: Look, domain: Domain, at: Places) -> Bool[np.ndarray, " place"]:
    """Tell about which places the gradients cancel: any sample that shows it does."""
    found = np.zeros(len(at), bool)
    for draw in range(DRAWS):
        left = np.flatnonzero(~found)
        if left.size:
            ball = np.full(left.size, SEEN)
            found[left] = _hulls(look, domain, at[left], ball, ROUNDS + draw)[1]
    return found


def _look(
    example: mean.Example, columns: mean.Columns, domain: Domain, places: Places
) -> tuple[Float[np.ndarray, " place"], Places]:
    """Take heights and gradients in lengths of the axes; what is not finite is high and level."""
    program = partial(_program, example=example)
    height, gradient = lanes.run(program, columns, places, width=BATCH, what="following creases")
    gradient = gradient * domain.lengths
    return np.where(np.isfinite(height), height, np.inf), np.where(np.isfinite(gradient), gradient, 0)


@compiled("example")
def _program(columns, places, example):
    return mean.value_and_gradient(example, places, columns)


def _hulls(
    look: Look, domain: Domain, at: Places, ball: np.ndarray, number: int
) -> tuple[Places, Bool[np.ndarray, " place"]]:
    """Find the shortest vector in the hull of the gradients about each place, and whether it is none."""
    count, params = at.shape
    # Points of the unit ball's cube, the same for all places and other ones in every round.
    ways = np.random.default_rng(number).uniform(-1, 1, (SAMPLES * params + 4, params))
    ways[0] = 0
    low, high = domain.bounds
    around = np.clip(at[:, None] + ball[:, None, None] * ways * domain.lengths, low, high)
    gradient = look(around.reshape(-1, params))[1].reshape(around.shape)
    near = ball[:, None] * domain.lengths
    sides = np.stack([(at <= low + near), (at >= high - near)], axis=1)
    shortest = np.array([_shortest(*pair) for pair in zip(gradient, sides, strict=True)]).reshape(count, params)
    longest = np.sqrt((gradient**2).sum(axis=2)).max(axis=1)
    return shortest, np.sqrt((shortest**2).sum(axis=1)) <= STILL * longest


def _shortest(gradients: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Find the shortest sum of a convex mixture of gradients and any push back from the edges of the box."""
    scale = np.abs(gradients).max() or 1.0
    params = gradients.shape[1]
    push = np.concatenate([-np.eye(params)[sides[0]], np.eye(params)[sides[1]]])
    columns = np.concatenate([gradients / scale, push])
    # Weights that sum to 1, by a row that outweighs the others a thousand times and is divided out again.
    sums = np.concatenate([np.full(len(gradients), 1e3), np.zeros(len(push))])
    weights, _ = nnls(np.vstack([columns.T, sums]), np.append(np.zeros(params), 1e3))
    total = weights[: len(gradients)].sum()
    return weights @ columns / total * scale


def _down(
    look: Look, domain: Domain, at: Places, height: np.ndarray, way: Places, far: np.ndarray
) -> tuple[tuple[Places, np.ndarray], np.ndarray]:
    """Try shorter and shorter steps along a way; take the lowest that goes down by a share of what the way promises."""
    slope = np.sqrt((way**2).sum(axis=1))
    unit = way / np.where(slope > 0, slope, 1)[:, None]
    length = far[:, None] * 0.5 ** np.arange(TRIALS)
    low, high = domain.bounds
    there = np.clip(at[:, None] + length[..., None] * unit[:, None] * domain.lengths, low, high)
    heights = look(there.reshape(-1, at.shape[1]))[0].reshape(length.shape)
    enough = heights < height[:, None] - 1e-4 * slope[:, None] * length
    best = np.argmin(np.where(enough, heights, np.inf), axis=1)
    rows = np.arange(len(at))
    return (there[rows, best], heights[rows, best]), enough.any(axis=1)
