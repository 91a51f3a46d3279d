"""Tables and sentences about how very many runs end."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.report.text import SHOWN, TextTable, by_persistence, figures, share
from thalweg.valleys.outcomes import DIVERGED
from thalweg.valleys.shares import wilson


def counted(chart: xr.Dataset, valleys: xr.Dataset | None) -> TextTable:
    """Count where the runs of a map end, the most persistent valleys first."""
    ends, valley, names = chart["outcome"].values, chart["valley"].values, chart.attrs["names"]
    rows = []
    order = range(len(names)) if valleys is None else by_persistence(valleys)
    for number in order[:SHOWN]:
        here = valley == number
        on_floor = here & (ends == number)
        middle = float(np.median(chart["settled"].values[on_floor])) if on_floor.any() else np.nan
        rows.append((names[number], share(here, ends.size), share(on_floor, ends.size), figures(middle)))
    others = [("in no valley", (valley < 0) & (ends != DIVERGED)), ("diverged", ends == DIVERGED)]
    rows += [(name, share(here, ends.size), "–", "–") for name, here in others if here.any()]
    note = f"{SHOWN} of {len(names)} valleys, the most persistent" if len(names) > SHOWN else ""
    return TextTable("Outcomes", ("at", "runs that end there", "on its floor", "median step"), rows, note)


def of_map(chart: xr.Dataset) -> list[str]:
    """Say how finely the basins are interwoven, and what rounding had to do with it."""
    remarks = []
    attrs = chart.attrs
    if np.isfinite(attrs.get("dimension", np.nan)):
        boxes, pairs = (f"{attrs[key]:.2f} ± {attrs[key + '_error']:.2f}" for key in ("dimension", "pair_dimension"))
        entropy = f"{attrs['boundary_entropy']:.2f} ± {attrs['boundary_entropy_error']:.2f}"
        remarks.append(
            f"The boundary between the basins has the dimension {boxes} by boxes and {pairs} by pairs of pixels "
            f"(a smooth line has 1, a boundary that is everywhere 2); the basin entropy along it is {entropy}."
        )
    return [*remarks, *of_rounding(chart)]


def of_rounding(ends: xr.Dataset) -> list[str]:
    """Say how many of the runs rounding decided."""
    if "rounding" not in ends:
        return []
    decided = ends["rounding"].values
    part = wilson(np.array([np.count_nonzero(decided)]), decided.size)
    between = f"{float(part.low[0]):.1%} to {float(part.high[0]):.1%}"
    return [f"Rounding alone decided where {float(part.share[0]):.1%} of the runs end (95 %: {between})."]
