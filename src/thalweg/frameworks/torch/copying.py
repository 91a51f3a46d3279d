"""Copies of modules by their state, also where ``copy.deepcopy`` refuses them.

PyTorch copies no tensor that was computed with gradients, and such tensors lie in attributes after an ordinary
forward: the weight that ``torch.nn.utils.weight_norm`` or pruning make of others, activations kept to look at, a
hidden state. They are results, so a copy has their numbers without what they were computed from; what is a function of
the parameters is computed anew by the next forward. Locks are made anew.

Parameters that are moved are not copied at all: the replica gives them its own memory at once, and a second copy of a
large network would have been for nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.checks import reason
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.attributes import LOCKS, places, tensors, written


def copied(module: Any, moved: Iterable[Any]) -> Any:
    """Copy a module; gradients are left behind.

    Parameters
    ----------
    moved : parameters whose copies share their memory, which the caller replaces

    Raises
    ------
    InvalidValue
        If it cannot be copied.
    """
    # by identity, as copy.deepcopy asks: what is there already, or None
    memo: dict[int, Any] = {id(one): _anew(one) for one in tensors(module) if _is_result(one)}
    memo |= {id(one): type(one)(one.detach(), one.requires_grad) for one in moved if type(one) is torch.nn.Parameter}
    try:
        with torch.no_grad():  # scripted modules copy by operations
            return copy.deepcopy(module, memo)
    except Exception as error:  # a user's module may say how it is copied, and raise anything
        at = _culprit(module, memo)
        raise InvalidValue(
            f"the model cannot be copied: {reason(error)}{at}; give a module that copy.deepcopy copies"
        ) from error


def _is_result(one: Any) -> bool:
    """Tell what deepcopy refuses or would copy with a mode that has gone: what was computed, and locks."""
    return not isinstance(one, torch.Tensor) or one.grad_fn is not None or one.is_inference()


def _anew(one: Any) -> Any:
    return one.detach().clone() if isinstance(one, torch.Tensor) else LOCKS[type(one)]()


def _culprit(module: Any, memo: dict[int, Any]) -> str:
    """Name the attribute that cannot be copied, if there is one."""
    for place, value in places(module):
        try:
            copy.deepcopy(value, dict(memo))
        except Exception:  # as above
            return f" (attribute {written(place)!r})"
    return ""
