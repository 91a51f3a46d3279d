"""Grids on intervals, circles and boxes, and objectives evaluated on them.

A surface is computed by the same mean, in the same order of summation, as the losses of runs: a run that stands on a
point of the grid has the surface's number there. Positions are made when their turn comes, batch by batch, so that a
grid may be larger than memory and none of its positions is kept but the coordinates along each axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Array, Float

from thalweg.base import hints
from thalweg.base.checks import whole
from thalweg.base.compiling import compiled
from thalweg.base.errors import InvalidValue
from thalweg.base.parallel import each
from thalweg.base.precision import computing, dtype_of
from thalweg.descent import mean
from thalweg.descent.features import apart
from thalweg.problems.domain import Domain

BATCH = 8192
"""Positions evaluated at once at most."""

POINTS = {1: 1800, 2: 241, 3: 65}
"""Usual points an axis, by dimension: a tenth of a degree on the circle of period π."""

MOST = 20_000_000
"""Cells of a grid that is held in memory at most."""

ALONG = 100_000_000
"""Points along one axis at most; they are held in memory."""

SHOWN = 3
"""Parameters that are named as an example of what to hold."""

MOST_STORED = 10_000_000_000
"""Cells of a grid that is streamed to a store at most."""


def coordinates(domain: Domain, points: int | Sequence[int] | None = None, most: int = MOST) -> tuple[np.ndarray, ...]:
    """Choose evenly spaced coordinates along each axis.

    An interval includes both ends; a circle leaves out its upper end, which is its lower one.
    """
    if len(domain) not in POINTS:
        held = [f"{name}={(axis.low + axis.high) / 2:g}" for name, axis in zip(domain.names, domain, strict=True)]
        first, more = ", ".join(held[max(POINTS) :][:SHOWN]), ", …" if len(held) > max(POINTS) + SHOWN else ""
        raise InvalidValue(
            f"a grid over {len(domain)} parameters is too large; survey at most {max(POINTS)}: hold the others, "
            f"such as objective.fix({first}{more})"
        )
    each = POINTS[len(domain)] if points is None else points
    counts = each if isinstance(each, Sequence) else [each] * len(domain)
    if len(counts) != len(domain):
        raise InvalidValue(f"points = {points!r} has {len(counts)} numbers; give one, or one for each of {len(domain)}")
    counts = [whole("points", count, at_least=3, at_most=ALONG) for count in counts]
    if math.prod(counts) > most:
        raise InvalidValue(f"points = {counts} make {math.prod(counts):,} cells; give at most {most:,} in all")
    return tuple(
        np.linspace(axis.low, axis.high, count, endpoint=not axis.periodic)
        for axis, count in zip(domain, counts, strict=True)
    )


def evaluate(
    example: mean.Example, columns: mean.Columns, positions: Float[np.ndarray, "position param"], precision: int = 64
) -> Float[np.ndarray, " position"]:
    """Evaluate an objective at many positions, in the same order of summation as the runs."""
    values = np.empty(len(positions), dtype_of(precision))
    for span, part in sweep(example, columns, lambda span: positions[span], len(positions), precision):
        values[span] = part
    return values


def slopes(
    example: mean.Example, columns: mean.Columns, positions: Float[np.ndarray, "position param"], precision: int = 64
) -> Float[np.ndarray, "position param"]:
    """Take the gradient of an objective at many positions."""
    columns, dtype = mean.placed(columns, precision), dtype_of(precision)
    width = mean.width_for(max(len(positions), 1), BATCH)

    def compute(first: int) -> np.ndarray:
        batch = positions[first : first + width].astype(dtype)
        with computing(precision):
            return np.asarray(_slope(hints.traced(mean.pad(batch, width)), columns, example)).T[: len(batch)]

    parts = each(compute, range(0, len(positions), width), "taking gradients")
    return np.concatenate([np.empty((0, positions.shape[1]), dtype), *parts])


def sweep(
    example: mean.Example,
    columns: mean.Columns,
    positions: Callable[[slice], Float[np.ndarray, "position param"]],
    count: int,
    precision: int = 64,
) -> Iterator[tuple[slice, Float[np.ndarray, " position"]]]:
    """Evaluate an objective at positions that are made when their turn comes, on all cores.

    Yields
    ------
    Which positions, in order, and the objective there.
    """
    columns, dtype = mean.placed(columns, precision), dtype_of(precision)
    width = mean.width_for(count, BATCH)

    def compute(span: slice) -> np.ndarray:
        batch = positions(span).astype(dtype)
        with computing(precision):
            return np.asarray(_program(hints.traced(mean.pad(batch, width)), columns, example))[: len(batch)]

    spans = [slice(first, min(first + width, count)) for first in range(0, count, width)]
    return zip(spans, each(compute, spans, "surveying"), strict=True)


def places(coordinates: Sequence[np.ndarray], span: slice) -> Float[np.ndarray, "position param"]:
    """Give the positions of some cells of a grid, counted with the last axis fastest."""
    if len(coordinates) == 1:
        return coordinates[0][span, None]
    shape = tuple(len(along) for along in coordinates)
    cells = np.unravel_index(np.arange(int(span.start), int(span.stop)), shape)
    return np.stack([along[cell] for along, cell in zip(coordinates, cells, strict=True)], axis=-1)


@compiled("example")
def _program(params: Array, columns: mean.Columns, example: mean.Example) -> Array:
    example, features = apart(example, len(params), columns)
    return mean.value(example, params, features)


@compiled("example")
def _slope(params: Array, columns: mean.Columns, example: mean.Example) -> Array:
    example, features = apart(example, len(params), columns)
    return mean.value_and_gradient(example, params, features)[1]
