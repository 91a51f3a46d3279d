"""A slice of a network's loss as a surface over one or two parameters, the coordinates of its plane.

What a verb needs of a slice stands in the slice: its grid and its losses. So valleys and passes of a slice are found
here without knowing of networks. There is no objective behind it that a place could be refined on: all places and
heights are those of the grid's cells.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.base.rules import Rule
from thalweg.base.showing import shown
from thalweg.losses.objective import Objective
from thalweg.problems.axis import Axis
from thalweg.store.kinds import SLICES


class _Sought(Rule):
    """An objective, or a slice of a network; a network itself has more parameters than a grid holds."""

    def refusal(self, name: str, value: object) -> str:
        if type(value).__name__ == "Network":
            return (
                f"{name} = {shown(value)} has more parameters than a surface can be shown over; give a slice of it, "
                "thalweg.networks.slice(network, plane)"
            )
        if isinstance(value, xr.Dataset):
            return SLICES.refusal(name, value)
        return f"{name} = {shown(value)} is not an Objective; give what thalweg.objective returns, or a slice"


SOUGHT = _Sought(lambda value: isinstance(value, Objective) or SLICES.fits(value), "an Objective or a slice")
"""What valleys are found of."""


def surface_of(piece: xr.Dataset, *, method: object, surface: object, refine: bool | None) -> xr.Dataset:
    """Take a slice as a surface, as a survey gives it; what needs an objective is refused."""
    if method != "grid" or surface is not None or refine:
        wrong = f"method = {shown(method)}" if method != "grid" else f"refine = {shown(refine)}"
        wrong = "a surface beside it" if surface is not None else wrong
        raise InvalidValue(
            f"{wrong} needs an objective, and a slice is a grid of losses alone; leave it out, or take more points"
        )
    losses = piece["loss"]
    if set(map(str, losses.dims)) - {"x", "y"} or not all(dim in piece.coords for dim in losses.dims):
        raise InvalidValue(
            f"losses over ({', '.join(map(str, losses.dims))}) are no slice; give what thalweg.networks.slice returns"
        )
    names = [name for name in ("x", "y") if name in losses.dims]
    coords = {}
    for name in names:
        along = piece[name].values.astype(np.float64)
        if len(along) < 2:
            raise InvalidValue(f"a slice of one point along {name} has no valleys; give one of at least 2")
        coords[name] = (name, along, Axis(name, float(along[0]), float(along[-1])).to_attrs())
    return xr.Dataset({"train_loss": losses.transpose(*names).variable}, coords, piece.attrs)
