"""The minima that a fit has, from many starts: searched by least squares, gathered and joined as all minima are.

Ends at one place, or joined by a path that does not rise, are one minimum, whatever their losses: see
:mod:`thalweg.valleys.starts.multistart`. Parameters in which the curve is linear are eliminated under the quadratic
loss, so no start says where they begin. Where walls stand around them and the best value lies outside, the search goes
on from the wall, with all parameters: eliminated ones know no walls.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from thalweg.base import hints
from thalweg.fitting.search import search
from thalweg.fitting.sums import Task
from thalweg.losses.objective import Objective
from thalweg.losses.power import quadratic
from thalweg.problems.model import Curve
from thalweg.problems.problem import Regression, Residual
from thalweg.valleys.starts import flow, multistart

SAME_LOSS = 1e-9
"""A path between two ends that rises by no more than this share of the loss joins them to one minimum."""

FEW = 8
"""Deepest minima between which passes are sought; of the others only an upper bound is known."""


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


class Found(NamedTuple):
    """What a search has found.

    Attributes
    ----------
    exploration : the minima, and the shares of starts
    ends : where each start ended; last that of the user's own start, if there is one
    """

    exploration: multistart.Exploration
    ends: flow.Ends


def explore(
    objective: Objective,
    starts: Float[np.ndarray, "start param"],
    own: Float[np.ndarray, " param"] | None = None,
    *,
    passes: bool = False,
) -> Found:
    """Find the minima that starts lead to by least squares, the shares of starts, and what bounds their passes.

    Parameters
    ----------
    objective : of a regression
    starts : spread over the domain
    own : a start of the user's, whose minimum is listed too; it counts in no share
    passes : whether the passes between the deepest are sought; else the way straight between two bounds theirs
    """
    ends = settle(objective, starts)
    if own is not None:
        ends = flow.Ends(*map(np.concatenate, zip(ends, follow(objective, own), strict=True)))
    finite = ends.height[np.isfinite(ends.height)]
    rise = max(SAME_LOSS * float(finite.min()), _rounding(objective)) if finite.size else np.inf
    return Found(multistart.connect(objective, ends, rise, len(starts), FEW if passes else 0, rise), ends)


def settle(objective: Objective, starts: Float[np.ndarray, "start param"], held: Collection[int] = ()) -> flow.Ends:
    """Search from every start to its end, in the units and the order of the parameters; heights are means.

    Parameters that are held stay where each start has them.
    """
    low, high = objective.problem.domain.bounds
    task = task_of(objective, held=held)
    ends = _searched(objective, task, starts, held)
    free = list(task.order[: task.eliminated])
    beyond = np.flatnonzero(((ends.position < low) | (ends.position > high))[:, free].any(axis=1))
    if beyond.size:
        inside = np.clip(ends.position[beyond], low, high)
        inside[:, list(held)] = starts[beyond][:, list(held)]
        again = _searched(objective, task_of(objective, eliminate=False), inside, held)
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
    found = [settle(objective, start[None]), *(_searched(objective, task, start[None]) for task in (joint, plain))]
    return min(found, key=lambda end: np.nan_to_num(end.height[0], nan=np.inf))


def _searched(objective: Objective, task: Task, starts: np.ndarray, held: Collection[int] = ()) -> flow.Ends:
    order, logs, held = list(task.order), np.array(task.logs), list(held)
    low, high = (np.tile(end, (len(starts), 1)) for end in objective.problem.domain.bounds)
    for end in (low, high):
        end[:, held] = starts[:, held]
    low, high = (_scaled(end[:, order], logs)[:, task.eliminated :] for end in (low, high))
    ends = search(task, objective.train, _scaled(starts[:, order], logs), (low, high), "following starts down")
    position = np.empty_like(ends.unknowns)
    with np.errstate(over="ignore"):
        position[:, order] = np.where(logs, np.exp(np.where(logs, ends.unknowns, 0.0)), ends.unknowns)
    position[:, held] = starts[:, held]
    height = ends.loss / len(objective.train[0])
    return flow.Ends(position, height, np.zeros(len(height)), ends.rested.copy(), ends.steps)


def _scaled(values: np.ndarray, logs: np.ndarray) -> np.ndarray:
    """Put values on the scales of the search; an axis without walls ends at ∓∞ on either scale."""
    return np.where(logs & (values > 0) & (values < np.inf), np.log(np.where(logs & (values > 0), values, 1.0)), values)


def _rounding(objective: Objective) -> float:
    """Tell how much of a loss is rounding: that of the measured values themselves, were the curve 0."""
    assert objective.loss is not None
    measured = np.asarray(objective.train[-1])
    return float(np.finfo(np.float64).eps * np.mean(np.asarray(objective.loss(measured))))
