"""The loss of a run against its steps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from thalweg.base.border import public
from thalweg.figures.drawing import canvas, crowds, style, timeline, together, web
from thalweg.figures.drawing.levels import Levels, draw_levels, levels_of, web_levels
from thalweg.figures.drawing.run import DrawnRun, run_of
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.view import View, crowd, fixed, view_of
from thalweg.figures.drawing.wording import count, heading, number, trained
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import NamedRuns, Valleys

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""What is drawn of many other runs."""

TITLE, FLOORS = "Loss by step", "floors of visited valleys"


class _Floors(NamedTuple):
    """Losses, persistence and names of the visited valleys."""

    losses: np.ndarray
    persistence: np.ndarray
    names: list[str]


@dataclass(frozen=True, eq=False)
class _Loss:
    run: DrawnRun
    others: np.ndarray
    floors: _Floors
    view: View
    note: str

    @property
    def levels(self) -> Levels:
        """Floors of the visited valleys."""
        return _levels(self.view, self.floors, self.run.derailments.lowest)

    @property
    def many(self) -> bool:
        """Whether the other runs are too many for single lines."""
        return len(self.others) > timeline.OTHERS

    @property
    def band(self) -> np.ndarray:
        """Quantiles of the other runs that are still finite, (quantile, step)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a step at which no run is finite stays NaN
            return np.nanquantile(self.others, QUANTILES, axis=0)


def _levels(view: View, floors: _Floors, lowest: np.ndarray) -> Levels:
    """Choose the floors that lie in the view, and visibly below nothing that a run had there.

    A floor is the lowest point of a grid; a run may come far below it on a logarithmic axis.
    """
    undercut = view.fraction(floors.losses) - view.fraction(lowest) > 0.01
    order = crowds.ranked(floors.persistence)
    shown = order[~undercut[order]]
    return levels_of(view, floors.losses[shown], [floors.names[k] for k in shown.tolist()])


@public
def loss(
    runs: NamedRuns, valleys: Valleys | None = None, *, run: int = 0, limits: tuple[float, float] | None = None
) -> Figure:
    """Draw the training and test loss of a run against its steps, and the other runs faintly.

    Derailments are marked between their two steps, the floors of visited valleys by horizontal lines. The axis is
    logarithmic where positive values span more than two decades. More than fifty other runs are drawn as quantiles. Of
    several runs by name the training loss of each is drawn, in a colour of its own.

    Parameters
    ----------
    runs : from :func:`thalweg.descend`; or several of them by name, such as those of several optimisers
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    run : place of the run, of each
    limits : the lowest and the highest loss that are shown, so that several pictures have one axis; by default what
        there is to be seen

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If there is no such run, it is not finite at its start, or the limits are none.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), steps=10)
    >>> loss(runs).title
    'Loss by step'
    """
    if not isinstance(runs, xr.Dataset):
        several = _of_several(runs, valleys, run, limits)
        return figure_of("loss", TITLE, several.caption, several, together.draw, together.describe)
    drawn_run = run_of(runs, run, valleys)
    floors = _floors(valleys, drawn_run.names, drawn_run.derailments.visited)
    others = np.delete(runs["train_loss"].values, run, axis=0).astype(np.float64)
    own = [drawn_run.train] if drawn_run.test is None else [drawn_run.train, drawn_run.test]
    view = view_of([*own, crowd(others)], floors.losses)
    view, note = _limited(view, heading(runs.attrs), limits)
    drawn = _Loss(drawn_run, others, floors, view, f"{note} · {drawn_run.note}")
    return figure_of("loss", TITLE, _caption(drawn), drawn, _static, _interactive)


def _floors(valleys: xr.Dataset | None, names: list[str], visited: np.ndarray) -> _Floors:
    if valleys is None:
        return _Floors(np.empty(0), np.empty(0), [])
    losses, persistence = (valleys[name].values.astype(np.float64)[visited] for name in ("loss", "persistence"))
    return _Floors(losses, persistence, [names[k] for k in visited.tolist()])


def _limited(view: View, note: str, limits: tuple[float, float] | None) -> tuple[View, str]:
    """Put the limits that were asked for in the place of a view, and say so."""
    if limits is None:
        return view, note
    view = fixed(limits, view.log)
    return view, f"{note} · {view.told}"


def _of_several(
    runs: Mapping[str, xr.Dataset], valleys: xr.Dataset | None, run: int, limits: tuple[float, float] | None
) -> together.Together:
    """Collect the training loss of each, and the floors of the valleys that any of them was in."""
    rivals, note = together.read(runs, valleys, run)
    lines = [rival.run.train for rival in rivals]
    visited, lowest = together.visited(rivals)
    floors = _floors(valleys, rivals[0].run.names, visited)
    view, note = _limited(view_of(together.kept(rivals, lines), floors.losses), note, limits)
    levels = _levels(view, floors, lowest)
    named = trained(any(rival.run.test is not None for rival in rivals))
    return together.Together(rivals, [together.Panel(Scale(named), lines, view, levels)], FLOORS, note)


def _caption(drawn: _Loss) -> str:
    run = drawn.run
    texts = [
        f"{run.after(drawn.note)}: the {trained(run.test is not None)} goes from "
        f"{number(run.train[0])} to {number(run.train[-1])}"
    ]
    if run.test is not None:
        texts.append(f", the test loss from {number(run.test[0])} to {number(run.test[-1])}")
    if drawn.many:
        texts.append("; of the other runs the bands hold half and 90 %")
    if run.names:
        texts.append(f"; {run.derailments_in_words}")
    return "".join(texts) + "."


def _static(drawn: _Loss, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, drawn.note)
    run = drawn.run
    drawn.view.show(axes)
    timeline.draw_run(axes, run, run.train, color=style.train(), lw=1.8, label=trained(run.test is not None))
    if run.test is not None:
        look = {"color": style.test(), "lw": 1.5, "ls": (0, (4, 1.8)), "label": "test loss"}
        timeline.draw_run(axes, run, run.test, **look)
    timeline.draw_lost(axes, run, run.train)
    _draw_others(axes, drawn)
    draw_levels(axes, drawn.levels, FLOORS)
    timeline.show_steps(axes, run.last)
    axes.set_ylabel("loss")
    timeline.mark_derailments(axes, run)
    canvas.legend(sheet, axes)
    return sheet


def _draw_others(axes: Axes, drawn: _Loss) -> None:
    if drawn.many:
        steps = np.arange(drawn.others.shape[1])
        low, quarter, middle, threequarter, high = drawn.band
        axes.fill_between(steps, low, high, color=style.tone(timeline.FAINT), alpha=0.3, lw=0, zorder=1)
        axes.fill_between(steps, quarter, threequarter, color=style.tone(timeline.FAINT), alpha=0.5, lw=0, zorder=1.1)
        axes.plot(steps, middle, color=style.muted(), lw=1, zorder=1.2, label=_others_name(drawn))
    else:
        timeline.draw_others(axes, drawn.others, _others_name(drawn))


def _others_name(drawn: _Loss) -> str:
    return count(len(drawn.others), "other run") + (", median" if drawn.many else "")


def _interactive(drawn: _Loss) -> dict[str, Any]:
    run = drawn.run
    traces = _web_others(drawn)
    for name, values, line in (
        (trained(run.test is not None), run.train, {"color": style.train(), "width": 2.5}),
        ("test loss", run.test, {"color": style.test(), "width": 2, "dash": "dash"}),
    ):
        if values is not None:
            traces.append(timeline.web_run(name, run, values, line))
    traces += timeline.web_lost(run, run.train)
    axes = {"xaxis": timeline.web_steps(run.last)}
    axes |= {"yaxis": web.axis("loss", exponentformat="power", **drawn.view.web)}
    marks = timeline.web_derailments(run), web_levels(drawn.levels, "y")
    return timeline.web_timeline(traces, axes, *marks)


def _web_others(drawn: _Loss) -> list[web.Trace]:
    name, steps = _others_name(drawn), np.arange(drawn.others.shape[1])
    if not drawn.many:
        return timeline.web_others(name, drawn.others)
    low, quarter, middle, threequarter, high = drawn.band
    bands = [web.trace("lines", steps, values, line={"width": 0}) for values in (low, high, quarter, threequarter)]
    for band, opacity in ((bands[1], 0.3), (bands[3], 0.5)):
        band |= {"fill": "tonexty", "fillcolor": web.clear(style.tone(timeline.FAINT), opacity)}
    return [*bands, timeline.web_line(name, steps, middle, {"color": style.muted(), "width": 1})]
