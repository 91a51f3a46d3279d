"""Types of parameters, and of the flat vector that they make.

A flat vector has 32 bits, or 64 where a parameter has. Parameters of 16 bits are displaced in 32 and then rounded to
their own type, as the model holds them: a point of a slice is one that the model could be at. So a slice through them
is a staircase, whose steps are as wide as the rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from thalweg.base.errors import InvalidValue

BITS = {"bfloat16": 16, "float16": 16, "float32": 32, "float64": 64}
"""The types that parameters may have and a model may compute in."""

ROUNDING = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}
"""The distance of 1 and the next number."""


def flat_type(types: Mapping[str, str]) -> np.dtype:
    """Find the type of the flat vector of parameters, given theirs by name.

    Raises
    ------
    InvalidValue
        If there are none, or one is of a type that is not allowed.
    """
    if not types:
        raise InvalidValue("the model has no trainable parameters; give a model with at least one trainable variable")
    for name, kind in types.items():
        allowed(f"the parameter {name!r} is {kind}", kind)
    return np.dtype("float64" if "float64" in types.values() else "float32")


def allowed(what: str, kind: str) -> None:
    """Refuse a type that no surface can be computed in."""
    if kind not in BITS:
        raise InvalidValue(f"{what}, which is not allowed; give a model in {', '.join(BITS)}")


def coarsest(types: Iterable[str]) -> str:
    """Find the type that rounds most."""
    return max(types, key=ROUNDING.__getitem__)
