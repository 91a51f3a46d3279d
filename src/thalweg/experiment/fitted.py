"""A fit carried out as an experiment: its minima, intervals that were asked for, other models of the same data."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from thalweg.base import settings
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent.starts import Sobol
from thalweg.experiment.experiment import Experiment
from thalweg.experiment.results import Results, Stage
from thalweg.losses.objective import objective
from thalweg.problems import CATALOGUE as PROBLEMS
from thalweg.problems.formula.formula import formula
from thalweg.problems.problem import Problem
from thalweg.study.compare_fits import compare_fits
from thalweg.study.fit import fit
from thalweg.study.profile_likelihood import profile_likelihood

if TYPE_CHECKING:
    from thalweg.base.settings import Table

HEIGHTS = ("loss", "fixed_loss")

ALL = "all"
"""In place of the names of all parameters."""


def fitted(experiment: Experiment, stage: Stage) -> Results:
    """Fit from many starts, then tell what the experiment's ``[fit]`` asks for."""
    asked, target = experiment.fit, experiment.objective
    start, names = _start(experiment.problem, asked.start), _along(experiment)
    others = {text: _other(experiment, text) for text in asked.against}
    sobol = Sobol(asked.starts, asked.seed)
    with stage("fit"):
        found = fit(target, sobol, start=start, most=asked.most, passes=asked.passes)
    intervals, models = None, None
    if names and found.sizes["valley"]:
        with stage("intervals"):
            intervals = joined({name: profile_likelihood(target, found, name) for name in names})
    if others:
        with stage("other models"):
            own = {str(experiment.settings["problem"].get("model", experiment.problem.name)): found}
            models = compare_fits(
                own | {text: fit(objective(made, target.loss), sobol, most=1) for text, made in others.items()}
            )
    return Results(experiment, fit=found, intervals=intervals, models=models)


def joined(profiles: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Join the profiles of several parameters to one dataset, which a store can hold."""
    first = next(iter(profiles.values()))
    several = list(profiles.values())
    return xr.Dataset(
        {
            "value": (("interval", "point"), np.array([each["first"].values for each in several])),
            **{name: (("interval", "point"), np.array([each[name].values for each in several])) for name in HEIGHTS},
            "params": (("interval", "point", "param"), np.array([each["params"].values for each in several])),
            "position": first["position"],
            **{end: ("interval", np.array([float(each[end][0]) for each in several])) for end in ("low", "high")},
        },
        coords={"interval": list(profiles), "param": first["param"]},
        attrs={key: value for key, value in first.attrs.items() if key != "along"},
    )


def parted(intervals: xr.Dataset) -> dict[str, xr.Dataset]:
    """Give the profiles back, by parameter, as :func:`thalweg.profile_likelihood` made them."""
    profiles: dict[str, xr.Dataset] = {}
    for k, name in enumerate(intervals["interval"].values.tolist()):
        one = intervals.isel(interval=k, drop=True)
        made = {key: ("first", one[key].values) for key in HEIGHTS}
        made |= {"params": (("first", "param"), one["params"].values), "position": ("param", one["position"].values)}
        made |= {end: ("along", one[end].values[None]) for end in ("low", "high")}
        coords = {"first": one["value"].values, "along": [name], "param": intervals["param"]}
        profiles[name] = xr.Dataset(made, coords=coords, attrs=intervals.attrs | {"along": [name]})
    return profiles


def _start(problem: Problem, given: Table | None) -> np.ndarray | None:
    """Read a start of some parameters by name; the others begin where the problem does."""
    if given is None:
        return None
    settings.check_keys(given, problem.parameters, "fit.start")
    named = dict(zip(problem.parameters, problem.start, strict=True))
    return np.array(
        list((named | {name: number(f"fit.start.{name}", value) for name, value in given.items()}).values())
    )


def _along(experiment: Experiment) -> list[str]:
    names, known = list(experiment.fit.intervals), experiment.problem.parameters
    if names == [ALL] and ALL not in known:
        return list(known)
    for name in names:
        if name not in known:
            raise UnknownName.of("parameter in fit.intervals", name, known)
    return names


def _other(experiment: Experiment, text: str) -> Problem:
    """Make the same problem with another model; ranges of parameters that this one lacks are left out."""
    table = dict(experiment.settings["problem"])
    if table["kind"] != "fit":
        raise InvalidValue(f'fit.against = {text!r}: other models are compared for kind = "fit"; give such a problem')
    with suppress(InvalidValue):  # a formula that cannot be read is refused below, with its mark
        named = formula(text).names
        table["ranges"] = {key: what for key, what in table.get("ranges", {}).items() if key in named}
    return settings.make(PROBLEMS, table | {"model": text}, "problem")[0]
