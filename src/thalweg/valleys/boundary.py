"""How fractal the boundary between outcomes is, from a map of them: basin entropy, and the boundary's dimension twice.

A pixel is a sample at a point, and the boundary runs between pixels. A box of side s spans s steps between samples and
shares its border samples with its neighbours: so a line is counted right at every scale. Boxes of s samples apart would
miss what runs between them, the more the smaller they are. Boxes beside one another are not independent, so errors of
counting would be far too small: they come from leaving out tiles of the map, one at a time, and from bends of the fit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue

Scales = Float[np.ndarray, " scale"]

LOG2 = float(np.log(2))
"""The largest entropy of a box that a smooth boundary cuts in two."""

TILES = 6
"""Tiles along each side; leaving out one at a time gives the errors, whatever the correlation within a tile."""

REACH, SMALLEST = 1 / 7, 64
"""Largest box, as a share of the shorter side, smaller than a tile; fewest pixels along a side for scales to fit to."""

BLUR, LACUNARITY = 0.2, 0.02
"""Relative errors of a share besides that of counting: ``BLUR / scale`` for what is thinner than a pixel (measured on
Koch curves, whose shares at scale 3 are 7 % short), and what holes of all sizes add at any scale."""

BAND = 1 << 20
"""Pixels that are sorted at once."""


class Entropy(NamedTuple):
    """Basin entropy with its errors, in nats.

    Attributes
    ----------
    entropy, entropy_error : mean over all boxes
    boundary, boundary_error : mean over the boxes with more than one outcome; NaN where there is none
    boxes, boundary_boxes : how many of each
    box : side of a box in pixels
    """

    entropy: float
    entropy_error: float
    boundary: float
    boundary_error: float
    boxes: int
    boundary_boxes: int
    box: int

    @property
    def fractal(self) -> bool:
        """Whether the boundary is fractal by the log 2 criterion, two errors clear of it; if not, it may still be."""
        return self.boundary - 2 * self.boundary_error > LOG2


class Dimension(NamedTuple):
    """Dimension of the boundary, from boxes or from pairs of pixels.

    Attributes
    ----------
    dimension, error : NaN where there is no boundary; the error is NaN too where one tile holds all of it
    exponent : uncertainty exponent, 2 - dimension, with the same error
    scales : sides of the boxes, or distances of the pairs, in steps between pixels
    shares : of all places, or of all pairs, those with more than one outcome within the box, or at the ends
    counts : how many boxes of that side the shares amount to
    """

    dimension: float
    error: float
    exponent: float
    scales: Int[np.ndarray, " scale"]
    shares: Scales
    counts: Scales


def basin_entropy(outcomes: Int[np.ndarray, "row column"], box: int = 5) -> Entropy:
    """Measure how mixed the outcomes are within small boxes.

    ``S_b = mean of -Σ p log p`` over boxes, p the share of an outcome in a box; ``S_bb`` is the mean over those boxes
    that hold more than one. ``S_bb > log 2`` shows a fractal boundary, provided that boxes are small beside the basins,
    so that corners of smooth ones are few; smaller values show nothing, and two outcomes alone never exceed it. The
    entropy of a box of n pixels with k outcomes is about ``(k - 1) / 2n`` below that of their true shares.

    Parameters
    ----------
    outcomes : one whole number a pixel; only which are equal matters
    box : side of a box in pixels, at least 2; what is left over at the last row and column is not looked at

    Raises
    ------
    InvalidValue
        If the map gives fewer than 6 boxes along a side.

    References
    ----------
    A. Daza, A. Wagemakers, B. Georgeot, D. Guéry-Odelin, M. A. F. Sanjuán, "Basin entropy: a new tool to analyze
    uncertainty in dynamical systems", Scientific Reports 6, 31416, 2016, doi:10.1038/srep31416.
    H. R. Künsch, "The jackknife and the bootstrap for general stationary observations", The Annals of Statistics 17,
    1217–1241, 1989, doi:10.1214/aos/1176347265, for leaving out tiles.

    Examples
    --------
    >>> halves = (np.indices((60, 60))[1] > 31).astype(int)
    >>> round(basin_entropy(halves).boundary, 3)
    0.673
    """
    box = whole("box", box, at_least=2)
    _check(outcomes, TILES * box, f"for boxes of {box} pixels")
    entropies = _entropies(outcomes, box)
    mixed = entropies > 0
    sums, boxes, edges = _tally(entropies), _tally(np.ones_like(mixed)), _tally(mixed)
    entropy, entropy_error = _mean(sums, boxes)
    boundary, boundary_error = _mean(sums, edges)
    return Entropy(entropy, entropy_error, boundary, boundary_error, mixed.size, int(mixed.sum()), box)


def boundary_dimension(outcomes: Int[np.ndarray, "row column"]) -> Dimension:
    """Count the boxes that hold more than one outcome, and fit how their number falls with their side.

    ``N(s) ∝ s^-D``. A box is laid around every place, cut off at the edges of the map; the share that is mixed is
    N(s) s² / area, over all places of the lattice of boxes at once. Flips and transposition change nothing. The error
    joins leaving out tiles, the spread of local slopes and the difference between small and large scales. Scales that
    the map does not have stay unknown: a boundary that turns smooth below a pixel looks fractal here. Tongues thinner
    than a pixel are missed, so that rough boundaries come out low, by about 0.1 in the smallest maps.

    Parameters
    ----------
    outcomes : one whole number a pixel, at least 64 × 64; only which are equal matters

    Raises
    ------
    InvalidValue
        If the map is too small.

    References
    ----------
    K. Falconer, "Fractal Geometry", 2nd edition, Wiley, 2003, doi:10.1002/0470013850, chapter 3.

    Examples
    --------
    >>> halves = (np.indices((64, 80))[1] > 29).astype(int)
    >>> round(boundary_dimension(halves).dimension, 6)
    1.0
    """
    _check(outcomes, SMALLEST, "to fit a dimension")
    mixed = _cells(outcomes)
    radii = [step for step in _steps() if 2 * step + 1 <= REACH * min(outcomes.shape)]
    scales, hits = 2 * np.array(radii) + 1, np.empty((len(radii), TILES**2))
    for place, (radius, last) in enumerate(zip(radii, [0, *radii], strict=False)):
        mixed = _widen(mixed, radius - last)
        hits[place] = _tally(mixed)
    return _fit(scales, hits, mixed.size)


def uncertainty_exponent(outcomes: Int[np.ndarray, "row column"]) -> Dimension:
    """Fit how often two starts a small distance apart end differently.

    ``f(ε) ∝ ε^α``, and the dimension of the boundary is ``2 - α``. Pairs lie along rows and columns, folded back at
    the edges of the map. Pairs need no box to be searched, so that pixels bring no bias; but outcomes that fill no area
    of their own, such as threads, defeat this, and so do patterns in step with the pixels.

    Parameters
    ----------
    outcomes : one whole number a pixel, at least 64 × 64; only which are equal matters

    Raises
    ------
    InvalidValue
        If the map is too small.

    References
    ----------
    C. Grebogi, S. W. McDonald, E. Ott, J. A. Yorke, "Final state sensitivity: an obstruction to predictability",
    Physics Letters A 99, 415–418, 1983, doi:10.1016/0375-9601(83)90945-3.
    S. W. McDonald, C. Grebogi, E. Ott, J. A. Yorke, "Fractal basin boundaries", Physica D 17, 125–153, 1985,
    doi:10.1016/0167-2789(85)90001-6.

    Examples
    --------
    >>> halves = (np.indices((64, 80))[1] > 29).astype(int)
    >>> round(uncertainty_exponent(halves).exponent, 6)
    1.0
    """
    _check(outcomes, SMALLEST, "to fit a dimension")
    distances = np.array([step for step in _steps() if step <= REACH * min(outcomes.shape)])
    hits = np.stack([_differing(outcomes, int(distance)) for distance in distances])
    return _fit(distances, hits, outcomes.size)


def _check(outcomes: np.ndarray, least: int, why: str) -> None:
    if min(outcomes.shape) < least:
        rows, columns = outcomes.shape
        raise InvalidValue(f"outcomes of {rows} × {columns} pixels are too few {why}; give at least {least} × {least}")


def _steps() -> list[int]:
    """Whole numbers, about two an octave."""
    return [1, *(part << octave for octave in range(20) for part in (2, 3))]


def _entropies(outcomes: Int[np.ndarray, "row column"], box: int) -> Float[np.ndarray, "box_row box_column"]:
    rows, columns = (side // box for side in outcomes.shape)
    boxes = outcomes[: rows * box, : columns * box].reshape(rows, box, columns, box).swapaxes(1, 2)
    bands = np.array_split(boxes, min(rows, -(-outcomes.size // BAND)))
    return np.concatenate([_gibbs(band.reshape(-1, box * box)) for band in bands]).reshape(rows, columns)


def _gibbs(boxes: Int[np.ndarray, "box pixel"]) -> Float[np.ndarray, " box"]:
    """Entropy of each row: sorted, every outcome is one stretch whose length is its count."""
    count, pixels = boxes.shape
    boxes = np.sort(boxes, axis=1)
    first = np.ones(boxes.shape, dtype=bool)
    first[:, 1:] = boxes[:, 1:] != boxes[:, :-1]
    begins = np.flatnonzero(first)
    share = np.diff(begins, append=first.size) / pixels
    return 0.0 - np.bincount(begins // pixels, weights=share * np.log(share), minlength=count)


def _cells(outcomes: Int[np.ndarray, "row column"]) -> Bool[np.ndarray, "cell_row cell_column"]:
    """Tell which squares between four pixels have more than one outcome at their corners."""
    down, across = outcomes[1:] != outcomes[:-1], outcomes[:, 1:] != outcomes[:, :-1]
    return down[:, 1:] | down[:, :-1] | across[1:] | across[:-1]


def _widen(mixed: Bool[np.ndarray, "row column"], reach: int) -> Bool[np.ndarray, "row column"]:
    """Mark what lies within ``reach`` of a mark, along rows, columns or both."""
    # Shifts leave no gap between marks 2 reach - 1 wide or more, and these are: no step is above twice the one before.
    tall = mixed.copy()
    tall[reach:] |= mixed[:-reach]
    tall[:-reach] |= mixed[reach:]
    wide = tall.copy()
    wide[:, reach:] |= tall[:, :-reach]
    wide[:, :-reach] |= tall[:, reach:]
    return wide


def _differing(outcomes: Int[np.ndarray, "row column"], distance: int) -> Float[np.ndarray, " tile"]:
    """Pixels in each tile whose neighbours at that distance differ; each of four neighbours is a quarter."""
    hits = np.zeros(TILES**2)
    for axis in (0, 1):
        last = outcomes.shape[axis] - 1
        place = np.arange(last + 1)
        for neighbour in (abs(place - distance), last - abs(last - place - distance)):
            hits += _tally(outcomes.take(neighbour, axis) != outcomes) / 4
    return hits


def _tally(field: Float[np.ndarray, "row column"] | Bool[np.ndarray, "row column"]) -> Float[np.ndarray, " tile"]:
    """Sum over each tile."""
    bands = np.array_split(field, TILES)
    return np.array([tile.sum() for band in bands for tile in np.array_split(band, TILES, axis=1)], dtype=float)


def _mean(sums: Float[np.ndarray, " tile"], counts: Float[np.ndarray, " tile"]) -> tuple[float, float]:
    """Mean over all tiles, and its error; NaN for what no tile or only one tile tells."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.divide(sums.sum(), counts.sum())
        return float(mean), _jackknife((sums.sum() - sums) / (counts.sum() - counts))


def _fit(scales: Int[np.ndarray, " scale"], hits: Float[np.ndarray, "scale tile"], area: int) -> Dimension:
    """Fit a power law to the share of hits."""
    total = hits.sum(axis=1)
    counts, exponent, error = total / scales**2, np.nan, np.nan
    if total.all():
        x, y = np.log(scales), np.log(total)
        weights = 1 / (1 / counts + (BLUR / scales) ** 2 + LACUNARITY**2)
        exponent = float(_slope(x, y, weights))
        with np.errstate(divide="ignore", invalid="ignore"):
            sampling = _jackknife(_slope(x, np.log(total[:, None] - hits), weights))
        error = float(np.hypot(sampling, _bend(x, y, weights)))
    return Dimension(2 - exponent, error, exponent, scales, total / area, counts)


def _slope(x: Scales, y: Float[np.ndarray, "scale *tile"], weights: Scales) -> Float[np.ndarray, "*tile"]:
    """Slope of the weighted line of least squares."""
    about = weights * (x - np.average(x, weights=weights))
    return np.asarray(about @ y / (about @ x))


def _bend(x: Scales, y: Scales, weights: Scales) -> float:
    """Error of a slope from what is no line: how local slopes wander, once an octave, and how both halves differ."""
    width = np.diff(x)
    wander = np.average((np.diff(y) / width - _slope(x, y, weights)) ** 2, weights=width)
    octaves, middle = max(width.sum() / np.log(2), 1), len(x) // 2
    small, large = (_slope(x[part], y[part], weights[part]) for part in (slice(middle + 1), slice(middle, None)))
    return float(np.sqrt(wander / octaves + (small - large) ** 2))


def _jackknife(left_out: Float[np.ndarray, " tile"]) -> float:
    """Error of an estimate from its values with each tile left out; NaN where one of them cannot be had."""
    return float(np.sqrt((len(left_out) - 1) * left_out.var()))
