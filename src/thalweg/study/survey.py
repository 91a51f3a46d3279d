"""The verb ``survey``: an objective over its domain as a labelled dataset."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.precision import dtype_of
from thalweg.losses.objective import Objective
from thalweg.problems.problem import Axis, Domain
from thalweg.study.provenance import provenance
from thalweg.surface import grid


def survey(
    objective: Objective,
    *,
    points: int | Sequence[int] | None = None,
    domain: Axis | Sequence[Axis] | None = None,
    precision: int = 64,
) -> xr.Dataset:
    """Evaluate an objective on a grid over its domain.

    Parameters
    ----------
    objective : what is surveyed
    points : points along each axis; a tenth of a degree on a circle of period π, 241 x 241 on a box by default
    domain : another domain than the problem's own, for the same parameters
    precision : 32 or 64 bits

    Returns
    -------
    xarray.Dataset
        ``train_loss``, and ``test_loss`` where there are test data, over dimensions named like the parameters, with
        their values as coordinates. An interval includes both ends; a circle leaves out its upper end.

    Raises
    ------
    InvalidValue
        If there are more than three parameters, or too few points.

    Examples
    --------
    >>> import thalweg as tw
    >>> surface = tw.survey(tw.objective(tw.problems.himmelblau()), points=61)
    >>> dict(surface.sizes)
    {'x': 61, 'y': 61}
    """
    axes: Domain = objective.problem.domain
    if domain is not None:
        axes = (domain,) if isinstance(domain, Axis) else tuple(domain)
    places = grid.coordinates(axes, points)
    names = [axis.name for axis in axes]
    parts = {"train_loss": objective.train}
    if objective.test:
        parts["test_loss"] = objective.test
    surface = xr.Dataset(
        {name: (names, _evaluate(objective, columns, places, precision)) for name, columns in parts.items()},
        coords={
            axis.name: (
                axis.name,
                along,
                {"unit": axis.unit, "low": axis.low, "high": axis.high, "periodic": int(axis.periodic)},
            )
            for axis, along in zip(axes, places, strict=True)
        },
    )
    surface.attrs = provenance(objective, precision)
    return surface


def _evaluate(objective: Objective, columns: Any, places: Sequence[np.ndarray], precision: int) -> np.ndarray:
    shape = tuple(map(len, places))
    values = np.empty(math.prod(shape), dtype_of(precision))
    sweep = grid.sweep(objective.example, columns, lambda span: grid.places(places, span), len(values), precision)
    for span, part in sweep:
        values[span] = part
    return values.reshape(shape)


def domain_of(values: xr.DataArray) -> Domain:
    """Read the domain of a grid back from its coordinates."""
    return tuple(
        Axis(
            str(name),
            values[name].attrs["low"],
            values[name].attrs["high"],
            periodic=bool(values[name].attrs["periodic"]),
            unit=values[name].attrs["unit"],
        )
        for name in values.dims
    )
