"""The merge tree of minima and passes, wherever they come from: a grid, an exact census, runs.

A spanning forest over the passes, lowest first (Kruskal 1956), is the merge tree. Persistence follows the elder rule:
where two valleys join, the shallower minimum ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

OUTSIDE = -1
"""The basin of a place that is a wall or in no valley; the pass at which a minimum ends that never does."""

ROUNDING = 1e3
"""Differences below this many times the spacing of numbers are rounding, not valleys."""


class MergeTree(NamedTuple):
    """What becomes of each minimum as the water rises.

    Attributes
    ----------
    persistence : height of the pass at which it ends above the minimum; infinite for the deepest of a connected part
    parent : the minimum that it joins when it ends; itself for the deepest of a connected part
    saddle : the number of the pass at which it ends; ``OUTSIDE`` for the deepest of a connected part
    """

    persistence: Float[np.ndarray, " minimum"]
    parent: Int[np.ndarray, " minimum"]
    saddle: Int[np.ndarray, " minimum"]


def merge(
    depths: Float[np.ndarray, " minimum"], between: Int[np.ndarray, "pass 2"], heights: Float[np.ndarray, " pass"]
) -> MergeTree:
    """Join minima over their passes.

    Parameters
    ----------
    depths : of the minima, in order of depth: where two join, the smaller number lives on
    between, heights : the minima that each pass joins, and its height; in order of height
    """
    count = len(depths)
    root = list(range(count))
    persistence = np.full(count, np.inf)
    saddle = np.full(count, OUTSIDE)
    parent = np.arange(count)

    def find(minimum: int) -> int:
        while root[minimum] != minimum:
            root[minimum] = root[root[minimum]]
            minimum = root[minimum]
        return minimum

    for place, (one, other) in enumerate(between.tolist()):
        elder, younger = sorted((find(one), find(other)))
        if elder != younger:
            root[younger] = parent[younger] = elder
            persistence[younger] = heights[place] - depths[younger]
            saddle[younger] = place
    return MergeTree(persistence, parent, saddle)


def barriers(
    depths: Float[np.ndarray, " minimum"], between: Int[np.ndarray, "pass 2"], heights: Float[np.ndarray, " pass"]
) -> Float[np.ndarray, " minimum"]:
    """Height of the lowest pass out of each basin above its minimum; infinite where there is none."""
    lowest = np.full(len(depths), np.inf)
    for side in (0, 1):
        np.minimum.at(lowest, between[:, side], heights)
    return lowest - depths


class Kept(NamedTuple):
    """What is left of minima and passes when the shallow minima have joined those that they merge into.

    Attributes
    ----------
    minima : old numbers of the minima that stay
    renumber : (minimum + 1,), the new number of every old one's valley; ``OUTSIDE`` for none, and last for ``OUTSIDE``
    passes : old numbers of the passes that stay: the lowest between each two valleys
    between : the valleys that each of them joins
    tree : of the minima that stay, in new numbers
    """

    minima: Int[np.ndarray, " kept"]
    renumber: Int[np.ndarray, " minimum"]
    passes: Int[np.ndarray, " kept_pass"]
    between: Int[np.ndarray, "kept_pass 2"]
    tree: MergeTree


def simplify(tree: MergeTree, between: Int[np.ndarray, "pass 2"], keep: Bool[np.ndarray, " minimum"]) -> Kept:
    """Let every minimum that is not kept join the one that it merges into.

    ``keep`` must hold with every minimum all more persistent ones.
    """
    owner = np.arange(len(keep))
    # Parents are deeper and numbered by depth, so one pass from the deepest on finds every owner.
    for minimum in np.flatnonzero(~keep):
        parent = tree.parent[minimum]
        owner[minimum] = owner[parent] if parent != minimum else OUTSIDE
    kept = np.flatnonzero(keep)
    number = np.full(len(owner) + 1, OUTSIDE)
    number[kept] = np.arange(len(kept))
    renumber = np.append(number[owner], OUTSIDE)

    pairs = np.sort(renumber[between], axis=1)
    real = (pairs[:, 0] != pairs[:, 1]) & (pairs[:, 0] != OUTSIDE)
    _, first = np.unique(pairs[real], axis=0, return_index=True)
    chosen = np.flatnonzero(real)[np.sort(first)]
    place = np.full(len(between) + 1, OUTSIDE)
    place[chosen] = np.arange(len(chosen))
    simpler = MergeTree(tree.persistence[kept], renumber[tree.parent[kept]], place[tree.saddle[kept]])
    return Kept(kept, renumber, chosen, pairs[chosen], simpler)
