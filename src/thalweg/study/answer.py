"""What a fit tells of its valleys: errors, residuals, criteria, twins, and outcomes in words."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import xarray as xr

from thalweg.fitting.census import task_of
from thalweg.fitting.errors import Errors, errors
from thalweg.fitting.measured import measured
from thalweg.fitting.outcomes import away, walls, words
from thalweg.fitting.residuals import Statistics, statistics
from thalweg.fitting.sums import Task
from thalweg.fitting.terms import residuals, terms
from thalweg.fitting.twins import sentences, twins
from thalweg.losses.objective import Objective
from thalweg.losses.power import quadratic
from thalweg.problems.model import Curve
from thalweg.problems.problem import Regression


def answer(objective: Objective, valleys: xr.Dataset) -> xr.Dataset:
    """Add to valleys what the data tell there."""
    domain, columns = objective.problem.domain, objective.train
    task = task_of(objective, eliminate=False)
    positions = valleys["position"].values
    low, high = walls(positions, domain)
    told: list[tuple[Errors, np.ndarray, Statistics]] = [
        _at(objective, task, position, at_wall) for position, at_wall in zip(positions, low | high, strict=True)
    ]

    def evaluate(places: np.ndarray) -> np.ndarray:
        return residuals(task, columns, places)

    known = [each for each, _, _ in told]
    left = np.array([r for _, r, _ in told]).reshape(len(told), -1)
    data = measured(objective, task, positions[0]) if len(positions) else None
    twin = twins(left, 0.0 if data is None else float(np.abs(data[0] * data[1]).max()))
    gone = [away(place, domain, each) for place, each in zip(positions, known, strict=True)]
    rested = valleys["settled"].values.astype(bool)
    outcomes = [
        words(place, domain, each, evaluate, bool(at_rest))
        for place, each, at_rest in zip(positions, known, rested, strict=True)
    ]
    return valleys.assign(
        {
            **_errors(objective, known, positions.shape[1]),
            "twin": ("valley", twin),
            "away": (("valley", "param"), np.array(gone).reshape(positions.shape).astype(np.int8)),
            "at_low": (("valley", "param"), low.astype(np.int8)),
            "at_high": (("valley", "param"), high.astype(np.int8)),
            **_statistics([said for _, _, said in told]),
            **_criteria(known, len(columns[0]), positions.shape[1]),
        }
    ).assign_attrs(
        rows=len(columns[0]),
        data=digest(objective),
        symmetries=sentences(twin, positions, domain, evaluate),
        outcomes=outcomes,
    )


def digest(objective: Objective) -> str:
    """Tell data apart that models are compared on: the measured values, and their uncertainties if they have some."""
    problem, columns = objective.problem, objective.train
    if isinstance(problem, Regression) and isinstance(problem.residual, Curve):
        columns = columns[len(problem.residual.inputs) :]
    return sha256(b"".join(np.ascontiguousarray(column, np.float64).tobytes() for column in columns)).hexdigest()[:16]


def _at(
    objective: Objective, task: Task, position: np.ndarray, at_wall: np.ndarray
) -> tuple[Errors, np.ndarray, Statistics]:
    """Tell errors, residuals, and what these say, of one valley."""
    problem, columns = objective.problem, objective.train
    here = terms(task, columns, position)
    told = errors(here, at_wall)
    ordered = np.argsort(columns[0], kind="stable") if _has_x(problem) else np.arange(len(columns[0]))
    data = measured(objective, task, position)
    said = statistics(
        here.residual[ordered],
        told.leverage[ordered],
        told.freedom,
        None if data is None else (data[0][ordered], data[1][ordered]),
        robust=objective.loss != quadratic(),
    )
    if said.largest_row >= 0:
        said = said._replace(largest_row=int(ordered[said.largest_row]))
    return told, here.residual, said


def _has_x(problem: Any) -> bool:
    return not isinstance(problem.residual, Curve) or bool(problem.residual.inputs)


def _errors(objective: Objective, told: list[Errors], size: int) -> dict[str, Any]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = [np.sqrt(np.diag(each.covariance)) for each in told]
        correlation = [each.covariance / along / along[:, None] for each, along in zip(told, spread, strict=True)]
    made: dict[str, Any] = {
        "error": (("valley", "param"), np.array([each.errors for each in told]).reshape(-1, size)),
        "correlation": (("valley", "param", "other"), np.array(correlation).reshape(-1, size, size)),
        "open": ("valley", np.array([len(each.open_) for each in told], int)),
        "freedom": ("valley", np.array([each.freedom for each in told], int)),
    }
    problem = objective.problem
    weighted = isinstance(problem, Regression) and isinstance(problem.residual, Curve) and problem.residual.weighted
    if weighted and objective.loss == quadratic():
        made["error_absolute"] = (("valley", "param"), np.array([each.absolute for each in told]).reshape(-1, size))
    return made


def _statistics(said: list[Statistics]) -> dict[str, Any]:
    columns = dict(zip(Statistics._fields, map(np.array, zip(*said, strict=True)), strict=False)) if said else {}
    columns = {name: columns.get(name, np.zeros(0)) for name in Statistics._fields}
    return {
        name: ("valley", values.astype(np.int8) if name == "perfect" else values) for name, values in columns.items()
    }


def _criteria(told: list[Errors], rows: int, size: int) -> dict[str, Any]:
    squares = np.array([each.squares for each in told])
    with np.errstate(divide="ignore"):
        fitted = rows * np.log(squares / rows)
    return {
        "squares": ("valley", squares),
        "aic": ("valley", fitted + 2 * (size + 1)),
        "bic": ("valley", fitted + np.log(rows) * (size + 1)),
    }
