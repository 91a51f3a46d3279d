"""Numbers and names as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

LONG = 1e5
"""Whole parts below this are written out."""

HELD = 3
"""Held parameters that are named."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 4) -> str:
    """Write a number with few digits, a real minus sign and raised powers of ten.

    Examples
    --------
    >>> number(-0.25), number(67777103.0, 2)
    ('−0.25', '6.8 × 10⁷')
    >>> number(1e6)
    '10⁶'
    """
    if not np.isfinite(value):
        return "not finite"
    if 10**digits <= abs(value) < LONG:
        return minus(f"{value:.0f}")
    text = f"{float(value) + 0.0:.{digits}g}"
    mantissa, _, power = text.partition("e")
    if power:
        factor = {"1": "", "-1": "−"}.get(mantissa, f"{minus(mantissa)} × ")
        return f"{factor}10{str(int(power)).translate(_RAISED)}"
    return minus(text)


def minus(text: str) -> str:
    """Write the minus signs of a text as such.

    Examples
    --------
    >>> minus("-36°")
    '−36°'
    """
    return text.replace("-", "−")


def count(number: int, one: str, many: str = "") -> str:
    """Write how many there are of something.

    Examples
    --------
    >>> count(1, "step"), count(1000, "step")
    ('1 step', '1,000 steps')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def joined(names: Sequence[str]) -> str:
    """Name several things in a row.

    Examples
    --------
    >>> joined(["JAX"]), joined(["JAX", "PyTorch", "Keras"])
    ('JAX', 'JAX, PyTorch and Keras')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def shortened(text: str, most: int = 40) -> str:
    """Cut a long name, so that it fits on a figure.

    Examples
    --------
    >>> shortened("temperature", 8)
    'tempera…'
    """
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def held(fixed: str) -> str:
    """Say at what parameters are held, the first of them; nothing where none are.

    Examples
    --------
    >>> held("x3 = 0, x4 = -1, x5 = 0, x6 = 0, x7 = 0")
    ' at x3 = 0, x4 = −1, x5 = 0 and 2 more held'
    """
    parts = minus(fixed).split(", ") if fixed else []
    if len(parts) <= HELD + 1:
        return f" at {', '.join(parts)}" if parts else ""
    return f" at {', '.join(parts[:HELD])} and {len(parts) - HELD} more held"


def subject(attrs: Mapping[Any, Any]) -> str:
    """Name the problem of a dataset and its loss, from its attributes.

    Examples
    --------
    >>> subject({"problem": "pencil", "loss": "power", "loss_p": 0.5, "loss_smoothing": 0.0})
    'pencil, power loss (p 0.5)'
    >>> subject({"problem": "rastrigin", "fixed": "x3 = 0, x4 = 1", "loss": "none"})
    'rastrigin at x3 = 0, x4 = 1'
    """
    problem = shortened(str(attrs.get("problem", "problem")).replace("_", " ")) + held(str(attrs.get("fixed", "")))
    loss = str(attrs.get("loss", "none"))
    if loss == "none":
        return problem
    settings = {str(name)[5:]: value for name, value in attrs.items() if str(name).startswith("loss_")}
    # A smoothing of 0 is no smoothing.
    texts = [f"{name} {number(value)}" for name, value in settings.items() if value or name != "smoothing"]
    return f"{problem}, {shortened(loss).replace('_', ' ')} loss" + (f" ({', '.join(texts)})" if texts else "")
