"""A race of optimisers: how often each succeeds, how soon, and how much that depends on its learning rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from thalweg.base.border import public
from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.marks import Series, series_of
from thalweg.figures.drawing.wording import count, number, raced, shortened, subject
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import Race

TITLE = "How often each optimiser finds the deepest valley"
LEVEL = "How often each optimiser comes down to a given loss"

SUCCESS = "runs that end there, %"
SETTLED = "settled there by step, %"
TUNING = "success in the tuning, by learning rate, %"

LEFT, SAMPLE = 0.14, 0.36
"""Inches: the left edge, and the length of a sample of a curve."""

EDGE, FOOT, HEAD, APART = 0.15, 0.52, 0.86, 0.6
"""Inches: right of the curves, below and above them, and between the upper and the lower ones."""

WIDTH, LOWER, NAMES = 2.5 / 7.2, 1.0 / 2.52, 1.7 / 7.2
"""How broad the curves are, as a share of the page, how tall the lower ones, of both, and names at most."""


SMALL = 7.5
"""Size of a heading, points, below which it goes on in a second line."""


@dataclass(frozen=True, eq=False)
class _Race:
    """What is drawn, the most successful optimiser first.

    Attributes
    ----------
    looks : how each optimiser is drawn
    success : (optimizer, 3), the share in percent and the ends of its interval
    by_step : (optimizer, step), percent
    rates, tuned : (optimizer, candidate), learning rates and the success of each in the tuning, percent
    chosen : (optimizer,), the rates of the race, NaN where none was tuned
    """

    names: list[str]
    looks: list[Series]
    success: np.ndarray
    by_step: np.ndarray
    rates: np.ndarray
    tuned: np.ndarray
    chosen: np.ndarray
    note: str

    @property
    def top(self) -> float:
        """The highest percentage of any panel."""
        return float(max(self.success.max(), np.nan_to_num(self.tuned).max(), 1.0))

    def at(self, k: int) -> np.ndarray:
        """Tell which candidate an optimiser was given."""
        return np.isclose(self.rates[k], self.chosen[k])


@public
def race(ran: Race) -> Figure:
    """Draw how often each optimiser ends on the floor of the deepest valley, how soon, and how it was tuned.

    On the left the share of the runs with its 95 % interval, the best on top; on the right the share that has settled
    by each step, and the success of every learning rate that was tried, the chosen one marked.

    Parameters
    ----------
    ran : from :func:`thalweg.race`

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If these are no results of a race.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    >>> conditions, tuning = tw.Conditions(starts=50, steps=10), tw.Tuning(starts=10, rates=3)
    >>> valleys = tw.find_valleys(objective, method="exact")
    >>> ran = tw.race(objective, {"sgd": tw.Optimizer(optax.sgd)}, valleys, conditions=conditions, tuning=tuning)
    >>> race(ran).title
    'How often each optimiser finds the deepest valley'
    """
    drawn = arrays_of(ran)
    shares = [
        f"{name} {_share(success[0])} ({_share(success[1])} to {_share(success[2])})"
        for name, success in zip(drawn.names, drawn.success, strict=True)
    ]
    best, goal = " or ".join(ran.attrs.get("best_names", [])[:4]), ran.attrs.get("goal", "ends in the deepest valley")
    caption = (
        f"{drawn.note.replace(' · ', ', ')}. How often a run {goal}{best and f', {best}'}"
        f", with 95 % intervals: {', '.join(shares)}. Beside it the share that has settled there by each step, and "
        f"the success of each learning rate in the tuning, the chosen one marked.{raced(ran.attrs)}"
    )
    title = LEVEL if np.isfinite(ran.attrs.get("within", np.nan)) else TITLE  # other valleys may reach below a level
    return figure_of("race", title, caption, drawn, _static, _interactive)


def arrays_of(ran: xr.Dataset) -> _Race:
    """Work out all that the picture and the page draw of a race."""
    order = np.argsort(-ran["success"].values, kind="stable")
    attrs, ran = ran.attrs, ran.isel(optimizer=order)
    names = attrs["names"]
    success = np.stack([ran[f"success{end}"].values for end in ("", "_low", "_high")], axis=-1)
    facts = [subject(attrs)]
    if {"starts", "steps", "tuning_starts"} <= attrs.keys():
        facts += [f"the same {count(attrs['starts'], 'start')} for all", count(attrs["steps"], "step")]
        rates = count(ran.sizes["candidate"], "learning rate")
        facts += [f"{rates} tried on {attrs['tuning_starts']:,} others"] * bool(ran["learning_rate"].notnull().any())
    if np.isfinite(attrs.get("within", np.nan)):
        facts.append(f"success: a loss of {number(attrs['level'], 3)} or less")
    return _Race(
        [shortened(str(names[k]), 24) for k in order],
        series_of([str(names[k]) for k in order]),
        100 * success,
        100 * ran["success_by_step"].values,
        ran["tuned_rate"].values,
        100 * ran["tuned_success"].values,
        ran["learning_rate"].values,
        " · ".join(facts),
    )


def _share(percent: float) -> str:
    return f"{percent:.1f} %"


def _static(drawn: _Race, title: str) -> canvas.Sheet:
    sheet = canvas.headed(title, drawn.note)
    wide, tall = style.size()
    broad, high = WIDTH * wide, tall - HEAD - FOOT
    left, lower = wide - broad - EDGE, LOWER * (high - APART)
    _draw_dots(sheet, drawn, left - 0.42, high)
    settled = _panel(sheet, (left, FOOT + lower + APART, broad, high - lower - APART), SETTLED)
    tuning = _panel(sheet, (left, FOOT, broad, lower), TUNING)
    steps = np.arange(drawn.by_step.shape[1])
    for k, look in reversed(list(enumerate(drawn.looks))):
        line: dict[str, Any] = {"color": look.colour, "linestyle": look.dash[0], "linewidth": 1.2}
        settled.plot(steps, drawn.by_step[k], drawstyle="steps-post", clip_on=False, **line)
        if np.isfinite(drawn.chosen[k]):
            tuning.plot(drawn.rates[k], drawn.tuned[k], clip_on=False, **line)
            here = drawn.at(k)
            _mark(tuning, drawn.rates[k, here], drawn.tuned[k, here], look, 30)
    settled.set(xlim=(0, steps[-1]), ylim=(0, None))
    tuning.set_ylim(0, None)
    if np.isfinite(drawn.chosen).any():
        tuning.set_xscale("log")
        tuning.minorticks_off()
    else:
        tuning.set_axis_off()
        tuning.set_title("")
    return sheet


def _panel(sheet: canvas.Sheet, place: tuple[float, float, float, float], title: str) -> Axes:
    axes = canvas.placed(sheet, *place)
    size = min(9, canvas.fitting_size(title, place[2] + 0.1))
    if size < SMALL:
        size, title = 9, title.replace(", by", ",\nby")
    axes.set_title(title, size=size, weight="normal", pad=5)
    axes.tick_params(labelsize=8, length=2)
    return axes


def _draw_dots(sheet: canvas.Sheet, drawn: _Race, end: float, high: float) -> None:
    """Draw success with its interval, a row an optimiser; a sample of its curve stands beside its name."""
    rows = len(drawn.names)
    size = float(np.clip(72 * high / (1.45 * rows), 4.5, 9.5))
    words = max(canvas.width_of(name, size) for name in drawn.names) / 72
    start = LEFT + SAMPLE + 0.2 + min(words, NAMES * style.size()[0])
    wide = end - start
    axes = _panel(sheet, (start, FOOT, wide, high), SUCCESS)
    room, most = max(0.6, (5 - rows) / 2), 1.06 * float(drawn.success.max())
    axes.set(xlim=(0, most), ylim=(rows - 1 + room, -room))
    axes.set_yticks(range(rows), [canvas.plain(name) for name in drawn.names])
    axes.tick_params(axis="y", length=0, labelsize=size, labelcolor=style.ink())
    axes.grid(visible=False, axis="y")
    across = axes.get_yaxis_transform()
    labels = [f"{share:.1f} ({low:.1f}–{high:.1f})" for share, low, high in drawn.success.tolist()]
    widths = [canvas.width_of(label, 0.8 * size) / 72 / wide for label in labels]
    places = _places(drawn.success / most, widths, 72 * wide)
    for k, (look, (share, low, high)) in enumerate(zip(drawn.looks, drawn.success.tolist(), strict=True)):
        axes.plot([low, high], [k, k], color=look.colour, linewidth=2.2, solid_capstyle="butt", clip_on=False)
        _mark(axes, [share], [k], look, float(np.clip(400 / rows, 10, 34)))
        at, offset, side = places[k]
        text = {"ha": side, "va": "center", "size": 0.8 * size, "color": style.ink()}
        canvas.write(axes, labels[k], (at * most, k), (offset, 0.8 * size if side == "center" else 0), **text)
        ends = [(LEFT - start) / wide, (LEFT + SAMPLE - start) / wide]
        line = {"color": look.colour, "linestyle": look.dash[0], "linewidth": 1.4}
        axes.plot(ends, [k, k], transform=across, clip_on=False, **line)
        _mark(axes, [float(np.mean(ends))], [k], look, 22, transform=across)


def _places(success: np.ndarray, widths: list[float], panel: float) -> list[tuple[float, float, str]]:
    """Choose where the numbers of intervals stand: share of a panel's width, offset in points, alignment.

    Right or left of each, where there is more room, else on the other side. If one would leave the panel on both, as
    beside a wide interval, all stand above: one above would meet one beside the bar over it.
    """
    found, gap = [], 7.0 / panel
    for (share, low, high), width in zip(success.tolist(), widths, strict=True):
        sides = [(high, 7.0, "left")] * (high + gap + width <= 1) + [(low, -7.0, "right")] * (low - gap - width >= 0)
        if not sides:
            halves = np.array(widths) / 2
            centres = np.clip(success[:, 0], halves, np.maximum(halves, 1 - halves))
            return [(float(centre), 0.0, "center") for centre in centres]
        found.append(sides[0 if share < 1 / 2 else -1])
    return found


def _mark(axes: Axes, x: Any, y: Any, look: Series, size: float, **more: Any) -> None:
    edge = {"edgecolors": style.paper(), "linewidths": 0.7}
    axes.scatter(x, y, size, color=look.colour, marker=look.mark[0], zorder=3, clip_on=False, **edge, **more)


def _interactive(drawn: _Race) -> dict[str, Any]:
    traces = [trace for k in range(len(drawn.names)) for trace in _traces(drawn, k)]
    rows = list(range(len(drawn.names)))
    labels = {"tickvals": rows, "ticktext": [web.safe(name) for name in drawn.names]}
    spread = [len(rows) - 0.4, -0.6]
    right, upper, lower = [0.58, 1.0], [0.58, 1.0], [0.0, 0.36]
    axes = {
        "xaxis": web.axis("", domain=[0.0, 0.46], rangemode="tozero"),
        "yaxis": web.axis("", range=spread, showgrid=False, showline=False, ticklen=0, **labels),
        "xaxis2": web.axis("", domain=right, anchor="y2"),
        "yaxis2": web.axis("", domain=upper, anchor="x2", rangemode="tozero"),
    }
    panels = [(SUCCESS, 0.0, 1.0), (SETTLED, right[0], upper[1])]
    if np.isfinite(drawn.chosen).any():
        powers = {"type": "log", "exponentformat": "power", "dtick": 1}
        axes["xaxis3"] = web.axis("", domain=right, anchor="y3", **powers)
        axes["yaxis3"] = web.axis("", domain=lower, anchor="x3", rangemode="tozero")
        panels.append((TUNING, right[0], lower[1]))
    headings = [web.heading(title.replace(", by", ",<br>by"), x, y) for title, x, y in panels]
    return web.described(traces, axes | {"showlegend": False, "annotations": headings})


def _traces(drawn: _Race, k: int) -> list[web.Trace]:
    """Describe one optimiser: its share, its curve, its tuning."""
    name, look, (share, low, high) = web.safe(drawn.names[k]), drawn.looks[k], drawn.success[k].tolist()
    line = {"color": look.colour, "dash": look.dash[1], "width": 2}
    common = {"name": name, "legendgroup": name}
    hover = f"{name}<br>{_share(share)}, 95 % interval {_share(low)} to {_share(high)}"
    hover += f"<br>learning rate {number(drawn.chosen[k], 3)}" if np.isfinite(drawn.chosen[k]) else "<br>not tuned"
    mark = {"color": look.colour, "symbol": look.mark[1], "size": 10}
    bar = {"type": "data", "symmetric": False, "array": [high - share], "arrayminus": [share - low], "thickness": 2.5}
    bar |= {"width": 0}
    steps, settled = np.arange(drawn.by_step.shape[1]), {"xaxis": "x2", "yaxis": "y2", "line": line | {"shape": "hv"}}
    by_step = f"{name}<br>step %{{x}}: %{{y:.1f}} %"
    traces = [
        web.trace("markers", [share], [k], marker=mark, line=line, error_x=bar, hover=hover, **common),
        web.trace("lines", steps, drawn.by_step[k], hover=by_step, **settled, **common),
    ]
    if np.isfinite(drawn.chosen[k]):
        place = {"xaxis": "x3", "yaxis": "y3", "line": line | {"width": 1.5}}
        place |= {"marker": mark | {"size": np.where(drawn.at(k), 10, 0), "opacity": 1}}
        hover = f"{name}<br>rate %{{x:.3g}}: %{{y:.1f}} %"
        traces.append(web.trace("lines+markers", drawn.rates[k], drawn.tuned[k], hover=hover, **place, **common))
    return traces
