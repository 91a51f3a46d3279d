"""An optimiser that steps in units of its own, so that parameters of unlike size are alike to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import optax

from thalweg.base import hints


def scaled(
    optimizer: optax.GradientTransformationExtraArgs, scales: Sequence[float]
) -> optax.GradientTransformationExtraArgs:
    """Let an optimiser see parameters in units of ``scales``, and its steps be taken in the parameters' own.

    In these units a parameter is ``u = p / s``, so its gradient is ``s`` times as large, and a step of ``u`` is one of
    ``s u``: gradient descent takes ``s²`` times the step, an optimiser that normalises, as Adam does, ``s`` times.
    A decay of the weights decays ``u``.

    Parameters
    ----------
    optimizer : that sees the scaled parameters and gradients
    scales : (param,), how large a unit of each parameter is, above 0
    """

    def to_units(tree: Any) -> Any:
        return tree / hints.asarray(scales, tree.dtype)

    def from_units(tree: Any) -> Any:
        return tree * hints.asarray(scales, tree.dtype)

    def init(params: Any) -> Any:
        return optimizer.init(to_units(params))

    def update(updates: Any, state: Any, params: Any = None, **more: Any) -> tuple[Any, Any]:
        if "grad" in more:
            more["grad"] = from_units(more["grad"])
        if "value_fn" in more:  # a search along a line tries parameters that it knows in units
            more["value_fn"] = partial(_in_units, more["value_fn"], from_units)
        moved, state = optimizer.update(
            from_units(updates), state, None if params is None else to_units(params), **more
        )
        return from_units(moved), state

    return optax.GradientTransformationExtraArgs(init, update)


def _in_units(value: Callable[[Any], Any], from_units: Callable[[Any], Any], units: Any) -> Any:
    return value(from_units(units))
