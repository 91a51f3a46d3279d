"""The verb ``race``: a fair comparison of optimisers, from the same starts and tuned under the same budget."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import optax
import xarray as xr

from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue
from thalweg.descent import starts as positions
from thalweg.descent.descent import Descent
from thalweg.descent.driver import batches
from thalweg.descent.minibatch import Minibatch
from thalweg.descent.optimizer import Optimizer
from thalweg.losses.objective import Objective
from thalweg.study.count_derailments import QUANTILES
from thalweg.study.deepest import deepest
from thalweg.study.find_derailments import FLOOR
from thalweg.study.outcomes import attributes, outcomes
from thalweg.valleys.outcomes import DIVERGED
from thalweg.valleys.shares import CONFIDENCE, Shares, paired, wilson

RATE = "learning_rate"

ENDS = ("", "_low", "_high")
"""Endings of the names of an estimate and the ends of its interval."""

RULE = "highest success, then fewest median steps to the floor, then the smaller rate"
"""How the learning rate is chosen."""


@dataclass(frozen=True)
class Conditions:
    """What all optimisers of a race share.

    Parameters
    ----------
    starts : how many, drawn uniformly over the problem's domain
    steps : updates of each run
    seed : of the starts
    minibatch : gradients from a part of the training data at a time; all of it by default
    precision : 32 or 64 bits
    shadows : whether each run has shadows, so that what rounding decided is known; four times the work
    """

    starts: int = 10_000
    steps: int = 100
    seed: int = 0
    minibatch: Minibatch | None = None
    precision: int = 64
    shadows: bool = False

    def __post_init__(self) -> None:
        whole("starts", self.starts, at_least=1, at_most=positions.MOST)
        whole("seed of the starts", self.seed, at_least=0)


@dataclass(frozen=True)
class Tuning:
    """How each optimiser's learning rate is found: the best of some on starts of another seed.

    By default there are five rates to a decade, a factor of 1.6 apart. In 100 steps of the lowest, an optimiser with
    steps as long as its rate moves by 0.01; with the highest it leaves at once a domain that is a few units wide.

    Parameters
    ----------
    starts : runs of each rate; with the usual 400 a success of one half is known to 5 %
    rates : how many are tried, evenly spaced in the logarithm
    low, high : the least and the greatest of them
    seed : of the starts; not that of the race
    """

    starts: int = 400
    rates: int = 26
    low: float = 1e-4
    high: float = 10.0
    seed: int = 1

    def __post_init__(self) -> None:
        whole("tuning starts", self.starts, at_least=1)
        whole("rates", self.rates, at_least=2)
        number("the lowest rate", self.low, above=0)
        number("the highest rate", self.high, above=self.low)
        whole("seed of the tuning starts", self.seed, at_least=0)
        whole("rates times tuning starts", self.rates * self.starts, at_most=positions.MOST)

    def candidates(self) -> np.ndarray:
        """List the rates, rising."""
        return np.geomspace(self.low, self.high, self.rates)


USUAL_CONDITIONS, USUAL_TUNING = Conditions(), Tuning()


def race(
    objective: Objective,
    optimizers: Mapping[str, Optimizer],
    valleys: xr.Dataset,
    *,
    conditions: Conditions = USUAL_CONDITIONS,
    tuning: Tuning = USUAL_TUNING,
    floor: float = FLOOR,
) -> xr.Dataset:
    """Compare optimisers by how often they end on the floor of the deepest valley.

    All have the same starts, and each a constant learning rate, the best of the same candidates on starts of another
    seed. Nothing else is tuned. An optimiser that finds its rate itself, as L-BFGS by line search, has no tuning.

    Parameters
    ----------
    objective : what is descended
    optimizers : by name; a learning rate among their settings is replaced
    valleys : from :func:`thalweg.find_valleys`, of the same objective, exactly or from a grid with ``refine=True``.
        All that are as deep as the deepest, to rounding, count as it
    conditions : starts, steps and precision
    tuning : candidates and starts of the tuning
    floor : share of a valley's barrier up to which a loss lies on its floor

    Returns
    -------
    xarray.Dataset
        Over optimizer: ``learning_rate``, NaN where none was tuned; ``at_end``, 1 where it is the least or the greatest
        candidate; ``success``, ``derailed`` and ``diverged``, shares of the runs with their 95 % Wilson intervals
        ``…_low`` and ``…_high``; ``settled`` (quantile), steps until successful runs stay on the floor; ``seconds`` of
        the race on this machine, without compilation; with shadows ``rounding``, the share that rounding decided.
        ``success_by_step`` (step): the share of all runs that have settled there by then. ``difference`` (rival), its
        success less the rival's on the same starts, with ``difference_low`` and ``difference_high``: all pairs hold
        together at 95 % (Bonferroni), so that the leader may be picked afterwards. ``tuned_rate``, ``tuned_success``
        and ``tuned_settled`` (candidate): what was tried. Names are in the attribute ``names``.

    Raises
    ------
    InvalidValue
        If there is no optimiser or no valley, a rate cannot be tuned, or the tuning has the seed of the race.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> valleys = tw.find_valleys(objective, refine=True)
    >>> rivals = {"sgd": tw.Optimizer(optax.sgd), "adam": tw.Optimizer(optax.adam)}
    >>> conditions, tuning = tw.Conditions(starts=200, steps=40), tw.Tuning(starts=50, rates=5, low=1e-3, high=10.0)
    >>> found = tw.race(objective, rivals, valleys, conditions=conditions, tuning=tuning)
    >>> found["learning_rate"].values.round(4).tolist()
    [0.01, 1.0]
    """
    _check(optimizers, valleys, conditions, tuning)
    field = _Field(objective, valleys, floor, deepest(objective, valleys), conditions, tuning)
    entries = [_enter(field, optimizer) for optimizer in optimizers.values()]
    won = np.stack([entry.won for entry in entries])
    parts = {
        "learning_rate": ("optimizer", np.array([entry.learning_rate for entry in entries])),
        "at_end": ("optimizer", np.array([entry.at_end for entry in entries], dtype=np.int8)),
        **_interval("success", won),
        **_interval("derailed", np.stack([entry.ran["derailments"].values > 0 for entry in entries])),
        **_interval("diverged", np.stack([entry.ran["outcome"].values == DIVERGED for entry in entries])),
        "settled": (("optimizer", "quantile"), np.stack([_quantiles(entry.settled[entry.won]) for entry in entries])),
        "success_by_step": (("optimizer", "step"), np.stack([_by_step(entry, conditions.steps) for entry in entries])),
        **_differences(won),
        **{
            f"tuned_{name}": (("optimizer", "candidate"), np.stack([getattr(entry.tried, name) for entry in entries]))
            for name in _Tried._fields
        },
        "seconds": ("optimizer", np.array([entry.seconds for entry in entries]), {"of": "this machine"}),
    }
    if conditions.shadows:
        parts["rounding"] = ("optimizer", np.array([float(entry.ran["rounding"].mean()) for entry in entries]))
    counts = {"optimizer": len(entries), "rival": len(entries), "step": conditions.steps + 1, "candidate": tuning.rates}
    coords = {dim: np.arange(count) for dim, count in counts.items()} | {"quantile": list(QUANTILES)}
    return xr.Dataset(parts, coords, _attributes(field, optimizers, parts["learning_rate"][1]))


def pair_confidence(optimizers: int) -> float:
    """Give the confidence of each pair at which all pairs hold together (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(optimizers * (optimizers - 1) // 2, 1)


class _Field(NamedTuple):
    """What all optimisers of a race meet; ``best`` are the valleys that count."""

    objective: Objective
    valleys: xr.Dataset
    floor: float
    best: np.ndarray
    conditions: Conditions
    tuning: Tuning

    def run(self, descent: Descent, starts: np.ndarray) -> tuple[xr.Dataset, np.ndarray, np.ndarray]:
        """Make runs; returns their outcomes, which of them succeeded, and the step since when."""
        ran = outcomes(self.objective, descent, self.valleys, starts=starts, floor=self.floor)
        return ran, np.isin(ran["outcome"].values, self.best), ran["settled"].values.astype(np.float64)


class _Tried(NamedTuple):
    """The tuning of one optimiser, over the candidates; NaN where it has none."""

    rate: np.ndarray
    success: np.ndarray
    settled: np.ndarray


class _Entry(NamedTuple):
    """What one optimiser did: its tuning, and the outcomes of its race, over the runs."""

    tried: _Tried
    learning_rate: float
    at_end: int
    ran: xr.Dataset
    won: np.ndarray
    settled: np.ndarray
    seconds: float


def _check(optimizers: Mapping[str, Optimizer], valleys: xr.Dataset, conditions: Conditions, tuning: Tuning) -> None:
    if not optimizers:
        raise InvalidValue("there is no optimizer to race; give at least one, such as {'sgd': tw.Optimizer(optax.sgd)}")
    for name, optimizer in optimizers.items():
        if not isinstance(optimizer, Optimizer):
            raise InvalidValue(f"optimizer {name!r} has a rate that cannot be tuned; give a tw.Optimizer of its maker")
        if callable(optimizer.settings.get(RATE)):
            raise InvalidValue(
                f"{RATE} of optimizer {name!r} is a schedule and cannot be tuned; give a maker that takes its peak"
            )
        many = [key for key, value in optimizer.settings.items() if key != RATE and np.ndim(value)]
        if many:
            raise InvalidValue(f"{many[0]} of optimizer {name!r} differs from run to run; give one value")
    if not valleys.sizes["valley"]:
        raise InvalidValue("the surface is constant to rounding and has no valley to race for; give another loss")
    if valleys.attrs["method"] == "grid" and not valleys.attrs["refined"]:
        raise InvalidValue(
            "the valleys are known to half a cell, too coarsely to tell the deepest; find them with refine=True"
        )
    if conditions.seed == tuning.seed:
        raise InvalidValue(
            f"the race and its tuning both have the seed {conditions.seed}; give the tuning another, "
            "so that no rate is chosen by the starts that judge it"
        )


def _tunable(optimizer: Optimizer) -> bool:
    return optimizer.maker is not optax.lbfgs and RATE in inspect.signature(optimizer.maker).parameters


def _enter(field: _Field, optimizer: Optimizer) -> _Entry:
    """Tune one optimiser and race it, with the program compiled beforehand."""
    conditions, rates = field.conditions, field.tuning.candidates()
    tuned = _tunable(optimizer)
    starts = positions.uniform(field.objective.problem, conditions.starts, conditions.seed)
    tried = _tune(field, optimizer) if tuned else _Tried(*np.full((3, len(rates)), np.nan))
    chosen = int(np.lexsort((rates, np.nan_to_num(tried.settled, nan=np.inf), -tried.success))[0]) if tuned else -1

    def descent(runs: int) -> Descent:
        # An array, as in the tuning: so both have one compiled program and one arithmetic.
        made = optimizer.replace(**{RATE: np.full(runs, rates[chosen])}) if tuned else optimizer
        return Descent(made, conditions.steps, conditions.minibatch, conditions.precision, conditions.shadows)

    whole_field = descent(conditions.starts)
    width = batches(field.objective, whole_field, conditions.starts, history=False)[0].stop
    # To compile; in the deepest valley, where a line search has the least to do.
    field.run(descent(width), np.tile(field.valleys["position"].values[field.best[0]], (width, 1)))
    begun = time.perf_counter()
    ran, won, settled = field.run(whole_field, starts)
    seconds = time.perf_counter() - begun
    rate = float(rates[chosen]) if tuned else np.nan
    return _Entry(tried, rate, int(tuned and chosen in (0, len(rates) - 1)), ran, won, settled, seconds)


def _tune(field: _Field, optimizer: Optimizer) -> _Tried:
    """Try every rate on the same starts, in one go."""
    conditions, tuning = field.conditions, field.tuning
    rates, batch = tuning.candidates(), conditions.minibatch
    starts = positions.uniform(field.objective.problem, tuning.starts, tuning.seed)
    # Other shuffles too, not those that judge.
    batch = None if batch is None else replace(batch, seed=(batch.seed + 1) % 2**32)
    made = optimizer.replace(**{RATE: np.repeat(rates, tuning.starts)})
    descent = Descent(made, conditions.steps, batch, conditions.precision)
    _, won, settled = field.run(descent, np.tile(starts, (len(rates), 1)))
    won, settled = (values.reshape(len(rates), -1) for values in (won, settled))
    medians = [float(np.median(row[good])) if good.any() else np.nan for row, good in zip(settled, won, strict=True)]
    return _Tried(rates, won.mean(axis=1), np.array(medians))


def _interval(name: str, happened: np.ndarray) -> dict[str, Any]:
    """Give the share of runs of each optimiser to which something happened; from (optimizer, run)."""
    return {name + end: ("optimizer", values) for end, values in zip(ENDS, _shares(happened), strict=True)}


def _shares(happened: np.ndarray, confidence: float = CONFIDENCE) -> Shares:
    """Give the share of each row in which something happened; rows are no parts of one whole."""
    found = [wilson(row.sum(keepdims=True), len(row), confidence) for row in happened]
    return Shares(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _quantiles(steps: np.ndarray) -> np.ndarray:
    # Whole steps, such as runs take.
    return np.quantile(steps, QUANTILES, method="inverted_cdf") if steps.size else np.full(len(QUANTILES), np.nan)


def _by_step(entry: _Entry, steps: int) -> np.ndarray:
    """Count the runs that have settled by each step, as a share of all."""
    return np.searchsorted(np.sort(entry.settled[entry.won]), np.arange(steps + 1), side="right") / len(entry.won)


def _differences(won: np.ndarray) -> dict[str, Any]:
    """Compare the success of all pairs, run by run; NaN between an optimiser and itself."""
    first, second = np.meshgrid(*[np.arange(len(won))] * 2, indexing="ij")
    found = paired(won[first.ravel()], won[second.ravel()], pair_confidence(len(won)))
    shaped = [np.where(first == second, np.nan, values.reshape(first.shape)) for values in found]
    return {f"difference{end}": (("optimizer", "rival"), part) for end, part in zip(ENDS, shaped, strict=True)}


def _attributes(field: _Field, optimizers: Mapping[str, Optimizer], rates: np.ndarray) -> dict[str, Any]:
    """Record what the race depends on."""
    conditions, tuning = field.conditions, field.tuning
    descent = Descent(
        optax.identity(), conditions.steps, conditions.minibatch, conditions.precision, conditions.shadows
    )
    made = [
        repr(one if np.isnan(rate) else one.replace(**{RATE: float(rate)}))
        for one, rate in zip(optimizers.values(), rates, strict=True)
    ]
    return attributes(field.objective, descent, field.valleys, field.floor) | {
        "names": list(optimizers),
        "optimizer": made,
        "best": field.best.tolist(),
        "best_names": [field.valleys.attrs["names"][k] for k in field.best],
        "starts": conditions.starts,
        "seed": conditions.seed,
        "tuning_starts": tuning.starts,
        "tuning_rates": tuning.rates,
        "tuning_low": tuning.low,
        "tuning_high": tuning.high,
        "tuning_seed": tuning.seed,
        "tuning_rule": RULE,
        "tuning_steps": tuning.rates * tuning.starts * conditions.steps,
        "confidence": CONFIDENCE,
        "pair_confidence": pair_confidence(len(optimizers)),
    }
