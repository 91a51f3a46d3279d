"""The verbs ``find_derailments`` and ``locate``: where runs were thrown out of a valley they had nearly settled in."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.store.kinds import Runs, Valleys
from thalweg.store.parameters import parameters_of, same_parameters
from thalweg.study.find_valleys import domain_of_valleys
from thalweg.valleys import derailments
from thalweg.valleys.locate import Basins, cells, sites, stretches

FLOOR = 0.25
"""Usual share of a valley's barrier up to which a loss lies on its floor."""


@public
def find_derailments(runs: Runs, valleys: Valleys, *, floor: float = FLOOR) -> xr.Dataset:
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
        In order of runs and steps. Names of the valleys are in the attribute ``names``, the number of runs in ``runs``.

        ========= ========== =========== ==============================================
        variable  dims       unit        meaning
        ========= ========== =========== ==============================================
        run       derailment run         that derails
        step      derailment steps       the last one on the floor
        left      derailment valley      that it lies in
        entered   derailment valley      that the next step lies in
        jump      derailment parameters  distance to the next step
        rise      derailment loss        from the step to the next, on training data
        grad_norm derailment loss a unit norm of the gradient at the step
        ========= ========== =========== ==============================================

    Raises
    ------
    InvalidValue
        If ``floor`` is outside what is allowed, or the valleys have no passes: those of the exact census of a line with
        an intercept.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), steps=20)
    >>> derailments = tw.find_derailments(runs, tw.find_valleys(objective))
    >>> derailments["step"].values.tolist()
    [6]
    """
    number("floor", floor, above=0, at_most=1)
    visited = locate(runs, valleys).values
    losses = runs["train_loss"].values
    derailed = derailments.find(visited, derailments.on_floor(visited, losses, levels_of(valleys, floor)))
    losses = losses.astype(np.float64)
    params = runs["params"].values.astype(np.float64)
    moved = params[derailed.run, derailed.step + 1] - params[derailed.run, derailed.step]
    return xr.Dataset(
        {
            **{name: ("derailment", values) for name, values in derailed._asdict().items()},
            "jump": ("derailment", np.linalg.norm(moved, axis=-1)),
            "rise": ("derailment", losses[derailed.run, derailed.step + 1] - losses[derailed.run, derailed.step]),
            "grad_norm": ("derailment", runs["grad_norm"].values[derailed.run, derailed.step].astype(np.float64)),
        },
        coords={"derailment": np.arange(len(derailed.run))},
        attrs=runs.attrs | {"floor": floor, "names": valleys.attrs["names"], "runs": runs.sizes["run"]},
    )


@public
def locate(runs: Runs, valleys: Valleys) -> xr.DataArray:
    """Tell the valley in which each step of each run lies.

    Parameters
    ----------
    runs : from :func:`thalweg.descend`
    valleys : from :func:`thalweg.find_valleys`, of the same objective. Those of a grid and those of the exact census
        of a lone parameter know their basins; of others a place is taken to lie in the nearest, in lengths of the
        axes, which may be wrong far from its minimum. How runs end is told by the gradient flow:
        :func:`thalweg.find_ends`

    Returns
    -------
    xarray.DataArray
        Over (run, step), whole numbers: the valley, -1 for none and where the run's numbers are not finite.

    Raises
    ------
    InvalidValue
        If the valleys have no passes: those of the exact census of a line with an intercept.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), steps=7)
    >>> tw.locate(runs, tw.find_valleys(objective)).values.tolist()
    [[1, 1, 1, 1, 1, 1, 1, 0]]
    """
    same_parameters("runs", runs, "the valleys are", parameters_of(valleys))
    params = runs["params"].values
    valley = basins_of(valleys, params.dtype).at(list(np.moveaxis(params, -1, 0)))
    return xr.DataArray(valley, dims=("run", "step"), coords={"run": runs["run"], "step": runs["step"]}, name="valley")


def basins_of(valleys: xr.Dataset, dtype: Any) -> Basins:
    """Read the map of basins back from valleys, or of nearest minima, for positions of one precision."""
    domain = domain_of_valleys(valleys)
    if "basin" in valleys:
        places = [valleys.coords[name].values for name in domain.names]
        return cells(domain, places, valleys["basin"].values, dtype)
    if "stretch_from" not in valleys:
        if np.isnan(valleys["barrier"].values).any():
            raise InvalidValue(
                f"valleys found by the method {valleys.attrs['method']!r} have no passes here, and so no floors; "
                "use those of a grid or from starts"
            )
        return sites(domain, valleys["position"].values, dtype)
    return stretches(domain[0], valleys["stretch_from"].values, valleys["stretch_valley"].values, dtype)


def levels_of(valleys: xr.Dataset, floor: float) -> np.ndarray:
    """Give the loss up to which a run is on each valley's floor: its ``level`` where it has one."""
    if "level" in valleys:
        return valleys["level"].values
    relief = valleys.attrs.get("relief", np.inf)
    return derailments.levels(valleys["loss"].values, valleys["barrier"].values, floor, relief)
