"""How much of the start volume each basin has, and how much belongs to minima that no run has found yet.

All errors are those of independent starts. A low-discrepancy design fills the domain more evenly than chance, so that
its shares usually lie nearer to the truth than the intervals say.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer
from scipy.special import bdtr, ndtri

CONFIDENCE = 0.95
"""Usual probability that an interval covers the truth."""


ENDS = ("", "_low", "_high")
"""Endings of the names of an estimate and the ends of its interval."""


class Shares(NamedTuple):
    """Shares of all starts, with the interval that each lies in at the stated confidence."""

    share: Float[np.ndarray, " basin"]
    low: Float[np.ndarray, " basin"]
    high: Float[np.ndarray, " basin"]


def named(name: str, shares: Shares) -> dict[str, Float[np.ndarray, " basin"]]:
    """Name shares and the ends of their intervals, as results call them."""
    return {name + end: values for end, values in zip(ENDS, shares, strict=True)}


class Unseen(NamedTuple):
    """The share of the start volume that belongs to minima not yet seen.

    Attributes
    ----------
    share : the Good–Turing estimate, the share of starts that are alone in their basin
    error : half the width of Esty's interval around it; 0 where no basin has one or two starts
    bound : what it does not exceed at the stated confidence, whatever the basins are
    singletons, doubletons : how many basins have one start, and two
    """

    share: float
    error: float
    bound: float
    singletons: int
    doubletons: int


def wilson(counts: Integer[np.ndarray, " basin"], starts: int, confidence: float = CONFIDENCE) -> Shares:
    """Estimate the share of each basin, with Wilson's score interval.

    ``(p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n)``

    Parameters
    ----------
    counts : starts in each basin; or how often each of several things happened, which need be no parts of one whole
    starts : how many there are in all
    confidence : probability that an interval covers the true share, above 0 and below 1

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22, 209–212, 1927, doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> wilson(np.array([10, 0]), 10).low.round(3).tolist()
    [0.722, 0.0]
    """
    z = float(ndtri((1 + confidence) / 2))
    p = counts / starts
    middle = p + z * z / (2 * starts)
    half = z * np.sqrt(p * (1 - p) / starts + (z / (2 * starts)) ** 2)
    width = 1 + z * z / starts
    # With none, or with all, one end is exact; the formula gives it up to rounding.
    low = np.where(counts == 0, 0.0, (middle - half) / width)
    high = np.where(counts == starts, 1.0, (middle + half) / width)
    return Shares(p, low, high)


def medians(values: Float[np.ndarray, "kind run"], confidence: float = CONFIDENCE) -> Shares:
    """Take the median of each row, a value that occurs, with an interval that holds whatever the distribution is.

    How many of n values lie below the true median is binomial: so it lies between two of them, counted from the ends,
    with at least the stated confidence; of fewer than six values between nothing and infinity.

    References
    ----------
    H. A. David, H. N. Nagaraja, *Order Statistics*, 3rd edition, Wiley 2003, section 7.1.

    Examples
    --------
    >>> [part.tolist() for part in medians(np.arange(11.0)[None])]
    [[5.0], [1.0], [9.0]]
    """
    ordered, n = np.sort(values, axis=1), values.shape[1]
    # The most that may be left out at either end.
    out = int(np.searchsorted(bdtr(np.arange(n), n, 0.5), (1 - confidence) / 2, side="right")) - 1
    if out < 0:
        none = np.full(len(values), np.inf)
        return Shares(ordered[:, (n - 1) // 2], -none, none)
    return Shares(ordered[:, (n - 1) // 2], ordered[:, out], ordered[:, n - 1 - out])


def paired(
    one: Bool[np.ndarray, "pair run"], other: Bool[np.ndarray, "pair run"], confidence: float = CONFIDENCE
) -> Shares:
    """Estimate how much more often one thing happens than another, both observed on the same runs.

    Newcombe's method 10: Wilson's intervals of both shares, joined by their correlation φ, corrected for continuity.

    Parameters
    ----------
    one, other : (pair, run), whether each happened
    confidence : probability that an interval covers the true difference

    References
    ----------
    R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired
    data", Statistics in Medicine 17, 2635–2650, 1998,
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C.
    """
    n = one.shape[1]
    p, q = (wilson(happened.sum(axis=1), n, confidence) for happened in (one, other))
    both, neither = (one & other).sum(axis=1), (~one & ~other).sum(axis=1)
    apart = both * neither - (one & ~other).sum(axis=1) * (~one & other).sum(axis=1)
    apart = np.where(apart > 0, np.maximum(apart - n / 2, 0), apart)
    spread = n * n * np.sqrt(p.share * (1 - p.share) * q.share * (1 - q.share))
    phi = np.divide(apart, spread, out=np.zeros(len(spread)), where=spread > 0)

    def reach(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(ours**2 - 2 * phi * ours * theirs + theirs**2, 0))

    share = p.share - q.share
    below, above = reach(p.share - p.low, q.high - q.share), reach(p.high - p.share, q.share - q.low)
    return Shares(share, np.maximum(share - below, -1), np.minimum(share + above, 1))


def unseen(counts: Integer[np.ndarray, " basin"], starts: int, confidence: float = CONFIDENCE) -> Unseen:
    """Estimate the share of the start volume whose minima no start has found.

    The estimate is N₁/n: of n starts, N₁ are alone in their basin. Its error is Esty's normal approximation,
    ``z √(N₁ (1 - N₁/n) + 2 N₂) / n``, good for many basins with few starts each. The bound needs no such thing:
    ``N₁/n + (1 + √2) √(ln(2/δ)/n)`` with ``δ = 1 - confidence``. It joins two facts, at δ/2 each: the unseen share
    exceeds its mean by t with probability ``exp(-n t²)`` at most (Berend and Kontorovich), and the mean of N₁/n, never
    below that mean, exceeds N₁/n by t with probability ``exp(-n t²/2)`` at most (McDiarmid).

    Parameters
    ----------
    counts : starts in each basin; empty basins do not matter
    starts : how many there are in all
    confidence : of the error and of the bound, above 0 and below 1

    References
    ----------
    I. J. Good, "The population frequencies of species and the estimation of population parameters", Biometrika 40,
    237–264, 1953, doi:10.1093/biomet/40.3-4.237.
    W. W. Esty, "A normal limit law for a nonparametric estimator of the coverage of a random sample", The Annals of
    Statistics 11, 905–912, 1983, doi:10.1214/aos/1176346256.
    C. McDiarmid, "On the method of bounded differences", Surveys in Combinatorics, 148–188, 1989,
    doi:10.1017/CBO9781107359949.008.
    D. Berend, A. Kontorovich, "On the concentration of the missing mass", Electronic Communications in Probability 18
    (3), 1–7, 2013, doi:10.1214/ECP.v18-2359, who sharpen McAllester and Ortiz (2003).

    Examples
    --------
    >>> unseen(np.array([5, 3, 1, 1]), 10).share
    0.2
    """
    z = float(ndtri((1 + confidence) / 2))
    once, twice = int(np.sum(counts == 1)), int(np.sum(counts == 2))
    share = once / starts
    error = z * np.sqrt(once * (1 - share) + 2 * twice) / starts
    bound = share + (1 + np.sqrt(2)) * np.sqrt(np.log(2 / (1 - confidence)) / starts)
    return Unseen(share, float(error), min(float(bound), 1.0), once, twice)
