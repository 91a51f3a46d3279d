"""The merge tree of minima and passes, wherever they come from: a grid, an exact census, runs.

A spanning forest over the passes, lowest first (Kruskal 1956), is the merge tree. Persistence follows the elder rule:
where two valleys join, the shallower minimum ends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

OUTSIDE = -1
"""The basin of a place that is a wall or in no valley; the pass at which a minimum ends that never does."""


class Tree(NamedTuple):
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
) -> Tree:
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
    return Tree(persistence, parent, saddle)


def barriers(
    depths: Float[np.ndarray, " minimum"], between: Int[np.ndarray, "pass 2"], heights: Float[np.ndarray, " pass"]
) -> Float[np.ndarray, " minimum"]:
    """Height of the lowest pass out of each basin above its minimum; infinite where there is none."""
    lowest = np.full(len(depths), np.inf)
    for side in (0, 1):
        np.minimum.at(lowest, between[:, side], heights)
    return lowest - depths
