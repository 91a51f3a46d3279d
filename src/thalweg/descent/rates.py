"""A learning rate found from the surface, for whoever has no better one.

A rate that suits one surface may be useless on the next: the same file with another column diverges. What is alike
everywhere is how far a good step goes: some hundredths of the region that matters. So the rate is that with which a
step along the median slope of the surface crosses ``CROSSED`` of its axes or, where steps do not depend on the slope,
as those of Adam and Lion, with which every step does a smaller share, ``NORMALISED``. How an optimiser's steps depend
on the slope is not looked up but tried: by many updates with one constant gradient, and with one ten times as large.

**What it cannot do.** On a parabola whose axes have been made alike (``scaled``) this is about a seventh of the
reciprocal of the curvature, well inside what is stable. On a surface whose slopes differ by many powers of ten, no one
rate is good; the median then is too large near the steepest places, and such a run diverges and is told as diverged.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from thalweg.base import hints
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.descent import starts
from thalweg.descent.grid import slopes
from thalweg.descent.optimizer import Optimizer, recipe_of
from thalweg.losses.objective import Objective

AUTO = "auto"
"""What stands for a learning rate that is to be found."""

RATE = "learning_rate"

CROSSED = 0.05
"""Share of the axes that a step along the median slope crosses."""

NORMALISED = 0.01
"""Share of the axes that a step crosses which does not depend on the slope."""

PLACES = 256
"""Places at which slopes are taken."""

UPDATES = 200
"""Updates with one constant gradient; after so many a momentum of 0.95 has all but reached its speed."""


def find_rate(objective: Objective, optimizer: Optimizer, scales: tuple[float, ...] | None = None) -> float:
    """Find a learning rate for an objective, to two digits.

    Parameters
    ----------
    objective : to be descended
    optimizer : without a rate, or with one that does not count
    scales : units in which it steps, or None

    Raises
    ------
    InvalidValue
        If the surface has no slope, or the optimiser's steps depend on it in another way than those of gradient
        descent or of a normalising one.
    """
    lengths = objective.problem.domain.lengths
    units = np.ones_like(lengths) if scales is None else np.asarray(scales)
    one, ten = (_speed(optimizer, len(lengths), size) for size in (1.0, 10.0))
    if not (np.isfinite([one, ten]).all() and one > 0):
        raise InvalidValue(f"{RATE} = {AUTO!r}: a step of {optimizer} cannot be measured; give a number")
    power = np.log10(ten / one)
    if abs(power) < 0.1:
        return _round(NORMALISED * float((lengths / units).min()) / one)
    if abs(power - 1) > 0.1:
        raise InvalidValue(
            f"{RATE} = {AUTO!r}: the steps of {optimizer} go with the slope to the power of {power:.2g}, "
            "and a rate is found for 1 or 0; give a number"
        )
    places = starts.uniform(objective.problem, PLACES)
    steep = np.abs(slopes(objective.example, objective.train, places) * units**2 / lengths).max(axis=1)
    steep = steep[np.isfinite(steep)]
    middle = float(np.median(steep)) if steep.size else 0.0
    if not middle > 0:
        raise InvalidValue(
            f"{RATE} = {AUTO!r}: {objective.problem.name} has no slope at most places of its domain; give a number"
        )
    return _round(CROSSED / (middle * one))


def _speed(optimizer: Optimizer, parameters: int, slope: float) -> float:
    """Measure the step that an optimiser has come to after many updates with one gradient, at a rate of 1."""
    recipe, _ = recipe_of(optimizer.replace(**{RATE: 1.0}))
    made = recipe.build({})

    def steps(point: Any) -> Any:
        def step(state: Any, _: None) -> tuple[Any, Any]:
            moved, state = made.update(gradient, state, point)
            return state, moved

        gradient = hints.full_like(point, slope)
        return jax.lax.scan(step, made.init(point), None, length=UPDATES)[1][-1]

    with computing(64):
        return float(np.abs(np.asarray(hints.jit(steps)(np.zeros(parameters)))).max())


def _round(rate: float) -> float:
    return float(f"{rate:.2g}")
