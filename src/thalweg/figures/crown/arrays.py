"""What the crown shows: one set of arrays, drawn static, interactive and moving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import xarray as xr

from thalweg.figures.crown.levels import Levels, levels_of
from thalweg.figures.crown.ring import Ring
from thalweg.figures.drawing import crowds, scale
from thalweg.figures.drawing.rivals import NamedOrOne, Rival, rivals_of
from thalweg.figures.drawing.run import NONE, Derailments, DrawnRun, run_of
from thalweg.figures.drawing.view import ROUNDING, View
from thalweg.problems.axis import Axis

PLACES = 1800
"""Places drawn on one period at most; of a finer surface the lowest and the highest place of every stretch."""

WIDE = 2.4
"""A run that covers more of the circle than this, in radians, is not all seen at once; its derailment is."""

FINE, COARSE, MOST = np.radians(1.0), 8, 720
"""Between two steps a path is drawn at points this far apart, radians; so many at least, and at most."""

POINTS = 20_000
"""Points of a path at most, about: beyond them it is drawn more coarsely, so that no run takes minutes to draw."""


@dataclass(frozen=True, eq=False)
class Crown:
    """A surface around its circle, the valleys in it, and a run on it.

    Attributes
    ----------
    shown : how the parameter is written
    copies : how often the period is met on the drawn circle: a line's angle twice, all else once
    angles : (place,), on the drawn circle, rising from 0 to below 2π
    losses : (place,), of the surface, not cut
    levels : the scale of losses
    marks : (mark,), places of the valleys on the drawn circle, first copies first, each deepest first
    mark_losses, mark_texts : their losses and names
    persistence : (valley,), how high a pass one must cross to leave each for a deeper one
    passes, pass_losses : (pass,), places and losses of the passes at which valleys join, those below the cut
    run : as it is drawn, None where none is drawn
    path : (step,), the run's place on the drawn circle, not wrapped
    rivals : several runs by name, each on this crown; ``run`` is then None
    lane : where across the ring the path lies, from 0 inside to 1 outside; several lie side by side
    """

    shown: scale.Scale
    copies: int
    angles: np.ndarray
    losses: np.ndarray
    levels: Levels
    marks: np.ndarray
    mark_losses: np.ndarray
    mark_texts: list[str]
    persistence: np.ndarray
    passes: np.ndarray
    pass_losses: np.ndarray
    run: DrawnRun | None
    path: np.ndarray
    rivals: Sequence[Rival[Crown]] = ()
    lane: float = 0.5

    @cached_property
    def above(self) -> np.ndarray:
        """(place,), where the surface is cut off."""
        return self.losses > self.levels.cut

    @cached_property
    def cut(self) -> np.ndarray:
        """(place,), where the surface is cut off all the way to the next place."""
        return self.above & np.roll(self.above, -1)

    @cached_property
    def ring(self) -> Ring:
        """The surface as a solid ring, seen from where the run is."""
        return Ring(self.angles, self.levels.height(self.losses), self.azimuth)

    @cached_property
    def along(self) -> np.ndarray:
        """(point,), where the path is drawn, in steps and fractions of steps: fine enough to follow the ring."""
        moves = np.abs(np.diff(self.path))
        counts = np.clip(np.ceil(moves / FINE), COARSE, MOST).astype(int)
        counts[self.leaps] = 2
        if counts.sum() > POINTS:
            counts = np.maximum(counts * POINTS // counts.sum(), 2)
        between = [step + np.arange(count) / count for step, count in enumerate(counts)]
        return np.append(np.concatenate([np.empty(0), *between]), len(moves))

    @cached_property
    def leaps(self) -> np.ndarray:
        """(leap,), steps that go more than once around: what lies between their ends is not drawn."""
        return np.flatnonzero(self.turns > 1 + ROUNDING)

    @property
    def turns(self) -> np.ndarray:
        """(step,), how often each step but the last goes around the drawn circle."""
        return np.abs(np.diff(self.path)) / (2 * np.pi)

    @property
    def derailments(self) -> Derailments:
        """The derailments of the run."""
        return NONE if self.run is None else self.run.derailments

    @property
    def highest(self) -> float:
        """The highest loss of the surface that is finite."""
        return float(self.losses[np.isfinite(self.losses)].max())

    @property
    def parted(self) -> tuple[np.ndarray, np.ndarray]:
        """Marks of the most persistent valleys, first of all, every copy; and of the rest, drawn faintly."""
        turns = len(self.persistence) * np.arange(self.copies)
        kept, rest = ((part[:, None] + turns).ravel() for part in crowds.parted(self.persistence))
        return kept, rest

    @property
    def azimuth(self) -> float:
        """The place on the drawn circle that faces the viewer: near the run's end, or the deepest place."""
        ways = np.concatenate([np.empty(0), *(rival.drawn.path for rival in self.rivals)])
        if ways.size and np.ptp(ways) <= WIDE:
            return float(ways.max() + ways.min()) / 2
        if not self.path.size:
            filled = np.where(np.isfinite(self.losses), self.losses, np.inf)
            return float(self.marks[0] if self.marks.size else self.angles[np.argmin(filled)])
        low, high = float(self.path.min()), float(self.path.max())
        if high - low <= WIDE:
            return ((low + high) / 2 + float(self.path[-1])) / 2
        first = self.derailments.step[:1]
        return float(np.mean(self.path[np.append(first, first + 1)])) if first.size else float(self.path[-1])

    def value(self, angle: np.ndarray) -> np.ndarray:
        """Read the parameter, in the shown unit, back from the drawn circle."""
        return angle / (2 * np.pi) * self.copies * (self.shown.high - self.shown.low)

    def hover_texts(self, angles: np.ndarray, losses: np.ndarray) -> list[str]:
        """Write the parameter at places on the drawn circle, and the losses there."""
        places = self.value(angles).tolist()
        return [f"{self.shown.text(place)}, loss {loss:.5g}" for place, loss in zip(places, losses, strict=True)]


def crown_of(
    surface: xr.Dataset, axis: Axis, runs: NamedOrOne, valleys: xr.Dataset | None, run: int, ends: float | View | None
) -> Crown:
    """Collect what is drawn over the surface's one periodic axis; ``ends`` fixes the scale as in ``levels_of``."""
    shown = scale.of_axis(axis)
    # Undirected lines: published pictures draw their angles over a full turn, where each line is met twice.
    copies = 2 if axis.unit == "rad" and np.isclose(axis.length, np.pi, rtol=1e-9) else 1
    turn = 2 * np.pi / (copies * axis.length)
    angles, losses = _around(surface, axis, copies)
    single, parts = rivals_of(runs, lambda one: (drawn := run_of(one, run, valleys), drawn))
    drawn_run = None if single is None else run_of(single, run, valleys)
    climbed = [part.run.train for part in parts] + ([] if drawn_run is None else [drawn_run.train])
    marks, mark_losses, places = _marks(valleys, "", shown, copies)
    levels = levels_of(losses, valleys, np.concatenate([np.empty(0), *climbed]), ends)
    merging = None if valleys is None else valleys.isel({"pass": valleys["pass_merges"].values == 1})
    passes, pass_losses, _ = _marks(merging, "pass_", shown, copies)
    low = pass_losses <= levels.cut
    bare = Crown(
        shown=shown,
        copies=copies,
        angles=angles,
        losses=losses,
        levels=levels,
        marks=marks,
        mark_losses=mark_losses,
        mark_texts=[shown.text(place) for place in places],
        persistence=np.empty(0) if valleys is None else valleys["persistence"].values.astype(np.float64),
        passes=passes[low],
        pass_losses=pass_losses[low],
        run=None,
        path=np.empty(0),
    )

    def on(one: DrawnRun, lane: float = 0.5) -> Crown:
        return replace(bare, run=one, path=one.params[:, 0] * turn, lane=lane)

    if drawn_run is not None:
        return on(drawn_run)
    lanes = np.linspace(0, 1, len(parts) + 2)[1:-1].tolist()
    return replace(
        bare, rivals=[replace(part, drawn=on(part.run, lane)) for part, lane in zip(parts, lanes, strict=True)]
    )


def _around(surface: xr.Dataset, axis: Axis, copies: int) -> tuple[np.ndarray, np.ndarray]:
    values, losses = surface[axis.name].values, surface["train_loss"].values.astype(np.float64)
    keep = _telling(losses)
    once = values[keep] * (2 * np.pi / (copies * axis.length))
    angles = np.concatenate([once + copy * 2 * np.pi / copies for copy in range(copies)])
    angles = np.mod(angles, 2 * np.pi)
    order = np.argsort(angles)
    return angles[order], np.tile(losses[keep], copies)[order]


def _telling(losses: np.ndarray) -> np.ndarray:
    """Choose places: all of them, or the lowest and the highest of every stretch of a fine surface."""
    if len(losses) <= PLACES:
        return np.arange(len(losses))
    ends = np.linspace(0, len(losses), PLACES // 2 + 1).astype(int)
    filled = np.nan_to_num(losses, nan=np.inf)
    return np.unique([a + pick(filled[a:b]) for a, b in pairwise(ends) for pick in (np.argmin, np.argmax)])


def _marks(
    valleys: xr.Dataset | None, kind: str, shown: scale.Scale, copies: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the angles on the drawn circle, the losses and the shown places of valleys or of passes, copy by copy."""
    if valleys is None:
        return np.empty(0), np.empty(0), np.empty(0)
    period, values = shown.high - shown.low, shown.of(valleys[f"{kind}position"].values[:, 0])
    places = np.concatenate([values + copy * period for copy in range(copies)])
    angles = np.mod(places * (2 * np.pi / (copies * period)), 2 * np.pi)
    return angles, np.tile(valleys[f"{kind}loss"].values, copies), places
