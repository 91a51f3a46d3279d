"""Checks at the border: each returns its value, or says in one line what is wrong with it."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown


def number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
) -> float:
    """Check that ``value`` is a finite real number within bounds."""
    allowed = _allowed("a finite number", above, at_least, at_most, below)
    x = _real(name, value, allowed)
    beyond = (above is not None and x <= above) or (below is not None and x >= below)
    if not math.isfinite(x) or beyond or _outside(x, at_least, at_most):
        raise InvalidValue(f"{name} = {shown(value)} is not allowed; give {allowed}")
    return x


def extended(name: str, value: Any) -> float:
    """Check that ``value`` is a real number or infinite."""
    x = _real(name, value, "a number")
    if math.isnan(x):
        raise InvalidValue(f"{name} = {shown(value)} is not allowed; give a number")
    return x


def whole(name: str, value: Any, *, at_least: int | None = None, at_most: int | None = None) -> int:
    """Check that ``value`` is a whole number within bounds."""
    allowed = _allowed("a whole number", None, at_least, at_most)
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise InvalidValue(f"{name} = {shown(value)} is not a whole number; give {allowed}")
    if _outside(n := int(value), at_least, at_most):
        raise InvalidValue(f"{name} = {shown(n)} is not allowed; give {allowed}")
    return n


def choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Check that ``value`` is one of a few words."""
    if value not in allowed:
        raise InvalidValue(f"{name} = {shown(value)} is not allowed; give one of {', '.join(map(repr, allowed))}")
    return value


def _real(name: str, value: Any, allowed: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidValue(f"{name} = {shown(value)} is not a number; give {allowed}")
    try:
        return float(value)
    except OverflowError:
        raise InvalidValue(f"{name} is too large a number and is not allowed; give {allowed}") from None


def _outside(value: float, at_least: float | None, at_most: float | None) -> bool:
    return (at_least is not None and value < at_least) or (at_most is not None and value > at_most)


def _allowed(
    kind: str, above: float | None, at_least: float | None, at_most: float | None, below: float | None = None
) -> str:
    bounds = {"above": above, "of at least": at_least, "at most": at_most, "below": below}
    words = [f"{word} {_bound(value)}" for word, value in bounds.items() if value is not None]
    return f"{kind} {' and '.join(words)}".strip()


def _bound(value: float) -> str:
    """Write a whole bound with all its digits: nobody can tell what 1.04858e+06 allows."""
    return str(value) if isinstance(value, int) else f"{value:g}"
