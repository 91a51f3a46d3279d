"""The valleys of a surface, as a table and in a sentence on where they come from."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.arrays import cleaned
from thalweg.report.text import SHOWN, TextTable, by_persistence, figures, left_out


def listed(valleys: xr.Dataset) -> TextTable:
    """List the valleys, the most persistent first, with their share of the starts where they were found from these."""
    losses = valleys["loss"].values
    losses = cleaned(losses, np.append(losses, valleys["barrier"].values))
    shares = {"share of starts": "share"} if "share" in valleys else {}
    rows = [
        (
            f"#{int(valleys['valley'][k])}",
            valleys.attrs["names"][k] + (" (edge)" if valleys["at_edge"][k] else "") + _unsettled(valleys, k),
            figures(float(losses[k])),
            _at_most(valleys, "persistence", k) + figures(float(valleys["persistence"][k])),
            _at_most(valleys, "barrier", k) + figures(float(valleys["barrier"][k])),
            *(f"{float(valleys[name][k]):.2%}" for name in shares.values()),
        )
        for k in by_persistence(valleys)[:SHOWN]
    ]
    note = left_out(valleys.sizes["valley"], "valleys, the most persistent", "valleys.csv")
    return TextTable("Valleys", ("", "at", "loss", "persistence", "barrier", *shares), rows, note)


def _unsettled(valleys: xr.Dataset, k: int) -> str:
    return "" if "settled" not in valleys or valleys["settled"][k] else " (unsettled)"


def _at_most(valleys: xr.Dataset, name: str, k: int) -> str:
    """Mark a height that is measured up to some path, and not to a pass: it is an upper bound."""
    return "≤ " if f"{name}_bound" in valleys and valleys[f"{name}_bound"][k] else ""


def method(valleys: xr.Dataset) -> str:
    """Say where the valleys come from, so that every number can be checked."""
    attrs, threshold = valleys.attrs, f"{valleys.attrs['threshold']:.3g}"
    least = f"; counted are those of persistence {threshold} or more" if valleys.attrs["threshold"] else ""
    if attrs["method"] == "exact":
        return f"Valleys by the exact census of |r|^{attrs['exponent']:g} with {attrs['residual']} residuals{least}."
    if attrs["method"] == "runs":
        flows = "the gradient flow reaches from where the runs start and end"
        return f"Valleys are the minima that {flows}; there may be more."
    if attrs["method"] == "starts":
        unseen = f"an estimated {attrs['unseen']:.1%} of the start volume, and with 95 % confidence"
        most = f"{unseen} at most {attrs['unseen_bound']:.1%}"
        found = f"Valleys from {attrs['starts']} starts, seed {attrs['seed']}; minima not seen have {most}."
        return found + _reservations(valleys)
    cells = " x ".join(map(str, attrs["points"]))
    known = "refined on the objective" if attrs["refined"] else "known to half a cell"
    return f"Valleys from a grid of {cells} points, {known}{least}."


def _reservations(valleys: xr.Dataset) -> str:
    """Say which numbers of a census by starts are but bounds."""
    unsettled = int((valleys["settled"] == 0).sum()) if "settled" in valleys else 0
    bounds = int((valleys["persistence_bound"] == 1).sum()) if "persistence_bound" in valleys else 0
    these = f"{unsettled} valley{' has' if unsettled == 1 else 's have'} not settled"
    said = f" {these}: lower places may lie beside." if unsettled else ""
    return said + (" A persistence with ≤ is that of a path: its pass may lie lower." if bounds else "")
