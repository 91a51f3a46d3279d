"""The same descent in several frameworks: their trajectories, and where they part beyond rounding.

The file is long because the picture and the page of one figure are drawn from the same arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from thalweg.base.border import public
from thalweg.figures.drawing import canvas, levels, scale, style, timeline, web
from thalweg.figures.drawing.marks import LOST
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.wording import heading, joined, number, shortened
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import Comparison

COLOURS = ("#f0b429", "#3a9fd6", "#c2451e", "#16191d", "#0a8f6a", "#8a5bb5")
"""Of the frameworks: told apart by colour-blind people too; the first four darken, and so are told apart in grey."""

REFERENCE = "#d3d8de"
BAND = "#e2e6eb"

WIDTHS = (5.6, 3.9, 2.4, 1.1, 3.0, 1.7)
"""Points: lines that coincide are nested, the first the thickest."""

SOLID, DASHES = 4, (3.0, 2.0)
"""How many frameworks have solid lines; those of the others lie dashed upon them."""

ROOM, USUAL = 0.27, 3.0
"""Share of the lower panel that the two lines of a label take, where both panels have so many inches."""

BESIDE, LETTER = 1.2, 0.52
"""Inches, about, beside a panel; the mean width of a letter of these labels, as a share of its size."""

MOST = 3
"""Labels written at most; the table has all."""

COUNTS = ("no framework", "one framework", "two frameworks", "three frameworks", "four frameworks", "five frameworks")
TINY = 1e-18


class _Nested(NamedTuple):
    colour: str
    width: float
    dash: tuple[float, ...]


class _Mark(NamedTuple):
    """Where some frameworks part from the reference, and what is written there in two lines."""

    step: int
    who: str
    why: str

    @property
    def text(self) -> str:
        """Both lines as one."""
        return f"{self.who}: {self.why}"


@dataclass(frozen=True, eq=False)
class _Comparison:
    """What is drawn: over (framework, step) the first parameter in its shown unit, and the differences.

    Attributes
    ----------
    bound : (step,), what rounding explains, in the unit of the differences
    difference : (framework, step), NaN where there is none
    largest : (framework,), of these, NaN where no difference is a number
    """

    titles: list[str]
    scale: Scale
    step: np.ndarray
    values: np.ndarray
    reference: np.ndarray
    difference: np.ndarray
    largest: np.ndarray
    bound: np.ndarray
    marks: list[_Mark]
    unit: str
    title: str
    note: str

    @property
    def last(self) -> int:
        """The last step."""
        return int(self.step[-1])

    @property
    def looks(self) -> list[_Nested]:
        """Choose colours, widths and dashes; the first is drawn first and thickest."""
        return [
            _Nested(style.tone(COLOURS[k % len(COLOURS)]), WIDTHS[k % len(WIDTHS)], DASHES if k >= SOLID else ())
            for k in range(len(self.titles))
        ]

    @property
    def span(self) -> tuple[float, float]:
        """The ends of the logarithmic axis, with room for the labels above the curves."""
        drawn = np.concatenate([self.difference.ravel(), self.bound])
        drawn = drawn[np.isfinite(drawn) & (drawn > TINY)]
        low, high = (float(drawn.min()), float(drawn.max())) if len(drawn) else (1e-17, 1e-15)
        low, high = low / 4, max(high, 10 * low) * 3
        room, most = _room(len(self.marks))
        return low, high * (high / low) ** (1 / (1 - room * most) - 1)


@public
def compare(compared: Comparison) -> Figure:
    """Draw the first parameter of one descent in several frameworks, and how far each is from the reference.

    Above the trajectories, thick to thin, so that those that coincide are seen as one line in many colours; below the
    largest difference of a parameter from Thalweg's own driver, on a logarithmic axis. What rounding explains is
    shaded. A difference of zero cannot be drawn there.

    Parameters
    ----------
    compared : from :func:`thalweg.frameworks.compare`

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If these are no results of a comparison.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(points=20), tw.losses.power(1 / 2))
    >>> descent = tw.Descent(tw.Optimizer(optax.adam, learning_rate=0.05), 5)
    >>> compare(tw.frameworks.compare(objective, descent, frameworks=["jax"])).title
    'The same descent in one framework'
    """
    drawn = arrays_of(compared)
    return figure_of("compare", drawn.title, _caption(drawn), drawn, _static, _interactive)


def arrays_of(compared: xr.Dataset) -> _Comparison:
    """Work out all that the picture and the page draw of a comparison."""
    attrs, shown = compared.attrs, scale.of_runs(compared, None)[0]
    difference = compared["difference"].values.astype(np.float64)
    alone = compared.sizes["param"] == 1
    factor = shown.factor if alone else 1.0
    titles = [str(name) for name in attrs.get("titles", [f"#{k}" for k in range(len(difference))])]
    equal = [bool((row == 0).all()) for row in difference]
    return _Comparison(
        [shortened(title, 24) + " (equal)" * same for title, same in zip(titles, equal, strict=True)],
        shown,
        compared["step"].values,
        shown.of(compared["params"].values[..., 0]),
        shown.of(compared["reference"].values[:, 0]),
        np.where(difference > 0, factor * difference, np.nan),
        factor * compared["difference"].max("step").values,
        factor * compared["bound"].values,
        _marks(compared, titles),
        " in degrees" if alone and shown.sign else "",
        f"The same descent in {COUNTS[len(titles)] if len(titles) < len(COUNTS) else f'{len(titles)} frameworks'}",
        heading(attrs),
    )


def _marks(compared: xr.Dataset, titles: list[str]) -> list[_Mark]:
    """Join the frameworks that part at one step for one cause."""
    causes = compared.attrs.get("causes", [""] * len(titles))
    groups: dict[tuple[int, str], list[str]] = {}
    for title, cause, step in zip(titles, causes, compared["parts"].values.tolist(), strict=True):
        if step >= 0:
            groups.setdefault((step, cause), []).append(title)
    return [
        _Mark(step, f"step {step}, {shortened(joined(names), 60)}", shortened(cause, 90))
        for (step, cause), names in sorted(groups.items())
    ]


def _caption(drawn: _Comparison) -> str:
    sign = drawn.scale.sign if drawn.unit else ""
    differences = [
        f"{title} {number(value, 2)}{sign * bool(np.isfinite(value))}"
        for title, value in zip(drawn.titles, drawn.largest.tolist(), strict=True)
    ]
    parted = "; ".join(mark.text for mark in drawn.marks)
    beyond = f"beyond it lie, from {parted}" if parted else "no framework parts by more"
    return (
        f"{drawn.note.replace(' · ', ', ')}. Above {drawn.scale.name} by step; below the largest difference of a "
        f"parameter from Thalweg's own driver: {', '.join(differences)}. Shaded is what rounding explains; {beyond}."
    )


def _static(drawn: _Comparison, title: str) -> canvas.Sheet:
    sheet, (upper, lower) = canvas.blank(title, drawn.note, rows=2)
    band, faint = style.tone(BAND), style.tone(REFERENCE)
    upper.plot(drawn.step, drawn.reference, color=faint, lw=8.0, solid_capstyle="butt", label="reference")
    low, high = drawn.span
    lower.set(yscale="log", ylim=(low, high), ylabel=f"difference{drawn.unit}")
    lower.fill_between(drawn.step, low, _shown_bound(drawn), color=band, lw=0, zorder=0.5)
    for k, look in enumerate(drawn.looks):
        line: dict[str, Any] = {"color": look.colour, "solid_capstyle": "round", "zorder": 2 + 0.01 * k}
        line |= {"dashes": look.dash} if look.dash else {}
        upper.plot(drawn.step, drawn.values[k], lw=look.width, label=drawn.titles[k], **line)
        lower.plot(drawn.step, drawn.difference[k], lw=0.75 * look.width, **line)
        _end(upper, drawn, k)
    canvas.show_unit(upper.yaxis, drawn.scale)
    _write_marks(lower, drawn)
    for axes in (upper, lower):
        # A long label is set smaller, rather than run into that of the other panel.
        axes.yaxis.label.set_fontsize(min(10.0, 72 * (canvas.area()[1] / 2 + 0.2) / (0.55 * len(axes.get_ylabel()))))
        timeline.show_steps(axes, drawn.last)
        axes.label_outer()
    upper.add_patch(Rectangle((0, 0), 0, 0, color=band, lw=0, label="rounding"))
    canvas.legend(sheet, upper)
    return sheet


def _shown_bound(drawn: _Comparison) -> np.ndarray:
    """Cut an infinite bound at the upper end; where nothing is known nothing is shaded."""
    return np.minimum(drawn.bound, drawn.span[1])


def _end(axes: Axes, drawn: _Comparison, k: int) -> None:
    """Mark where a run leaves the finite numbers."""
    finite = np.isfinite(drawn.values[k])
    if finite.any() and not finite.all():
        here = int(np.flatnonzero(finite)[-1])
        place = drawn.step[here], drawn.values[k, here]
        LOST.draw(axes, *place, mfc=drawn.looks[k].colour, mec=style.paper(), ms=9)


def _room(marks: int) -> tuple[float, int]:
    """Tell the share of the lower panel that a label takes, on a page of any size, and how many are written."""
    room = ROOM * max(1.0, USUAL / float(canvas.area()[1]))
    return room, min(marks, MOST, int(0.85 / room))


def _write_marks(axes: Axes, drawn: _Comparison) -> None:
    """Write below the upper edge, one line a mark, what parts where."""
    low, high = timeline.step_range(drawn.last)
    across, (room, most) = style.size()[0] - BESIDE, _room(len(drawn.marks))
    for mark in drawn.marks:
        axes.axvline(mark.step, color=style.derailment(), lw=1.0, alpha=0.8, zorder=1.5)
    for row, mark in enumerate(drawn.marks[:most]):
        longest = max(len(mark.who), len(mark.why))
        size = min(levels.SMALL, 72 * across / (LETTER * longest))
        wide = LETTER * size * longest / (72 * across)
        place = (mark.step - low) / (high - low)
        after = place + wide < 1
        look = {"ha": "left" if after else "right", "va": "top", "size": size, "color": style.derailment(), "zorder": 4}
        look |= {"bbox": {"facecolor": style.paper(), "alpha": 0.85, "edgecolor": "none", "pad": 0.8}}
        where = place + 0.008 if after else max(place - 0.008, min(wide, 1.0))
        words = canvas.plain(f"{mark.who}\n{mark.why}")
        axes.text(where, 0.985 - room * row, words, transform=axes.transAxes, linespacing=1.25, **look)


def _interactive(drawn: _Comparison) -> dict[str, Any]:
    span = drawn.span
    bound = np.nan_to_num(_shown_bound(drawn), nan=span[0])
    foot, shade = {"yaxis": "y2", "line": {"width": 0}}, {"fill": "tonexty", "fillcolor": style.tone(BAND)}
    grey, sign = {"color": style.tone(REFERENCE), "width": 10}, drawn.scale.sign
    traces: list[web.Trace] = [
        web.trace("lines", drawn.step, np.full(len(drawn.step), span[0]), **foot),
        web.trace("lines", drawn.step, bound, name="what rounding explains", **shade, **foot),
        timeline.web_line("reference", drawn.step, drawn.reference, grey, sign),
    ]
    for k, (title, look) in enumerate(zip(drawn.titles, drawn.looks, strict=True)):
        name = web.safe(title)
        line: dict[str, Any] = {"color": look.colour, "width": 1.2 * look.width}
        line |= {"dash": "5px,3px"} if look.dash else {}
        common = {"legendgroup": name}
        traces.append(timeline.web_line(name, drawn.step, drawn.values[k], line, sign) | common)
        below = timeline.web_line(name, drawn.step, drawn.difference[k], line | {"width": look.width})
        traces.append(below | common | {"yaxis": "y2", "showlegend": False})
    powers = {"type": "log", "exponentformat": "power", "range": np.log10(span).tolist()}
    axes = {
        "xaxis": timeline.web_steps(drawn.last, anchor="y2"),
        "yaxis": web.parameter_axis(drawn.scale, domain=[0.54, 1.0]),
        "yaxis2": web.axis(f"difference{drawn.unit}", domain=[0.0, 0.46], **powers),
    }
    return timeline.web_timeline(traces, axes, _web_marks(drawn))


def _web_marks(drawn: _Comparison) -> levels.Annotations:
    labels = []
    for row, mark in enumerate(drawn.marks[:MOST]):
        side = dict.fromkeys(("xanchor", "align"), "left" if 2 * mark.step < drawn.last else "right")
        words = f"{web.safe(mark.who)}<br>{escape(mark.why, quote=False)}"
        place = {"yref": "y2 domain", "yanchor": "top"} | side
        labels.append(web.text(mark.step, 1 - ROOM * row, words, style.derailment(), 12, **place))
    return levels.Annotations([timeline.web_upright(mark.step, "y2 domain") for mark in drawn.marks], labels)
