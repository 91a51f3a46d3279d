"""Topology of a function on a grid: minima, basins, passes, persistence, the merge tree.

Cells are put in order of value, ties in order of place, so that no two are equal. Every cell points to the
steepest of its lower neighbours; following the pointers gives the basins. Only where two basins touch can they
join: the lowest such place for each pair is a pass, and the passes make the merge tree.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.valleys import tree
from thalweg.valleys.tree import OUTSIDE


class Passes(NamedTuple):
    """The lowest place over which each pair of neighbouring basins joins, lowest first."""

    between: Int[np.ndarray, "pass 2"]
    cell: Int[np.ndarray, " pass"]
    height: Float[np.ndarray, " pass"]


class Topology(NamedTuple):
    """What a grid holds; minima in order of depth, cells as flat indices."""

    minima: Int[np.ndarray, " minimum"]
    basins: Int[np.ndarray, "..."]
    passes: Passes
    persistence: Float[np.ndarray, " minimum"]
    parent: Int[np.ndarray, " minimum"]
    """The minimum that each one joins when it ends; itself for the deepest of a connected part."""
    saddle: Int[np.ndarray, " minimum"]
    """The number of the pass at which it ends; -1 for the deepest of a connected part."""


def analyse(values: Float[np.ndarray, "..."], periodic: tuple[bool, ...]) -> Topology:
    """Find minima, basins, passes and persistence on a grid with all 3^d - 1 neighbours.

    A cell that is not finite is a wall: it belongs to no basin and nothing passes over it. The deepest minimum of a
    connected part never ends; its persistence is infinite.
    """
    flat = values.ravel()
    wall = ~np.isfinite(flat)
    order = np.lexsort((np.arange(flat.size), np.where(wall, np.inf, flat)))
    rank = np.empty(flat.size, dtype=np.int64)
    rank[order] = np.arange(flat.size)
    neighbours = [_neighbour(values.shape, periodic, offset) for offset in _offsets(values.ndim)]

    summit = _bottoms(flat, rank, wall, neighbours, values.ndim)
    minima = order[(summit[order] == order) & ~wall[order]]
    number = np.full(flat.size, OUTSIDE)
    number[minima] = np.arange(len(minima))
    basins = np.where(wall, OUTSIDE, number[summit])

    passes = _passes(flat, rank, basins, neighbours)
    persistence, parent, saddle = tree.merge(flat[minima], passes.between, passes.height)
    return Topology(minima, basins.reshape(values.shape), passes, persistence, parent, saddle)


def simplify(topology: Topology, keep: Bool[np.ndarray, " minimum"]) -> tuple[Topology, np.ndarray]:
    """Let every minimum that is not kept join the one that it merges into.

    ``keep`` must hold with every minimum all more persistent ones. Returns the simpler topology and the numbers, in
    the old one, of the minima that stay.
    """
    owner = np.arange(len(topology.minima))
    # Parents are deeper and numbered by depth, so one pass from the deepest on finds every owner.
    for minimum in np.flatnonzero(~keep):
        parent = topology.parent[minimum]
        owner[minimum] = owner[parent] if parent != minimum else OUTSIDE
    kept = np.flatnonzero(keep)
    number = np.full(len(owner) + 1, OUTSIDE)
    number[kept] = np.arange(len(kept))
    renumber = np.append(number[owner], OUTSIDE)

    between = np.sort(renumber[topology.passes.between], axis=1)
    real = (between[:, 0] != between[:, 1]) & (between[:, 0] != OUTSIDE)
    _, first = np.unique(between[real], axis=0, return_index=True)
    chosen = np.flatnonzero(real)[np.sort(first)]
    passes = Passes(between[chosen], topology.passes.cell[chosen], topology.passes.height[chosen])
    place = np.full(len(topology.passes.cell) + 1, OUTSIDE)
    place[chosen] = np.arange(len(chosen))
    simpler = Topology(
        topology.minima[kept],
        renumber[topology.basins],
        passes,
        topology.persistence[kept],
        renumber[topology.parent[kept]],
        place[topology.saddle[kept]],
    )
    return simpler, kept


def _offsets(dimension: int) -> list[tuple[int, ...]]:
    """One of each pair of opposite neighbours."""
    return [offset for offset in product((-1, 0, 1), repeat=dimension) if offset > (0,) * dimension]


def _neighbour(
    shape: tuple[int, ...], periodic: tuple[bool, ...], offset: tuple[int, ...]
) -> tuple[Int[np.ndarray, " pair"], Int[np.ndarray, " pair"], float]:
    """Pair every cell with its neighbour at ``offset``: (cells, neighbours, distance in cells)."""
    cells = np.arange(int(np.prod(shape))).reshape(shape)
    shifted = np.roll(cells, [-step for step in offset], axis=tuple(range(len(shape))))
    inside = [slice(None)] * len(shape)
    for axis, step in enumerate(offset):
        if step and not periodic[axis]:
            inside[axis] = slice(0, -1) if step > 0 else slice(1, None)
    index = tuple(inside)
    return cells[index].ravel(), shifted[index].ravel(), float(np.linalg.norm(offset))


def _bottoms(flat, rank, wall, neighbours, dimension) -> Int[np.ndarray, " cell"]:
    """Follow the steepest way down from every cell to the minimum that it ends in."""
    target = np.arange(flat.size)
    steepest = np.full(flat.size, -np.inf)
    for one, other, distance in neighbours:
        for here, there in ((one, other), (other, one)):
            lower = (rank[there] < rank[here]) & ~wall[here]
            here, there = here[lower], there[lower]
            slope = (flat[here] - flat[there]) / distance
            better = slope > steepest[here]
            steepest[here[better]] = slope[better]
            target[here[better]] = there[better]
    while True:
        further = target[target]
        if np.array_equal(further, target):
            return target
        target = further


def _passes(flat, rank, basins, neighbours) -> Passes:
    """Find the lowest meeting place of each pair of basins, in order of height."""
    pairs, cells = [], []
    for one, other, _ in neighbours:
        meet = (basins[one] != basins[other]) & (basins[one] != OUTSIDE) & (basins[other] != OUTSIDE)
        one, other = one[meet], other[meet]
        cells.append(np.where(rank[one] > rank[other], one, other))
        pairs.append(np.sort(np.stack([basins[one], basins[other]], axis=1), axis=1))
    between, cell = np.concatenate(pairs), np.concatenate(cells)
    by_height = np.argsort(rank[cell], kind="stable")
    between, cell = between[by_height], cell[by_height]
    _, first = np.unique(between, axis=0, return_index=True)
    first = np.sort(first)
    return Passes(between[first], cell[first], flat[cell[first]])
