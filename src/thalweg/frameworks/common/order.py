"""Which comes first in a loss, outputs or targets: in Keras targets do, in PyTorch and optax outputs.

A loss of the one kind called in the order of the other gives a number, and a wrong one. So the order is read off the
library that a loss is from, or off the names of its arguments. Where neither tells, both orders are tried: a loss that
is the same in both needs none, and one that fails in the other is called in the one that is left. Anything else is
refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.steps import argument_names
from thalweg.frameworks.common.tensors import read

First = Literal["outputs", "targets"]

LIBRARIES: dict[str, First] = {"keras": "targets", "tf_keras": "targets", "torch": "outputs", "optax": "outputs"}
"""Whose losses have what first; a class that is derived from one of theirs is called as they are."""

OUTPUTS = {
    "o",
    "p",
    "output",
    "outputs",
    "out",
    "pred",
    "preds",
    "predicted",
    "prediction",
    "predictions",
    "hat",
    "yhat",
}
OUTPUTS |= {"logit", "logits", "input", "inputs", "score", "scores", "probs", "estimate", "estimates", "guess"}
TARGETS = {"t", "target", "targets", "true", "truth", "label", "labels", "gold", "expected", "observed", "wanted"}


def arranged(
    loss: Callable[..., Any], documented: First, sample: Callable[[], tuple[Any, Any]] | None = None
) -> Callable[[Any, Any], Any]:
    """Make a function ``(outputs, targets)`` of a loss.

    Parameters
    ----------
    documented : the order that is taken where it makes no difference
    sample : gives outputs and targets to try the loss on, where nothing else tells the order; by default it is tried on
        the first ones that it is called with

    Raises
    ------
    InvalidValue
        If the order matters and cannot be known.
    """
    first = first_of(loss)
    tried = first is not None
    if not tried and sample is not None:
        _check_either(loss, documented, *sample())
        tried = True

    def called(outputs: Any, targets: Any) -> Any:
        nonlocal tried
        if not tried:
            _check_either(loss, documented, outputs, targets)
            tried = True
        return loss(outputs, targets) if (first or documented) == "outputs" else loss(targets, outputs)

    return called


def first_of(loss: Any) -> First | None:
    """Tell what a loss takes first; None where neither its library nor the names of its arguments tell."""
    while isinstance(loss, partial):
        loss = loss.func
    first, second = ([*map(_role, argument_names(getattr(loss, "forward", loss))), None, None])[:2]
    if first is not None and first != second:
        return first
    if second is not None and first is None:
        return "targets" if second == "outputs" else "outputs"
    known: list[First] = [
        LIBRARIES[root] for root in {name.partition(".")[0] for name in _homes(loss)} & set(LIBRARIES)
    ]
    return known[0] if len(known) == 1 else None


def _homes(loss: Any) -> list[str]:
    """Name the modules that a loss is from: a function's, or those of a class and of what it is derived from.

    That a class is a module of PyTorch says nothing: its ``forward`` may have any order.
    """
    if hasattr(loss, "__name__"):
        return [str(getattr(loss, "__module__", ""))]
    return [kind.__module__ for kind in type(loss).__mro__ if kind.__module__ != "torch.nn.modules.module"]


def _role(name: str) -> First | None:
    words = set(name.lower().split("_"))
    outputs, targets = bool(words & OUTPUTS), bool(words & TARGETS)
    return None if outputs == targets else "outputs" if outputs else "targets"


def _check_either(loss: Callable[..., Any], documented: First, outputs: Any, targets: Any) -> None:
    """Refuse a loss that gives another number in the other order."""
    try:
        forth, back = (float(np.mean(read(value))) for value in (loss(outputs, targets), loss(targets, outputs)))
    except Exception:  # one order fails, or both do, and then computing the loss says so
        return
    if not np.isclose(forth, back, rtol=1e-5, atol=0, equal_nan=True):
        other = "(targets, outputs)" if documented == "outputs" else "(outputs, targets)"
        mine = "(outputs, targets)" if documented == "outputs" else "(targets, outputs)"
        raise InvalidValue(
            f"the loss is {forth:.6g} as loss(outputs, targets) and {back:.6g} as loss(targets, outputs), and the "
            f"names of its arguments {argument_names(loss)} do not tell which is right; call them {mine} or {other}, "
            "or give step(model, batch)"
        )
