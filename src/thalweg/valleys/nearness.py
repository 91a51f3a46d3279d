"""Which places of a domain are near one another, the shortest way round on a circle."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from thalweg.problems.domain import Domain
from thalweg.valleys.tree import OUTSIDE

Places = Float[np.ndarray, "place param"]

FARTHEST = 1e150
"""Lengths of an axis from which on places are as far as others: squares of more are no numbers."""

LISTED = 9
"""Nearest places listed once for each, itself included; further ones are searched for where they are needed."""


def gather(
    positions: Places, heights: Float[np.ndarray, " place"], domain: Domain, near: float
) -> tuple[Integer[np.ndarray, " group"], Integer[np.ndarray, " place"]]:
    """Gather places that a chain of near ones joins: the lowest place of each group, and the group of each place.

    Groups are in order of height, and of position where heights are equal, whatever the order of the places.
    """
    if not len(positions):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    units = _units(positions, domain)
    # Most places coincide: the search for near pairs begins with one of each.
    _, first, cell = np.unique(np.rint(units / (near / 4)), axis=0, return_index=True, return_inverse=True)
    close = _tree(units[first], domain).query_pairs(near, p=np.inf, output_type="ndarray")
    group = components(close, len(first))[cell.reshape(-1)]
    return firsts(group, np.lexsort((*positions.T[::-1], heights)))


def firsts(
    group: Integer[np.ndarray, " place"], order: Integer[np.ndarray, " place"]
) -> tuple[Integer[np.ndarray, " group"], Integer[np.ndarray, " place"]]:
    """Take the place of each group that comes first in an order, in that order, and number the groups by it."""
    _, first = np.unique(group[order], return_index=True)
    kept = order[np.sort(first)]
    return kept, np.argsort(group[kept])[group]


def ranked(heights: Float[np.ndarray, " place"], positions: Places, level: float) -> Integer[np.ndarray, " place"]:
    """Order places by height; those that a chain of steps of at most ``level`` joins by position, the largest first.

    Without a level the order of places that are in order of height is left as it is.
    """
    order = np.argsort(heights, kind="stable")
    if not level:
        return order
    shelf = np.zeros(len(order), dtype=np.int64)
    shelf[order[1:]] = np.cumsum(np.diff(heights[order]) > level)
    return np.lexsort((*-positions.T[::-1], shelf))


def nearest(
    positions: Places, others: Float[np.ndarray, "other param"], domain: Domain, near: float
) -> Integer[np.ndarray, " place"]:
    """Number the nearest of ``others`` for each place; ``OUTSIDE`` for none within ``near`` of every axis's length."""
    numbers = np.full(len(positions), OUTSIDE)
    finite = np.isfinite(positions).all(axis=1)
    if len(others) and finite.any():
        distance, index = _tree(_units(others, domain), domain).query(_units(positions[finite], domain), p=np.inf)
        numbers[finite] = np.where(distance <= near, index, OUTSIDE)
    return numbers


def pairs(
    positions: Places, domain: Domain, neighbours: int
) -> tuple[Integer[np.ndarray, "pair 2"], Integer[np.ndarray, "pair param"]]:
    """Pair each place with its nearest ones, and with those beside it in a minimum spanning tree (Borůvka 1926).

    Returns the pairs, the smaller number first, and the turns to add to the shortest way: on every circle each pair
    comes once more, the other way round.
    """
    count = len(positions)
    if count < 2:
        return np.zeros((0, 2), dtype=np.int64), np.zeros((0, len(domain)), dtype=np.int64)
    units = _units(positions, domain)
    nearby = min(neighbours + 1, count)
    index = np.asarray(_tree(units, domain).query(units, k=nearby)[1])
    chosen = np.stack([np.repeat(np.arange(count), nearby), index.ravel()], axis=1)
    chosen = np.concatenate([chosen, _spanning(units, domain)])
    chosen = np.unique(np.sort(chosen[chosen[:, 0] != chosen[:, 1]], axis=1), axis=0)

    way = units[chosen[:, 1]] - units[chosen[:, 0]]
    every, turns = [chosen], [np.zeros(way.shape, dtype=np.int64)]
    for k, axis in enumerate(domain):
        if axis.periodic:
            other = np.zeros(way.shape, dtype=np.int64)
            other[:, k] = np.where(way[:, k] - np.rint(way[:, k]) > 0, -1, 1)
            every.append(chosen)
            turns.append(other)
    return np.concatenate(every), np.concatenate(turns)


def _spanning(units: np.ndarray, domain: Domain) -> np.ndarray:
    """Pairs of a minimum spanning tree: in every round each part takes the shortest pair that leads out of it."""
    count = len(units)
    distance, index = map(np.asarray, _tree(units, domain).query(units, k=min(LISTED, count)))
    chosen, label = np.zeros((0, 2), dtype=np.int64), np.arange(count)
    while label.max() > 0:
        leads = label[index] != label[:, None]
        first = np.argmax(leads, axis=1)
        known = leads.any(axis=1)
        out = np.where(known, distance[np.arange(count), first], np.inf)
        # A place whose whole list lies in its own part has nobody outside nearer than the last of the list.
        least = np.where(known, np.inf, distance[:, -1])
        ways = []
        for part in range(label.max() + 1):
            inside = np.flatnonzero(label == part)
            best = inside[np.argmin(out[inside])]
            if out[best] <= least[inside].min():
                ways.append([best, index[best, first[best]]])
            else:
                ways.append(_way_out(units, inside, domain))
        chosen = np.concatenate([chosen, np.array(ways)])
        label = components(chosen, count)
    return chosen


def _way_out(units: np.ndarray, inside: np.ndarray, domain: Domain) -> list[int]:
    """The shortest pair that leads out of a part of the places, by a search among all that are outside."""
    outside = np.setdiff1d(np.arange(len(units)), inside)
    distance, index = map(np.asarray, _tree(units[outside], domain).query(units[inside]))
    best = int(np.argmin(distance))
    return [int(inside[best]), int(outside[index[best]])]


def components(close: np.ndarray, count: int) -> np.ndarray:
    """Number the groups that chains of pairs join; the group of each of ``count`` places."""
    graph = coo_matrix((np.ones(len(close)), (close[:, 0], close[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def _tree(units: np.ndarray, domain: Domain) -> KDTree:
    # A period of 0 is an axis without one.
    return KDTree(units, boxsize=np.array(domain.periodic, dtype=float))


def _units(positions: np.ndarray, domain: Domain) -> np.ndarray:
    """Places in lengths of the axes; on a circle from 0 to below 1, and never so far that a distance is infinite."""
    with np.errstate(over="ignore"):
        units = np.clip((positions - domain.lows) / domain.lengths, -FARTHEST, FARTHEST)
    turned = np.mod(units, 1.0)
    return np.where(domain.periodic, np.where(turned >= 1, 0.0, turned), units)
