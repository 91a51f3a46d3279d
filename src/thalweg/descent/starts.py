"""Where runs start: uniform at random or evenly spread over a domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.base.arrays import numbers
from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.problems.places import refuse_outside
from thalweg.problems.problem import Problem

__all__ = ["Sobol", "even", "uniform"]

MOST = 10_000_000
"""Starts made at once at most."""

WIDER = "or a problem with a wider domain"
"""What to do about a start off a box."""

MOST_SOUGHT = 2**20
"""Starts of a census at most: each is followed down by the gradient flow."""


@public
@dataclass(frozen=True)
class Sobol:
    """Starts of a scrambled Sobol sequence: how many, and the seed; spread more evenly than drawn ones.

    As a method of :func:`thalweg.find_valleys` it says from where the search begins.

    Parameters
    ----------
    count : how many starts, at most 1,048,576
    seed : of the scrambling

    Raises
    ------
    InvalidValue
        If the count or the seed is not such a number.

    References
    ----------
    A. B. Owen, "Scrambling Sobol' and Niederreiter-Xing points", Journal of Complexity 14, 466-489, 1998,
    doi:10.1006/jcom.1998.0487.

    Examples
    --------
    >>> import thalweg as tw
    >>> valleys = tw.find_valleys(tw.objective(tw.problems.himmelblau()), method=tw.starts.Sobol(64, seed=1))
    >>> valleys.sizes["valley"]
    4
    """

    count: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        whole("count of starts", self.count, at_least=1, at_most=MOST_SOUGHT)
        whole("seed of the starts", self.seed, at_least=0)


@public
def uniform(problem: Problem, count: int, seed: int = 0) -> np.ndarray:
    """Draw ``count`` starts uniformly over the domain; shape (run, param).

    Run k's start depends on the seed and on k alone: a longer list begins with the shorter one.

    Parameters
    ----------
    problem : whose domain it is
    count : how many starts, at most ten million
    seed : of the draws

    Returns
    -------
    array
        (run, param), in the units of the domain's axes.

    Raises
    ------
    InvalidValue
        If the count or the seed is not such a number.

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.starts.uniform(tw.problems.himmelblau(), 2, seed=1).round(3).tolist()
    [[0.118, 4.505], [-3.558, 4.486]]
    """
    whole("count of starts", count, at_least=1, at_most=MOST)
    whole("seed of the starts", seed, at_least=0)
    return problem.domain.spread(np.random.default_rng(seed).random((count, len(problem.domain))))


@public
def even(problem: Problem, count: int) -> np.ndarray:
    """Spread ``count`` starts evenly over each axis, at the middles of equal cells; shape (run, param).

    Parameters
    ----------
    problem : whose domain it is
    count : how many along each axis; at most ten million starts in all

    Returns
    -------
    array
        (run, param), in the units of the domain's axes, the last axis fastest.

    Raises
    ------
    InvalidValue
        If the count is not such a number.

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.starts.even(tw.problems.himmelblau(), 2).tolist()
    [[-2.5, -2.5], [-2.5, 2.5], [2.5, -2.5], [2.5, 2.5]]
    """
    whole("count of starts", count, at_least=1, at_most=int(MOST ** (1 / len(problem.domain))))
    domain = problem.domain
    cells = np.indices((count,) * len(domain)).reshape(len(domain), -1).T
    return domain.spread((cells + 0.5) / count)


def read(problem: Problem, starts: Any) -> np.ndarray:
    """Read starts as a user gives them: a number, one vector, or a list of either; shape (run, param).

    For one parameter a list of numbers is a list of runs; for several it is one start.
    """
    count = len(problem.domain)
    values = numbers("starts", starts, f"give {_shape(problem)}").astype(np.float64)
    shape = values.shape
    if count == 1 and values.ndim <= 1:
        values = values.reshape(-1, 1)
    elif values.ndim == 1:
        values = values.reshape(1, -1)
    if values.ndim != 2 or values.shape[1] != count or not len(values):
        raise InvalidValue(f"starts have the shape {shape}; give {_shape(problem)}")
    if not np.isfinite(values).all():
        bad = values[~np.isfinite(values).all(axis=1)][0]
        raise InvalidValue(f"a start is {bad.tolist()}; give finite numbers")
    refuse_outside(problem.domain, values, "a start has", WIDER)
    return values


def _shape(problem: Problem) -> str:
    names = ", ".join(problem.parameters)
    return f"one start, or a list of them, of {len(problem.domain)} number(s) each ({names})"
