"""One run as figures draw it: its steps up to the last finite one, and where it derailed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.status import Status
from thalweg.figures.drawing.marks import Steps
from thalweg.figures.drawing.wording import count, minus
from thalweg.study.find_derailments import find_derailments, locate


@dataclass(frozen=True, eq=False)
class DrawnRun:
    """One of several runs, up to its last finite step.

    Attributes
    ----------
    run : its place among the runs
    runs : how many there are
    step : (step,), 0, 1, …, the last finite one
    params : (step, param), in the parameters' own units, not wrapped
    train, test : (step,), the losses; ``test`` is None where there are no test data
    status : how the run ended
    """

    run: int
    runs: int
    step: np.ndarray
    params: np.ndarray
    train: np.ndarray
    test: np.ndarray | None
    status: Status

    @property
    def last(self) -> int:
        """The last step at which all numbers were finite."""
        return int(self.step[-1])

    @property
    def steps(self) -> Steps:
        """How its steps are coloured."""
        return Steps(0, self.last)

    @property
    def story(self) -> str:
        """Which run this is and how far it came, in a few words."""
        which = f"run {self.run} of {self.runs:,}, " if self.runs > 1 else ""
        return f"{which}{count(self.last, 'step')}" + (", then diverged" if self.status == Status.DIVERGED else "")


@dataclass(frozen=True, eq=False)
class Derailments:
    """Where a run derailed, by step, and the valleys it was ever in.

    Attributes
    ----------
    step : (fall,), the last step on the floor of the valley that was left
    left, entered : (fall,), valleys
    visited : (visit,), valleys in the order of the first visit
    lowest : (visit,), the lowest training loss that the run had in each
    """

    step: np.ndarray
    left: np.ndarray
    entered: np.ndarray
    visited: np.ndarray
    lowest: np.ndarray


def of_one_problem(parameters: int, runs: xr.Dataset | None, valleys: xr.Dataset | None) -> None:
    """Refuse runs and valleys that have another number of parameters than the surface that they are drawn on."""
    for name, given in (("runs", runs), ("valleys", valleys)):
        number = parameters if given is None else given.sizes.get("param", parameters)
        if number != parameters:
            raise InvalidValue(
                f"{name} have {count(number, 'parameter')} and the surface {parameters}; give those of one objective"
            )


def run_of(runs: xr.Dataset, run: int) -> DrawnRun:
    """Read one run, refusing a run that is not there or has no finite step."""
    number = runs.sizes["run"]
    whole("run", run, at_least=0, at_most=number - 1)
    chosen = runs.isel(run=run)
    last = int(chosen["last_step"])
    if last < 0:
        raise InvalidValue(f"run {run} is not finite at its start, so there is nothing to draw; choose another run")
    steps = slice(0, last + 1)
    test = chosen["test_loss"].values[steps].astype(np.float64)
    return DrawnRun(
        run=run,
        runs=number,
        step=chosen["step"].values[steps],
        params=chosen["params"].values[steps].astype(np.float64),
        train=chosen["train_loss"].values[steps].astype(np.float64),
        test=test if np.isfinite(test).any() else None,
        status=Status(int(chosen["status"])),
    )


def no_derailments() -> Derailments:
    """Tell of a run that is not there, or among no valleys."""
    nothing = np.empty(0, dtype=np.int64)
    return Derailments(nothing, nothing, nothing, nothing, np.empty(0))


def derailments_of(runs: xr.Dataset, valleys: xr.Dataset | None, run: int) -> Derailments:
    """Find the derailments of one run; none where no valleys are given."""
    if valleys is None or not valleys.sizes["valley"]:
        return no_derailments()
    chosen = runs.isel(run=[run])
    found = find_derailments(chosen, valleys)
    places, losses = locate(chosen, valleys).values[0], chosen["train_loss"].values[0].astype(np.float64)
    visited = np.array(list(dict.fromkeys(places[places >= 0].tolist())), dtype=np.int64)
    lowest = np.array([losses[places == valley].min() for valley in visited])
    return Derailments(found["step"].values, found["left"].values, found["entered"].values, visited, lowest)


def valley_names(valleys: xr.Dataset | None) -> list[str]:
    """Name every valley: by its place where there is one parameter, by its number where there are more."""
    if valleys is None:
        return []
    if valleys.sizes["param"] == 1:
        return [minus(name) for name in valleys.attrs["names"]]
    return [f"valley {number}" for number in valleys["valley"].values]


def derailments_note(falls: Derailments, names: list[str]) -> str:
    """Count the derailments, for the line of facts; nothing where no valleys were given."""
    return f" · {_number_of(falls)}" if names else ""


def derailments_story(falls: Derailments, names: list[str], most: int = 3) -> str:
    """Tell the derailments one by one, the first few of many."""
    told = [
        f"from {names[left]} to {names[entered]} between steps {step} and {step + 1}"
        for step, left, entered in zip(falls.step, falls.left, falls.entered, strict=True)
    ]
    if not told:
        return _number_of(falls)
    more = "; …" if len(told) > most else ""
    return f"{_number_of(falls)}: {'; '.join(told[:most])}{more}"


def _number_of(falls: Derailments) -> str:
    return count(len(falls.step), "derailment") if len(falls.step) else "no derailment"
