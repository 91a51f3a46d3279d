"""The verb ``profile_likelihood``: the loss of a fit along one parameter or two, the others at their best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent.grid import evaluate
from thalweg.fitting.profile import Profile, nowhere
from thalweg.losses.objective import Objective
from thalweg.losses.objective import objective as joined
from thalweg.losses.power import quadratic
from thalweg.problems.axis import Axis
from thalweg.problems.problem import Regression
from thalweg.store.kinds import Fits
from thalweg.store.parameters import same_parameters
from thalweg.study.provenance import provenance

POINTS = (61, 25)
"""Usual points along each axis, of one and of two."""

MOST = 1000
"""Points along an axis at most."""

WIDER = 0.6
"""How far a profile goes beyond the ends of its interval, as a share of the way to them."""

ERRORS = 8.0
"""How many standard errors it goes where the interval has no end."""

PART = 0.02
"""Part of its range that it goes to either side where the fit is perfect."""

TRIED = 10
"""Deepest valleys from which the lowest is sought."""


@public
def profile_likelihood(
    objective: Objective | Regression,
    fits: Fits,
    along: str | Sequence[str],
    *,
    valley: int = 0,
    points: int | None = None,
    confidence: float = 0.95,
) -> xr.Dataset:
    """Follow the loss of a fit along one parameter or two, all others at their best, and tell the interval that holds.

    Where a curve is not linear in a parameter the interval is not symmetric, and truer than one of standard errors: it
    holds all values at which the sum of squares, the others at their best, is at most ``S (1 + F / (n - p))``, with the
    quantile F of Fisher's distribution of 1 and n - p degrees of freedom. For a linear model it is Student's.

    Around the deepest valley the profile is the lowest of all valleys; around another it is followed from there.

    Parameters
    ----------
    objective : that was fitted, or its regression, if by squares
    fits : from :func:`thalweg.fit`
    along : one parameter or two
    valley : around which, a number of ``fits``
    points : along each axis; 61 for one parameter, 25 for two by default
    confidence : probability that the interval covers the truth, for independent normal errors of equal variance

    Returns
    -------
    xarray.Dataset
        In attributes the names ``along``, the ``valley``, the ``confidence``, and the ``level`` of the loss at which
        the interval, or for two parameters the region, ends; NaN under another loss than squares.

        ============ ==================== ======= =====================================================
        variable     dims                 unit    meaning
        ============ ==================== ======= =====================================================
        first        first                param's values of the first parameter, around its place
        second       second               param's of the second, where there are two
        loss         first[, second]      loss    there, the others at their best
        fixed_loss   first[, second]      loss    there, the others as they are in the valley
        params       first[, second],     param's the best others, and the parameter itself
                     param
        position     param                param's of the valley
        low, high    along                param's ends of each parameter's own interval; infinite, or 0 on a logarithmic
                                                  axis, where the loss never rises enough up to the end of the range;
                                                  NaN under another loss, or with no row to spare
        ============ ==================== ======= =====================================================

    Raises
    ------
    UnknownName
        If there is no such parameter.
    InvalidValue
        If more than two parameters are given or one twice, or a number is outside what is allowed.

    References
    ----------
    D. M. Bates, D. G. Watts, Nonlinear Regression Analysis and Its Applications, Wiley, 1988,
    doi:10.1002/9780470316757.

    Examples
    --------
    >>> import thalweg as tw
    >>> problem = tw.problems.nist("Misra1a")
    >>> profile = tw.profile_likelihood(problem, tw.fit(problem), "b1")
    >>> profile["low"].values.round(3).tolist(), profile["high"].values.round(3).tolist()
    ([233.195], [245.017])
    """
    whole_ = joined(objective, quadratic()) if isinstance(objective, Regression) else objective
    problem = whole_.problem
    if not isinstance(problem, Regression):
        raise InvalidValue(f"{problem.name} has no data; give the objective of a regression")
    same_parameters("fits", fits, "the objective is", problem.parameters)
    names = _names(along, problem)
    whole("valley", valley, at_least=0, at_most=fits.sizes["valley"] - 1)
    confidence = number("confidence", confidence, above=0, below=1)
    count = whole("points", POINTS[len(names) - 1] if points is None else points, at_least=3, at_most=MOST)
    held = tuple(problem.parameters.index(name) for name in names)
    around = fits.isel(valley=valley)
    ends = np.array([_interval(whole_, fits, valley, k, confidence) for k in held])
    axes = [_axis(problem.domain[k], around, k, end, count) for k, end in zip(held, ends, strict=True)]
    heights, places = _profile(whole_, fits, valley, held).over(axes)
    dims = ("first", "second")[: len(held)]
    return xr.Dataset(
        {
            "loss": (dims, heights),
            "fixed_loss": (dims, _fixed(whole_, around["position"].values, held, axes)),
            "params": ((*dims, "param"), places),
            "position": ("param", around["position"].values),
            "low": ("along", ends[:, 0]),
            "high": ("along", ends[:, 1]),
        },
        coords={
            **{dim: (dim, axis) for dim, axis in zip(dims, axes, strict=True)},
            "along": list(names),
            "param": fits["param"],
        },
        attrs=provenance(whole_, 64)
        | {
            "method": "profile likelihood",
            "along": list(names),
            "valley": valley,
            "confidence": confidence,
            "level": _level(whole_, around, confidence, len(held)),
        },
    )


def _names(along: str | Sequence[str], problem: Regression) -> tuple[str, ...]:
    names = (along,) if isinstance(along, str) else tuple(along)
    for name in names:
        if name not in problem.parameters:
            raise UnknownName.of("parameter", name, problem.parameters)
    if not 1 <= len(names) <= 2 or len(set(names)) < len(names):
        raise InvalidValue(f"along = {list(names)} is not allowed; give one parameter, or two different ones")
    return names


def _profile(objective: Objective, fits: xr.Dataset, valley: int, held: tuple[int, ...]) -> Profile:
    positions = fits["position"].values
    others = positions[1:TRIED] if valley == 0 else positions[:0]
    return Profile(objective, held, positions[valley], others)


def _level(objective: Objective, around: xr.Dataset, confidence: float, count: int) -> float:
    """Tell the mean loss at which the region of so many parameters ends."""
    from scipy.stats import f as fisher  # half a second to import, and only this needs it

    freedom = int(around["freedom"])
    if objective.loss != quadratic() or freedom < 1:
        return np.nan
    return float(around["loss"]) * (1 + count * float(fisher.ppf(confidence, count, freedom)) / freedom)


def _interval(objective: Objective, fits: xr.Dataset, valley: int, k: int, confidence: float) -> tuple[float, float]:
    around = fits.isel(valley=valley)
    level, least = _level(objective, around, confidence, 1), float(around["loss"])
    if np.isnan(level):
        return np.nan, np.nan
    place = float(around["position"][k])
    if bool(around["perfect"]):
        return place, place
    profile = _profile(objective, fits, valley, (k,))
    error, away = float(around["error"][k]), int(around["away"][k])
    low, high = (
        nowhere(objective.problem.domain[k], place, side) if side == away else profile.reach(least, level, error, side)
        for side in (-1, 1)
    )
    return low, high


def _axis(axis: Axis, around: xr.Dataset, k: int, ends: np.ndarray, count: int) -> np.ndarray:
    """Choose the values of a parameter: a little beyond its interval, the minimum among them."""
    place, error = float(around["position"][k]), float(around["error"][k])
    log = axis.log and place > 0
    scale = np.log if log else (lambda value: value)
    with np.errstate(divide="ignore"):
        start, low, high = (float(scale(each)) for each in (place, *ends))
    whole_ = float(np.log(axis.high / axis.low)) if log else axis.length
    reach = ERRORS * error / (place if log else 1.0)
    reach = reach if np.isfinite(reach) and reach > 0 else whole_
    if low == high:  # nothing is left to fit
        reach = PART * whole_
    sides = [(start - low) * (1 + WIDER), (high - start) * (1 + WIDER)]
    below, above = (side if np.isfinite(side) and side > 0 else reach for side in sides)
    if axis.periodic:
        below, above = min(below, axis.length / 2), min(above, axis.length / 2)
    first, last = start - below, start + above
    if axis.bounded and not axis.periodic:
        first, last = max(first, float(scale(axis.low))), min(last, float(scale(axis.high)))
    before = int(np.clip(round((count - 1) * (start - first) / (last - first)), 0, count - 1))
    values = np.concatenate([np.linspace(first, start, before + 1), np.linspace(start, last, count - before)[1:]])
    return np.exp(values) if log else values


def _fixed(objective: Objective, position: np.ndarray, held: tuple[int, ...], axes: list[np.ndarray]) -> np.ndarray:
    """Evaluate the loss on the grid, all other parameters as they are."""
    values: Any = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    places = np.tile(position, (*values.shape[:-1], 1))
    places[..., list(held)] = values
    heights = evaluate(objective.example, objective.train, places.reshape(-1, len(position)))
    return np.asarray(heights, np.float64).reshape(values.shape[:-1])
