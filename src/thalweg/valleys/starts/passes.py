"""Passes between minima that starts have found: bands look for them, and the flow says what they join.

A band between two minima that has come to rest lies over the passes on its path; one that has not, of which there are
many where a path leads through other valleys or along an edge, is only a path: the pass lies no higher than its highest
place. So each summit of a path, of every band, is where a pass is sought by Newton's method, and from each pass found
the flow is followed down to both sides. The two minima that it ends at are joined there, whatever band led to it. Such
a pass is known to rounding; it is no upper bound but a pass, and a merge tree of passes needs no band to be right.

What would break it: a step off a pass so long that it misses the ridge's own valley (``ASIDE``); a minimum on a crease,
where a flow may rest early and then tells nothing. What no band's path comes near stays unseen: a pass that none of
these bands looks at may be lower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

from thalweg.losses.objective import Objective
from thalweg.problems.domain import Domain
from thalweg.valleys import nearness
from thalweg.valleys.starts import band, flow, summit
from thalweg.valleys.tree import OUTSIDE

STEPS = 400
"""Steps of a band at most: near enough to its passes for Newton's method."""

ASIDE = 1e-4
"""How far from a pass the flow begins, as a share of each axis's length."""

NEAR = 1e-5
"""A flow ends at a minimum that lies nearer than this share of each axis's length."""

STILL = 1e-6
"""Gradient at a pass, as a share of the band's rise over its length."""


class Routes(NamedTuple):
    """The lowest path between each two neighbouring minima, lowest first.

    Attributes
    ----------
    between : the two minima
    place, height : of the highest place on the path, wrapped on a circle
    converged : whether that is a pass; else the pass may be lower than the height
    """

    between: Integer[np.ndarray, "pass 2"]
    place: Float[np.ndarray, "pass param"]
    height: Float[np.ndarray, " pass"]
    converged: Bool[np.ndarray, " pass"]


def find(objective: Objective, position: Float[np.ndarray, "minimum param"], neighbours: int) -> Routes:
    """Find passes between minima, the lowest for each pair, in order of height.

    Parameters
    ----------
    objective : whose minima they are, in 64 bits
    position : of the minima
    neighbours : nearest minima to which bands are laid from each; more where the minima would not hang together
    """
    domain, about = objective.problem.domain, (objective.example, objective.train)
    between, turns = nearness.pairs(position, domain, neighbours)
    if not len(between):
        return none(len(domain))
    ends = band.ends(position, between, domain, turns)
    bands = band.relax(*about, domain=domain, ends=ends, steps=STEPS)
    routes = Routes(between, domain.wrap(bands.place), bands.height, bands.converged)
    return sort(_joined(objective, position, bands), routes) if len(domain) > 1 else sort(routes)


def none(parameters: int) -> Routes:
    """Give no routes at all."""
    nothing = np.zeros(0)
    return Routes(np.zeros((0, 2), np.int64), np.zeros((0, parameters)), nothing, nothing.astype(bool))


def sort(*several: Routes) -> Routes:
    """Join routes: the lowest for each pair, of equal ones the first, in order of height."""
    routes = Routes(*(np.concatenate(parts) for parts in zip(*several, strict=True)))
    order = np.argsort(routes.height, kind="stable")
    _, first = np.unique(routes.between[order], axis=0, return_index=True)
    return Routes(*(part[order[np.sort(first)]] for part in routes))


def _joined(objective: Objective, position: np.ndarray, bands: band.Bands) -> Routes:
    """Seek a pass from every summit of every path, and follow the flow from it to the two minima that it joins."""
    domain, about = objective.problem.domain, (objective.example, objective.train)
    path, heights = bands.path, bands.heights
    top = (heights[:, 1:-1] >= heights[:, :-2]) & (heights[:, 1:-1] >= heights[:, 2:])
    which, image = np.nonzero(top & np.isfinite(heights[:, 1:-1]))
    span = np.linalg.norm((path[:, -1] - path[:, 0]) / domain.lengths, axis=1)
    rise = np.ptp(np.where(np.isfinite(heights), heights, heights[:, :1]), axis=1)
    places = np.concatenate([path[which, image + 1], bands.place])
    which = np.concatenate([which, np.arange(len(path))])
    reach = 2 * span[which] / (path.shape[1] - 1)
    found = summit.polish(*about, domain=domain, places=places, reach=reach)
    sure = found.is_pass & (found.slope <= STILL * rise[which] / span[which])
    place, height, way = (part[sure] for part in (domain.wrap(found.place), found.height, found.way))
    if not len(place):
        return none(len(domain))
    one, _ = nearness.gather(place, height, domain, NEAR)
    place, height, way = place[one], height[one], way[one]
    sides = np.stack([_side(domain, place, sign * way) for sign in (1, -1)], axis=1)
    ends = flow.descend(*about, domain, sides.reshape(-1, len(domain)))
    to = nearness.nearest(domain.wrap(ends.position), position, domain, NEAR).reshape(-1, 2)
    two = (to != OUTSIDE).all(axis=1) & (to[:, 0] != to[:, 1])
    return Routes(np.sort(to[two], axis=1), place[two], height[two], np.ones(int(two.sum()), bool))


def _side(domain: Domain, place: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Step aside from passes, within the box."""
    size = np.abs(way / domain.lengths).max(axis=1, keepdims=True)
    low, high = domain.bounds
    return np.clip(place + ASIDE * way / np.where(size > 0, size, 1), low, high)
