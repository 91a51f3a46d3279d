"""The measured values of a fit, in the units of its residuals, and how much they scatter."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from thalweg.fitting.sums import Task
from thalweg.fitting.terms import pulls, residuals
from thalweg.losses.objective import Objective
from thalweg.problems.model import Curve
from thalweg.problems.problem import Problem, Regression

NORMAL = 1.482602218505602
"""Standard deviation of normal numbers, in units of the median of their sizes."""

Measured = tuple[Float[np.ndarray, " row"], Float[np.ndarray, " row"]]
"""Values, and what their residuals are multiplied with."""


def column_of(problem: Problem) -> int | None:
    """Number the column of measured values; None where the problem does not name it."""
    assert isinstance(problem, Regression)
    if isinstance(problem.residual, Curve):
        return len(problem.residual.inputs)
    return list(problem.train).index("y") if problem.distance == "vertical" else None


def measured(objective: Objective, task: Task, position: Float[np.ndarray, " param"]) -> Measured | None:
    """Find the measured values and the weights of their residuals; None where the problem does not name them."""
    y = column_of(objective.problem)
    return None if y is None else (objective.train[y], pulls(task, objective.train, position, y))


def spread(objective: Objective, task: Task) -> float:
    """Tell how far residuals scatter that are nothing but the data, whatever a few of them are.

    Where the problem does not name what is measured it is told from the residuals at its usual start. 0 for nothing.
    """
    start = np.array(objective.problem.start, float)
    data = measured(objective, task, start)
    values = residuals(task, objective.train, start[None])[0] if data is None else data[0] * data[1]
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0
    typical = NORMAL * float(np.median(np.abs(values - np.median(values))))
    return typical if typical > 0 else float(np.std(values))
