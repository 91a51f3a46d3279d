"""What products with a symmetric matrix tell of its spectrum: Lanczos' method, its quadrature, and the trace.

The Hessian of a network can be multiplied by (that is one more pass of autodiff through the gradient), never written
down: it has a row for each parameter. Lanczos' method draws the most from k products. It makes an orthonormal basis of
``v, A v, …, A^(k-1) v``; seen from there the matrix is tridiagonal, because ``A`` times one basis vector reaches only
the next. Two things follow. The eigenvalues of the small matrix approach those of ``A``, the outermost first. And they
are the points of a Gauss quadrature, whose weights are the squared first components of its eigenvectors: ``Σ w f(λ)``
equals ``vᵀ f(A) v / vᵀ v`` for every polynomial up to degree 2 k - 1 (Golub and Welsch 1969). With random starts of
numbers -1 and 1 the mean of these over starts is the density of eigenvalues, and of ``vᵀ A v`` the trace.

Why every vector is made orthogonal to all others. In exact arithmetic the three-term recurrence suffices. Once rounded,
it loses orthogonality just when an eigenvalue has been reached (Paige 1976); that eigenvalue then appears again and
again, and the weights of the quadrature are wrong. So the recurrence takes away what it knows, and one pass of
classical Gram-Schmidt over all vectors what rounding has left: two passes are enough (Giraud, Langou and Rozložník
2005, doi:10.1007/s00211-005-0615-4), and the recurrence is the first of them. It takes ``2 k² n`` operations and a
memory of k vectors, little beside k products with a network's Hessian. Selective orthogonalisation (Parlett and Scott
1979) saves operations that are not the bottleneck, and keeps the same vectors.

What would break it: a product that is not symmetric, as differences of gradients are not to rounding, and products in
32 bits without ``rounding`` saying so: the remainder beyond an invariant space is then noise, and would be normalised
and taken for a direction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import eigh_tridiagonal

from thalweg.base.errors import InvalidValue

Product = Callable[[Float[np.ndarray, " param"]], Float[np.ndarray, " param"]]
"""Multiplies a vector by a symmetric matrix."""


class Tridiagonal(NamedTuple):
    """A matrix seen from a Krylov space, ``basisᵀ A basis``.

    Attributes
    ----------
    diagonal : (order,)
    beside : (order - 1,), right and left of the diagonal
    basis : (order, param), orthonormal; its first row is the start, normalised
    """

    diagonal: Float[np.ndarray, " order"]
    beside: Float[np.ndarray, " beside"]
    basis: Float[np.ndarray, "order param"]


class Quadrature(NamedTuple):
    """Points and weights, which add up to 1: ``Σ weight f(value)`` is nearly ``startᵀ f(A) start / startᵀ start``.

    It is so exactly for polynomials up to degree 2 order - 1.
    """

    values: Float[np.ndarray, " node"]
    weights: Float[np.ndarray, " node"]


class Trace(NamedTuple):
    """A mean over random probes and its standard error; NaN where there are too few."""

    mean: float
    error: float


def finite(product: Product, otherwise: str) -> Product:
    """Refuse products that are not finite, in the words given."""

    def checked(vector: np.ndarray) -> np.ndarray:
        result = np.asarray(product(vector))
        if not np.isfinite(result).all():
            raise InvalidValue(otherwise)
        return result

    return checked


def tridiagonalise(
    product: Product, start: Float[np.ndarray, " param"], order: int, *, rounding: float = 2.0**-52
) -> Tridiagonal:
    """Make an orthonormal basis of ``start, A start, A² start …`` in which the matrix is tridiagonal.

    Every new vector is made orthogonal to all before, so that no eigenvalue comes twice by rounding. Where nothing is
    left of it beyond rounding, the space is invariant, and the basis ends there, shorter than asked for.

    Parameters
    ----------
    product : with the matrix; computed in 64 bits or rounded
    start : not zero; its type is that of the basis
    order : vectors of the basis at most; of (order, param) numbers the memory is
    rounding : relative, of the products

    References
    ----------
    C. Lanczos, "An iteration method for the solution of the eigenvalue problem of linear differential and integral
    operators", 1950, doi:10.6028/jres.045.026. C. C. Paige, "Error analysis of the Lanczos algorithm for
    tridiagonalizing a symmetric matrix", 1976, doi:10.1093/imamat/18.3.341, on the loss of orthogonality.
    """
    order = min(order, len(start))
    basis, diagonal, beside = np.empty((order, len(start)), start.dtype), np.empty(order), np.empty(max(order - 1, 0))
    basis[0] = start / np.linalg.norm(start)
    scale = 0.0
    for k in range(order):
        rest = np.array(product(basis[k]), dtype=start.dtype)
        scale = max(scale, float(np.linalg.norm(rest)))
        diagonal[k] = along = basis[k] @ rest
        rest -= along * basis[k]
        if k:
            rest -= beside[k - 1].astype(start.dtype) * basis[k - 1]
        rest -= (basis[: k + 1] @ rest) @ basis[: k + 1]
        length = float(np.linalg.norm(rest))
        # Rounding leaves this much in every product, in directions that mean nothing.
        if k + 1 == order or length <= np.sqrt(len(start)) * rounding * scale:
            return Tridiagonal(diagonal[: k + 1], beside[:k], basis[: k + 1])
        beside[k], basis[k + 1] = length, rest / length
    raise AssertionError("the last vector ends the loop")


def quadrature(matrix: Tridiagonal) -> Quadrature:
    """Find the Gauss quadrature that belongs to a start: eigenvalues, and squared first components of eigenvectors.

    References
    ----------
    G. H. Golub and J. H. Welsch, "Calculation of Gauss quadrature rules", 1969, doi:10.1090/S0025-5718-69-99647-1.
    """
    values, vectors = eigh_tridiagonal(matrix.diagonal, matrix.beside)
    return Quadrature(values, vectors[0] ** 2)


def trace(estimates: Float[np.ndarray, " probe"]) -> Trace:
    """Average ``probeᵀ A probe`` over probes whose numbers are -1 or 1: the trace, with its standard error.

    References
    ----------
    M. F. Hutchinson, "A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines",
    1990, doi:10.1080/03610919008812866.
    """
    return Trace(float(np.mean(estimates)) if len(estimates) else np.nan, float(standard_error(estimates)))


def standard_error(estimates: Float[np.ndarray, "probe *value"]) -> Float[np.ndarray, "*value"]:
    """Compute the standard error of a mean over probes; NaN where there are too few."""
    if len(estimates) < 2:
        return np.full(estimates.shape[1:], np.nan)
    return np.asarray(np.std(estimates, axis=0, ddof=1) / np.sqrt(len(estimates)))


def smooth(rule: Quadrature, at: Float[np.ndarray, " value"], width: float) -> Float[np.ndarray, " value"]:
    """Replace every point of a quadrature by a Gaussian density of a standard deviation ``width``."""
    distance = (at[:, None] - rule.values) / width
    return np.exp(-0.5 * distance**2) @ rule.weights / (width * np.sqrt(2 * np.pi))
