"""The verb ``fit``: the minima that many starts of a fit lead to, and what the data tell of the parameters there."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.arrays import Numbers
from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.descent.starts import Sobol, read
from thalweg.fitting import minima
from thalweg.losses.objective import Objective
from thalweg.losses.objective import objective as joined
from thalweg.losses.power import quadratic
from thalweg.problems.problem import Regression
from thalweg.study.answer import answer
from thalweg.study.find_valleys import label
from thalweg.study.methods import explored
from thalweg.study.provenance import provenance
from thalweg.valleys.starts import multistart


@public
def fit(
    objective: Objective | Regression,
    starts: Sobol | None = None,
    *,
    start: Numbers | None = None,
    most: int = 20,
    passes: bool = False,
) -> xr.Dataset:
    """Fit a model from many starts, and list the minima that they lead to, the best one first.

    Starts are spread over the ranges of the parameters, and all are followed down together by the method of Levenberg
    and Marquardt (:mod:`thalweg.fitting.marquardt`). Parameters in which the curve is linear are eliminated under the
    quadratic loss. Ends at one place, or joined by a path that does not rise, are one minimum.

    Under another loss a start goes down a broad form of it, which narrows in stages
    (:mod:`thalweg.fitting.graduated`), so that the deepest valley is found from about as many starts as by squares; and
    down the loss itself. It leads to the lower of its two ends; the other one is listed too, and its share may be 0. Of
    the many cusps of the fourth root a deeper one may be missed: for straight lines :func:`find_valleys` lists all. The
    scale of a robust loss is in units of y: two to five times the scatter of good rows, which is about 1.5 times the
    median size of the residuals of a fair fit.

    A start's share is that of this search: another method may lead the same start elsewhere. A standard error is that
    of one minimum, as if no other were there.

    Parameters
    ----------
    objective : of a regression; a regression alone is fitted by the quadratic loss
    starts : how many, and their seed; 256 by default
    start : (param,), a start of your own: what it leads to is listed too, and told apart
    most : minima that are listed, the deepest ones
    passes : whether the passes between the deepest are sought, which may take longer than all else; without that a
        persistence and a barrier are at most what is said, the rise on the way straight to a neighbour

    Returns
    -------
    xarray.Dataset
        The variables of :func:`find_valleys` from starts, and those below. In attributes ``symmetries``, a sentence on
        each valley that is the curve of another, and ``outcomes``, one on each valley that is no proper minimum.

        ================ ==================== ======== =================================================
        variable         dims                 unit     meaning
        ================ ==================== ======== =================================================
        end_position     start, param         param's  where each start ended, on circles as near as can be to the
                                                       place of its valley
        end_loss         start                loss     there
        error            valley, param        param's  standard error; infinite where the data leave the
                                                       parameter open, NaN where it is not known
        error_absolute   valley, param        param's  the same from the uncertainties as they are given, not
                                                       scaled by the residuals; where there are some
        correlation      valley, param, other 1        of the estimates of two parameters
        twin             valley               valley   the first with the same curve over the data; itself, if it is
                                                       that
        at_low, at_high  valley, param        0 or 1   whether the parameter lies on that wall of its range
        away             valley, param        1, 0, -1 whether the parameter runs away where there is no wall: it grows,
                                                       or falls, and the curve only approaches its best
        open             valley               1        directions along which the curve stays
        squares          valley               y's²     sum of squared residuals, in units of the uncertainties where
                                                       there are some, as all below
        freedom          valley               1        rows less the directions that the data tell
        variance         valley               y's²     squares / freedom; the reduced χ² with uncertainties
        r_squared        valley               1        share of the variance of the data that the curve takes off
        autocorrelation  valley               1        of residuals that follow one another in the first column
        largest          valley               1        the largest standardised residual, with its sign
        largest_row      valley               row      of the data it is of, from 0; -1 for none
        perfect          valley               0 or 1   whether the curve leaves nothing but rounding
        spread           valley               y        scatter of most residuals: their median size, times 1.4826
        aic, bic         valley               1        Akaike's and the Bayesian information criterion, for the
                                                       quadratic loss, up to a constant of the data
        own_start        param                param's  the start of your own, where one is given, as all below
        own_position     param                param's  where it led
        own_loss                              loss     there
        own_valley                            valley   which that is, -1 for none that is listed
        ================ ==================== ======== =================================================

    Raises
    ------
    InvalidValue
        If the objective is no regression, the start no place of its domain, or ``most`` no number of at least 1.

    Examples
    --------
    >>> import thalweg as tw
    >>> fit = tw.fit(tw.problems.nist("Misra1a"), start=[500, 0.0001])
    >>> fit["position"][0].values.round(4).tolist(), fit["error"][0].values.round(4).tolist()
    ([238.9421, 0.0006], [2.707, 0.0])
    >>> int(fit["own_valley"]), fit.attrs["outcomes"]
    (0, [''])
    """
    whole_ = joined(objective, quadratic()) if isinstance(objective, Regression) else objective
    problem = whole_.problem
    if not isinstance(problem, Regression):
        raise InvalidValue(f"{problem.name} has no data; give the objective of a regression")
    whole("most", most, at_least=1)
    own = None if start is None else _own(problem, start)
    starts = starts or Sobol(count=256)
    places = multistart.design(problem.domain, starts.count, starts.seed)
    found = minima.explore(whole_, places, own, passes=passes)
    candidates = explored(whole_, places, found.exploration, {"method": "fit", "seed": starts.seed})
    valleys = _listed(label(candidates, None, provenance(whole_, 64)), most)
    valleys = valleys.assign(_ends(problem, valleys, found))
    if own is not None:
        valleys = valleys.assign(_led(own, valleys, found))
    return answer(whole_, valleys)


def _own(problem: Regression, start: Numbers) -> np.ndarray:
    places = read(problem, start)
    if len(places) != 1:
        raise InvalidValue(f"start has {len(places)} places; give one, of {len(problem.domain)} number(s)")
    return places[0]


def _listed(valleys: xr.Dataset, most: int) -> xr.Dataset:
    """Keep the deepest valleys, and what is said of them."""
    names = valleys.attrs["names"][:most]
    known = (valleys["pass_between"].values < most).all(axis=1)
    valleys = valleys.isel({"valley": slice(0, most), "pass": np.flatnonzero(known)})
    number = valleys["start_valley"]
    return valleys.assign(start_valley=number.where(number < most, -1)).assign_attrs(names=names)


def _ends(problem: Regression, valleys: xr.Dataset, found: minima.Found) -> xr.Dataset:
    """Tell where each start ended: seen from its valley, if that is listed."""
    count = valleys.sizes["start"]
    number = valleys["start_valley"].values
    position = problem.domain.wrap(found.ends.position[:count])
    listed = number >= 0
    places = valleys["position"].values[number[listed]]
    seen = places + problem.domain.difference(position[listed], places)
    # Only on circles: elsewhere the sum is the same place, rounded by where the valley is.
    position[listed] = np.where(problem.domain.periodic, seen, position[listed])
    return xr.Dataset(
        {"end_position": (("start", "param"), position), "end_loss": ("start", found.ends.height[:count])}
    )


def _led(own: np.ndarray, valleys: xr.Dataset, found: minima.Found) -> xr.Dataset:
    """Tell where the user's own start led."""
    place, height = found.ends.position[-1], found.ends.height[-1]
    number = -1
    if found.exploration.known[-1] >= 0:
        minimum = found.exploration.position[found.exploration.known[-1]]
        (same,) = np.nonzero((valleys["position"].values == minimum).all(axis=1))
        number = int(same[0]) if len(same) else -1
    return xr.Dataset(
        {"own_start": ("param", own), "own_position": ("param", place), "own_loss": height, "own_valley": number}
    )
