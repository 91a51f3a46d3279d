"""The verb ``phase_diagram``: how many valleys there are, over noise and exponent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.base.progress import track
from thalweg.base.showing import shown
from thalweg.losses.objective import objective
from thalweg.losses.power import power
from thalweg.problems.problem import Problem, Regression
from thalweg.study.find_valleys import find_valleys


@public
def phase_diagram(
    problem: Callable[[float], Problem], noise: Sequence[float], exponent: Sequence[float], *, persistence: float
) -> xr.Dataset:
    """Count the valleys of at least a given persistence under ``|r|^p``, for every noise and every exponent p.

    Of a line through the origin with p at most 1 they are counted exactly, of all else on a grid, whose cells decide.

    Parameters
    ----------
    problem : makes the problem from the noise, such as ``lambda noise: pencil(noise=noise)``
    noise : standard deviations, at least 0
    exponent : exponents p, above 0
    persistence : what a minimum needs to count, in units of the loss, above 0

    Returns
    -------
    xarray.Dataset
        The least persistence is the attribute ``persistence``.

        ======== =============== ======= =====================================
        variable dims            unit    meaning
        ======== =============== ======= =====================================
        valleys  exponent, noise valleys of at least the persistence
        exact    exponent, noise 0 or 1  whether they were counted by theorem
        ======== =============== ======= =====================================

    Raises
    ------
    InvalidValue
        If a list is empty, ``persistence`` is not above 0, or the problem or the loss refuses a noise or an exponent.

    References
    ----------
    H. Edelsbrunner, D. Letscher, A. Zomorodian, "Topological persistence and simplification", Discrete & Computational
    Geometry 28, 511–533, 2002, doi:10.1007/s00454-002-2885-2.

    Examples
    --------
    >>> import thalweg as tw
    >>> diagram = tw.phase_diagram(lambda s: tw.problems.pencil(noise=s), [0.0, 0.1], [0.5], persistence=0.003)
    >>> diagram["valleys"].values.tolist()
    [[5, 1]]
    """
    number("persistence", persistence, above=0)
    if not len(noise) or not len(exponent):
        raise InvalidValue("noise or exponent is an empty list; give at least one number in each")
    counts = np.full((len(exponent), len(noise)), -1)
    exact = np.zeros_like(counts, dtype=np.int8)
    name = ""
    for column in track(range(len(noise)), "counting valleys"):
        try:
            made = problem(noise[column])
        except (TypeError, ValueError) as error:
            raise InvalidValue(f"problem({noise[column]:g}) fails: {error}; give a function of the noise") from error
        if not isinstance(made, Problem):
            raise InvalidValue(f"problem({noise[column]:g}) gives {shown(made)}; give a function that makes a problem")
        name = made.name
        for row, p in enumerate(exponent):
            line = isinstance(made, Regression) and made.model == "through_origin"
            exact[row, column] = line and p <= 1
            method = "exact" if exact[row, column] else "grid"
            valleys = find_valleys(objective(made, power(p)), method=method, persistence=persistence, refine=False)
            counts[row, column] = valleys.sizes["valley"]
    return xr.Dataset(
        {"valleys": (("exponent", "noise"), counts), "exact": (("exponent", "noise"), exact)},
        coords={"exponent": list(exponent), "noise": list(noise)},
        attrs={"persistence": persistence, "problem": name},
    )
