"""Curves of a fitted model, drawn at places that follow them closely.

Places begin as the data's own and an even grid, which together hit no oscillation at one phase; where the curve bends
between two of them another is put in, again and again. An even grid alone would alias a fast oscillation to a slow one,
the one mistake that a picture of a fit must not make: two valleys of a frequency may differ by nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from thalweg.base.compiling import compiled
from thalweg.base.precision import computing
from thalweg.problems.model import Curve

GRID = 1024
"""Places of the even grid."""

KEPT = 1024
"""Of the data's own places those that are taken at most."""

MOST = 8192
"""Places at most; a page of 1,400 pixels shows no more."""

ROUNDS = 6

CLOSE = 2e-3
"""A chord may miss the curve by so much of the picture's height."""

BATCH = 2048
"""Places that are computed at once, always as many, so that one program does for all."""


class Frame(NamedTuple):
    """Where curves are drawn.

    Attributes
    ----------
    ends : of the axis across
    view : the lowest and the highest height that are shown
    log : whether places are spread in the logarithm
    most : places at most
    """

    ends: tuple[float, float]
    view: tuple[float, float]
    log: bool = False
    most: int = MOST


@compiled("curve")
def _heights(curve: Curve, params: Any, inputs: Any, more: Any) -> Any:
    one = jax.vmap(lambda position, values, own: curve.curve(position, *values, *own), in_axes=(None, 0, None))
    return jax.vmap(one, in_axes=(0, None, 0))(params, inputs, more)


def heights(
    curve: Curve, params: np.ndarray, inputs: Sequence[np.ndarray], own: np.ndarray | None = None
) -> np.ndarray:
    """Compute (curve, place), the heights of a model for parameters, (curve, param), at inputs, (place,) each.

    Inputs that follow those, the same at all places of a curve, are ``own``, (curve, input).
    """
    columns = np.stack([np.asarray(column, dtype=np.float64) for column in inputs], axis=-1)
    size = min(BATCH, max(len(columns), 1))
    filled = np.concatenate([columns, np.repeat(columns[-1:], -len(columns) % size, axis=0)])
    params = np.asarray(params, dtype=np.float64)
    own = np.empty((len(params), 0)) if own is None else own
    with computing(64):
        batches = filled.reshape(-1, size, columns.shape[1])
        parts = [np.asarray(_heights(curve, params, batch, own)) for batch in batches]
    return np.concatenate(parts, axis=1)[:, : len(columns)].astype(np.float64)


def traced(curve: Curve, params: np.ndarray, data: np.ndarray, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Choose places at which curves of one input are drawn, and compute their heights there.

    Parameters
    ----------
    curve : the model
    params : (curve, param)
    data : (row,), the places of the data

    Returns
    -------
    tuple
        (place,), rising, and (curve, group, place); what has no groups is one.
    """
    groups = max(len(curve.groups), 1)
    own = np.tile(np.arange(float(groups)), len(params))[:, None] if curve.groups else None
    every = np.repeat(params, groups, axis=0)
    x = _first(data, frame)
    y = heights(curve, every, [x], own)
    for _ in range(ROUNDS):
        middle = np.sqrt(x[1:] * x[:-1]) if frame.log else (x[1:] + x[:-1]) / 2
        between = heights(curve, every, [middle], own)
        missed = _missed(y, between, frame.view)
        chosen = np.argsort(-missed, kind="stable")[: max(frame.most - len(x), 0)]
        chosen = chosen[(missed > CLOSE)[chosen] & (middle > x[:-1])[chosen] & (middle < x[1:])[chosen]]
        if not chosen.size:
            break
        x, order = np.unique(np.concatenate([x, middle[chosen]]), return_index=True)
        y = np.concatenate([y, between[:, chosen]], axis=1)[:, order]
    return x, y.reshape(len(params), groups, len(x))


def joined(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Join the curves of groups, (curve, group, place), to one line with gaps: (place,) and (curve, place)."""
    if y.shape[1] == 1:
        return x, y[:, 0]
    gaps = np.full((*y.shape[:2], 1), np.nan)
    return np.tile(np.append(x, np.nan), y.shape[1]), np.concatenate([y, gaps], axis=2).reshape(len(y), -1)


def _first(data: np.ndarray, frame: Frame) -> np.ndarray:
    """Choose the places to begin with: an even grid and the data's own."""
    low, high = frame.ends
    even = np.geomspace(low, high, GRID) if frame.log else np.linspace(low, high, GRID)
    own = np.unique(data[(data >= low) & (data <= high)])
    own = own[np.unique(np.linspace(0, len(own) - 1, min(len(own), KEPT)).round().astype(int))]
    return np.unique(np.concatenate([even, own]))


def _missed(y: np.ndarray, between: np.ndarray, view: tuple[float, float]) -> np.ndarray:
    """Tell (gap,) by how much of the picture's height chords miss curves; beyond its edges nothing is missed."""
    low, high = view
    size = high - low
    y, between = (np.clip(part, low - size, high + size) for part in (y, between))
    missed = np.abs(between - (y[:, 1:] + y[:, :-1]) / 2) / size
    return np.nan_to_num(missed, nan=0.0).max(axis=0)
