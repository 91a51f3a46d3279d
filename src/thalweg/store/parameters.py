"""Over which parameters a dataset is, so that what belongs to another objective is refused and not read as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from thalweg.base.errors import InvalidValue


def parameters_of(dataset: xr.Dataset) -> tuple[str, ...]:
    """Name the parameters of runs, valleys or a surface, in order; nothing where a dataset does not say them."""
    if "param" in dataset.coords:
        return tuple(map(str, dataset["param"].values.tolist()))
    surface = "train_loss" in dataset and "step" not in dataset.dims
    return tuple(map(str, dataset["train_loss"].dims)) if surface else ()


def same_parameters(what: str, dataset: xr.Dataset | None, owner: str, names: Sequence[str]) -> None:
    """Refuse a dataset over other parameters, or in another order, than what it is used with has."""
    given = () if dataset is None else parameters_of(dataset)
    if given and names and given != tuple(names):
        raise InvalidValue(
            f"{what} are over {', '.join(given)}, and {owner} over {', '.join(names)}; give those of one objective"
        )
