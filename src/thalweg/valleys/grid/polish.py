"""Searches from the places of a grid, all at once: down to a minimum, up to a saddle, across a cusp.

Two small programs are compiled: one takes height, gradient and Hessian at some places, one halves brackets by heights
alone. The searches are NumPy around them. They were compiled whole at first; but a loop with Newton's method in it
takes several times as long to compile as the objective does, three such loops longer than all else in a short command,
and a compiled loop goes on with all its lanes until the last one rests, while here a place that has come to rest leaves
the search. So refining can be the default.

A smooth minimum needs Newton's method, not the gradient alone: there, unlike at a cusp, the gradient is rounding.
Newton alone would leave the valley of its start, hence the trust region of one cell. A cusp has no gradient that
tells where it is, so it is closed in on by heights.

All is elementwise in the places, so that no result depends on how many there are (:mod:`thalweg.valleys.lanes`); a
step chosen for all places together would break this. Lengths are measured in cells of the grid. Nothing here raises:
what was reached is judged by the caller.

The file is long because the three searches share the two programs, their types and these reasons.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from thalweg.valleys.grid.ground import EPS, Box, Curvature, Each, Ground, Measured, Points, Yes

STEPS = 1000
"""Newton steps down at most: a valley of the grid can be long."""

CLIMBS = 100
"""Newton steps up."""

POLLS = 200
"""Rounds of trials at most."""

PROBE = 1e-9
"""How far from a place its gradient is looked at to tell a cusp, in cells."""


class Reached(NamedTuple):
    """Where a search ended and how near it may claim to be, in cells."""

    position: Points
    width: Points


class Examined(NamedTuple):
    """A place seen close up.

    Attributes
    ----------
    value, gradient, hessian : of the objective, in the parameters' units
    relief : the largest change of height to a place one cell along an axis
    beside : (place, way, param), gradients just beside it, in heights a cell, 0 along an axis at whose end it lies
    """

    value: Each
    gradient: Points
    hessian: Curvature
    relief: Each
    beside: Float[np.ndarray, "place way param"]


def descend(ground: Ground, x: Points) -> Reached:
    """Go down by Newton's method in a trust region, at most one cell a step, until no step is better.

    A step is better if it goes down or, where heights differ by rounding only, if it lessens the gradient. The search
    stays within a cell of its start; only where it reaches that border lower than it came does it go on from there.
    """
    x = np.clip(x, ground.low, ground.high)
    at, centre, radius = ground.measure(x), x.copy(), np.ones(len(x))
    moving = np.isfinite(at.value)
    for _ in range(STEPS):
        go = np.flatnonzero(moving)
        here, old = x[go], at.at(go)
        p = _newton(old.gradient, old.hessian, ground.free(here, old.gradient))
        p *= np.minimum(1, radius[go] / _size(p))[:, None]
        there = np.clip(here + p * ground.spacing, *ground.around(centre[go]))
        moved = (there != here).any(axis=1)
        moving[go] = moved & (radius[go] > EPS)
        if not moved.any():
            break
        go, here, old, p, there = go[moved], here[moved], old.at(moved), p[moved], there[moved]
        new = ground.measure(there)
        better = _better(ground, (here, old), (there, new))
        radius[go] = np.where(better, np.minimum(1, 2 * radius[go]), np.minimum(radius[go], _size(p)) / 4)
        taken = go[better]
        x[taken] = there[better]
        for part, values in zip(at, new, strict=True):
            part[taken] = values[better]
        border = (np.abs(x[go] - centre[go]) >= 0.999 * ground.spacing).any(axis=1)
        centre[go[border]] = x[go[border]]
    return Reached(x, np.abs(_newton(at.gradient, at.hessian, ground.free(x, at.gradient))))


def _better(ground: Ground, here: tuple[Points, Measured], there: tuple[Points, Measured]) -> Yes:
    """Tell which steps lead down or, on the level, to a gradient smaller by a tenth.

    Newton's step on ``|x|^p`` leaves at most 1/e of the gradient, whatever the p above 1. If any lessening would do, a
    search would creep on for a thousand steps, a rounding at a time, where heights are rough (Shubert's function).
    """
    level = np.abs(there[1].value - here[1].value) <= 4 * EPS * np.abs(here[1].value)
    after, before = (_size(measured.gradient * ground.free(x, measured.gradient)) for x, measured in (there, here))
    return np.where(level, after < 0.9 * before, there[1].value < here[1].value)


def climb(ground: Ground, x: Points) -> Reached:
    """Go to a saddle: up along the lowest curvature and down along all others, half a cell a step at most.

    The search stays within three cells of its start; it ends at the flattest place that it saw.

    References
    ----------
    C. J. Cerjan, W. H. Miller, "On finding transition states", The Journal of Chemical Physics 75, 2800-2806, 1981,
    doi:10.1063/1.442352.
    """
    low, high = ground.around(x, cells=3.0)
    best, width, flattest = x.copy(), np.full_like(x, np.inf), np.full(len(x), np.inf)
    go, before = np.arange(len(x)), np.full_like(x, np.nan)
    for _ in range(CLIMBS):
        if not go.size:
            break
        at = ground.measure(x)
        p = _newton(at.gradient, at.hessian, None, climb=True)
        steepness = np.where(np.isfinite(at.gradient).all(axis=1), _size(at.gradient), np.inf)
        better = steepness < flattest[go]
        best[go[better]], width[go[better]], flattest[go[better]] = x[better], np.abs(p[better]), steepness[better]
        p *= np.minimum(1, 0.5 / _size(p))[:, None]
        there = np.clip(x + p * ground.spacing, low[go], high[go])
        # A search that comes back to where it is, or to where it was before, sees nothing new.
        on = (there != x).any(axis=1) & (there != before).any(axis=1)
        go, before, x = go[on], x[on], there[on]
    return Reached(best, width)


def bracket(ground: Ground, x: Points, way: Points) -> Reached:
    """Close in on a minimum of one parameter, a smooth one or a cusp; on a maximum where ``way`` is negative.

    The size of ``way`` (place, 1), in cells, is the half-width of the first bracket. If neither of its ends is lower
    than its middle, there is a minimum between them, however often the bracket is halved.
    """
    box = np.broadcast_to(ground.low, x.shape), np.broadcast_to(ground.high, x.shape)
    x, _, width = ground.close_in(box, x, np.ones_like(x), np.abs(way[:, 0]), np.sign(way[:, 0]))
    return Reached(x, width[:, None])


def poll(ground: Ground, x: Points) -> Reached:
    """Go down without trusting derivatives, within a cell of the start, for cusps in more than one parameter.

    A cusp lies along a line or surface; the gradient beside it points across it. So each trial place, a shrinking
    distance away, is first brought to its own lowest place across. No trial is lower where the search ends.

    References
    ----------
    C. Audet, J. E. Dennis, "Mesh adaptive direct search algorithms for constrained optimization", SIAM Journal on
    Optimization 17, 188-217, 2006, doi:10.1137/040603371.
    """
    low, high = ground.around(x)
    x, reach, moving = x.copy(), np.full(len(x), 0.5), np.ones(len(x), bool)
    for count in range(POLLS):
        go = np.flatnonzero(moving)
        if not go.size:
            break
        box, far = (low[go], high[go]), reach[go]
        turn = _turn(count, x.shape[1])
        beside = np.clip(x[go] + 1e-3 * far[:, None] * turn * ground.spacing, *box)
        across, sideways = _frame(np.nan_to_num(ground.measure(beside).gradient))
        ways = [np.zeros_like(across), *(sign * way for way in (*sideways, turn + 0 * across) for sign in (1, -1))]
        trials = x[go] + np.stack(ways) * far[:, None] * ground.spacing
        there, heights = _lowest_across(ground, box, trials, across, far)
        lowest, spread = heights.min(axis=0), heights.max(axis=0) - heights[0]
        rounding = 4 * EPS * np.abs(lowest)
        lower = there[heights.argmin(axis=0), np.arange(len(go))]
        # Only a move of about the reach counts, or creeping would never end.
        gain = (_size((lower - there[0]) / ground.spacing) > far / 4) & (heights[0] - lowest > rounding)
        resolved = spread > rounding
        x[go], reach[go] = lower, np.where(~gain & resolved, far / 2, far)
        moving[go] = resolved & (reach[go] > 1e-12)
    return Reached(x, np.where(moving, np.inf, reach)[:, None] * np.ones_like(x))


def examine(ground: Ground, x: Points) -> Examined:
    """Look at places and their surroundings."""
    at, params = ground.measure(x), x.shape[1]
    ways = np.concatenate([np.eye(params), -np.eye(params)])[:, None] * ground.spacing
    around = np.clip(x + np.stack([ways, PROBE * ways]), ground.low, ground.high)
    measured = ground.measure(around.reshape(-1, params))
    rise = np.abs(measured.value.reshape(around.shape[:3])[0] - at.value)
    free = (x > ground.low) & (x < ground.high)
    beside = np.where(free, measured.gradient.reshape(around.shape)[1], 0)
    relief = np.where(np.isfinite(rise), rise, 0).max(axis=0)
    scale = ground.spacing
    return Examined(
        at.value, at.gradient / scale, at.hessian / np.outer(scale, scale), relief, np.swapaxes(beside, 0, 1)
    )


def _lowest_across(
    ground: Ground, box: Box, trials: Float[np.ndarray, "way place param"], across: Points, reach: Each
) -> tuple[Float[np.ndarray, "way place param"], Float[np.ndarray, "way place"]]:
    """Bring every trial to its own lowest place along ``across``."""
    ways = len(trials)
    low, high, way = (np.tile(part, (ways, 1)) for part in (*box, across))
    x = np.clip(trials.reshape(-1, trials.shape[2]), low, high)
    x, height, _ = ground.close_in((low, high), x, way, np.tile(reach, ways), np.ones(len(x)))
    return x.reshape(trials.shape), height.reshape(trials.shape[:2])


def _frame(g: Points) -> tuple[Points, list[Points]]:
    """Return the direction of ``g`` and directions that complete it to an orthonormal frame (Householder)."""
    axes = np.eye(g.shape[1])
    across = g / _size(g)[:, None]
    norm = np.linalg.norm(across, axis=1, keepdims=True)
    across = np.where(norm > 0, across / np.maximum(norm, 1e-300), axes[0])
    mirror = across + np.where(across[:, :1] >= 0, 1, -1) * axes[0]
    mirror /= np.linalg.norm(mirror, axis=1, keepdims=True)
    return across, [axes[k] - 2 * mirror[:, k : k + 1] * mirror for k in range(1, g.shape[1])]


def _turn(count: int, params: int) -> Float[np.ndarray, " param"]:
    """Give another unit direction at every step, in the end near every direction."""
    way = np.cos(2 * np.pi * (count + 1) * np.sqrt(np.arange(params) + np.sqrt(2.0)))
    return way / np.linalg.norm(way)


def _newton(g: Points, H: Curvature, free: Bool[np.ndarray, "place param"] | None, climb: bool = False) -> Points:
    """Solve for the step that goes down along every axis of curvature but, to climb, up along the lowest.

    Axes that are not free are parted from the others. Where curvatures are not finite, a step of one cell along the
    gradient takes the place of Newton's.
    """
    if free is not None:
        both = free[:, :, None] & free[:, None, :]
        H = np.where(both, H, 0)
        H = H + np.eye(H.shape[1]) * np.where(free, 0, np.abs(H).max(axis=(1, 2), initial=0)[:, None])[:, :, None]
        g = g * free
    g = np.nan_to_num(g, nan=0.0, posinf=1e150, neginf=-1e150)
    usable = np.all(np.abs(H) < 1e150, axis=(1, 2))
    H = np.where(usable[:, None, None], H, np.eye(H.shape[1]) * _size(g)[:, None, None])
    curvature, axes = np.linalg.eigh(H)
    size = np.abs(curvature)
    size = np.maximum(size, 1e-14 * size.max(axis=1, keepdims=True) + 1e-300)
    if climb:
        size[:, 0] *= -1
    slopes = (axes * g[:, :, None]).sum(axis=1)
    p = -(axes * (slopes / size)[:, None, :]).sum(axis=2)
    return np.nan_to_num(p, nan=0.0, posinf=1e150, neginf=-1e150)


def _size(p: Points) -> Each:
    return np.maximum(np.abs(p).max(axis=1), 1e-300)
