"""Minima and passes as every method hands them on: in order, joined into a merge tree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.valleys.tree import Kept, MergeTree, merge, simplify


class Minima(NamedTuple):
    """Where minima lie, and how well that is known.

    Attributes
    ----------
    positions, depths : in the parameters' units, in units of the loss
    width : how far a place may be off, along any axis
    at_edge : which lie on the edge of a bounded axis
    plateau : cells of a grid that share the minimum's height with it; 1 for all other methods
    """

    positions: Float[np.ndarray, "minimum param"]
    depths: Float[np.ndarray, " minimum"]
    width: Float[np.ndarray, " minimum"]
    at_edge: Bool[np.ndarray, " minimum"]
    plateau: Int[np.ndarray, " minimum"]


class Passes(NamedTuple):
    """Where pairs of minima join; ``between`` holds numbers of minima.

    ``bound`` tells which heights are but those of a path, so that the pass may lie lower; None where none is.
    """

    positions: Float[np.ndarray, "pass param"]
    heights: Float[np.ndarray, " pass"]
    between: Int[np.ndarray, "pass 2"]
    bound: Bool[np.ndarray, " pass"] | None = None


class Landscape(NamedTuple):
    """Minima in order of depth, passes in order of height, and their merge tree."""

    minima: Minima
    passes: Passes
    tree: MergeTree


def arrange(minima: Minima, passes: Passes) -> tuple[Landscape, Int[np.ndarray, " minimum"]]:
    """Bring minima into order of depth and passes into order of height, ties by position, and join them.

    Returns
    -------
    The arranged minima and passes, and the new number of every old minimum.
    """
    order = np.lexsort((*minima.positions.T[::-1], minima.depths))
    number = np.argsort(order)
    between = np.sort(number[passes.between], axis=1).reshape(-1, 2)
    by_height = np.lexsort((*passes.positions.T[::-1], passes.heights))
    sorted_minima = Minima(*(part[order] for part in minima))
    sorted_passes = Passes(passes.positions[by_height], passes.heights[by_height], between[by_height])
    tree = merge(sorted_minima.depths, sorted_passes.between, sorted_passes.heights)
    return Landscape(sorted_minima, sorted_passes, tree), number


def keep(landscape: Landscape, chosen: Bool[np.ndarray, " minimum"]) -> tuple[Landscape, Kept]:
    """Let every minimum that is not chosen join the one that it merges into."""
    kept = simplify(landscape.tree, landscape.passes.between, chosen)
    minima = Minima(*(part[kept.minima] for part in landscape.minima))
    whole = landscape.passes
    bound = None if whole.bound is None else whole.bound[kept.passes]
    passes = Passes(whole.positions[kept.passes], whole.heights[kept.passes], kept.between, bound)
    return Landscape(minima, passes, kept.tree), kept
