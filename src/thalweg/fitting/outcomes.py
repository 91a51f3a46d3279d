"""What a minimum of a fit is, in words, where it is no proper one: at a wall, without end, or open.

A **wall** is an end of a range that the search may not pass. A parameter **runs away** where there is none: the search
ended far beyond the range from which it began, and the data do not hold the parameter there. A direction is **open**
where the data tell nothing along it: parameters may change together and the curve stays. For two parameters it is tried
whether only their product, quotient, sum or difference is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.fitting.errors import Errors
from thalweg.fitting.twins import Residuals, listed
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain

AT = 1e-9
"""A place lies on a wall that is no farther than this share of the range, of a logarithmic one of the wall."""

BEYOND = 100.0
"""A parameter that runs away has left its range by so many of its lengths, or of the factors of a logarithmic one."""

HELD = 0.5
"""Standard error, as a share of the parameter, from which the data do not hold it."""

ILL = 1e-6
"""Nor are parameters held whose derivatives so nearly depend on one another: that is where a search rests far out."""

TAKES_PART = 1e-4
"""Share of the largest part of a direction from which a parameter takes part in it."""

SAME = 1e-7
"""Curves that differ by no more than this share of what a change of one parameter alone makes are the same."""

PAIRS: tuple[tuple[str, Callable[[float, float], tuple[float, float]]], ...] = (
    ("{}·{}", lambda a, b: (1.25 * a, b / 1.25)),
    ("{}/{}", lambda a, b: (1.25 * a, 1.25 * b)),
    ("{} + {}", lambda a, b: (a + (abs(a) + abs(b)) / 4, b - (abs(a) + abs(b)) / 4)),
    ("{} - {}", lambda a, b: (a + (abs(a) + abs(b)) / 4, b + (abs(a) + abs(b)) / 4)),
)
"""What alone may be told of two parameters, and a change that keeps it."""


def walls(
    positions: Float[np.ndarray, "valley param"], domain: Domain
) -> tuple[Bool[np.ndarray, "valley param"], Bool[np.ndarray, "valley param"]]:
    """Tell which parameters lie at the low end of their range, and which at the high one, where these are walls."""
    low, high = domain.bounds
    log = np.array([axis.log for axis in domain])
    with np.errstate(invalid="ignore"):  # an end that is no wall is infinite
        room = AT * np.where(log, np.abs(positions), domain.lengths)
        return positions <= low + room, positions >= high - room


def words(
    position: Float[np.ndarray, " param"], domain: Domain, told: Errors, residuals: Residuals, rested: bool
) -> str:
    """Say what a minimum is, if it is no proper one; empty if it is."""
    said = [] if rested else ["the search did not come to rest: the fit may go on from here"]
    low, high = (np.flatnonzero(side[0]) for side in walls(position[None], domain))
    for end, at in (("low", low), ("high", high)):
        for axis in (domain[k] for k in at.tolist()):
            where = f"{axis.low if end == 'low' else axis.high:g}"
            said.append(
                f"{axis.name} lies at the {end} end of its range, {where}: widen the range or take it as a bound"
            )
    directions = _open(position, domain, told, residuals)
    sure = {name for each in directions if each.sure for name in each.names}
    sides = zip(domain, away(position, domain, told).tolist(), strict=True)
    gone = [_way(axis, side) for axis, side in sides if side and axis.name not in sure]
    if gone:
        said.append(f"{listed(gone)}: the curve only approaches its best")
    said.extend(each.words for each in directions if each.sure or not gone)
    return "; ".join(said)


def away(position: Float[np.ndarray, " param"], domain: Domain, told: Errors) -> Int[np.ndarray, " param"]:
    """Tell which parameters run away: -1 downwards, 1 upwards, 0 for those that do not."""
    sides = np.zeros(len(position), int)
    for k, (value, error, axis) in enumerate(zip(position, told.errors, domain, strict=True)):
        if axis.periodic or axis.bounded or (error < HELD * abs(value) and told.condition > ILL):
            continue
        if axis.log:
            sides[k] = int(value >= axis.high * BEYOND) - int(value <= axis.low / BEYOND)
        else:
            room = BEYOND * axis.length
            sides[k] = int(value >= axis.low + room) - int(value <= axis.high - room)
    return sides


def _way(axis: Axis, side: int) -> str:
    return f"{axis.name} {'grows' if side > 0 else 'falls to 0' if axis.log else 'falls'} without end"


class _Direction(NamedTuple):
    """A direction along which the data tell nothing: its parameters, and whether the words hold far along it too."""

    names: list[str]
    words: str
    sure: bool


def _open(position: np.ndarray, domain: Domain, told: Errors, residuals: Residuals) -> list[_Direction]:
    """Say along what the data tell nothing: a sentence a direction, each of as few parameters as may be."""
    said: list[_Direction] = []
    for direction in _sparse(told.open_):
        (part,) = np.nonzero(np.abs(direction) > TAKES_PART * np.abs(direction).max())
        few = [domain.names[k] for k in part.tolist()]
        if len(part) == 1:
            words = f"the data do not tell {few[0]}: the curve is the same whatever it is"
            said.append(_Direction(few, words, _idle(position, domain, int(part[0]), residuals)))
        elif len(part) == 2 and (kept := _kept(position, part, residuals)):
            words = f"the data do not tell {listed(few)} apart, only {kept.format(*few)}"
            said.append(_Direction(few, words, sure=True))
        else:
            way = direction[part] / told.lengths[part]
            way = way / way[np.argmax(np.abs(way))]
            steps = ", ".join(f"{name} by {step:+.3g}" for name, step in zip(few, way, strict=True))
            words = f"the data do not tell {listed(few)} apart: the curve stays if {steps} change together"
            said.append(_Direction(few, words, sure=False))
    return said


def _sparse(ways: Float[np.ndarray, "direction param"]) -> Float[np.ndarray, "direction param"]:
    """Combine directions to ones of few parameters each: Gauss–Jordan elimination, the largest part first."""
    ways = ways.copy()
    for k in range(len(ways)):
        rows, columns = np.unravel_index(np.argmax(np.abs(ways[k:])), ways[k:].shape)
        row, column = k + int(rows), int(columns)
        ways[[k, row]] = ways[[row, k]]
        ways[k] /= ways[k, column]
        others = np.arange(len(ways)) != k
        ways[others] -= ways[others, column][:, None] * ways[k]
    return ways


def _idle(position: np.ndarray, domain: Domain, k: int, residuals: Residuals) -> bool:
    """Tell whether a parameter changes nothing, wherever in its range."""
    moved = np.tile(position, (3, 1))
    moved[1:, k] = domain.spread([[0.25] * len(position), [0.75] * len(position)])[:, k]
    here, *there = residuals(moved)
    return all(np.array_equal(here, each) for each in there)


def _kept(position: np.ndarray, pair: np.ndarray, residuals: Residuals) -> str:
    """Find what of two parameters the curve depends on: it stays where that is kept, and not where one moves alone."""
    a, b = position[pair]
    a += (abs(a) + abs(b)) / 16  # where a difference is 0 a quotient of 1 keeps it too
    for form, change in PAIRS:
        moved = np.tile(position, (3, 1))
        moved[0, pair[0]] = a
        moved[1, pair] = change(a, b)
        moved[2, pair[0]] = moved[1, pair[0]]
        here, there, alone = residuals(moved)
        size = np.abs(alone - here).max()
        if size > 0 and np.abs(there - here).max() <= SAME * size:
            return form
    return ""
