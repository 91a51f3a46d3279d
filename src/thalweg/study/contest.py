"""The runs of a race: each optimiser tuned on starts of its own, then raced on the starts of all.

Tuning and race make their runs with the same compiled program: the learning rate is an array in both, so that the rate
that was tried is the rate that is raced, to the bit. The program is compiled before the clock starts.
"""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from thalweg.base.progress import part
from thalweg.descent import starts as positions
from thalweg.descent.descent import Descent
from thalweg.descent.driver import batches
from thalweg.descent.grid import evaluate
from thalweg.descent.optimizer import Optimizer
from thalweg.descent.optimizers import finds_rate
from thalweg.descent.rates import RATE
from thalweg.losses.objective import Objective
from thalweg.study.conditions import Conditions, Tuning
from thalweg.study.find_derailments import levels_of
from thalweg.study.methods import relief_above
from thalweg.study.outcomes import ends_of

ROUNDING = 64 * np.finfo(np.float64).eps
"""Share of a loss that the order of its summation may change."""

NEAREST = 4 * np.finfo(np.float64).eps
"""How near two places still differ, as a share of their size: a few roundings lie between this and a residual."""


LONE_WITHIN = 1e-3
"""Usual share of a surface's height within which a run succeeds where there is but one valley."""


class Ran(NamedTuple):
    """Runs of one optimiser: their outcomes, which of them succeeded, and the step since when."""

    ends: xr.Dataset
    won: Bool[np.ndarray, " run"]
    settled: Float[np.ndarray, " run"]


class Tried(NamedTuple):
    """The tuning of one optimiser, over the candidates; NaN where it has none."""

    rate: Float[np.ndarray, " candidate"]
    success: Float[np.ndarray, " candidate"]
    settled: Float[np.ndarray, " candidate"]


class Entry(NamedTuple):
    """What one optimiser did: its tuning, whether the rate chosen is the least or the greatest, and its race."""

    tried: Tried
    learning_rate: float
    at_end: int
    ran: Ran
    seconds: float


@dataclass(frozen=True, eq=False)
class Contest:
    """What all optimisers of a race meet.

    Attributes
    ----------
    objective, valleys, floor : what is descended, and what decides a run's outcome
    best : numbers of the valleys that count as the deepest; their ``level`` is what a run has to reach
    conditions, tuning : of the race
    """

    objective: Objective
    valleys: xr.Dataset
    floor: float
    best: np.ndarray
    conditions: Conditions
    tuning: Tuning

    def enter(self, optimizer: Optimizer) -> Entry:
        """Tune one optimiser and race it, with the program compiled beforehand."""
        conditions, rates = self.conditions, self.tuning.candidates()
        tuned = tunable(optimizer)
        starts = positions.uniform(self.objective.problem, conditions.starts, conditions.seed)
        with part("tuning", 0, 0.5):
            tried = self._tune(optimizer) if tuned else Tried(*np.full((3, len(rates)), np.nan))
        chosen = int(np.lexsort((rates, np.nan_to_num(tried.settled, nan=np.inf), -tried.success))[0]) if tuned else -1

        def descent(runs: int) -> Descent:
            made = optimizer.replace(**{RATE: np.full(runs, rates[chosen])}) if tuned else optimizer
            return Descent(made, conditions.steps, conditions.minibatch, conditions.precision, conditions.shadows)

        whole_field = descent(conditions.starts)
        width = batches(self.objective, whole_field, conditions.starts, history=False)[0].stop
        # To compile; in the deepest valley, where a line search has the least to do.
        with part("compiling", 0.5 * tuned, 0.5 * tuned):
            self._run(descent(width), np.tile(self.valleys["position"].values[self.best[0]], (width, 1)))
        begun = time.perf_counter()
        with part("racing", 0.5 * tuned, 1):
            ran = self._run(whole_field, starts)
        seconds = time.perf_counter() - begun
        rate = float(rates[chosen]) if tuned else np.nan
        return Entry(tried, rate, int(tuned and chosen in (0, len(rates) - 1)), ran, seconds)

    def _tune(self, optimizer: Optimizer) -> Tried:
        """Try every rate on the same starts, in one go."""
        conditions, tuning = self.conditions, self.tuning
        rates, batch = tuning.candidates(), conditions.minibatch
        starts = positions.uniform(self.objective.problem, tuning.starts, tuning.seed)
        # Other shuffles too, not those that judge.
        batch = None if batch is None else replace(batch, seed=(batch.seed + 1) % 2**32)
        made = optimizer.replace(**{RATE: np.repeat(rates, tuning.starts)})
        descent = Descent(made, conditions.steps, batch, conditions.precision)
        ran = self._run(descent, np.tile(starts, (len(rates), 1)))
        won, settled = (values.reshape(len(rates), -1) for values in (ran.won, ran.settled))
        medians = [
            float(np.median(row[good])) if good.any() else np.nan for row, good in zip(settled, won, strict=True)
        ]
        return Tried(rates, won.mean(axis=1), np.array(medians))

    def _run(self, descent: Descent, starts: np.ndarray) -> Ran:
        # Who has not won need not know in whose basin it is left.
        ends = ends_of(self.objective, descent, self.valleys, starts=starts, floor=self.floor, every=False)
        return Ran(ends, np.isin(ends["outcome"].values, self.best), ends["settled"].values.astype(np.float64))


def tunable(optimizer: Optimizer) -> bool:
    """Tell whether an optimiser has a learning rate, and does not find it itself."""
    return RATE in inspect.signature(optimizer.maker).parameters and not finds_rate(optimizer)


def deepest(objective: Objective, valleys: xr.Dataset) -> np.ndarray:
    """Tell the valleys that are as deep as the deepest, as far as rounding lets us know: their numbers.

    On a cusp the rounding of a place, or of a residual there, changes the loss by far more than one unit in its last
    place, so each loss is also taken at the nearest places.
    """
    places, losses = valleys["position"].values, valleys["loss"].values
    sizes = np.maximum(np.abs(places), objective.problem.domain.lengths)
    off = np.maximum(valleys["width"].values[:, None], NEAREST * sizes)
    unsure = ROUNDING * np.abs(losses)
    for axis in range(places.shape[1]):
        moves = [places.copy() for _ in range(2)]
        for move, sign in zip(moves, (1, -1), strict=True):
            move[:, axis] += sign * off[:, axis]
        near = [evaluate(objective.example, objective.train, move) for move in moves]
        unsure = unsure + np.abs(np.array(near) - losses).max(axis=0)
    return np.flatnonzero(losses - unsure <= (losses + unsure).min())


def with_level(objective: Objective, valleys: xr.Dataset, floor: float, within: float | None) -> xr.Dataset:
    """Give every valley the ``level`` that counts as its floor; ``within`` decides that of the deepest.

    The attribute ``within`` is the share that was used, NaN where the floor is that of the barrier.
    """
    levels, best = np.array(levels_of(valleys, floor)), deepest(objective, valleys)
    if within is None and np.isinf(valleys["barrier"].values[best]).all():
        within = LONE_WITHIN
    if within is not None:
        depths = valleys["loss"].values[best]
        levels[best] = depths + within * relief_above(objective, float(depths.min()))
    return valleys.assign(level=("valley", levels)).assign_attrs(within=np.nan if within is None else within)
