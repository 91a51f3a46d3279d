"""Ways along the floor of a curved valley: whether two ends of a fit are one minimum though the straight way rises.

Where the data tell only a product of two parameters, the floor is a hyperbola, and every start ends elsewhere on it.
The way on which the logarithms of all parameters go straight keeps products, quotients and powers. Where a parameter
runs away, linear ones follow it: on the way on which these are at their best, and the others go straight, the loss
falls all the time. Either is a way from one end to the other, so its highest place bounds their pass.

A way is looked at in some places and again around the highest, as straight ones are.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from thalweg.descent import grid
from thalweg.fitting.census import found, task_of
from thalweg.losses.objective import Objective
from thalweg.valleys import nearness
from thalweg.valleys.starts import band, passes

NEIGHBOURS = 3
"""Nearest ends to which ways are laid from each."""

ALIKE = 0.5
"""Ends whose losses differ by a larger share are on no one floor, though a way between them may not rise."""

MOST = 192
"""Ways at most, those between the deepest ends."""

FIRST = ([0.5], [0.2, 0.35, 0.65, 0.8])
"""Places on a way that are looked at first: most rise there."""

PLACES, ROUNDS = 17, 3
"""Places on a way that does not, and how often the surroundings of the highest are looked at anew."""

Shares = Float[np.ndarray, "way place"]
Ways = Float[np.ndarray, "way 2 param"]


def curved(
    objective: Objective, rise: float, position: Float[np.ndarray, "end param"], height: Float[np.ndarray, " end"]
) -> passes.Routes:
    """Bound the passes between neighbouring ends by curved ways; losses that differ by ``rise`` are one."""
    domain = objective.problem.domain
    between, turns = nearness.pairs(position, domain, NEIGHBOURS)
    if not len(between):
        return passes.none(len(domain))
    ends = height[between]
    near = np.flatnonzero(np.abs(ends[:, 0] - ends[:, 1]) <= ALIKE * np.abs(ends).max(axis=1) + rise)
    near = near[np.argsort(ends[near].max(axis=1), kind="stable")[:MOST]]
    if not len(near):
        return passes.none(len(domain))
    lines = band.ends(position, between[near], domain, turns[near])
    kinds: list[_Logarithmic | _Following] = [_Logarithmic(objective, lines)]
    if _others(objective):
        kinds.append(_Following(objective, lines))
    return passes.sort(*(_bounds(objective, way, between[near], ends[near].max(axis=1) + rise) for way in kinds))


def _bounds(
    objective: Objective,
    way: _Logarithmic | _Following,
    between: Integer[np.ndarray, "way 2"],
    allowed: Float[np.ndarray, " way"],
) -> passes.Routes:
    """Bound passes by those ways of a kind that do not rise; others bound nothing that a straight way does not."""
    level = np.arange(len(between))
    for shares in FIRST:
        heights, _ = _looked(way, level, np.tile(shares, (len(level), 1)))
        level = level[heights.max(axis=1) <= allowed[level]]
        if not len(level):
            return passes.none(len(objective.problem.domain))
    height, place = _highest(way, level)
    return passes.Routes(between[level], objective.problem.domain.wrap(place), height, np.zeros(len(level), bool))


def _others(objective: Objective) -> list[int]:
    """Number the parameters that are not eliminated; none where none are."""
    task = task_of(objective)
    return list(task.order[task.eliminated :]) if task.eliminated else []


class _Logarithmic:
    """The logarithms go straight of parameters that keep their sign, the others themselves."""

    def __init__(self, objective: Objective, lines: Ways):
        self.objective, self.lines = objective, lines
        self.logs = (lines[:, 0] * lines[:, 1] > 0) & ~np.array(objective.problem.domain.periodic)

    def __call__(self, way: Integer[np.ndarray, " place"], share: Float[np.ndarray, " place"]):
        """Give heights and places at shares of some ways."""
        first, last, logs = self.lines[way, 0], self.lines[way, 1], self.logs[way]
        share = share[:, None]
        sizes = [np.log(np.where(logs, np.abs(end), 1.0)) for end in (first, last)]
        bent = np.sign(first) * np.exp((1 - share) * sizes[0] + share * sizes[1])
        places = np.where(logs, bent, (1 - share) * first + share * last)
        return grid.evaluate(self.objective.example, self.objective.train, places), places


class _Following:
    """Parameters that are not linear go straight, in the logarithm where their axis is; the linear ones are best."""

    def __init__(self, objective: Objective, lines: Ways):
        self.objective, self.task, self.held = objective, task_of(objective), _others(objective)
        log = np.array([axis.log for axis in objective.problem.domain])
        self.logs = (lines > 0).all(axis=1) & log
        self.lines = lines

    def __call__(self, way: Integer[np.ndarray, " place"], share: Float[np.ndarray, " place"]):
        """Give heights and places at shares of some ways."""
        first, last, logs = self.lines[way, 0], self.lines[way, 1], self.logs[way]
        share = share[:, None]
        sizes = [np.log(np.where(logs, end, 1.0)) for end in (first, last)]
        straight = (1 - share) * first + share * last
        places = np.where(logs, np.exp((1 - share) * sizes[0] + share * sizes[1]), straight)
        # One solution for the linear ones is enough: no walls of theirs are looked at, and nothing else moves.
        ends = found(self.objective, self.task, places, self.held, longest=1)
        low, high = self.objective.problem.domain.bounds
        inside = ((ends.position >= low) & (ends.position <= high)).all(axis=1)
        return np.where(inside, ends.height, np.inf), ends.position


def _highest(way: _Logarithmic | _Following, which: Integer[np.ndarray, " way"]) -> tuple[np.ndarray, np.ndarray]:
    """Find the highest place on some ways: infinite where one is not finite."""
    share = np.tile(np.linspace(0, 1, PLACES), (len(which), 1))
    width, rows = 1 / (PLACES - 1), np.arange(len(which))
    height, place = np.zeros(0), np.zeros((0, 0))
    for _ in range(1 + ROUNDS):
        heights, places = _looked(way, which, share)
        best = np.argmax(heights, axis=1)
        height, place = heights[rows, best], places[rows, best]
        share = np.clip(share[rows, best][:, None] + width * np.linspace(-1, 1, PLACES), 0, 1)
        width /= (PLACES - 1) / 2
    return height, place


def _looked(
    way: _Logarithmic | _Following, which: Integer[np.ndarray, " way"], share: Shares
) -> tuple[Float[np.ndarray, "way place"], Float[np.ndarray, "way place param"]]:
    """Give heights and places along some ways."""
    height, places = way(np.repeat(which, share.shape[1]), share.ravel())
    height = np.where(np.isfinite(height), height, np.inf).reshape(share.shape)
    return height, places.reshape(*share.shape, -1)
