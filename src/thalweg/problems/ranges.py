"""What a user says of a parameter: from where to where it is looked for, at what it is held, or to what it is tied.

``0.1:5`` is an interval with walls, ``0.1:100:log`` one on which starts are spread in the logarithm,
``0:2pi:periodic`` a circle, ``-1:1:open`` one from which a fit may go on beyond its ends. ``each`` behind them, or
alone, gives every group of the data a value of its own. ``3`` holds the parameter, ``2*b`` ties it to others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.base.showing import shown
from thalweg.problems.axis import Axis
from thalweg.problems.formula.formula import Formula, formula
from thalweg.problems.formula.tree import Number

Range: TypeAlias = "Axis | str | float | Sequence[float]"
"""An axis; a text as above; (low, high); or the number at which the parameter is held."""

EACH = "each"

KINDS = {"log", "periodic", "open", EACH}
"""What may stand behind the ends."""

GIVE = "give low:high, low:high:log, low:high:periodic, low:high:open, a number, or a formula of other parameters"


@dataclass(frozen=True)
class Each:
    """Every group has a value of its own, all looked for on one axis; None where that is to be proposed."""

    axis: Axis | None = None


Known: TypeAlias = Axis | Formula | Each
"""What is known of a parameter."""


def read_range(name: str, given: Any) -> Known:
    """Read what is said of a parameter: an axis where it is looked for, else the formula that it follows.

    Raises
    ------
    InvalidValue
        If it is none of these.

    Examples
    --------
    >>> read_range("f", "0.1:5")
    Axis(name='f', low=0.1, high=5.0, periodic=False, unit='', log=False, bounded=True)
    >>> read_range("b", "2 * a").names
    ('a',)
    """
    if isinstance(given, Axis):
        return Axis(name, given.low, given.high, given.periodic, given.unit, given.log, given.bounded)
    if isinstance(given, str):
        if given.strip() == EACH:
            return Each()
        return _axis(name, given) if ":" in given else formula(given)
    if isinstance(given, Sequence):
        ends: Sequence[Any] = given  # pyright: ignore[reportUnknownVariableType]
        if len(ends) == 2:
            return Axis(name, ends[0], ends[1])
        raise InvalidValue(f"range of {name} = {shown(ends)} is not allowed; {GIVE}")
    return Formula(Number(number(f"range of {name}", given)))


def written(axis: Axis, digits: int = 17) -> str:
    """Write an axis as it is read, with so many digits.

    Examples
    --------
    >>> written(Axis("tau", 0.1, 100, log=True), 3), written(Axis("c", -1, 1, bounded=False))
    ('0.1:100:log', '-1:1:open')
    """
    kinds = {"log": axis.log, "periodic": axis.periodic, "open": not axis.bounded}
    return ":".join(
        [f"{axis.low:.{digits}g}", f"{axis.high:.{digits}g}", *(kind for kind, there in kinds.items() if there)]
    )


def _axis(name: str, text: str) -> Axis | Each:
    low, high, *kinds = (part.strip() for part in text.split(":"))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise InvalidValue(f"range of {name} = {shown(text)} has {shown(unknown[0])}; {GIVE}")
    ends = _end(name, text, low), _end(name, text, high)
    axis = Axis(name, *ends, periodic="periodic" in kinds, log="log" in kinds, bounded="open" not in kinds)
    return Each(axis) if EACH in kinds else axis


def _end(name: str, text: str, end: str) -> float:
    """Read an end: a number, or a formula without names such as ``-pi / 2``; ``2pi`` too."""
    try:
        read = formula(re.sub(r"(?<=\d)\s*pi\b", "*pi", end))
    except InvalidValue:
        read = None
    if read is None or read.names:
        raise InvalidValue(f"range of {name} = {shown(text)} has the end {shown(end)}; {GIVE}")
    with computing(64):
        return number(f"end of {name}", float(read({})))
