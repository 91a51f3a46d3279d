"""The losses that all starts of a fit end at, sorted: every valley is a step of this waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import canvas, extent, style, web
from thalweg.figures.drawing.fits import LOOKS, OTHER, Minimum, minima_of, note_of, percent, rank_of_starts
from thalweg.figures.drawing.marks import EDGES, Series
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import count, joined, number
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import Fits

DRAWN = 4000
"""Starts that are drawn at most, evenly chosen."""

FLAT = 0.01
"""Share of the picture's height that a step may take."""

SIZE = 8.5
"""Of the shares beside the steps, points."""

OTHERS = "other valleys"


@dataclass(frozen=True, eq=False)
class _Falls:
    """What is drawn.

    Attributes
    ----------
    place : (end,), 1 for the deepest; evenly chosen where there are very many
    loss : (end,), rising
    rank : (end,), of the curve that each leads to; -1 for one that is not listed
    steps : of the listed curves that starts lead to, those with a colour of their own
    middle : (step,), the place in the middle of each step
    """

    place: np.ndarray
    loss: np.ndarray
    rank: np.ndarray
    steps: list[Minimum]
    middle: np.ndarray
    starts: int
    view: View
    note: str

    @property
    def parts(self) -> list[tuple[str, Series, np.ndarray]]:
        """Names, looks and ends, as a mask over them, of every step; all that have no colour are one."""
        own = [(f"{one.short}: {percent(one.share)}", one.look, self.rank == one.rank) for one in self.steps]
        other = (self.rank < 0) | (self.rank >= LOOKS)
        share = percent(float(other.mean())) if other.any() else ""
        return [*own, *([(f"{OTHERS}: {share}", OTHER, other)] if share else [])]

    @property
    def across(self) -> tuple[float, float]:
        """Ends of the axis of starts."""
        room = 0.02 * max(self.starts, 1)
        return 1 - room, max(self.starts, 2) + room


@public
def waterfall(fits: Fits) -> Figure:
    """Draw the losses that all starts of a fit end at, sorted from the deepest.

    Every valley is a step as wide as its share of the starts. A wide lowest step says that a better fit would have been
    found; a narrow one, or none, that there may be one. Starts that ended nowhere are counted in words.

    Parameters
    ----------
    fits : from :func:`thalweg.fit`

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the fit has no valley, or no start ended anywhere.

    References
    ----------
    A. Raue et al., "Lessons learned from quantitative dynamical modeling in systems biology", 2013,
    doi:10.1371/journal.pone.0074335.

    Examples
    --------
    >>> import thalweg as tw
    >>> fits = tw.fit(tw.objective(tw.problems.nist("Misra1a"), tw.losses.quadratic()), tw.starts.Sobol(16))
    >>> waterfall(fits).title
    'Where all starts end'
    """
    drawn = _read(fits)
    told = [f"{one.name} at {number(one.loss)} ({one.of_starts})" for one in drawn.steps[:5]]
    caption = f"{drawn.note.replace(' · ', ', ')}: the loss at the end of every start, sorted: {joined(told)}."
    return figure_of("waterfall", "Where all starts end", caption, drawn, _static, _interactive)


def _read(fits: xr.Dataset) -> _Falls:
    minima = minima_of(fits, "waterfall")
    losses = fits["end_loss"].values.astype(np.float64)
    found = np.flatnonzero(np.isfinite(losses))
    if not found.size:
        raise InvalidValue(
            "no start of the fit ended at a finite loss, so the figure 'waterfall' has nothing to draw; give other "
            "ranges or more starts"
        )
    found = found[np.argsort(losses[found], kind="stable")]
    rank, loss = rank_of_starts(fits, minima)[found], losses[found]
    steps = [one for one in minima[:LOOKS] if (rank == one.rank).any()]
    view = _view(loss, rank)
    middle = np.array([_middle(loss, rank, one, view) for one in steps])
    some = np.unique(np.linspace(0, len(loss) - 1, min(len(loss), DRAWN)).round().astype(int))
    lost, beyond = len(losses) - len(found), int((~view.shows(loss)).sum())
    facts = [
        f"{count(lost, 'start')} ended nowhere" if lost else "",
        f"{count(beyond, 'end')} above {number(view.high, 2)}" if beyond else "",
        f"every {round(len(loss) / DRAWN):,}th drawn" if len(some) < len(loss) else "",
    ]
    return _Falls(some + 1, loss[some], rank[some], steps, middle, len(losses), view, note_of(fits, *facts))


def _middle(loss: np.ndarray, rank: np.ndarray, one: Minimum, view: View) -> float:
    """Find the middle of a step; ends that are of its valley but far above it, as on a plateau, are not of the step."""
    level = view.fraction(np.array([one.loss]))
    on = (rank == one.rank) & ~(np.abs(view.fraction(loss) - level) > FLAT)
    return float(np.median(np.flatnonzero(on))) + 1 if on.any() else np.nan


def _view(loss: np.ndarray, rank: np.ndarray) -> View:
    """Choose a view in which listed valleys are seen, on a logarithm where their losses span decades.

    Ends of no listed valley may be far above; of losses that are 0 to rounding the logarithm shows the rest.
    """
    listed = loss[rank >= 0] if (rank >= 0).any() else loss
    positive = loss[loss > 0]
    log = bool(positive.size) and bool(loss.min() >= 0) and positive.max() > 100 * positive.min()
    if not log:
        return extent.extent(loss, listed)
    view = extent.extent(positive, listed[listed > 0], log=True)
    return View(view.low / 10, view.high, True) if loss.min() == 0 else view


def _shown(drawn: _Falls) -> tuple[np.ndarray, np.ndarray]:
    """Put ends on the axis: (end,) heights, a loss of 0 at its foot, and which lie above it."""
    above = drawn.loss > drawn.view.high
    return np.clip(drawn.loss, drawn.view.low, drawn.view.high), above


def _static(drawn: _Falls, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, drawn.note)
    drawn.view.show(axes)
    axes.set(xlim=drawn.across, xlabel="starts, the deepest end first", ylabel="loss where it ends")
    heights, above = _shown(drawn)
    size = float(np.clip(60 / np.sqrt(drawn.starts), 2.0, 6.0))
    for name, look, chosen in drawn.parts:
        here = chosen & ~above
        line = {"color": look.colour, "mew": 0, "ms": size, "ls": "none"}
        axes.plot(drawn.place[here], heights[here], look.mark[0], label=name, zorder=2, **line)
        axes.plot(drawn.place[chosen & above], heights[chosen & above], EDGES[3][0], clip_on=False, **line)
    _draw_names(axes, drawn)
    canvas.legend(sheet, axes)
    return sheet


def _draw_names(axes: Axes, drawn: _Falls) -> None:
    """Write number and share above the middle of every step that has room, the widest first."""
    width, height = 72 * canvas.area()
    left, right = drawn.across
    x = width * (drawn.middle - left) / (right - left)
    losses = np.array([one.loss for one in drawn.steps])
    y = height * drawn.view.fraction(np.maximum(losses, drawn.view.low))
    texts = [_name(one) for one in drawn.steps]
    boxes = canvas.boxes(x, y + 5, y + 17, texts, SIZE)
    order = np.argsort([-one.share for one in drawn.steps], kind="stable")
    order = order[np.isfinite(x[order])]
    half = (boxes[:, 2] - boxes[:, 0]) / 2
    ends = np.stack(
        [width * (drawn.place - left) / (right - left), height * drawn.view.fraction(_shown(drawn)[0])], axis=-1
    )
    taken = np.concatenate([ends - 2, ends + 2], axis=-1)
    for k, fits in zip(order.tolist(), canvas.fitting(boxes[order], taken), strict=True):
        if fits and drawn.view.shows(losses[[k]])[0]:
            place = np.clip(x[k], half[k], width - half[k]) / width
            look = {"ha": "center", "va": "bottom", "size": SIZE, "color": style.legible(drawn.steps[k].look.colour)}
            where = (left + place * (right - left), max(losses[k], drawn.view.low))
            canvas.write(axes, texts[k], where, (0, 5), **look)


def _name(one: Minimum) -> str:
    return f"#{one.number}  {percent(one.share)}"


def _interactive(drawn: _Falls) -> dict[str, Any]:
    heights, above = _shown(drawn)
    traces, size = [], float(np.clip(90 / np.sqrt(drawn.starts), 4.0, 8.0))
    for name, look, chosen in drawn.parts:
        symbol = np.where(above[chosen], EDGES[3][1], look.mark[1])
        marker = {"color": look.colour, "size": size, "symbol": symbol, "opacity": 1}
        told = {"customdata": drawn.loss[chosen], "hover": f"{web.safe(name)}<br>loss %{{customdata:.6g}}"}
        place = {"cliponaxis": False, "name": web.safe(name), "marker": marker}
        traces.append(web.trace("markers", drawn.place[chosen], heights[chosen], **place, **told))
    x = web.axis("starts, the deepest end first", range=list(drawn.across))
    return web.described(
        traces, {"xaxis": x, "yaxis": web.axis("loss where it ends", exponentformat="power", **drawn.view.web)}
    )
