"""Multi-start census: the minima that many starts flow to, in any dimension, and the passes between them.

Every start flows down to its end; one that rests in a crease goes on along it. Ends at one place are one; an end that a
low path joins to a deeper one is part of it. What is left are the minima, each with its share of the start volume. The
passes between them (:mod:`thalweg.valleys.starts.passes`) give the merge tree, which in this field is called the
disconnectivity graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

from thalweg.base.errors import InvalidValue
from thalweg.descent import grid
from thalweg.losses.objective import Objective
from thalweg.problems.domain import Domain
from thalweg.valleys import nearness, shares, tree
from thalweg.valleys.shares import Shares, Unseen
from thalweg.valleys.starts import band, crease, flow, passes, summit
from thalweg.valleys.tree import OUTSIDE, ROUNDING, MergeTree

SAME = 1e-6
"""Ends nearer than this share of every axis's length are one place."""

RISE = 1e-6
"""Usual least persistence of a minimum, as a share of the starts' median height above the lowest end."""

KINK = 1e-6
"""Where an end's gradient falls by more than this share of the median height in an axis's length, it is on a crease."""

Curved = Callable[[Float[np.ndarray, "end param"], Float[np.ndarray, " end"]], passes.Routes]
"""Bounds passes between ends at some places and heights."""

NEIGHBOURS = 3
"""Nearest minima to which passes are sought from each; more where the minima would not hang together."""


class Exploration(NamedTuple):
    """What the starts flow to; minima in order of depth.

    Attributes
    ----------
    position, depth : of the minima, wrapped on a circle
    rested : whether each is a place of rest: else it is but the lowest place that was reached
    basin : the minimum of each start; ``OUTSIDE`` where its numbers are not finite
    known : that of each end that no start has led to, but that was known beforehand
    settled : whether each start came to rest
    counts, shares : starts of each minimum, and its share of the start volume
    unseen : the share of the start volume that belongs to minima that no start flows to
    routes, tree : passes between neighbours and what they merge
    rise : the least persistence that makes a minimum, in units of the loss
    """

    position: Float[np.ndarray, "minimum param"]
    depth: Float[np.ndarray, " minimum"]
    rested: Bool[np.ndarray, " minimum"]
    basin: Integer[np.ndarray, " start"]
    known: Integer[np.ndarray, " known"]
    settled: Bool[np.ndarray, " start"]
    counts: Integer[np.ndarray, " minimum"]
    shares: Shares
    unseen: Unseen
    routes: passes.Routes
    tree: MergeTree
    rise: float


class Joining(NamedTuple):
    """How ends are gathered and joined.

    Attributes
    ----------
    most : deepest minima between which passes are sought, or all; of others only the way straight to their neighbours
        is known, which bounds their pass
    level : minima of one depth but for this are in order of their parameters, the larger ones first: not rounding but
        a rule says which of two mirrored minima is the first
    curved : bounds passes between ends by other ways than the straight ones
    """

    most: int | None = None
    level: float = 0.0
    curved: Curved | None = None


def design(domain: Domain, count: int, seed: int = 0) -> Float[np.ndarray, "start param"]:
    """Spread starts over a domain by a scrambled Sobol sequence; a longer list begins with the shorter one.

    References
    ----------
    A. B. Owen, "Scrambling Sobol' and Niederreiter–Xing points", Journal of Complexity 14, 466–489, 1998,
    doi:10.1006/jcom.1998.0487.

    Examples
    --------
    >>> from thalweg.problems import himmelblau
    >>> design(himmelblau().domain, 5).shape
    (5, 2)
    """
    from scipy.stats import qmc  # half a second to import, and only this way needs it

    points = qmc.Sobol(len(domain), scramble=True, rng=seed).random_base2((count - 1).bit_length())
    return domain.spread(points[:count])


def explore(
    objective: Objective,
    starts: Float[np.ndarray, "start param"],
    known: Float[np.ndarray, "minimum param"] | None = None,
    *,
    rise: float | None = None,
) -> Exploration:
    """Find the minima that starts flow to, their shares of the start volume, and the passes between them.

    Minima of equal depth stay apart: only the place, and the path between, tell whether two are one. A surface that is
    constant to rounding has no minimum.

    Parameters
    ----------
    objective : what is explored, in 64 bits
    starts : spread evenly over the domain, as :func:`design` does
    known : minima that are known beforehand: they are listed though no start may flow to them, and are no starts
    rise : a minimum from which a path to a deeper one rises by no more than this is none; a millionth of the starts'
        median height above the lowest end by default

    Raises
    ------
    InvalidValue
        If a start is off a bounded axis, or a number is outside what is allowed.

    Examples
    --------
    >>> from thalweg import problems
    >>> from thalweg.losses.objective import objective
    >>> himmelblau = objective(problems.himmelblau())
    >>> census = explore(himmelblau, design(himmelblau.problem.domain, 64))
    >>> len(census.depth), int(census.counts.sum())
    (4, 64)
    """
    _check(starts, objective.problem.domain)
    ends, relief = settle(objective, starts)
    if known is not None and len(known):
        there, _ = settle(objective, known)
        ends = flow.Ends(*(np.concatenate(parts) for parts in zip(ends, there, strict=True)))
    return connect(objective, ends, _rise(relief, rise), len(starts))


def connect(
    objective: Objective,
    ends: flow.Ends,
    rise: float,
    starts: int,
    how: Joining | None = None,
) -> Exploration:
    """Gather ends to minima, and find the passes between them.

    Shares are those of the first so many ends, those of the ``starts``.
    """
    most, level, curved = how or Joining()
    domain = objective.problem.domain
    finite = np.isfinite(ends.height) & np.isfinite(rise)
    place = domain.wrap(ends.position[finite])
    nodes, node = nearness.gather(place, ends.height[finite], domain, SAME)
    order = nearness.ranked(ends.height[finite][nodes], place[nodes], level)
    nodes, node = nodes[order], np.argsort(order)[node]
    position, depth, rested = place[nodes], ends.height[finite][nodes], ends.settled[finite][nodes]

    bound = _straight(objective, position)
    if curved is not None:
        bound = passes.sort(bound, curved(position, depth))
    joined = tree.merge(depth, bound.between, bound.height)
    kept = tree.simplify(joined, bound.between, joined.persistence > rise)
    bound = passes.Routes(kept.between, *(part[kept.passes] for part in bound[1:]))
    node, rested = kept.renumber[node], rested[kept.minima]
    position, depth = position[kept.minima], depth[kept.minima]

    few = len(depth) if most is None else most
    routes = passes.find(objective, position[:few], NEIGHBOURS)
    if few < len(depth):
        routes = passes.sort(routes, bound)
    joined = tree.merge(depth, routes.between, routes.height)
    kept = tree.simplify(joined, routes.between, joined.persistence > rise)
    routes = passes.Routes(kept.between, *(part[kept.passes] for part in routes[1:]))
    position, depth = position[kept.minima], depth[kept.minima]

    basin = np.full(len(ends.height), OUTSIDE)
    basin[finite] = kept.renumber[node]
    basin, known = basin[:starts], basin[starts:]
    counts = np.bincount(basin[basin != OUTSIDE], minlength=len(depth))
    return Exploration(
        position,
        depth,
        rested[kept.minima],
        basin,
        known,
        ends.settled[:starts],
        counts,
        shares.wilson(counts, starts),
        shares.unseen(counts, starts),
        routes,
        tree.merge(depth, routes.between, routes.height),
        rise,
    )


def _check(starts: np.ndarray, domain: Domain) -> None:
    if not len(starts):
        raise InvalidValue("there are no starts; give at least 1")
    for axis, along in zip(domain, starts.T, strict=True):
        off = ~np.isfinite(along) | (not axis.periodic and (along < axis.low) | (along > axis.high))
        if off.any():
            raise InvalidValue(
                f"a start has {axis.name} = {along[off][0]}; give numbers from {axis.low:g} to {axis.high:g}"
            )


class Relief(NamedTuple):
    """The median of the starts' heights above the lowest end, what of it is rounding, and whether all is."""

    median: float
    rounding: float
    level: bool


def settle(objective: Objective, starts: np.ndarray) -> tuple[flow.Ends, Relief]:
    """Let starts flow, and follow the creases in which some of them rest though it goes on downhill."""
    domain, about = objective.problem.domain, (objective.example, objective.train)
    ends = flow.descend(*about, domain, starts)
    relief = _relief(grid.evaluate(*about, starts), ends.height)
    steep = ends.gradient * domain.lengths.max() > KINK * relief.median
    (kinked,) = np.nonzero(np.isfinite(ends.height) & (steep | ~ends.settled) & (not relief.level))
    if kinked.size:
        bottoms = crease.descend(*about, domain, ends.position[kinked])
        position, height, settled = ends.position.copy(), ends.height.copy(), ends.settled.copy()
        position[kinked], height[kinked], settled[kinked] = bottoms
        ends = ends._replace(position=position, height=height, settled=settled)
    return ends, relief


def _relief(heights: np.ndarray, ends: np.ndarray) -> Relief:
    heights, ends = heights[np.isfinite(heights)], ends[np.isfinite(ends)]
    if not heights.size or not ends.size:
        return Relief(0.0, 0.0, level=True)
    # Not the largest height: a pole would call everything rounding.
    rounding = float(ROUNDING * np.finfo(np.float64).eps * np.quantile(np.abs(heights), 0.9))
    level = max(heights.max(), ends.max()) - ends.min() <= rounding
    return Relief(float(np.median(heights) - ends.min()), rounding, level)


def _rise(relief: Relief, rise: float | None) -> float:
    """Choose the least persistence; infinite, and so no minimum, where all heights are equal to rounding."""
    if relief.level:
        return np.inf
    return max(RISE * relief.median if rise is None else rise, relief.rounding)


def _straight(objective: Objective, position: np.ndarray) -> passes.Routes:
    """Go straight between neighbouring ends: the highest place on the way is a bound for their pass."""
    domain = objective.problem.domain
    between, turns = nearness.pairs(position, domain, NEIGHBOURS)
    if not len(between):
        return passes.none(len(domain))
    lines = band.ends(position, between, domain, turns)
    height, place = summit.highest(objective.example, objective.train, lines)
    return passes.sort(passes.Routes(between, domain.wrap(place), height, np.zeros(len(height), bool)))
