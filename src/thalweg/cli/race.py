"""``thalweg race``: a fair comparison of optimisers on an experiment's surface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.cli.options import USUAL, Flag, Options, named

if TYPE_CHECKING:
    from thalweg.base.settings import Table
    from thalweg.descent.optimizer import Optimizer
    from thalweg.experiment.experiment import Experiment
    from thalweg.experiment.results import Results, Stage

NAMED: dict[str, Table] = {
    "momentum": {"kind": "sgd", "momentum": 0.9},
    "nesterov": {"kind": "sgd", "momentum": 0.9, "nesterov": True},
}
"""Optimisers with a name of their own beside optax's."""


@Parameter(name="*")
@dataclass(frozen=True)
class Runs:
    """Options on the runs of every optimiser.

    Attributes
    ----------
    starts: int
        Runs of each optimiser, from the same starts, drawn uniformly over the domain.
    seed: int
        Seed of the starts; the tuning has the next.
    shadows: bool
        Make three more runs for each, and tell how many rounding alone decided.
    within: float
        A run succeeds with a loss above the deepest minimum by at most this share of the surface's median height, such
        as 1e-3; by default on the floor of the deepest valley, or where there is but one valley within 1e-3.
    """

    starts: int = 10_000
    seed: int = 0
    shadows: Flag = False
    within: float | None = None


@Parameter(name="*")
@dataclass(frozen=True)
class Rates:
    """Options on the search for the best learning rate of every optimiser.

    Attributes
    ----------
    tuning_starts: int
        Runs of each rate in the tuning, from other starts.
    rates: int
        Learning rates tried for each optimiser, evenly spaced in the logarithm.
    lowest_rate: float
        The least of those rates.
    highest_rate: float
        The greatest of those rates.
    """

    tuning_starts: int = 400
    rates: int = 26
    lowest_rate: float = 1e-4
    highest_rate: float = 10.0


EVERY_RUN, EVERY_RATE = Runs(), Rates()


def race(
    experiment: Path,
    /,
    *,
    optimizers: str = "sgd,momentum,adam",
    runs: Runs = EVERY_RUN,
    tuned: Rates = EVERY_RATE,
    options: Options = USUAL,
) -> None:
    """Compare optimisers fairly: the same starts for all, each with a learning rate tuned under the same budget.

    Writes a table of how often each ends on the floor of the deepest valley, with intervals, and a figure. Steps,
    precision, mini-batches and a bound on the gradient are the experiment's, and the same for all; its optimiser,
    learning rate and starts are not used.

    Example: `thalweg race experiment.toml --optimizers sgd,adam,lion --starts 2000 --set descent.steps=200`

    Parameters
    ----------
    experiment: Path
        A TOML file; make one with `thalweg new`.
    optimizers: str
        Names parted by commas: those of experiment files, with optax's defaults; `momentum` and `nesterov`, which are
        sgd with a momentum of 0.9; `optax.NAME` for any other of optax's; `module:name` for a function of your own that
        takes a learning rate and makes an optax optimiser. lbfgs finds its rate itself and has no tuning.
    """

    def work(experiment: Experiment, stage: Stage, folder: Path) -> Results:
        from thalweg.experiment.results import Results, census
        from thalweg.study import race as verb

        rivals, usual = contestants(optimizers, experiment), experiment.descent
        with named(
            seed_of_the_starts="--seed",
            starts="--starts",
            within="--within",
            tuning_starts="--tuning-starts",
            rates="--rates",
            rates_times_tuning_starts="--rates times --tuning-starts",
            the_lowest_rate="--lowest-rate",
            the_highest_rate="--highest-rate",
        ):
            conditions = verb.Conditions(
                runs.starts, usual.steps, runs.seed, usual.minibatch, usual.precision, runs.shadows, runs.within
            )
            rates = tuned.rates, tuned.lowest_rate, tuned.highest_rate
            tuning = verb.Tuning(tuned.tuning_starts, *rates, runs.seed + 1)
        surface, valleys = census(experiment, stage)
        with stage("race"):
            arguments = {"conditions": conditions, "tuning": tuning, "floor": experiment.valleys.floor}
            ran = verb.race(experiment.objective, rivals, valleys, **arguments)
        return Results(experiment, surface=surface, valleys=valleys, race=ran)

    from thalweg.cli.conduct import conduct

    conduct("race", experiment, options, work)


def contestants(names: str, experiment: Experiment) -> dict[str, Optimizer]:
    """Make optimisers by name, with optax's defaults, and the experiment's bound on the gradient and units, if any."""
    from thalweg.cli.makers import maker_of
    from thalweg.descent.optimizer import SCALES, Optimizer
    from thalweg.descent.optimizers import CATALOGUE, finds_rate, from_settings

    made: dict[str, Optimizer] = {}
    usual = experiment.descent.optimizer
    scales = {SCALES: usual.settings[SCALES]} if isinstance(usual, Optimizer) and SCALES in usual.settings else {}
    bound = {key: value for key, value in experiment.settings["optimizer"].items() if key == "clip"}
    for name in (name.strip() for name in names.split(",")):
        if name in made:
            raise InvalidValue(f"--optimizers names {name} twice; name each of them once")
        if ":" in name or name.startswith("optax."):
            made[name] = Optimizer(maker_of(name, len(experiment.domain)), **bound, **scales)
            continue
        if name not in CATALOGUE and name not in NAMED:
            raise UnknownName.of("optimizer", name, (*CATALOGUE, *NAMED))
        settings = NAMED.get(name, {"kind": name})
        # Any rate: the tuning puts another in its place.
        own = finds_rate(Optimizer(CATALOGUE[settings["kind"]]))
        rate = {} if own else {"learning_rate": 1.0}
        optimizer = from_settings(settings | rate | bound, len(experiment.domain))[0]
        made[name] = optimizer if own else optimizer.replace(**scales)
    return made
