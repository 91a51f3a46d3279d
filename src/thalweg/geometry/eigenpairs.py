"""The largest and smallest eigenvalues of a symmetric matrix of which only products are known.

A matrix of few rows is written down, product by product, and decomposed: that is exact. Of a larger one the outermost
eigenpairs are searched by Lanczos' method with thick restarts (Wu and Simon 2000): when the basis is full, only the
best approximations of eigenvectors at both ends are kept, with the vector that comes next, and the basis grows again.
So the memory is that of some tens of vectors, and of a handful where these are large.

Why our own and not ARPACK, which we took before. It looks at its approximations only when its twenty vectors are full,
and does both ends in two searches. Here they are looked at after every product, which costs an eigendecomposition of a
small matrix, and the search ends as soon as every residual is small enough; both ends come from one basis.

When it ends. The residual ``‖A v - λ v‖`` of each eigenvalue must be at most ``tol`` of that eigenvalue's own size, as
ARPACK's ``tol`` means it. Hessians of networks have most of their eigenvalues near 0, where that would never come about
in products that are rounded; so an eigenvalue counts as at least a thousandth of the largest size here, ``NEAR``.

What an eigenvalue is worth is measured, not assumed: one more product gives ``‖A v - λ v‖``, and some eigenvalue of a
symmetric matrix is no farther from λ than this. That number also shows where products are not those of a symmetric
matrix, as differences of gradients across a kink; the small matrix of Lanczos' method does not.

What would break it: a start at right angles to an eigenvector sought. A random start never is, but one made of few
coordinates can be. Of an eigenvalue that is there several times exactly, the others come only where the space of
the first is exhausted, or by rounding: as with every search from one vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from thalweg.base.room import check_room
from thalweg.geometry.lanczos import Product

MEMORY = 4e9
"""Bytes of vectors at most, of a search or of a probe."""

FEW = 128
"""Rows up to which the whole matrix is always made: it is exact, and as quick."""

WHOLE = 2**27
"""Bytes of the whole matrix in 64 bits at most: 4096 rows. It is decomposed in seconds."""

BASIS = 40
"""Vectors of a search's basis, where they fit and are enough for what is sought."""

PRODUCTS = 5000
"""Products of a search at most."""

NEAR = 1e-3
"""Share of the largest eigenvalue's size below which residuals are measured by that rather than by their own."""

UNSETTLED = 0.05
"""Share of an eigenvalue that its residual may be; beyond it, it is told as unsettled."""

BLOCK = 2**16
"""Numbers of each vector that are mixed at a time, in place."""

FIRST, EACH, LOWEST = 10, 5, 40
"""Products that a search takes: about so many, so many more for each of the largest eigenvalues, and for the lowest,
which lie close to many others (``benchmarks/curvature.py``)."""


class Eigenpairs(NamedTuple):
    """Eigenvalues and what is needed to judge them.

    Attributes
    ----------
    values : (mode,)
    vectors : (mode, param), of length 1
    images : (mode, param), their products with the matrix
    residuals : (mode,), lengths of ``A v - λ v``: an eigenvalue is not farther than this from ``λ``
    """

    values: Float[np.ndarray, " mode"]
    vectors: Float[np.ndarray, "mode param"]
    images: Float[np.ndarray, "mode param"]
    residuals: Float[np.ndarray, " mode"]


def is_small(size: int, largest: int, smallest: int, others: int = 0) -> bool:
    """Tell whether the whole matrix takes fewer products than a search and ``others`` would, and little memory."""
    search = FIRST + EACH * largest + LOWEST * bool(smallest) if largest + smallest else 0
    return size <= max(FEW, search + others, 2 * (largest + smallest)) and 8 * size**2 <= WHOLE


def settled(
    values: Float[np.ndarray, "*mode"], residuals: Float[np.ndarray, "*mode"], *, size: float, rounding: float
) -> Bool[np.ndarray, "*mode"]:
    """Tell which eigenvalues are known to ``UNSETTLED`` of themselves, or to rounding of the matrix's ``size``."""
    return residuals <= np.maximum(UNSETTLED * np.abs(values), 100 * rounding * size)


def of_whole(product: Product, size: int) -> Eigenpairs:
    """Make the whole matrix, exactly symmetric, and find all its eigenpairs, the largest first."""
    columns = np.stack([np.asarray(product(unit), dtype=np.float64) for unit in np.eye(size)])
    values, vectors = np.linalg.eigh((columns + columns.T) / 2)
    values, vectors = values[::-1], vectors.T[::-1]
    # With the products as they were, so that a matrix that is not symmetric shows.
    images = vectors @ columns
    return Eigenpairs(values, vectors, images, np.linalg.norm(images - values[:, None] * vectors, axis=1))


def extreme(
    product: Product,
    start: Float[np.ndarray, " param"],
    largest: int,
    smallest: int,
    *,
    tol: float = 1e-3,
    rounding: float = 2.0**-52,
) -> Eigenpairs:
    """Search the largest eigenvalues, largest first, and then the smallest: Lanczos' method with thick restarts.

    Parameters
    ----------
    product : with the matrix; of more rows than ``largest`` and ``smallest``
    start : of the search, not zero; it must not be at right angles to an eigenvector sought. Its type is that of the
        basis
    largest, smallest : how many of them
    tol : the search ends where each residual is at most so much of its eigenvalue
    rounding : relative, of the products

    References
    ----------
    K. Wu and H. Simon, "Thick-restart Lanczos method for large symmetric eigenvalue problems", 2000,
    doi:10.1137/S0895479898334605.
    """
    search = _Search(product, start, (largest, smallest), tol, rounding)
    search.run()
    vectors = search.found()
    del search  # and with it the basis
    images, values, residuals = np.empty_like(vectors), np.empty(len(vectors)), np.empty(len(vectors))
    for k, vector in enumerate(vectors):
        image = images[k] = product(vector)
        # The quotient of Rayleigh, summed in 64 bits, has the least residual of all numbers.
        values[k] = np.sum(vector * image, dtype=np.float64)
        residuals[k] = np.linalg.norm(image - values[k] * vector)
    return Eigenpairs(values, vectors, images, residuals)


def height(size: int, sought: int, dtype: np.dtype) -> int:
    """Choose how many vectors a search keeps."""
    fitting = int(MEMORY // (size * dtype.itemsize)) - 1
    return min(max(min(fitting, max(BASIS, 2 * sought + 10)), 2 * sought + 2), size)


class _Search:
    """A basis that grows by products and is cut to its best vectors when it is full."""

    def __init__(self, product: Product, start: np.ndarray, sought: tuple[int, int], tol: float, rounding: float):
        self.product, self.sought, self.tol, self.rounding = product, sought, tol, rounding
        self.size = len(start)
        self.height = height(self.size, sum(sought), start.dtype)
        check_room(
            f"a search among {self.size:,} parameters takes",
            (self.height + 1) * start.nbytes,
            "give a smaller count, free memory, or let a part of them move, with tw.networks.restrict",
        )
        self.basis = np.empty((self.height + 1, self.size), start.dtype)
        self.basis[0] = start / np.linalg.norm(start)
        self.seen = np.zeros((self.height + 1, self.height + 1))  # the matrix, from the basis
        self.length, self.rest, self.scale = 0, 0.0, 0.0
        self.beside = np.zeros(0)  # the next vector's row of it, left of the diagonal
        self.random = np.random.default_rng(0)
        self.taken = 0

    def run(self) -> None:
        """Go on until all that is sought is known well enough, or too many products were taken."""
        exhausted = False
        while True:
            exhausted = self._grow() or exhausted
            full = self.length == self.height
            # In a space that ended, other copies of its eigenvalues cannot be seen: the basis is filled up first.
            if (full or not exhausted) and self._ended():
                return
            if full:
                self._cut()
                exhausted = False

    def found(self) -> np.ndarray:
        """Give the vectors of the eigenvalues sought."""
        mixes = np.linalg.eigh(self.seen[: self.length, : self.length])[1][:, self._chosen(self.length)]
        vectors = mixes.T.astype(self.basis.dtype) @ self.basis[: self.length]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _chosen(self, length: int) -> list[int]:
        """Number the eigenvalues sought among those of the small matrix, which rise."""
        high, low = self.sought
        return [*range(length - 1, length - 1 - high, -1), *range(low - 1, -1, -1)]

    def _grow(self) -> bool:
        """Take one more product and add the vector that comes next; tell whether nothing was left for it."""
        k, basis = self.length, self.basis
        rest = np.array(self.product(basis[k]), dtype=basis.dtype)
        self.taken += 1
        self.scale = max(self.scale, float(np.linalg.norm(rest)))
        # What the recurrence tells is taken away first; then what is left of it by rounding, from all vectors.
        within = np.append(self.beside, basis[k] @ rest)
        known, parts = np.flatnonzero(within), np.zeros(k + 1)
        for columns, some in self._blocks(rest):
            some -= within[known].astype(basis.dtype) @ columns[known]
            parts += columns[: k + 1] @ some
        for columns, some in self._blocks(rest):
            some -= parts.astype(basis.dtype) @ columns[: k + 1]
        within += parts
        self.seen[k, : k + 1] = self.seen[: k + 1, k] = within
        self.length, self.rest = k + 1, float(np.linalg.norm(rest))
        ended = self.rest <= float(np.sqrt(self.size)) * self.rounding * self.scale
        if ended:
            self.rest = 0.0
            rest = self._another()
        if self.length < self.size:
            np.divide(rest, np.linalg.norm(rest), out=basis[k + 1])
        self.beside = np.append(np.zeros(k), self.rest)
        return ended

    def _blocks(self, vector: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Go through the basis and a vector, some numbers of each at a time, so that they stay in the cache."""
        for first in range(0, self.size, BLOCK):
            yield self.basis[:, first : first + BLOCK], vector[first : first + BLOCK]

    def _another(self) -> np.ndarray:
        """Draw a vector at right angles to the basis."""
        drawn = self.random.standard_normal(self.size).astype(self.basis.dtype)
        for _ in range(2):
            drawn -= (self.basis[: self.length] @ drawn) @ self.basis[: self.length]
        return drawn

    def _ended(self) -> bool:
        """Tell whether all that is sought is known well enough, or no more can be had."""
        if self.length == self.size or self.taken >= PRODUCTS:
            return True
        if self.length <= sum(self.sought):
            return False
        values, mixes = np.linalg.eigh(self.seen[: self.length, : self.length])
        chosen = self._chosen(self.length)
        sizes = np.maximum(np.abs(values[chosen]), NEAR * np.abs(values).max())
        enough = np.maximum(self.tol * sizes, self.rounding * self.scale)
        return bool((self.rest * np.abs(mixes[-1, chosen]) <= enough).all())

    def _cut(self) -> None:
        """Keep the best vectors at the ends sought, and with them the one that comes next."""
        values, mixes = np.linalg.eigh(self.seen[: self.height, : self.height])
        # Neighbours of what is sought are kept too, so that they need not be found again.
        spare = (self.height - sum(self.sought)) // 2
        shares = [spare * part // sum(self.sought) for part in self.sought]
        high, low = (part + share for part, share in zip(self.sought, shares, strict=True))
        kept = [*range(self.height - 1, self.height - 1 - high, -1), *range(low)]
        mix = mixes[:, kept].T.astype(self.basis.dtype)
        for first in range(0, self.size, BLOCK):
            columns = self.basis[:, first : first + BLOCK]
            columns[: len(kept)] = mix @ columns[: self.height]
        self.basis[len(kept)] = self.basis[self.height]
        self.seen[:] = 0
        self.seen[range(len(kept)), range(len(kept))] = values[kept]
        self.length, self.beside = len(kept), self.rest * mixes[-1, kept]
