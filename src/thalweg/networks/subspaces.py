"""The verb ``subspace``: a network that moves along few random directions alone."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.room import check_room
from thalweg.geometry.draws import draw
from thalweg.geometry.network import Network
from thalweg.geometry.restriction import spanned


@public
def subspace(network: Network, size: int, *, seed: int = 0) -> Network:
    """Let a network move along few random directions alone, from where it stands.

    The parameters are ``position + z B`` with ``size`` orthonormal random directions, the rows of ``B``; their
    coordinates ``z`` are the network's new flat vector, zero at first, in parameter distances. What comes out is a
    network: train ``z`` by its gradient, slice or bend it. The smallest size in which training from random parameters
    comes near to the loss of all parameters is what the source calls the intrinsic dimension.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`
    size : how many directions, from 1 to as many as there are parameters
    seed : of the draw; the same seed gives the same directions in every framework, and those of a smaller size first

    Returns
    -------
    Network
        Of one parameter array, ``"subspace"``, with ``size`` numbers; ``subspace`` and ``subspace_seed`` in its facts.
        What layers gathered in training stays as it is.

    Raises
    ------
    InvalidValue
        If size or seed are out of range, or the directions do not fit into memory.

    References
    ----------
    C. Li, H. Farkhoor, R. Liu, J. Yosinski, "Measuring the intrinsic dimension of objective landscapes", ICLR 2018,
    arXiv:1804.08838. (Their directions are random columns of length one, not made orthogonal.)

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> hill = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> line = tw.networks.subspace(hill, 1, seed=3)
    >>> line.value([0.0]) == hill.value()
    True
    >>> line.gradient()[1].shape
    (1,)
    """
    moving = sum(leaf.size for leaf in network.leaves if leaf.kind != "statistic")
    size = whole("size", size, at_least=1, at_most=moving)
    whole("seed", seed, at_least=0)
    check_room(f"{size} directions take", 3.0 * 8 * size * network.position.size, "give a smaller size")
    facts = {"parameters": size, "subspace": size, "subspace_seed": seed}
    return spanned(network, _basis(network, size, seed), facts)


def _basis(network: Network, size: int, seed: int) -> Float[np.ndarray, "size param"]:
    """Draw directions and make them orthonormal, in 64 bits; each loses its part along those before it."""
    drawn = np.stack([draw(network.leaves, seed=seed, number=number) for number in range(size)], axis=1)
    basis, triangle = np.linalg.qr(drawn)
    basis *= np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return np.ascontiguousarray(basis.T, dtype=network.position.dtype)
