"""The valleys of a fit as figures show them: twins, which have one curve, as one, each with its look and its words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import marks
from thalweg.figures.drawing.marks import Series
from thalweg.figures.drawing.wording import count, joined, number, subject

LOOKS = 7
"""Curves that have a colour of their own; all others are gray."""

OTHER = Series("#8a8f98", ("o", "circle"), marks.DASHES[0])
"""The look of all other valleys, and of ends in none that is listed."""

NAMED = 3
"""Twins that are named."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """A valley of a fit, with all others that have its curve.

    Attributes
    ----------
    rank : 0 for the deepest curve, 1 for the next
    places : of its valleys in the dataset, deepest first
    number : the valley's, as it is listed
    name, short : "#0", or "#0 and its twin #1" and "#0, #1"
    loss : of the deepest
    share : of the starts that lead to any of them
    """

    rank: int
    places: list[int]
    number: int
    name: str
    short: str
    loss: float
    share: float

    @property
    def look(self) -> Series:
        """How it is drawn."""
        return marks.series(self.rank) if self.rank < LOOKS else OTHER

    @property
    def label(self) -> str:
        """Name, loss and share, for a legend."""
        return f"{self.name}, loss {number(self.loss)}, {self.of_starts}"

    @property
    def of_starts(self) -> str:
        """Its share in words."""
        return f"{percent(self.share)} of starts"


def minima_of(fits: xr.Dataset, figure: str) -> list[Minimum]:
    """Read the valleys of a fit, twins as one, the deepest first.

    Raises
    ------
    InvalidValue
        If there is none.
    """
    if not fits.sizes["valley"]:
        raise InvalidValue(
            f"the fit has no valley, so the figure {figure!r} has nothing to draw; give other ranges or more starts"
        )
    losses, shares = (fits[name].values.astype(np.float64) for name in ("loss", "share"))
    numbers = fits["valley"].values.tolist()
    twin = fits["twin"].values.tolist() if "twin" in fits else numbers
    groups: dict[int, list[int]] = {}
    for place in range(len(losses)):
        groups.setdefault(twin[place], []).append(place)
    return [
        Minimum(
            rank,
            places,
            numbers[places[0]],
            *_called([numbers[place] for place in places]),
            float(losses[places[0]]),
            float(np.nansum(shares[places])),
        )
        for rank, places in enumerate(groups.values())
    ]


def _called(numbers: list[int]) -> tuple[str, str]:
    first, *twins = [f"#{number}" for number in numbers]
    if not twins:
        return first, first
    few = joined(twins) if len(twins) <= NAMED else f"{', '.join(twins[:NAMED])}, …"
    short = ", ".join([first, *twins[:1]]) + ", …" * (len(twins) > 1)
    return f"{first} and its twin{'s' * (len(twins) > 1)} {few}", short


def rank_of_starts(fits: xr.Dataset, minima: list[Minimum]) -> np.ndarray:
    """Tell (start,) the rank of the curve that each start leads to; -1 where its valley is not listed."""
    ranks = {int(fits["valley"].values[place]): one.rank for one in minima for place in one.places}
    listed = fits["start_valley"].values
    return np.array([ranks.get(valley, -1) for valley in listed.tolist()], dtype=np.int64)


def percent(share: float) -> str:
    """Write a share in percent with two digits or three.

    Examples
    --------
    >>> percent(0.1234), percent(0.996), percent(0.00391), percent(0.0)
    ('12 %', '99.6 %', '0.39 %', '0 %')
    """
    if not np.isfinite(share):
        return "an unknown share"
    value = 100 * share
    digits = 3 if 99 < value < 99.95 else 2
    return f"{value:.0f} %" if value >= 99.95 or 10 <= value <= 99 else f"{float(f'{value:.{digits}g}'):g} %"


def note_of(fits: xr.Dataset, *facts: str) -> str:
    """Say what was fitted and how many starts there were, for the line of facts."""
    starts = int(fits.sizes.get("start", 0))
    return " · ".join(filter(None, [subject(fits.attrs), count(starts, "start"), *facts]))
