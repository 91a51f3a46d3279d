"""Several runs by name against step: panels one below the other, in each a line for every run, in its own look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from thalweg.figures.drawing import canvas, rivals, timeline, web
from thalweg.figures.drawing.levels import Annotations, Levels, draw_levels, web_levels
from thalweg.figures.drawing.rivals import Rival
from thalweg.figures.drawing.run import of_one_problem, run_of
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import subject


class Panel(NamedTuple):
    """One number of all runs.

    Attributes
    ----------
    scale : of the number
    lines : (step,) of each run, in the shown unit
    view : of the axis
    levels : valleys as horizontal lines
    """

    scale: Scale
    lines: Sequence[np.ndarray]
    view: View
    levels: Levels


@dataclass(frozen=True, eq=False)
class Together:
    """Everything that is drawn: the runs, a panel for each number, what the horizontal lines are, the line of facts."""

    rivals: Sequence[Rival[None]]
    panels: Sequence[Panel]
    named: str
    note: str

    @property
    def last(self) -> int:
        """The last step of any."""
        return max(rival.run.last for rival in self.rivals)

    @property
    def caption(self) -> str:
        """Say how each was made and where it ends."""
        ends = [
            ", ".join(f"{panel.scale.name} {panel.scale.text(panel.lines[k][-1])}" for panel in self.panels)
            for k in range(len(self.rivals))
        ]
        return f"{self.note.replace(' · ', ', ')}: {'; '.join(rivals.told(self.rivals, ends))}."


def read(runs: Mapping[str, xr.Dataset], valleys: xr.Dataset | None, run: int) -> tuple[list[Rival[None]], str]:
    """Read one run of each, and say what they are of and how far they came."""
    first = next(iter(runs.values()))
    of_one_problem(first["param"].values.tolist(), runs, valleys, f"runs[{next(iter(runs))!r}]")
    parts = rivals.rivals_of(runs, lambda one: (run_of(one, run, valleys), None))[1]
    subjects = dict.fromkeys(subject(one.attrs) for one in runs.values())
    return parts, f"{'; '.join(subjects)}{rivals.note_of(parts)}"


def visited(drawn: Sequence[Rival[None]]) -> tuple[np.ndarray, np.ndarray]:
    """List the valleys that any of the runs was in, and the lowest loss that any had there."""
    lowest: dict[int, float] = {}
    for rival in drawn:
        found = rival.run.derailments
        for valley, loss in zip(found.visited.tolist(), found.lowest.tolist(), strict=True):
            lowest[valley] = min(loss, lowest.get(valley, loss))
    return np.array(list(lowest), dtype=np.int64), np.array(list(lowest.values()))


def kept(drawn: Sequence[Rival[None]], lines: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Choose the lines that a view must show whole: those of runs that diverge leave it, unless all do."""
    finite = [line for rival, line in zip(drawn, lines, strict=True) if not rival.run.lost]
    return finite or list(lines)


def draw(drawn: Together, title: str) -> canvas.Sheet:
    """Draw the panels."""
    sheet, all_axes = canvas.blank(title, drawn.note, len(drawn.panels))
    for axes, panel in zip(all_axes, drawn.panels, strict=True):
        panel.view.show(axes)
        canvas.show_unit(axes.yaxis, panel.scale)
        draw_levels(axes, panel.levels, drawn.named, len(drawn.panels))
        for rival, line in zip(drawn.rivals, panel.lines, strict=True):
            _draw_line(axes, rival, line)
        timeline.show_steps(axes, drawn.last)
        axes.label_outer()
    rivals.legend(sheet, all_axes[0], drawn.rivals)
    return sheet


def _draw_line(axes: Axes, rival: Rival[None], line: np.ndarray) -> None:
    """Draw a line with its mark along it and, larger, where it ends."""
    points = np.stack([rival.run.step, line], axis=-1)
    axes.plot(*points.T, color=rival.look.colour, lw=rival.width, ls=rival.look.dash[0], zorder=2)
    rival.mark(axes, points[rival.some], 5, zorder=2.2)
    rival.mark(axes, points[-1:], 8, zorder=2.5)


def describe(drawn: Together) -> dict[str, Any]:
    """Describe the panels for a page."""
    rows = len(drawn.panels)
    axes: dict[str, Any] = {"xaxis": timeline.web_steps(drawn.last, anchor=f"y{rows}")}
    traces: list[web.Trace] = []
    marks: list[Annotations] = []
    for k, panel in enumerate(drawn.panels):
        y = f"y{k + 1 if k else ''}"
        for rival, line in zip(drawn.rivals, panel.lines, strict=True):
            traces += [part | {"yaxis": y} for part in _web_line(rival, line, panel.scale, k == 0)]
        marks.append(web_levels(panel.levels, y, rows))
        domain = [1 - (k + 0.92) / rows, 1 - k / rows] if rows > 1 else [0, 1]
        look = {"domain": domain, "exponentformat": "power"} | panel.view.web
        axes[f"yaxis{y[1:]}"] = web.parameter_axis(panel.scale, **look)
    return timeline.web_timeline(traces, axes, *marks)


def _web_line(rival: Rival[None], line: np.ndarray, shown: Scale, first: bool) -> list[web.Trace]:
    look = {"color": rival.look.colour, "width": 2.5, "dash": rival.look.dash[1]}
    hover = f"{web.safe(rival.name)}, step %{{x}}<br>{web.safe(shown.name)} %{{y:.5g}}{shown.sign}"
    group = {"legendgroup": rival.name, "showlegend": first}
    whole = web.trace("lines", rival.run.step, line, name=web.safe(rival.label), line=look, hover=hover)
    ways = [rival.run.step, line]
    marks = (rivals.web_marks(rival, ways, at, size) for at, size in ((rival.some, 8), (rival.run.step[-1:], 12)))
    return [whole | group, *(mark | {"legendgroup": rival.name} for mark in marks)]
