"""Minima and passes of a grid, refined on the objective itself.

A place of a grid is known to half a cell, and its height to what the surface falls there. A smooth minimum is where
Newton's method ends: its gradient is rounding and no curvature is negative. A smooth pass is such a place with one
negative curvature. A cusp has no gradient; it is closed in on by heights alone. A search is judged by the place that it
ends at, never by how it went, and what none settles within a cell of its place keeps the place of the grid: a refined
place is as good as its ``kind`` says, and none is lost.

Two places of a grid can lead to one minimum, of which the staircases of a slanting valley make many. They are made one
by position, with the brackets as tolerance. Values would be no guide: symmetric surfaces have distinct minima of one
value (Shubert's function has 18 of them), and these must stay apart.

What would break it: thresholds in units of the loss. All are shares of ``relief``, the change of height to the next
cells, so that a surface times a million is refined to the same places. In three parameters cusps meet along edges where
no direction tried leads down and yet one would; that is why refining is the default for up to two only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy.spatial import KDTree

from thalweg.descent import mean
from thalweg.problems.domain import Domain
from thalweg.valleys import nearness
from thalweg.valleys.grid import polish
from thalweg.valleys.grid.ground import EPS, FEW, MANY, Curvature, Each, Ground, Points, Spacing
from thalweg.valleys.grid.polish import Examined, Reached

Pairs = Float[np.ndarray, "place 2 param"]

Search = Callable[..., Reached]
Look = Callable[..., "Places"]

STILL = 1e-6
"""A smooth place has a gradient below this, in heights a cell, for each unit of relief; it reaches far less."""

JUMP = 1e-3
"""Where the gradient beside a place is above this, in heights a cell for each unit of relief, the place is a cusp."""

FLAT = 1e-8
"""Curvature below this, in heights a cell squared for each unit of relief, counts as zero."""

SAME = 1e-6
"""Places nearer than this, in cells, and what their brackets add, are one."""


class Places(NamedTuple):
    """Minima or passes, polished.

    Attributes
    ----------
    position, value : where it is, on periodic axes from low to high, and its height
    gradient : norm of the gradient; on the edge of a box it may point outwards; NaN at a cusp
    bracket : half-width of what is not known of the position, along each parameter
    kind : ``smooth``; ``cusp``, where there is no gradient; ``edge``, on the edge of a box, smooth or not;
        ``grid``, not polished: the place of the grid
    signature : numbers of negative, zero and positive curvatures, along the edge only where the edge holds the place;
        all 0 where there is no Hessian
    """

    position: Points
    value: Each
    gradient: Each
    bracket: Points
    kind: Shaped[np.ndarray, " place"]
    signature: Int[np.ndarray, "place 3"]


def refine_minima(
    example: mean.Example, columns: mean.Columns, *, domain: Domain, positions: Points, spacing: Spacing
) -> tuple[Places, Int[np.ndarray, " place"]]:
    """Polish the minima of a grid.

    Parameters
    ----------
    example, columns : the objective, as the mean of ``example(params, *columns)``
    domain : of the parameters; minima stay in it
    positions : of the grid's minima
    spacing : size of a cell of the grid

    Notes
    -----
    Gradient and curvature show a smooth minimum, a bracket a cusp of one parameter. In two parameters a cusp is a place
    below all that was tried about it. In three or more, where cusps meet along edges, the search can stop on an edge:
    there a ``cusp`` may still fall along it.

    Returns
    -------
    Places
        In order of depth, each once.
    index : (place,)
        The number in it of each minimum of the grid.
    """
    look = partial(_look, _ground(example, columns, domain, spacing, len(positions)), domain)
    best = look(polish.descend, positions)
    rest = np.flatnonzero(best.kind == "grid")
    if rest.size:
        if len(domain) == 1:
            closed = look(polish.bracket, positions[rest], np.ones_like(positions[rest]))
        else:
            closed = look(polish.poll, positions[rest])
        again = look(polish.descend, closed.position)
        as_low = again.value <= closed.value + 4 * EPS * np.abs(closed.value)
        closed = _where(as_low & (again.kind != "grid"), again, closed)
        best = _put(best, rest, closed)
    return merge(_fall_back(look, best, positions), domain, spacing)


def refine_passes(
    example: mean.Example, columns: mean.Columns, *, domain: Domain, positions: Points, spacing: Spacing, between: Pairs
) -> Places:
    """Polish the passes of a grid: a maximum in one parameter, a saddle with one negative curvature in more.

    Parameters
    ----------
    example, columns, domain, spacing : as for :func:`refine_minima`
    positions : of the grid's passes
    between : the two minima that each pass joins; in one parameter the pass is sought between them

    Returns
    -------
    Places
        In the order of ``positions``, none merged. A maximum without a gradient is a ``cusp``. What is not found, and
        every pass on the edge of a box in more than one parameter, keeps the place of the grid.
    """
    look = partial(_look, _ground(example, columns, domain, spacing, len(positions)), domain)
    if spacing.size > 1:
        return _fall_back(look, look(polish.climb, positions), positions)
    reach = np.abs(domain.difference(between, positions[:, None])).min(axis=1) / spacing
    closed = look(polish.bracket, positions, -np.minimum(reach, 1))
    polished = look(polish.climb, closed.position)
    near = (np.abs(domain.difference(polished.position, closed.position)) < 1e-3 * spacing).all(axis=1)
    return _fall_back(look, _where(near & (polished.kind == "smooth"), polished, closed), positions)


def merge(places: Places, domain: Domain, spacing: Spacing) -> tuple[Places, Int[np.ndarray, " place"]]:
    """Make places that lie at one position one, by position alone: valleys of equal depth stay apart.

    Returns
    -------
    Places
        In order of value; of those at one position, the lowest.
    index : (place,)
        The number in it of each place given.
    """
    count = len(places.value)
    lengths = np.where(domain.periodic, domain.lengths, 0.0) / spacing
    cells = (places.position - domain.lows) / spacing
    cells = np.where((lengths > 0) & (cells >= lengths), 0.0, cells)
    unsure = np.where(places.kind == "grid", 0.0, np.minimum((places.bracket / spacing).max(axis=1), 1e-3))
    # SciPy takes a length of 0 for an axis that is not periodic.
    pairs = KDTree(cells, boxsize=lengths).query_pairs(SAME + 2 * unsure.max(initial=0), np.inf, output_type="ndarray")
    way = domain.difference(places.position[pairs[:, 0]], places.position[pairs[:, 1]])
    apart = (np.abs(way) / spacing).max(axis=1)
    pairs = pairs[apart <= SAME + unsure[pairs].sum(axis=1)]
    order = np.lexsort((np.arange(count), places.value))
    kept, number = nearness.firsts(nearness.components(pairs, count), order)
    return Places(*(field[kept] for field in places)), number


def _ground(example: mean.Example, columns: mean.Columns, domain: Domain, spacing: Spacing, places: int) -> Ground:
    columns = mean.placed(columns, 64)  # once, not at every step of a search
    return Ground(example, columns, *domain.bounds, spacing, FEW if places <= FEW else MANY)


def _look(ground: Ground, domain: Domain, search: Search | None, starts: np.ndarray, *ways: np.ndarray) -> Places:
    """Search from every place and judge what was reached; of kind ``grid`` is what a search did not settle."""
    if not len(starts):
        return Places(starts, np.zeros(0), np.zeros(0), starts, np.zeros(0, "<U6"), np.zeros((0, 3), np.int64))
    # Where numbers are not finite nothing is reached, and that is no fault of the search.
    with np.errstate(all="ignore"):
        reached = search(ground, starts, *ways) if search else Reached(starts, np.ones_like(starts))
        reached = reached._replace(position=domain.wrap(reached.position))
        moved = np.abs(domain.difference(reached.position, domain.wrap(starts)))
        return _judge(search, reached, polish.examine(ground, reached.position), ground, moved)


def _fall_back(look: Look, places: Places, starts: np.ndarray) -> Places:
    """Keep the place of the grid, known to a cell, where nothing was settled."""
    lost = np.flatnonzero(places.kind == "grid")
    return _put(places, lost, look(None, starts[lost])) if lost.size else places


def _judge(search: Search | None, reached: Reached, examined: Examined, ground: Ground, moved: Points) -> Places:
    """Say of what kind each place is that a search ended at, and describe it."""
    x, spacing = reached.position, ground.spacing
    at_edge = ((x <= ground.low) | (x >= ground.high)).any(axis=1)
    g, free = examined.gradient * spacing, ground.free(x, examined.gradient)
    rounding = 64 * EPS * np.abs(examined.value)
    still = np.abs(np.where(free, g, 0)).max(axis=1) <= np.maximum(STILL * examined.relief, rounding)
    cusp = ~(np.abs(examined.beside).max(axis=(1, 2)) <= np.maximum(JUMP * examined.relief, rounding))
    signature = _signature(examined.hessian * np.outer(spacing, spacing), free, FLAT * examined.relief + rounding)
    signature[cusp] = 0
    settled = np.isfinite(examined.value) & np.isfinite(reached.width).all(axis=1)
    if search in (polish.descend, polish.climb):
        settled &= still & ~cusp & (signature[:, 0] == (search is polish.climb))
        settled &= (search is polish.descend) | ~at_edge
        kind = np.where(at_edge, "edge", "smooth")
    else:
        settled &= cusp & (moved < 0.999 * spacing).all(axis=1) & (search is not None)
        kind = np.where(at_edge, "edge", "cusp")
    return Places(
        x,
        examined.value,
        np.where(cusp, np.nan, np.linalg.norm(examined.gradient, axis=1)),
        np.maximum(reached.width * spacing, np.spacing(np.abs(x))),
        np.where(settled, kind, "grid"),
        signature,
    )


def _signature(H: Curvature, free: Bool[np.ndarray, "place param"], zero: Each) -> Int[np.ndarray, "place 3"]:
    """Count the curvatures below, at and above zero along the free axes; none where they are not finite."""
    both = free[:, :, None] & free[:, None, :]
    usable = np.all(np.abs(np.where(both, H, 0)) < 1e150, axis=(1, 2))
    # Axes that are not free are parted from the others and given a curvature of exactly 0.
    curvature = np.linalg.eigvalsh(np.where(both & usable[:, None, None], H, 0.0))
    negative = np.count_nonzero(curvature < -zero[:, None], axis=1)
    positive = np.count_nonzero(curvature > zero[:, None], axis=1)
    counts = np.stack([negative, free.sum(axis=1) - negative - positive, positive], axis=1)
    return np.where(usable[:, None], counts, 0)


def _where(condition: Bool[np.ndarray, " place"], one: Places, other: Places) -> Places:
    return Places(
        *(np.where(condition.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in zip(one, other, strict=True))
    )


def _put(places: Places, which: Int[np.ndarray, " some"], others: Places) -> Places:
    fields = [field.copy() for field in places]
    for field, other in zip(fields, others, strict=True):
        field[which] = other
    return Places(*fields)
