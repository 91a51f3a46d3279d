"""The verb ``find_valleys``: minima, passes, persistence and basins as a labelled dataset."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.checks import number
from thalweg.losses.objective import Objective
from thalweg.problems.problem import Axis, Domain
from thalweg.study.survey import domain_of, survey
from thalweg.valleys import topology, tree

SHARE = 0.01
"""Usual threshold of persistence, as a share of the median height of the surface above its lowest point."""

ROUNDING = 1e3
"""Differences below this many times the spacing of numbers are rounding, not valleys."""


def find_valleys(
    objective: Objective, surface: xr.Dataset | None = None, *, persistence: float | None = None
) -> xr.Dataset:
    """Find the valleys of a surface on its grid.

    A minimum counts as a valley if its persistence, the height of the pass over which it joins a deeper one, reaches
    a threshold. All places are places of the grid, so they are known to half a cell. A surface that is constant to
    rounding has no valley.

    Parameters
    ----------
    objective : what the surface is of
    surface : its survey; made here by default
    persistence : threshold, in units of the loss; 1 % of the median height above the lowest point by default

    Returns
    -------
    xarray.Dataset
        Over valley, deepest first: ``position`` (valley, param), ``loss``, ``persistence`` (infinite for the deepest),
        ``barrier`` (the lowest pass out of the valley, above its minimum), ``joins`` (the valley it merges into, -1 for
        none), ``at_edge`` (1 where it lies on the edge of a box). Over pass, lowest first: ``pass_position``,
        ``pass_loss``, ``pass_between`` (pass, side), ``pass_merges`` (1 where it belongs to the merge tree). Over the
        grid: ``basin``, -1 outside every valley. Names of the valleys are in the attribute ``names``.

    Raises
    ------
    InvalidValue
        If the threshold is not a number of at least 0.

    Examples
    --------
    >>> import thalweg as tw
    >>> valleys = tw.find_valleys(tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2)))
    >>> valleys.attrs["names"]
    ['0°', '36°', '-36°', '-72°', '72°']
    """
    if persistence is not None:
        number("persistence", persistence, at_least=0)
    if surface is None:
        surface = survey(objective)
    domain = domain_of(surface["train_loss"])
    heights = surface["train_loss"].values.astype(np.float64)
    threshold = _threshold(heights, persistence, surface["train_loss"].dtype)
    found = topology.analyse(heights, tuple(axis.periodic for axis in domain))
    valleys, _ = topology.simplify(found, (found.persistence >= threshold) & np.isfinite(threshold))
    result = _label(valleys, surface, domain)
    result.attrs = surface.attrs | {
        "method": "grid",
        "points": list(heights.shape),
        "threshold": threshold,
        "minima": len(found.minima),
        "names": [name_of(position, domain) for position in result["position"].values],
    }
    return result


def name_of(position: np.ndarray, domain: Domain) -> str:
    """Name a place for people: an angle in degrees, other parameters as they are."""
    names = [_number_of(value, axis) for value, axis in zip(position, domain, strict=True)]
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _number_of(value: float, axis: Axis) -> str:
    # Adding 0.0 turns -0.0 into 0.0.
    if axis.unit == "rad":
        return f"{np.round(np.degrees(value), 2) + 0.0:g}°"
    return f"{np.round(value, 4) + 0.0:g}"


def _threshold(heights: np.ndarray, persistence: float | None, dtype: np.dtype) -> float:
    """Choose the threshold; infinite, and so no valley, where all heights are equal to rounding."""
    finite = heights[np.isfinite(heights)]
    if not finite.size:
        return np.inf
    # Not the largest height: a pole would call everything rounding.
    rounding = float(ROUNDING * np.finfo(dtype).eps * np.quantile(np.abs(finite), 0.9))
    if np.ptp(finite) <= rounding:
        return np.inf
    if persistence is not None:
        return max(persistence, rounding)
    return max(SHARE * float(np.median(finite) - np.min(finite)), rounding)


def _label(valleys: topology.Topology, surface: xr.Dataset, domain: Domain) -> xr.Dataset:
    shape = valleys.basins.shape
    places = [surface.coords[axis.name].values for axis in domain]
    heights = surface["train_loss"].values.ravel()

    def position(cells: np.ndarray) -> np.ndarray:
        return np.stack([along[i] for along, i in zip(places, np.unravel_index(cells, shape), strict=True)], axis=-1)

    index = np.unravel_index(valleys.minima, shape)
    edges = [
        (i == 0) | (i == len(along) - 1)
        for i, along, axis in zip(index, places, domain, strict=True)
        if not axis.periodic
    ]
    depths = heights[valleys.minima]
    merges = np.zeros(len(valleys.passes.cell), dtype=np.int8)
    merges[valleys.saddle[valleys.saddle >= 0]] = 1
    itself = valleys.parent == np.arange(len(valleys.minima))
    return xr.Dataset(
        {
            "position": (("valley", "param"), position(valleys.minima)),
            "loss": ("valley", depths),
            "persistence": ("valley", valleys.persistence),
            "barrier": ("valley", tree.barriers(depths, valleys.passes.between, valleys.passes.height)),
            "joins": ("valley", np.where(itself, tree.OUTSIDE, valleys.parent)),
            "at_edge": (
                "valley",
                np.any(edges, axis=0).astype(np.int8) if edges else np.zeros(len(depths), np.int8),
            ),
            "pass_position": (("pass", "param"), position(valleys.passes.cell)),
            "pass_loss": ("pass", valleys.passes.height),
            "pass_between": (("pass", "side"), valleys.passes.between),
            "pass_merges": ("pass", merges),
            "basin": ([axis.name for axis in domain], valleys.basins.astype(np.int32)),
        },
        coords={
            "valley": np.arange(len(depths)),
            "param": [axis.name for axis in domain],
            **{axis.name: surface.coords[axis.name] for axis in domain},
        },
    )
