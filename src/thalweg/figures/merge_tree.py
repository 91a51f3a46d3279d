"""The merge tree: valleys as leaves, joined at the heights of their passes; a disconnectivity graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from thalweg.base.border import public
from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.forest import Forest, forest_of
from thalweg.figures.drawing.marks import BOUND, PASS, VALLEY, Mark
from thalweg.figures.drawing.view import View
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import Valleys

BRANCH = "#4b5563"

CROWDED = 60
"""Valleys above which branches are thin, and minima and passes have no marks of their own."""

ROOM = (0.12, 0.12)
"""Room below and above the tree, as shares of its height: for names, for arrows."""

SIZE = 8.5
"""Of the names, points."""


@dataclass(frozen=True, eq=False)
class _Stems:
    """What is drawn.

    Attributes
    ----------
    across : (valley,), places of the stems, 0, 1, … from the left
    stems : (valley, 2), losses from which and to which each stem goes
    branches : (branch, 2, 2), from the top of a stem to the stem that it joins, for every valley that ends
    """

    forest: Forest
    across: np.ndarray
    stems: np.ndarray
    branches: np.ndarray
    view: View

    @property
    def crowded(self) -> bool:
        """Whether there is no room for marks."""
        return len(self.across) > CROWDED

    @property
    def passes(self) -> list[tuple[str, Mark, np.ndarray]]:
        """Passes, and those that are only known to be at most so high: names, marks, and places, (pass, 2)."""
        bound = self.forest.bound[~self.forest.endless]
        kinds = (("passes", PASS, ~bound), ("passes, at most so high", BOUND, bound))
        return [(name, mark, self.branches[which, 0]) for name, mark, which in kinds if which.any()]

    @property
    def names(self) -> list[str]:
        """Names as they are written below the leaves: numbers where the names are places in several parameters."""
        return [name.removeprefix("valley ") for name in self.forest.names]

    @property
    def edges(self) -> tuple[float, float]:
        """The left and the right edge."""
        room = max(0.75, 0.03 * len(self.across))
        return -room, len(self.across) - 1 + room


@public
def merge_tree(valleys: Valleys) -> Figure:
    """Draw how valleys join as the water rises, the loss upwards; also known as a disconnectivity graph.

    Every valley is a stem that begins at the loss of its minimum and ends at the pass over which it joins a deeper
    one. The length of a stem is its persistence. Stems are ordered so that no two lines cross.

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
    O. M. Becker and M. Karplus, "The topology of multidimensional potential energy surfaces", 1997,
    doi:10.1063/1.473299.

    Examples
    --------
    >>> import thalweg as tw
    >>> valleys = tw.find_valleys(tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2)))
    >>> merge_tree(valleys).title
    'How the valleys join'
    """
    drawn = arrays_of(forest_of(valleys, "merge_tree"))
    caption = (
        f"{drawn.forest.note.replace(' · ', ', ')}: every stem begins at the loss of a minimum and ends at the "
        f"pass to a deeper valley; {drawn.forest.story}."
    )
    return figure_of("merge_tree", "How the valleys join", caption, drawn, _static, _interactive)


def arrays_of(forest: Forest) -> _Stems:
    """Work out all that the picture and the page draw of a merge tree."""
    order = _order(forest)
    across = np.empty(len(order))
    across[order] = np.arange(len(order))
    low, high = forest.range
    shown = View(low, high, forest.decades)
    view = View(shown.at(-ROOM[0]), shown.at(1 + ROOM[1]), shown.log)
    ending = np.flatnonzero(~forest.endless)
    feet = np.stack([across[ending], forest.ends[ending]], axis=-1)
    joined = np.stack([across[forest.joins[ending]], forest.ends[ending]], axis=-1)
    return _Stems(
        forest=forest,
        across=across,
        stems=np.stack([forest.losses, np.where(forest.endless, view.high, forest.ends)], axis=-1),
        branches=np.stack([feet, joined], axis=1),
        view=view,
    )


def _order(forest: Forest) -> list[int]:
    """Order the valleys from left to right so that no lines cross.

    Those that join one valley stand on both sides of it, in turn, the first to join nearest. What stands between a
    stem and the one that it joins has then ended below their branch.
    """
    groups = {k: [k] for k in range(len(forest.names))}
    sides = dict.fromkeys(groups, 1)
    ending = np.flatnonzero(~forest.endless)
    # A deeper valley never ends before one that joins it, but rounding may put equal heights in the wrong order:
    # it is taken to end no earlier than they do. Of equal heights the younger valley goes first.
    ends = forest.ends.copy()
    for k in ending[::-1]:
        ends[forest.joins[k]] = max(ends[forest.joins[k]], ends[k])
    for k in ending[np.lexsort((-ending, ends[ending]))].tolist():
        joined, group = int(forest.joins[k]), groups.pop(k)
        groups[joined] = groups[joined] + group if sides[joined] > 0 else group + groups[joined]
        sides[joined] *= -1
    return [k for group in groups.values() for k in group]


def _static(drawn: _Stems, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, drawn.forest.note)
    drawn.view.show(axes)
    axes.set(xlim=drawn.edges, xticks=[], ylabel="loss")
    axes.spines["bottom"].set_visible(False)
    _draw_lines(axes, drawn)
    if not drawn.crowded:
        for name, mark, ends in drawn.passes:
            mark.draw(axes, *ends.T, label=name, zorder=2.4)
        VALLEY.draw(axes, drawn.across, drawn.stems[:, 0], ms=7, label="minima", zorder=2.5)
    _draw_names(axes, drawn)
    canvas.legend(sheet, axes)
    return sheet


def _draw_lines(axes: Axes, drawn: _Stems) -> None:
    places = np.repeat(drawn.across[:, None], 2, axis=1)
    stems = np.stack([places, drawn.stems], axis=-1)
    endless = drawn.forest.endless
    thin = 0.7 if drawn.crowded else 1.5
    look = {"linewidths": thin, "colors": style.tone(BRANCH), "capstyle": "projecting"}
    canvas.segments(axes, [*stems[~endless], *drawn.branches], zorder=2, **look)
    for (x, low), (_, high) in stems[endless]:
        label = "the deepest valley" if x == drawn.across[np.argmin(drawn.forest.losses)] else None
        axes.plot([x, x], [low, high], color=style.valley(), lw=max(2.5 * thin, 2.2), zorder=2.2, label=label)
        head = {"arrowstyle": "-|>,head_width=0.3,head_length=0.6", "color": style.valley(), "lw": 1, "shrinkB": 0}
        axes.annotate("", (x, high), (x, drawn.view.at(0.95)), arrowprops=head)


def _draw_names(axes: Axes, drawn: _Stems) -> None:
    """Name the leaves that have room, the most persistent first."""
    left, right = drawn.edges
    width, height = 72 * canvas.area()
    x = width * (drawn.across - left) / (right - left)
    low, high = (height * drawn.view.fraction(drawn.stems[:, side]) for side in (0, 1))
    boxes = canvas.boxes(x, low - 19, low - 7, drawn.names, SIZE)
    lines = np.stack([x - 1, low, x + 1, high], axis=-1)
    order = drawn.forest.lasting
    order = order[(boxes[order, 0] >= 0) & (boxes[order, 2] <= width)]
    for k, fits in zip(order.tolist(), canvas.fitting(boxes[order], lines), strict=True):
        if fits:
            look = {"ha": "center", "va": "top", "size": SIZE, "color": style.valley()}
            canvas.write(axes, drawn.names[k], (drawn.across[k], drawn.stems[k, 0]), (0, -7), **look)


def _interactive(drawn: _Stems) -> dict[str, Any]:
    endless, names = drawn.forest.endless, [web.safe(name) for name in drawn.names]
    thin = 1.0 if drawn.crowded else 2.0
    places = np.repeat(drawn.across[:, None], 2, axis=1)
    stems = np.stack([places, drawn.stems], axis=-1)
    traces = [
        _web_lines(
            "valleys that join", [*stems[~endless], *drawn.branches], {"color": style.tone(BRANCH), "width": thin}
        ),
        _web_lines("the deepest valley", list(stems[endless]), {"color": style.valley(), "width": 2.5 * thin}),
    ]
    arrow = {"color": style.valley(), "symbol": "triangle-up", "size": 12}
    traces.append(web.trace("markers", drawn.across[endless], drawn.stems[endless, 1], marker=arrow, cliponaxis=False))
    if not drawn.crowded:
        traces += [_web_passes(drawn, name, mark, ends) for name, mark, ends in drawn.passes]
    texts = {"customdata": [drawn.forest.hover(k) for k in range(len(names))], "text": names, "hover": "%{customdata}"}
    if not drawn.crowded:
        texts |= {"textposition": "bottom center", "textfont": {"color": style.valley()}}
    mode, size = ("markers", 4) if drawn.crowded else ("markers+text", 10)
    leaves = web.trace(mode, drawn.across, drawn.stems[:, 0], name="minima", marker=VALLEY.web(size), **texts)
    traces.append(leaves)
    x = web.axis("", range=list(drawn.edges), showgrid=False, showline=False, showticklabels=False, ticks="")
    y = web.axis("loss", exponentformat="power", **drawn.view.web)
    return web.described([trace for trace in traces if len(trace["x"])], {"xaxis": x, "yaxis": y})


def _web_passes(drawn: _Stems, name: str, mark: Mark, ends: np.ndarray) -> web.Trace:
    joining = [int(np.argmin(np.abs(drawn.across - x))) for x in ends[:, 0].tolist()]
    names, joins = drawn.forest.names, drawn.forest.joins
    most = "≤ " * (mark is BOUND)
    hover = {
        "text": [f"{names[k]} joins {names[joins[k]]}" for k in joining],
        "hover": f"%{{text}}<br>pass at {most}%{{y:.5g}}",
    }
    return web.trace("markers", *ends.T, name=name, marker=mark.web(8), **hover)


def _web_lines(name: str, lines: list[np.ndarray], look: dict[str, Any]) -> web.Trace:
    """Describe lines as one trace with gaps between them."""
    x, y = (web.gapped(np.reshape(lines, (-1, 2, 2))[..., k]) for k in (0, 1))
    return web.trace("lines", x, y, name=name, line=look)
