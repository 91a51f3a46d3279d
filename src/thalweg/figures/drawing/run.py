"""One run as figures draw it: its steps up to the last finite one, and where it derailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.status import Status
from thalweg.figures.drawing.marks import Steps
from thalweg.figures.drawing.wording import count, minus
from thalweg.store.parameters import same_parameters
from thalweg.study.find_derailments import find_derailments, locate

LISTED = 3
"""Derailments that are listed one by one at most."""


@dataclass(frozen=True, eq=False)
class Derailments:
    """Where a run derailed, by step, and the valleys it was ever in.

    Attributes
    ----------
    step : (derailment,), the last step on the floor of the valley that was left
    left, entered : (derailment,), valleys
    visited : (visit,), valleys in the order of the first visit
    lowest : (visit,), the lowest training loss that the run had in each
    """

    step: np.ndarray
    left: np.ndarray
    entered: np.ndarray
    visited: np.ndarray
    lowest: np.ndarray


_NOTHING = np.empty(0, dtype=np.int64)
NONE = Derailments(_NOTHING, _NOTHING, _NOTHING, _NOTHING, np.empty(0))
"""Those of a run that is not there, or among no valleys."""


@dataclass(frozen=True, eq=False)
class DrawnRun:
    """One of several runs, up to its last finite step.

    Attributes
    ----------
    index : its place among the runs
    runs : how many there are
    step : (step,), 0, 1, …, the last finite one
    params : (step, param), in the parameters' own units, not wrapped
    train, test : (step,), the losses; ``test`` is None where there are no test data
    status : how the run ended
    derailments : where it derailed
    names : of the valleys, as ``derailments`` counts them; none where none were given
    """

    index: int
    runs: int
    step: np.ndarray
    params: np.ndarray
    train: np.ndarray
    test: np.ndarray | None
    status: Status
    derailments: Derailments
    names: list[str]

    @property
    def last(self) -> int:
        """The last step at which all numbers were finite."""
        return int(self.step[-1])

    @property
    def lost(self) -> bool:
        """Whether it left the finite numbers."""
        return self.status == Status.DIVERGED

    @property
    def steps(self) -> Steps:
        """How its steps are coloured."""
        return Steps(0, self.last)

    @property
    def story(self) -> str:
        """Which run this is and how far it came, in a few words."""
        which = f"run {self.index} of {self.runs:,}, " if self.runs > 1 else ""
        return f"{which}{count(self.last, 'step')}" + (", then diverged" if self.lost else "")

    @property
    def note(self) -> str:
        """The same for the line of facts, and how often it derailed where that is known."""
        return f"{self.story} · {self._derailed}" if self.names else self.story

    def after(self, note: str) -> str:
        """Say in a caption what a line of facts says before this run's, and which run this is."""
        return f"{note.partition(f' · {self.story}')[0].replace(' · ', ', ')}, {self.story}"

    @property
    def ways(self) -> list[str]:
        """Name every derailment by the two valleys."""
        pairs = zip(self.derailments.left, self.derailments.entered, strict=True)
        return [f"{self.names[left]} → {self.names[entered]}" for left, entered in pairs]

    @property
    def derailments_in_words(self) -> str:
        """List the derailments one by one, the first few of many; or say that there is none."""
        each = zip(self.derailments.step[:LISTED], self.derailments.left, self.derailments.entered, strict=False)
        texts = [
            f"from {self.names[left]} to {self.names[entered]} between steps {step} and {step + 1}"
            for step, left, entered in each
        ]
        more = "; …" if len(self.derailments.step) > LISTED else ""
        return ": ".join(filter(None, [self._derailed, "; ".join(texts) + more]))

    @property
    def _derailed(self) -> str:
        return count(len(self.derailments.step), "derailment") if len(self.derailments.step) else "no derailment"


def of_one_problem(
    names: Sequence[str],
    runs: xr.Dataset | Mapping[str, xr.Dataset] | None,
    valleys: xr.Dataset | None,
    whose: str = "the surface",
) -> None:
    """Refuse runs and valleys that have other parameters than the surface, or other runs, that they are drawn with."""
    parameters = len(names)
    each: list[tuple[str, xr.Dataset | None]] = [("valleys", valleys)]
    if runs is None or isinstance(runs, xr.Dataset):
        each.insert(0, ("runs", runs))
    else:
        each = [*((f"runs[{key!r}]", part) for key, part in runs.items()), *each]
    for name, given in each:
        number = parameters if given is None else given.sizes.get("param", parameters)
        if number != parameters:
            raise InvalidValue(
                f"{name} have {count(number, 'parameter')} and {whose} {parameters}; give those of one objective"
            )
        same_parameters(name, given, f"{whose} is", names)


def run_of(runs: xr.Dataset, run: int, valleys: xr.Dataset | None = None) -> DrawnRun:
    """Read one run, and where it derails among valleys, refusing a run that is not there or has no finite step."""
    number = runs.sizes["run"]
    whole("run", run, at_least=0, at_most=number - 1)
    chosen = runs.isel(run=run)
    last = int(chosen["last_step"])
    if last < 0:
        raise InvalidValue(f"run {run} is not finite at its start, so there is nothing to draw; choose another run")
    steps = slice(0, last + 1)
    test = chosen["test_loss"].values[steps].astype(np.float64)
    return DrawnRun(
        index=run,
        runs=number,
        step=chosen["step"].values[steps],
        params=chosen["params"].values[steps].astype(np.float64),
        train=chosen["train_loss"].values[steps].astype(np.float64),
        test=test if np.isfinite(test).any() else None,
        status=Status(int(chosen["status"])),
        derailments=_derailments(runs.isel(run=[run]), valleys),
        names=valley_names(valleys),
    )


def _derailments(chosen: xr.Dataset, valleys: xr.Dataset | None) -> Derailments:
    if valleys is None or not valleys.sizes["valley"]:
        return NONE
    derailed = find_derailments(chosen, valleys)
    places, losses = locate(chosen, valleys).values[0], chosen["train_loss"].values[0].astype(np.float64)
    visited = np.array(list(dict.fromkeys(places[places >= 0].tolist())), dtype=np.int64)
    lowest = np.array([losses[places == valley].min() for valley in visited])
    return Derailments(derailed["step"].values, derailed["left"].values, derailed["entered"].values, visited, lowest)


def valley_names(valleys: xr.Dataset | None) -> list[str]:
    """Name every valley: by its place where there is one parameter, by its number where there are more."""
    if valleys is None:
        return []
    if valleys.sizes["param"] == 1:
        return [minus(name) for name in valleys.attrs["names"]]
    return [f"valley {number}" for number in valleys["valley"].values]
