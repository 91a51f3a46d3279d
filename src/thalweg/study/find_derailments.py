"""The verb ``derailments``: where runs were thrown out of a valley they had nearly settled in."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.study.find_valleys import domain_of_valleys
from thalweg.valleys import falls
from thalweg.valleys.locate import Basins, cells, stretches

FLOOR = 0.25
"""Usual share of a valley's barrier up to which a loss lies on its floor."""


def find_derailments(runs: xr.Dataset, valleys: xr.Dataset, *, floor: float = FLOOR) -> xr.Dataset:
    """Find every derailment.

    A run is on the floor of a valley while its training loss is above the valley's minimum by at most ``floor`` times
    the valley's barrier; it derails at a step on the floor whose next step lies in another valley's basin.

    Parameters
    ----------
    runs : from :func:`thalweg.descend`
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    floor : share of the barrier, above 0 and at most 1

    Returns
    -------
    xarray.Dataset
        Over fall, by run and step: ``run``, ``step`` (the last one on the floor), ``left`` and ``entered`` (valleys),
        ``jump`` (distance to the next step, in the parameters' units), ``rise`` in training loss, ``grad_norm`` at the
        step. Names of the valleys are in the attribute ``names``.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), steps=20)
    >>> falls = tw.find_derailments(runs, tw.find_valleys(objective))
    >>> falls["step"].values.tolist()
    [6]
    """
    number("floor", floor, above=0, at_most=1)
    visited = locate(runs, valleys).values
    losses = runs["train_loss"].values
    found = falls.find(visited, falls.on_floor(visited, losses, levels_of(valleys, floor)))
    losses = losses.astype(np.float64)
    params = runs["params"].values.astype(np.float64)
    moved = params[found.run, found.step + 1] - params[found.run, found.step]
    return xr.Dataset(
        {
            "run": ("fall", found.run),
            "step": ("fall", found.step),
            "left": ("fall", found.left),
            "entered": ("fall", found.entered),
            "jump": ("fall", np.linalg.norm(moved, axis=-1)),
            "rise": ("fall", losses[found.run, found.step + 1] - losses[found.run, found.step]),
            "grad_norm": ("fall", runs["grad_norm"].values[found.run, found.step].astype(np.float64)),
        },
        coords={"fall": np.arange(len(found.run))},
        attrs=runs.attrs | {"floor": floor, "names": valleys.attrs["names"], "runs": runs.sizes["run"]},
    )


def locate(runs: xr.Dataset, valleys: xr.Dataset) -> xr.DataArray:
    """Tell the valley in which each step of each run lies, -1 for none; dims (run, step)."""
    params = runs["params"].values
    found = basins_of(valleys, params.dtype).at(list(np.moveaxis(params, -1, 0)))
    return xr.DataArray(found, dims=("run", "step"), coords={"run": runs["run"], "step": runs["step"]}, name="valley")


def basins_of(valleys: xr.Dataset, dtype: Any) -> Basins:
    """Read the map of basins back from valleys, for positions of one precision."""
    domain = domain_of_valleys(valleys)
    if "basin" in valleys:
        places = [valleys.coords[name].values for name in domain.names]
        return cells(domain, places, valleys["basin"].values, dtype)
    if "stretch_from" not in valleys:
        raise InvalidValue(
            f"valleys found by the method {valleys.attrs['method']!r} have no basins here; use those of a grid"
        )
    return stretches(domain[0], valleys["stretch_from"].values, valleys["stretch_valley"].values, dtype)


def levels_of(valleys: xr.Dataset, floor: float) -> np.ndarray:
    """Give the loss up to which a run is on each valley's floor."""
    relief = valleys.attrs.get("relief", np.inf)
    return falls.levels(valleys["loss"].values, valleys["barrier"].values, floor, relief)
