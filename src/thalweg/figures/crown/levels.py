"""The scale of losses of a crown: where it begins, where the ring is cut, and what is written on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.base.checks import number as check_number
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.view import ROUNDING, View

USUAL = 0.75
"""Share of the surface, its lowest part, that is shown where no passes tell how high to go."""

STEEP = 0.9
"""Share of the surface above which steps of a run do not raise the cut."""

TALL = 1.25
"""A surface that reaches less than this many times as high as what must be shown is not cut."""

ROOM = (0.12, 0.05)
"""Room below the lowest and above the highest thing that must be shown, as shares of their distance."""

TICKS = 6
"""Intervals between ticks at most."""


@dataclass(frozen=True, eq=False)
class Levels:
    """The scale of losses: the ring stands on ``base`` and is cut at ``cut``, where it is cut at all.

    ``constant`` tells of the surface that it is, to rounding; ``fixed`` of both ends that they were asked for.
    """

    base: float
    cut: float
    ticks: np.ndarray
    constant: bool
    fixed: bool = False

    def height(self, losses: np.ndarray) -> np.ndarray:
        """Place losses on the scale, from 0 at the base to 1 at the cut, where the surface is cut off."""
        share = (np.nan_to_num(losses, nan=self.base, posinf=self.cut) - self.base) / (self.cut - self.base)
        return np.clip(share, 0.0, 1.0)


def levels_of(losses: np.ndarray, valleys: xr.Dataset | None, path: np.ndarray, ends: float | View | None) -> Levels:
    """Choose the scale for losses of a surface and of paths on it; ``ends`` fixes where it is cut, or both its ends."""
    finite = losses[np.isfinite(losses)]
    low, high = float(finite.min()), float(finite.max())
    constant = high - low <= ROUNDING * max(abs(low), abs(high))
    if isinstance(ends, View):
        if ends.high <= low or ends.low >= high:
            raise InvalidValue(
                f"limits = ({ends.low:g}, {ends.high:g}) show nothing of the surface; "
                f"give some that meet its losses, from {low:.6g} to {high:.6g}"
            )
        ticks = _ticks(ends.low, ends.high, _step(ends.high - ends.low))
        return Levels(ends.low, ends.high, ticks, constant, True)
    if ends is not None and check_number("cut", ends) <= low:
        raise InvalidValue(f"cut = {ends!r} leaves nothing of the surface; give a loss above its lowest, {low:.6g}")
    if constant:
        room = abs(low) / 2 or 0.5
        return Levels(low - room, low + room, np.array([low]), True)
    top = _top(finite, valleys, path) if ends is None else float(ends)
    step = _step(top - low)
    base = step / 2 * np.floor((low - ROOM[0] * (top - low)) / (step / 2))
    if ends is None:
        top = step / 2 * np.ceil(top / (step / 2))
    return Levels(float(base), float(top), _ticks(base, top, step), False)


def _top(finite: np.ndarray, valleys: xr.Dataset | None, path: np.ndarray) -> float:
    """Choose how high to show: every pass over which valleys merge, and the run unless it climbs a steep wall."""
    low, high = float(finite.min()), float(finite.max())
    merging = np.empty(0)
    if valleys is not None and valleys.sizes["pass"]:
        merging = valleys["pass_loss"].values[valleys["pass_merges"].values == 1]
    passes = merging if merging.size else np.quantile(finite, [USUAL])
    climbed = np.minimum(path, np.quantile(finite, STEEP))
    needed = max(float(passes.max()), float(climbed.max(initial=low)))
    return high if high - low <= TALL * (needed - low) else low + (1 + ROOM[1]) * (needed - low)


def _step(span: float) -> float:
    """Choose a round distance between ticks."""
    power = 10.0 ** np.floor(np.log10(span / TICKS))
    return float(next(power * round_ for round_ in (1, 2, 2.5, 5, 10) if power * round_ * TICKS >= span))


def _ticks(base: float, top: float, step: float) -> np.ndarray:
    """Find the multiples of a step between two losses, both of which may be one."""
    return step * np.arange(np.ceil(base / step - 1e-9), np.floor(top / step + 1e-9) + 1)
