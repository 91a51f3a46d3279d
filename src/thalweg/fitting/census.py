"""The way down from starts of a fit, in the units and the order of its parameters.

Parameters in which the curve is linear are eliminated under the quadratic loss, so no start says where they begin.
Where walls stand around them and the best value lies outside, the search goes on from the wall, with all parameters:
eliminated ones know no walls.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from thalweg.base import hints
from thalweg.fitting.search import LONGEST, search
from thalweg.fitting.sums import Task
from thalweg.losses.objective import Objective
from thalweg.losses.power import quadratic
from thalweg.problems.model import Curve
from thalweg.problems.problem import Regression, Residual
from thalweg.valleys.starts import flow


@dataclass(frozen=True)
class Stacked:
    """The residual of any regression as a function of scalars; equal ones share compiled programs."""

    residual: Residual

    def __call__(self, values: Sequence[Any], *columns: Any) -> Any:
        """Stack the scalars to a vector of parameters."""
        return self.residual(hints.stack(list(values)), *columns)


def task_of(objective: Objective, eliminate: bool = True, held: Collection[int] = ()) -> Task:
    """Say what is summed for an objective: linear parameters first, if they are to be eliminated and not held."""
    problem, loss = objective.problem, objective.loss
    assert isinstance(problem, Regression)
    assert loss is not None
    names, curve = problem.parameters, problem.residual
    linear = curve.linear if eliminate and isinstance(curve, Curve) and loss == quadratic() else ()
    linear = [name for name in linear if names.index(name) not in held]
    order = sorted(range(len(names)), key=lambda k: (names[k] not in linear, k))
    logs = tuple(problem.domain[k].log and names[k] not in linear for k in order)
    residual = curve if isinstance(curve, Curve) else Stacked(curve)
    return Task(residual, tuple(order), len(linear), logs, loss.penalty)


def settle(objective: Objective, starts: Float[np.ndarray, "start param"], held: Collection[int] = ()) -> flow.Ends:
    """Search from every start to its end, in the units and the order of the parameters; heights are means.

    Parameters that are held stay where each start has them.
    """
    low, high = objective.problem.domain.bounds
    task = task_of(objective, held=held)
    ends = found(objective, task, starts, held)
    free = list(task.order[: task.eliminated])
    beyond = np.flatnonzero(((ends.position < low) | (ends.position > high))[:, free].any(axis=1))
    if beyond.size:
        inside = np.clip(ends.position[beyond], low, high)
        inside[:, list(held)] = starts[beyond][:, list(held)]
        again = found(objective, task_of(objective, eliminate=False), inside, held)
        for whole, part in zip(ends, again, strict=True):
            whole[beyond] = part
    return ends


def follow(objective: Objective, start: Float[np.ndarray, " param"]) -> flow.Ends:
    """Search from one start in each of three ways, and take the end that lies lowest; heights are means.

    A start of the user's own is no sample of a range: its value of a linear parameter may be what leads it to a curve
    that elimination does not come near, and so may its scale.
    """
    joint = task_of(objective, eliminate=False)
    plain = replace(joint, logs=(False,) * len(joint.order))
    ways = [settle(objective, start[None]), *(found(objective, task, start[None]) for task in (joint, plain))]
    return min(ways, key=lambda end: np.nan_to_num(end.height[0], nan=np.inf))


def found(
    objective: Objective,
    task: Task,
    starts: Float[np.ndarray, "start param"],
    held: Collection[int] = (),
    *,
    columns: Sequence[Float[np.ndarray, " row"]] | None = None,
    longest: int = LONGEST,
) -> flow.Ends:
    """Search for the least sum of a task from every start, over other data than the objective's if there are some."""
    order, logs, held = list(task.order), np.array(task.logs), list(held)
    low, high = (np.tile(end, (len(starts), 1)) for end in objective.problem.domain.bounds)
    for end in (low, high):
        end[:, held] = starts[:, held]
    bounds = [_scaled(end[:, order], logs)[:, task.eliminated :] for end in (low, high)]
    data = objective.train if columns is None else columns
    ends = search(task, data, _scaled(starts[:, order], logs), (bounds[0], bounds[1]), longest=longest)
    position = np.empty_like(ends.unknowns)
    with np.errstate(over="ignore"):
        position[:, order] = np.where(logs, np.exp(np.where(logs, ends.unknowns, 0.0)), ends.unknowns)
    position[:, held] = starts[:, held]
    height = ends.loss / len(data[0])
    return flow.Ends(position, height, np.zeros(len(height)), ends.rested.copy(), ends.steps)


def _scaled(values: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """Put values on the scales of the search; an axis without walls ends at ∓∞ on either scale."""
    return np.where(logs & (values > 0) & (values < np.inf), np.log(np.where(logs & (values > 0), values, 1.0)), values)
