"""What an experiment showed, as small tables of text; printed by the command line and set into the page."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import xarray as xr

from thalweg.base.status import Status
from thalweg.experiment.results import Results
from thalweg.problems.domain import Axis
from thalweg.problems.problem import Regression
from thalweg.report import compare, outcomes, race
from thalweg.report.text import SHOWN, TextTable, figures, quantity
from thalweg.study.find_derailments import locate
from thalweg.study.find_valleys import ASK


@dataclass(frozen=True)
class Summary:
    """One line on what was done, tables of what came out, and plain words on what to make of it."""

    heading: str
    tables: list[TextTable]
    remarks: list[str]


def summarise(results: Results) -> Summary:
    """Sum up an experiment: runs, valleys, derailments."""
    tables = [] if results.runs is None else [_runs(results, results.runs)]
    if results.map is not None:
        tables.append(outcomes.counted(results.map))
    if results.race is not None:
        tables += race.ranked(results.race)
    if results.comparison is not None:
        tables += compare.listed(results.comparison)
    if results.valleys is not None:
        tables.append(_valleys(results))
    if results.derailments is not None and results.derailments.sizes["fall"]:
        tables.append(_derailments(results))
    return Summary(_heading(results), tables, _remarks(results))


def _heading(results: Results) -> str:
    settings = results.experiment.settings
    loss = settings.get("loss", {}).get("kind")
    what = settings["problem"]["kind"].replace("_", " ") + (f" under the {loss.replace('_', ' ')} loss" if loss else "")
    if results.race is not None:
        attrs = results.race.attrs
        count = f"{attrs['starts']:,} start{'s' * (attrs['starts'] != 1)}"
        raced = f"{count} for each optimiser, {attrs['steps']} steps, {attrs['precision']} bits"
        return f"{what}, {raced}"
    if results.runs is None and results.map is None and results.comparison is None:
        return what
    varies = results.map is not None and "learning_rate" in results.map.dims
    rate = None if varies else settings["optimizer"].get("learning_rate")
    count = sum(part["outcome"].size for part in (results.map,) if part is not None)
    count += sum(part.sizes["run"] for part in (results.runs,) if part is not None)
    count += results.comparison is not None
    return ", ".join(
        [
            what,
            settings["optimizer"]["kind"] + (f" with learning rate {rate:g}" if isinstance(rate, int | float) else ""),
            f"{count:,} run{'s' * (count != 1)} of {settings['descent']['steps']} steps",
            f"{settings['descent']['precision']} bits",
        ]
    )


def _runs(results: Results, runs: xr.Dataset) -> TextTable:
    """List each run's start and end, losses, the valleys it went through and how it ended."""
    names = runs["param"].values.tolist()
    axes = results.experiment.domain
    count = runs.sizes["run"]
    losses = {"train_loss": "train loss", "test_loss": "test loss"}
    if not results.experiment.objective.test:
        losses = {"train_loss": "loss"}
    rows = []
    for run in range(min(count, SHOWN)):
        last = int(runs["last_step"][run])
        # A run that never had a finite number has no end to show.
        ends = [(0, "start"), (max(last, 0), "end")]
        for step, label in ends:
            place = runs.isel(run=run, step=step)
            rows.append(
                (
                    *([str(run)] if count > 1 else []),
                    label,
                    str(step),
                    *(quantity(value, axis) for value, axis in zip(place["params"].values, axes, strict=True)),
                    *(figures(float(place[name])) for name in _derived(runs)),
                    *(figures(float(place[name])) for name in losses),
                    *(_decided(results.outcomes, run, label) if results.outcomes is not None else []),
                    _way(runs.isel(run=[run]), results.valleys) if label == "end" else "",
                )
            )
    columns = (
        *(["run"] if count > 1 else []),
        "",
        "step",
        *names,
        *_derived(runs),
        *losses.values(),
        *(["by rounding"] if results.outcomes is not None else []),
        "valleys",
    )
    note = f"{SHOWN} of {count} runs; all are in trajectory.csv" if count > SHOWN else ""
    return TextTable("Runs", columns, rows, note)


def _derived(runs: xr.Dataset) -> list[str]:
    measured = {"train_loss", "test_loss", "grad_norm"}
    return [
        str(name) for name, values in runs.data_vars.items() if values.dims == ("run", "step") and name not in measured
    ]


def _decided(ends: xr.Dataset, run: int, label: str) -> list[str]:
    """Tell whether rounding decided where a run ended."""
    return [("yes" if ends["rounding"][run] else "no") if label == "end" else ""]


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


def _valleys(results: Results) -> TextTable:
    valleys = results.valleys
    assert valleys is not None
    losses, barriers = valleys["loss"].values, valleys["barrier"].values
    heights = np.abs([*losses, *barriers[np.isfinite(barriers)]])
    # A minimum of zero, refined to rounding, is written as zero.
    losses = np.where(np.abs(losses) < np.finfo(float).eps * heights.max(initial=0.0), 0.0, losses)
    rows = [
        (
            f"#{int(valleys['valley'][k])}",
            valleys.attrs["names"][k] + (" (edge)" if valleys["at_edge"][k] else ""),
            figures(float(losses[k])),
            figures(float(valleys["persistence"][k])),
            figures(float(valleys["barrier"][k])),
        )
        for k in range(min(valleys.sizes["valley"], SHOWN))
    ]
    count = valleys.sizes["valley"]
    note = f"{SHOWN} of {count} valleys; all are in valleys.csv" if count > SHOWN else ""
    return TextTable("Valleys", ("", "at", "loss", "persistence", "barrier"), rows, note)


def _derailments(results: Results) -> TextTable:
    falls = results.derailments
    assert falls is not None
    assert results.valleys is not None
    names = _called(results.valleys)
    axes = results.experiment.domain
    unit = axes[0] if len(axes) == 1 else Axis("", 0, 1)
    rows = [
        (
            str(int(falls["run"][k])),
            f"{int(falls['step'][k])} → {int(falls['step'][k]) + 1}",
            f"{names[int(falls['left'][k])]} → {names[int(falls['entered'][k])]}",
            quantity(float(falls["jump"][k]), unit),
            f"{float(falls['rise'][k]):+.5f}",
            figures(float(falls["grad_norm"][k])),
        )
        for k in range(min(falls.sizes["fall"], SHOWN))
    ]
    count = falls.sizes["fall"]
    note = f"{SHOWN} of {count} derailments; all are in derailments.csv" if count > SHOWN else ""
    return TextTable("Derailments", ("run", "step", "valleys", "jump", "rise in loss", "gradient norm"), rows, note)


def _remarks(results: Results) -> list[str]:
    remarks = [] if results.runs is None else _of_runs(results, results.runs)
    remarks += [] if results.outcomes is None else outcomes.of_rounding(results.outcomes)
    remarks += [] if results.map is None else outcomes.of_map(results.map)
    remarks += [] if results.race is None else race.of_race(results, results.race)
    if results.comparison is not None:
        return remarks + compare.of_comparison(results.comparison)
    if results.valleys is None:
        remarks.append("More parameters than a grid can hold: no surface was surveyed and no valleys were sought.")
    elif not results.valleys.sizes["valley"]:
        remarks.append("The surface is constant to rounding: it has no valley.")
    else:
        remarks.append(_method(results.valleys))
        if left_out := results.valleys.attrs.get("left_out"):
            remarks.append(f"Left out: {left_out.replace(ASK, '--set valleys.persistence=0')}.")
    return remarks


def _method(valleys: xr.Dataset) -> str:
    """Say where the valleys come from, so that every number can be asked."""
    attrs, threshold = valleys.attrs, f"{valleys.attrs['threshold']:.3g}"
    least = f"; counted are those of persistence {threshold} or more" if valleys.attrs["threshold"] else ""
    if attrs["method"] == "exact":
        return f"Valleys by the exact census of |r|^{attrs['exponent']:g} with {attrs['residual']} residuals{least}."
    if attrs["method"] == "starts":
        unseen = f"an estimated {attrs['unseen']:.1%} of the start volume, and with 95 % confidence"
        most = f"{unseen} at most {attrs['unseen_bound']:.1%}"
        return f"Valleys from {attrs['starts']} starts, seed {attrs['seed']}; minima not seen have {most}."
    cells = " x ".join(map(str, attrs["points"]))
    known = "refined on the objective" if attrs["refined"] else "known to half a cell"
    return f"Valleys from a grid of {cells} points, {known}{least}."


def _of_runs(results: Results, runs: xr.Dataset) -> list[str]:
    remarks = [_fitted(results, runs)]
    for status in Status:
        chosen = np.flatnonzero(runs["status"].values == status)
        if len(chosen) and (status is not Status.MAX_STEPS or runs.sizes["run"] > 1):
            when = ""
            if status is Status.DIVERGED:
                last = int(runs["last_step"].values[chosen].min())
                when = f"{', the first' if len(chosen) > 1 else ''} after step {last}"
            name = status.name.lower().replace("_", " ").replace("max steps", "took every step")
            remarks.append(f"{_share(len(chosen), runs)} {name}{when}: {status.advice}.")
    if results.derailments is not None and results.derailments.sizes["fall"]:
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
    """Write the line that the first run ended with."""
    problem = results.experiment.problem
    if not isinstance(problem, Regression) or problem.line is None or runs.sizes["run"] != 1:
        return ""
    if runs["status"].values[0] == Status.DIVERGED:
        return ""
    last = max(int(runs["last_step"][0]), 0)
    slope, intercept = problem.line(runs["params"].values[0, last].astype(float))
    x, y = problem.labels.get("x", "x"), problem.labels.get("y", "y")
    tail = f" {'-' if intercept < 0 else '+'} {abs(float(intercept)):.4f}" if intercept != 0 else ""
    return f"Fitted line: {y} = {float(slope):.4f} {x}{tail}."
