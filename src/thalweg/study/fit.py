"""The verb ``fit``: the minima that many starts of a fit lead to, and what the data tell of the parameters there."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.descent.starts import Sobol
from thalweg.fitting import census
from thalweg.fitting.errors import errors
from thalweg.losses.objective import Objective
from thalweg.problems.problem import Regression
from thalweg.study.find_valleys import label
from thalweg.study.methods import explored
from thalweg.study.provenance import provenance
from thalweg.valleys.starts import multistart


@public
def fit(objective: Objective, starts: Sobol | None = None, *, most: int = 20, passes: bool = False) -> xr.Dataset:
    """Fit a model from many starts, and list the minima that they lead to, the best one first.

    Starts are spread over the ranges of the parameters, and all are followed down together by the method of Levenberg
    and Marquardt (:mod:`thalweg.fitting.marquardt`). Parameters in which the curve is linear are eliminated under the
    quadratic loss. Ends at one place, or joined by a path that does not rise, are one minimum.

    A start's share is that of this search: another method may lead the same start elsewhere. A standard error is that
    of one minimum, as if no other were there.

    Parameters
    ----------
    objective : of a regression
    starts : how many, and their seed; 256 by default
    most : minima that are listed, the deepest ones
    passes : whether the passes between the deepest are sought, which may take longer than all else; without that a
        persistence and a barrier are at most what is said, the rise on the way straight to a neighbour

    Returns
    -------
    xarray.Dataset
        The variables of :func:`find_valleys` from starts, and these:

        ================ ==================== ======== =================================================
        variable         dims                 unit     meaning
        ================ ==================== ======== =================================================
        error            valley, param        param's  standard error; infinite where the data leave the
                                                       parameter open, NaN where it is not known
        correlation      valley, param, other 1        of the estimates of two parameters
        squares          valley                        sum of squared residuals
        aic, bic         valley                        Akaike's and the Bayesian information criterion, for the
                                                       quadratic loss, up to a constant of the data
        ================ ==================== ======== =================================================

    Raises
    ------
    InvalidValue
        If the objective is no regression.

    Examples
    --------
    >>> import thalweg as tw
    >>> fit = tw.fit(tw.objective(tw.problems.nist("Misra1a"), tw.losses.quadratic()))
    >>> fit["position"][0].values.round(4).tolist(), fit["error"][0].values.round(4).tolist()
    ([238.9421, 0.0006], [2.707, 0.0])
    """
    problem = objective.problem
    if not isinstance(problem, Regression):
        raise InvalidValue(f"{problem.name} has no data; give the objective of a regression")
    starts = starts or Sobol(count=256)
    places = multistart.design(problem.domain, starts.count, starts.seed)
    found = explored(
        objective, places, census.explore(objective, places, passes=passes), {"method": "fit", "seed": starts.seed}
    )
    valleys = label(found, None, provenance(objective, 64))
    valleys = valleys.isel(valley=slice(0, most))
    return valleys.assign(_told(objective, valleys["position"].values))


def _told(objective: Objective, positions: np.ndarray) -> dict[str, Any]:
    """Compute what the data tell at each minimum."""
    task = census.task_of(objective, eliminate=False)
    plain = type(task)(task.residual, task.order, 0, (False,) * len(task.order), task.penalty)
    told = [errors(plain, objective.train, position) for position in positions]
    rows, size = len(objective.train[0]), positions.shape[1]
    squares = np.array([each.squares for each in told])
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = [np.sqrt(np.diag(each.covariance)) for each in told]
        correlation = [each.covariance / np.outer(along, along) for each, along in zip(told, spread, strict=True)]
        fitted = rows * np.log(squares / rows)
    return {
        "error": (("valley", "param"), np.array([each.errors for each in told]).reshape(-1, size)),
        "correlation": (("valley", "param", "other"), np.array(correlation).reshape(-1, size, size)),
        "squares": ("valley", squares),
        "aic": ("valley", fitted + 2 * (size + 1)),
        "bic": ("valley", fitted + np.log(rows) * (size + 1)),
    }
