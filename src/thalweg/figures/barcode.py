"""The persistence barcode: for every valley a bar from its minimum to the pass at which it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.base.border import public
from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.forest import Forest, forest_of
from thalweg.figures.drawing.marks import VALLEY
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import number
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import Valleys

ALL, SOME = 16, 10
"""Up to so many valleys each have a broad bar and a name; of more, so many have."""

REST = 0.6
"""Height that the thin bars of all others take, as a share of that of the broad ones."""

THICK = 0.5
"""Thickness of a broad bar, as a share of its row."""

TIP = 0.02
"""Length of the head of an arrow, as a share of the axis."""

FEWEST = 5.0
"""Rows for which there is room at least, so that a single bar is no block."""

ROOM = (0.04, 0.14)
"""Room left and right of all bars, as shares of their span: for minima, for arrows."""

BAR = "#a9c4b3"
"""Of a valley that ends, a pale shade of a valley's colour."""


@dataclass(frozen=True, eq=False)
class _Barcode:
    """What is drawn, the most persistent valley first.

    Attributes
    ----------
    order : (bar,), valleys
    low, high : (bar,), losses; a bar that never ends reaches to the right edge
    row : (bar,), how far down each bar lies
    named : the number of broad bars
    """

    forest: Forest
    order: np.ndarray
    low: np.ndarray
    high: np.ndarray
    row: np.ndarray
    named: int
    view: View

    @property
    def endless(self) -> np.ndarray:
        """Tell which bars never end."""
        return self.forest.endless[self.order]

    @property
    def lengths(self) -> list[str]:
        """Write the persistence at the end of each broad bar; nothing where it never ends."""
        return ["" if self.forest.endless[k] else self.forest.lasts(k) for k in self.order[: self.named].tolist()]

    @property
    def until(self) -> str:
        """Name the bars that end."""
        ending = ~self.forest.endless
        latest = bool(ending.any() and self.forest.bound[ending].all())
        return f"until it joins a deeper valley{', at the latest' * latest}"

    @property
    def rows(self) -> tuple[float, float]:
        """The lowest and the highest row that is shown, counted downwards."""
        room = max(0.75, (FEWEST - float(self.row[-1])) / 2)
        return float(self.row[-1]) + room, -room

    @property
    def thin(self) -> float:
        """Width of a thin bar, points: narrower than the way to the next."""
        pitch = float(np.diff(self.row[self.named :]).min(initial=1.0)) / (self.rows[0] - self.rows[1])
        return float(np.clip(0.6 * pitch * 72 * canvas.area()[1], 0.2, 0.9))

    @property
    def labels(self) -> tuple[list[float], list[str]]:
        """Rows that have a name, and the names; the thin bars have one together."""
        rows = self.row[: self.named].tolist()
        names = [self.forest.names[k] for k in self.order[: self.named]]
        rest = self.row[self.named :]
        return (rows, names) if not len(rest) else ([*rows, float(rest.mean())], [*names, f"{len(rest):,} more"])


@public
def barcode(valleys: Valleys) -> Figure:
    """Draw for every valley a bar from the loss of its minimum to that of the pass at which it ends.

    The length of a bar is the persistence of its valley. The most persistent valley is at the top; the deepest never
    ends, and its bar goes on to the right. Of many valleys the most persistent have broad bars and names, the others
    thin ones.

    Parameters
    ----------
    valleys : from :func:`thalweg.find_valleys`

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If these are no valleys, or there is none.

    References
    ----------
    R. Ghrist, "Barcodes: the persistent topology of data", 2008, doi:10.1090/S0273-0979-07-01191-3.

    Examples
    --------
    >>> import thalweg as tw
    >>> valleys = tw.find_valleys(tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2)))
    >>> barcode(valleys).title
    'How long each valley lasts'
    """
    drawn = _barcode(forest_of(valleys, "barcode"))
    caption = (
        f"{drawn.forest.note.replace(' · ', ', ')}: every bar goes from the loss of a minimum to that of the pass "
        f"at which its valley ends; {drawn.forest.story}."
    )
    return figure_of("barcode", "How long each valley lasts", caption, drawn, _static, _interactive)


def _barcode(forest: Forest) -> _Barcode:
    order = forest.lasting
    number_of, named = len(order), len(order) if len(order) <= ALL else SOME
    rest = named + REST * named * np.arange(number_of - named) / max(number_of - named - 1, 1)
    low, high = forest.range
    span = high - low
    view = View(low - ROOM[0] * span, high + ROOM[1] * span)
    return _Barcode(
        forest=forest,
        order=order,
        low=forest.losses[order],
        high=np.where(forest.endless, view.high, forest.ends)[order],
        row=np.append(np.arange(named, dtype=np.float64), rest),
        named=named,
        view=view,
    )


def _static(drawn: _Barcode, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, drawn.forest.note)
    axes.set(xlim=(drawn.view.low, drawn.view.high), ylim=drawn.rows, xlabel="loss")
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    rows, names = drawn.labels
    axes.set_yticks(rows, [canvas.plain(name) for name in names])
    axes.tick_params(axis="y", length=0)
    for label in axes.get_yticklabels()[: drawn.named]:
        label.set_color(style.valley())
    _draw_bars(axes, drawn)
    canvas.legend(sheet, axes)
    return sheet


def _draw_bars(axes: Axes, drawn: _Barcode) -> None:
    labels = {False: drawn.until, True: "never ends"}
    tip = TIP * (drawn.view.high - drawn.view.low)
    for k in range(drawn.named):
        low, high, row, endless = drawn.low[k], drawn.high[k], drawn.row[k], bool(drawn.endless[k])
        look = {"color": style.valley() if endless else style.tone(BAR), "lw": 0}
        axes.barh(row, high - low - tip * endless, THICK, low, label=labels.pop(endless, None), **look)
        if endless:
            axes.fill([high - tip, high, high - tip], [row - THICK, row, row + THICK], **look)
            continue
        canvas.write(axes, drawn.lengths[k], (high, row), (6, 0), va="center", size=8.5, color=style.muted())
    broad = slice(None, drawn.named)
    VALLEY.draw(axes, drawn.low[broad], drawn.row[broad], ms=6.5, label="minimum", zorder=2.5)
    _draw_thin(axes, drawn)


def _draw_thin(axes: Axes, drawn: _Barcode) -> None:
    """Draw all other bars as lines; a dot at the minimum shows even one too short to be seen."""
    rest = slice(drawn.named, None)
    ends = np.stack([drawn.low, drawn.row, drawn.high, drawn.row], axis=-1).reshape(-1, 2, 2)
    canvas.segments(axes, ends[rest], colors=style.valley(), linewidths=drawn.thin, snap=False)
    VALLEY.draw(axes, drawn.low[rest], drawn.row[rest], ms=max(1.6, drawn.thin), mew=0)


def _interactive(drawn: _Barcode) -> dict[str, Any]:
    broad, endless = np.arange(len(drawn.row)) < drawn.named, drawn.endless
    height = max(3.0, min(16.0, 220 / drawn.rows[0]))
    traces = [
        _web_bars(drawn, broad & endless, "never ends", {"color": style.valley(), "width": height}),
        _web_bars(drawn, broad & ~endless, drawn.until, {"color": style.tone(BAR), "width": height}),
        _web_bars(drawn, ~broad, f"{int((~broad).sum()):,} more", {"color": style.valley(), "width": 1.2}),
    ]
    rows, names = drawn.labels
    y = web.axis("", range=list(drawn.rows), showgrid=False, showline=False)
    y |= {"tickvals": rows, "ticktext": [web.safe(name) for name in names], "ticks": "", "title": {"text": ""}}
    x = web.axis("loss", exponentformat="power", **drawn.view.web)
    minima = web.trace("markers", drawn.low[broad], drawn.row[broad], name="minimum", marker=VALLEY.web(9))
    head = {"color": style.valley(), "symbol": "triangle-right", "size": 1.8 * height}
    heads = web.trace("markers", drawn.high[endless], drawn.row[endless], marker=head, cliponaxis=False)
    traces = [*(trace for trace in traces if len(trace["x"])), heads, minima]
    ends = zip(drawn.high.tolist(), drawn.row.tolist(), drawn.lengths, strict=False)
    texts = [web.text(*end, style.muted(), 12, xanchor="left", xshift=5) for end in ends if end[-1]]
    return web.described(traces, {"xaxis": x, "yaxis": y, "annotations": texts})


def _web_bars(drawn: _Barcode, which: np.ndarray, name: str, line: dict[str, Any]) -> web.Trace:
    """Describe bars as one trace with gaps between them."""
    x, y = (web.gapped(np.stack(ends, axis=-1)[which]) for ends in ((drawn.low, drawn.high), (drawn.row, drawn.row)))
    texts = [drawn.forest.hover(k) for k in drawn.order[which].tolist() for _ in range(3)]
    return web.trace("lines", x, y, name=name, line=line, text=texts, hover="%{text}")
