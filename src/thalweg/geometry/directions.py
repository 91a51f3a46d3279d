"""Lines and planes through a network's parameters: random ones, and those that checkpoints span.

A slice's shape depends on how its directions were scaled; every plane says so in its units and facts.

The file is long because every kind of direction states its units, source and example; the functions are short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from thalweg.base.arrays import numbers
from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.room import check_room
from thalweg.geometry.draws import Change, draw, in_common
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane

Directions = Float[np.ndarray, "axis param"]

NEAREST = 1e-7
"""Sine of the angle between two directions at least: below it, 32 bits cannot tell the coordinates apart."""

BLOCK = 2**16
"""Numbers of each direction that are worked on at a time, in 64 bits."""

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
    orthonormalise(drawn)
    return _random("orthonormal", network, drawn, seed=seed, at=at)


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
        or the network has no filters other than zero, or an array of which it is not known whether it has any.

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
    origin = network.point(at)
    for leaf in network.leaves:
        if not leaf.known:
            raise InvalidValue(
                f"what {leaf.name!r} of shape {leaf.shape} is cannot be told; say it with network.with_roles("
                f"{{{leaf.name!r}: …}}): the axis along which its filters lie, or 'bias' or 'norm'"
            )
    if not any(
        _filtered(leaf) and origin[span].any() for leaf, span in zip(network.leaves, network.spans, strict=True)
    ):
        raise InvalidValue(
            "the network has no filters other than zero, so nothing can be scaled to them; take orthonormal directions"
        )

    def scaled(leaf: Leaf, span: slice, rows: slice, drawn: np.ndarray) -> np.ndarray:
        if not _filtered(leaf):
            return np.zeros(drawn.shape)
        rest = tuple(range(leaf.outputs, drawn.ndim))
        own = in_common(leaf, origin[span])[rows].astype(np.float64)
        lengths, norms = (np.sqrt(np.sum(array**2, axis=rest, keepdims=True)) for array in (drawn, own))
        return drawn * (norms / np.where(lengths, lengths, 1))

    drawn = _drawn(network, count, seed, scaled)
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
        if shape not in (network.position.shape, (network.trained,)):
            raise InvalidValue(
                f"a direction of shape {shape} does not fit this network; give a flat vector of "
                f"{network.position.size} numbers"
            )
    rows = [padded(np.asarray(one, dtype=network.dtype)[None], network.position.size) for one in read]
    stacked = np.concatenate([np.empty((0, network.position.size), network.dtype), *rows])
    names = tuple(f"direction {number}" for number in range(1, len(stacked) + 1))
    units = tuple(f"{length:.3g} of {DISTANCE}" for length in np.sqrt(np.diag(products(stacked))))
    plane = Plane(network.point(at), stacked, names, units, {"kind": "given"})
    independent(plane.directions)
    return plane


def padded(directions: np.ndarray, size: int) -> np.ndarray:
    """Let directions of parameters alone leave the statistics behind them where they are: zeros up to a size."""
    return np.pad(directions, ((0, 0), (0, size - directions.shape[1])))


def ways(network: Network, a: ArrayLike | None, others: Mapping[str, ArrayLike | None], kind: str) -> Plane:
    """Lay the line or plane from a point ``a`` to others, given by what they are called."""
    origin = network.point(a)
    directions = np.stack([network.point(point) - origin for point in others.values()])
    names = tuple(f"from a to {name}" for name in others)
    return Plane(origin, directions, names, tuple(f"way {name}" for name in names), {"kind": kind})


def independent(directions: Directions) -> Directions:
    """Refuse directions that span less than their number: zero ones and parallel ones."""
    lengths = np.sqrt(np.diag(products(directions)))
    for number, length in enumerate(lengths, start=1):
        if not length:
            raise InvalidValue(f"direction {number} is zero; give directions that lead somewhere")
    # Gram's and Schmidt's method on what the basis is made of, so that no other vectors are held.
    basis: list[np.ndarray] = []
    for unit in np.diag(1 / lengths):
        for other in basis:
            unit = unit - _along(directions, unit, other) * other
        sine = np.sqrt(_along(directions, unit, unit))
        if sine < NEAREST:
            raise InvalidValue(
                f"{len(directions)} directions are parallel, or lie in less than {len(directions)} dimensions; "
                "give others, another seed, or count = 1"
            )
        basis.append(unit / sine)
    return directions


def orthonormalise(directions: Directions) -> None:
    """Make directions orthogonal and of length one in place, one after the other; the first keeps its course."""
    kind, units = directions.dtype.type, np.eye(len(directions))
    for number, direction in enumerate(directions):
        for _ in range(2):
            for before in range(number):
                direction -= kind(_along(directions, units[number], units[before])) * directions[before]
        direction /= kind(np.sqrt(_along(directions, units[number], units[number])))


def products(directions: Directions) -> np.ndarray:
    """Multiply directions with each other, (axis, axis), in 64 bits, some numbers at a time."""
    total = np.zeros((len(directions), len(directions)))
    for block in _blocks(directions):
        # By hand: BLAS would leave its threads spinning beside the evaluation that follows.
        total += [[np.sum(one * other) for other in block] for one in block]
    return total


def signed(directions: Directions) -> Directions:
    """Turn directions so that the component of largest size is positive, the first of them where several are."""
    for direction in directions:
        highest, lowest = int(direction.argmax()), int(direction.argmin())
        if (-direction[lowest], -lowest) > (direction[highest], -highest):
            np.negative(direction, out=direction)
    return directions


def _along(directions: Directions, one: np.ndarray, other: np.ndarray) -> float:
    """Multiply two vectors that are given by what they take of directions."""
    total = 0.0
    for block in _blocks(directions):
        mixed = [sum(part * row for part, row in zip(mix, block, strict=True) if part) for mix in (one, other)]
        total += float(np.sum(mixed[0] * mixed[1]))
    return total


def _blocks(directions: Directions) -> Iterator[Directions]:
    """Go through directions in 64 bits, some numbers of each at a time."""
    for first in range(0, directions.shape[1], BLOCK):
        yield directions[:, first : first + BLOCK].astype(np.float64, copy=False)


def counted(network: Network, count: int, most: int | None = 2) -> int:
    """Check a number of directions against what is allowed and against how many parameters there are."""
    size = network.trained
    return whole("count", count, at_least=1, at_most=size if most is None else min(most, size))


def _drawn(network: Network, count: int, seed: int, change: Change | None = None) -> Directions:
    counted(network, count)
    whole("seed", seed, at_least=0)
    size = network.position.size
    check_room(
        f"a slice along {count} direction{'s' * (count > 1)} of {size:,} parameters takes",
        (count + 1) * size * network.dtype.itemsize,  # one more, for the point
        "give count = 1, free memory, or let a part of them move, with tw.networks.restrict",
    )
    drawn = np.empty((count, size), network.dtype)
    for number, row in enumerate(drawn):
        draw(network.leaves, seed=seed, number=number, change=change, into=row)
    return drawn


def _random(
    kind: str, network: Network, directions: Directions, *, seed: int, at: ArrayLike | None, unit: str = DISTANCE
) -> Plane:
    names = tuple(f"random direction {number}" for number in range(1, len(directions) + 1))
    units = (unit,) * len(directions)
    return Plane(network.point(at), independent(directions), names, units, {"kind": kind, "seed": seed})


def _filtered(leaf: Leaf) -> bool:
    return leaf.kind == "weight" and len(leaf.axes) > leaf.outputs
