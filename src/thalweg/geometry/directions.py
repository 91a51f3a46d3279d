"""Lines and planes through a network's parameters: random ones, and those that checkpoints span.

A slice's shape depends on how its directions were scaled; every plane says so in its units and facts.

The file is long because every kind of direction states its units, source and example; the functions are short.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from thalweg.base.arrays import numbers
from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.geometry.draws import draw
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane

Directions = Float[np.ndarray, "axis param"]

NEAREST = 1e-7
"""Sine of the angle between two directions at least: below it, 32 bits cannot tell the coordinates apart."""

DISTANCE = "parameter distance"
"""The unit of coordinates along directions of length one."""


@public
def gaussian(network: Network, *, count: int = 2, seed: int = 0, at: ArrayLike | None = None) -> Plane:
    """Draw directions from the standard normal distribution, and leave them as they are.

    Two such directions of d parameters are nearly orthogonal: their mean ``|cos|`` is about ``sqrt(2 / (π d))``. One
    step of a coordinate moves every parameter by about one, which is far for most networks: give a small span.

    Parameters
    ----------
    network : whose parameters they are
    count : 1 for a line, 2 for a plane
    seed : of the draw; the same seed gives the same directions in every framework
    at : (param,), the plane's origin; the network's own parameters by default

    Returns
    -------
    Plane
        Directions (axis, param) of length about ``sqrt(param)``.

    Raises
    ------
    InvalidValue
        If the count or the seed is not allowed, the origin is no point of this network, or directions are parallel.

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> tw.networks.directions.gaussian(himmelblau, seed=1).directions.shape
    (2, 2)
    """
    unit = "normal displacement of every parameter"
    return _random("gaussian", network, _drawn(network, count, seed), seed=seed, at=at, unit=unit)


@public
def orthonormal(network: Network, *, count: int = 2, seed: int = 0, at: ArrayLike | None = None) -> Plane:
    """Draw directions like :func:`gaussian`, then make them orthogonal to each other and of length one.

    The first keeps its course; the second loses its part along the first. Coordinates are parameter distances.

    Parameters
    ----------
    network : whose parameters they are
    count : 1 for a line, 2 for a plane
    seed : of the draw; the same seed gives the same directions in every framework
    at : (param,), the plane's origin; the network's own parameters by default

    Returns
    -------
    Plane
        Directions (axis, param) of length one, at right angles.

    Raises
    ------
    InvalidValue
        If the count or the seed is not allowed, the origin is no point of this network, or directions are parallel.

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> plane = tw.networks.directions.orthonormal(himmelblau, seed=2)
    >>> abs(plane.directions @ plane.directions.T).round(12).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    drawn = independent(_drawn(network, count, seed))
    basis, corner = np.linalg.qr(drawn.T)
    return _random("orthonormal", network, (basis * np.sign(np.diag(corner))).T, seed=seed, at=at)


@public
def filter_normalised(network: Network, *, count: int = 2, seed: int = 0, at: ArrayLike | None = None) -> Plane:
    """Draw directions like :func:`gaussian`, then scale every filter to the norm of the network's own at the origin.

    A filter is what makes one output: of a dense layer the weights into one neuron, of a convolution one kernel over
    all its inputs; its norm is Frobenius'. Biases, and scales and shifts of normalisation layers, are not moved, as in
    the commands that the authors publish (their ``biasbn``; without it their program moves these by their own values).
    A filter of zeros is not moved either. Nothing is orthogonalised. One step of a coordinate moves each filter by its
    own length.

    Parameters
    ----------
    network : whose parameters they are
    count : 1 for a line, 2 for a plane
    seed : of the draw; the same seed gives the same directions in every framework
    at : (param,), the plane's origin; the network's own parameters by default

    Returns
    -------
    Plane
        Directions (axis, param), filter by filter as long as the network's own; 0 for all that is no filter.

    Raises
    ------
    InvalidValue
        If the count or the seed is not allowed, the origin is no point of this network, or directions are parallel,
        or the network has no filters other than zero.

    References
    ----------
    H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of neural nets", NeurIPS 2018,
    arXiv:1712.09913, section 4.

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> params, apply = tw.examples.mlp("jax", (4, 3, 1))
    >>> network = tw.networks.wrap(params, lambda p: apply(p, np.ones((2, 4), np.float32)).mean())
    >>> plane = tw.networks.directions.filter_normalised(network, count=1, seed=1)
    >>> [int(plane.directions[0, span].any()) for span in network.spans], [leaf.kind for leaf in network.leaves]
    ([0, 1, 0, 1], ['bias', 'weight', 'bias', 'weight'])
    """
    origin = network.point(at).astype(np.float64)
    pairs = list(zip(network.leaves, network.spans, strict=True))
    if not any(_filtered(leaf) and origin[span].any() for leaf, span in pairs):
        raise InvalidValue(
            "the network has no filters other than zero, so nothing can be scaled to them; take orthonormal directions"
        )
    drawn = _drawn(network, count, seed)
    for leaf, span in pairs:
        drawn[:, span] = [_scaled(leaf, part, origin[span]) for part in drawn[:, span]]
    return _random("filter-normalised", network, drawn, seed=seed, at=at, unit="each filter's norm")


@public
def between(network: Network, a: ArrayLike | None, b: ArrayLike | None, c: ArrayLike | None = None) -> Plane:
    """Lay the line through two checkpoints, or the plane through three.

    The origin is ``a``; at 1 along the first direction is ``b``, at 1 along the second ``c``.

    Parameters
    ----------
    network : whose parameters they are
    a, b, c : (param,), flat vectors; None for ``a`` is the network's own parameters

    Returns
    -------
    Plane
        One or two directions (axis, param), ``b - a`` and ``c - a``.

    Raises
    ------
    InvalidValue
        If one is no point of this network, two are the same, or all three lie on a line.

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> line = tw.networks.directions.between(himmelblau, [3, 2], [3.584428, -1.848127])
    >>> tw.networks.slice(himmelblau, line, span=(0, 1), points=3)["loss"].values.round(1).tolist()
    [0.0, 13.7, 0.0]
    """
    if b is None:
        raise InvalidValue("b = None is no checkpoint; give a flat vector of parameters")
    others = {"b": b} if c is None else {"b": b, "c": c}
    plane = ways(network, a, others, "checkpoints")
    for name, direction in zip(others, plane.directions, strict=True):
        if not direction.any():
            raise InvalidValue(f"the checkpoints a and {name} are the same point; give different ones")
    independent(plane.directions)
    return plane


@public
def given(network: Network, *directions: ArrayLike, at: ArrayLike | None = None) -> Plane:
    """Take directions that were made elsewhere, and use them as they are.

    Parameters
    ----------
    network : whose parameters they are
    *directions : (param,) each, flat vectors
    at : (param,), the plane's origin; the network's own parameters by default

    Returns
    -------
    Plane
        These directions, (axis, param).

    Raises
    ------
    InvalidValue
        If one has another shape than the network's parameters, is zero or not finite, or they are parallel.

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> tw.networks.directions.given(himmelblau, [2, 0], [0, 1]).units
    ('2 of parameter distance', '1 of parameter distance')
    """
    read = [numbers(f"direction {number}", direction) for number, direction in enumerate(directions, start=1)]
    for shape in map(np.shape, read):
        if shape != network.position.shape:
            raise InvalidValue(
                f"a direction of shape {shape} does not fit this network; give a flat vector of "
                f"{network.position.size} numbers"
            )
    stacked = np.array(read, dtype=np.float64).reshape(len(directions), network.position.size)
    names = tuple(f"direction {number}" for number in range(1, len(stacked) + 1))
    units = tuple(f"{length:.3g} of {DISTANCE}" for length in np.linalg.norm(stacked, axis=1))
    plane = Plane(network.point(at).astype(np.float64), stacked, names, units, {"kind": "given"})
    independent(plane.directions)
    return plane


def ways(network: Network, a: ArrayLike | None, others: Mapping[str, ArrayLike | None], kind: str) -> Plane:
    """Lay the line or plane from a point ``a`` to others, given by what they are called."""
    origin = network.point(a).astype(np.float64)
    directions = np.stack([network.point(point).astype(np.float64) - origin for point in others.values()])
    names = tuple(f"from a to {name}" for name in others)
    return Plane(origin, directions, names, tuple(f"way {name}" for name in names), {"kind": kind})


def independent(directions: Directions) -> Directions:
    """Refuse directions that span less than their number: zero ones and parallel ones."""
    lengths = np.linalg.norm(directions, axis=1)
    for number, length in enumerate(lengths, start=1):
        if not length:
            raise InvalidValue(f"direction {number} is zero; give directions that lead somewhere")
    # By hand: BLAS would leave its threads spinning beside the evaluation that follows.
    basis: list[np.ndarray] = []
    for unit in directions / lengths[:, None]:
        for other in basis:
            unit = unit - np.sum(unit * other) * other
        sine = np.sqrt(np.sum(unit * unit))
        if sine < NEAREST:
            raise InvalidValue(
                f"{len(directions)} directions are parallel, or lie in less than {len(directions)} dimensions; "
                "give others, another seed, or count = 1"
            )
        basis.append(unit / sine)
    return directions


def signed(directions: Directions) -> Directions:
    """Turn directions so that the component of largest size is positive, the first of them where several are."""
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return directions * np.where(largest < 0, -1.0, 1.0)


def counted(network: Network, count: int, most: int | None = 2) -> int:
    """Check a number of directions against what is allowed and against how many parameters there are."""
    size = network.position.size
    return whole("count", count, at_least=1, at_most=size if most is None else min(most, size))


def _drawn(network: Network, count: int, seed: int) -> Directions:
    counted(network, count)
    whole("seed", seed, at_least=0)
    return np.stack([draw(network.leaves, seed=seed, number=number) for number in range(count)])


def _random(
    kind: str, network: Network, directions: Directions, *, seed: int, at: ArrayLike | None, unit: str = DISTANCE
) -> Plane:
    names = tuple(f"random direction {number}" for number in range(1, len(directions) + 1))
    origin, units = network.point(at).astype(np.float64), (unit,) * len(directions)
    return Plane(origin, independent(directions), names, units, {"kind": kind, "seed": seed})


def _filtered(leaf: Leaf) -> bool:
    return leaf.kind == "weight" and len(leaf.shape) >= 2


def _scaled(leaf: Leaf, drawn: Float[np.ndarray, " size"], own: Float[np.ndarray, " size"]) -> np.ndarray:
    """Scale what was drawn for one leaf to the norms of its filters."""
    if not _filtered(leaf):
        return np.zeros(leaf.size)
    rest = leaf.order[1:]
    values, weights = drawn.reshape(leaf.shape), own.reshape(leaf.shape)
    lengths, norms = (np.sqrt(np.sum(array**2, axis=rest, keepdims=True)) for array in (values, weights))
    return (values * (norms / np.where(lengths, lengths, 1))).ravel()
