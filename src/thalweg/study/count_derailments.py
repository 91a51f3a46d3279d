"""The verb ``count_derailments``: how often runs derail, from where to where, and at what step and gradient."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.store.kinds import Derailments
from thalweg.valleys.shares import named, wilson

QUANTILES = (0.05, 0.5, 0.95)


@public
def count_derailments(derailments: Derailments) -> xr.Dataset:
    """Count the derailments of one optimiser's runs.

    Parameters
    ----------
    derailments : from :func:`thalweg.find_derailments`

    Returns
    -------
    xarray.Dataset
        Names of the valleys are in the attribute ``names``.

        ========== ============= =========== =============================================================
        variable   dims          unit        meaning
        ========== ============= =========== =============================================================
        share      –             share       of the runs that derail at least once
        share_low  –             share       lower end of its 95 % Wilson interval
        share_high –             share       upper end
        count      left, entered derailments from one valley to another
        step       quantile      steps       at the derailments, as the two below; NaN where there are none
        jump       quantile      parameters  distance to the next step
        grad_norm  quantile      loss a unit norm of the gradient
        ========== ============= =========== =============================================================

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22, 209–212, 1927, doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), starts=tw.starts.even(objective.problem, 40), steps=50)
    >>> counted = tw.count_derailments(tw.find_derailments(runs, tw.find_valleys(objective)))
    >>> float(counted["share"]), int(counted["count"].sum())
    (0.15, 6)
    """
    names, runs = derailments.attrs["names"], int(derailments.attrs["runs"])
    derailed = len(np.unique(derailments["run"].values))
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (derailments["left"].values, derailments["entered"].values), 1)
    return xr.Dataset(
        {
            **{name: part[0] for name, part in named("share", wilson(np.array([derailed]), runs)).items()},
            "count": (("left", "entered"), counts),
            **{name: ("quantile", quantiles(derailments[name].values)) for name in ("step", "jump", "grad_norm")},
        },
        coords={"left": np.arange(len(names)), "entered": np.arange(len(names)), "quantile": list(QUANTILES)},
        attrs=derailments.attrs,
    )


def quantiles(values: np.ndarray, method: Literal["linear", "inverted_cdf"] = "linear") -> np.ndarray:
    """Give the quantiles of some values, NaN where there are none."""
    if not values.size:
        return np.full(len(QUANTILES), np.nan)
    return np.quantile(values.astype(np.float64), QUANTILES, method=method)
