"""What several verbs read from recorded runs."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float


def last_places(runs: xr.Dataset) -> tuple[Float[np.ndarray, "run param"], Float[np.ndarray, " run"]]:
    """Give where each run was at its last finite step, and its loss there."""
    last = np.maximum(runs["last_step"].values, 0)
    each = np.arange(len(last))
    return runs["params"].values[each, last], runs["train_loss"].values[each, last]
