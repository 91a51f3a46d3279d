"""The verb ``align``: the hidden units of one checkpoint in the order of another's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.geometry import permutations
from thalweg.geometry.network import Flat, Network
from thalweg.geometry.permutations import Groups
from thalweg.store.attributes import storable
from thalweg.store.versions import versions


@public
def align(
    network: Network,
    a: ArrayLike | None,
    b: ArrayLike | None,
    *,
    groups: Sequence[Mapping[str, int]] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Put the hidden units of one checkpoint into the order that is nearest to another's, by matching weights.

    Networks trained apart have their units in different orders, and a straight line between them leads over a barrier
    for that alone. Permuted, a network computes the same; the line from there shows what is left of the barrier (Git
    Re-Basin, Ainsworth et al.). Layer by layer the best order is found by linear assignment, until none gets better.

    Chains of dense and convolution layers are found, with biases, normalisation and what it gathered. That permuted
    units leave the network as it was is tried at both checkpoints: loss and gradient must go along. What they do not,
    such as shortcuts, attention or grouped channels, is refused; there groups may be given.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`
    a : (param,), the checkpoint whose units are permuted; None is the network's own parameters
    b : (param,), the checkpoint that it shall be near to, likewise
    groups : of units that are permuted together, each ``{array: axis}`` of where they lie; found by default. Names are
        those of :attr:`Network.parts`
    seed : of the order in which layers are matched, and of what is tried

    Returns
    -------
    xarray.Dataset
        =============== =========== ================= ==========================================================
        variable        dims        unit              meaning
        =============== =========== ================= ==========================================================
        ``params``      param       of the parameters a with its units in their new places; its numbers are a's
        ``permutation`` group, unit                   which unit of a is at each place; -1 where a group has fewer
        ``group``       group                         coordinate: the array that makes the units, or its number
        =============== =========== ================= ==========================================================

        In attributes ``distance``, of the permuted a from b, ``distance_before``, both parameter distances; ``loss_at``
        the permuted point, ``sweeps`` over all layers, ``seed``; the network's facts and versions.

    Raises
    ------
    InvalidValue
        If a point is not of this network, its architecture cannot be told, or permuted units change what it computes.
    UnknownName
        If groups name an array that is not there.

    References
    ----------
    S. K. Ainsworth, J. Hayase, S. Srinivasa, "Git Re-Basin: Merging models modulo permutation symmetries", ICLR 2023,
    arXiv:2209.04836.

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> params, apply = tw.examples.mlp("jax", (4, 5, 1))
    >>> x, y = np.random.default_rng(0).standard_normal((2, 8, 4)).astype(np.float32)
    >>> network = tw.networks.wrap(params, lambda p, x, y: ((apply(p, x) - y[:, :1]) ** 2).mean(), (x, y))
    >>> shuffled = network.position.copy()
    >>> shuffled[:5] = shuffled[[4, 2, 0, 1, 3]]  # the first layer's biases
    >>> shuffled[5:25] = shuffled[5:25].reshape(4, 5)[:, [4, 2, 0, 1, 3]].ravel()  # its weights (input, unit)
    >>> shuffled[26:] = shuffled[26:][[4, 2, 0, 1, 3]]  # and those of the next that read them
    >>> aligned = tw.networks.align(network, shuffled, None)
    >>> aligned["permutation"].values.tolist(), aligned.attrs["distance"]
    ([[2, 3, 1, 4, 0]], 0.0)
    """
    whole("seed", seed, at_least=0)
    start, end = network.point(a), network.point(b)
    found = _groups(network, (start, end), groups, seed)
    orders, sweeps = permutations.matched(network, start, end, found, seed)
    nearest = permutations.permuted(network, start, found, orders)
    most = max(group.units for group in found)
    table = np.stack([np.pad(order, (0, most - len(order)), constant_values=-1) for order in orders])
    return xr.Dataset(
        {"params": ("param", nearest), "permutation": (("group", "unit"), table)},
        coords={"group": [group.name for group in found]},
        attrs={
            **storable(network.facts),
            "distance": _distance(network, nearest, end),
            "distance_before": _distance(network, start, end),
            "loss_at": network.value(nearest),
            "sweeps": sweeps,
            "seed": seed,
            **versions("thalweg", "numpy", "scipy"),
        },
    )


def _groups(
    network: Network, points: tuple[Flat, Flat], given: Sequence[Mapping[str, int]] | None, seed: int
) -> Groups:
    """Find groups of units, or read them, and try whether they are any."""
    against = ""
    for apart in (False, True):
        if given is None:
            found = permutations.groups_of(network.leaves, apart=apart)
        else:
            found = permutations.groups_given(network.leaves, given, apart=apart)
        against = permutations.check(network, found, points, seed)
        if not against:
            return found
    raise InvalidValue(
        f"permuting hidden units changes what this network computes: {against}; {permutations.OTHERWISE}"
    )


def _distance(network: Network, one: Flat, other: Flat) -> float:
    trained = network.trained
    return float(np.linalg.norm(one[:trained].astype(np.float64) - other[:trained]))
