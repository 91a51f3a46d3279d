"""What an experiment showed, as small tables of text; printed by the command line and set into the page."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import xarray as xr

from thalweg.base.status import Status
from thalweg.experiment.results import Results
from thalweg.figures.drawing.wording import count as counted
from thalweg.figures.drawing.wording import heading, subject
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.problem import Problem, Regression
from thalweg.report import compare, fit, outcomes, phases, race, valleys, verdict
from thalweg.report.text import SHOWN, TextTable, figures, left_out, quantity
from thalweg.study.find_derailments import locate
from thalweg.study.find_valleys import ASK


@dataclass(frozen=True)
class Summary:
    """What an experiment showed.

    Attributes
    ----------
    heading : what was done, in one line
    lead : how the runs ended and how far from rest, in one line; nothing where there are none
    tables : of what came out
    remarks : plain words on what to make of it
    """

    heading: str
    lead: str
    tables: list[TextTable]
    remarks: list[str]


def summarise(results: Results) -> Summary:
    """Sum up an experiment: runs, valleys, derailments."""
    tables = [] if results.outcomes is None else [outcomes.tallied(results.outcomes)]
    if results.runs is not None and results.runs.sizes["run"] <= SHOWN:
        tables = [*tables[: results.runs.sizes["run"] > 1], _runs(results, results.runs)]
    if results.map is not None:
        tables.append(outcomes.tallied(results.map))
    if results.race is not None:
        tables += race.ranked(results.race)
    if results.comparison is not None:
        tables += compare.listed(results.comparison)
    if results.phases is not None:
        tables.append(phases.counted(results.phases))
    if results.fit is not None:
        tables += fit.tables(results.fit, results.intervals, results.models)
    if results.valleys is not None:
        tables.append(valleys.listed(results.valleys))
        if results.derailments is not None and results.derailments.sizes["derailment"]:
            tables.append(_derailments(results.derailments, results.valleys, results.experiment.domain))
    return Summary(_heading(results), _lead(results), tables, _remarks(results))


def _lead(results: Results) -> str:
    if results.fit is not None:
        return verdict.lead(results.fit)
    if (
        results.outcomes is None
        or results.runs is None
        or results.valleys is None
        or not results.valleys.sizes["valley"]
    ):
        return ""
    return outcomes.lead(results.outcomes, results.valleys, results.runs)


def _heading(results: Results) -> str:
    """Say what the experiment depends on, in the words of its figures, and how many runs there were."""
    if results.race is not None:
        attrs = results.race.attrs
        starts = counted(attrs["starts"], "start")
        return f"{subject(attrs)} · {starts} for each optimiser, {attrs['steps']} steps · {attrs['precision']} bits"
    if results.phases is not None:
        return f"{subject(results.phases.attrs)} · valleys over noise and exponent"
    made = next((part for part in (results.runs, results.map, results.comparison) if part is not None), None)
    if made is None:
        return subject(next(part.attrs for part in (results.fit, results.valleys, results.surface) if part is not None))
    runs = made.sizes["run"] if results.runs is made else made["outcome"].size if results.map is made else 1
    return f"{heading(made.attrs)} · {counted(runs, 'run')} of {counted(made.attrs['steps'], 'step')}"


def _runs(results: Results, runs: xr.Dataset) -> TextTable:
    """List each run's start and end, losses, the valleys it went through and how it ended."""
    names = runs["param"].values.tolist()
    axes = results.experiment.domain
    count = runs.sizes["run"]
    losses = {"train_loss": "train loss", "test_loss": "test loss"}
    if not results.experiment.objective.test:
        losses = {"train_loss": "loss"}
    columns, rows = (), []
    for run in range(count):
        last = int(runs["last_step"][run])
        # A run that never had a finite number has no end to show.
        ends = [(0, "start"), (max(last, 0), "end")]
        for step, label in ends:
            place = runs.isel(run=run, step=step)
            cells = [("run", str(run))] * (count > 1) + [("", label), ("step", str(step))]
            params = zip(names, place["params"].values, axes, strict=True)
            cells += [(name, quantity(value, axis)) for name, value, axis in params]
            cells += [(name, figures(float(place[name]))) for name in _derived(runs)]
            cells += [(losses[name], figures(float(place[name]))) for name in losses]
            if results.outcomes is not None and "rounding" in results.outcomes:
                cells.append(("by rounding", _decided(results.outcomes, run, label)))
            cells.append(("valleys", _way(runs.isel(run=[run]), results.valleys) if label == "end" else ""))
            rows.append(tuple(text for _, text in cells))
            columns = tuple(column for column, _ in cells)
    return TextTable("Runs", columns, rows)


def _derived(runs: xr.Dataset) -> list[str]:
    measured = {"train_loss", "test_loss", "grad_norm"}
    return [
        str(name) for name, values in runs.data_vars.items() if values.dims == ("run", "step") and name not in measured
    ]


def _decided(ends: xr.Dataset, run: int, label: str) -> str:
    """Tell whether rounding decided where a run ended."""
    return ("yes" if ends["rounding"][run] else "no") if label == "end" else ""


def _way(run: xr.Dataset, valleys: xr.Dataset | None) -> str:
    """Write the valleys that a run went through, in order."""
    if valleys is None:
        return ""
    names = [*_called(valleys), "outside"]
    last = int(run["last_step"][0])
    visited = [key for key, _ in groupby(locate(run, valleys).values[0, : last + 1].tolist())]
    shown = [names[valley] for valley in visited]
    if len(shown) > 8:
        shown = [*shown[:4], f"… {len(shown) - 7} more …", *shown[-3:]]
    return " → ".join(shown)


def _called(valleys: xr.Dataset) -> list[str]:
    """Call valleys by their place where that is one short number, else by their number in the table."""
    if valleys.sizes["param"] == 1:
        return valleys.attrs["names"]
    return [f"#{number}" for number in valleys["valley"].values.tolist()]


def _derailments(derailments: xr.Dataset, valleys: xr.Dataset, axes: Domain) -> TextTable:
    names = _called(valleys)
    unit = axes[0] if len(axes) == 1 else Axis("", 0, 1)
    rows = [
        (
            str(int(derailments["run"][k])),
            f"{int(derailments['step'][k])} → {int(derailments['step'][k]) + 1}",
            f"{names[int(derailments['left'][k])]} → {names[int(derailments['entered'][k])]}",
            quantity(float(derailments["jump"][k]), unit),
            f"{float(derailments['rise'][k]):+.5f}",
            figures(float(derailments["grad_norm"][k])),
        )
        for k in range(min(derailments.sizes["derailment"], SHOWN))
    ]
    columns = ("run", "step", "valleys", "jump", "rise in loss", "gradient norm")
    return TextTable(
        "Derailments", columns, rows, left_out(derailments.sizes["derailment"], "derailments", "derailments.csv")
    )


def _remarks(results: Results) -> list[str]:
    descended = results.runs is not None or results.map is not None or results.comparison is not None
    remarks = [results.experiment.found] * bool(results.experiment.found and descended)
    remarks += [] if results.runs is None else _of_runs(results, results.runs)
    remarks += [] if results.outcomes is None else outcomes.of_rounding(results.outcomes)
    remarks += [] if results.map is None else outcomes.of_map(results.map)
    remarks += [] if results.race is None else race.of_race(results, results.race)
    remarks += [] if results.phases is None else phases.of_phases(results.phases)
    if results.fit is not None:
        remarks += [*told_of(results.experiment.problem), *verdict.remarks(results.fit)]
    if results.comparison is not None:
        return remarks + compare.of_comparison(results.comparison)
    if results.valleys is None:
        return remarks
    if not results.valleys.sizes["valley"]:
        remarks.append("The surface is constant to rounding: it has no valley.")
    else:
        remarks.append(valleys.method(results.valleys))
        if left_out := results.valleys.attrs.get("left_out"):
            remarks.append(f"Left out: {left_out.replace(ASK, '--set valleys.persistence=0')}.")
    return remarks


def told_of(problem: Problem) -> list[str]:
    """List what was read of data, and what was proposed, as sentences."""
    return [f"{line}." for line in problem.told] if isinstance(problem, Regression) else []


def _of_runs(results: Results, runs: xr.Dataset) -> list[str]:
    remarks = [_fitted(results, runs)]
    for status in () if _lead(results) else Status:
        chosen = np.flatnonzero(runs["status"].values == status)
        if len(chosen) and (status is not Status.MAX_STEPS or runs.sizes["run"] > 1):
            when = ""
            if status is Status.DIVERGED:
                last = int(runs["last_step"].values[chosen].min())
                when = f"{', the first' if len(chosen) > 1 else ''} after step {last}"
            name = status.name.lower().replace("_", " ").replace("max steps", "took every step")
            remarks.append(f"{_share(len(chosen), runs)} {name}{when}: {status.advice}.")
    if results.derailments is not None and results.derailments.sizes["derailment"]:
        derailed = len(np.unique(results.derailments["run"].values))
        remarks.append(
            f"{_share(derailed, runs)} derailed: thrown out of a valley after being on its floor. "
            "Clipping the gradient, a decaying learning rate or a smoothed loss can prevent it."
        )
    return [remark for remark in remarks if remark]


def _share(count: int, runs: xr.Dataset) -> str:
    """Say how many of the runs."""
    return "The run" if runs.sizes["run"] == 1 else f"{count} of {runs.sizes['run']} runs"


def _fitted(results: Results, runs: xr.Dataset) -> str:
    """Write the line that a lone run ended with and, where it is not at rest, that of the minimum it leads to."""
    problem = results.experiment.problem
    if not isinstance(problem, Regression) or problem.line is None or runs.sizes["run"] != 1:
        return ""
    if runs["status"].values[0] == Status.DIVERGED:
        return ""
    last = max(int(runs["last_step"][0]), 0)
    line = _line(problem, runs["params"].values[0, last])
    ends, valleys = results.outcomes, results.valleys
    if ends is None or valleys is None or outcomes.at_rest(ends, valleys)[0]:
        return f"Fitted line: {line}."
    here = int(ends["valley"][0])
    best = f"; at the minimum that it leads to: {_line(problem, valleys['position'].values[here])}" if here >= 0 else ""
    return f"Line at the last step: {line}{best}."


def _line(problem: Regression, place: np.ndarray) -> str:
    assert problem.line is not None
    slope, intercept = problem.line(place.astype(float))
    x, y = problem.labels.get("x", "x"), problem.labels.get("y", "y")
    tail = f" {'-' if intercept < 0 else '+'} {_coefficient(abs(float(intercept)))}" if intercept != 0 else ""
    return f"{y} = {_coefficient(float(slope))} {x}{tail}"


def _coefficient(value: float) -> str:
    """Write a number of a formula: four decimals, or as many digits where these would be none or far too many."""
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:.5g}"
