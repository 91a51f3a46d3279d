"""The verb ``race``: a fair comparison of optimisers, from the same starts and tuned under the same budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import optax
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.base.progress import track
from thalweg.base.showing import shown
from thalweg.descent.descent import Descent
from thalweg.descent.optimizer import Optimizer
from thalweg.descent.rates import RATE
from thalweg.losses.objective import Objective
from thalweg.store.kinds import Valleys
from thalweg.store.parameters import same_parameters
from thalweg.study.conditions import USUAL_CONDITIONS, USUAL_TUNING, Conditions, Tuning
from thalweg.study.contest import Contest, Ran, Tried, deepest, with_level
from thalweg.study.count_derailments import QUANTILES, quantiles
from thalweg.study.find_derailments import FLOOR
from thalweg.study.memory import OUTCOME, bound
from thalweg.study.outcomes import attributes
from thalweg.valleys.outcomes import DIVERGED
from thalweg.valleys.shares import CONFIDENCE, medians, named, paired, wilson

RULE = "highest success, then fewest median steps until it stays, then the smaller rate"
"""How the learning rate is chosen."""


@public
def race(
    objective: Objective,
    optimizers: Mapping[str, Optimizer],
    valleys: Valleys,
    *,
    conditions: Conditions = USUAL_CONDITIONS,
    tuning: Tuning = USUAL_TUNING,
    floor: float = FLOOR,
) -> xr.Dataset:
    """Compare optimisers by how often they find the deepest valley, and by how far they get.

    A success is to end on the floor of the deepest valley or, as ``conditions.within`` says, near its minimum. All have
    the same starts, and each a constant learning rate, the best of the same candidates on starts of another seed.
    Nothing else is tuned. An optimiser that finds its rate itself, as L-BFGS by line search, has no tuning.

    Parameters
    ----------
    objective : what is descended
    optimizers : by name; a learning rate among their settings is replaced
    valleys : from :func:`thalweg.find_valleys`, of the same objective, exactly, from starts or from a refined grid.
        All that are as deep as the deepest, to rounding, count as it
    conditions : starts, steps and precision
    tuning : candidates and starts of the tuning
    floor : share of a valley's barrier up to which a loss lies on its floor, above 0 and at most 1; of the deepest
        only where ``conditions.within`` is not used

    Returns
    -------
    xarray.Dataset
        ``…`` stands for three variables: an estimate, and the ends of its interval with ``_low`` and ``_high``. The
        coordinates ``optimizer`` and ``rival`` are the names. Attributes tell of the starts that all shares are of, of
        the tuning, and what a success is: ``goal`` in words, ``level`` the loss, ``within`` the share.

        =============== =================== =========== ======================================================
        variable        dims                unit        meaning
        =============== =================== =========== ======================================================
        learning_rate   optimizer           its own     chosen in the tuning; NaN where none was tuned
        at_end          optimizer           0 or 1      whether it is the least or the greatest candidate
        success…        optimizer           share       of the runs that succeed; 95 %, Wilson
        final…          optimizer           loss        of a run's end above the deepest minimum, its median over all
                                                        runs, infinite where it diverged; 95 %, by order statistics
        final_loss      optimizer, quantile loss        likewise, its quantiles
        distance        optimizer, quantile parameters  from a run's end to the nearest of the deepest minima
        derailed…       optimizer           share       of the runs that derail at least once; 95 %, Wilson
        diverged…       optimizer           share       of the runs whose numbers overflow; 95 %, Wilson
        settled         optimizer, quantile steps       until a successful run stays there
        success_by_step optimizer, step     share       of all runs that have settled there by then: the data profile
                                                        of Moré and Wild for this surface
        difference…     optimizer, rival    share       success less the rival's on the same starts; all pairs
                                                        together at 95 %, so the leader may be picked afterwards
        tuned_rate      optimizer,          its own     the candidates
                        candidate
        tuned_success   optimizer,          share       success of each candidate
                        candidate
        tuned_settled   optimizer,          steps       median until a successful run stays there
                        candidate
        seconds         optimizer           s           of the race on this machine, without compilation
        rounding        optimizer           share       of the runs that rounding decided; with shadows only
        =============== =================== =========== ======================================================

    Raises
    ------
    InvalidValue
        If there is no optimiser or no valley, a rate cannot be tuned, the tuning has the seed of the race, or the runs
        are more than memory holds.

    References
    ----------
    D. Choi et al., "On empirical comparisons of optimizers for deep learning", 2019, arXiv:1910.05446: a comparison
    says as much about the tuning as about the optimisers, so all are tuned alike.
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22, 209–212, 1927, doi:10.1080/01621459.1927.10502953.
    R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired
    data", Statistics in Medicine 17, 2635–2650, 1998,
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> valleys = tw.find_valleys(objective)
    >>> rivals = {"sgd": tw.Optimizer(optax.sgd), "adam": tw.Optimizer(optax.adam)}
    >>> conditions, tuning = tw.Conditions(starts=200, steps=40), tw.Tuning(starts=50, rates=5, low=1e-3, high=10.0)
    >>> ran = tw.race(objective, rivals, valleys, conditions=conditions, tuning=tuning)
    >>> ran["learning_rate"].values.round(4).tolist()
    [0.01, 1.0]
    """
    _check(objective, optimizers, valleys, conditions, tuning)
    _bound(len(optimizers), len(objective.problem.domain), conditions, tuning)
    valleys = with_level(objective, valleys, floor, conditions.within)
    contest = Contest(objective, valleys, floor, deepest(objective, valleys), conditions, tuning)
    entries = [contest.enter(optimizer) for optimizer in track(list(optimizers.values()), "optimiser")]
    ran = [entry.ran for entry in entries]
    won, ends = np.stack([one.won for one in ran]), [one.ends for one in ran]
    left, away = np.stack([_left(contest, end) for end in ends]), np.stack([_away(contest, end) for end in ends])
    parts = {
        "learning_rate": ("optimizer", np.array([entry.learning_rate for entry in entries])),
        "at_end": ("optimizer", np.array([entry.at_end for entry in entries], dtype=np.int8)),
        **_interval("success", won),
        **_interval("derailed", np.stack([end["derailments"].values > 0 for end in ends])),
        **_interval("diverged", np.stack([end["outcome"].values == DIVERGED for end in ends])),
        **{key: ("optimizer", values) for key, values in named("final", medians(left)).items()},
        "final_loss": (("optimizer", "quantile"), np.stack([quantiles(row, "inverted_cdf") for row in left])),
        "distance": (("optimizer", "quantile"), np.stack([quantiles(row, "inverted_cdf") for row in away])),
        # Whole steps, such as runs take.
        "settled": (
            ("optimizer", "quantile"),
            np.stack([quantiles(one.settled[one.won], "inverted_cdf") for one in ran]),
        ),
        "success_by_step": (("optimizer", "step"), np.stack([_by_step(one, conditions.steps) for one in ran])),
        **_differences(won),
        **{
            f"tuned_{name}": (("optimizer", "candidate"), np.stack([getattr(entry.tried, name) for entry in entries]))
            for name in Tried._fields
        },
        "seconds": ("optimizer", np.array([entry.seconds for entry in entries]), {"of": "this machine"}),
    }
    if conditions.shadows:
        parts["rounding"] = ("optimizer", np.array([float(end["rounding"].mean()) for end in ends]))
    coords = {
        **{dim: list(optimizers) for dim in ("optimizer", "rival")},
        **{"step": np.arange(conditions.steps + 1), "candidate": np.arange(tuning.rates), "quantile": list(QUANTILES)},
    }
    return xr.Dataset(parts, coords, _attributes(contest, optimizers, parts["learning_rate"][1]))


def pair_confidence(optimizers: int) -> float:
    """Give the confidence of each pair at which all pairs hold together (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(optimizers * (optimizers - 1) // 2, 1)


def _check(
    objective: Objective,
    optimizers: Mapping[str, Optimizer],
    valleys: xr.Dataset,
    conditions: Conditions,
    tuning: Tuning,
) -> None:
    same_parameters("valleys", valleys, "the objective is", objective.problem.parameters)
    if not optimizers:
        raise InvalidValue("there is no optimizer to race; give at least one, such as {'sgd': tw.Optimizer(optax.sgd)}")
    for name, optimizer in optimizers.items():
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


def _bound(optimizers: int, parameters: int, conditions: Conditions, tuning: Tuning) -> None:
    """Refuse a race or a tuning that is larger than memory."""
    run = OUTCOME + 8 * parameters
    raced, tried = optimizers * conditions.starts, tuning.rates * tuning.starts
    bound(f"the ends of {raced:,} runs", run * raced, "take fewer starts or optimisers")
    bound(f"the ends of {tried:,} runs of a tuning", run * tried, "take fewer rates or starts of the tuning")
    bound(f"{shown(conditions.steps)} steps", 8 * conditions.steps * max(optimizers, 2), "take fewer steps")


def _interval(name: str, happened: np.ndarray) -> dict[str, Any]:
    """Give the share of runs of each optimiser to which something happened; from (optimizer, run)."""
    shares = wilson(happened.sum(axis=1), happened.shape[1])
    return {key: ("optimizer", values) for key, values in named(name, shares).items()}


def _left(contest: Contest, ends: xr.Dataset) -> np.ndarray:
    """Give each run's loss above the deepest minimum, infinite where it diverged."""
    loss = ends["loss"].values.astype(np.float64) - contest.valleys["loss"].values[contest.best].min()
    return np.where(ends["outcome"].values == DIVERGED, np.inf, loss)


def _away(contest: Contest, ends: xr.Dataset) -> np.ndarray:
    """Give each run's distance from the nearest of the deepest minima, infinite where it diverged."""
    domain, place = contest.objective.problem.domain, ends["place"].values.astype(np.float64)
    minima = contest.valleys["position"].values[contest.best]
    away = np.linalg.norm(domain.difference(place[:, None], minima[None]), axis=-1).min(axis=1)
    return np.where(ends["outcome"].values == DIVERGED, np.inf, away)


def _by_step(ran: Ran, steps: int) -> np.ndarray:
    """Count the runs that have settled by each step, as a share of all."""
    return np.searchsorted(np.sort(ran.settled[ran.won]), np.arange(steps + 1), side="right") / len(ran.won)


def _differences(won: np.ndarray) -> dict[str, Any]:
    """Compare the success of all pairs, run by run; NaN between an optimiser and itself."""
    first, second = np.meshgrid(*[np.arange(len(won))] * 2, indexing="ij")
    intervals = named("difference", paired(won[first.ravel()], won[second.ravel()], pair_confidence(len(won))))
    return {
        key: (("optimizer", "rival"), np.where(first == second, np.nan, values.reshape(first.shape)))
        for key, values in intervals.items()
    }


def _attributes(contest: Contest, optimizers: Mapping[str, Optimizer], rates: np.ndarray) -> dict[str, Any]:
    """Record what the race depends on."""
    conditions, tuning = contest.conditions, contest.tuning
    descent = Descent(
        optax.identity(), conditions.steps, conditions.minibatch, conditions.precision, conditions.shadows
    )
    made = [
        repr(one if np.isnan(rate) else one.replace(**{RATE: float(rate)}))
        for one, rate in zip(optimizers.values(), rates, strict=True)
    ]
    return attributes(contest.objective, descent, contest.valleys, contest.floor) | {
        "names": list(optimizers),
        "optimizer": made,
        "goal": _goal(contest),
        "level": float(contest.valleys["level"].values[contest.best].max()),
        "within": contest.valleys.attrs["within"],
        "best": contest.best.tolist(),
        "best_names": [contest.valleys.attrs["names"][k] for k in contest.best],
        "starts": conditions.starts,
        "seed": conditions.seed,
        **{f"tuning_{name}": value for name, value in asdict(tuning).items()},
        "tuning_rule": RULE,
        "tuning_steps": tuning.rates * tuning.starts * conditions.steps,
        "confidence": CONFIDENCE,
        "pair_confidence": pair_confidence(len(optimizers)),
    }


def _goal(contest: Contest) -> str:
    """Say what a success is."""
    within = contest.valleys.attrs["within"]
    found = " found" if "unseen" in contest.valleys.attrs else ""  # from starts; there may be a deeper one
    if np.isnan(within):
        return f"ends on the floor of the deepest valley{found}"
    return f"ends with a loss within {within:g} of the surface's median height above the deepest minimum{found}"
