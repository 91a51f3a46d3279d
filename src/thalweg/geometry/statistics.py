"""Statistics that normalisation layers gathered, as a part of a point.

The loss of a network in evaluation mode depends on its parameters and on what its normalisation layers gathered while
it was trained. A checkpoint holds both, and so does a step of a recording; parameters of one beside statistics of
another are a model that never was, whose loss may be ten times that of either. So where they are kept
(``statistics="recorded"``), they lie behind the parameters in the flat vector, as leaves of the kind ``"statistic"``,
and go with them along every line: from one checkpoint to another, and to where a run was.

They are no parameters: directions drawn at random leave them where they are, distances and shares do not count them,
the loss is not differentiated by them. Along principal directions they go as the run's own did: a direction is a
mixture of the run's displacements, and its statistics are the same mixture of theirs.

What would break it: extrapolation. Beyond the checkpoints a variance may become negative, and the loss is NaN there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from thalweg.geometry.network import Flat, Network
from thalweg.geometry.passing import Passing
from thalweg.geometry.restriction import restricted


def held(network: Network, point: np.ndarray) -> tuple[Network, np.ndarray]:
    """Hold the statistics of a point: a network of the parameters alone, and the point's parameters."""
    if network.trained == network.position.size:
        return network, point
    parameters = restricted(replace(network, position=point), lambda leaf: leaf.kind != "statistic")
    return parameters, point[: network.trained]


@dataclass(frozen=True, eq=False)
class Still(Passing):
    """The loss of a batch, not differentiated by statistics; see :class:`thalweg.geometry.network.Evaluator`.

    For frameworks that would differentiate by whatever a point holds.

    Attributes
    ----------
    trained : how many numbers are parameters
    """

    trained: int

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient, zero by statistics."""
        loss, gradient = self.evaluator.gradient(point)
        return loss, self._cut(gradient)

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Multiply by the Hessian by parameters, bordered by zeros."""
        product = self.evaluator.hessian_product(point)
        return lambda vector: self._cut(product(self._cut(vector)))

    def _cut(self, vector: np.ndarray) -> np.ndarray:
        vector = np.array(vector)
        vector[self.trained :] = 0
        return vector


class Columns:
    """Points of a trajectory, some of whose numbers are cut off behind; rows are read when they are cut.

    Parameters
    ----------
    rows : (row, number), an array, or one that is read when it is cut
    size : of the numbers that stay
    """

    def __init__(self, rows: object, size: int):
        self.rows, self.shape = rows, (rows.shape[0], size)  # pyright: ignore[reportAttributeAccessIssue]

    def __getitem__(self, at: slice | tuple[slice, slice], /) -> ArrayLike:
        """Read some rows, or some columns of them."""
        rows, columns = at if isinstance(at, tuple) else (at, slice(None))
        first, last, _ = columns.indices(self.shape[1])
        return np.asarray(self.rows[rows, first:last])  # pyright: ignore[reportIndexIssue]


def along(blocks: Iterator[np.ndarray], directions: np.ndarray, trained: int) -> np.ndarray:
    """Find how statistics go along principal directions of a run: as the same mixture of the run's displacements.

    With displacements of parameters ``X`` and of statistics ``S``, a principal direction is ``v = Xᵀ u / σ``, and
    ``X v = σ u``; so the statistics belonging to it are ``Sᵀ u / σ = Sᵀ X v / |X v|²``.

    Parameters
    ----------
    blocks : (row, number), displacements of parameters and, behind them, of statistics
    directions : (axis, parameter), of length one
    trained : how many numbers are parameters

    Returns
    -------
    numpy.ndarray
        (axis, statistic)
    """
    sums, squares = None, np.zeros(len(directions))
    for block in blocks:
        mixes = block[:, :trained] @ directions.T
        squares += np.sum(mixes**2, axis=0)
        part = mixes.T @ block[:, trained:]
        sums = part if sums is None else sums + part
    assert sums is not None
    return sums / squares[:, None]
