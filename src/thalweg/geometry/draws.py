"""Random vectors of parameters that are the same in every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

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


Change = Callable[[Leaf, slice, slice, np.ndarray], np.ndarray]
"""Changes some numbers that were drawn, in the common order: of a leaf, which lies at a span of the flat vector, the
rows named."""

BLOCK = 2**17
"""Numbers drawn at a time, about: they are in 64 bits whatever the vector is."""


def draw(
    leaves: Sequence[Leaf],
    *,
    seed: int,
    number: int,
    sample: Sample = NORMAL,
    change: Change | None = None,
    into: Float[np.ndarray, " param"] | None = None,
) -> Float[np.ndarray, " param"]:
    """Draw a vector of parameters, leaf by leaf in the order of axes that all frameworks have in common.

    Each leaf has a stream of random numbers of its own, known by the seed, the number of the vector, by whether the
    leaf is a weight, and by its place among those that are or are not. So it matters neither how a framework lays out a
    kernel, nor whether biases come before kernels, nor how large the other leaves are. Numbers are drawn in 64 bits,
    some at a time, and rounded last, so that a vector takes no more memory than it has numbers.

    Parameters
    ----------
    leaves : of the network, in the order of its flat vector
    seed, number : of at least 0; another number gives a vector that is independent
    sample : what is drawn: standard normal numbers by default
    change : what is made of the numbers before they are rounded
    into : the vector that they are put into; by default a new one in 64 bits

    Returns
    -------
    numpy.ndarray
        (param,); 0 for statistics, which are no parameters
    """
    vector = np.empty(sum(leaf.size for leaf in leaves)) if into is None else into
    places, first = {True: 0, False: 0}, 0
    for leaf in leaves:
        weight, span = leaf.kind == "weight", slice(first, first + leaf.size)
        if leaf.kind == "statistic":
            vector[span], first = 0, span.stop
            continue
        source = np.random.default_rng([seed, number, int(weight), places[weight]])
        places[weight], first = places[weight] + 1, span.stop
        common = in_common(leaf, vector[span])
        for rows in _rows(common.shape):
            drawn = np.asarray(sample(source, common[rows].shape))
            common[rows] = drawn if change is None else change(leaf, span, rows, drawn)
    return vector


def in_common(leaf: Leaf, values: Float[np.ndarray, " size"]) -> np.ndarray:
    """See the numbers of one leaf in the order of axes that all frameworks have in common; nothing is copied."""
    return values.reshape(leaf.axes or (1,)).transpose(leaf.order or (0,))


def _rows(shape: tuple[int, ...]) -> Iterator[slice]:
    """Divide an array along its first axis."""
    each = max(1, BLOCK // max(int(np.prod(shape[1:], dtype=np.int64)), 1))
    for first in range(0, shape[0], each):
        yield slice(first, min(first + each, shape[0]))
