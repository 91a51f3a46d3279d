"""The outcome map: how every run of a grid of runs ended, a pixel a run."""

from __future__ import annotations

import numpy as np

from thalweg.base.border import public
from thalweg.figures.drawing.wording import count, number
from thalweg.figures.figure import Figure, figure_of
from thalweg.figures.outcome_map import sheet, web
from thalweg.figures.outcome_map.chart import OutcomeGrid, grid_of
from thalweg.figures.outcome_map.listing import percent
from thalweg.figures.outcome_map.painting import painted
from thalweg.store.kinds import OutcomeMap

TITLES = {
    "outcome": "Outcomes",
    "settled": "Outcomes, and when they were settled,",
    "valley": "Basins in which runs end",
    "derailments": "Derailments",
    "rounding": "Outcomes that rounding decided",
}

LISTED = 8
"""Valleys of which the caption tells the share."""


@public
def outcome_map(chart: OutcomeMap, *, colour: str = "outcome") -> Figure:
    """Draw how every run of a grid of runs ended, pixel for pixel.

    Every valley has its hue; the hues go around the circle in the order of the valleys' places. Undecided runs are
    nearly black, diverged ones nearly white. At the usual size a pixel is a whole number of dots, or a dot is the mean
    light of a whole number of pixels; ``figure.save("map.png", dpi=800)`` draws four times as many dots along each
    side, for a wall.

    Parameters
    ----------
    chart : from :func:`thalweg.outcome_map`: variable ``outcome`` over two dimensions whose coordinates rise in even
        steps, or in even steps of the logarithm where their attribute ``scale`` is ``"log"``; attribute ``names``
    colour : what colours tell: ``"outcome"``; ``"settled"``, the outcome, the darker the later its run reached the
        floor; ``"valley"``, the basin in which a run ends, dark where it is not on the floor; ``"derailments"``, how
        often runs were thrown out of a valley; ``"rounding"``, where rounding decided

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the dataset is no such map, or has not the variable that is asked for.

    Examples
    --------
    >>> import xarray as xr
    >>> rates = ("rate", [0.01, 0.1, 1.0], {"scale": "log"})
    >>> ends = {"outcome": (("rate", "phi"), [[0, 0], [0, -1], [-2, -2]])}
    >>> chart = xr.Dataset(ends, {"rate": rates, "phi": [0.0, 1.0]}, {"names": ["36°"]})
    >>> outcome_map(chart).title
    'Outcomes over phi and rate'
    """
    drawn = grid_of(chart)
    painting = painted(drawn, colour)
    title = f"{TITLES[colour]} over {drawn.x.name} and {drawn.y.name}"
    name = "outcome_map" if colour == "outcome" else f"outcome_map_{colour}"
    return figure_of(name, title, _caption(drawn), painting, sheet.draw, web.describe)


def _caption(chart: OutcomeGrid) -> str:
    """Tell the picture in numbers, for people who cannot see it."""
    sentences = [
        f"{chart.note.replace(' · ', ', ')}: {chart.x.ends} to the right, {chart.y.ends} upwards",
        _shares(chart),
        *_times(chart),
        *([", ".join(f"{words} {value}" for words, value in chart.measured)] if chart.measured else []),
    ]
    return " ".join(f"{sentence[:1].upper()}{sentence[1:]}." for sentence in sentences)


def _shares(chart: OutcomeGrid) -> str:
    valleys = len(chart.names)
    largest = [k for k in np.argsort(-chart.shares[:valleys], kind="stable").tolist() if chart.shares[k] > 0]
    shares = [f"on the floor of {chart.names[k]} {percent(float(chart.shares[k]))}" for k in largest[:LISTED]]
    rest = float(chart.shares[largest[LISTED:]].sum())
    shares += [f"on that of {count(len(largest) - LISTED, 'other valley')} {percent(rest)}"] if rest else []
    others = zip(chart.kinds[valleys:], chart.shares[valleys:].tolist(), strict=True)
    shares += [f"{kind} {percent(share)}" for kind, share in others if share]
    return f"Runs end {', '.join(shares)}"


def _times(chart: OutcomeGrid) -> list[str]:
    """Tell when runs settled, how many were thrown out, and how many rounding decided."""
    sentences = []
    if chart.settled is not None and (settled := chart.settled[np.isfinite(chart.settled)]).size:
        middle = number(float(np.median(settled)))
        sentences.append(f"Of the runs that end on a floor, half stay there from step {middle} or earlier")
    if chart.derailments is not None:
        thrown, most = float((chart.derailments > 0).mean()), int(chart.derailments.max())
        often = f", at most {most:,} times" if most > 1 else ""
        some = f"{percent(thrown)} were thrown out of a valley at least once{often}"
        sentences.append(some if most else "None was ever thrown out of a valley")
    if chart.rounding is not None:
        sentences.append(f"Rounding decided {percent(float(chart.rounding.mean()))}")
    return sentences
