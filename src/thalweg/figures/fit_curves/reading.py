"""What the figure of a fit's curves draws: the data, a curve for each valley, and the residuals that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import curve, extent, points
from thalweg.figures.drawing.fits import Minimum, minima_of, note_of
from thalweg.figures.drawing.marks import Series
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import count, number
from thalweg.problems.model import Curve
from thalweg.problems.problem import Problem, Regression

ALIKE = 4.0
"""Residuals of valleys share one scale unless those of one are so many times as large as another's."""

OVERSHOOT = 0.5
"""Share of the picture's height by which the best curve, between the data, may widen it."""


class Line(NamedTuple):
    """The curve of one valley.

    Attributes
    ----------
    name, label : as its panel and the legend have it
    y : (place,), its heights, those of groups one after the other; empty where the model has several inputs
    x, residual : (row,), where its residuals are drawn, and what they are
    view : of the residuals
    """

    name: str
    label: str
    look: Series
    y: np.ndarray
    x: np.ndarray
    residual: np.ndarray
    view: View


@dataclass(frozen=True, eq=False)
class Curves:
    """All that is drawn.

    Attributes
    ----------
    labels : of the two axes
    data : the rows that are drawn, by group; where the model has several inputs, x is what the best curve gives
    y : (row,), what is measured in all rows
    rows : (shown,), the places of those that are drawn
    x : (place,), where curves are drawn; empty where the model has several inputs
    lines : one a valley, the deepest first
    guess : (place,), the curve of the user's own start; empty where there is none
    across, up : views of the two axes
    unit : what residuals are counted in, as a heading
    """

    labels: tuple[str, str]
    data: list[points.Points]
    y: np.ndarray
    rows: np.ndarray
    x: np.ndarray
    lines: list[Line]
    guess: np.ndarray
    across: View
    up: View
    unit: str
    note: str

    @property
    def shown(self) -> list[points.Points]:
        """The data behind the curves; where measured values are drawn for each valley, what has uncertainties."""
        return [part for part in self.data if not self.several or part.barred]

    @property
    def measured(self) -> np.ndarray:
        """(shown,), the measured values of the rows that are drawn."""
        return self.y[self.rows]

    @property
    def several(self) -> bool:
        """Whether the model has several inputs, so that measured values are drawn against fitted ones."""
        return not self.x.size


def read(problem: Problem, fits: xr.Dataset, most: int) -> Curves:
    """Read what is drawn, refusing a problem without a curve."""
    regression, model, minima = *_curved(problem, fits), minima_of(fits, "fit_curves")
    drawn = minima[:most]
    params = np.stack([fits["position"].values[one.places[0]] for one in drawn])
    columns = list(regression.train.values())
    y = columns[len(model.inputs)]
    fitted = curve.heights(model, params, columns[: len(model.inputs)])
    residuals, unit = _residuals(regression, model, y - fitted)
    single = len(points.inputs_of(model)) == 1
    x = columns[0] if single else fitted[0]
    places, heights, across, up = _traced(model, params, _guess(fits), (x, y, fitted)) if single else _plain(y, fitted)
    views, own = _views(residuals)
    sides = [
        (one.name, _label(one, fits), one.look, heights[k], x if single else fitted[k], residuals[k], views[k])
        for k, one in enumerate(drawn)
    ]
    rows = points.chosen(x)
    return Curves(
        labels=_labels(regression, model),
        data=_data(regression, x, y, rows),
        y=y,
        rows=rows,
        x=places,
        lines=[Line(*side) for side in sides],
        guess=heights[-1] if len(heights) > len(drawn) else np.empty(0),
        across=across,
        up=up,
        unit=f"{unit}{', each on its own scale' * own}",
        note=note_of(fits, _counted(minima, most), _few(rows, x), _beyond(y, up)),
    )


def _curved(problem: Problem, fits: xr.Dataset) -> tuple[Regression, Curve]:
    """Refuse what is no curve, and valleys of another problem."""
    if not isinstance(problem, Regression) or not isinstance(problem.residual, Curve):
        raise InvalidValue(
            f"{problem.name} is no curve over data; the figure 'fit_curves' needs a problem of problems.fit"
        )
    names = fits["param"].values.tolist()
    if names != list(problem.parameters):
        raise InvalidValue(
            f"the fit has the parameters {', '.join(map(str, names))} and the problem {', '.join(problem.parameters)}; "
            "give the problem that was fitted"
        )
    return problem, problem.residual


def _residuals(problem: Regression, model: Curve, away: np.ndarray) -> tuple[np.ndarray, str]:
    """Weigh how far data lie above curves as the fit does, and say in what the residuals are counted."""
    last = list(problem.train.values())[-1]
    if model.counted:
        return away * np.sqrt(last), "residuals, times the roots of the weights"
    return (away / last, "residuals, in standard deviations") if model.weighted else (away, "residuals")


def _data(problem: Regression, x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> list[points.Points]:
    """Take the rows that are drawn, by group."""
    sigma, groups = points.sigma_of(problem), points.group_of(problem)
    part = points.Points("data", x[rows], y[rows], "", False, problem.train[sigma][rows] if sigma else None)
    return [part] if groups is None else points.grouped(part, groups[rows], points.names_of(problem))


def _labels(problem: Regression, model: Curve) -> tuple[str, str]:
    """Name the axes: the input and what is measured, or where there are several inputs what the best curve gives."""
    names = list(problem.train)
    x, y = (problem.labels.get(name, name) for name in (names[0], names[len(model.inputs)]))
    return (x, y) if len(points.inputs_of(model)) == 1 else (f"{y}, fitted", f"{y}, measured")


def _guess(fits: xr.Dataset) -> np.ndarray:
    """Find (1, param), the user's own start, or (0, param)."""
    size = fits.sizes["param"]
    return fits["own_start"].values.reshape(1, size) if "own_start" in fits else np.empty((0, size))


def _traced(
    model: Curve, params: np.ndarray, guess: np.ndarray, known: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, View, View]:
    """Trace curves over the data's x: places, heights, those of the guess last, and views of the two axes."""
    x, y, fitted = known
    across = extent.extent(x, x, extent.spread_in_decades(x))
    up = extent.extent(y, fitted[0], extent.spans_decades(y))
    frame = curve.Frame((across.low, across.high), (up.low, up.high), across.log)
    places, heights = curve.joined(*curve.traced(model, np.concatenate([params, guess]), x, frame))
    return places, heights, across, extent.widened(up, heights[0], OVERSHOOT)


def _plain(y: np.ndarray, fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray, View, View]:
    """Choose one view of what is measured and what is fitted, and no curves."""
    view = extent.extent(np.concatenate([y, fitted[0]]), fitted[0])
    return np.empty(0), np.empty((len(fitted), 0)), view, view


def _views(residuals: np.ndarray) -> tuple[list[View], bool]:
    """Choose views of residuals, (valley, row), even about 0: one for all, or one each, and tell which."""
    sizes = np.array(
        [np.abs([view.low, view.high]).max() for view in (extent.extent(one, np.zeros(1)) for one in residuals)]
    )
    own = bool(sizes.max() > ALIKE * sizes.min())
    return [View(-size, size) for size in (sizes if own else np.full(len(sizes), sizes.max())).tolist()], own


def _label(one: Minimum, fits: xr.Dataset) -> str:
    """Name a valley with its loss and share; that to which the user's own start leads is called so."""
    own = int(fits["own_valley"]) if "own_valley" in fits else -1
    yours = own >= 0 and own in fits["valley"].values[one.places]
    return f"{one.label}{', and yours' * yours}"


def _counted(minima: list[Minimum], most: int) -> str:
    if len(minima) <= most:
        return count(len(minima), "curve")
    return f"the {most} best of {count(len(minima), 'curve')}" if most > 1 else f"the best of {len(minima):,} curves"


def _few(rows: np.ndarray, x: np.ndarray) -> str:
    return f"{len(rows):,} of {len(x):,} rows drawn" if len(rows) < len(x) else ""


def _beyond(y: np.ndarray, view: View) -> str:
    outside = int((~view.shows(y)).sum())
    return f"{count(outside, 'row')} beyond {number(view.low, 2)} to {number(view.high, 2)}" if outside else ""
