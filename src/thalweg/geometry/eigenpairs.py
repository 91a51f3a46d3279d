"""The largest and smallest eigenvalues of a symmetric matrix of which only products are known.

A matrix of few rows is written down, product by product, and decomposed: that is exact and takes fewer products than
any search. Of a larger one ARPACK finds the outermost eigenpairs: Lanczos' method, restarted so that it keeps only some
twenty vectors. Our own Lanczos (``lanczos.py``) would need as many vectors as steps, hundreds for eigenvalues that
crowd together.

Why the spectrum is shifted. ARPACK ends when a residual is small beside *its own* eigenvalue. Hessians of networks have
most of their eigenvalues near 0, where that never comes about in products that are rounded, least of all in 32 bits. A
few steps of Lanczos tell how large the matrix is, and adding that number to all eigenvalues puts the sought end at one
to two times it; so the search ends when a residual is small beside the *matrix*. Both ends in one search (ARPACK's
``"BE"``) cannot be shifted like this, since one of them would come to lie at 0: hence two searches, the second of
``-A``.

What an eigenvalue is worth is measured, not assumed: one more product gives ``‖A v - λ v‖``, and some eigenvalue of a
symmetric matrix is no farther from λ than this. What the search did not find is NaN, never a guess.

What would break it: a start at right angles to an eigenvector sought. A random start never is, but one made of few
coordinates can be.
"""

from __future__ import annotations

from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from thalweg.geometry.lanczos import Product, quadrature, tridiagonalise

DENSE = 128
"""Parameters up to which the whole matrix is made: that takes fewer products than a search."""

RESTARTS = 300
"""Restarts of the search at most."""

SCALE = 10
"""Products that tell how large the matrix is."""


class Eigenpairs(NamedTuple):
    """Eigenvalues and what is needed to judge them.

    Attributes
    ----------
    values : (mode,); NaN where the search found none
    vectors : (mode, param), of length 1
    residuals : (mode,), lengths of ``A v - λ v``: an eigenvalue is not farther than this from ``λ``
    """

    values: Float[np.ndarray, " mode"]
    vectors: Float[np.ndarray, "mode param"]
    residuals: Float[np.ndarray, " mode"]


def is_small(size: int, count: int) -> bool:
    """Tell whether the whole matrix is to be made rather than searched for so many eigenvalues."""
    return size <= max(DENSE, 2 * count)


def of_whole(product: Product, size: int) -> Eigenpairs:
    """Make the whole matrix, exactly symmetric, and find all its eigenpairs, the largest first."""
    rows = np.stack([np.asarray(product(unit), dtype=np.float64) for unit in np.eye(size)])
    whole = (rows + rows.T) / 2
    values, vectors = np.linalg.eigh(whole)
    values, vectors = values[::-1], vectors.T[::-1]
    return Eigenpairs(values, vectors, np.linalg.norm(vectors @ whole - values[:, None] * vectors, axis=1))


def extreme(
    product: Product, start: Float[np.ndarray, " param"], largest: int, smallest: int, *, rounding: float = 2.0**-52
) -> Eigenpairs:
    """Search the largest eigenvalues, largest first, and then the smallest: implicitly restarted Lanczos, of ARPACK.

    It ends where residuals are below the square root of the rounding times the size of the matrix: an eigenvalue that
    stands apart from the others is then known to rounding.

    Parameters
    ----------
    product : with the matrix; of more rows than ``largest`` and ``smallest``
    start : of the search; it must not be at right angles to an eigenvector sought
    largest, smallest : how many of them
    rounding : relative, of the products

    References
    ----------
    R. B. Lehoucq, D. C. Sorensen and C. Yang, "ARPACK Users' Guide", 1998, doi:10.1137/1.9780898719628.
    """
    scale = float(np.abs(quadrature(tridiagonalise(product, start, SCALE, rounding=rounding)).values).max()) or 1.0
    high = _searched(product, start, largest, scale, rounding)
    low = _searched(lambda vector: -product(vector), start, smallest, scale, rounding)
    values, vectors = np.append(high[0], 0.0 - low[0][::-1]), np.vstack([high[1], low[1][::-1]])
    products = np.stack([product(vector) if np.isfinite(vector).all() else vector for vector in vectors])
    return Eigenpairs(values, vectors, np.linalg.norm(products - values[:, None] * vectors, axis=1))


def _searched(
    product: Product, start: Float[np.ndarray, " param"], count: int, scale: float, rounding: float
) -> tuple[Float[np.ndarray, " mode"], Float[np.ndarray, "mode param"]]:
    size = len(start)
    if not count:
        return np.empty(0), np.empty((0, size))

    # ARPACK ends relative to each eigenvalue, which no search reaches for one near 0; so none is near 0 here.
    def shifted(vector: np.ndarray) -> np.ndarray:
        return product(vector.ravel()) + scale * vector.ravel()

    operator = LinearOperator((size, size), matvec=shifted, dtype=np.float64)  # pyright: ignore[reportCallIssue]
    options: dict[str, Any] = {"which": "LA", "v0": start, "maxiter": RESTARTS, "tol": float(np.sqrt(rounding))}
    # In an invariant space ARPACK goes on from a random vector; since SciPy 1.17 its seed can be given.
    options |= {"rng": 0} if "rng" in signature(eigsh).parameters else {}
    try:
        raised, columns = eigsh(operator, k=count, **options)
    except ArpackNoConvergence as error:
        raised, columns = error.eigenvalues, error.eigenvectors
    order = np.argsort(raised)[::-1]
    values, vectors = np.full(count, np.nan), np.full((count, size), np.nan)
    values[: len(order)], vectors[: len(order)] = raised[order] - scale, columns[:, order].T
    return values, vectors
