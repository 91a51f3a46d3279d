"""The parameter arrays of a network: what each is, and along which axes its filters lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.base.showing import shown

Kind = Literal["weight", "bias", "norm", "statistic"]

KINDS: tuple[Kind, ...] = ("weight", "bias", "norm")
"""What a parameter array can be said to be."""


@dataclass(frozen=True)
class Leaf:
    """One parameter array of a network.

    Attributes
    ----------
    name, shape : as the framework has them
    kind : ``"weight"`` where it has filters; ``"bias"``; ``"norm"``, the scale or shift of a normalisation layer; or
        ``"statistic"``, what such a layer gathered in training: no parameter, and behind all parameters
    order : its axes in the order that is common to all frameworks: the filters (what one output is made of) first, then
        inputs, then the kernel's axes: (1, 0) for a dense layer whose weights are (input, output)
    outputs : how many axes at the beginning of the order number the filters: 2 where outputs are (head, feature)
    split : the shape of which the order counts axes, where filters lie across an axis: a transposed convolution in
        groups (in, out of a group, …) is split into (group, in of a group, out of a group, …); empty for its own
    known : whether kind and order are known; False where the framework does not tell, and they must be given
    """

    name: str
    shape: tuple[int, ...]
    kind: Kind
    order: tuple[int, ...]
    outputs: int = 1
    split: tuple[int, ...] = ()
    known: bool = True

    @property
    def axes(self) -> tuple[int, ...]:
        """The shape of which the order counts axes."""
        return self.split or self.shape

    @property
    def filters(self) -> tuple[int, ...]:
        """The axes of its own shape along which filters lie."""
        ends = np.cumprod(self.shape).tolist()
        before = [int(np.prod(self.split[:axis])) for axis in self.order[: self.outputs]]
        places = [sum(end <= size for end in ends) for size in before] if self.split else self.order[: self.outputs]
        return tuple(places) if self.kind == "weight" and self.known else ()

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape, dtype=np.int64))


def assigned(leaves: Sequence[Leaf], roles: Mapping[str, str | int]) -> tuple[Leaf, ...]:
    """Say what some arrays are, each by one of the kinds or by the axis along which a weight's filters lie."""
    names = [leaf.name for leaf in leaves]
    for name in roles:
        if name not in names:
            raise UnknownName.of("parameter array", name, names)
    return tuple(_assigned(leaf, roles[leaf.name]) if leaf.name in roles else leaf for leaf in leaves)


def _assigned(leaf: Leaf, role: str | int) -> Leaf:
    if isinstance(role, str):
        if role not in KINDS:
            raise InvalidValue(
                f"the role of {leaf.name!r} is {shown(role)}, which is not allowed; give "
                f"{', '.join(map(repr, KINDS))}, or the axis along which a weight's filters lie"
            )
        return replace(leaf, kind=role, known=True)
    axes = len(leaf.shape)
    if isinstance(role, bool) or not -axes <= role < axes:
        raise InvalidValue(f"filters of {leaf.name!r} along axis {shown(role)}: it has {axes} axes; give one of them")
    return replace(leaf, kind="weight", order=order_of(axes, role), outputs=1, split=(), known=True)


def order_of(axes: int, filters: int) -> tuple[int, ...]:
    """Put the filters' axis first and the axis beside it, the inputs', second."""
    filters %= axes
    beside = [filters - 1 if filters == axes - 1 else filters + 1] if axes > 1 else []
    return (filters, *beside, *(other for other in range(axes) if other not in (filters, *beside)))


def table(leaves: Sequence[Leaf]) -> pd.DataFrame:
    """List parameter arrays, a row each: shape, numbers, what it is, and the axes along which its filters lie."""
    rows = {
        leaf.name: {
            "shape": leaf.shape,
            "numbers": leaf.size,
            "role": leaf.kind if leaf.known else "unknown",
            "filters": leaf.filters,
        }
        for leaf in leaves
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["shape", "numbers", "role", "filters"])
