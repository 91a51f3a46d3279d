"""Results: an experiment carried out, and its arrays in and out of a Zarr store."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import xarray as xr
import zarr

from thalweg.base import settings
from thalweg.base.border import from_
from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.descent.grid import POINTS
from thalweg.descent.starts import Sobol
from thalweg.experiment.experiment import Experiment
from thalweg.problems import CATALOGUE as PROBLEMS
from thalweg.problems.fixed import fix
from thalweg.problems.problem import Problem
from thalweg.store.stream import consolidate, readable, storable
from thalweg.study.axes import Range
from thalweg.study.descend import descend
from thalweg.study.find_derailments import find_derailments
from thalweg.study.find_ends import find_ends
from thalweg.study.find_valleys import find_valleys, valleys_of_runs
from thalweg.study.methods import known_exactly
from thalweg.study.outcome_map import Cost, cost, outcome_map, refuse
from thalweg.study.outcomes import outcomes
from thalweg.study.phase_diagram import phase_diagram
from thalweg.study.provenance import provenance
from thalweg.study.survey import survey

STORE = "results.zarr"

GROUPS = (
    "surface",
    "valleys",
    "derailments",
    "outcomes",
    "map",
    "race",
    "comparison",
    "phases",
    "fit",
    "intervals",
    "models",
)
"""Groups of the store beside the runs, which are its root."""

Stage = Callable[[str], AbstractContextManager[object]]
"""Wraps a named part of the work, to time it."""


@from_("what thalweg.load returns for a folder")
@dataclass(frozen=True, eq=False)
class Results:
    """What an experiment gave; what was not asked for, or cannot be had, is None.

    A descent over more parameters than a grid holds has no surface, and as valleys those that its runs lead to; a
    census of valleys has no runs.

    Attributes
    ----------
    experiment : what was carried out; its ``objective`` is what the verbs take, its ``settings`` are those of the file
    runs, surface, valleys, derailments, outcomes, map, race, comparison, phases : datasets, as the verbs return them
    fit, models : likewise, of a fit and of its comparison with other models
    intervals : profile likelihoods of a fit's parameters, one after another

    Examples
    --------
    >>> import tempfile, thalweg as tw
    >>> from thalweg.experiment import directory, experiment, results
    >>> done = results.perform(experiment.build({"problem": {"kind": "himmelblau"}, "descent": {"steps": 10}}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with directory.staging(directory.Path(folder) / "run") as staged:
    ...         directory.write(done, staged)
    ...     again = tw.load(f"{folder}/run")
    >>> again.valleys.sizes["valley"], again.runs["param"].values.tolist(), again.race
    (4, ['x', 'y'], None)
    """

    experiment: Experiment
    runs: xr.Dataset | None = None
    surface: xr.Dataset | None = None
    valleys: xr.Dataset | None = None
    derailments: xr.Dataset | None = None
    outcomes: xr.Dataset | None = None
    map: xr.Dataset | None = None
    race: xr.Dataset | None = None
    comparison: xr.Dataset | None = None
    phases: xr.Dataset | None = None
    fit: xr.Dataset | None = None
    intervals: xr.Dataset | None = None
    models: xr.Dataset | None = None


def perform(experiment: Experiment, stage: Stage = lambda name: nullcontext(), folder: Path | None = None) -> Results:
    """Carry out an experiment: descend, survey, find valleys and derailments."""
    target, descent, floor = experiment.objective, experiment.descent, experiment.valleys.floor
    with stage("descend"):
        runs = descend(target, descent, starts=experiment.starts)
    if experiment.points is None:
        with stage("valleys"):
            surface, valleys = None, valleys_of_runs(target, runs, experiment.valleys.persistence)
    else:
        surface, valleys = census(experiment, stage, refine=None)
    with stage("derailments"):
        results = Results(experiment, runs, surface, valleys, find_derailments(runs, valleys, floor=floor))
    with stage("ends"):
        ends = find_ends(target, runs, valleys, floor=floor)
    if not descent.shadows:
        return replace(results, outcomes=ends)
    with stage("shadows"):
        return replace(results, outcomes=outcomes(target, descent, valleys, starts=experiment.starts, floor=floor))


def census(
    experiment: Experiment,
    stage: Stage,
    method: Literal["grid", "exact"] | Sobol = "grid",
    points: int | None = None,
    refine: bool | None = True,
) -> tuple[xr.Dataset | None, xr.Dataset]:
    """Survey an experiment's surface, if a grid can hold it, and find its valleys; those of a grid are refined.

    With ``refine=None`` they are for as many parameters as :func:`thalweg.find_valleys` refines by itself. Of more
    parameters than a grid holds the valleys are those that ``valleys.starts`` starts flow to.
    """
    target, surface = experiment.objective, None
    if experiment.points is None and method == "grid":
        if points is not None:
            raise InvalidValue(
                f"{experiment.problem.name} has {len(experiment.domain)} parameters, and a grid holds at most "
                f"{max(POINTS)}; find its valleys from starts"
            )
        method = Sobol(experiment.valleys.starts)
    if method == "exact":
        known_exactly(target)
    if experiment.points is not None:
        with stage("survey"):
            surface = survey(target, points=experiment.points if points is None else points, domain=experiment.domain)
    with stage("valleys"):
        threshold = experiment.valleys.persistence
        return surface, find_valleys(target, surface, method=method, persistence=threshold, refine=refine)


def charted(
    experiment: Experiment,
    stage: Stage,
    along: tuple[Range, Range],
    folder: Path,
    shadows: bool,
    announce: Callable[[Cost], None],
) -> Results:
    """Map how runs end; the map goes into the store of the run directory as it is made."""
    # What does not vary starts where the experiment's runs do, of several where the first does.
    started = replace(experiment.problem, start=tuple(experiment.starts[0].tolist()))
    target = replace(experiment.objective, problem=started)
    descent = replace(experiment.descent, shadows=shadows or experiment.descent.shadows)
    refuse(target, descent, along)
    surface, valleys = census(experiment, stage, refine=None)
    with stage("compile"):
        announce(cost(target, descent, valleys, along, experiment.valleys.floor))
    with stage("map"):
        arguments = {"along": along, "floor": experiment.valleys.floor, "store": folder / STORE / "map"}
        chart = outcome_map(target, descent, valleys, **arguments)
    return Results(experiment, surface=surface, valleys=valleys, map=chart.load())


def phased(
    experiment: Experiment, stage: Stage, noise: list[float], exponent: list[float], persistence: float | None
) -> Results:
    """Count valleys over noise and exponent; what a minimum needs to count is that of the experiment by default."""
    kind = experiment.problem.name
    if kind not in PROBLEMS or "noise" not in inspect.signature(PROBLEMS[kind]).parameters:
        raise InvalidValue(f"{kind} has no noise to vary; give an experiment on a problem that has, pencil or line")

    def noisy(noise: float) -> Problem:
        made = settings.make(PROBLEMS, experiment.settings["problem"] | {"noise": noise}, "problem")[0]
        held = experiment.settings.get("fixed")
        return fix(made, held) if held else made

    if persistence is None:
        persistence = float(census(experiment, stage, refine=None)[1].attrs["threshold"])
    with stage("count valleys"):
        diagram = phase_diagram(noisy, noise, exponent, persistence=persistence)
    facts = provenance(experiment.objective, experiment.descent.precision)
    diagram.attrs |= {
        name: fact for name, fact in facts.items() if name != "problem_noise" and not name.startswith("loss")
    }
    return Results(experiment, phases=diagram)


def save(results: Results, folder: Path) -> None:
    """Write all arrays into ``results.zarr``: the runs at its root, the others in groups of their names.

    The attribute ``done`` of the root is written last: a store without it is not complete.
    """
    store = folder / STORE
    parts = {"": results.runs, **{name: getattr(results, name) for name in GROUPS}}
    for group, dataset in parts.items():
        if dataset is not None and not (group and (store / group).exists()):
            storable(dataset).to_zarr(store, group=group or None, mode="a", zarr_format=3, consolidated=False)
    zarr.open_group(store, mode="a")
    consolidate(store)
    zarr.open_group(store, mode="a").attrs["done"] = 1


def load(experiment: Experiment, folder: Path) -> Results:
    """Read back the arrays that :func:`save` wrote."""
    store = folder / STORE
    try:
        done = zarr.open_group(store, mode="r").attrs.get("done", False)
        root = _read(store, None)
        parts = {name: _read(store, name) if (store / name).is_dir() else None for name in GROUPS}
    except (OSError, ValueError, KeyError) as error:
        raise InvalidData(f"cannot read {store}: {error}; give the folder of a finished run") from None
    if not done:
        raise InvalidData(f"{store} was not finished; run the experiment again")
    return Results(experiment, root if root.data_vars else None, **parts)


def _read(store: Path, group: str | None) -> xr.Dataset:
    return readable(xr.load_dataset(store, group=group, engine="zarr", consolidated=False))
