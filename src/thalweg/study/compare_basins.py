"""The verb ``compare_basins``: what the surface does with a start, beside what an optimiser does with it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.store.kinds import Runs, Valleys
from thalweg.store.parameters import parameters_of, same_parameters
from thalweg.study.find_valleys import domain_of_valleys
from thalweg.valleys.nearness import nearest
from thalweg.valleys.shares import Shares, named, wilson
from thalweg.valleys.tree import OUTSIDE

NEAR = 1e-3
"""A run's end nearer than this share of every axis's length belongs to the minimum."""


@public
def compare_basins(runs: Runs, valleys: Valleys) -> xr.Dataset:
    """Tell how often runs end in another valley than the gradient flow from the same start.

    The flow's basins are a property of the surface; an optimiser's depend on its step size, momentum and noise.

    Parameters
    ----------
    runs : from :func:`thalweg.descend`, from ``valleys["start_position"]``, in order
    valleys : from :func:`thalweg.find_valleys` with the method ``"starts"``

    Returns
    -------
    xarray.Dataset
        Attributes are those of the valleys.

        =========== ====== ====== ===================================================================
        variable    dims   unit   meaning
        =========== ====== ====== ===================================================================
        share       –      share  of the compared starts for which run and flow end in two valleys
        share_low   –      share  lower end of its 95 % Wilson interval
        share_high  –      share  upper end
        compared    –      starts for which both ended at a minimum
        unknown     –      starts the others
        flow_valley start  valley that the gradient flow ends in, -1 for none
        run_valley  start  valley that the run ends in, -1 for none
        =========== ====== ====== ===================================================================

    Raises
    ------
    InvalidValue
        If the valleys are not those of starts, or the runs did not start there.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22, 209–212, 1927, doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> valleys = tw.find_valleys(objective, method=tw.starts.Sobol(64))
    >>> runs = tw.descend(objective, optax.adam(0.3), starts=valleys["start_position"].values, steps=300)
    >>> differ = tw.compare_basins(runs, valleys)
    >>> int(differ["compared"]), 0 < float(differ["share"]) < 0.5
    (64, True)
    """
    if "start_valley" not in valleys:
        raise InvalidValue(
            f"these valleys were found by the method {valleys.attrs['method']!r}; find them with method = 'starts'"
        )
    same_parameters("runs", runs, "the valleys are", parameters_of(valleys))
    starts, params = valleys["start_position"].values, runs["params"].values
    if params.shape[0] != len(starts) or not np.allclose(params[:, 0], starts, rtol=1e-6):
        raise InvalidValue(
            f"the {params.shape[0]} runs did not start at the {len(starts)} starts of the census; "
            'descend with starts = valleys["start_position"].values'
        )
    last = np.maximum(runs["last_step"].values, 0)
    ends = params[np.arange(len(params)), last].astype(np.float64)
    domain, flow_valley = domain_of_valleys(valleys), valleys["start_valley"].values
    run_valley = nearest(domain.wrap(ends), valleys["position"].values, domain, NEAR)
    known = (flow_valley != OUTSIDE) & (run_valley != OUTSIDE)
    compared = int(known.sum())
    parted = np.array([np.sum(flow_valley[known] != run_valley[known])])
    # Of nothing nothing is known.
    shares = wilson(parted, compared) if compared else Shares(np.array([np.nan]), np.zeros(1), np.ones(1))
    return xr.Dataset(
        {
            **{name: part[0] for name, part in named("share", shares).items()},
            "compared": compared,
            "unknown": len(starts) - compared,
            "flow_valley": ("start", flow_valley),
            "run_valley": ("start", run_valley),
        },
        attrs=valleys.attrs,
    )
