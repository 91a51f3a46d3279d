"""The verb ``load``: what was saved, as verbs and figures take it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import xarray as xr
import zarr

from thalweg.base.border import public
from thalweg.base.errors import InvalidData
from thalweg.experiment import directory
from thalweg.experiment.results import STORE, Results
from thalweg.problems.axis import KEYS
from thalweg.store import journal
from thalweg.store.stream import opened

LISTS = {"names", "parameters", "points", "norms", "best", "best_names", "start", "units", "missing", "refused"}
LISTS |= {"leaf_names", "leaf_shapes", "loss_at_ends", "shares", "eigenvalues", "residuals"}
LISTS |= {"titles", "versions", "backends", "idioms", "causes", "sentences"}
"""Attributes that are lists, also of one item: netCDF makes that item of it."""

Saved: TypeAlias = Results | xr.Dataset
"""Results of a folder, or the dataset of a store or a file."""

NUMBER = "parameters"
"""An attribute that is a list of names, or a number."""

OF_RIVALS = "optimizer"
"""An attribute that is a list where the dataset has a dimension of this name."""

ADVICE = "give a folder that thalweg wrote, a store, or a netCDF file made by to_netcdf"


@public
def load(path: str | Path) -> Saved:
    """Load what was saved: the folder of a command, the store of a verb or of a recorder, or a netCDF file.

    Parameters
    ----------
    path : a folder that ``thalweg run``, ``map``, ``race`` or another command wrote, or ``results.zarr`` in it; the
        ``store`` that a verb or a recorder was given; or a file that ``dataset.to_netcdf(path, engine="h5netcdf")``
        made, which needs the package h5netcdf, the extra ``thalweg[netcdf]``

    Returns
    -------
    Results, or a dataset
        Of a folder a :class:`thalweg.Results`, whose attributes, such as ``runs``, ``surface``, ``valleys``, ``map``
        and ``race``, are the datasets that there are, beside ``experiment`` with its ``objective``; of a store or a
        file the dataset that was saved. All are as the verbs returned them.

    Raises
    ------
    InvalidData
        If there is nothing that was saved, or it was not finished.

    Examples
    --------
    >>> import tempfile, optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     runs = tw.descend(objective, optax.sgd(0.01), steps=5, store=f"{folder}/runs")
    ...     load(f"{folder}/runs").load().identical(runs.load())
    True
    """
    place = Path(path)
    try:
        if place.name == STORE and (place.parent / directory.EXPERIMENT).is_file():
            place = place.parent
        if (place / directory.EXPERIMENT).is_file():
            return directory.read(place)
        if (place / "zarr.json").is_file():
            return _store(place)
        if place.is_file():
            return _netcdf(place)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidData):
            raise
        reason = " ".join(str(error).split())[:200]
        raise InvalidData(f"cannot read {str(path)[:200]}: {reason}; {ADVICE}") from None
    what = "holds nothing that was saved" if place.exists() else "is not there"
    raise InvalidData(f"{str(path)[:200]} {what}; {ADVICE}")


def _store(place: Path) -> xr.Dataset:
    attrs = zarr.open_group(place, mode="r").attrs
    return journal.read(place) if "every" in attrs else opened(place)


def _netcdf(place: Path) -> xr.Dataset:
    try:
        dataset = xr.load_dataset(place)
    except ValueError as error:
        if "IO backends" not in str(error):
            raise
        raise InvalidData(
            f"cannot read {place}: it is no netCDF file, or h5netcdf is not installed; {ADVICE}, or install "
            "thalweg[netcdf]"
        ) from None
    lists = LISTS | ({OF_RIVALS} if OF_RIVALS in dataset.dims else set[str]())
    dataset.attrs = _plain(dataset.attrs, lists)
    for name, variable in dataset.variables.items():
        variable.attrs = _plain(variable.attrs, set(KEYS) if name == "param" else set())
    return dataset


def _plain(attrs: Mapping[Any, Any], lists: set[str]) -> dict[Any, Any]:
    """Bring attributes back to Python's own numbers and lists."""

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic):
            value = value.tolist()
        # Of a network "parameters" is their number, and no list.
        lone = name in lists and not (name == NUMBER and isinstance(value, int))
        return [value] if lone and not isinstance(value, list) else value

    return {name: plain(str(name), value) for name, value in attrs.items()}
