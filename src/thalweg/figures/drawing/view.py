"""The part of an axis that is shown: linear or logarithmic, and where a value lies on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from thalweg.base.checks import number as number_
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.wording import number

DECADES = 2.0
"""Positive values that span more are shown on a logarithmic axis."""

HEADROOM = 0.12
"""Share of the axis kept free above the values, for labels."""

FOOTROOM = 0.05

REACH = 0.5
"""Share of the values' span by which a level may lie outside it and still be shown."""


LARGEST = 307.0
"""Powers of ten shown at most; there is one more, but ticks need room."""

VAST = 60.0
"""Decades above which Matplotlib's own choice of ticks may overflow."""


ROUNDING = 1e-9
"""Spans below this share of the values themselves are not worth an axis."""


@dataclass(frozen=True)
class View:
    """The shown part of an axis, from low to high."""

    low: float
    high: float
    log: bool = False

    def fraction(self, values: np.ndarray) -> np.ndarray:
        """Place values on the axis, 0 at its low end, 1 at its high end; NaN where a logarithm has no place for one."""
        low, high = self._height(np.array([self.low, self.high]))
        return (self._height(np.asarray(values, dtype=np.float64)) - low) / (high - low)

    def at(self, fraction: float) -> float:
        """Find the value at a place of the axis, from 0 to 1."""
        low, high = self._height(np.array([self.low, self.high])).tolist()
        height = low + fraction * (high - low)
        return 10**height if self.log else height

    def shows(self, values: np.ndarray) -> np.ndarray:
        """Tell which values lie in the view."""
        place = self.fraction(values)
        return (place >= 0) & (place <= 1)

    @property
    def told(self) -> str:
        """Say what is shown, of a view that was asked for: what lies beyond it is not seen."""
        return f"shown from {number(self.low)} to {number(self.high)}"

    @property
    def web(self) -> dict[str, object]:
        """Describe the view for plotly.js."""
        low, high = self._height(np.array([self.low, self.high]))
        return {"range": [float(low), float(high)], "type": "log" if self.log else "linear"}

    def show(self, axes: Axes) -> None:
        """Set up the y-axis, before anything is drawn: Matplotlib then does not look for a view of its own."""
        axes.set_ylim(self.low, self.high)
        if not self.log:
            _number_ticks(axes, self)
            return
        axes.set_yscale("log")
        low, high = np.log10(self.low), np.log10(self.high)
        if high - low > VAST:
            powers = np.arange(np.ceil(low), high, np.ceil((high - low) / 70) * 10)
            axes.yaxis.set_major_locator(FixedLocator((10.0**powers).tolist()))
            axes.yaxis.set_minor_locator(NullLocator())

    def _height(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(values > 0, np.log10(values), np.nan) if self.log else values


def _number_ticks(axes: Axes, view: View) -> None:
    """Write very large, small or close numbers in full at every tick, not as a shared factor above the axis."""
    largest, span = max(abs(view.low), abs(view.high)), view.high - view.low
    if 1e-3 <= largest < 1e5 and span > 1e-3 * largest:
        return
    digits = 2 + int(np.ceil(np.log10(largest / span)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, digits)))


def view_of(values: Sequence[np.ndarray], levels: np.ndarray, *, may_log: bool = True) -> View:
    """Choose a view that shows all finite values, and those levels that lie within reach."""
    finite = np.concatenate([part[np.isfinite(part)].ravel() for part in values])
    log = may_log and bool(finite.min() > 0 and np.log10(finite.max()) - np.log10(finite.min()) > DECADES)
    heights = np.log10(finite) if log else finite
    low, high = float(heights.min()), float(heights.max())
    reach = REACH * (high - low)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = np.log10(levels) if log else np.asarray(levels, dtype=np.float64)
    near = places[(places >= low - reach) & (places <= high + reach)]
    low, high = min(low, *near, low), max(high, *near, high)
    # A constant needs some room of its own.
    room = (high - low) if high - low > ROUNDING * max(abs(low), abs(high)) else abs(high) or 1.0
    low, high = low - FOOTROOM * room, high + HEADROOM * room
    return View(10 ** max(low, -LARGEST), 10 ** min(high, LARGEST), True) if log else View(low, high)


def fixed(limits: Sequence[float], log: bool = False) -> View:
    """Make the view that was asked for; a logarithmic one only where its low end allows it."""
    low, high = number_("limits[0]", limits[0]), number_("limits[1]", limits[1])
    if low >= high:
        raise InvalidValue(f"limits = ({low:g}, {high:g}) is not allowed; give the lowest and the highest shown loss")
    return View(low, high, log and low > 0)


def crowd(others: np.ndarray) -> np.ndarray:
    """Find the range of other runs that a view should show; a few that diverge are let out of the picture."""
    finite = others[np.isfinite(others)]
    return np.quantile(finite, [0.02, 0.98]) if finite.size else np.empty(0)
