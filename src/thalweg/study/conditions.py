"""The conditions that all optimisers of a race share, and how each one's learning rate is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.descent import starts as positions
from thalweg.descent.minibatch import Minibatch


@public
@dataclass(frozen=True)
class Conditions:
    """What all optimisers of a race share.

    Parameters
    ----------
    starts : how many, drawn uniformly over the problem's domain
    steps : updates of each run
    seed : of the starts
    minibatch : gradients from a part of the training data at a time; all of it by default
    precision : 32 or 64 bits
    shadows : whether each run has shadows, so that what rounding decided is known; four times the work
    within : what a success is. A number, such as 1e-3: to end with a loss above the deepest minimum by at most this
        share of the surface's median height above it. By default, to end on the floor of the deepest valley; on a
        surface with one valley, of which most starts may already lie low, 1e-3

    Raises
    ------
    InvalidValue
        If there are no starts or more than are drawn at once, the seed is below 0, or ``within`` is not above 0 and
        below 1.

    References
    ----------
    J. J. Moré, S. M. Wild, "Benchmarking derivative-free optimization algorithms", SIAM Journal on Optimization 20,
    172–191, 2009, doi:10.1137/080724083: the criterion, with the height of the start.

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.Conditions(starts=200, steps=40).precision
    64
    """

    starts: int = 10_000
    steps: int = 100
    seed: int = 0
    minibatch: Minibatch | None = None
    precision: int = 64
    shadows: bool = False
    within: float | None = None

    def __post_init__(self) -> None:
        whole("starts", self.starts, at_least=1, at_most=positions.MOST)
        whole("seed of the starts", self.seed, at_least=0)
        if self.within is not None:
            number("within", self.within, above=0, below=1)


@public
@dataclass(frozen=True)
class Tuning:
    """How each optimiser's learning rate is chosen: the best of some on starts of another seed.

    By default there are five rates to a decade, a factor of 1.6 apart. In 100 steps of the lowest, an optimiser with
    steps as long as its rate moves by 0.01; with the highest it leaves at once a domain that is a few units wide.

    Parameters
    ----------
    starts : runs of each rate; with the usual 400 a success of one half is known to 5 %
    rates : how many are tried, evenly spaced in the logarithm
    low, high : the least and the greatest of them
    seed : of the starts; not that of the race

    Raises
    ------
    InvalidValue
        If a number is outside what is allowed, or rates times starts are more runs than are made at once.

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.Tuning(rates=3, low=0.01, high=1.0).candidates().round(6).tolist()
    [0.01, 0.1, 1.0]
    """

    starts: int = 400
    rates: int = 26
    low: float = 1e-4
    high: float = 10.0
    seed: int = 1

    def __post_init__(self) -> None:
        whole("tuning starts", self.starts, at_least=1)
        whole("rates", self.rates, at_least=2)
        number("the lowest rate", self.low, above=0)
        number("the highest rate", self.high, above=self.low)
        whole("seed of the tuning starts", self.seed, at_least=0)
        whole("rates times tuning starts", self.rates * self.starts, at_most=positions.MOST)

    def candidates(self) -> np.ndarray:
        """List the rates, rising.

        Returns
        -------
        Array of shape (rates,), evenly spaced in the logarithm, both ends included.
        """
        return np.geomspace(self.low, self.high, self.rates)


USUAL_CONDITIONS, USUAL_TUNING = Conditions(), Tuning()
