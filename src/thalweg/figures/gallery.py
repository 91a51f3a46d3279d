"""Every figure that suits some results, in the order in which one looks at them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.experiment.fitted import parted
from thalweg.experiment.results import Results
from thalweg.figures.barcode import barcode
from thalweg.figures.basins import basins
from thalweg.figures.compare import compare
from thalweg.figures.crown import crown
from thalweg.figures.data import data
from thalweg.figures.drawing.points import columns_of
from thalweg.figures.drawing.rivals import NamedOrOne
from thalweg.figures.figure import Figure
from thalweg.figures.fit import fit
from thalweg.figures.fit_curves import fit_curves
from thalweg.figures.fit_pairs import fit_pairs
from thalweg.figures.loss import loss
from thalweg.figures.merge_tree import merge_tree
from thalweg.figures.outcome_map import outcome_map
from thalweg.figures.parameter import parameter
from thalweg.figures.phase_diagram import phase_diagram
from thalweg.figures.plane import plane
from thalweg.figures.profile import profile
from thalweg.figures.profile_likelihood import profile_likelihood
from thalweg.figures.race import race
from thalweg.figures.waterfall import waterfall
from thalweg.problems.model import Curve
from thalweg.problems.problem import Problem, Regression
from thalweg.study.survey import domain_of

SPARSE = 0.2
"""Share of the runs of a map that end on a floor, below which its first picture is that of their basins."""


@public
def gallery(results: Results, *, run: int = 0) -> list[Figure]:
    """Choose and describe every figure that suits the results of an experiment; none is drawn yet.

    A surface of one parameter is drawn in profile, one of two as a plane; data need columns x and y, a fit a model that
    is a straight line, a barcode and a merge tree at least two valleys. Of a run that is not finite even at its start
    nothing is drawn. Without runs the surface is drawn by basin too.

    Parameters
    ----------
    results : of an experiment; what is None is not drawn
    run : place of the run that is drawn

    Returns
    -------
    list of Figure
        In the order in which one looks at them.

    Examples
    --------
    >>> from thalweg.experiment import experiment, results
    >>> done = results.perform(experiment.build({"problem": {"kind": "himmelblau"}, "descent": {"steps": 10}}))
    >>> [figure.name for figure in gallery(done)]
    ['plane', 'barcode', 'merge_tree', 'loss', 'parameter']
    """
    problem, runs, surface, valleys = results.experiment.problem, results.runs, results.surface, results.valleys
    by_basin = [] if runs is not None or surface is None or valleys is None else _by_basin(surface, valleys)
    if runs is not None and int(runs["last_step"].values[run]) < 0:
        runs = None
    fitted = _of_fit(problem, results.fit)
    figures = [
        *([] if results.race is None else [race(results.race)]),
        *([] if results.comparison is None else [compare(results.comparison)]),
        *([] if results.phases is None else [phase_diagram(results.phases)]),
        *_of_map(results.map),
        *_of_surface(surface, runs, valleys, run),
        *by_basin,
        *fitted,
        *_of_intervals(results.intervals),
        *_of_valleys(valleys),
        *([] if fitted and runs is None else _of_data(problem, runs, run)),
        *([] if runs is None else [loss(runs, valleys, run=run), parameter(runs, valleys, run=run)]),
    ]
    return [replace(figure, shown=results.experiment.figures) for figure in figures]


def together(several: Mapping[str, Results]) -> list[Figure]:
    """Choose the figures in which several runs are drawn, the first of each results, on the surface that they share."""
    first = next(iter(several.values()))
    runs = {name: results.runs for name, results in several.items() if results.runs is not None}
    # Valleys that runs lead to are those of one of the results.
    valleys = None if first.valleys is None or first.valleys.attrs["method"] == "runs" else first.valleys
    fitted = _of_data(first.experiment.problem, runs, 0)[1:]  # of the data alone no run says anything
    against_step = [loss(runs, valleys), parameter(runs, valleys)]
    figures = [*_of_surface(first.surface, runs, valleys, 0), *fitted, *against_step]
    return [replace(figure, shown=first.experiment.figures) for figure in figures]


def _of_map(chart: xr.Dataset | None) -> list[Figure]:
    """Colour a map by all that it holds, the richest first.

    Where so few runs end on a floor that nearly all would be black, that is by the basin in which they end.
    """
    if chart is None:
        return []
    colours = ("settled", "outcome", "derailments", "rounding")
    sparse = bool((chart["outcome"].values >= 0).mean() < SPARSE) and "valley" in chart
    first = [outcome_map(chart, colour="valley")] if sparse else []
    return [*first, *(outcome_map(chart, colour=c) for c in colours if c in chart)]


def _of_surface(surface: xr.Dataset | None, runs: NamedOrOne, valleys: xr.Dataset | None, run: int) -> list[Figure]:
    if surface is None or not np.isfinite(surface["train_loss"].values).any():
        return []
    domain = domain_of(surface["train_loss"])
    if len(domain) == 1 and domain[0].periodic:
        return [draw(surface, runs, valleys, run=run) for draw in (crown, profile)]
    draw = {1: profile, 2: plane}.get(len(domain))
    return [draw(surface, runs, valleys, run=run)] if draw else []


def _by_basin(surface: xr.Dataset, valleys: xr.Dataset) -> list[Figure]:
    """Colour the basins where they are known: on a grid, or along one axis."""
    known = "basin" in valleys or "stretch_from" in valleys
    finite = np.isfinite(surface["train_loss"].values).any()
    return [basins(surface, None, valleys)] if known and finite and valleys.sizes["param"] <= 2 else []


def _of_valleys(valleys: xr.Dataset | None) -> list[Figure]:
    if valleys is None or valleys.sizes["valley"] < 2 or np.isnan(valleys["persistence"].values).any():
        return []
    return [barcode(valleys), merge_tree(valleys)]


def _of_data(problem: Problem, runs: NamedOrOne, run: int) -> list[Figure]:
    if not isinstance(problem, Regression) or columns_of(problem) is None:
        return []
    drawn = problem.line is not None or isinstance(problem.residual, Curve)
    fitted = [fit(problem, runs, run=run)] if drawn and runs is not None else []
    return [data(problem), *fitted]


def _of_intervals(intervals: xr.Dataset | None) -> list[Figure]:
    """Draw the profile of each parameter whose interval was sought, in a file of its own."""
    if intervals is None:
        return []
    drawn = {name: profile_likelihood(one) for name, one in parted(intervals).items()}
    plain = {name: re.sub(r"\W", "_", name) for name in drawn}
    return [replace(figure, name=f"{figure.name}_{k}_{plain[name]}") for k, (name, figure) in enumerate(drawn.items())]


def _of_fit(problem: Problem, fits: xr.Dataset | None) -> list[Figure]:
    """Draw a fit: its curves over the data, where all starts end, the parameters there, and how the valleys join."""
    if fits is None or not fits.sizes["valley"]:
        return []
    curved = isinstance(problem, Regression) and isinstance(problem.residual, Curve)
    ended = np.isfinite(fits["end_loss"].values).any()
    return [
        *([fit_curves(problem, fits)] if curved else []),
        *([waterfall(fits), fit_pairs(fits)] if ended else []),
        *([merge_tree(fits)] if fits.sizes["valley"] > 1 and not np.isnan(fits["persistence"].values).any() else []),
    ]
