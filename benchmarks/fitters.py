"""What others make of a certified fit: SciPy's ``least_squares`` and lmfit, from one start after another.

Both have residuals in NumPy, differences for derivatives and the same tolerances. SciPy takes scales from the Jacobian;
lmfit, which has MINPACK's method of Levenberg and Marquardt below it, does so by itself.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize

from thalweg.problems import Regression
from thalweg.problems.nist import MODELS

NUMPY = {name: getattr(np, name) for name in ("cos", "exp", "pi", "sin")}

PRECISE: dict[str, Any] = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12}

LMFIT = importlib.util.find_spec("lmfit") is not None
"""Whether lmfit is installed; it is in the ``test`` extra."""

Residual = Callable[[dict[str, float]], np.ndarray]
Search = Callable[[np.ndarray], float]


class Beside(NamedTuple):
    """What another has found.

    Attributes
    ----------
    seconds, processor : for all starts, by the clock and of the processor
    squares : (start,), the sum of squares at its end; infinite where nothing was finite, or it gave up with an error
    """

    seconds: float
    processor: float
    squares: np.ndarray


def scipys(problem: Regression, starts: np.ndarray) -> Beside:
    """Search by SciPy from every start in turn."""
    residual = residual_of(problem)

    def search(start: np.ndarray) -> float:
        named = lambda place: residual(dict(zip(problem.parameters, place, strict=True)))  # noqa: E731
        return float(2 * optimize.least_squares(named, start, x_scale="jac", **PRECISE).cost)

    return followed(search, starts)


def lmfits(problem: Regression, starts: np.ndarray) -> Beside:
    """Search by lmfit from every start in turn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lmfit

    residual = residual_of(problem)

    def search(start: np.ndarray) -> float:
        params = lmfit.Parameters()
        for name, value in zip(problem.parameters, start, strict=True):
            params.add(name, value=float(value))
        return float(lmfit.minimize(lambda at: residual(at.valuesdict()), params, method="leastsq", **PRECISE).chisqr)

    return followed(search, starts)


def followed(search: Search, starts: np.ndarray) -> Beside:
    """Time a search from every start; those that end in an error have found nothing."""
    squares = np.full(len(starts), np.inf)
    begun, used = time.perf_counter(), time.process_time()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for k, start in enumerate(starts):
            try:
                found = search(start)
            except ValueError:  # not finite at the start, or on the way
                continue
            squares[k] = found if np.isfinite(found) else np.inf
    return Beside(time.perf_counter() - begun, time.process_time() - used, squares)


def residual_of(problem: Regression) -> Residual:
    """Write the residual of a certified problem in NumPy."""
    code = compile(MODELS[str(problem.settings["name"])], "model", "eval")
    x, y = problem.train["x"], problem.train["y"]
    return lambda values: eval(code, {**NUMPY, "x": x}, values) - y
