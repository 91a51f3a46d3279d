"""Which places may be given in a domain: where runs start, and at what parameters are held.

A run may leave a box on its way, and its numbers are then what they are. But where it *starts* off the box nobody
surveyed the surface, so no valley is there that its end could be told by; and a number that lies turns away from a
circle is, nearly always, an angle in degrees: 45 radians are 2578°, whose place on the circle is 58°.
"""

from __future__ import annotations

from math import degrees, inf, pi, radians

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain

TURN = 2 * pi
"""Angles up to a full turn are places on any circle of angles."""

ROUNDING = 1e-6
"""Share of an axis's length by which a place may be off it: ends that went through 32 bits."""


def refuse_outside(domain: Domain, places: np.ndarray, what: str, advice: str = "") -> None:
    """Refuse the first of some places, (place, param), that lies off a box, or turns away from a circle.

    The message begins with ``what``, such as "a start has", and ends with ``advice`` where a box is left.
    """
    lows, highs = (np.array(ends) for ends in zip(*map(_ends, domain), strict=True))
    off = np.argwhere((places < lows) | (places > highs))
    if len(off):
        place, k = map(int, off[0])
        raise InvalidValue(_refusal(domain[k], float(places[place, k]), what, advice))


def _ends(axis: Axis) -> tuple[float, float]:
    """Give the least and the greatest number that is allowed; on a circle a turn more than it has, either way."""
    if not axis.bounded and not axis.periodic:
        return -inf, inf
    if not axis.periodic:
        room = ROUNDING * axis.length
        return axis.low - room, axis.high + room
    low, high = axis.low - axis.length, axis.high + axis.length
    return (min(low, -TURN), max(high, TURN)) if axis.unit == "rad" else (low, high)


def _refusal(axis: Axis, value: float, what: str, advice: str) -> str:
    low, high = _ends(axis)
    if not axis.periodic:
        more = f", {advice}" if advice else ""
        ends = f"from {axis.low:.6g} to {axis.high:.6g}"
        return f"{what} {axis.name} = {value:.6g}, off its axis; give a number {ends}{more}"
    if axis.unit == "rad":
        return (
            f"{what} {axis.name} = {value:.6g} rad, which is {degrees(value):.6g}°; angles are in radians: give "
            f"{radians(value):.6g} for {value:.6g}°, or a number from {low:.4g} to {high:.4g}"
        )
    return (
        f"{what} {axis.name} = {value:.6g}, more than a turn away from its circle; give a number from {low:.6g} to "
        f"{high:.6g}"
    )
