"""What the arrays of a pytree are: parameters, what layers gathered in training, or fixed.

All floating arrays are parameters, unless the pytree tells otherwise. Flax keeps in one tree what is trained and what
is not: a ``TrainState`` has parameters beside the optimiser's state; a module of ``nnx`` has variables of several
types, of which only ``Param`` is trained and ``BatchStat`` gathered; variables of ``linen`` are a dictionary of
collections. Equinox and Haiku give a state beside the model, ``(model, state)``. What is none of these and might be
trained or not is asked for: it is never moved in silence.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from thalweg.base.errors import InvalidValue

Part = Literal["trained", "gathered", "fixed"]
"""What an array is."""

GATHERED = ("batch_stats", "spectral_stats", "stats")
"""Collections of variables in which linen's layers gather numbers."""

COLLECTIONS = (*GATHERED, "cache", "intermediates", "losses", "metrics", "perturbations")
"""Collections of variables that linen's own layers and guides use beside ``params``."""

AVERAGE = {"counter", "hidden", "average"}
"""What Haiku's moving averages, of which its normalisation is made, keep as their state."""


def is_array(leaf: Any) -> bool:
    """Tell an array of JAX or NumPy."""
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)


def parts_of(model: Any) -> list[Part]:
    """Tell for each leaf of a pytree what it is.

    Raises
    ------
    InvalidValue
        If it holds what may be trained or not, or the state of an optimiser.
    """
    leaves = jax.tree.leaves(model)
    taken = _of_variables(model) or _of_names(model) or _of_pair(model) or _of_others(model)
    return [kind if _is_floating(leaf) else "fixed" for leaf, kind in zip(leaves, taken, strict=True)]


def _is_floating(leaf: Any) -> bool:
    return is_array(leaf) and bool(jnp.issubdtype(leaf.dtype, jnp.inexact))


def _each(part: Any, kind: Part) -> list[Part]:
    return [kind] * len(jax.tree.leaves(part))


def _of_variables(model: Any) -> list[Part] | None:
    """Sort the variables of a module or a state of nnx by their types."""
    nnx = sys.modules.get("flax.nnx")
    if nnx is None:
        return None
    ends = jax.tree.leaves(model, is_leaf=lambda part: isinstance(part, nnx.Variable))
    if not any(isinstance(end, nnx.Variable) for end in ends):
        return None

    def kind(end: Any) -> Part:
        return "trained" if isinstance(end, nnx.Param) else "gathered" if isinstance(end, nnx.BatchStat) else "fixed"

    return [one for end in ends for one in _each(end, kind(end))]


def _of_names(model: Any) -> list[Part] | None:
    """Sort what stands beside ``params``: in variables of linen, in a ``TrainState``, in what is made like these."""
    names = _names(model)
    if "params" not in names or len(names) == 1:
        return None
    state = any(home.__name__ == "TrainState" for home in type(model).__mro__)
    paths = [path[0] for path, _ in jax.tree_util.tree_flatten_with_path(model)[0]]

    def kind(name: str) -> Part:
        if name == "params":
            return "trained"
        if name in GATHERED or _is_average(names[name]):
            return "gathered"
        if name not in COLLECTIONS and not state and any(map(_is_floating, jax.tree.leaves(names[name]))):
            raise InvalidValue(
                f"the model has {name!r} beside 'params', and it cannot be told whether that is trained; give what is "
                "trained alone, and the rest among the data or inside the loss"
            )
        return "fixed"

    kinds: dict[str, Part] = {name: kind(name) for name in names}
    own = [str(getattr(key, "key", getattr(key, "name", ""))) for key in paths]
    if not {*own} <= {*kinds}:
        raise InvalidValue(
            f"{type(model).__name__} does not tell which of its arrays are its 'params'; give these alone"
        )
    return [kinds[name] for name in own]


def _names(model: Any) -> dict[str, Any]:
    """Name what a dictionary, a named tuple or a dataclass has; nothing else has names."""
    if isinstance(model, Mapping) and not hasattr(model, "dims"):
        return {str(name): model[name] for name in model}
    if isinstance(model, tuple) and hasattr(model, "_fields"):
        return dict(zip(model._fields, model, strict=True))  # pyright: ignore[reportAttributeAccessIssue]
    equinox = sys.modules.get("equinox")  # whose modules are dataclasses of what is trained
    if is_dataclass(model) and not (equinox is not None and isinstance(model, equinox.Module)):
        return {one.name: getattr(model, one.name) for one in fields(model)}
    return {}


def _of_pair(model: Any) -> list[Part] | None:
    """Sort Haiku's ``(params, state)``: both are dictionaries of modules, each of arrays."""
    if "haiku" not in sys.modules or type(model) not in (tuple, list) or len(model) != 2:
        return None
    params, state = model
    if not (_of_modules(params) and _of_modules(state)):
        return None
    if not _is_average(state):
        raise InvalidValue(
            "the model is a pair of dictionaries, as Haiku's (params, state), and it cannot be told whether the second "
            "is trained; if not, give params alone and the state among the data, wrap(params, loss, (state, x, y)); if "
            "it is, give a dictionary of both, {'first': …, 'second': …}"
        )
    return _each(params, "trained") + _each(state, "gathered")


def _of_modules(part: Any) -> bool:
    inner = list(part.values()) if isinstance(part, Mapping) else []
    return bool(inner) and all(isinstance(one, Mapping) and all(map(is_array, one.values())) for one in inner)


def _is_average(part: Any) -> bool:
    return _of_modules(part) and all(set(one) == AVERAGE for one in part.values())


def _of_others(model: Any) -> list[Part]:
    """Take all for parameters but a state of Equinox and what it begins with; refuse that of an optimiser."""
    equinox = sys.modules.get("equinox")
    state: Any = equinox.nn.State if equinox is not None else ()
    index: Any = equinox.nn.StateIndex if equinox is not None else ()

    def of_optimiser(part: Any) -> bool:
        return type(part).__module__.partition(".")[0] == "optax"

    def kind(end: Any) -> Part:
        return "gathered" if isinstance(end, state) else "fixed" if isinstance(end, index) else "trained"

    ends = jax.tree.leaves(model, is_leaf=lambda part: kind(part) != "trained" or of_optimiser(part))
    for end in ends:
        if of_optimiser(end) and any(map(_is_floating, jax.tree.leaves(end))):
            raise InvalidValue(
                f"the model holds {type(end).__name__}, the state of an optimiser, which is not trained; give the "
                "parameters alone"
            )
    return [one for end in ends for one in _each(end, kind(end))]
