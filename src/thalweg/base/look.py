"""How pictures look where it is not fixed: their paper, their size, their letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown

LETTERS = 10.0
"""Size of the letters for which figures are laid out, points."""

LEAST, MOST = 2.0, 40.0
"""Sides of a picture, inches."""

SIZE = (7.2, 4.5)
"""Inches of most figures; at 200 dots an inch 1440 x 900 pixels."""

ROOM = (4.5, 3.0)
"""Inches that a figure needs at least for letters of the usual size."""


@dataclass(frozen=True)
class Look:
    """A look.

    Attributes
    ----------
    dark : whether the paper is dark
    size : width and height in inches; by default that of each figure
    font : name of a font; by default DejaVu Sans, which comes with Matplotlib
    font_size : of most letters, points; titles are larger, small print is smaller, and lines and marks go along
    """

    dark: bool = False
    size: Sequence[float] | None = None
    font: str | None = None
    font_size: float = LETTERS

    WHERE: ClassVar[str] = ""

    def __post_init__(self) -> None:
        number(f"{self.WHERE}font_size", self.font_size, at_least=4, at_most=72)
        size = SIZE if self.size is None else self.size
        if len(size) != 2:
            raise InvalidValue(f"{self.WHERE}size = {shown(size)} is not allowed; give width and height in inches")
        for side, least in zip(size, ROOM, strict=True):
            number(f"a side of {self.WHERE}size", side, at_least=LEAST, at_most=MOST)
            if side < least * self.scale - 1e-9:
                wide, tall = (f"{self.scale * least:.3g}" for least in ROOM)
                raise InvalidValue(
                    f"{self.WHERE}size = {shown(size)} has no room for letters of {self.font_size:g} points; "
                    f"give at least [{wide}, {tall}] inches or smaller letters"
                )

    @property
    def plain(self) -> Look:
        """The look alone, of a section of an experiment file too: as a value that can be a key, without lists."""
        return Look(self.dark, None if self.size is None else tuple(self.size), self.font, self.font_size)

    @property
    def scale(self) -> float:
        """How much larger everything is than at the usual size of letters."""
        return self.font_size / LETTERS
