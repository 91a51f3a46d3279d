"""The part of a straight line, or of a path, that lies inside a box, and the cells of a grid."""

from __future__ import annotations

import numpy as np


def span(origin: np.ndarray, direction: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where ``origin + t direction`` enters a box and leaves it again (Liang and Barsky).

    Parameters
    ----------
    origin, direction : (line, axis)
    low, high : (axis,), the corners of the box

    Returns
    -------
    tuple
        The two values of t, (line,); NaN where the line misses the box.

    References
    ----------
    Y.-D. Liang and B. A. Barsky, "A new concept and method for line clipping", 1984, doi:10.1145/357332.357333.
    """
    with np.errstate(all="ignore"):
        first, second = (low - origin) / direction, (high - origin) / direction
    # Along an axis on which a line does not move it is inside everywhere or nowhere.
    inside = (direction == 0) & (low <= origin) & (origin <= high)
    enter = np.where(inside, -np.inf, np.minimum(first, second)).max(axis=-1)
    leave = np.where(inside, np.inf, np.maximum(first, second)).min(axis=-1)
    met = enter <= leave
    return np.where(met, enter, np.nan), np.where(met, leave, np.nan)


def lines_inside(slopes: np.ndarray, intercepts: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Cut ``y = slope x + intercept`` to a box; (line, end, axis), NaN where a line misses it.

    A line starts at its point nearest to the middle of the box and runs by arc length, so that a nearly vertical
    one is as exact as a flat one.
    """
    middle = (low + high) / 2
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.hypot(1.0, slopes)
        direction = np.stack([1 / length, slopes / length], axis=-1)
        distance = (slopes * middle[0] + intercepts - middle[1]) / length
        origin = middle + distance[:, None] * np.stack([-direction[:, 1], direction[:, 0]], axis=-1)
    ends = np.stack(span(origin, direction, low, high), axis=-1)
    return np.clip(origin[:, None] + ends[..., None] * direction[:, None], low, high)


def cell_edges(places: np.ndarray) -> np.ndarray:
    """Find the edges of the cells around places; the outer ones end with their places."""
    return np.concatenate([places[:1], (places[:-1] + places[1:]) / 2, places[-1:]])


def pieces_inside(pieces: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Cut straight pieces, (piece, end, axis), to a box; NaN where a piece misses it."""
    # A diverging run may end so far outside that its last pieces overflow; they miss the box.
    with np.errstate(over="ignore", invalid="ignore"):
        start, move = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
        enter, leave = span(start, move, low, high)
        ends = np.stack([np.maximum(enter, 0), np.minimum(leave, 1)], axis=-1)
        ends[ends[:, 0] > ends[:, 1]] = np.nan
        return np.clip(start[:, None] + ends[..., None] * move[:, None], low, high)


def joined(pieces: np.ndarray) -> list[np.ndarray]:
    """Join pieces of a path, (piece, 2, 2), to lines, (point, 2): a dash then runs on over many short pieces."""
    if not len(pieces):
        return []
    apart = np.flatnonzero((pieces[:-1, 1] != pieces[1:, 0]).any(axis=-1)) + 1
    return [np.vstack([part[:1, 0], part[:, 1]]) for part in np.split(pieces, apart)]
