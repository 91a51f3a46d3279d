"""The fitted straight line over the data, from the start of a run to its end."""

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
from thalweg.figures.drawing import canvas, points, rivals, style, together, web
from thalweg.figures.drawing.marks import Steps
from thalweg.figures.drawing.rivals import Rival
from thalweg.figures.drawing.run import DrawnRun, run_of
from thalweg.figures.drawing.span import lines_inside
from thalweg.figures.drawing.wording import heading, number
from thalweg.figures.figure import Figure, figure_of
from thalweg.problems.problem import Problem, Regression
from thalweg.store.kinds import NamedRuns

BETWEEN = 24
"""Lines drawn at most between the first step and the last."""

FAINT = "#aab0b8"
"""Data behind the lines."""

MARKED = np.array([0.2, 0.5, 0.8])
"""Where along its line one of several runs has its mark: they tell the lines apart in grey print."""


@dataclass(frozen=True, eq=False)
class _Fit:
    problem: Regression
    part: points.Points
    low: np.ndarray
    high: np.ndarray
    step: np.ndarray
    segments: np.ndarray
    slopes: np.ndarray
    intercepts: np.ndarray
    note: str
    lost: bool

    @property
    def steps(self) -> Steps:
        """How steps are coloured."""
        return Steps(0, int(self.step[-1]))

    def name(self, k: int) -> str:
        """Name one line, saying so where it does not cross the data's box."""
        outside = ", outside the picture" if np.isnan(self.segments[k]).any() else ""
        lost = ", then diverged" if self.lost and k else ""
        return f"{'start' if k == 0 else f'step {self.step[k]}'}{lost}{outside}"


@public
def fit(problem: Problem, runs: NamedRuns, *, run: int = 0) -> Figure:
    """Draw a run's straight line over the test data: at the start, on the way, and at the last finite step.

    Lines are cut to the box of all data, however steep they are. Without test data, all data are drawn. The last line
    of a run that diverged is no fit: it is drawn thin and gray, and the title says so. Of several runs by name the last
    line of each is drawn, in a colour of its own.

    Parameters
    ----------
    problem : a regression whose model is a straight line
    runs : from :func:`thalweg.descend`; or several of them by name, such as those of several optimisers
    run : place of the run, of each

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the model is no straight line, or there is no such run.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), steps=10)
    >>> fit(objective.problem, runs).title
    'The fitted line'
    """
    regression = points.with_data(problem, "fit")
    if regression.line is None:
        raise InvalidValue(
            f"the model of {problem.name} is no straight line; the figure 'fit' draws straight lines only"
        )
    if not isinstance(runs, xr.Dataset):
        several = _several(regression, runs, run)
        return figure_of("fit", "The fitted lines", several.caption, several, _static_several, _interactive_several)
    drawn_run = run_of(runs, run)
    fitted = _fit(regression, drawn_run, f"{heading(runs.attrs)} · {drawn_run.story}")
    title = "The line of a run that diverged" if fitted.lost else "The fitted line"
    return figure_of("fit", title, _caption(fitted, drawn_run), fitted, _static, _interactive)


def _fit(problem: Regression, run: DrawnRun, note: str) -> _Fit:
    parts = points.points_of(problem)
    x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in "xy")
    margin = 0.04 * np.array([np.ptp(x) or 1.0, np.ptp(y) or 1.0])
    low, high = np.array([x.min(), y.min()]) - margin, np.array([x.max(), y.max()]) + margin
    chosen = np.unique(np.linspace(0, run.last, BETWEEN + 2).round().astype(int))
    assert problem.line
    with computing(64):
        lines = np.array([problem.line(run.params[k]) for k in chosen], dtype=np.float64)
    slopes, intercepts = lines.T
    segments = lines_inside(slopes, intercepts, low, high)
    return _Fit(problem, parts[-1], low, high, chosen, segments, slopes, intercepts, note, run.lost)


@dataclass(frozen=True, eq=False)
class _Several:
    """Several runs by name, each with its lines over the same data."""

    rivals: Sequence[Rival[None]]
    fits: Sequence[_Fit]
    note: str

    @property
    def caption(self) -> str:
        """Say how each was made, and which line it ends with."""
        which = "Test data" if self.fits[0].part.hollow else "The data"
        ends = [f"slope {number(one.slopes[-1])}, intercept {number(one.intercepts[-1])}" for one in self.fits]
        facts = self.note.replace(" · ", ", ")
        return f"{which} and the last line of each run, {facts}: {'; '.join(rivals.told(self.rivals, ends))}."


def _several(problem: Regression, runs: Mapping[str, xr.Dataset], run: int) -> _Several:
    read, note = together.read(runs, None, run)
    return _Several(read, [_fit(problem, rival.run, note) for rival in read], note)


def _caption(fitted: _Fit, run: DrawnRun) -> str:
    which = "Test data" if fitted.part.hollow else "The data"
    line = "the line of a run that diverged, which is no fit" if fitted.lost else "the fitted line"
    return (
        f"{which} and {line}, {run.after(fitted.note)}: slope {number(fitted.slopes[0])} and intercept "
        f"{number(fitted.intercepts[0])} at the start, slope {number(fitted.slopes[-1])} and intercept "
        f"{number(fitted.intercepts[-1])} at step {run.last}. Lines between are coloured by step."
    )


def _static(fitted: _Fit, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, fitted.note)
    points.scatter(axes, fitted.part, facecolors=style.tone(FAINT), edgecolors="none", alpha=0.8, marker="o")
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


def _show(axes: Axes, fitted: _Fit) -> None:
    points.name_axes(axes, fitted.problem)
    axes.update_datalim([fitted.low, fitted.high])
    axes.margins(0)
    axes.autoscale_view()


def _static_several(drawn: _Several, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, drawn.note)
    part = drawn.fits[0].part
    points.scatter(axes, part, facecolors=style.tone(FAINT), edgecolors="none", alpha=0.8, marker="o")
    for rival, fitted in zip(drawn.rivals, drawn.fits, strict=True):
        start, end = line = fitted.segments[-1]
        axes.plot(*line.T, color=rival.look.colour, ls=rival.look.dash[0], lw=0.9 if fitted.lost else 2.2)
        rival.mark(axes, start + MARKED[:, None] * (end - start), 5)
    _show(axes, drawn.fits[0])
    rivals.legend(sheet, axes, drawn.rivals)
    return sheet


def _interactive_several(drawn: _Several) -> dict[str, Any]:
    traces = [points.trace(drawn.fits[0].part, drawn.fits[0].problem, color=style.tone(FAINT), symbol="circle")]
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
        points.trace(fitted.part, fitted.problem, color=style.tone(FAINT), symbol="circle"),
        *between,
        *ends,
        fitted.steps.web_bar(),
    ]
    return web.described(traces, points.web_axes(fitted.problem))


def _line(fitted: _Fit, k: int, line: dict[str, Any], **more: Any) -> web.Trace:
    text = f"step {fitted.step[k]}<br>slope {number(fitted.slopes[k])}<br>intercept {number(fitted.intercepts[k])}"
    return web.trace("lines", *fitted.segments[k].T, name=fitted.name(k), line=line, hover=text) | more
