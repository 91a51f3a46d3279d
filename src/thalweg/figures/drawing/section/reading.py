"""A surface of one parameter and a run on it, as the arrays that a profile draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import scale
from thalweg.figures.drawing.rivals import NamedOrOne, Rival, note_of, rivals_of
from thalweg.figures.drawing.run import DrawnRun, of_one_problem, run_of, valley_names
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.view import ROUNDING, View
from thalweg.figures.drawing.wording import count, experiment_note, trained
from thalweg.study.survey import domain_of

USUAL = 0.75
"""Share of the surface, the lowest part, that is always shown; steep walls may be cut."""

TALL = 1.6
"""A surface that reaches this many times as high as its usual part is cut there."""

NEAR = 6.0
"""A path is shown up to so many times the height of the surface's usual part."""

ROOM = (0.16, 0.14)
"""Room below and above, as shares of the shown heights: for labels of valleys, for arrows."""

ALONG = np.linspace(0, 1, 33)
"""Where along an arc its points lie."""

LIFT = (0.05, 0.35)
"""Height of an arc above its chord, in shares of the view: of any arc, and more for one as wide as the picture."""


LANE, LANES = 0.03, 0.12
"""Heights, in shares of the view, by which several runs lie above each other: of one above the next, and of all."""


class Arc(NamedTuple):
    """One derailment, drawn as a parabola."""

    x: np.ndarray
    y: np.ndarray
    text: str


class Piece(NamedTuple):
    """Ground of one basin."""

    outline: np.ndarray
    """(point, 2), along the curve and back along the foot."""

    hue: int


@dataclass(frozen=True, eq=False)
class Places:
    """Valleys or passes: places in the shown unit, losses, labels."""

    x: np.ndarray
    y: np.ndarray
    texts: list[str]


@dataclass(frozen=True, eq=False)
class Section:
    """Everything that is drawn, places in the shown unit.

    Attributes
    ----------
    scale : of the parameter
    x, train, test : (place,), the surface; a circle's first place again at its end
    valleys, passes : marks; passes that join two valleys for the first time
    persistence : (valley,), how high a pass one must cross to leave each for a deeper one
    view : of the loss
    path : (step, 2), place, wrapped on a circle, and training loss of every step
    arcs : how the derailments are drawn
    basins, hues : (place,), the basin of every place and its colour; none where basins are not shown
    rivals : several runs by name, each on this ground; ``run`` is then None
    """

    scale: Scale
    x: np.ndarray
    train: np.ndarray
    test: np.ndarray | None
    valleys: Places
    passes: Places
    view: View
    note: str
    run: DrawnRun | None = None
    path: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    arcs: list[Arc] = field(default_factory=list)
    basins: np.ndarray | None = None
    hues: np.ndarray | None = None
    rivals: Sequence[Rival[Section]] = ()
    persistence: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def loss(self) -> str:
        """What the loss is called that is descended."""
        return trained(self.test is not None)

    @property
    def inside(self) -> np.ndarray:
        """Tell which steps of the path lie in the interval."""
        return (self.path[:, 0] >= self.x[0]) & (self.path[:, 0] <= self.x[-1])

    @property
    def exits(self) -> tuple[np.ndarray, np.ndarray]:
        """Where steps leave the interval, (place, 2), at its edge and as high as they were before; and which edge."""
        leaving = np.flatnonzero(self.inside[:-1] & ~self.inside[1:])
        edge = (self.path[leaving + 1, 0] > self.x[-1]).astype(int)
        return np.stack([self.x[[0, -1]][edge], np.clip(self.path[leaving, 1], None, self.view.high)], axis=-1), edge

    @property
    def ends(self) -> tuple[str, str]:
        """Names of the places where the run starts and ends."""
        start, end = (self.scale.text(place) for place in self.path[[0, -1], 0])
        return f"start, {start}", f"step {len(self.path) - 1}, {end}"

    @property
    def lanes(self) -> list[np.ndarray]:
        """(step, 2) of each of several runs, each a little higher than the one before: all lie on the same curve."""
        lift = min(LANE, LANES / max(len(self.rivals) - 1, 1)) * (self.view.high - self.view.low)
        return [rival.drawn.path + np.array([0, k * lift]) for k, rival in enumerate(self.rivals)]

    @property
    def roof(self) -> np.ndarray:
        """(place,), the top of the ground: the curve, or high above the picture."""
        return np.minimum(self.train, 2 * self.view.high - self.view.low)

    @property
    def ground(self) -> list[Piece]:
        """The ground in pieces, one for each stretch of a basin."""
        if self.basins is None or self.hues is None:
            return []
        roof = np.where(np.isfinite(self.roof), self.roof, self.view.low)
        return pieces_of(self.x, roof, self.view.low, self.basins, self.hues)

    @property
    def cut(self) -> float | None:
        """The highest loss, where the axis is cut below it."""
        highest = float(self.train[np.isfinite(self.train)].max())
        return highest if highest > self.view.high else None


def section_of(surface: xr.Dataset, runs: NamedOrOne, valleys: xr.Dataset | None, run: int) -> Section:
    """Read a surface of one parameter, its valleys and a run, refusing what cannot be drawn."""
    domain = domain_of(surface["train_loss"])
    if len(domain) != 1:
        raise InvalidValue(f"the surface has {len(domain)} parameters; a profile needs one, draw a plane of two")
    of_one_problem(domain.names, runs, valleys)
    if not np.isfinite(surface["train_loss"].values).any():
        raise InvalidValue("the surface is finite nowhere, so there is nothing to draw; choose another domain")
    single = runs if isinstance(runs, xr.Dataset) else None
    bare = _bare(surface, single, valleys, scale.of_axis(domain[0]))

    def read(one: xr.Dataset) -> tuple[DrawnRun, Section]:
        return _with_run(bare, one, valleys, run)

    single, rivals = rivals_of(runs, read)
    if single is not None:
        return read(single)[1]
    return _with_rivals(bare, rivals) if rivals else bare


def _with_rivals(bare: Section, rivals: Sequence[Rival[Section]]) -> Section:
    """Choose one view in which all of them are seen."""
    paths = np.concatenate([rival.drawn.path[rival.drawn.inside, 1] for rival in rivals])
    view = _view(bare.train, paths, np.append(bare.valleys.y, bare.passes.y))
    return replace(bare, rivals=rivals, view=view, note=bare.note + note_of(rivals))


def _bare(surface: xr.Dataset, runs: xr.Dataset | None, valleys: xr.Dataset | None, shown: Scale) -> Section:
    train, test = (
        scale.closed(surface[name].values.astype(np.float64), (shown,)) if name in surface else None
        for name in ("train_loss", "test_loss")
    )
    assert train is not None
    tops, passes = _marks(valleys, shown)
    return Section(
        scale=shown,
        x=shown.places(surface),
        train=train,
        test=test,
        valleys=tops,
        passes=passes,
        persistence=np.empty(0) if valleys is None else valleys["persistence"].values.astype(np.float64),
        view=_view(train, np.empty(0), np.append(tops.y, passes.y)),
        note=experiment_note(surface, runs, None if valleys is None else len(tops.x)),
    )


def _with_run(bare: Section, runs: xr.Dataset, valleys: xr.Dataset | None, run: int) -> tuple[DrawnRun, Section]:
    drawn_run, shown = run_of(runs, run, valleys), bare.scale
    path = np.stack([shown.wrapped(drawn_run.params[:, 0]), drawn_run.train], axis=-1)
    outside = (path[:, 0] < bare.x[0]) | (path[:, 0] > bare.x[-1])
    view = _view(bare.train, path[~outside, 1], np.append(bare.valleys.y, bare.passes.y))
    return drawn_run, replace(
        bare,
        run=drawn_run,
        path=path,
        arcs=arcs_of(path, drawn_run, (bare.x, bare.train), view, shown),
        view=view,
        note=f"{bare.note} · {drawn_run.note}{_leaving(outside)}",
    )


def _leaving(outside: np.ndarray) -> str:
    """Say where a run leaves an interval."""
    steps = np.flatnonzero(outside)
    return f" · outside the interval at {count(len(steps), 'step')}, first at step {steps[0]}" if len(steps) else ""


def _marks(valleys: xr.Dataset | None, shown: Scale) -> tuple[Places, Places]:
    """Read the valleys, and the passes that join two of them for the first time."""
    if valleys is None:
        nothing = Places(np.empty(0), np.empty(0), [])
        return nothing, nothing
    joining = valleys["pass_merges"].values == 1
    places, passes = valleys["position"].values[:, 0], valleys["pass_position"].values[joining, 0]
    tops = shown.of(passes)
    return (
        Places(shown.of(places), valleys["loss"].values.astype(np.float64), valley_names(valleys)),
        Places(tops, valleys["pass_loss"].values[joining].astype(np.float64), [shown.text(top) for top in tops]),
    )


def _view(heights: np.ndarray, path: np.ndarray, marks: np.ndarray) -> View:
    finite = heights[np.isfinite(heights)]
    lowest, highest, usual = float(finite.min()), float(finite.max()), float(np.quantile(finite, USUAL))
    near = path[path <= lowest + NEAR * (usual - lowest)]
    low, high = min([lowest, *path]), max([usual, *near, *marks])
    high = highest if highest - low <= TALL * (high - low) else high
    # A constant needs some room of its own.
    span = high - low if high - low > ROUNDING * max(abs(low), abs(high)) else abs(high) or 1.0
    return View(low - ROOM[0] * span, high + ROOM[1] * span)


def arcs_of(
    path: np.ndarray, run: DrawnRun, curve: tuple[np.ndarray, np.ndarray], view: View, shown: Scale
) -> list[Arc]:
    """Draw each derailment the shorter way around a circle; one that crosses its ends is drawn at both.

    Parameters
    ----------
    path : (step, 2), places and losses of the run
    run : whose steps these are
    curve : the surface, over which an arc stays
    view, shown : of the loss and of the parameter
    """
    arcs = []
    width = curve[0][-1] - curve[0][0]
    for step, text in zip(run.derailments.step, run.ways, strict=True):
        (x, y), (to, low) = path[step], path[step + 1]
        turn = -width * np.round((to - x) / width) if shown.periodic else 0.0
        for shift in dict.fromkeys((0.0, -turn)):
            across = x + shift + (to + turn - x) * ALONG
            arcs.append(Arc(across, _lifted(across, (y, low), curve, view, shown), text))
    return arcs


def _lifted(
    x: np.ndarray, ends: tuple[float, float], curve: tuple[np.ndarray, np.ndarray], view: View, shown: Scale
) -> np.ndarray:
    """Lift a chord so far that it clears the ground between its ends."""
    width, span = curve[0][-1] - curve[0][0], view.high - view.low
    chord, bow = ends[0] + (ends[1] - ends[0]) * ALONG, 4 * ALONG * (1 - ALONG)
    ground = np.interp(x, *curve, period=width if shown.periodic else None)
    # Near its ends an arc lies on the ground anyway.
    inner = slice(4, -4)
    needed = ((np.minimum(ground, view.high) - chord)[inner] / bow[inner]).max()
    usual = span * (LIFT[0] + LIFT[1] * abs(x[-1] - x[0]) / width)
    return chord + bow * max(usual, 1.15 * needed)


def pieces_of(x: np.ndarray, roof: np.ndarray, foot: float, basins: np.ndarray, hue: np.ndarray) -> list[Piece]:
    """Cut the ground half-way between places of different basins."""
    shores = np.flatnonzero(np.diff(basins)) + 1
    starts, ends = np.append(0, shores), np.append(shores, len(x))
    pieces = []
    for start, end in zip(starts, ends, strict=True):
        inner = slice(max(start - 1, 0), min(end + 1, len(x)))
        left = (x[start - 1] + x[start]) / 2 if start else x[0]
        right = (x[end - 1] + x[end]) / 2 if end < len(x) else x[-1]
        across = np.concatenate([[left], x[start:end], [right]])
        top = np.interp(across, x[inner], roof[inner])
        feet = np.array([[right, foot], [left, foot]])
        pieces.append(Piece(np.vstack([np.stack([across, top], axis=-1), feet]), int(hue[start])))
    return pieces
