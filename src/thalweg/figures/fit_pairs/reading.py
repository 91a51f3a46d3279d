"""What the figure of pairs of parameters draws: axes, and ends gathered to dots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import extent, scale
from thalweg.figures.drawing.fits import LOOKS, OTHER, minima_of, note_of, percent, rank_of_starts
from thalweg.figures.drawing.marks import Series
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import count
from thalweg.problems.axis import Axis
from thalweg.study.find_valleys import domain_of_valleys

CELLS = 120
"""Cells across a panel: ends in one are one dot."""

BINS = 30
"""Of a histogram."""

CLOSE = 0.08
"""Ends within this share of a range are shown without all of it."""

MARGIN = 0.06
"""Room beyond the walls, or beyond the ends, as a share."""

DECADE = 10.0
"""Factor from one end of an axis to the other below which a logarithmic one would have no number on it."""

STARTS = 2000
"""Starts that are drawn at most."""


class Along(NamedTuple):
    """The axis of one parameter.

    Attributes
    ----------
    scale, view : how it is shown, and which part
    walls : ends of the range that are in view and that nothing passes
    limits : ends of the range that are in view and only bound the starts
    """

    scale: Scale
    view: View
    walls: list[float]
    limits: list[float]

    @property
    def bins(self) -> np.ndarray:
        """Edges of the histogram."""
        low, high = self.view.low, self.view.high
        return np.geomspace(low, high, BINS + 1) if self.view.log else np.linspace(low, high, BINS + 1)


class Group(NamedTuple):
    """Ends that look alike: their places, (end, axis), in shown units."""

    label: str
    look: Series
    places: np.ndarray


class Dots(NamedTuple):
    """Ends in a panel, gathered: places, and the share of all starts in each."""

    x: np.ndarray
    y: np.ndarray
    share: np.ndarray


@dataclass(frozen=True, eq=False)
class Pairs:
    """What is drawn.

    Attributes
    ----------
    axes : of the parameters
    groups : the ends, the best valley's first
    best : (axis,), the best valley
    starts : (start, axis), faint; none where they are not asked for
    own : (2, axis), the user's own start and where it leads; none where there is none
    total : number of starts
    """

    axes: list[Along]
    groups: list[Group]
    best: np.ndarray
    starts: np.ndarray
    own: np.ndarray
    total: int
    note: str

    def dots(self, group: Group, across: int, up: int) -> Dots:
        """Gather a group's ends in the panel of two axes."""
        return gathered(
            group.places[:, across], group.places[:, up], self.axes[across].view, self.axes[up].view, self.total
        )

    def counts(self, along: int) -> np.ndarray:
        """Count (group, bin), the share of all starts that end in each bin."""
        bins = self.axes[along].bins
        return np.array([np.histogram(group.places[:, along], bins)[0] / self.total for group in self.groups])


def gathered(x: np.ndarray, y: np.ndarray, across: View, up: View, total: int) -> Dots:
    """Gather places that lie in one cell of a panel to one, where the first of them is."""
    seen = across.shows(x) & up.shows(y)
    x, y = x[seen], y[seen]
    if not x.size:
        return Dots(x, y, x)
    places = np.stack([view.fraction(values) for view, values in ((across, x), (up, y))], axis=-1)
    # Most ends are at one place to rounding: it is in the middle of a cell, not on the edge of two.
    cells = np.round(CELLS * (places - np.median(places, axis=0)))
    _, first, counts = np.unique(cells, axis=0, return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return Dots(x[first][order], y[first][order], counts[order] / total)


def read(fits: xr.Dataset, most: int, starts: bool) -> Pairs:
    """Read what is drawn, refusing a fit whose starts ended nowhere."""
    minima, domain = minima_of(fits, "fit_pairs"), domain_of_valleys(fits)
    scales = scale.of_domain(domain)[:most]
    ends = _shown(fits["end_position"].values, scales)
    found = np.isfinite(ends).all(axis=1) & np.isfinite(fits["end_loss"].values)
    if not found.any():
        raise InvalidValue(
            "no start of the fit ended at a finite place, so the figure 'fit_pairs' has nothing to draw; give other "
            "ranges or more starts"
        )
    listed = _shown(fits["position"].values[[place for one in minima[:LOOKS] for place in one.places]], scales)
    axes = [
        _along(axis, shown, ends[found, k], listed[:, k])
        for k, (axis, shown) in enumerate(zip(domain, scales, strict=False))
    ]
    rank = rank_of_starts(fits, minima)
    groups = [
        Group(f"{one.short}: {percent(one.share)}", one.look, ends[found & (rank == one.rank)])
        for one in minima[:LOOKS]
        if (found & (rank == one.rank)).any()
    ]
    other = found & ((rank < 0) | (rank >= LOOKS))
    if other.any():
        groups.append(Group(f"other valleys: {percent(float(other.mean()))}", OTHER, ends[other]))
    return Pairs(
        axes=axes,
        groups=groups,
        best=listed[0],
        starts=_some(_shown(fits["start_position"].values, scales)) if starts else np.empty((0, len(scales))),
        own=_own(fits, scales),
        total=len(ends),
        note=note_of(fits, *_facts(fits, axes, ends, found)),
    )


def _shown(places: np.ndarray, scales: tuple[Scale, ...]) -> np.ndarray:
    """Convert places, (place, param), to shown units, those on circles to one period."""
    return np.stack([shown.wrapped(places[:, k]) for k, shown in enumerate(scales)], axis=-1)


def _some(places: np.ndarray) -> np.ndarray:
    return places[np.unique(np.linspace(0, len(places) - 1, min(len(places), STARTS)).round().astype(int))]


def _own(fits: xr.Dataset, scales: tuple[Scale, ...]) -> np.ndarray:
    if "own_start" not in fits or "own_position" not in fits:
        return np.empty((0, len(scales)))
    return _shown(np.stack([fits["own_start"].values, fits["own_position"].values]), scales)


def _along(axis: Axis, shown: Scale, ends: np.ndarray, listed: np.ndarray) -> Along:
    """Choose the part of an axis that is shown: all of a range, or where the ends are if that is a small part."""
    whole = extent.stretched(View(shown.low, shown.high, axis.log), MARGIN)
    log = axis.log and bool((ends > 0).all())
    near = extent.extent(ends, listed, log)
    if axis.periodic:
        view = whole
    elif axis.bounded and axis.log == log:
        width = np.diff(whole.fraction(np.array([near.low, near.high])))
        view = whole if not width < CLOSE else extent.stretched(near, MARGIN)
    else:
        view = extent.stretched(near, MARGIN)
    if view.log and view.high < DECADE * view.low:
        view = View(view.low, view.high)
    edges = [end for end in (shown.low, shown.high) if not axis.periodic and view.shows(np.array(end))]
    return Along(shown, view, *((edges, []) if axis.bounded else ([], edges)))


def _facts(fits: xr.Dataset, axes: list[Along], ends: np.ndarray, found: np.ndarray) -> list[str]:
    seen = np.all([along.view.shows(ends[found, k]) for k, along in enumerate(axes)], axis=0)
    total, lost, beyond = fits.sizes["param"], int((~found).sum()), int((~seen).sum())
    return [
        f"the first {len(axes)} of {total:,} parameters" if total > len(axes) else "",
        f"{count(lost, 'start')} ended nowhere" if lost else "",
        f"{count(beyond, 'end')} beyond the picture" if beyond else "",
    ]
