"""The verb ``find_valleys``: minima, passes, persistence and basins as a labelled dataset."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import number
from thalweg.descent.starts import Sobol
from thalweg.losses.objective import Objective
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.store.kinds import Surface
from thalweg.study.methods import Candidates, by_grid, exactly, from_places, from_starts, relief_above
from thalweg.study.provenance import provenance
from thalweg.study.runs import last_places
from thalweg.study.sliced import SOUGHT, surface_of
from thalweg.study.survey import of_the_objective, survey
from thalweg.valleys import tree
from thalweg.valleys.landscape import Landscape, keep
from thalweg.valleys.tree import Kept

REFINED = 2
"""Most parameters for which a grid is refined by default: in three, cusps meet along edges where refining may stop."""

ASK = "persistence=0"
"""How minima below the usual threshold are asked for."""

SHOWN = 3
"""Minima below the threshold that are named."""


@public
def find_valleys(
    objective: Annotated[Objective | xr.Dataset, SOUGHT],
    surface: Surface | None = None,
    *,
    method: Literal["grid", "exact", "starts"] | Sobol = "grid",
    persistence: float | None = None,
    refine: bool | None = None,
) -> xr.Dataset:
    """Find the valleys of a surface: on a grid, exactly, or from many starts.

    A minimum counts as a valley if its persistence, the height of the pass over which it joins a deeper one, reaches
    a threshold. A surface that is constant to rounding has no valley.

    On a grid, minima and passes are refined on the objective itself: to rounding where it is smooth or a lone cusp;
    what is neither, such as a pass on the edge of a box, stays known to half a cell. The exact census lists every
    minimum, by theorem, under ``|r|^p``: of a line through the origin for p at most 1, with its passes; of a line
    ``y = W x + b`` for p below 1, whose passes are not known. See :mod:`thalweg.valleys.exact.theorem`. From starts, in
    any number of parameters, what they flow to is listed, with its share of the start volume, and the minima that the
    problem is known to have, whose share may be 0. See :mod:`thalweg.valleys.starts.multistart`.

    Parameters
    ----------
    objective : what the surface is of; or a slice of a network, from :func:`thalweg.networks.slice`, whose valleys are
        those of its own grid, in the coordinates of its plane: other directions lead out of many of them
    surface : its survey, for the grid; made here by default
    method : ``"grid"``, ``"exact"``, ``"starts"``, or a :class:`thalweg.starts.Sobol`, which says how many starts
    persistence : threshold, in units of the loss; by default on a grid 1 % of the median height above the lowest
        point, 0, so that every minimum is a valley, in the exact census, and what exceeds rounding from starts
    refine : whether the grid's minima and passes are refined; by default for up to two parameters. With False all
        places and losses are those of the grid's cells

    Returns
    -------
    xarray.Dataset
        Valleys deepest first, passes lowest first. Names of the valleys are in the attribute ``names``; in ``left_out``
        a line on the minima below the threshold and how to see them; ``method``, ``threshold`` and what the method
        depends on, such as ``points``, in others; from starts ``unseen``, the Good–Turing estimate of the start volume
        of minima that no start has reached, with ``unseen_error`` and ``unseen_bound``.

        ================ ============= ========== ==========================================================
        variable         dims          unit       meaning
        ================ ============= ========== ==========================================================
        position         valley, param parameters of the minimum; angles in radians
        loss             valley        loss       there
        persistence      valley        loss       of the pass at which it joins a deeper valley, above it;
                                                  infinite for the deepest
        barrier          valley        loss       of the lowest pass out of the valley, above its minimum
        joins            valley        valley     the one it merges into, -1 for none
        width            valley        parameters how far the position may be off, along any axis
        at_edge          valley        0 or 1     whether it lies on the edge of a box
        plateau          valley        cells      that touch and are as low as the minimum; 1 if strict
        pass_position    pass, param   parameters of the pass
        pass_loss        pass          loss       there
        pass_between     pass, side    valley     the two that it joins
        pass_merges      pass          0 or 1     whether it belongs to the merge tree
        basin            the grid's    valley     that each cell belongs to, -1 for none; on a grid
        stretch_from     stretch       parameters where each stretch of the axis begins; exactly, one parameter
        stretch_valley   stretch       valley     that it belongs to; exactly, one parameter
        through          valley, end   example    of the training data that the line passes through; exactly, two
        starts           valley        starts     that flow to it; from starts, as all below
        share…           valley        share      of the starts, and with ``_low`` and ``_high`` its 95 % Wilson
                                                  interval
        settled          valley        0 or 1     whether the place is one of rest: level, or a kink's lowest; else
                                                  the minimum may lie lower
        …_bound          pass, valley  0 or 1     whether a ``pass`` is but the highest place of some path, and so the
                                                  ``persistence``, the ``barrier``, at most what is said
        start_position   start, param  parameters of each start
        start_valley     start         valley     that it flows to, -1 for none
        ================ ============= ========== ==========================================================

    Raises
    ------
    InvalidValue
        If the threshold is not a number of at least 0, the method is unknown, the surface is over other parameters,
        nothing is proved for this objective, or a slice is to be refined.

    References
    ----------
    H. Edelsbrunner, D. Letscher, A. Zomorodian, "Topological persistence and simplification", Discrete & Computational
    Geometry 28, 511–533, 2002, doi:10.1007/s00454-002-2885-2.

    Examples
    --------
    >>> import thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> valleys = tw.find_valleys(objective)
    >>> valleys.attrs["names"]
    ['0°', '36°', '-36°', '-72°', '72°']
    >>> shubert = tw.find_valleys(tw.objective(tw.problems.shubert()))
    >>> round(float(shubert["loss"][0]), 4)
    -186.7309
    >>> shubert.attrs["left_out"]
    '1 minimum of persistence below 1.87: (-10, -10); persistence=0 lists them'
    >>> noisy = tw.objective(tw.problems.pencil(noise=0.01), tw.losses.power(1 / 2))
    >>> tw.find_valleys(noisy, method="exact").sizes["valley"]
    670
    """
    if persistence is not None:
        number("persistence", persistence, at_least=0)
    if isinstance(objective, xr.Dataset):
        piece = surface_of(objective, method=method, surface=surface, refine=refine)
        return label(by_grid(None, piece), persistence, piece.attrs)
    if surface is not None:
        names = objective.problem.parameters
        of_the_objective("surface", map(str, surface["train_loss"].dims), objective)
        surface = surface.transpose(*names)
    if isinstance(method, Sobol) or method == "starts":
        starts = method if isinstance(method, Sobol) else Sobol()
        return _measured(objective, label(from_starts(objective, starts), persistence, provenance(objective, 64)))
    if method == "exact":
        return _measured(objective, label(exactly(objective), persistence, provenance(objective, 64)))
    if surface is None:
        surface = survey(objective)
    if refine is None:
        refine = len(objective.problem.domain) <= REFINED
    return label(by_grid(objective if refine else None, surface), persistence, surface.attrs)


def valleys_of_runs(objective: Objective, runs: xr.Dataset, persistence: float | None = None) -> xr.Dataset:
    """Find the minima that the gradient flow reaches from where runs started and from where they ended.

    In more parameters than a grid holds that is what can be told of some runs at once; of other minima nothing is said.
    """
    domain = objective.problem.domain
    places = np.concatenate([runs["params"].values[:, 0], last_places(runs)[0]]).astype(np.float64)
    low, high = domain.bounds
    inside = np.isfinite(places).all(axis=1) & (places >= low).all(axis=1) & (places <= high).all(axis=1)
    reached = from_places(objective, places[inside], {"method": "runs"})
    return _measured(objective, label(reached, persistence, provenance(objective, 64)))


def _measured(objective: Objective, valleys: xr.Dataset) -> xr.Dataset:
    """Add how high the surface stands where a valley that nothing leads out of is measured by it."""
    if not np.isinf(valleys["barrier"].values).any():
        return valleys
    return valleys.assign_attrs(relief=relief_above(objective, float(valleys["loss"].values.min())))


def label(candidates: Candidates, persistence: float | None, attrs: dict[str, Any]) -> xr.Dataset:
    """Keep the minima whose persistence reaches the threshold, as a labelled dataset."""
    threshold = candidates.usual if persistence is None else max(persistence, candidates.least)
    # A persistence that is not known, NaN, is not known to be too low.
    landscape, kept = keep(
        candidates.landscape, ~(candidates.landscape.tree.persistence < threshold) & np.isfinite(threshold)
    )
    minima, passes = landscape.minima, landscape.passes
    barriers = tree.barriers(minima.depths, passes.between, passes.heights)
    merges = np.zeros(len(passes.heights), dtype=np.int8)
    merges[landscape.tree.saddle[landscape.tree.saddle >= 0]] = 1
    itself = landscape.tree.parent == np.arange(len(minima.depths))
    return xr.Dataset(
        {
            "position": (("valley", "param"), minima.positions),
            "loss": ("valley", minima.depths),
            "persistence": ("valley", landscape.tree.persistence),
            "barrier": ("valley", np.where(np.isnan(landscape.tree.persistence), np.nan, barriers)),
            "joins": ("valley", np.where(itself, tree.OUTSIDE, landscape.tree.parent)),
            "width": ("valley", minima.width),
            "at_edge": ("valley", minima.at_edge.astype(np.int8)),
            "plateau": ("valley", minima.plateau),
            "pass_position": (("pass", "param"), passes.positions),
            "pass_loss": ("pass", passes.heights),
            "pass_between": (("pass", "side"), passes.between),
            "pass_merges": ("pass", merges),
            **_bounds(landscape, barriers),
            **candidates.basins(kept.renumber),
        },
        coords={
            "valley": np.arange(len(minima.depths)),
            "param": ("param", list(candidates.domain.names), candidates.domain.to_attrs()),
            **candidates.coords,
        },
        attrs={
            **attrs,
            **candidates.attrs,
            "threshold": threshold,
            "minima": len(candidates.landscape.minima.depths),
            "left_out": _left_out(candidates, kept, threshold),
            "names": [name_of(position, candidates.domain) for position in minima.positions],
        },
    )


def _bounds(landscape: Landscape, barriers: np.ndarray) -> dict[str, Any]:
    """Tell which passes, and what is measured up to them, are but upper bounds; nothing where none can be."""
    passes, tree = landscape.passes, landscape.tree
    if passes.bound is None:
        return {}
    ends = tree.saddle >= 0
    persistence = np.zeros(len(tree.saddle), bool)
    persistence[ends] = passes.bound[tree.saddle[ends]]
    barrier = np.zeros(len(tree.saddle), bool)
    for side in passes.between.T:
        lowest = passes.heights - landscape.minima.depths[side] <= barriers[side]
        np.logical_or.at(barrier, side, lowest & passes.bound)
    return {
        "pass_bound": ("pass", passes.bound.astype(np.int8)),
        "persistence_bound": ("valley", persistence.astype(np.int8)),
        "barrier_bound": ("valley", barrier.astype(np.int8)),
    }


def _left_out(candidates: Candidates, kept: Kept, threshold: float) -> str:
    """Write one line on the minima below the threshold, deepest first, and how to see them; empty for none."""
    out = np.setdiff1d(np.arange(len(candidates.landscape.minima.depths)), kept.minima)
    if not len(out) or not np.isfinite(threshold):
        return ""
    names = [name_of(place, candidates.domain) for place in candidates.landscape.minima.positions[out[:SHOWN]]]
    rest = f" and {len(out) - SHOWN} more" if len(out) > SHOWN else ""
    way = f"; {ASK} lists them" if threshold > candidates.least else ", which is rounding"
    count = f"{len(out)} minim{'um' if len(out) == 1 else 'a'} of persistence below {threshold:.3g}"
    return f"{count}: {', '.join(names)}{rest}{way}"


def domain_of_valleys(valleys: xr.Dataset) -> Domain:
    """Read the domain of valleys back from their coordinate ``param``."""
    return Domain.from_attrs(valleys["param"].values.tolist(), valleys["param"].attrs)


def name_of(position: np.ndarray, domain: Domain) -> str:
    """Name a place for people: an angle in degrees, other parameters as they are."""
    names = [_number_of(value, axis) for value, axis in zip(position, domain, strict=True)]
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _number_of(value: float, axis: Axis) -> str:
    # Adding 0.0 turns -0.0 into 0.0.
    if axis.unit == "rad":
        return f"{np.round(np.degrees(value), 2) + 0.0:g}°"
    # Four decimals, and more on an axis that is short.
    decimals = 4 + max(0, -int(np.floor(np.log10(axis.length))))
    return f"{np.round(value, decimals) + 0.0:g}"
