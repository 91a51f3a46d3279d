"""The state of an optimiser in the types that it keeps, so that a compiled loop over steps can carry it.

A loop carries arrays whose types never change. optax's states do change: in 64 bits a learning rate begins as a 32-bit
number and is a 64-bit one after the first update. So an update is traced and the state begins in the types that it has
afterwards: the same numbers, since all that is widened is what the optimiser began with.

Steps are counted in 64 bits by runs of 64 bits: from a 32-bit count optax's schedules make a 32-bit learning rate. A
count that some part of optax cannot have so, such as that of ``reduce_on_plateau``, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from thalweg.base import hints
from thalweg.descent.state import Tree

ROUNDS = 4
"""Updates after which types have come to rest, of all optimisers that are known; what still changes is cast back."""

Types = list[np.dtype]
"""Of the arrays of a state."""

Update = Callable[[Tree], Tree]
"""An update as a function of the state alone."""


def settled(update: Update, state: Tree, dtype: np.dtype) -> Tree:
    """Give a state before the first step the types that it keeps.

    Raises
    ------
    ValueError
        If the update gives a state of another form, which no loop can carry.
    """
    leaves, form = hints.tree_flatten(state)

    def after(types: Types) -> Types:
        given = [jax.ShapeDtypeStruct(leaf.shape, kind) for leaf, kind in zip(leaves, types, strict=True)]
        made, other = hints.tree_flatten(hints.eval_shape(update, hints.tree_unflatten(form, given)))
        if other != form or any(one.shape != leaf.shape for one, leaf in zip(made, leaves, strict=True)):
            raise ValueError("its update gives a state of another form than it was given")
        return [one.dtype for one in made]

    types = _at_rest(after, [leaf.dtype for leaf in leaves])
    if dtype == jnp.float64:
        types = _counting(after, types, [place for place, kind in enumerate(types) if kind == jnp.int32])
    return hints.tree_unflatten(form, [leaf.astype(kind) for leaf, kind in zip(leaves, types, strict=True)])


def alike(state: Tree, before: Tree) -> Tree:
    """Give a state the types of the one before it."""
    leaves, form = hints.tree_flatten(state)
    types = [leaf.dtype for leaf in hints.tree_flatten(before)[0]]
    return hints.tree_unflatten(form, [leaf.astype(kind) for leaf, kind in zip(leaves, types, strict=True)])


def _at_rest(after: Callable[[Types], Types], types: Types) -> Types:
    for _ in range(ROUNDS):
        changed = after(types)
        if changed == types:
            break
        types = changed
    return types


def _counting(after: Callable[[Types], Types], types: Types, counts: Sequence[int]) -> Types:
    """Count in 64 bits: at all places if that can be, else at those where it can."""

    def wider(types: Types, places: Sequence[int]) -> Types | None:
        wide = [np.dtype(np.int64) if place in places else kind for place, kind in enumerate(types)]
        try:
            rest = _at_rest(after, wide)
        except (TypeError, ValueError):  # branches and loops of unlike types
            return None
        return rest if all(rest[place] == np.int64 for place in places) else None

    if (everywhere := wider(types, counts)) is not None:
        return everywhere
    for place in counts:
        types = wider(types, [place]) or types
    return types
