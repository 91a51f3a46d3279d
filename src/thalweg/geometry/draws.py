"""Random vectors of parameters that are the same in every framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from thalweg.geometry.leaves import Leaf

Sample = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Draws an array of a shape."""

NORMAL: Sample = np.random.Generator.standard_normal
"""Draws standard normal numbers."""


def signs(source: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw -1 or 1 with equal chances: Rademacher numbers."""
    return 2.0 * source.integers(0, 2, shape) - 1.0


def draw(leaves: Sequence[Leaf], *, seed: int, number: int, sample: Sample = NORMAL) -> Float[np.ndarray, " param"]:
    """Draw a vector of parameters, leaf by leaf in the order of axes that all frameworks have in common.

    Each leaf has a stream of random numbers of its own, known by the seed, the number of the vector, by whether the
    leaf is a weight, and by its place among those that are or are not. So it matters neither how a framework lays out a
    kernel, nor whether biases come before kernels, nor how large the other leaves are.

    Parameters
    ----------
    leaves : of the network, in the order of its flat vector
    seed, number : of at least 0; another number gives a vector that is independent
    sample : what is drawn: standard normal numbers by default

    Returns
    -------
    numpy.ndarray
        (param,), 64-bit
    """
    parts, places = [np.empty(0)], {True: 0, False: 0}
    for leaf in leaves:
        weight = leaf.kind == "weight"
        source = np.random.default_rng([seed, number, int(weight), places[weight]])
        common = sample(source, tuple(leaf.shape[axis] for axis in leaf.order))
        parts.append(common.transpose(np.argsort(leaf.order)).ravel())
        places[weight] += 1
    return np.concatenate(parts)
