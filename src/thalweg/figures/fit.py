"""The fitted line or curve over the data, from the start of a run to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import to_hex

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.figures.drawing import canvas, curve, extent, points, rivals, style, together, web
from thalweg.figures.drawing.marks import Steps
from thalweg.figures.drawing.rivals import Rival
from thalweg.figures.drawing.run import DrawnRun, run_of
from thalweg.figures.drawing.span import lines_inside
from thalweg.figures.drawing.wording import heading, number
from thalweg.figures.figure import Figure, figure_of
from thalweg.problems.model import Curve
from thalweg.problems.problem import Problem, Regression
from thalweg.store.kinds import NamedRuns

BETWEEN = 24
"""Lines drawn at most between the first step and the last."""

FAINT = "#aab0b8"
"""Data behind the lines."""

PLACES = 2000
"""Places at which a curve is drawn at most."""

MARGIN = 0.04
"""Room around all data, as a share of their box."""

MARKED = np.array([0.2, 0.5, 0.8])
"""Where along its line one of several runs has its mark: they tell the lines apart in grey print."""


@dataclass(frozen=True, eq=False)
class _Fit:
    problem: Regression
    parts: list[points.Points]
    low: np.ndarray
    high: np.ndarray
    step: np.ndarray
    segments: np.ndarray
    told: list[str]
    note: str
    lost: bool

    @property
    def kind(self) -> str:
        """What is drawn."""
        return "line" if self.problem.line else "curve"

    @property
    def steps(self) -> Steps:
        """How steps are coloured."""
        return Steps(0, int(self.step[-1]))

    def name(self, k: int) -> str:
        """Name one line, saying so where it does not cross the data's box."""
        outside = ", outside the picture" if np.isnan(self.segments[k][:, 1]).all() else ""
        lost = ", then diverged" if self.lost and k else ""
        return f"{'start' if k == 0 else f'step {self.step[k]}'}{lost}{outside}"


@public
def fit(problem: Problem, runs: NamedRuns, *, run: int = 0) -> Figure:
    """Draw a run's line or curve over the test data: at the start, on the way, and at the last finite step.

    Straight lines are cut to the box of all data, however steep they are; curves are drawn over the data's x. Without
    test data, all data are drawn. The last line of a run that diverged is no fit: it is drawn thin and gray, and the
    title says so. Of several runs by name the last line of each is drawn, in a colour of its own.

    Parameters
    ----------
    problem : a regression whose model is a straight line, or a curve of one column made by :func:`problems.fit`
    runs : from :func:`thalweg.descend`; or several of them by name, such as those of several optimisers
    run : place of the run, of each

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the model is neither a straight line nor such a curve, or there is no such run.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), steps=10)
    >>> fit(objective.problem, runs).title
    'The fitted line'
    """
    regression = points.with_data(problem, "fit")
    if regression.line is None and not isinstance(regression.residual, Curve):
        raise InvalidValue(
            f"the model of {problem.name} is no straight line and no curve of problems.fit; the figure 'fit' needs one"
        )
    kind = "line" if regression.line else "curve"
    if not isinstance(runs, xr.Dataset):
        several = _several(regression, runs, run)
        return figure_of("fit", f"The fitted {kind}s", several.caption, several, _static_several, _interactive_several)
    drawn_run = run_of(runs, run)
    fitted = _fit(regression, drawn_run, f"{heading(runs.attrs)} · {drawn_run.story}")
    title = f"The {kind} of a run that diverged" if fitted.lost else f"The fitted {kind}"
    return figure_of("fit", title, _caption(fitted, drawn_run), fitted, _static, _interactive)


def _fit(problem: Regression, run: DrawnRun, note: str) -> _Fit:
    parts, logs = points.points_of(problem), points.decades_of(problem)
    data = [np.concatenate([getattr(part, name) for part in parts]) for name in "xy"]
    views = [extent.around(values, MARGIN, log) for values, log in zip(data, logs, strict=True)]
    low, high = np.array([view.low for view in views]), np.array([view.high for view in views])
    chosen = np.unique(np.linspace(0, run.last, BETWEEN + 2).round().astype(int))
    make = _lines if problem.line else _curves
    segments, told = make(problem, run.params[chosen], low, high)
    return _Fit(problem, points.shown_of(problem), low, high, chosen, segments, told, note, run.lost)


def _lines(problem: Regression, params: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Cut straight lines to the box, (line, end, 2), and tell slope and intercept of each."""
    assert problem.line
    with computing(64):
        lines = np.array([problem.line(each) for each in params], dtype=np.float64)
    told = [f"slope {number(slope)} and intercept {number(intercept)}" for slope, intercept in lines]
    slopes, intercepts = lines.T
    return lines_inside(slopes, intercepts, low, high), told


def _curves(problem: Regression, params: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Draw curves over the data's x, (curve, place, 2), as far as they are in the box, and tell their parameters."""
    model = problem.residual
    assert isinstance(model, Curve)
    data, log = problem.train[model.inputs[0]], points.decades_of(problem)[0]
    frame = curve.Frame((float(low[0]), float(high[0])), (float(low[1]), float(high[1])), log, PLACES)
    x, y = curve.joined(*curve.traced(model, params, data, frame))
    y = np.where((y >= low[1]) & (y <= high[1]), y, np.nan)
    names = problem.parameters
    told = [", ".join(f"{name} {number(value)}" for name, value in zip(names, each, strict=True)) for each in params]
    return np.stack([np.broadcast_to(x, y.shape), y], axis=2), told


@dataclass(frozen=True, eq=False)
class _Several:
    """Several runs by name, each with its lines over the same data."""

    rivals: Sequence[Rival[None]]
    fits: Sequence[_Fit]
    note: str

    @property
    def caption(self) -> str:
        """Say how each was made, and which line it ends with."""
        which = "Test data" if self.fits[0].parts[0].hollow else "The data"
        ends = [one.told[-1].replace(" and ", ", ") for one in self.fits]
        facts, kind = self.note.replace(" · ", ", "), self.fits[0].kind
        return f"{which} and the last {kind} of each run, {facts}: {'; '.join(rivals.told(self.rivals, ends))}."


def _several(problem: Regression, runs: Mapping[str, xr.Dataset], run: int) -> _Several:
    read, note = together.read(runs, None, run)
    return _Several(read, [_fit(problem, rival.run, note) for rival in read], note)


def _caption(fitted: _Fit, run: DrawnRun) -> str:
    which = "Test data" if fitted.parts[0].hollow else "The data"
    kind = fitted.kind
    line = f"the {kind} of a run that diverged, which is no fit" if fitted.lost else f"the fitted {kind}"
    return (
        f"{which} and {line}, {run.after(fitted.note)}: {fitted.told[0]} at the start, {fitted.told[-1]} at step "
        f"{run.last}. {kind.capitalize()}s between are coloured by step."
    )


def _static(fitted: _Fit, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, fitted.note)
    _draw_data(axes, fitted)
    steps = {"array": fitted.step[1:-1], **fitted.steps.static}
    canvas.segments(axes, fitted.segments[1:-1], linewidths=0.9, alpha=0.75, **steps)
    axes.plot(*fitted.segments[0].T, color=style.ink(), lw=1.2, ls=(0, (5, 3)), label=fitted.name(0))
    if len(fitted.step) > 1:
        look = {"color": style.muted(), "lw": 0.9} if fitted.lost else {"color": style.fit(), "lw": 2.6}
        axes.plot(*fitted.segments[-1].T, solid_capstyle="butt", label=fitted.name(-1), **look)
    _show(axes, fitted)
    canvas.legend(sheet, axes)
    fitted.steps.bar(sheet, ax=axes)
    return sheet


def _draw_data(axes: Axes, fitted: _Fit) -> None:
    for part in fitted.parts:
        look = {"marker": "o"} if part.hollow else {}
        points.scatter(axes, part, facecolors=style.tone(FAINT), edgecolors="none", alpha=0.8, **look)


def _web_data(fitted: _Fit) -> list[web.Trace]:
    grey = style.tone(FAINT)
    return [points.trace(part, fitted.problem, color=grey, symbol=part.mark[1]) for part in fitted.parts]


def _show(axes: Axes, fitted: _Fit) -> None:
    points.name_axes(axes, fitted.problem)
    axes.update_datalim([fitted.low, fitted.high])
    axes.margins(0)
    axes.autoscale_view()


def _static_several(drawn: _Several, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, drawn.note)
    _draw_data(axes, drawn.fits[0])
    for rival, fitted in zip(drawn.rivals, drawn.fits, strict=True):
        line = fitted.segments[-1]
        axes.plot(*line.T, color=rival.look.colour, ls=rival.look.dash[0], lw=0.9 if fitted.lost else 2.2)
        rival.mark(axes, _along(line), 5)
    _show(axes, drawn.fits[0])
    rivals.legend(sheet, axes, drawn.rivals)
    return sheet


def _along(line: np.ndarray) -> np.ndarray:
    """Find the places of a line that are marked."""
    if len(line) == 2:
        return line[0] + MARKED[:, None] * (line[1] - line[0])
    return line[(MARKED * (len(line) - 1)).round().astype(int)]


def _interactive_several(drawn: _Several) -> dict[str, Any]:
    traces = _web_data(drawn.fits[0])
    for rival, fitted in zip(drawn.rivals, drawn.fits, strict=True):
        look = {"color": rival.look.colour, "width": 3, "dash": rival.look.dash[1]}
        traces.append(_line(fitted, -1, look) | {"name": web.safe(rival.label)})
    return web.described(traces, points.web_axes(drawn.fits[0].problem))


def _interactive(fitted: _Fit) -> dict[str, Any]:
    last = int(fitted.step[-1])
    colours = [to_hex(colour) for colour in ScalarMappable(**fitted.steps.static).to_rgba(fitted.step)]
    between = [
        _line(fitted, k, {"color": colours[k], "width": 1}, showlegend=False) for k in range(1, len(colours) - 1)
    ]
    ends = [_line(fitted, 0, {"color": style.ink(), "width": 1.5, "dash": "dash"})]
    if last:
        look = {"color": style.muted(), "width": 1.5} if fitted.lost else {"color": style.fit(), "width": 4}
        ends.append(_line(fitted, -1, look))
    traces = [
        *_web_data(fitted),
        *between,
        *ends,
        fitted.steps.web_bar(),
    ]
    return web.described(traces, points.web_axes(fitted.problem))


def _line(fitted: _Fit, k: int, line: dict[str, Any], **more: Any) -> web.Trace:
    told = fitted.told[k].replace(" and ", "<br>").replace(", ", "<br>")
    text = f"step {fitted.step[k]}<br>{told}"
    return web.trace("lines", *fitted.segments[k].T, name=fitted.name(k), line=line, hover=text) | more
