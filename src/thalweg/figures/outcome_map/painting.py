"""How a map is coloured: a place in a palette for every pixel, and what the colours tell.

A map tells two things at once: the valley by its hue and, on request, a count by its lightness. So the colours are not
mixed pixel by pixel: each valley has a ramp of ``SHADES`` colours of one hue, all ramps lie one after another in one
palette, and a pixel is the number ``valley * SHADES + shade``; what ended in no valley has one colour each behind the
ramps. A million pixels are then one array of small integers, which the static picture and the page both draw, and no
resampling can make a colour that means nothing.

Ramps run from light to dark with equal steps of perceived lightness (``palette.py``), the same for all hues: equal
shades mean equal counts in every valley, and the key of the counts can be gray. A count is shown by its logarithm where
half of the runs lie in the lowest quarter (``EARLY``), or nearly all would look alike; the key says so by its ticks.

Whoever adds a kind of outcome must keep the order: valleys by number first, since ``kind * SHADES`` relies on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.colors import to_rgb

from thalweg.base.checks import choice
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import oklab, style
from thalweg.figures.drawing.wording import number
from thalweg.figures.outcome_map import palette
from thalweg.figures.outcome_map.chart import OutcomeGrid

COLOURS = ("outcome", "settled", "valley", "derailments", "rounding")

SHADES = 64
"""Steps of lightness of a ramp; the eye sees none of them."""

EARLY = 0.25
"""A median below this share of the most is shown by logarithm, or nearly all would look alike."""

DIM = 0.4
"""Share of a valley's light that is left to runs that end in its basin, but not on its floor."""

PALE = 0.3
"""Share of a valley's colour that is left under marks."""

MARK = "#9c0a3c"
"""Runs whose outcome rounding decided: the strongest colour on a pale map, and the darkest."""


@dataclass(frozen=True, eq=False)
class Ramp:
    """What lightness shows.

    Attributes
    ----------
    name : of what is shown
    most : its largest value
    log : whether it is shown by ``log(1 + value)``
    colours : (shade, 3), from 0 to the most
    """

    name: str
    most: float
    log: bool
    colours: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        """Place values on the ramp, from 0 to 1."""
        values = np.asarray(values, dtype=np.float64)
        return np.log1p(values) / np.log1p(self.most) if self.log else values / self.most

    def shades(self, values: np.ndarray) -> np.ndarray:
        """Choose the shade of every value, all whole numbers."""
        table = np.rint((len(self.colours) - 1) * self.of(np.arange(self.most + 1))).astype(np.int32)
        return table[values]

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Choose values to write beside the ramp, with their places."""
        if self.log:
            decades = 10.0 ** np.arange(np.floor(np.log10(self.most)) + 1)
            values = [0.0, *(value for value in decades if self.of(value) < 0.8), self.most]
        else:
            values = [0.0, self.most / 2, self.most] if self.most > 1 else [0.0, self.most]
        return [(float(self.of(np.array(value))), number(float(value))) for value in values]


class Swatch(NamedTuple):
    """What one kind of outcome looks like: its name, its share of the runs, and (shade, 3) its colours."""

    name: str
    share: float
    colours: np.ndarray
    valley: bool = False


@dataclass(frozen=True, eq=False)
class Painting:
    """A map as a picture.

    Attributes
    ----------
    chart : what is painted
    indices : (row, column), from the lowest y up, places in the palette
    palette : (colour, 3), between 0 and 1
    swatches : of each valley in order, then of what is none
    ramp : what shades tell, where they tell something
    """

    chart: OutcomeGrid
    indices: np.ndarray
    palette: np.ndarray
    swatches: list[Swatch]
    ramp: Ramp | None = None


def painted(chart: OutcomeGrid, colour: str) -> Painting:
    """Colour a map by what is asked for."""
    choice("colour", colour, COLOURS)
    if colour != "outcome" and getattr(chart, {"valley": "basin"}.get(colour, colour)) is None:
        advice = "; make the map with a descent that has shadows=True" if colour == "rounding" else ""
        raise InvalidValue(f"a map coloured by {colour} needs the variable {colour!r}, which is not there{advice}")
    paint = {
        "outcome": _outcomes,
        "settled": _settled,
        "valley": _valley,
        "derailments": _derailments,
        "rounding": _rounding,
    }
    return paint[colour](chart)


def _outcomes(chart: OutcomeGrid) -> Painting:
    colours = _plain(chart)
    return Painting(chart, chart.kind, colours, _swatches(chart, colours[:, None]))


def _settled(chart: OutcomeGrid) -> Painting:
    assert chart.settled is not None
    valleys = len(chart.names)
    in_valley = chart.kind < valleys
    steps = np.where(in_valley, np.nan_to_num(chart.settled), 0).astype(np.int32)
    greys = oklab.colours(np.linspace(palette.EARLY, palette.LATE, SHADES), np.zeros(SHADES), strength=0.0)
    ramp = _ramp("on its floor from step", steps[in_valley], chart.steps, greys)
    ramps = palette.ramps(valleys, SHADES)
    indices = np.where(in_valley, chart.kind * SHADES + ramp.shades(steps), valleys * (SHADES - 1) + chart.kind)
    shown = [*ramps, *palette.neutrals()[:, None]]
    colours = np.concatenate([*ramps, palette.neutrals()])
    return Painting(chart, indices, colours, _swatches(chart, shown), ramp)


def _valley(chart: OutcomeGrid) -> Painting:
    """Colour every run by the valley in whose basin it ends, dimmed where it is not on the floor."""
    assert chart.basin is not None
    plain, valleys = _plain(chart), len(chart.names)
    dimmed = oklab.encoded(DIM * oklab.decoded(plain[:valleys]))
    off = (chart.kind >= valleys) & (chart.basin < valleys)
    shares = np.bincount(chart.basin.ravel(), minlength=len(plain)) / chart.basin.size
    pairs = np.stack([plain, np.concatenate([dimmed, plain[valleys:]])], axis=1)
    kinds = zip(chart.kinds, shares.tolist(), pairs, strict=True)
    swatches = [Swatch(*parts, valley=k < valleys) for k, parts in enumerate(kinds)]
    swatches = [swatch for swatch in swatches if swatch.valley or swatch.share]
    if off.any():
        swatches.insert(valleys, Swatch("dark: on no floor yet", float(off.mean()), dimmed))
    indices = np.where(off, chart.basin + len(plain), chart.basin)
    return Painting(chart, indices, np.vstack([plain, dimmed]), swatches)


def _derailments(chart: OutcomeGrid) -> Painting:
    assert chart.derailments is not None
    colours = style.path_colours()(np.linspace(0, 1, SHADES))[:, :3]
    ramp = _ramp("times thrown out of a valley", chart.derailments, 0, colours)
    thrown, once = float((chart.derailments > 0).mean()), int(ramp.shades(np.array(1)))
    swatches = [Swatch("never", 1 - thrown, colours[:1]), Swatch("at least once", thrown, colours[once:])]
    return Painting(chart, ramp.shades(chart.derailments), colours, swatches, ramp)


def _rounding(chart: OutcomeGrid) -> Painting:
    assert chart.rounding is not None
    pale = oklab.encoded(PALE * oklab.decoded(_plain(chart)) + 1 - PALE)
    mark = np.array(to_rgb(MARK))
    swatches = [*_swatches(chart, pale[:, None]), Swatch("rounding", float(chart.rounding.mean()), mark[None])]
    return Painting(chart, np.where(chart.rounding, len(pale), chart.kind), np.vstack([pale, mark]), swatches)


def _plain(chart: OutcomeGrid) -> np.ndarray:
    """Choose one colour for every kind."""
    return np.concatenate([palette.valleys(len(chart.names)), palette.neutrals()])


def _swatches(chart: OutcomeGrid, colours: np.ndarray | list[np.ndarray]) -> list[Swatch]:
    """Tell every valley's colours, and those of the other kinds of ends where there are any."""
    kinds = zip(chart.kinds, chart.shares.tolist(), colours, strict=True)
    swatches = [Swatch(*parts, valley=k < len(chart.names)) for k, parts in enumerate(kinds)]
    return [swatch for swatch in swatches if swatch.valley or swatch.share]


def _ramp(name: str, values: np.ndarray, most: float, colours: np.ndarray) -> Ramp:
    most = max(float(most), float(values.max(initial=0)), 1.0)
    return Ramp(name, most, bool(values.size and most >= 10 and np.median(values) < EARLY * most), colours)
