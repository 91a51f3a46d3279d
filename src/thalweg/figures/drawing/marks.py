"""How things look that many figures show: starts and ends, valleys, passes, the path and its steps, several curves.

Each mark is defined once, with both of its forms: Matplotlib's and plotly.js's. A figure says where a mark stands and
how large it is, never how it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from thalweg.figures.drawing import canvas, style, web


class Mark(NamedTuple):
    """A mark.

    Attributes
    ----------
    shape, symbol : what Matplotlib calls its shape, and what plotly.js does
    face, edge : give its colours in the look that is drawn in
    weight : of the edge: in points, and in pixels of a page
    size : points
    """

    shape: str
    symbol: str
    face: Callable[[], str]
    edge: Callable[[], str]
    weight: tuple[float, float]
    size: float = 7.0

    def draw(self, axes: Axes, x: Any, y: Any, **more: Any) -> None:
        """Draw the mark at places in the axes' data."""
        look = {
            "color": self.face(),
            "mfc": self.face(),
            "mec": self.edge(),
            "mew": self.weight[0],
            "ms": self.size,
            "ls": "none",
        }
        axes.plot(x, y, self.shape, **look | more)

    def web(self, size: float, **more: Any) -> dict[str, Any]:
        """Describe the mark for plotly.js."""
        return {
            "color": self.face(),
            "symbol": self.symbol,
            "size": size,
            "line": {"color": self.edge(), "width": self.weight[1]},
        } | more

    def of(self, colour: Callable[[], str]) -> Mark:
        """Give the mark another colour."""
        return self._replace(face=colour, edge=colour if self.edge == self.face else self.edge)


START = Mark("o", "circle", style.paper, style.ink, (1.4, 2.0))
END = Mark("D", "diamond", style.fit, style.paper, (0.8, 1.0))
LOST = Mark("X", "x", style.fit, style.fit, (1.0, 0.0), 8.0)
"""The last finite step of a run that left the finite numbers."""

EDGES = (("<", "triangle-left"), (">", "triangle-right"), ("v", "triangle-down"), ("^", "triangle-up"))
"""Marks of where a path leaves a box: at its left and right edge, at its lower and upper one."""

VALLEY = Mark("o", "circle", style.valley, style.paper, (0.8, 1.0), 6.0)
PASS = Mark("x", "x-thin", style.ink, style.ink, (1.3, 2.0), 6.0)
BOUND = Mark("v", "triangle-down-open", style.paper, style.ink, (1.2, 1.5), 5.5)
"""What a pass is at most: it may lie lower."""

ORIGIN = Mark("+", "cross-thin", style.ink, style.ink, (1.5, 2.0), 8.0)

COLOURS = (
    *("#1b1e22", "#0b6fb3", "#d1540a", "#0a8f6a", "#b5549a", "#d99a00", "#4fa8dc", "#8a8f98"),
    *("#7a4b1e", "#5b3fb8", "#008b94", "#a3123a", "#7d8f1a", "#e8836b", "#1f2f6e", "#a78bd6"),
)
"""The first eight are told apart by colour-blind people too (after Okabe and Ito); marks and dashes go along."""

MARKS = (("o", "circle"), ("s", "square"), ("^", "triangle-up"), ("D", "diamond"), ("v", "triangle-down"))

DASHES = (
    ("-", "solid"),
    ((0, (5, 1.6)), "5px,2px"),
    ((0, (1.2, 1.2)), "2px,2px"),
    ((0, (7, 1.5, 1.5, 1.5)), "7px,2px,2px,2px"),
)


class Steps(NamedTuple):
    """How steps are coloured, from the first one to the last."""

    first: int
    last: int

    @property
    def ends(self) -> tuple[float, float]:
        """The first and the last step; a single one has room too."""
        return float(self.first), float(max(self.last, self.first + 1))

    @property
    def static(self) -> dict[str, Any]:
        """Matplotlib's colours."""
        return {"cmap": style.path_colours(), "norm": Normalize(*self.ends)}

    def web(self, step: np.ndarray) -> dict[str, Any]:
        """Give plotly.js the colours of steps."""
        low, high = self.ends
        return {"color": step, "colorscale": style.plotly_colours(style.path_stops()), "cmin": low, "cmax": high}

    def bar(self, sheet: canvas.Sheet, **place: Any) -> None:
        """Draw the bar that tells a step from its colour, beside axes ``ax`` or in axes ``cax``."""
        bar = canvas.side_bar(sheet, ScalarMappable(self.static["norm"], self.static["cmap"]), "step", **place)
        bar.ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], integer=True))

    def web_marker(self, step: np.ndarray, **more: Any) -> dict[str, Any]:
        """Colour points of a page by step, with the bar that tells a step from its colour."""
        place = {"title": {"text": "step", "side": "top"}, "thickness": 10, "outlinewidth": 0, "x": 1.01, "len": 0.9}
        return self.web(step) | {"colorbar": place} | more

    def web_bar(self) -> web.Trace:
        """Describe the bar alone, for lines that carry their colours themselves."""
        marker = self.web_marker(np.array([0]), showscale=True)
        return web.trace("markers", [None], [None], marker=marker)

    def draw_path(self, axes: Axes, pieces: Sequence[np.ndarray], step: np.ndarray, width: float, halo: float) -> None:
        """Draw pieces of a path, (point, 2) each, coloured by their steps over a white halo."""
        round_ = {"capstyle": "round"}
        canvas.segments(axes, pieces, colors=style.paper(), linewidths=halo, zorder=2, **round_)
        canvas.segments(axes, pieces, array=step, linewidths=width, zorder=2.1, **round_, **self.static)

    def draw_dots(self, axes: Axes, places: np.ndarray, step: np.ndarray, **look: Any) -> None:
        """Draw a dot at every step."""
        axes.scatter(*places.T, c=step, **self.static, **look)


def draw_ends(
    axes: Axes,
    places: np.ndarray,
    names: tuple[str, str],
    shown: Sequence[bool] | np.ndarray,
    lost: bool = False,
    **look: Any,
) -> None:
    """Mark the first and the last of places, (step, 2), those that are shown, with their names for the legend."""
    for k, mark, name in ((0, START, names[0]), (-1, LOST if lost else END, names[1])):
        if shown[k]:
            mark.draw(axes, *places[[k]].T, label=name, **look)


def web_ends(
    places: Mapping[str, np.ndarray],
    names: tuple[str, str],
    shown: Sequence[bool] | np.ndarray,
    size: float,
    lost: bool = False,
) -> list[web.Trace]:
    """Describe the first and the last of places, of x and y, or of x, y and z."""
    return [
        web.trace("markers", *(part[[k]] for part in places.values()), name=name, marker=mark.web(size))
        for k, mark, name in ((0, START, names[0]), (-1, LOST if lost else END, names[1]))
        if shown[k]
    ]


def draw_leaving(axes: Axes, places: np.ndarray, edge: np.ndarray, name: str) -> None:
    """Mark where a path leaves the axes, (place, 2), by arrowheads that point over the edge, of ``EDGES``."""
    for k in np.unique(edge).tolist():
        look = {"color": style.ink(), "mec": style.paper(), "mew": 0.6, "ms": 7.0, "ls": "none", "clip_on": False}
        label = name if k == edge.min() else None
        axes.plot(*places[edge == k].T, EDGES[k][0], label=label, zorder=3.3, **look)


def web_leaving(places: np.ndarray, edge: np.ndarray, name: str) -> list[web.Trace]:
    """Describe the same for a page."""
    if not len(edge):
        return []
    look = {"color": style.ink(), "size": 13, "symbol": [EDGES[k][1] for k in edge.tolist()]}
    look["line"] = {"color": style.paper(), "width": 1}
    return [web.trace("markers", *places.T, name=name, marker=look, cliponaxis=False)]


def edge_of(places: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell at which edge of a box places lie, (place, 2), as ``EDGES`` counts them."""
    shares = (places - low) / (high - low)
    return np.argmin(np.stack([shares[:, 0], 1 - shares[:, 0], shares[:, 1], 1 - shares[:, 1]], axis=-1), axis=-1)


class Series(NamedTuple):
    """How one of several curves is drawn: its colour, and for Matplotlib and for plotly.js its mark and its dashes."""

    light: str
    mark: tuple[str, str]
    dash: tuple[Any, str]

    @property
    def colour(self) -> str:
        """Its colour in the look that is drawn in."""
        return style.tone(self.light)


def series(k: int) -> Series:
    """Choose how the curve number ``k`` is drawn; no two of the first 80 have all three alike."""
    return Series(COLOURS[k % len(COLOURS)], MARKS[k % len(MARKS)], DASHES[k % len(DASHES)])


_KNOWN = (
    "sgd adam momentum rmsprop lion adamw lbfgs nesterov adagrad nadam adabelief adadelta radam yogi amsgrad adamax "
    "nadamw adamaxw adan novograd lamb lars fromage sm3 rprop sign_sgd optimistic_gradient_descent"
)

OPTIMIZERS = tuple(_KNOWN.split())
"""Optimisers in the order in which they are given their looks."""


def series_of(names: Sequence[str]) -> list[Series]:
    """Choose how optimisers are drawn: one that is known looks alike in all pictures, others have what is left.

    Examples
    --------
    >>> alone, among = series_of(["adam"]), series_of(["mine", "adam", "sgd"])
    >>> alone[0] == among[1]
    True
    """
    own = {name: OPTIMIZERS.index(bare) for name in names if (bare := name.removeprefix("optax.")) in OPTIMIZERS}
    free = (k for k in range(len(OPTIMIZERS) + len(names)) if k not in own.values())
    return [series(own[name] if name in own else next(free)) for name in names]
