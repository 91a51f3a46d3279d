"""The results as CSV tables that any program can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from thalweg.experiment.results import Results
from thalweg.study.find_derailments import locate
from thalweg.valleys.outcomes import WORDS

OUTCOME = ("outcome", "valley", "settled", "derailments", "loss", "gradient", "above", "distance", "rounding")
"""What is told of how a run ends, in this order: a store gives its arrays back in another."""


def write(results: Results, folder: Path) -> None:
    """Write the trajectories, the valleys, the passes and the derailments, each where there are any to write."""
    for file, (part, table) in TABLES.items():
        dataset = getattr(results, part)
        if dataset is not None:
            frame = table(dataset, results.valleys) if table is trajectory else table(dataset)
            frame.to_csv(folder / file, index=False, encoding="utf-8", lineterminator="\n")


def trajectory(runs: xr.Dataset, valleys: xr.Dataset | None) -> pd.DataFrame:
    """List every step of every run; ``valley`` is a number of ``valleys.csv``, empty outside every valley."""
    shape = (runs.sizes["run"], runs.sizes["step"])
    columns = {"run": np.repeat(runs["run"].values, shape[1]), "step": np.tile(runs["step"].values, shape[0])}
    columns |= _by_name(runs, runs["params"].values)
    for name, values in runs.data_vars.items():
        if values.dims == ("run", "step"):
            columns[str(name)] = values.values.ravel()
    visited = np.full(shape, -1) if valleys is None else locate(runs, valleys).values
    columns["valley"] = pd.array(visited.ravel(), dtype="Int64")
    frame = pd.DataFrame(columns)
    frame.loc[frame["valley"] == -1, "valley"] = pd.NA
    return frame


def valleys(dataset: xr.Dataset) -> pd.DataFrame:
    """List the valleys, deepest first; ``persistence`` of the deepest is infinite.

    ``width`` is how far the place may be off. Where each valley is a line through two training examples, ``through``
    and ``and`` are their numbers; where they were found from starts, ``share`` is that of the starts, ``settled`` is 0
    where a lower place may lie beside, and ``persistence_bound`` 1 where the persistence is at most what is said.
    """
    columns = {"valley": dataset["valley"].values, "name": dataset.attrs["names"]}
    columns |= _by_name(dataset, dataset["position"].values)
    variables = ("loss", "persistence", "barrier", "joins", "width", "at_edge", "plateau")
    of_starts = ("starts", "share", "share_low", "share_high", "settled", "persistence_bound", "barrier_bound")
    columns |= {name: dataset[name].values for name in variables + of_starts if name in dataset}
    if "through" in dataset:
        columns["through"], columns["and"] = dataset["through"].values.T
    return pd.DataFrame(columns)


def passes(dataset: xr.Dataset) -> pd.DataFrame:
    """List the passes, lowest first; ``merges`` is 1 for those of the merge tree."""
    columns = {"pass": np.arange(dataset.sizes["pass"]), **_by_name(dataset, dataset["pass_position"].values)}
    columns["loss"] = dataset["pass_loss"].values
    columns["between"], columns["and"] = dataset["pass_between"].values.T
    columns["merges"] = dataset["pass_merges"].values
    return pd.DataFrame(columns)


def derailments(dataset: xr.Dataset) -> pd.DataFrame:
    """List the derailments by run and step, valleys by number and by name."""
    names = np.array(dataset.attrs["names"], dtype=object)
    columns = {name: dataset[name].values for name in ("run", "step", "left", "entered")}
    columns |= {f"{name}_name": names[dataset[name].values] for name in ("left", "entered")}
    columns |= {name: dataset[name].values for name in ("jump", "rise", "grad_norm")}
    return pd.DataFrame(columns)


def race(ran: xr.Dataset) -> pd.DataFrame:
    """List the optimisers, the most successful first; ``behind`` is the difference to that one, on the same starts."""
    order = np.argsort(-ran["success"].values, kind="stable")
    columns = {"name": np.array(ran.attrs["names"], dtype=object), "settings": ran.attrs["optimizer"]}
    columns |= {str(name): values.values for name, values in ran.data_vars.items() if values.dims == ("optimizer",)}
    columns |= {f"settled_{one:g}": ran["settled"].sel(quantile=one).values for one in ran["quantile"].values.tolist()}
    first = ran.isel(optimizer=order[0])
    columns |= {f"behind{end}": first[f"difference{end}"].values for end in ("", "_low", "_high")}
    return pd.DataFrame(columns).iloc[order]


def comparison(compared: xr.Dataset) -> pd.DataFrame:
    """List the frameworks: where each parts from the reference and why; a step of -1 is none."""
    attributes = {"name": "names", "version": "versions", "backend": "backends", "idiom": "idioms", "cause": "causes"}
    columns = {column: compared.attrs[name] for column, name in attributes.items()}
    measured = {
        str(name): values.values for name, values in compared.data_vars.items() if values.dims == ("framework",)
    }
    return pd.DataFrame(columns | measured | {"explanation": compared.attrs["sentences"]})


def outcomes(ends: xr.Dataset) -> pd.DataFrame:
    """List how each run ended; ``valley`` is a number of ``valleys.csv``, ``rounding`` 1 where rounding decided it."""
    lone = {name: ends[name].values for name in OUTCOME if name in ends}
    frame = pd.DataFrame({"run": ends["run"].values, **lone, **_by_name(ends, ends["place"].values)})
    frame["outcome"] = [ends.attrs["names"][end] if end >= 0 else WORDS[end] for end in frame["outcome"]]
    frame["valley"] = frame["valley"].astype("Int64").mask(frame["valley"] < 0)
    return frame


def _by_name(dataset: xr.Dataset, places: np.ndarray) -> dict[str, np.ndarray]:
    """Give the columns of places (…, param), by the names of the parameters."""
    return {name: places[..., k].ravel() for k, name in enumerate(dataset["param"].values.tolist())}


def phases(dataset: xr.Dataset) -> pd.DataFrame:
    """List how many valleys there are, for every exponent and every noise; ``exact`` is 1 where by theorem."""
    exponent, noise = np.meshgrid(dataset["exponent"].values, dataset["noise"].values, indexing="ij")
    counts = {name: dataset[name].transpose("exponent", "noise").values.ravel() for name in ("valleys", "exact")}
    return pd.DataFrame({"exponent": exponent.ravel(), "noise": noise.ravel(), **counts})


def fits(dataset: xr.Dataset) -> pd.DataFrame:
    """List the valleys of a fit, the best one first: parameters, each with its standard error, and what is told of it.

    ``twin`` is the first valley with the same curve, ``open`` how many directions the data leave open.
    """
    columns = {"valley": dataset["valley"].values}
    columns |= _by_name(dataset, dataset["position"].values)
    for name in ("error", "error_absolute"):
        if name in dataset:
            columns |= {f"{name}_{key}": values for key, values in _by_name(dataset, dataset[name].values).items()}
    columns |= {
        str(name): values.values
        for name, values in dataset.data_vars.items()
        if values.dims == ("valley",) and name not in ("plateau", "width")
    }
    return pd.DataFrame(columns | {"remark": dataset.attrs["outcomes"]})


def ends(dataset: xr.Dataset) -> pd.DataFrame:
    """List from where every start began, where it ended and with what loss; ``valley`` is one of ``fit.csv``."""
    columns = {f"start_{key}": values for key, values in _by_name(dataset, dataset["start_position"].values).items()}
    columns |= _by_name(dataset, dataset["end_position"].values)
    frame = pd.DataFrame(columns | {"loss": dataset["end_loss"].values, "valley": dataset["start_valley"].values})
    frame["valley"] = frame["valley"].astype("Int64").mask(frame["valley"] < 0)
    return frame


def intervals(dataset: xr.Dataset) -> pd.DataFrame:
    """List the profile-likelihood intervals."""
    columns = {"parameter": dataset["interval"].values, "low": dataset["low"].values, "high": dataset["high"].values}
    return pd.DataFrame(columns | {"confidence": dataset.attrs["confidence"]})


def models(dataset: xr.Dataset) -> pd.DataFrame:
    """List the models of the same data."""
    names = dataset["model"].values
    return pd.DataFrame({"model": names} | {str(name): values.values for name, values in dataset.data_vars.items()})


TABLES: Mapping[str, tuple[str, Callable[..., pd.DataFrame]]] = {
    "trajectory.csv": ("runs", trajectory),
    "valleys.csv": ("valleys", valleys),
    "passes.csv": ("valleys", passes),
    "derailments.csv": ("derailments", derailments),
    "outcomes.csv": ("outcomes", outcomes),
    "race.csv": ("race", race),
    "compare.csv": ("comparison", comparison),
    "phases.csv": ("phases", phases),
    "fit.csv": ("fit", fits),
    "ends.csv": ("fit", ends),
    "intervals.csv": ("intervals", intervals),
    "models.csv": ("models", models),
}
"""Files, each with the part of the results that it lists and what makes its table."""
