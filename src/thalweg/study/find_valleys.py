"""The verb ``find_valleys``: minima, passes, persistence and basins as a labelled dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.checks import choice, number
from thalweg.descent.starts import Sobol
from thalweg.losses.objective import Objective
from thalweg.problems.domain import Axis, Domain
from thalweg.study.methods import Sought, by_grid, exactly, from_starts
from thalweg.study.provenance import provenance
from thalweg.study.survey import survey
from thalweg.valleys import tree
from thalweg.valleys.found import keep

METHODS = ("grid", "exact", "starts")


def find_valleys(
    objective: Objective,
    surface: xr.Dataset | None = None,
    *,
    method: str | Sobol = "grid",
    persistence: float | None = None,
    refine: bool = False,
) -> xr.Dataset:
    """Find the valleys of a surface: on a grid, exactly, or from many starts.

    A minimum counts as a valley if its persistence, the height of the pass over which it joins a deeper one, reaches
    a threshold. On a grid all places are places of the grid, so they are known to half a cell, unless they are refined;
    a surface that is constant to rounding has no valley. The exact census lists every minimum, by theorem, under
    ``|r|^p``: of a line through the origin for p at most 1, with its passes; of a line ``y = W x + b`` for p below 1,
    whose passes are not known. See :mod:`thalweg.valleys.exact.theorem`. From starts, in any number of parameters, what
    many starts flow to is found, with its share of the start volume. See :mod:`thalweg.valleys.starts.multistart`.

    Parameters
    ----------
    objective : what the surface is of
    surface : its survey, for the grid; made here by default
    method : ``"grid"``, ``"exact"``, ``"starts"``, or a :class:`thalweg.starts.Sobol`, which says how many starts
    persistence : threshold, in units of the loss; by default on a grid 1 % of the median height above the lowest
        point, 0, so that every minimum is a valley, in the exact census, and what exceeds rounding from starts
    refine : whether the grid's minima and passes are polished on the objective itself

    Returns
    -------
    xarray.Dataset
        Over valley, deepest first: ``position`` (valley, param), ``loss``, ``persistence`` (infinite for the deepest),
        ``barrier`` (the lowest pass out of the valley, above its minimum), ``joins`` (the valley it merges into, -1 for
        none), ``width`` (how far the position may be off, along any axis), ``at_edge`` (1 where it lies on the edge of
        a box), ``plateau`` (cells that touch and are as low as the minimum; 1 where it is strict). Over pass, lowest
        first: ``pass_position``, ``pass_loss``, ``pass_between`` (pass, side), ``pass_merges`` (1 where it belongs to
        the merge tree). Over the grid: ``basin``, -1 outside every valley; of the exact census instead
        ``stretch_valley`` over stretch, the valley of each stretch of the axis, and ``stretch_from``, where it begins,
        or ``through`` (valley, end), the two training examples that a line with intercept passes through. From starts:
        ``starts`` in each valley, ``share`` with its 95 % Wilson interval, ``start_position`` and ``start_valley``; in
        attributes ``unseen``, the Good–Turing estimate of the start volume of minima not found, with error and bound.
        Names of the valleys are in the attribute ``names``; ``method``, ``threshold`` and what the method depends on,
        such as ``points``, in others.

    Raises
    ------
    InvalidValue
        If the threshold is not a number of at least 0, the method is unknown, or nothing is proved for this objective.

    Examples
    --------
    >>> import thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> valleys = tw.find_valleys(objective)
    >>> valleys.attrs["names"]
    ['0°', '36°', '-36°', '-72°', '72°']
    >>> noisy = tw.objective(tw.problems.pencil(noise=0.01), tw.losses.power(1 / 2))
    >>> tw.find_valleys(noisy, method="exact").sizes["valley"]
    670
    """
    if persistence is not None:
        number("persistence", persistence, at_least=0)
    if isinstance(method, Sobol):
        return label(from_starts(objective, method), persistence, provenance(objective, 64))
    choice("method", method, METHODS)
    if method == "exact":
        return label(exactly(objective), persistence, provenance(objective, 64))
    if method == "starts":
        return label(from_starts(objective, Sobol()), persistence, provenance(objective, 64))
    if surface is None:
        surface = survey(objective)
    return label(by_grid(objective, surface, refine), persistence, surface.attrs)


def label(sought: Sought, persistence: float | None, attrs: dict[str, Any]) -> xr.Dataset:
    """Keep the minima whose persistence reaches the threshold, as a labelled dataset."""
    threshold = sought.usual if persistence is None else max(persistence, sought.least)
    # A persistence that is not known, NaN, is not known to be too low.
    found, kept = keep(sought.found, ~(sought.found.tree.persistence < threshold) & np.isfinite(threshold))
    minima, passes = found.minima, found.passes
    barriers = tree.barriers(minima.depths, passes.between, passes.heights)
    merges = np.zeros(len(passes.heights), dtype=np.int8)
    merges[found.tree.saddle[found.tree.saddle >= 0]] = 1
    itself = found.tree.parent == np.arange(len(minima.depths))
    return xr.Dataset(
        {
            "position": (("valley", "param"), minima.positions),
            "loss": ("valley", minima.depths),
            "persistence": ("valley", found.tree.persistence),
            "barrier": ("valley", np.where(np.isnan(found.tree.persistence), np.nan, barriers)),
            "joins": ("valley", np.where(itself, tree.OUTSIDE, found.tree.parent)),
            "width": ("valley", minima.width),
            "at_edge": ("valley", minima.at_edge.astype(np.int8)),
            "plateau": ("valley", minima.plateau),
            "pass_position": (("pass", "param"), passes.positions),
            "pass_loss": ("pass", passes.heights),
            "pass_between": (("pass", "side"), passes.between),
            "pass_merges": ("pass", merges),
            **sought.basins(kept.renumber),
        },
        coords={
            "valley": np.arange(len(minima.depths)),
            "param": ("param", list(sought.domain.names), sought.domain.to_attrs()),
            **sought.coords,
        },
        attrs=attrs
        | sought.attrs
        | {
            "threshold": threshold,
            "minima": len(sought.found.minima.depths),
            "names": [name_of(position, sought.domain) for position in minima.positions],
        },
    )


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
    return f"{np.round(value, 4) + 0.0:g}"
