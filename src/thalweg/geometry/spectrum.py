"""What is known of the spectrum of one symmetric matrix: outermost eigenvalues, trace, and a quadrature of the rest.

Three questions, three methods, because none answers all. The outermost eigenvalues come from a search with restarts
(``eigenpairs.py``), which is exact there and says nothing of the rest. The density of the rest comes from stochastic
Lanczos quadrature: a random vector of numbers -1 and 1 holds every eigenvector with the weight 1/n on average, so the
quadrature as seen from some of them averages to the density (Ubaru, Chen and Saad 2017; on networks Ghorbani, Krishnan
and Xiao 2019, arXiv:1901.10159). The trace is the mean of ``vᵀ A v`` over the same vectors, the first number on their
diagonals, and costs nothing more (Hutchinson 1990); for numbers -1 and 1 its variance is twice the sum of squares of
the matrix off its diagonal, the least of all distributions with independent entries. The outermost points of the
quadrature are eigenvalues too, but of lower accuracy than those of the search, so the two are not mixed.

Why 80 steps: the density is drawn with a width of a hundredth of the spectrum's range, about as finely as 80 points
from a probe can resolve it. Their vectors, 640 bytes a parameter, are what bounds the size of a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from thalweg.geometry import eigenpairs, lanczos
from thalweg.geometry.eigenpairs import Eigenpairs
from thalweg.geometry.lanczos import Product, Quadrature, Trace

ORDER = 80
"""Lanczos vectors of a probe."""


class Spectrum(NamedTuple):
    """What is known of one matrix.

    Attributes
    ----------
    eigenvalues, residual : (mode,), the largest, largest first, and how exact they are
    lowest, lowest_residual : the smallest
    trace, trace_error : the sum of all, and its standard error
    rules : one for each probe; the density of eigenvalues is their mean
    """

    eigenvalues: Float[np.ndarray, " mode"]
    residual: Float[np.ndarray, " mode"]
    lowest: float
    lowest_residual: float
    trace: float
    trace_error: float
    rules: tuple[Quadrature, ...]


def whole(product: Product, size: int, count: int) -> Spectrum:
    """Make the whole matrix: everything is exact to rounding, and the quadrature has all eigenvalues."""
    pairs = eigenpairs.of_whole(product, size)
    rule = Quadrature(pairs.values, np.full(size, 1 / size))
    return _outermost(pairs, count, Trace(float(pairs.values.sum()), 0.0), (rule,))


def sampled(
    product: Product,
    count: int,
    start: Float[np.ndarray, " param"],
    probes: Sequence[Float[np.ndarray, " param"]],
    *,
    rounding: float,
) -> Spectrum:
    """Use products alone: a search for the outermost eigenvalues, and Lanczos from every probe for the rest.

    Parameters
    ----------
    product : with the matrix
    count : of largest eigenvalues
    start : of the search
    probes : of numbers -1 and 1; without any, the trace is NaN
    rounding : relative, of the products

    References
    ----------
    S. Ubaru, J. Chen, Y. Saad, "Fast estimation of tr(f(A)) via stochastic Lanczos quadrature", 2017,
    doi:10.1137/16M1104974.
    """
    pairs = eigenpairs.extreme(product, start, count, 1, rounding=rounding)
    rules, quadratic = [], np.empty(len(probes))
    for k, probe in enumerate(probes):
        tridiagonal = lanczos.tridiagonalise(product, probe, ORDER, rounding=rounding)
        rules.append(lanczos.quadrature(tridiagonal))
        # The first number on the diagonal is that of the unit vector; the probe's length is sqrt(param).
        quadratic[k] = len(probe) * tridiagonal.diagonal[0]
    return _outermost(pairs, count, lanczos.trace(quadratic), tuple(rules))


def _outermost(pairs: Eigenpairs, count: int, trace: Trace, rules: tuple[Quadrature, ...]) -> Spectrum:
    """Take the first eigenpairs and the last."""
    values, _, residuals = pairs
    return Spectrum(values[:count], residuals[:count], float(values[-1]), float(residuals[-1]), *trace, rules)
