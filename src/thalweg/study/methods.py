"""How valleys are candidates: on a grid, exactly, or from many starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.descent.grid import evaluate
from thalweg.descent.starts import Sobol, uniform
from thalweg.losses.objective import Objective
from thalweg.problems.domain import Domain
from thalweg.problems.problem import Regression
from thalweg.study.survey import domain_of
from thalweg.valleys.derailments import LONE
from thalweg.valleys.exact import affine, census, theorem
from thalweg.valleys.grid import refine, topology
from thalweg.valleys.landscape import Landscape, Minima, Passes, arrange
from thalweg.valleys.shares import named, wilson
from thalweg.valleys.starts import multistart
from thalweg.valleys.tree import OUTSIDE, ROUNDING, MergeTree

SHARE = LONE
"""Usual threshold of persistence on a grid, as a share of the median height of the surface above its lowest point."""

RELIEF = 1024
"""Places from which the height of a surface is told where no grid is."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """All minima that may be valleys, by one of the methods; those whose persistence reaches a threshold are.

    Attributes
    ----------
    landscape : minima and passes in order, with their merge tree
    domain : of the parameters
    usual, least : the usual threshold of persistence, and the lowest that makes sense
    basins : makes the variables that tell which valley a place lies in, from the new numbers of the minima
    coords : of these variables
    attrs : the method and what it depends on
    """

    landscape: Landscape
    domain: Domain
    usual: float
    least: float
    basins: Callable[[np.ndarray], dict[str, Any]]
    attrs: dict[str, Any]
    coords: dict[str, Any] = field(default_factory=dict)


def by_grid(objective: Objective | None, surface: xr.Dataset) -> Candidates:
    """Find what a grid holds; with an objective, places and heights are refined on it."""
    values = surface["train_loss"]
    domain, heights = domain_of(values), values.values.astype(np.float64)
    places = [surface.coords[name].values for name in domain.names]
    grid = topology.analyse(heights, domain.periodic)
    landscape, number = _of_grid(grid, heights, places, domain), np.arange(len(grid.minima))
    if objective is not None:
        landscape, number = _polished(objective, landscape, domain, places)

    def basins(renumber: np.ndarray) -> dict[str, Any]:
        valley = renumber[np.append(number, -1)]
        return {"basin": (domain.names, valley[grid.basins].astype(np.int32))}

    attrs = {
        "method": "grid",
        "points": list(heights.shape),
        "refined": int(objective is not None),
        "relief": _relief(heights),
    }
    coords = {name: surface.coords[name] for name in domain.names}
    return Candidates(landscape, domain, *_thresholds(heights, values.dtype), basins, attrs, coords)


def exactly(objective: Objective) -> Candidates:
    """Find every minimum by theorem."""
    problem, p = known_exactly(objective)
    return _pairs(objective, problem, p) if problem.model == "affine" else _around(objective, problem, p)


def known_exactly(objective: Objective) -> tuple[Regression, float]:
    """Refuse what has no exact census, before any work on it; returns the problem and the exponent of its loss."""
    problem, loss = objective.problem, objective.loss
    if not isinstance(problem, Regression) or not (problem.model and problem.distance) or loss is None:
        raise InvalidValue(f"{problem.name} has no exact census: it needs a straight line; use method = 'grid'")
    p = theorem.exponent(loss, model=problem.model, residual=problem.distance)
    if problem.model == "affine":
        affine.check(*objective.train)
    return problem, p


def _around(objective: Objective, problem: Regression, p: float) -> Candidates:
    """List the minima of a line through the origin, whose angle lies on a circle."""
    (x, y), residual = objective.train, problem.distance
    exact = census.through_origin(x, y, p, residual=residual)
    (axis,) = problem.domain
    count = len(exact.depths)
    minima = Minima(exact.minima, exact.depths, np.zeros(count), np.zeros(count, bool), np.ones(count, np.int64))
    by_angle = np.argsort(exact.minima[:, 0])
    passes = np.sort(exact.passes[:, 0])
    if residual == "vertical" or not len(passes):
        edges, owners = np.append(axis.low, passes), by_angle
    else:
        after = np.searchsorted(exact.minima[by_angle, 0], passes) % count
        edges, owners = passes, by_angle[after]

    def basins(renumber: np.ndarray) -> dict[str, Any]:
        return {"stretch_from": ("stretch", edges), "stretch_valley": ("stretch", renumber[owners].astype(np.int32))}

    attrs = {"method": "exact", "exponent": p, "residual": residual, "same_line": float(exact.same)}
    arranged = Landscape(minima, Passes(exact.passes, exact.heights, exact.between), exact.tree)
    return Candidates(arranged, problem.domain, 0.0, 0.0, basins, attrs)


def from_starts(objective: Objective, starts: Sobol) -> Candidates:
    """Find what many starts flow to, in any dimension, and the minima that the problem is known to have."""
    domain = objective.problem.domain
    places = multistart.design(domain, starts.count, starts.seed)
    low, high = domain.bounds
    known = np.array([minimum.position for minimum in objective.problem.minima]).reshape(-1, len(domain))
    known = known[((known >= low) & (known <= high)).all(axis=1)]
    found = multistart.explore(objective, places, known)
    return explored(objective, places, found, {"method": "starts", "seed": starts.seed})


def from_places(objective: Objective, places: np.ndarray, attrs: dict[str, Any]) -> Candidates:
    """Find what given places, inside the domain, flow to; their shares mean something where they are spread evenly."""
    return explored(objective, places, multistart.explore(objective, places), attrs)


def explored(
    objective: Objective, places: np.ndarray, explored: multistart.Exploration, attrs: dict[str, Any]
) -> Candidates:
    """Make candidates of the minima that places lead to, by whatever search."""
    domain, of = objective.problem.domain, len(places)
    count = len(explored.depth)
    low, high = domain.bounds
    edge = ((explored.position == low) | (explored.position == high)).any(axis=1)
    width = np.full(count, multistart.SAME * domain.lengths.max())
    minima = Minima(explored.position, explored.depth, width, edge, np.ones(count, np.int64))
    routes = explored.routes
    passes = Passes(routes.place, routes.height, np.asarray(routes.between, dtype=np.int64), ~routes.converged)

    def shares(renumber: np.ndarray) -> dict[str, Any]:
        basin = renumber[explored.basin]
        counts = np.bincount(basin[basin >= 0], minlength=int(renumber.max()) + 1)
        part = named("share", wilson(counts, of))
        # The first of those that joined to one valley is its minimum.
        numbers, first = np.unique(renumber[:-1], return_index=True)
        return {
            "starts": ("valley", counts),
            **{name: ("valley", values) for name, values in part.items()},
            "settled": ("valley", explored.rested[first[numbers >= 0]].astype(np.int8)),
            "start_position": (("start", "param"), places),
            "start_valley": ("start", basin.astype(np.int32)),
        }

    attrs = attrs | {
        "starts": of,
        "unseen": explored.unseen.share,
        "unseen_error": explored.unseen.error,
        "unseen_bound": explored.unseen.bound,
        "settled": float(explored.settled.mean()),
    }
    return Candidates(Landscape(minima, passes, explored.tree), domain, explored.rise, explored.rise, shares, attrs)


def _pairs(objective: Objective, problem: Regression, p: float) -> Candidates:
    """List the minima of a line with intercept, each through two data points; how they join is not known."""
    x, y = objective.train
    lines = affine.pair_lines(x, y, p, center=problem.center)
    count = len(lines.depths)
    unknown, nobody = np.full(count, np.nan), np.full(count, OUTSIDE)
    minima = Minima(lines.minima, lines.depths, np.zeros(count), np.zeros(count, bool), np.ones(count, np.int64))
    passes = Passes(np.empty((0, 2)), np.empty(0), np.empty((0, 2), dtype=np.int64))
    arranged = Landscape(minima, passes, MergeTree(unknown, np.arange(count), nobody))

    def through(renumber: np.ndarray) -> dict[str, Any]:
        return {"through": (("valley", "end"), lines.pairs[renumber[:-1] >= 0])}

    attrs = {"method": "exact", "exponent": p, "residual": problem.distance}
    return Candidates(arranged, problem.domain, 0.0, 0.0, through, attrs)


def _of_grid(grid: topology.Topology, heights: np.ndarray, places: list[np.ndarray], domain: Domain) -> Landscape:
    def position(cells: np.ndarray) -> np.ndarray:
        index = np.unravel_index(cells, heights.shape)
        return np.stack([along[i] for along, i in zip(places, index, strict=True)], axis=-1)

    index = np.unravel_index(grid.minima, heights.shape)
    edge = np.zeros(len(grid.minima), dtype=bool)
    for i, along, axis in zip(index, places, domain, strict=True):
        edge |= ((i == 0) | (i == len(along) - 1)) & (not axis.periodic)
    half = max((along[1] - along[0]) / 2 for along in places)
    width = np.full(len(grid.minima), half)
    minima = Minima(position(grid.minima), heights.ravel()[grid.minima], width, edge, grid.plateau)
    passes = Passes(position(grid.passes.cell), grid.passes.height, grid.passes.between)
    return Landscape(minima, passes, grid.tree)


def _polished(
    objective: Objective, landscape: Landscape, domain: Domain, places: list[np.ndarray]
) -> tuple[Landscape, np.ndarray]:
    about = {"domain": domain, "spacing": np.array([along[1] - along[0] for along in places])}
    columns, example = objective.train, objective.example
    if not len(landscape.minima.depths):
        return landscape, np.empty(0, dtype=np.int64)
    better, index = refine.refine_minima(example, columns, positions=landscape.minima.positions, **about)
    first = np.unique(index, return_index=True)[1]
    width = np.where(better.kind == "grid", landscape.minima.width[first], better.bracket.max(axis=1))
    edge = (better.kind == "edge") | ((better.kind == "grid") & landscape.minima.at_edge[first])
    minima = Minima(better.position, better.value, width, edge, landscape.minima.plateau[first])
    passes = landscape.passes
    apart = index[passes.between[:, 0]] != index[passes.between[:, 1]]
    passes = Passes(passes.positions[apart], passes.heights[apart], index[passes.between[apart]])
    if len(passes.heights):
        ends = better.position[passes.between]
        saddles = refine.refine_passes(example, columns, positions=passes.positions, between=ends, **about)
        # A pass that keeps its cell, or a cusp, is never below the minima that it joins.
        height = np.maximum(saddles.value, better.value[passes.between].max(axis=1))
        passes = Passes(saddles.position, height, passes.between)
    arranged, order = arrange(minima, passes)
    return arranged, order[index]


def _thresholds(heights: np.ndarray, dtype: np.dtype) -> tuple[float, float]:
    """Choose the usual threshold and the least; infinite, and so no valley, where all heights are equal to rounding."""
    finite = heights[np.isfinite(heights)]
    if not finite.size:
        return np.inf, np.inf
    # Not the largest height: a pole would call everything rounding.
    rounding = float(ROUNDING * np.finfo(dtype).eps * np.quantile(np.abs(finite), 0.9))
    if np.ptp(finite) <= rounding:
        return np.inf, np.inf
    return max(SHARE * _relief(heights), rounding), rounding


def relief_above(objective: Objective, depth: float) -> float:
    """Give the median height of a surface above its lowest minimum, from a thousand places drawn from its domain."""
    heights = evaluate(objective.example, objective.train, uniform(objective.problem, RELIEF))
    finite = heights[np.isfinite(heights)]
    return float(np.median(finite) - depth) if finite.size else np.inf


def _relief(heights: np.ndarray) -> float:
    """Give the median height above the lowest point."""
    finite = heights[np.isfinite(heights)]
    return float(np.median(finite) - np.min(finite)) if finite.size else np.inf
