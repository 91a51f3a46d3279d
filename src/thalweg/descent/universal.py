"""Any optimiser of optax's, called in one way: with a flat vector of parameters, the loss and its gradient.

optax's optimisers agree on ``update(updates, state, params)`` and on little more. Some ask for further arguments by
name, and some refuse those that they do not know:

- the loss here (``value``), its gradient (``grad``), and the loss anywhere (``value_fn``), as line searches, Polyak's
  step and ``reduce_on_plateau`` do;
- the gradient anywhere (``grad_fn``), as ``sam`` in its opaque mode does, which takes no other name;
- the loss anywhere under another name (``obj_fn``), as ``sophia`` does.

What an optimiser takes cannot be read from outside where it is wrapped in others, so it is tried: first all, then
fewer. Names that are taken and not asked for change nothing.

``lookahead`` moves two sets of parameters, and takes and gives pairs of them. The fast ones, at which gradients are
taken, are the run's; the slow ones are kept in the state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import optax

from thalweg.base import hints

NAMES = ("value", "grad", "value_fn")
"""What most optimisers can be told beside updates, state and parameters."""

ELSEWHERE = ("grad_fn", "obj_fn")
"""What some ask for at points of their own; of mini-batches they would need the batch's, which is not given."""

TRIED = ((*NAMES, *ELSEWHERE), NAMES, ELSEWHERE, ELSEWHERE[:1], ELSEWHERE[1:], ())


class Pair(NamedTuple):
    """The state of an optimiser that moves two sets of parameters: its own, and the slow parameters."""

    state: Any
    slow: Any


def universal(optimizer: Any) -> optax.GradientTransformationExtraArgs:
    """Make an optimiser that can be given ``value``, ``grad`` and ``value_fn``, and takes of them what it can.

    Parameters
    ----------
    optimizer : any ``GradientTransformation``, or a ``MultiSteps``
    """
    made = optax.with_extra_args_support(plain(optimizer))

    def init(params: Any) -> Any:
        pair = optax.LookaheadParams.init_synced(params)
        return Pair(made.init(pair), params) if _looks_ahead(made, pair) else made.init(params)

    def update(updates: Any, state: Any, params: Any = None, **more: Any) -> tuple[Any, Any]:
        more = _with_functions(more)
        if not isinstance(state, Pair):
            return _told(made.update, (updates, state, params), more)
        pair = optax.LookaheadParams(fast=params, slow=state.slow)
        changes, inner = _told(made.update, (updates, state.state, pair), more)
        return changes.fast, Pair(inner, optax.apply_updates(state.slow, changes.slow))

    return optax.GradientTransformationExtraArgs(init, update)


def plain(optimizer: Any) -> optax.GradientTransformation:
    """Take the transformation out of a ``MultiSteps``, which is optax's only optimiser that is none itself."""
    return optimizer.gradient_transformation() if isinstance(optimizer, optax.MultiSteps) else optimizer


def _looks_ahead(optimizer: optax.GradientTransformation, pair: Any) -> bool:
    """Tell whether an optimiser is made for pairs; it is asked with one, since of anything else it warns in a log."""

    def is_one(part: Any) -> bool:
        return isinstance(part, optax.LookaheadState)

    try:
        state = hints.eval_shape(optimizer.init, pair)
    except Exception:  # an optimiser that is made for no pairs may raise anything
        return False
    return any(map(is_one, hints.parts(state, is_one)))


def _with_functions(more: Mapping[str, Any]) -> dict[str, Any]:
    """Add the gradient and the loss at other points, where the loss is all the data's."""
    more = dict(more)
    if more.pop("batch", False) or "value_fn" not in more:
        return more
    value = more["value_fn"]

    def gradient(params: Any, *step: Any) -> Any:
        return hints.grad(value)(params)

    return {**more, "grad_fn": gradient, "obj_fn": value}


def _told(update: Callable[..., Any], given: tuple[Any, ...], more: Mapping[str, Any]) -> Any:
    """Update, telling as much as is taken."""
    errors: list[Exception] = []
    for names in TRIED:
        try:
            return update(*given, **{name: more[name] for name in names if name in more})
        except (TypeError, ValueError) as error:
            errors.append(error)
    meant = (error for error in errors if "nexpected keyword" not in str(error))
    raise next(meant, errors[0])
