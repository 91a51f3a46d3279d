"""The verb ``restrict``: some of a network's parameters, the others held."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thalweg.base.border import public
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Network
from thalweg.geometry.restriction import restricted


@public
def restrict(network: Network, to: str | Sequence[str] | Callable[[Leaf], bool]) -> Network:
    """Let some of a network's parameters move and hold all others where they are.

    What comes out is a network: slices of one layer, directions in it, the curvature of it alone need nothing else. The
    Hessian is the block that belongs to what moves.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`
    to : names of parameter arrays, as :attr:`Network.parts` shows them, with ``*`` for any letters, such as
        ``"encoder.*"`` or ``["*lora_A*", "*lora_B*"]``; or a function of an array (with ``name``, ``shape`` and
        ``kind``) that tells whether it moves

    Returns
    -------
    Network
        Its flat vector holds only what moves, in the same order; ``moved`` in its facts names it.

    Raises
    ------
    InvalidValue
        If a name fits no array, or nothing is chosen.

    Examples
    --------
    >>> import thalweg as tw
    >>> params, apply = tw.examples.mlp("jax", (4, 3, 1))
    >>> network = tw.networks.wrap(params, lambda p: apply(p, 1.0 + 0 * params[0]["w"].T).mean())
    >>> tw.networks.restrict(network, "1/*").parts["numbers"].to_dict()
    {'1/b': 1, '1/w': 3}
    >>> tw.networks.restrict(network, lambda array: array.kind == "weight").position.size
    15
    """
    return restricted(network, to)
