"""Principal directions of a trajectory that need not fit into memory.

They are the leading right singular vectors of a matrix with a row a step and a column a parameter: 10,000 steps of a
million parameters are 80 GB. It is never in memory as a whole; blocks of rows are read from the store, used and
dropped. What is left is how to get singular vectors from that, and there are two ways.

With few rows all products of two rows are written down (the Gram matrix, row by row). Its eigenvectors say how to mix
rows into directions. It is summed over slabs of columns, of all rows at once, so the trajectory is read twice, once for
the products and once for the mixing. With more rows Lanczos' method is applied to the scatter matrix ``Xᵀ X``, of which
a product is one pass over the trajectory, some dozens in all. With few parameters the scatter matrix itself is written
down.

In which precision. Rows in 32 bits are multiplied in 32 bits, a few thousand columns at a time, and these products are
summed in 64: that takes the time of a plain product in 32 bits and is nearer the truth than one over millions of
columns (``benchmarks/principal.py``). A direction whose singular value is below a hundredth of the largest is a small
difference of large rows; where one is asked for, all is computed in 64 bits.

What it costs: both ways square the singular values, so those below ``1e-8`` of the largest are lost in rounding. For a
picture along the largest two this does not matter, but it is why directions are counted against a bound of rounding and
refused beyond it. A decomposition of the matrix itself would need it in memory; a randomised one (Halko, Martinsson and
Tropp 2011, doi:10.1137/090771806) takes fewer passes, but its error depends on a gap behind the last direction that
trajectories do not have: the singular values of a random walk fall off only as 1/k.

What would break it: rows that change between two passes. A recording that is still written may be given, for only rows
that have a step number are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator, eigsh

from thalweg.base.errors import InvalidValue
from thalweg.geometry.directions import DISTANCE, counted, orthonormalise, signed
from thalweg.geometry.network import Flat, Network
from thalweg.geometry.plane import Plane
from thalweg.geometry.statistics import Columns, along

Block = Float[np.ndarray, "row param"]

Blocks = Callable[[], Iterator[tuple[slice, Block]]]
"""Goes through a trajectory."""

MEMORY = 2**26
"""Bytes of a block of a trajectory, in 64 bits; three or four are in memory at once."""

FEW, SLAB = 4096, 2**14
"""Rows whose products with each other are written down; beyond them, or where a slab of all rows that fits into memory
would have fewer columns than so many, products are only applied, some dozens of times."""

CACHED = 2**13
"""Columns that are multiplied at a time: a core's cache holds some tens of rows of them."""

FINE = 1e-4
"""Share of the largest squared singular value below which rows are multiplied in 64 bits."""


@runtime_checkable
class Rows(Protocol):
    """Points of a trajectory, (row, param): an array, or one that is read when it is cut."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    def __getitem__(self, span: Any, /) -> ArrayLike: ...


class Stacked:
    """Points of several trajectories one behind the other; they are read when they are cut."""

    def __init__(self, parts: Sequence[Rows]):
        self.parts, self.ends = parts, np.cumsum([part.shape[0] for part in parts]).tolist()
        self.shape = (self.ends[-1], parts[0].shape[1])

    def __getitem__(self, at: slice | tuple[slice, slice], /) -> np.ndarray:
        """Read some rows, or some columns of them."""
        rows, columns = at if isinstance(at, tuple) else (at, slice(None))
        first, last, _ = rows.indices(self.shape[0])
        found = [np.empty((0, len(range(*columns.indices(self.shape[1])))), np.float32)]
        for part, end in zip(self.parts, self.ends, strict=True):
            begin = end - part.shape[0]
            within = slice(max(first, begin) - begin, max(min(last, end) - begin, 0))
            if within.start < within.stop:
                found.append(np.asarray(part[within, columns]))
        return np.concatenate(found)


def principal(network: Network, rows: Rows, *, count: int = 2, at: ArrayLike | None = None) -> Plane:
    """Find the directions that hold most of the squared distance of a trajectory's points from its end.

    These are the leading right singular vectors of the matrix with rows ``θ_i - θ_n``; the mean is not taken away.

    Parameters
    ----------
    network : whose parameters they are
    rows : (row, param), the trajectory; it is read block by block, twice or more
    count : how many; a slice takes 1 or 2
    at : (param,), another origin than the end, from which displacements are measured, too

    Raises
    ------
    InvalidValue
        If points are of another network or not finite, or span fewer directions than are asked for.
    """
    counted(network, count, None)
    rows, trained = check_rows(network, rows), network.trained
    origin = network.point(np.asarray(rows[-1:])[0]) if at is None else network.point(at)
    parameters = rows if trained == len(origin) else Columns(rows, trained)
    squares, vectors, total = _decomposed(parameters, origin[:trained], count)
    spanned = int((squares > _lost(rows.shape[0], squares[0])).sum()) if total else 0
    if spanned < count:
        raise InvalidValue(
            f"the {rows.shape[0]} points of the recording span {spanned} direction{'s' * (spanned != 1)} from the "
            f"origin and count = {count} were asked for; give a longer recording or fewer directions"
        )
    shares = (squares / total).tolist()
    # No share is rounded to the whole.
    percent = [100.0 if share == 1 else min(100 * share, 99.9) for share in shares]
    names = tuple(f"principal direction {i} ({part:.3g} %)" for i, part in enumerate(percent, start=1))
    facts = {"kind": "principal", "shares": shares, "rows": rows.shape[0]}
    if trained < len(origin):
        moved = along((block for _, block in displacements(rows, origin)), vectors, trained)
        vectors = np.concatenate([vectors, moved.astype(vectors.dtype)], axis=1)
    return Plane(origin, vectors, names, (DISTANCE,) * count, facts)


def check_rows(network: Network, rows: Rows) -> Rows:
    """Refuse points that are not of a network; statistics that it holds where they are, are cut off."""
    shape = tuple(rows.shape)
    if network.spare and len(shape) == 2 and shape[1] == network.position.size + network.spare:
        return Columns(rows, network.position.size)
    if len(shape) != 2 or not shape[0] or shape[1] != network.position.size:
        raise InvalidValue(
            f"recorded parameters of shape {shape} are not of this network; give (step, {network.position.size})"
        )
    return rows


def displacements(rows: Rows, origin: Flat) -> Iterator[tuple[slice, Block]]:
    """Go through a trajectory's points, less the origin, a bounded number at a time; each must be finite."""
    count, size = rows.shape
    height = max(1, MEMORY // (8 * size))
    for first in range(0, count, height):
        span = slice(first, min(first + height, count))
        block = np.array(rows[span], dtype=np.float64)
        good = np.isfinite(block).all(axis=1)
        if not good.all():
            raise InvalidValue(
                f"recorded parameters in row {first + int(np.argmin(good))} hold numbers that are not finite; "
                "cut the recording before"
            )
        block -= origin
        yield span, block
        del block  # before the next is read


def _decomposed(rows: Rows, origin: Flat, count: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Find the leading squared singular values, their vectors (axis, param), and the sum of all squares."""
    height, size = rows.shape
    wide = 2 * MEMORY // (8 * height)
    if height <= FEW and wide >= min(size, SLAB):
        squares, vectors, total = _by_gram(rows, origin, count, wide)
    else:
        blocks = _read(rows, origin)
        total = float(sum(np.sum(block**2) for _, block in blocks()))
        if not total:
            return np.zeros(count), np.zeros((count, size)), total
        squares, vectors = _by_products(blocks, size, count)
    return squares, signed(np.array(vectors, origin.dtype)), total


def _read(rows: Rows, origin: Flat) -> Blocks:
    """Keep displacements that fit into one block; read others anew every time."""
    if 8 * rows.shape[0] * rows.shape[1] > MEMORY:
        return lambda: displacements(rows, origin)
    kept = list(displacements(rows, origin))
    return lambda: iter(kept)


def _by_gram(rows: Rows, origin: Flat, count: int, wide: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Find them from the products of all rows with each other."""
    height, size = rows.shape
    kind = np.result_type(np.asarray(rows[:1]), origin)
    spanned = min(count, height)
    values, mixes, total = _gram(rows, origin, wide, kind)
    if kind == np.float32 and total and not values[spanned - 1] > FINE * values[0]:
        kind = np.dtype(np.float64)
        values, mixes, total = _gram(rows, origin, wide, kind)
    vectors = np.zeros((count, size), origin.dtype)
    if total:
        mix = mixes[:, :spanned].T.astype(kind)
        for span, block in _slabs(rows, origin, wide, kind):
            vectors[:spanned, span] = mix @ block
        # Beyond what rounding leaves of the rows there is nothing that a direction could be made of.
        orthonormalise(vectors[: int((values[:spanned] > _lost(height, values[0])).sum())])
    return np.pad(np.maximum(values[:spanned], 0), (0, count - spanned)), vectors, total


def _gram(rows: Rows, origin: Flat, wide: int, kind: np.dtype) -> tuple[np.ndarray, np.ndarray, float]:
    """Decompose the products of all rows: values, largest first, mixes of rows, and the sum of all squares."""
    gram = np.zeros((rows.shape[0], rows.shape[0]))
    # What is too large for 32 bits is found below.
    with np.errstate(over="ignore", invalid="ignore"):
        for _, block in _slabs(rows, origin, wide, kind):
            gram += block @ block.T
    if not np.isfinite(gram).all():
        for _ in displacements(rows, origin):  # refuses what is not finite
            pass
        if kind == np.float32:
            return _gram(rows, origin, wide, np.dtype(np.float64))
    values, mixes = np.linalg.eigh(gram)
    return values[::-1], mixes[:, ::-1], float(np.trace(gram))


def _slabs(rows: Rows, origin: Flat, wide: int, kind: np.dtype) -> Iterator[tuple[slice, Block]]:
    """Go through a trajectory's points, less the origin, some columns of all rows at a time."""
    size = rows.shape[1]
    for first in range(0, size, wide):
        slab, start = np.asarray(rows[:, first : first + wide]), origin[first : first + wide]
        for within in range(0, slab.shape[1], CACHED):
            span = slice(within, min(within + CACHED, slab.shape[1]))
            block = slab[:, span].astype(kind, copy=False) - start[span].astype(kind, copy=False)
            yield slice(first + span.start, first + span.stop), block


def _lost(height: int, largest: float) -> float:
    """Tell what of a squared singular value is rounding: of the largest, for each row that it is gathered from."""
    return 8 * height * float(np.finfo(np.float64).eps) * largest


def _by_products(blocks: Blocks, size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find them by Lanczos' method, or whole where there are few parameters."""

    def scatter(vectors: np.ndarray) -> np.ndarray:
        return np.asarray(sum(block.T @ (block @ vectors) for _, block in blocks()))

    # Lanczos' method needs room beside what it finds.
    if size <= max(64, 4 * count):
        values, vectors = np.linalg.eigh(scatter(np.eye(size)))
    else:
        operator = LinearOperator((size, size), matvec=scatter, dtype=np.float64)  # pyright: ignore[reportCallIssue]
        start = np.random.default_rng(0).standard_normal(size)
        values, vectors = eigsh(operator, k=count, which="LA", v0=start)
    best = np.argsort(values)[::-1][:count]
    return np.maximum(values[best], 0), vectors[:, best].T
