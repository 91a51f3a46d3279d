"""The form of a batch: what of it decides what is traced or compiled; its arrays are arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from thalweg.frameworks.common.batches import Nest, is_nest, leaves, mapped

PLAIN = (bool, int, float, str, bytes, type(None))
"""What is the same where it is equal; anything else is the same only where it is one object."""


@dataclass(frozen=True)
class Form:
    """How a batch is nested, the shapes and types of its arrays, and whatever else stands among them.

    Attributes
    ----------
    key : equal for batches of one form
    nest : the first batch of this form, whose other leaves are kept alive by it
    is_tensor : tells the arrays
    """

    key: Any
    nest: Nest = field(compare=False, repr=False)
    is_tensor: Callable[[Any], bool] = field(compare=False, repr=False)

    def joined(self, arrays: Sequence[Any]) -> Nest:
        """Make a batch of this form of other arrays."""
        left = iter(arrays)
        return mapped(lambda leaf: next(left) if self.is_tensor(leaf) else leaf, self.nest)


def apart(nest: Nest, is_tensor: Callable[[Any], bool]) -> tuple[Form, list[Any]]:
    """Take a batch apart into its form and its arrays."""
    arrays = [leaf for leaf in leaves(nest) if is_tensor(leaf)]
    return Form(_key(nest, is_tensor), nest, is_tensor), arrays


def _key(nest: Nest, is_tensor: Callable[[Any], bool]) -> Any:
    if not is_nest(nest):
        if is_tensor(nest):
            return tuple(nest.shape), str(nest.dtype)
        return (type(nest), nest) if isinstance(nest, PLAIN) else id(nest)
    if isinstance(nest, Mapping):
        pairs = list(nest.items())
    elif isinstance(nest, tuple | list):
        pairs = list(enumerate(nest))
    else:
        pairs = [(one.name, getattr(nest, one.name)) for one in fields(nest) if one.init]
    return type(nest), tuple((name, _key(value, is_tensor)) for name, value in pairs)
