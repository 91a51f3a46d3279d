"""Several runs in one picture, each with its name, its colour and its mark, as a comparison of optimisers needs them.

A figure reads each of them as it reads one run; here is only what they add: names, looks, and what is said of all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.marks import START, Series, series_of
from thalweg.figures.drawing.run import DrawnRun
from thalweg.figures.drawing.wording import count, joined, shortened

Drawn = TypeVar("Drawn")

MARKED = 8
"""Marks along one path, about: they tell the paths apart in grey print."""

LONG = 200
"""Steps above which a line is thin: it may go to and fro."""

NESTED = (1.3, 0.8)
"""Sizes of the marks of the first run and of the last one."""

IN_SPACE = {"triangle-up": "cross", "triangle-down": "x"}
"""What plotly.js has in space for marks that it has in a plane only."""

NamedOrOne = xr.Dataset | Mapping[str, xr.Dataset] | None


@dataclass(frozen=True, eq=False)
class Rival(Generic[Drawn]):
    """One of several runs that are drawn together.

    Attributes
    ----------
    name, look : as the legend has them
    run : up to its last finite step
    drawn : where the figure draws it
    told : how it was made, for the caption
    size : of its marks, as a share of the usual: the first is largest, so that it is seen around those drawn over it
    """

    name: str
    look: Series
    run: DrawnRun
    drawn: Drawn
    told: str
    size: float

    @property
    def label(self) -> str:
        """Its name, as it fits into a legend."""
        return shortened(self.name, 28)

    @property
    def width(self) -> float:
        """The width of its line, points."""
        return 1.8 if self.run.last <= LONG else 1.1

    @property
    def symbol(self) -> str:
        """Its mark in space."""
        return IN_SPACE.get(self.look.mark[1], self.look.mark[1])

    @property
    def some(self) -> np.ndarray:
        """(mark,), steps that are marked, the first and the last left out."""
        return np.unique(np.linspace(0, self.run.last, MARKED + 2).round().astype(int))[1:-1]

    def handle(self, lined: bool) -> Line2D:
        """Make a sample of its line and mark, or of the mark alone, for a legend."""
        shape, dash = self.look.mark[0], self.look.dash[0] if lined else "none"
        return Line2D([], [], color=self.look.colour, marker=shape, ls=dash, lw=1.8, ms=6, mec=style.paper(), mew=0.6)

    def mark(self, axes: Axes, places: np.ndarray, size: float, **more: Any) -> None:
        """Draw its mark at places, (place, 2)."""
        size *= self.size
        edge = {"mec": style.paper(), "mew": 0.08 * size, "ls": "none", "ms": size}
        axes.plot(*places.T, self.look.mark[0], color=self.look.colour, **edge | more)


def rivals_of(
    runs: NamedOrOne, read: Callable[[xr.Dataset], tuple[DrawnRun, Drawn]]
) -> tuple[xr.Dataset | None, list[Rival[Drawn]]]:
    """Part one dataset of runs from several by name, which are read and given their looks."""
    if runs is None or isinstance(runs, xr.Dataset):
        return runs, []
    sizes = np.linspace(*NESTED, len(runs)).tolist() if len(runs) > 1 else [1.0]
    parts = zip(runs.items(), series_of(list(runs)), sizes, strict=True)
    return None, [Rival(name, look, *read(one), _made(one), size) for (name, one), look, size in parts]


def _made(runs: xr.Dataset) -> str:
    return shortened(str(runs.attrs.get("optimizer", "")), 120)


def note_of(rivals: Sequence[Rival[Any]]) -> str:
    """Say how many there are, how far they came and which diverged, for the line of facts."""
    if not rivals:
        return ""
    steps = sorted({rival.run.last for rival in rivals})
    came = count(steps[-1], "step") if len(steps) == 1 else f"{steps[0]:,} to {count(steps[-1], 'step')}"
    lost = joined([rival.label for rival in rivals if rival.run.lost])
    return f" · {count(len(rivals), 'run')}, {came}" + (f" · {lost} diverged" if lost else "")


def told(rivals: Sequence[Rival[Any]], ends: Sequence[str]) -> list[str]:
    """Say of each how it was made and where it ends, for a caption."""
    return [
        f"{rival.name} ({rival.told}, {rival.run.story}) ends at {end}" for rival, end in zip(rivals, ends, strict=True)
    ]


def draw_starts(axes: Axes, starts: np.ndarray, **look: Any) -> None:
    """Mark where they start, (rival, 2): once where all start at one place."""
    # Runs of 32 bits start where those of 64 do, but for rounding.
    places = starts[:1] if np.allclose(starts, starts[0], rtol=1e-6, atol=0) else np.unique(starts, axis=0)
    START.draw(axes, *places.T, label="start" if len(places) == 1 else "starts", **look)


def legend(sheet: canvas.Sheet, axes: Axes, rivals: Sequence[Rival[Any]], lined: bool = True) -> None:
    """Draw the legend of a figure, the rivals first."""
    canvas.legend(sheet, axes, [(rival.handle(lined), rival.label) for rival in rivals])


def web_marks(
    rival: Rival[Any], places: Sequence[np.ndarray], at: np.ndarray, size: float, edge: float = 1.0
) -> web.Trace:
    """Describe its marks at some of its places, of x and y or of x, y and z.

    Marks of steps that may lie close have no edge: it would hide all but the last.
    """
    symbol = rival.symbol if len(places) == 3 else rival.look.mark[1]
    line = {"color": style.paper(), "width": edge}
    look = {"color": rival.look.colour, "symbol": symbol, "size": size * rival.size, "line": line}
    return web.trace("markers", *(part[at] for part in places), marker=look)
