"""Batches of data as users have them: arrays in tuples, lists, dictionaries, dataclasses, one in another.

Nothing here knows a framework: an array is what has a shape, a row is an index along its first axis. So a batch can be
cut into rows before any framework reads it, and the same checks hold in every room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal

Nest = Any
"""A batch: an array, or tuples, lists, dictionaries and dataclasses of such, with whatever else stands among them."""

Combine = Literal["rows", "batches", "sum"]
"""How the losses of several batches make one: see :func:`thalweg.networks.batches`."""


@dataclass(frozen=True, eq=False)
class Task:
    """What a network is evaluated on, and how.

    Attributes
    ----------
    batches : one or more
    combine : how their losses make one number
    whole : of which all batches are cut, where they are
    mode : ``"evaluation"`` or ``"training"``
    statistics : which ones normalisation layers use, as :func:`thalweg.networks.wrap` has them; None where it was not
        said
    bare : whether batches were arrays alone, which a step is handed as they were; here they are tuples of one
    """

    batches: tuple[Nest, ...]
    combine: Combine = "rows"
    whole: Nest = None
    mode: str = "evaluation"
    statistics: str | None = None
    bare: bool = False

    @property
    def training(self) -> bool:
        """Whether the model is evaluated as in training."""
        return self.mode == "training"


def is_array(value: object) -> bool:
    """Tell whether something is an array or a tensor of any framework."""
    # nested tensors of PyTorch raise what is no AttributeError when they are asked for a shape
    return hasattr(value, "dtype") and (is_uneven(value) or hasattr(value, "shape"))


def is_uneven(value: object) -> bool:
    """Tell a nested tensor, whose rows have different lengths."""
    return bool(getattr(value, "is_nested", False))


def is_nest(value: object) -> bool:
    """Tell whether something holds others that are looked at one by one; a list of numbers is an array to be."""
    if isinstance(value, list):
        return not plain_numbers(value)
    return isinstance(value, tuple | Mapping) or (is_dataclass(value) and not isinstance(value, type))


def mapped(function: Callable[[Any], Any], nest: Nest) -> Nest:
    """Make a nest of the same form of what a function makes of each of its leaves."""
    if not is_nest(nest):
        return function(nest)
    if isinstance(nest, Mapping):
        return _like(nest, {key: mapped(function, value) for key, value in nest.items()})
    if isinstance(nest, list | tuple):
        values = [mapped(function, value) for value in nest]
        return type(nest)(*values) if hasattr(nest, "_fields") else type(nest)(values)
    own = [field.name for field in fields(nest) if field.init]
    return replace(nest, **{name: mapped(function, getattr(nest, name)) for name in own})


def leaves(nest: Nest) -> Iterator[Any]:
    """Go through what a nest holds, in its order."""
    found: list[Any] = []
    mapped(found.append, nest)
    return iter(found)


def lengths(nest: Nest) -> list[int]:
    """List the different numbers of rows of the arrays of a nest; those without axes have none."""
    return sorted({int(leaf.shape[0]) for leaf in leaves(nest) if is_array(leaf) and len(leaf.shape)})


def rows_of(nest: Nest) -> int | None:
    """Count the rows of a batch; None where its arrays have none, or not the same number."""
    found = lengths(nest)
    return found[0] if len(found) == 1 else None


def cut(nest: Nest, rows: slice) -> Nest:
    """Take some rows of a batch; what has none stays whole."""
    return mapped(lambda leaf: leaf[rows] if is_array(leaf) and len(leaf.shape) else leaf, nest)


def parted(nest: Nest, rows: int) -> tuple[Nest, ...]:
    """Cut a batch into parts of so many rows, the last of them of what is left."""
    count = rows_of(nest) or 0
    return tuple(cut(nest, slice(first, min(first + rows, count))) for first in range(0, count, rows))


def plain_numbers(value: object) -> bool:
    """Tell whether a list is one of numbers, at any depth: an array that nobody has made yet."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, int | float) or plain_numbers(one) for one in value)
    )


def _like(nest: Mapping[Any, Any], values: dict[Any, Any]) -> Mapping[Any, Any]:
    """Make a mapping of the same class, which a model may look into by attributes, where that is made of a mapping."""
    if type(nest) is dict:
        return values
    try:
        made: Any = type(nest)(values)  # pyright: ignore[reportCallIssue]  # a class of a user's library
    except Exception:  # a class that is made in another way may raise anything
        return values
    return made if isinstance(made, Mapping) and dict(made).keys() == values.keys() else values


def described(nest: Nest) -> str:
    """Tell in a few words what a batch is, for messages."""
    if isinstance(nest, Mapping):
        return f"a dictionary of {', '.join(map(str, nest))}"
    if isinstance(nest, Sequence) and not is_array(nest):
        return f"a {type(nest).__name__} of {len(nest)}"
    return f"a {type(nest).__name__}"
