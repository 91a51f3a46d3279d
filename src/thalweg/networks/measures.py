"""Several measures of one model at the same points: other data, an accuracy, beside the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.geometry.network import Network
from thalweg.store.attributes import storable

LOSS = "loss"

TAKEN = ("x", "y", "t", "distance")
"""Names of coordinates, and of what else a dataset has."""

Networks = Network | Mapping[str, Network]
"""A network, or several of one model by the names of their variables, among which is ``loss``."""


def parted(network: Networks) -> tuple[Network, dict[str, Network]]:
    """Take the network of the loss, and the others by name.

    Raises
    ------
    InvalidValue
        If none is called loss, a name cannot be a variable's, or one is of another model.
    """
    if isinstance(network, Network):
        return network, {}
    if LOSS not in network:
        raise InvalidValue(
            f"network = {{{', '.join(map(shown, network))}}} has no 'loss', which the plane and all directions belong "
            "to; call one of them so"
        )
    others = {name: other for name, other in network.items() if name != LOSS}
    for name, other in others.items():
        if not name.isidentifier() or name in TAKEN:
            raise InvalidValue(
                f"a measure cannot be called {shown(name)}; give letters, digits and _, and none of {', '.join(TAKEN)}"
            )
        _check(network[LOSS], name, other)
    return network[LOSS], others


def _check(network: Network, name: str, other: Network) -> None:
    mine, theirs = ([(leaf.name, leaf.shape) for leaf in one.leaves] for one in (network, other))
    if mine != theirs or network.dtype != other.dtype:
        raise InvalidValue(
            f"network[{name!r}] has {other.position.size} parameters of {other.dtype} in {len(theirs)} arrays, that of "
            f"the loss {network.position.size} of {network.dtype} in {len(mine)}, or others of these names; wrap the "
            "same model with the same statistics"
        )


def described(other: Network, **more: Any) -> dict[str, Any]:
    """Say how a measure was made, for the attributes of its variable."""
    return storable({**other.facts, "measured": 1, **more})
