"""Whether the losses that a training recorded belong to the parameters beside them, or to those of a neighbouring row.

A recorder's ``step(loss)`` is to be called before the update, so that a row has the loss of its parameters. Called
after it, every row has the loss of the row before: a curve that looks right, one step late. The network's own losses
tell. At some rows they are evaluated there, one row before and one behind; where the recorded losses are far nearer to
a neighbour's than to their own, they are shifted.

Losses of mini-batches, of training mode or with penalties are near none of the three and nearer to none, so nothing is
said of them. Of rows that lie several steps of training apart the parameters between them are not known, and nothing is
said either.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from thalweg.geometry.network import Network

ROWS = 12
"""Rows at which it is tried: the first half of them at the beginning, where losses change most, the others evenly."""

LEAST = 3
"""Rows that must tell, at least."""

NEARER = 0.1
"""So much of the distance to their own row the recorded losses may be away from a neighbour's, to be taken for it."""


def shift_of(network: Network, recording: xr.Dataset, known: Mapping[int, float]) -> int:
    """Tell by how many rows the recorded losses are late: 1, -1 where they are early, 0 where neither can be told.

    Parameters
    ----------
    network : whose losses count
    recording : params (step, param) and loss (step)
    known : the network's own losses, by the number of a row
    """
    steps, recorded = recording["step"].values, recording["loss"].values.astype(np.float64)
    # The last row may have no loss of its own, and the first no row before it.
    inner = np.arange(1, len(steps) - 1)
    inner = inner[np.isfinite(recorded[inner]) & (steps[inner + 1] - steps[inner - 1] == 2)]
    if len(inner) < LEAST:
        return 0
    spread = np.linspace(0, len(inner) - 1, min(len(inner), ROWS // 2)).round().astype(int)
    chosen = np.union1d(inner[: ROWS // 2], inner[spread])
    found = dict(known)

    def own(row: int) -> float:
        if row not in found:
            found[row] = network.value(np.asarray(recording["params"][row].values))
        return found[row]

    true = np.array([[own(int(row) + way) for way in (-1, 0, 1)] for row in chosen])
    with np.errstate(invalid="ignore"):
        away = np.abs(true - recorded[chosen, None])
    # Where the neighbours' losses are the row's own to rounding, nothing can be told from it.
    rounding = 100 * float(np.finfo(network.dtype).eps) * np.abs(recorded[chosen])
    telling = np.isfinite(away).all(axis=1) & (away[:, 1] > rounding)
    if telling.sum() < max(LEAST, len(chosen) // 2):
        return 0
    before, here, behind = np.median(away[telling], axis=0).tolist()
    if min(before, behind) > NEARER * here:
        return 0
    return 1 if before < behind else -1
