"""One parameter: an interval or a circle, and how starts are spread on it."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.base.border import from_
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue

KEYS = ("low", "high", "periodic", "unit")
"""The attributes of a coordinate that make its axis."""

FLAGS = {"log": False, "bounded": True}
"""Attributes that a coordinate has where an axis is not as usual, and what is usual."""


@from_("a thalweg.problems.Axis, such as Axis('x', -1, 1)")
@dataclass(frozen=True)
class Axis:
    """One parameter: its name and its interval, or its circle where ``periodic``.

    Parameters
    ----------
    name : of the parameter
    low, high : ends of the interval; on a circle both are one place, whose number is ``low``
    periodic : whether it is a circle, of period ``high - low``
    unit : ``"rad"`` for an angle in radians, which figures and tables show in degrees; empty for a plain number
    log : whether starts are spread evenly in the logarithm, and not in the number itself; both ends are above 0 then
    bounded : whether the ends of the interval are walls; else starts lie between them, and a fit may end beyond

    Raises
    ------
    InvalidValue
        If an end is not a finite number, ``low`` is not below ``high``, or a logarithmic axis is a circle or reaches
        to 0.

    Examples
    --------
    >>> Axis("phi", -1, 1, periodic=True, unit="rad").length
    2.0
    """

    name: str
    low: float
    high: float
    periodic: bool = False
    unit: str = ""
    log: bool = False
    bounded: bool = True

    def __post_init__(self) -> None:
        # Whole numbers would make arrays of whole numbers.
        object.__setattr__(self, "low", number(f"low of {self.name}", self.low))
        object.__setattr__(self, "high", number(f"high of {self.name}", self.high))
        if not self.low < self.high:
            raise InvalidValue(f"axis {self.name} runs from {self.low:g} to {self.high:g}; low must be below high")
        if self.log and (self.periodic or self.low <= 0):
            what = "is a circle" if self.periodic else f"begins at {self.low:g}"
            raise InvalidValue(f"axis {self.name} {what}; a logarithmic one is an interval of numbers above 0")

    @property
    def length(self) -> float:
        """The length of the interval, or the period of the circle."""
        return self.high - self.low

    def to_attrs(self) -> dict[str, str | float | int]:
        """Write all but the name as attributes of a labelled array's coordinate, which has the name.

        Returns
        -------
        dict
            Keys ``unit``, ``low``, ``high`` and ``periodic``, 0 or 1; ``log`` and ``bounded`` too where they are not as
            usual.
        """
        flags = {key: int(getattr(self, key)) for key, usual in FLAGS.items() if getattr(self, key) != usual}
        return {"unit": self.unit, "low": self.low, "high": self.high, "periodic": int(self.periodic), **flags}
