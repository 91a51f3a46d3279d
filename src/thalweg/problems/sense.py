"""Whether a fit makes sense: enough rows, enough places, and a model that is finite and depends on every parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from thalweg.base import hints
from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.base.precision import computing
from thalweg.problems.axis import Axis
from thalweg.problems.model import Curve
from thalweg.problems.proposal import sampled

POINTS = 128
"""Places of the parameters at which the model is looked at."""

ROWS = 1000
"""Rows whose places are counted first: most often they are enough."""

NAMED = 8
"""Columns and parameters that are named, at most."""

ROUND = 1e-3
"""A model that comes back on a circle differs at its two ends by less than this share of its changes."""

LARGEST = 1e150
"""Above it, and below one divided by it, squares are no numbers."""


def check_size(name: str, values: np.ndarray) -> None:
    """Refuse a column whose squares are beyond all numbers.

    Raises
    ------
    InvalidData
        If its largest value is above :data:`LARGEST`, or all are below one divided by it and not 0.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest > LARGEST or 0 < largest < 1 / LARGEST:
        raise InvalidData(
            f"column {name!r} reaches {largest:g}, whose square no number of 64 bits holds; give it in other units"
        )


def check_rows(curve: Curve, table: Mapping[str, np.ndarray], y: str, others: Sequence[str] = ()) -> None:
    """Refuse data that cannot tell as many parameters as there are; ``others`` are the columns that are for the model.

    Raises
    ------
    InvalidData
        If there are fewer rows than parameters, or fewer different places.
    """
    count, rows = len(curve.parameters), len(table[y])
    if rows < count or not rows:
        raise InvalidData(
            f"{rows} row{'s' * (rows != 1)} for {count} parameter{'s' * (count > 1)}; give as many rows at least"
        )
    inputs = [table[name] for name in curve.inputs]
    if inputs and count <= max(len(np.unique(column[:ROWS])) for column in inputs):
        return
    places = len(np.unique(np.stack(inputs), axis=1).T) if inputs else 1
    if places >= count:
        return
    if places == 1 and len(inputs) == 1:
        told = f"all {rows} values of {curve.inputs[0]!r} are {inputs[0][0]:g}"
    elif not inputs:
        named = f", such as {', '.join(others[:NAMED])}" if others else ""
        taken = ", ".join(curve.parameters[:NAMED])
        raise InvalidData(
            f"the model has no column in it, which cannot tell {count} parameters ({taken}); write the name of a "
            f"column{named}"
        )
    else:
        of = " and ".join(map(repr, curve.inputs))
        told = f"{of} {'has' if len(inputs) == 1 else 'have'} {places} different value{'s' * (places > 1)}"
    raise InvalidData(f"{told}, which cannot tell {count} parameters; give data at as many places at least")


def idle(curve: Curve, table: Mapping[str, np.ndarray], axes: Sequence[Axis]) -> list[str]:
    """List the parameters that change nothing anywhere in their ranges, and refuse a model that is finite nowhere.

    Raises
    ------
    InvalidValue
        If at many places within the ranges the model is finite on all rows nowhere.
    """
    inputs = [column[sampled(curve, table)] for column in (table[name] for name in curve.inputs)]
    places = _places(axes)
    values = _heights(curve, inputs, places)
    if not np.isfinite(values).all(axis=2).any():
        raise InvalidValue(
            "the model is finite on all rows nowhere in the ranges of its parameters; mend it, such as a logarithm of "
            "what is not above 0, or give other ranges"
        )
    here, there = values[:, :1], values[:, 1:]
    same = (here == there) | ~np.isfinite(here) | ~np.isfinite(there)
    return [axis.name for k, axis in enumerate(axes) if same[:, k].all()]


def check_circles(curve: Curve, table: Mapping[str, np.ndarray], axes: Sequence[Axis]) -> None:
    """Refuse a circle round which the model does not come back to where it was, as one of degrees in a sine.

    Raises
    ------
    InvalidValue
        If the model differs at the two ends of a periodic range.
    """
    circles = [k for k, axis in enumerate(axes) if axis.periodic]
    if not circles:
        return
    inputs = [column[sampled(curve, table)] for column in (table[name] for name in curve.inputs)]
    middle = _places(axes)[:, 0]
    for k in circles:
        axis = axes[k]
        ends = np.repeat(middle[:, None], 3, axis=1)
        ends[:, 0, k], ends[:, 1, k] = axis.low, axis.high
        low, high, between = np.moveaxis(_heights(curve, inputs, ends), 1, 0)
        finite = np.isfinite([low, high, between]).all(axis=(0, 2))
        change = np.abs(between - low)[finite].max(initial=0.0)
        if np.abs(high - low)[finite].max(initial=0.0) > ROUND * change:
            raise InvalidValue(
                f"range of {axis.name}: the model is not the same at {axis.low:g} and at {axis.high:g}, the two ends "
                "of the circle; sines take radians, 0:2pi:periodic is one turn"
            )


def _heights(curve: Curve, inputs: Sequence[np.ndarray], places: np.ndarray) -> np.ndarray:
    """Evaluate the curve on rows at places: (…, param) to (…, row)."""

    def heights(at: Any) -> Array:
        return hints.zeros(max((len(column) for column in inputs), default=1)) + curve.curve(list(at), *inputs)

    with computing(64):
        values = np.asarray(hints.jit(jax.vmap(heights))(places.reshape(-1, places.shape[-1])))
    return values.reshape(*places.shape[:-1], -1)


def _places(axes: Sequence[Axis]) -> np.ndarray:
    """Draw places within ranges, and beside each one that differs in one parameter: (place, 1 + param, param)."""
    units = np.random.default_rng(0).random((2, POINTS, len(axes)))
    places = np.empty_like(units)
    for k, axis in enumerate(axes):
        ratio = axis.high / axis.low if axis.log else 1.0
        places[..., k] = axis.low * ratio ** units[..., k] if axis.log else axis.low + axis.length * units[..., k]
    moved = np.repeat(places[0][:, None], 1 + len(axes), axis=1)
    for k in range(len(axes)):
        moved[:, 1 + k, k] = places[1, :, k]
    return moved
