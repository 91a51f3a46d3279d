"""Permutations of hidden units: where the units of a network lie in its arrays, and which order is nearest to another.

Units of a hidden layer may change places, if all that belongs to them goes along: their filters, biases, scales and
what normalisation gathered, and the columns of the next layer that read them. The network computes the same. A *group*
lists the axes of arrays along which the same units lie.

**Finding groups.** A chain of dense and convolution layers is assumed: weights in the order of the flat vector, each
reading what the one before gives. A vector belongs to the weight that has its prefix in its name (``0.bias`` to
``0.weight``), or to the last weight before it. Where pictures are flattened a unit has several columns, one behind the
other (channels first) or apart (channels last). None of this can be known from arrays alone, so it is not believed:
units are permuted at random, and loss and gradient must go along (:func:`check`). With a shortcut, a depthwise kernel,
attention or groups of channels they do not, and these are refused. The gradient is asked because the loss does not tell
whether biases that are still zero belong where they are thought to.

**Matching weights** (Ainsworth et al., algorithm 1). Of all orders the one with the largest inner product with another
point is sought, layer by layer: for one layer, the others held, that is a linear assignment, which is solved exactly.
Sweeps over the layers in random order end where no layer can be improved; the inner product only grows, and so it ends,
in a local optimum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.base.showing import shown
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Flat, Network

SWEEPS = 1000
"""Over all groups, at most."""

GAIN = 1e-12
"""An inner product that grows by less, as a share of the lengths of both points, is taken for rounding."""

OTHERWISE = (
    "give groups of your own, a list of {array: axis} along which the same units lie, or align networks that are plain "
    "chains of dense and convolution layers"
)


class Place(NamedTuple):
    """Where units lie in an array.

    Attributes
    ----------
    leaf : the array's number
    axis : along which they lie
    apart : whether the numbers of one unit lie apart, where it has several: channels last in a flattened picture
    """

    leaf: int
    axis: int
    apart: bool


class Group(NamedTuple):
    """The units of one hidden layer: how many, and where they lie."""

    name: str
    units: int
    places: tuple[Place, ...]


Groups = tuple[Group, ...]
Orders = list[np.ndarray]
"""Of each group which unit comes to each place."""


def groups_of(leaves: Sequence[Leaf], *, apart: bool) -> Groups:
    """Find the hidden units of a chain.

    Raises
    ------
    InvalidValue
        If the arrays are not those of a chain.
    """
    weights = [k for k, leaf in enumerate(leaves) if leaf.kind == "weight" and len(leaf.shape) > 1]
    for k in weights:
        if leaves[k].outputs != 1 or leaves[k].split or not leaves[k].known:
            raise InvalidValue(f"hidden units cannot be told in {leaves[k].name!r} of {leaves[k].shape}; {OTHERWISE}")
    if len(weights) < 2:
        raise InvalidValue(
            f"of weights between layers there are {len(weights)}, so no hidden units; give a deeper network"
        )
    owners = _owners(leaves, weights)
    groups = []
    for number, (here, following) in enumerate(pairwise(weights)):
        units = leaves[here].shape[leaves[here].order[0]]
        reading = leaves[following].order[1]
        places = [Place(here, leaves[here].order[0], apart), Place(following, reading, apart)]
        places += [Place(k, 0, apart) for k, owner in owners.items() if owner == number and leaves[k].size != 1]
        for place in places:
            _check_units(leaves[place.leaf], place.axis, units, leaves[here].name)
        groups.append(Group(leaves[here].name, units, tuple(places)))
    return tuple(groups)


def _check_units(leaf: Leaf, axis: int, units: int, owner: str) -> None:
    if len(leaf.shape) <= axis or leaf.shape[axis] % units:
        raise InvalidValue(
            f"{leaf.name!r} of shape {leaf.shape} does not follow {owner!r} with its {units} units; {OTHERWISE}"
        )


def _owners(leaves: Sequence[Leaf], weights: Sequence[int]) -> dict[int, int]:
    """Find which weight each other array belongs to, by its number among weights; -1 before the first."""
    prefixes = [_prefix(leaves[k].name) for k in weights]
    owners: dict[int, int] = {}
    named: dict[str, int] = {}
    for k, leaf in enumerate(leaves):
        if k in weights:
            continue
        prefix = _prefix(leaf.name)
        if prefix and prefixes.count(prefix) == 1:
            owners[k] = prefixes.index(prefix)
        elif prefix and prefix in named:  # what a normalisation layer gathered lies behind all parameters
            owners[k] = named[prefix]
        else:
            owners[k] = sum(weight < k for weight in weights) - 1
        named[prefix] = owners[k]
    return owners


def _prefix(name: str) -> str:
    return name[: max(name.rfind("/"), name.rfind("."), 0)]


def groups_given(leaves: Sequence[Leaf], given: Sequence[Mapping[str, int]], *, apart: bool) -> Groups:
    """Read groups that a user wrote: of each the axes of named arrays.

    Raises
    ------
    InvalidValue
        If an array has no such axis, or sizes do not fit.
    UnknownName
        If there is no such array.
    """
    names = [leaf.name for leaf in leaves]
    groups = []
    for number, axes in enumerate(given):
        if not axes:
            raise InvalidValue(f"groups[{number}] is empty; give {{array: axis}} along which the same units lie")
        for name, axis in axes.items():
            if name not in names:
                raise UnknownName.of("parameter array", name, names)
            count = len(leaves[names.index(name)].shape)
            if not -count <= axis < count:
                raise InvalidValue(f"groups[{number}] has axis {shown(axis)} of {name!r}, which has {count} axes")
        sizes = {name: leaves[names.index(name)].shape[axis] for name, axis in axes.items()}
        first = min(sizes, key=lambda name: sizes[name])
        found = [(leaves[names.index(name)], names.index(name), axis) for name, axis in axes.items()]
        places = tuple(Place(k, axis % len(leaf.shape), apart) for leaf, k, axis in found)
        for leaf, _, axis in found:
            _check_units(leaf, axis % len(leaf.shape), sizes[first], first)
        groups.append(Group(f"{number}", sizes[first], places))
    if not groups:
        raise InvalidValue("groups = [] is empty; give one at least, or leave it out")
    return tuple(groups)


def permuted(network: Network, point: Flat, groups: Groups, orders: Orders) -> Flat:
    """Put units into another order: place ``i`` of a group gets the unit ``order[i]``."""
    result = point.copy()
    for group, order in zip(groups, orders, strict=True):
        for place in group.places:
            leaf, span = network.leaves[place.leaf], network.spans[place.leaf]
            values = result[span].reshape(leaf.shape)
            index = _index(order, leaf.shape[place.axis], apart=place.apart)
            result[span] = np.take(values, index, axis=place.axis).ravel()
    return result


def _index(order: np.ndarray, size: int, *, apart: bool) -> np.ndarray:
    """Number the columns of an axis on which each unit has one or several."""
    units = len(order)
    columns = np.arange(size).reshape((-1, units) if apart else (units, -1))
    return (columns[:, order] if apart else columns[order]).ravel()


def check(network: Network, groups: Groups, points: Sequence[Flat], seed: int) -> str:
    """Tell what speaks against groups, in words; nothing where loss and gradient go along with permutations."""
    source, eps = np.random.default_rng([seed, 1]), float(np.finfo(network.dtype).eps)
    trained = network.trained
    for point in points:
        orders = [source.permutation(group.units) for group in groups]
        other = permuted(network, point, groups, orders)
        (loss, slope), (there, moved) = network.gradient(point), network.gradient(other)
        if not (np.isfinite(loss) and np.isfinite(slope).all()):
            raise InvalidValue("the loss or its gradient is not finite at a checkpoint; give others")
        wanted = permuted(network, slope, groups, orders)[:trained].astype(np.float64)
        # Half of the digits: rounding takes fewer, and what is no symmetry changes the first.
        if abs(there - loss) > eps**0.5 * max(abs(loss), abs(there)):
            return f"the loss changes from {loss:.6g} to {there:.6g}"
        away, length = float(np.linalg.norm(moved[:trained] - wanted)), float(np.linalg.norm(wanted))
        if away > eps**0.5 * length:
            return f"the gradient, of length {length:.3g}, goes elsewhere by {away:.3g}"
    return ""


def matched(network: Network, a: Flat, b: Flat, groups: Groups, seed: int) -> tuple[Orders, int]:
    """Find the order of the units of ``a`` that is nearest to ``b``, and how many sweeps that took.

    References
    ----------
    S. K. Ainsworth, J. Hayase, S. Srinivasa, "Git Re-Basin: Merging models modulo permutation symmetries", ICLR 2023,
    arXiv:2209.04836.
    """
    source = np.random.default_rng([seed, 0])
    orders = [np.arange(group.units) for group in groups]
    trained = network.trained
    least = GAIN * float(np.linalg.norm(a[:trained]) * np.linalg.norm(b[:trained]))
    for sweep in range(1, SWEEPS + 1):
        grown = False
        for k in source.permutation(len(groups)):
            held = [np.arange(len(order)) if k == n else order for n, order in enumerate(orders)]
            now = permuted(network, a, groups, held)
            likeness = np.zeros((groups[k].units, groups[k].units))
            for theirs, ours in zip(_rows(network, b, groups[k]), _rows(network, now, groups[k]), strict=True):
                likeness += theirs @ ours.T
            best = linear_sum_assignment(likeness, maximize=True)[1]
            places = np.arange(len(best))
            if likeness[places, best].sum() > likeness[places, orders[k]].sum() + least:
                orders[k], grown = best, True
        if not grown:
            return orders, sweep
    return orders, SWEEPS


def _rows(network: Network, point: Flat, group: Group) -> Iterator[Float[np.ndarray, "unit number"]]:
    """Give what belongs to each unit, array by array; statistics are no parameters."""
    for place in group.places:
        leaf = network.leaves[place.leaf]
        if leaf.kind == "statistic":
            continue
        values = np.moveaxis(point[network.spans[place.leaf]].reshape(leaf.shape), place.axis, 0).astype(np.float64)
        if place.apart:
            values = np.moveaxis(values.reshape(-1, group.units, *values.shape[1:]), 1, 0)
        yield values.reshape(group.units, -1)
