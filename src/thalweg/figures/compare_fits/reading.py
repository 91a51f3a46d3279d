"""What the figure of several fits draws: a column of valleys for each, what joins them, and the best curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.figures.drawing import curve, extent, points, scale
from thalweg.figures.drawing.fits import Minimum, minima_of
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import count, subject
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.model import Curve
from thalweg.problems.problem import Problem, Regression
from thalweg.study.find_valleys import domain_of_valleys

NEAR = 0.2
"""Valleys are joined if they lie no farther apart than this share of the ranges, in the root of the mean square."""

CELLS = 40
"""Valleys in one of so many parts of a parameter's axis are not seen apart along it."""


class Column(NamedTuple):
    """The valleys of one fit: distinct curves, deepest first, and their places along the parameter, in shown units."""

    name: str
    minima: list[Minimum]
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class Curves:
    """The best curve of each fit over the data; ``x`` and ``heights`` hold one array a fit."""

    data: list[points.Points]
    labels: tuple[str, str]
    across: View
    up: View
    x: list[np.ndarray]
    heights: list[np.ndarray]


@dataclass(frozen=True, eq=False)
class Compared:
    """All that is drawn.

    Attributes
    ----------
    scale, view : of the parameter
    columns : one a fit
    joined : (line, 2), places of the two valleys in their columns, and of which columns, ``between`` (line,)
    curves : None where no problem is given
    """

    scale: Scale
    view: View
    columns: list[Column]
    joined: np.ndarray
    between: np.ndarray
    curves: Curves | None
    note: str

    @property
    def lines(self) -> np.ndarray:
        """(line, end, 2), what joins valleys, on the picture."""
        ends = [
            [(k, self.columns[k].places[one]), (k + 1, self.columns[k + 1].places[other])]
            for k, (one, other) in zip(self.between.tolist(), self.joined.tolist(), strict=True)
        ]
        return np.array(ends, dtype=np.float64).reshape(-1, 2, 2)


def read(fits: Mapping[str, xr.Dataset], problem: Problem | Mapping[str, Problem] | None, along: str) -> Compared:
    """Read what is drawn, refusing fits that have nothing in common."""
    if not fits:
        raise InvalidValue("fits names none; give some by name")
    minima = {name: minima_of(one, "compare_fits") for name, one in fits.items()}
    axes = _common(fits)
    units = _places(fits, minima, axes)
    k = _chosen(units, axes) if not along else _named(along, axes)
    shown = scale.of_axis(axes[k])
    columns = [Column(name, minima[name], shown.wrapped(part[:, k])) for name, part in units.items()]
    pairs = [
        _nearest(one, other, axes)
        for one, other in zip(list(units.values())[:-1], list(units.values())[1:], strict=True)
    ]
    attrs = {key: value for key, value in next(iter(fits.values())).attrs.items() if key != "loss"}
    return Compared(
        scale=shown,
        view=_view(np.concatenate([column.places for column in columns]), axes[k], shown),
        columns=columns,
        joined=np.concatenate([np.empty((0, 2), int), *pairs]),
        between=np.repeat(np.arange(len(pairs)), [len(pair) for pair in pairs]),
        curves=None if problem is None else _curves(fits, problem),
        note=f"{subject(attrs)} · {count(len(fits), 'fit')}",
    )


def _common(fits: Mapping[str, xr.Dataset]) -> list[Axis]:
    """Find the parameters of all fits, as the first has them."""
    shared = set.intersection(*(set(one["param"].values.tolist()) for one in fits.values()))
    axes = [axis for axis in domain_of_valleys(next(iter(fits.values()))) if axis.name in shared]
    if not axes:
        raise InvalidValue(f"the fits {', '.join(fits)} have no parameter in common; give fits that share one at least")
    return axes


def _places(
    fits: Mapping[str, xr.Dataset], minima: Mapping[str, list[Minimum]], axes: list[Axis]
) -> dict[str, np.ndarray]:
    """Find (minimum, axis) for each fit; of twins the one that lies nearest to a valley of the fit before."""
    found: dict[str, np.ndarray] = {}
    before: np.ndarray | None = None
    for name, one in fits.items():
        positions = one["position"].sel(param=[axis.name for axis in axes]).values
        chosen = []
        for minimum in minima[name]:
            twins = positions[minimum.places]
            near = 0 if before is None else int(np.argmin(_distances(twins, before, axes).min(axis=1)))
            chosen.append(twins[near])
        before = found[name] = np.array(chosen)
    return found


def _distances(one: np.ndarray, other: np.ndarray, axes: list[Axis]) -> np.ndarray:
    """Measure (one, other), how far places lie apart as a share of the ranges; on a circle the shorter way."""
    way = np.abs(Domain(axes).difference(one[:, None], other[None]))
    for k, axis in enumerate(axes):
        if axis.log and min(one[:, k].min(), other[:, k].min()) > 0:
            way[..., k] = np.abs(np.log(one[:, None, k] / other[None, :, k])) / np.log(axis.high / axis.low)
        else:
            way[..., k] /= axis.length
    return np.sqrt((way**2).mean(axis=-1))


def _nearest(one: np.ndarray, other: np.ndarray, axes: list[Axis]) -> np.ndarray:
    """Pair places that are each other's nearest, (pair, 2)."""
    away = _distances(one, other, axes)
    ahead, back = away.argmin(axis=1), away.argmin(axis=0)
    own = np.arange(len(one))
    mutual = own[(back[ahead] == own) & (away[own, ahead] <= NEAR)]
    return np.stack([mutual, ahead[mutual]], axis=-1)


def _chosen(units: Mapping[str, np.ndarray], axes: list[Axis]) -> int:
    """Choose the parameter along which most valleys are seen apart; of several the one that spreads them most."""
    scores = []
    for k, axis in enumerate(axes):
        shown = scale.of_axis(axis)
        view = _view(shown.wrapped(np.concatenate([part[:, k] for part in units.values()])), axis, shown)
        places = [view.fraction(shown.wrapped(part[:, k])) for part in units.values()]
        apart = sum(len(np.unique(np.floor(CELLS * place))) for place in places)
        scores.append((apart, float(np.concatenate(places).std())))
    return max(range(len(axes)), key=lambda k: scores[k])


def _named(along: str, axes: list[Axis]) -> int:
    names = [axis.name for axis in axes]
    if along not in names:
        raise UnknownName.of("parameter", along, names)
    return names.index(along)


def _view(places: np.ndarray, axis: Axis, shown: Scale) -> View:
    if axis.periodic:
        return View(shown.low, shown.high)
    log = axis.log and bool(places.min() > 0) and places.max() > 10 * places.min()
    return extent.stretched(extent.extent(places, places, log), 0.05)


def _curves(fits: Mapping[str, xr.Dataset], problem: Problem | Mapping[str, Problem]) -> Curves:
    """Trace the best curve of each fit over the data of the first problem."""
    given = dict.fromkeys(fits, problem) if isinstance(problem, Problem) else problem
    models = [_model(name, given, one) for name, one in fits.items()]
    first = models[0]
    parts = points.points_of(first)
    x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in "xy")
    across = extent.extent(x, x, extent.spread_in_decades(x))
    up = extent.extent(y, y[:0], extent.spans_decades(y))
    frame = curve.Frame((across.low, across.high), (up.low, up.high), across.log)
    places, heights = [], []
    for regression, one in zip(models, fits.values(), strict=True):
        assert isinstance(regression.residual, Curve)
        at, line = curve.joined(*curve.traced(regression.residual, one["position"].values[:1], x, frame))
        places.append(at)
        heights.append(line[0])
    return Curves(parts, points.labels_of(first), across, up, places, heights)


def _model(name: str, given: Mapping[str, Problem], fits: xr.Dataset) -> Regression:
    if name not in given:
        raise UnknownName.of("problem", name, list(given))
    regression = points.with_data(given[name], "compare_fits")
    if not isinstance(regression.residual, Curve):
        raise InvalidValue(
            f"{regression.name} is no curve over data; the curves of 'compare_fits' need problems of problems.fit"
        )
    names = fits["param"].values.tolist()
    if names != list(regression.parameters):
        raise InvalidValue(
            f"the fit {name!r} has the parameters {', '.join(map(str, names))} and the problem "
            f"{', '.join(regression.parameters)}; give the problem that was fitted, or one for each by the same names"
        )
    return regression
