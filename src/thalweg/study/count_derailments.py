"""The verb ``tally``: how often an optimiser's runs derail, from where to where, and at what step and gradient."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.valleys.shares import wilson

QUANTILES = (0.05, 0.5, 0.95)


def count_derailments(falls: xr.Dataset) -> xr.Dataset:
    """Count the derailments of one optimiser's runs.

    Parameters
    ----------
    falls : from :func:`thalweg.find_derailments`

    Returns
    -------
    xarray.Dataset
        ``share`` of the runs that derail at least once, with ``share_low`` and ``share_high``, its 95 % Wilson
        interval; ``count`` of derailments over (left, entered), valleys; over quantile ``step``, ``jump`` and
        ``grad_norm`` at the derailments, NaN where there are none. Names of the valleys are in the attribute ``names``.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), starts=tw.starts.even(objective.problem, 40), steps=50)
    >>> found = count_derailments(tw.find_derailments(runs, tw.find_valleys(objective)))
    >>> float(found["share"]), int(found["count"].sum())
    (0.15, 6)
    """
    names, runs = falls.attrs["names"], int(falls.attrs["runs"])
    derailed = len(np.unique(falls["run"].values))
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (falls["left"].values, falls["entered"].values), 1)
    interval = wilson(np.array([derailed]), runs)
    return xr.Dataset(
        {
            "share": derailed / runs,
            "share_low": interval.low[0],
            "share_high": interval.high[0],
            "count": (("left", "entered"), counts),
            **{name: ("quantile", _quantiles(falls[name].values)) for name in ("step", "jump", "grad_norm")},
        },
        coords={"left": np.arange(len(names)), "entered": np.arange(len(names)), "quantile": list(QUANTILES)},
        attrs=falls.attrs,
    )


def _quantiles(values: np.ndarray) -> np.ndarray:
    return np.quantile(values.astype(np.float64), QUANTILES) if values.size else np.full(len(QUANTILES), np.nan)
