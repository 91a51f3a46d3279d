"""Curves of a fitted model, drawn at places that follow them closely.

Places begin as the data's own and an even grid, which together hit no oscillation at one phase; where the curve bends
between two of them another is put in, again and again. An even grid alone would alias a fast oscillation to a slow one,
the one mistake that a picture of a fit must not make: two valleys of a frequency may differ by nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


@compiled("curve")
def _heights(curve: Curve, params: Any, inputs: Any) -> Any:
    one = jax.vmap(lambda position, values: curve.curve(position, *values), in_axes=(None, 0))
    return jax.vmap(one, in_axes=(0, None))(params, inputs)


def heights(curve: Curve, params: np.ndarray, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Compute (curve, place), the heights of a model for parameters, (curve, param), at inputs, (place,) each."""
    columns = np.stack([np.asarray(column, dtype=np.float64) for column in inputs], axis=-1)
    size = min(BATCH, max(len(columns), 1))
    filled = np.concatenate([columns, np.repeat(columns[-1:], -len(columns) % size, axis=0)])
    with computing(64):
        parts = [
            np.asarray(_heights(curve, np.asarray(params, np.float64), part))
            for part in filled.reshape(-1, size, columns.shape[1])
        ]
    return np.concatenate(parts, axis=1)[:, : len(columns)].astype(np.float64)


def traced(
    curve: Curve, params: np.ndarray, data: np.ndarray, ends: tuple[float, float], view: tuple[float, float], log: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Choose places between two ends at which curves of one input are drawn, and compute their heights there.

    Parameters
    ----------
    curve : the model
    params : (curve, param)
    data : (row,), the places of the data
    ends : of the axis
    view : the lowest and the highest height that are shown
    log : whether places are spread in the logarithm

    Returns
    -------
    tuple
        (place,), rising, and (curve, place)
    """
    low, high = ends
    even = np.geomspace(low, high, GRID) if log else np.linspace(low, high, GRID)
    own = np.unique(data[(data >= low) & (data <= high)])
    own = own[np.unique(np.linspace(0, len(own) - 1, min(len(own), KEPT)).round().astype(int))]
    x = np.unique(np.concatenate([even, own]))
    y = heights(curve, params, [x])
    for _ in range(ROUNDS):
        middle = np.sqrt(x[1:] * x[:-1]) if log else (x[1:] + x[:-1]) / 2
        between = heights(curve, params, [middle])
        missed = _missed(y, between, view)
        chosen = np.argsort(-missed, kind="stable")[: MOST - len(x)]
        chosen = chosen[(missed > CLOSE)[chosen] & (middle > x[:-1])[chosen] & (middle < x[1:])[chosen]]
        if not chosen.size:
            break
        x, order = np.unique(np.concatenate([x, middle[chosen]]), return_index=True)
        y = np.concatenate([y, between[:, chosen]], axis=1)[:, order]
    return x, y


def _missed(y: np.ndarray, between: np.ndarray, view: tuple[float, float]) -> np.ndarray:
    """Tell (gap,) by how much of the picture's height chords miss curves; beyond its edges nothing is missed."""
    low, high = view
    size = high - low
    y, between = (np.clip(part, low - size, high + size) for part in (y, between))
    missed = np.abs(between - (y[:, 1:] + y[:, :-1]) / 2) / size
    return np.nan_to_num(missed, nan=0.0).max(axis=0)
