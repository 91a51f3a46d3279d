"""The parameters of a run against its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from thalweg.base.border import public
from thalweg.figures.drawing import canvas, crowds, scale, style, timeline, together, web
from thalweg.figures.drawing.levels import MOST, Levels, draw_levels, levels_of, web_levels
from thalweg.figures.drawing.run import DrawnRun, run_of
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.view import View, crowd, view_of
from thalweg.figures.drawing.wording import count, heading
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import NamedRuns, Valleys

PANELS = 4
"""Parameters drawn at most."""

VALLEYS = "valleys"


class _Marked(NamedTuple):
    """Valleys that may be drawn, (valley, param), and their names, those first that are named first.

    The first ``near`` of them widen the view where they lie near the values.
    """

    positions: np.ndarray
    names: list[str]
    near: int


@dataclass(frozen=True, eq=False)
class _Panel:
    """One parameter: values in the shown unit, and valleys on every turn of a circle that is in view."""

    scale: Scale
    values: np.ndarray
    others: np.ndarray
    view: View
    levels: Levels

    @property
    def density(self) -> timeline.Density | None:
        """Where the other runs are, if they are too many for single lines."""
        if len(self.others) <= timeline.OTHERS:
            return None
        return timeline.density_of(self.others, self.view.low, self.view.high)


@dataclass(frozen=True, eq=False)
class _Parameters:
    run: DrawnRun
    panels: list[_Panel]
    note: str


@public
def parameter(runs: NamedRuns, valleys: Valleys | None = None, *, run: int = 0) -> Figure:
    """Draw the parameters of a run against its steps, one panel each, and the other runs faintly.

    More than fifty other runs are drawn as their density: the darker a place, the more of them are there. Angles are in
    degrees and not wrapped: a run that goes around a circle leaves the first turn, and every valley is drawn on each
    turn in view. Valleys are horizontal lines, derailments are marked between their two steps. Of several runs by name
    each is drawn in a colour of its own.

    Parameters
    ----------
    runs : from :func:`thalweg.descend`; or several of them by name, such as those of several optimisers
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    run : place of the run, of each

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If there is no such run, or it is not finite at its start.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), steps=10)
    >>> parameter(runs).title
    'phi by step'
    """
    if not isinstance(runs, xr.Dataset):
        several = _of_several(runs, valleys, run)
        title = _title(next(iter(runs.values())))
        return figure_of("parameter", title, several.caption, several, together.draw, together.describe)
    drawn_run = run_of(runs, run, valleys)
    panels = _panels(runs, valleys, drawn_run)
    drawn = _Parameters(drawn_run, panels, f"{heading(runs.attrs)} · {drawn_run.note}{_few(runs)}")
    return figure_of("parameter", _title(runs), _caption(drawn), drawn, _static, _interactive)


def _title(runs: xr.Dataset) -> str:
    return f"{runs['param'].values[0]} by step" if runs.sizes["param"] == 1 else "Parameters by step"


def _few(runs: xr.Dataset) -> str:
    total = runs.sizes["param"]
    return f" · the first {PANELS} of {total:,} parameters" if total > PANELS else ""


def _panels(runs: xr.Dataset, valleys: xr.Dataset | None, run: DrawnRun) -> list[_Panel]:
    faint = np.delete(runs["params"].values, run.index, axis=0).astype(np.float64)
    marked = _marked(valleys, run.names, run.derailments.visited, runs.sizes["param"])
    panels = []
    for k, shown in enumerate(scale.of_runs(runs, valleys)[:PANELS]):
        values, beside = shown.of(run.params[:, k]), shown.of(faint[..., k])
        view, levels = _seen(shown, np.append(values, crowd(beside)), marked, k)
        panels.append(_Panel(shown, values, beside, view, levels))
    return panels


def _of_several(runs: Mapping[str, xr.Dataset], valleys: xr.Dataset | None, run: int) -> together.Together:
    """Collect the parameters of each, and the valleys."""
    rivals, note = together.read(runs, valleys, run)
    first, panels = next(iter(runs.values())), []
    marked = _marked(valleys, rivals[0].run.names, together.visited(rivals)[0], first.sizes["param"])
    for k, shown in enumerate(scale.of_runs(first, valleys)[:PANELS]):
        lines = [shown.of(rival.run.params[:, k]) for rival in rivals]
        view, levels = _seen(shown, np.concatenate(together.kept(rivals, lines)), marked, k)
        panels.append(together.Panel(shown, lines, view, levels))
    return together.Together(rivals, panels, VALLEYS, f"{note}{_few(first)}")


def _marked(valleys: xr.Dataset | None, names: list[str], visited: np.ndarray, params: int) -> _Marked:
    """Choose the valleys that may be drawn: all; of many in several parameters only those that were visited.

    The line of a valley in the panel of one of several parameters says nothing where it is far off in another.
    """
    if valleys is None:
        return _Marked(np.empty((0, params)), [], 0)
    order, few = crowds.ranked(valleys["persistence"].values), len(names) <= MOST
    if not few:
        seen = np.isin(order, visited)
        order = np.concatenate([order[seen], order[~seen] if params == 1 else order[:0]])
    positions = valleys["position"].values[order]
    return _Marked(positions, [names[j] for j in order.tolist()], len(order) if few else len(visited))


def _seen(shown: Scale, extent: np.ndarray, marked: _Marked, k: int) -> tuple[View, Levels]:
    """Choose the view of a parameter, and the valleys in it."""
    turns = _turns(shown, extent)
    values = (shown.of(marked.positions[:, k])[:, None] + turns).ravel()
    texts = [name + _turn(turn, shown.sign) for name in marked.names for turn in turns.tolist()]
    near = values[: marked.near * len(turns)]
    view = view_of([extent], near[_near(near, shown, extent)], may_log=False)
    return view, levels_of(view, values, texts, min(marked.positions.shape[1], PANELS))


def _turns(shown: Scale, extent: np.ndarray) -> np.ndarray:
    """Find the turns of a circle that come near the values, as shifts; on an interval valleys lie only once."""
    if not shown.periodic:
        return np.zeros(1)
    period, reach = shown.high - shown.low, np.ptp(extent)
    first = np.floor((extent.min() - reach - shown.high) / period)
    last = np.ceil((extent.max() + reach - shown.low) / period)
    # A run that goes around very often would give a line for every pixel.
    return period * (np.arange(first, last + 1) if last - first <= MOST else np.zeros(1))


def _near(levels: np.ndarray, shown: Scale, extent: np.ndarray) -> np.ndarray:
    """Tell which levels may widen a view of the values: on a circle none once every valley is in it.

    Runs from all around the circle fill a turn. By their span alone half a turn more would be in reach on either side,
    where no run ever was, and their own part of the picture would be half as high.
    """
    if not shown.periodic:
        return np.ones(len(levels), dtype=bool)
    room = max((shown.high - shown.low - np.ptp(extent)) / 2, 0)
    return (levels >= extent.min() - room) & (levels <= extent.max() + room)


def _turn(shift: float, sign: str) -> str:
    return "" if shift == 0 else f" {'+' if shift > 0 else '−'} {abs(shift):g}{sign}"


def _caption(drawn: _Parameters) -> str:
    run = drawn.run
    changes = [
        f"{panel.scale.name} goes from {panel.scale.text(panel.values[0])} to {panel.scale.text(panel.values[-1])}"
        for panel in drawn.panels
    ]
    derailments = f"; {run.derailments_in_words}" if run.names else ""
    return f"{run.after(drawn.note)}: {', '.join(changes)}{derailments}."


def _static(drawn: _Parameters, title: str) -> canvas.Sheet:
    sheet, all_axes = canvas.blank(title, drawn.note, len(drawn.panels))
    for axes, panel in zip(all_axes, drawn.panels, strict=True):
        _draw_panel(axes, panel, drawn)
        timeline.mark_derailments(axes, drawn.run, named=axes is all_axes[0])
        timeline.show_steps(axes, drawn.run.last)
        axes.label_outer()
    canvas.legend(sheet, all_axes[0])
    return sheet


def _draw_panel(axes: Axes, panel: _Panel, drawn: _Parameters) -> None:
    run = drawn.run
    panel.view.show(axes)
    canvas.show_unit(axes.yaxis, panel.scale)
    if panel.density is None:
        timeline.draw_others(axes, panel.others, _others_name(drawn))
    else:
        timeline.draw_density(axes, panel.density, _others_name(drawn))
    draw_levels(axes, panel.levels, VALLEYS, len(drawn.panels))
    timeline.draw_run(axes, run, panel.values, color=style.ink(), lw=1.8)
    timeline.draw_lost(axes, run, panel.values)


def _others_name(drawn: _Parameters) -> str:
    others = drawn.run.runs - 1
    return count(others, "other run") + (", their density" if others > timeline.OTHERS else "")


def _interactive(drawn: _Parameters) -> dict[str, Any]:
    rows, run = len(drawn.panels), drawn.run
    traces, marks = [], [timeline.web_derailments(run)]
    axes: dict[str, Any] = {"xaxis": timeline.web_steps(run.last, anchor=f"y{rows}")}
    for k, panel in enumerate(drawn.panels):
        y = "y" if k == 0 else f"y{k + 1}"
        traces += [trace | {"yaxis": y} for trace in _web_panel(panel, drawn, k == 0)]
        marks.append(web_levels(panel.levels, y, rows))
        domain = [1 - (k + 0.92) / rows, 1 - k / rows] if rows > 1 else [0, 1]
        axes[f"yaxis{k + 1 if k else ''}"] = web.parameter_axis(panel.scale, domain=domain, **panel.view.web)
    return timeline.web_timeline(traces, axes, *marks)


def _web_panel(panel: _Panel, drawn: _Parameters, first: bool) -> list[web.Trace]:
    run, name = drawn.run, panel.scale.name
    named = _others_name(drawn)
    density = panel.density
    faint = timeline.web_others(named, panel.others) if density is None else [timeline.web_density(density, named)]
    line = timeline.web_run(name, run, panel.values, {"color": style.ink(), "width": 2.5}, panel.scale.sign)
    ends = timeline.web_lost(run, panel.values)
    return (
        [trace | {"showlegend": first} for trace in faint]
        + [line | {"showlegend": False}]
        + [trace | {"showlegend": first} for trace in ends]
    )
