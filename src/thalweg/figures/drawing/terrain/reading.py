"""A surface of two parameters and a run on it, as the arrays that figures draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import relief, scale
from thalweg.figures.drawing.rivals import NamedOrOne, Rival, note_of, rivals_of
from thalweg.figures.drawing.run import DrawnRun, of_one_problem, run_of, valley_names
from thalweg.figures.drawing.span import cell_edges, pieces_inside
from thalweg.figures.drawing.view import fixed
from thalweg.figures.drawing.wording import count, experiment_note, trained
from thalweg.study.survey import domain_of

ENDS = 2000
"""Other runs whose ends are drawn at most."""


LEAVING = "leaves the box"

PATHS = 50
"""Up to so many other runs are drawn with their paths."""


@dataclass(frozen=True, eq=False)
class Terrain:
    """Everything that is drawn, places in the shown units.

    Attributes
    ----------
    scales : of the two parameters
    x, y : (x,), (y,), the grid; a circle's first place again at its end
    heights, spaced : (x, y), training loss, and as it is spaced; what is not finite has the height of the highest
    loss : what the loss is called
    valleys, passes : (valley, 2), (pass, 2); passes that join two valleys for the first time
    depths, persistence : (valley,), training loss, and how high a pass one must cross to leave it for a deeper one
    path : (step, 2), circles wrapped; inside : (step,), which steps lie in the box
    pieces : (piece, 2, 2), the path between steps, cut to the box, with ``piece_step`` of their starts
    ends : (run, 2), where the other runs end
    others : (piece, 2, 2), the paths of the other runs, where they are few
    basins, hues : (x, y), the basin of every place and its colour; none where basins are not shown
    rivals : several runs by name, each on this terrain; ``run`` is then None
    limits : the lowest and the highest loss that are told apart, where they were asked for
    """

    scales: tuple[scale.Scale, ...]
    x: np.ndarray
    y: np.ndarray
    heights: np.ndarray
    spacing: relief.Spacing
    valleys: np.ndarray
    depths: np.ndarray
    passes: np.ndarray
    names: list[str]
    note: str
    loss: str
    run: DrawnRun | None = None
    path: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    pieces: np.ndarray = field(default_factory=lambda: np.empty((0, 2, 2)))
    piece_step: np.ndarray = field(default_factory=lambda: np.empty(0))
    ends: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    others: np.ndarray = field(default_factory=lambda: np.empty((0, 2, 2)))
    persistence: np.ndarray = field(default_factory=lambda: np.empty(0))
    basins: np.ndarray | None = None
    hues: np.ndarray | None = None
    rivals: Sequence[Rival[Terrain]] = ()
    limits: tuple[float, float] | None = None

    @property
    def spaced(self) -> np.ndarray:
        """Heights as they are spaced; beyond the limits all are alike."""
        return self.spacing.of(self.heights if self.limits is None else np.clip(self.heights, *self.limits))

    @property
    def levels(self) -> np.ndarray:
        """Levels of gray, as heights are spaced."""
        ends = self.spaced if self.limits is None else self.spacing.of(np.array(self.limits))
        return relief.levels_of(ends)

    @property
    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """The low and the high corner of the box."""
        return np.array([self.x[0], self.y[0]]), np.array([self.x[-1], self.y[-1]])

    @property
    def shores(self) -> np.ndarray:
        """(piece, 2, 2), the lines between places of different basins."""
        if self.basins is None:
            return np.empty((0, 2, 2))
        x, y = (cell_edges(places) for places in (self.x, self.y))
        i, j = np.nonzero(np.diff(self.basins, axis=0))
        upright = np.stack([np.stack([x[i + 1], y[j]], -1), np.stack([x[i + 1], y[j + 1]], -1)], axis=1)
        i, j = np.nonzero(np.diff(self.basins, axis=1))
        level = np.stack([np.stack([x[i], y[j + 1]], -1), np.stack([x[i + 1], y[j + 1]], -1)], axis=1)
        return np.concatenate([upright, level])

    @property
    def inside(self) -> np.ndarray:
        """Tell which steps of the path lie in the box."""
        low, high = self.corners
        return np.all((self.path >= low) & (self.path <= high), axis=-1)

    @property
    def exits(self) -> np.ndarray:
        """(piece, 2, 2), the pieces of steps that start in the box and leave it, up to its edge."""
        inside = np.append(self.inside, True)
        steps = self.piece_step.astype(int)
        leaving = self.pieces[inside[steps] & ~inside[steps + 1]]
        ends = leaving[:, 1]
        low, high = self.corners
        # A piece that crosses the end of a circle is drawn twice, and leaves the box at one of its drawings only.
        free = np.array([not shown.periodic for shown in self.scales])
        near = np.minimum(np.abs(ends - low), np.abs(ends - high)) <= 1e-9 * (high - low)
        return leaving[(near & free).any(axis=-1)]

    @property
    def leaving(self) -> str:
        """Say when the path leaves the box; nothing if it never does."""
        outside = np.flatnonzero(~self.inside)
        if not len(outside):
            return ""
        if len(outside) == len(self.path) - outside[0]:
            return f"the path leaves the box at step {outside[0]}"
        return f"the path leaves the box at step {outside[0]} and is outside at {count(len(outside), 'step')}"


def limited(terrain: Terrain, limits: Sequence[float]) -> Terrain:
    """Give a terrain limits in the place of its own lowest and highest loss."""
    view = fixed(limits)
    ends = view.low, view.high
    spacing, note = relief.spacing_between(*ends), f"{terrain.note} · {view.told}"
    return replace(terrain, spacing=spacing, limits=ends, note=note)


def terrain_of(surface: xr.Dataset, runs: NamedOrOne, valleys: xr.Dataset | None, run: int) -> Terrain:
    """Read a surface of two parameters, its valleys and a run, refusing what cannot be drawn."""
    values = surface["train_loss"]
    domain = domain_of(values)
    if len(domain) != 2:
        raise InvalidValue(f"the surface has {len(domain)} parameter(s); a plane needs two, draw a profile of one")
    of_one_problem(domain.names, runs, valleys)
    heights = values.values.astype(np.float64)
    finite = np.isfinite(heights)
    if not finite.any():
        raise InvalidValue("the surface is finite nowhere, so there is nothing to draw; choose another domain")
    scales = scale.of_domain(domain)
    heights = scale.closed(np.where(finite, heights, heights[finite].max()), scales)
    x, y = (shown.places(surface) for shown in scales)
    single = runs if isinstance(runs, xr.Dataset) else None
    bare = Terrain(
        scales=scales,
        x=x,
        y=y,
        heights=heights,
        spacing=relief.spacing_of(heights),
        note=experiment_note(surface, single, None if valleys is None else valleys.sizes["valley"]),
        names=valley_names(valleys),
        loss=trained("test_loss" in surface),
        **_marks(valleys, scales),
    )

    def read(one: xr.Dataset) -> tuple[DrawnRun, Terrain]:
        return _with_run(bare, one, valleys, run)

    single, rivals = rivals_of(runs, read)
    if single is not None:
        return read(single)[1]
    return replace(bare, rivals=rivals, note=bare.note + note_of(rivals)) if rivals else bare


def _marks(valleys: xr.Dataset | None, scales: tuple[scale.Scale, ...]) -> dict[str, Any]:
    if valleys is None:
        return {"valleys": np.empty((0, 2)), "depths": np.empty(0), "passes": np.empty((0, 2))}
    factors = np.array([shown.factor for shown in scales])
    return {
        "valleys": valleys["position"].values * factors,
        "depths": valleys["loss"].values.astype(np.float64),
        "persistence": valleys["persistence"].values.astype(np.float64),
        "passes": valleys["pass_position"].values[valleys["pass_merges"].values == 1] * factors,
    }


def _with_run(bare: Terrain, runs: xr.Dataset, valleys: xr.Dataset | None, run: int) -> tuple[DrawnRun, Terrain]:
    drawn_run = run_of(runs, run, valleys)
    pieces, steps = _pieces(bare, drawn_run)
    others = np.delete(np.arange(drawn_run.runs), run)
    others = others[runs["last_step"].values[others] >= 0][:ENDS]
    few = others if len(others) <= PATHS else others[:0]
    last = runs["params"].values[others, runs["last_step"].values[others]]
    terrain = replace(
        bare,
        run=drawn_run,
        path=_wrapped(drawn_run.params, bare.scales),
        pieces=pieces,
        piece_step=steps,
        ends=_wrapped(last, bare.scales),
        others=np.concatenate([np.empty((0, 2, 2)), *(_pieces(bare, run_of(runs, int(k)))[0] for k in few)]),
    )
    leaving = f" · {terrain.leaving}" if terrain.leaving else ""
    return drawn_run, replace(terrain, note=f"{bare.note} · {drawn_run.note}{leaving}")


def _wrapped(params: np.ndarray, scales: tuple[scale.Scale, ...]) -> np.ndarray:
    return np.stack([shown.wrapped(params[:, k]) for k, shown in enumerate(scales)], axis=-1)


def _pieces(bare: Terrain, run: DrawnRun) -> tuple[np.ndarray, np.ndarray]:
    """Cut the path to the box; a piece that crosses the end of a circle is drawn at both ends."""
    points = np.stack([shown.of(run.params[:, k]) for k, shown in enumerate(bare.scales)], axis=-1)
    with np.errstate(over="ignore", invalid="ignore"):
        turns = points - _wrapped(run.params, bare.scales)
        pairs = np.stack([points[:-1], points[1:]], axis=1)
        cut = [pieces_inside(pairs - turns[k : len(turns) - 1 + k, None], *bare.corners) for k in (0, 1)]
    steps = run.step[:-1]
    again = (np.diff(turns, axis=0) != 0).any(axis=-1)
    pieces, steps = np.concatenate([cut[0], cut[1][again]]), np.concatenate([steps, steps[again]])
    drawn = np.isfinite(pieces).all(axis=(1, 2))
    return pieces[drawn], steps[drawn]
