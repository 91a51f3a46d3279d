"""The search under losses that are not squares: from a broad loss in stages to the one that is asked for.

A robust loss forgets residuals beyond its scale, so far from its deepest valley it hardly tells where that lies: most
starts end at a curve through a few rows. The same loss of residuals divided by k is the loss of k times the scale,
nearly a square where k is large. So a search begins there and k falls by halves to 1, each stage from the ends of the
one before (graduated non-convexity, Blake and Zisserman 1987). Tukey's deepest valley is so found from three times as
many starts as by its own descent, and from more than by squares.

Powers below 1 have a cusp at every curve through as many rows as there are parameters, and each is a minimum. Their
smoothed form ``(r² + ε²)^(p/2)`` has few, and with ε from the spread of the data down to a millionth of it the search
is led to one that is deep; at last the loss itself leads into its cusp (:mod:`thalweg.fitting.vertices`).

The stages pass most valleys over: where the curve is linear in all its parameters they lead every start to the same.
So each start goes down the loss itself too, from all its own values. Where it ends is the lower of its two ends; the
other one is a minimum all the same, and is listed.

In stages linear parameters are put by squares where each start has the others, so no start says where they begin. What
is a factor of the residuals is a column of the data: one compiled program serves all stages.

References
----------
A. Blake, A. Zisserman, Visual Reconstruction, MIT Press, 1987.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, log2
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from thalweg.base.precision import computing
from thalweg.fitting.census import follow, found, settle, task_of
from thalweg.fitting.measured import spread
from thalweg.fitting.sums import Task
from thalweg.fitting.vertices import finish
from thalweg.losses.loss import Loss
from thalweg.losses.objective import Objective, objective
from thalweg.losses.power import power, quadratic
from thalweg.problems.problem import Residual
from thalweg.valleys.starts import flow

STAGE = 30
"""Steps of a stage at most: it need not come to rest."""

WIDEST = 12
"""Stages at most before the loss itself, each with half the scale of the one before."""

NARROWER = 4.0
"""By which factor the smoothing of a cusp falls from stage to stage."""

SHARPEST = 1e-6
"""Share of the spread of the data to which it falls."""

SIZES = np.geomspace(1e-12, 1e12, 241)
"""Sizes of residuals, in units of the data's spread, among which the scale of a loss is looked for."""


@dataclass(frozen=True)
class Divided:
    """A residual divided by the last column; equal ones share compiled programs."""

    residual: Residual

    def __call__(self, values: Any, *columns: Any) -> Array:
        """Evaluate the residual of one example."""
        return self.residual(values, *columns[:-1]) / columns[-1]


def seek(whole: Objective, starts: Float[np.ndarray, "start param"]) -> flow.Ends:
    """Search from every start to its end, under any loss; heights are means."""
    if whole.loss == quadratic():
        return settle(whole, starts)
    places = _placed(whole, starts)
    task, factors = _stages(whole)
    for factor in factors:
        columns = (*whole.train, np.full(len(whole.train[0]), factor))
        places = found(whole, task, _inside(whole, places, starts), columns=columns, longest=STAGE).position
    ends = settle(whole, _inside(whole, places, starts))
    return finish(whole, ends) if whole.loss is not None and cusp(whole.loss) is not None else ends


def seek_both(whole: Objective, starts: Float[np.ndarray, "start param"]) -> tuple[flow.Ends, flow.Ends]:
    """Search from every start in stages and down the loss itself: the lower end of each, and the other ends."""
    staged = seek(whole, starts)
    if whole.loss == quadratic():
        return staged, flow.Ends(*(part[:0] for part in staged))
    own = settle(whole, starts)
    own = finish(whole, own) if whole.loss is not None and cusp(whole.loss) is not None else own
    lower = np.nan_to_num(own.height, nan=np.inf) < np.nan_to_num(staged.height, nan=np.inf)
    pairs = list(zip(own, staged, strict=True))
    others = _chosen(~lower, pairs)
    return _chosen(lower, pairs), flow.Ends(*(part[others.settled] for part in others))


def _chosen(first: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]]) -> flow.Ends:
    """Take each end from the first of two lists or from the second."""
    return flow.Ends(*(np.where(first.reshape(-1, *(1,) * (one.ndim - 1)), one, other) for one, other in pairs))


def seek_own(whole: Objective, start: Float[np.ndarray, " param"]) -> flow.Ends:
    """Follow a start of the user's own, as :func:`thalweg.fitting.census.follow` does, and in stages too."""
    ways = [follow(whole, start)] if whole.loss == quadratic() else [follow(whole, start), seek(whole, start[None])]
    return min(ways, key=lambda end: np.nan_to_num(end.height[0], nan=np.inf))


def _placed(whole: Objective, starts: np.ndarray) -> np.ndarray:
    """Put linear parameters where the squares are least, the others as they are."""
    squares = objective(whole.problem, quadratic())
    task = task_of(squares)
    if not task.eliminated:
        return starts
    return settle(squares, starts, held=task.order[task.eliminated :]).position


def _inside(whole: Objective, places: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Go on from the start itself where a stage has led to no numbers."""
    low, high = whole.problem.domain.bounds
    return np.clip(np.where(np.isfinite(places).all(axis=1, keepdims=True), places, starts), low, high)


def _stages(whole: Objective) -> tuple[Task, list[float]]:
    """Choose the loss of the stages, and by what residuals are divided in each."""
    assert whole.loss is not None
    task = task_of(whole, eliminate=False)
    wide = spread(whole, task)
    exponent = cusp(whole.loss)
    if exponent is not None:
        count = ceil(np.log(1 / SHARPEST) / np.log(NARROWER))
        penalty, factors = power(exponent, smoothing=1.0).penalty, wide / NARROWER ** np.arange(count + 1)
    else:
        penalty, scale = task.penalty, scale_of(whole.loss, wide)
        count = 0 if scale == 0 or wide <= scale else min(ceil(log2(wide / scale)) + 2, WIDEST)
        factors = 2.0 ** np.arange(count, 0, -1)
    factors = factors[np.isfinite(factors) & (factors > 0)]
    return replace(task, residual=Divided(task.residual), penalty=penalty), factors.tolist()


def cusp(loss: Loss) -> float | None:
    """Give the exponent of a power of the residual's size that has a cusp or an edge at 0; None for other losses."""
    p = {"absolute": 1.0, "fourth_root": 0.5, "root": 2 / loss.settings.get("n", 1.0)}.get(
        loss.name, loss.settings.get("p") if loss.name == "power" else None
    )
    return p if p is not None and p <= 1 and not loss.settings.get("smoothing") else None


def scale_of(loss: Loss, spread: float) -> float:
    """Find the residual at which the weight of a loss, slope over residual, has fallen to half; 0 for none."""
    import jax  # the slope of a loss is JAX's

    sizes = SIZES * (spread if spread > 0 else 1.0)
    with computing(64):
        weight = np.asarray(jax.vmap(jax.grad(loss.penalty))(sizes)) / sizes
    half = np.flatnonzero(weight <= weight[0] / 2)
    return float(sizes[half[0]]) if len(half) else 0.0
