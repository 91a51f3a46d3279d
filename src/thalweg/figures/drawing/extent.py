"""The part of an axis that data need: logarithmic where they ask for it, not squeezed by a few far outside."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from thalweg.figures.drawing.view import DECADES, FOOTROOM, ROUNDING, View

FAR = 3.5
"""Spans of the middle half of the data by which one may lie outside it before it can be called far off."""

WORTH = 1.6
"""Points far off are left out of the picture only where it would be so many times as high with them."""

CENTRAL = (0.05, 0.95)
"""Part of the data that must span decades for a logarithmic axis: a lone value near 0 does not."""


def spread_in_decades(values: np.ndarray) -> bool:
    """Tell whether places of data are spread in the logarithm: over more than two decades, and not evenly."""
    if not (values.size and np.isfinite(values).all() and values.min() > 0):
        return False
    low, middle, high = (float(np.log10(one)) for one in (values.min(), np.median(values), values.max()))
    even = np.log10((values.min() + values.max()) / 2)
    return high - low > DECADES and abs(middle - (low + high) / 2) < abs(middle - even)


def spans_decades(values: np.ndarray) -> bool:
    """Tell whether measured values are above 0 and nearly all of them span more than two decades."""
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() <= 0:
        return False
    low, high = np.quantile(np.log10(finite), CENTRAL)
    return bool(high - low > DECADES)


def extent(values: np.ndarray, needed: np.ndarray, log: bool = False) -> View:
    """Choose a view of data that a few far outside do not squeeze; what is needed is in it in any case.

    Parameters
    ----------
    values : of the data
    needed : what must be seen, such as the fitted curve at the data
    log : whether the axis is logarithmic
    """
    heights, kept = (
        np.log10(part[part > 0]) if log else part for part in (values[np.isfinite(values)], needed[np.isfinite(needed)])
    )
    low, high = (float(heights.min()), float(heights.max())) if heights.size else (0.0, 0.0)
    if heights.size:
        first, third = np.quantile(heights, (0.25, 0.75))
        reach = FAR * (third - first)
        near = np.concatenate([heights[(heights >= first - reach) & (heights <= third + reach)], kept])
        if high - low > WORTH * np.ptp(near) > 0:
            low, high = float(near.min()), float(near.max())
    room = (high - low) if high - low > ROUNDING * max(abs(low), abs(high)) else abs(high) or 1.0
    low, high = low - FOOTROOM * room, high + FOOTROOM * room
    return View(10**low, 10**high, True) if log else View(low, high)


def widened(view: View, values: np.ndarray, most: float) -> View:
    """Widen a view for values beyond it, by a share of its height at most."""
    places = view.fraction(values)
    places = places[np.isfinite(places)]
    if not places.size:
        return view
    low = float(np.clip(places.min() - FOOTROOM, -most, 0))
    high = float(np.clip(places.max() + FOOTROOM, 1, 1 + most))
    return View(view.at(low), view.at(high), view.log)


def show_across(axes: Axes, view: View) -> None:
    """Set up the x-axis."""
    axes.set_xlim(view.low, view.high)
    if view.log:
        axes.set_xscale("log")
        axes.set_xlim(view.low, view.high)


def stretched(view: View, share: float) -> View:
    """Widen a view by a share of its length at either end."""
    return View(view.at(-share), view.at(1 + share), view.log)


def around(values: np.ndarray, share: float, log: bool = False) -> View:
    """Choose a view of all values, with so much room at either end; alike values have some too."""
    low, high = float(values.min()), float(values.max())
    return stretched(View(low, high, log), share) if low < high else View(low - share, high + share)
