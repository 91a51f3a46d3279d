"""To which of some known minima places belong, in any number of parameters: where the surface would let them rest.

**What.** A place belongs to the minimum that its gradient flow reaches. The flow is dear, so something cheaper is asked
first. From the bottom of a valley the straight line to the minimum leads down all the way: then the place and the
minimum lie in one piece of the surface below the place's height. Where that piece holds one minimum only, as below
every pass, the flow can end nowhere else. Most ends of runs are told in this way, by seventeen evaluations each. For
the rest the flow is followed; in more than ``FLOWING`` parameters, where it would take too long, they belong to none.

**What it can miss.** A line is looked at in a few places, so that a ridge between two of them goes unseen; a line that
leads down into a minimum nobody has found tells that minimum from the known one only if it ends below it. A place from
which neither leads to a known minimum gives ``OUTSIDE``: starts had not found that one.

**What would break it.** Minima that lie on one another; a floor as high as a pass.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Integer

from thalweg.descent import grid, mean
from thalweg.problems.domain import Domain
from thalweg.valleys import nearness
from thalweg.valleys.starts import crease, flow
from thalweg.valleys.tree import OUTSIDE

LOOKS = 16
"""Pieces of a straight line whose ends are looked at."""

ROUNDING = 1e-12
"""Share of a height by which a line that leads down may seem to rise."""

NEAR = 1e-4
"""What ends nearer to a minimum than this share of every axis's length has reached it."""

FLOWING = 32
"""Most parameters for which the flow is followed: a step takes as many gradients, and the cube of it besides."""

Places = Float[np.ndarray, "place param"]
Members = Integer[np.ndarray, " place"]


def members(
    example: mean.Example,
    columns: mean.Columns,
    *,
    domain: Domain,
    minima: Float[np.ndarray, "minimum param"],
    places: Places,
    nearest: Members,
) -> Members:
    """Tell the minimum that each place belongs to; ``OUTSIDE`` for one that is not among those known.

    Parameters
    ----------
    example, columns : the objective as the mean of ``example(params, *columns)``
    domain : its axes
    minima : that are known
    places : finite, inside the domain
    nearest : minimum of each place, as a first guess
    """
    told = np.array(nearest)
    rest = np.flatnonzero(~_leads_down(example, columns, domain, places, minima[nearest])) if len(places) else ()
    if len(rest) and len(domain) <= FLOWING:
        told[rest] = _followed(example, columns, domain, minima, places[rest])
    elif len(rest):
        told[rest] = OUTSIDE
    return told


def _followed(
    example: mean.Example, columns: mean.Columns, domain: Domain, minima: Float[np.ndarray, "minimum param"], at: Places
) -> Members:
    """Tell the minima that the flow reaches, or the crease in which it came to rest."""
    ends = flow.descend(example, columns, domain, at)
    position = np.where(np.isfinite(ends.height)[:, None], ends.position, np.nan)
    reached = nearness.nearest(domain.wrap(position), minima, domain, NEAR)
    lost = np.flatnonzero((reached == OUTSIDE) & np.isfinite(ends.height))
    if lost.size:
        bottoms = crease.descend(example, columns, domain, position[lost])
        reached[lost] = nearness.nearest(bottoms.position, minima, domain, NEAR)
    return reached


def _leads_down(
    example: mean.Example, columns: mean.Columns, domain: Domain, places: Places, targets: Places
) -> Bool[np.ndarray, " place"]:
    """Tell from which places a straight line to their minima never rises."""
    share = np.linspace(0, 1, LOOKS + 1)[:, None, None]
    line = (places + share * domain.difference(targets, places)).reshape(-1, places.shape[1])
    heights = grid.evaluate(example, columns, line).reshape(LOOKS + 1, -1)
    rises = np.diff(heights, axis=0) > ROUNDING * np.abs(heights[:-1])
    return ~np.any(rises | np.isnan(heights[1:]), axis=0)
