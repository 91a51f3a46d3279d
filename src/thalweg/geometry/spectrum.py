"""What is known of the spectrum of one symmetric matrix: outermost eigenvalues, trace, and a quadrature of the rest.

Three questions, three methods, because none answers all. The outermost eigenvalues come from a search with restarts
(``eigenpairs.py``), which is exact there and says nothing of the rest. The density of the rest comes from stochastic
Lanczos quadrature: a random vector of numbers -1 and 1 holds every eigenvector with the weight 1/n on average, so the
quadrature as seen from some of them averages to the density (Ubaru, Chen and Saad 2017; on networks Ghorbani, Krishnan
and Xiao 2019, arXiv:1901.10159). The outermost points of the quadrature are eigenvalues too, but of lower accuracy than
those of the search, so the two are not mixed.

The trace is the mean of ``vᵀ A v`` over the same vectors, one product each, the first number on their diagonals
(Hutchinson 1990); for numbers -1 and 1 its variance is twice the sum of squares of the matrix off its diagonal, the
least of all distributions with independent entries. In a network's Hessian a few large eigenvalues make most of that
sum. Where they were searched, their part of the trace is known, ``tr Qᵀ A Q`` with their vectors Q, and only the rest
is estimated, by ``vᵀ P A P v`` with ``P = 1 - Q Qᵀ``: no further product is needed, as ``A v`` and ``A Q`` are at hand.
Meyer, Musco, Musco and Woodruff (2021, arXiv:2010.09649) take a third of the products for a random Q; ours is there
already. Q comes from another random vector than the probes, so nothing is biased.

Why 80 steps: the density is drawn with a width of a hundredth of the spectrum's range, about as finely as 80 points
from a probe can resolve it. Their vectors, 640 bytes a parameter, are what bounds the size of a network; where they
take more than ``eigenpairs.MEMORY`` they are kept in the network's own type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.geometry import eigenpairs, lanczos
from thalweg.geometry.eigenpairs import Eigenpairs
from thalweg.geometry.lanczos import Product, Quadrature, Trace


@public
@dataclass(frozen=True)
class Probes:
    """Random vectors of -1 and 1 that the trace and the density of eigenvalues are estimated from.

    Parameters
    ----------
    count : how many; with 1 there are no standard errors: NaN
    order : steps of Lanczos' method from each, one product with the Hessian a step. 80 resolve a hundredth of the range
        of eigenvalues, and take 640 bytes a parameter; with 1 the trace alone is estimated, and no vector is kept
    seed : of these vectors and of the start of the search of eigenvalues

    Raises
    ------
    InvalidValue
        If a number is outside what is allowed.

    Examples
    --------
    >>> import thalweg as tw
    >>> tw.networks.Probes(100, order=1)
    Probes(count=100, order=1, seed=0)
    """

    count: int = 10
    order: int = 80
    seed: int = 0

    def __post_init__(self) -> None:
        whole("probes", self.count, at_least=0)
        whole("order", self.order, at_least=1)
        whole("seed", self.seed, at_least=0)

    @property
    def products(self) -> int:
        """Products with the matrix at most."""
        return self.count * self.order


@dataclass(frozen=True)
class Asked:
    """What is to be found of a matrix.

    Attributes
    ----------
    count : largest eigenvalues
    lowest : whether the smallest one, too
    tol : the search ends where each residual is at most so much of its eigenvalue
    probes : of trace and density
    """

    count: int
    lowest: bool
    tol: float
    probes: Probes


class Spectrum(NamedTuple):
    """What is known of one matrix.

    Attributes
    ----------
    eigenvalues, residual, settled : (mode,), the largest, largest first, how exact they are and whether that will do
    lowest, lowest_residual, lowest_settled : (0,) or (1,), likewise the smallest
    trace, trace_error : the sum of all, and its standard error; NaN where they were not asked for
    rules : one for each probe; the density of eigenvalues is their mean
    """

    eigenvalues: Float[np.ndarray, " mode"]
    residual: Float[np.ndarray, " mode"]
    settled: np.ndarray
    lowest: np.ndarray
    lowest_residual: np.ndarray
    lowest_settled: np.ndarray
    trace: float
    trace_error: float
    rules: tuple[Quadrature, ...]


def whole_of(product: Product, size: int, asked: Asked, *, rounding: float) -> Spectrum:
    """Make the whole matrix: everything is exact to rounding, and the quadrature has all eigenvalues."""
    pairs = eigenpairs.of_whole(product, size)
    rule = Quadrature(pairs.values, np.full(size, 1 / size))
    return _outermost(pairs, asked, Trace(float(pairs.values.sum()), 0.0), (rule,), rounding)


def sampled(
    product: Product,
    asked: Asked,
    start: Float[np.ndarray, " param"],
    probe: Callable[[int], Float[np.ndarray, " param"]],
    *,
    rounding: float,
) -> Spectrum:
    """Use products alone: a search for the outermost eigenvalues, and Lanczos from every probe for the rest.

    Parameters
    ----------
    product : with the matrix
    asked : of it
    start : of the search
    probe : draws the vector of a number, whose components are -1 and 1; without any, the trace is NaN
    rounding : relative, of the products

    References
    ----------
    S. Ubaru, J. Chen, Y. Saad, "Fast estimation of tr(f(A)) via stochastic Lanczos quadrature", 2017,
    doi:10.1137/16M1104974.
    """
    if asked.count or asked.lowest:
        sought = (asked.count, int(asked.lowest))
        pairs = eigenpairs.extreme(product, start, *sought, tol=asked.tol, rounding=rounding)
    else:
        nothing = np.empty((0, len(start)), start.dtype)
        pairs = Eigenpairs(np.empty(0), nothing, nothing, np.empty(0))
    # Of the vectors that were found the part of the trace is known, and nothing of it is left to the probes.
    known = (pairs.vectors @ pairs.images.T).astype(np.float64)
    rules, rest = [], np.empty(asked.probes.count)
    for k in range(asked.probes.count):
        drawn = probe(k)
        tridiagonal = lanczos.tridiagonalise(product, drawn, asked.probes.order, rounding=rounding)
        rules.append(lanczos.quadrature(tridiagonal))
        # The first number on the diagonal is that of the unit vector; the probe's length is sqrt(param).
        whole_of_it = len(drawn) * tridiagonal.diagonal[0]
        del tridiagonal  # before the next is made
        inside, image = (np.asarray(rows @ drawn, dtype=np.float64) for rows in (pairs.vectors, pairs.images))
        rest[k] = whole_of_it - 2 * inside @ image + inside @ known @ inside
    mean, error = lanczos.trace(rest)
    return _outermost(pairs, asked, Trace(float(np.trace(known)) + mean, error), tuple(rules), rounding)


def _outermost(
    pairs: Eigenpairs, asked: Asked, trace: Trace, rules: tuple[Quadrature, ...], rounding: float
) -> Spectrum:
    """Take the first eigenpairs, and the last."""
    values, residuals = pairs.values, pairs.residuals
    size = float(np.abs(values).max(initial=0.0))
    settled = eigenpairs.settled(values, residuals, size=size, rounding=rounding)
    first, last = slice(asked.count), slice(len(values) - asked.lowest, len(values))
    return Spectrum(
        *(values[first], residuals[first], settled[first]),
        *(values[last], residuals[last], settled[last]),
        *(trace.mean, trace.error),
        rules,
    )
