"""Which arrays of a pytree are parameters: all floating ones, and of Flax those that it trains.

Flax keeps in one tree what is trained and what is not. A ``TrainState`` has parameters beside the optimiser's state; a
module of ``nnx`` has variables of several types, of which only ``Param`` is trained; variables of ``linen`` are a
dictionary of collections, of which only ``params`` is. The rest is held fixed. Equinox and Haiku keep state apart.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from thalweg.base.errors import InvalidValue

COLLECTIONS = ("batch_stats", "cache", "intermediates", "losses", "metrics", "perturbations", "spectral_stats", "stats")
"""Collections of variables that linen's own layers and guides use beside ``params``."""


def is_array(leaf: Any) -> bool:
    """Tell an array of JAX or NumPy."""
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)


def trained(model: Any) -> list[bool]:
    """Tell for each leaf of a pytree whether it is a parameter.

    Raises
    ------
    InvalidValue
        If a dictionary has ``params`` beside what may be parameters too.
    """
    floating = [is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.inexact) for leaf in jax.tree.leaves(model)]
    taken = _of_variables(model) or _of_state(model) or _of_collections(model) or [True] * len(floating)
    return [one and other for one, other in zip(floating, taken, strict=True)]


def _of_state(model: Any) -> list[bool] | None:
    """Take the ``params`` of a ``TrainState`` or what is derived from it."""
    return _within(model, "params") if any(home.__name__ == "TrainState" for home in type(model).__mro__) else None


def _of_collections(model: Any) -> list[bool] | None:
    """Take the ``params`` of variables of linen."""
    if not isinstance(model, Mapping) or hasattr(model, "dims") or "params" not in model or len(model) == 1:
        return None
    for name in model:
        if name not in ("params", *COLLECTIONS) and any(map(is_array, jax.tree.leaves(model[name]))):
            raise InvalidValue(
                f"the model has {name!r} beside 'params', and it cannot be told whether that is trained; give what is "
                "trained alone, and the rest among the data or inside the loss"
            )
    return _within(model, "params")


def _within(model: Any, name: str) -> list[bool]:
    paths = [path[0] for path, _ in jax.tree_util.tree_flatten_with_path(model)[0]]
    return [name in (getattr(key, "key", None), getattr(key, "name", None)) for key in paths]


def _of_variables(model: Any) -> list[bool] | None:
    """Take the variables of type ``Param`` of a module or a state of nnx."""
    nnx = sys.modules.get("flax.nnx")
    if nnx is None:
        return None
    ends = jax.tree.leaves(model, is_leaf=lambda part: isinstance(part, nnx.Variable))
    if not any(isinstance(end, nnx.Variable) for end in ends):
        return None
    return [isinstance(end, nnx.Param) for end in ends for _ in jax.tree.leaves(end)]
