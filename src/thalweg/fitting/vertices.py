"""The last step into a cusp or an edge: curves that go exactly through rows.

Under ``|r|^p`` with p of at most 1 a minimum usually lies where as many residuals are 0 as there are parameters. A
search by weights comes near it and never there, and a residual of 1e-12 still costs 1e-6 under the fourth root. So the
rows with the least residuals, as many as there are parameters and none that follows from the others, are put to 0 by
Newton's method. The place is taken only where the loss falls.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from thalweg.base.precision import computing
from thalweg.fitting.census import task_of
from thalweg.fitting.terms import Terms, terms
from thalweg.losses.objective import Objective
from thalweg.valleys.starts import flow

STEPS = 8
"""Newton steps at most; from near a vertex three do."""

DEPENDENT = 1e-7
"""A row whose derivatives lie so nearly among those of the rows before it tells nothing new."""

SAME = 1e-7
"""Losses that differ by no more than this share are one: a residual of a rounding, 1e-15, costs its root, 3e-8."""

MORE = 4
"""Times as many rows as there are parameters among which those of a vertex are looked for."""


def finish(objective: Objective, ends: flow.Ends) -> flow.Ends:
    """Take ends into the vertices beside them, where these lie lower; an end at none has not come to rest.

    The search by weights crawls along the curves through fewer rows, each step shorter than the one before, and stops
    on one of them as if that were a minimum.
    """
    position, height, rested = ends.position.copy(), ends.height.copy(), ends.settled.copy()
    for k in np.flatnonzero(np.isfinite(height)).tolist():
        place, low = _vertex(objective, position[k])
        rested[k] = low <= height[k] * (1 + SAME)
        if low < height[k]:
            position[k], height[k] = place, low
    return ends._replace(position=position, height=height, settled=rested)


def _vertex(objective: Objective, place: Float[np.ndarray, " param"]) -> tuple[Float[np.ndarray, " param"], float]:
    """Go to the vertex beside a place, and tell the loss there; infinite where there is none."""
    task = task_of(objective, eliminate=False)
    low, high = objective.problem.domain.bounds
    here = terms(task, objective.train, place)
    rows = _rows(here)
    best, least = place, np.inf
    for _ in range(STEPS if rows is not None else 0):
        step = np.linalg.lstsq(here.jacobian[rows], -here.residual[rows])[0]
        place = place + step
        if not np.isfinite(place).all() or (place < low).any() or (place > high).any():
            break
        here = terms(task, objective.train, place)
        assert objective.loss is not None
        with computing(64):
            loss = float(np.mean(np.asarray(objective.loss(here.residual))))
        if not loss < least:
            break
        best, least = place, loss
    return best, least


def _rows(here: Terms) -> np.ndarray | None:
    """Choose the rows of a vertex: the least residuals that tell all parameters; None where there are too few."""
    if not (np.isfinite(here.residual).all() and np.isfinite(here.jacobian).all()):
        return None
    size = here.jacobian.shape[1]
    lengths = np.linalg.norm(here.jacobian, axis=0)
    ways = here.jacobian / np.where(lengths > 0, lengths, 1.0)
    chosen: list[int] = []
    basis = np.zeros((0, size))
    for row in np.argsort(np.abs(here.residual), kind="stable")[: MORE * size].tolist():
        left = ways[row] - basis.T @ (basis @ ways[row])
        length = float(np.linalg.norm(left))
        if length > DEPENDENT * float(np.linalg.norm(ways[row])):
            chosen.append(row)
            basis = np.concatenate([basis, left[None] / length])
        if len(chosen) == size:
            return np.array(chosen)
    return None
