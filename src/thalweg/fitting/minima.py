"""The minima that a fit has, from many starts: searched by least squares, gathered and joined as all minima are.

Ends at one place, or joined by a path that does not rise, are one minimum, whatever their losses: see
:mod:`thalweg.valleys.starts.multistart`.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from thalweg.base.precision import computing
from thalweg.fitting.census import task_of
from thalweg.fitting.floors import curved
from thalweg.fitting.graduated import seek_both, seek_own
from thalweg.fitting.measured import measured
from thalweg.losses.objective import Objective
from thalweg.valleys.starts import flow, multistart

SAME_LOSS = 1e-9
"""A path between two ends that rises by no more than this share of the loss joins them to one minimum."""

FEW = 8
"""Deepest minima between which passes are sought; of the others only an upper bound is known."""


class Found(NamedTuple):
    """What a search has found.

    Attributes
    ----------
    exploration : the minima, and the shares of starts
    ends : where each start ended; then other ends of the same starts, and last that of the user's own start, if there
        is one
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
    parts = [*seek_both(objective, starts), *([] if own is None else [seek_own(objective, own)])]
    ends = flow.Ends(*map(np.concatenate, zip(*parts, strict=True)))
    finite = ends.height[np.isfinite(ends.height)]
    rise = max(SAME_LOSS * float(finite.min()), _rounding(objective)) if finite.size else np.inf
    how = multistart.Joining(FEW if passes else 0, rise, partial(curved, objective, rise))
    return Found(multistart.connect(objective, ends, rise, len(starts), how), ends)


def _rounding(objective: Objective) -> float:
    """Tell how much of a loss is rounding: that of the measured values themselves, were the curve 0."""
    assert objective.loss is not None
    data = measured(objective, task_of(objective, eliminate=False), np.array(objective.problem.start))
    values = np.asarray(objective.train[-1]) if data is None else data[0] * data[1]
    with computing(64):
        return float(np.finfo(np.float64).eps * np.mean(np.asarray(objective.loss(values))))
