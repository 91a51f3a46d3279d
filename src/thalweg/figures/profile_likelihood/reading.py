"""What the figure of a profile likelihood draws: one curve and its interval, or two maps and their region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.interpolate import RectBivariateSpline

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import extent, relief, scale
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import subject
from thalweg.problems.axis import Axis
from thalweg.study.find_valleys import domain_of_valleys

ABOVE = 4.0
"""Heights above the minimum that are shown along one parameter, in those of the level."""

OVER = 10.0
"""The same over two."""

FINER, FAR = 4, 4.0
"""Drawn points for each point of a map; heights above which it is cut, in those of the levels."""

DECADE = 10.0
"""Factor from one end of a logarithmic axis to the other below which it has no numbers."""


@dataclass(frozen=True, eq=False)
class Slope:
    """A profile along one parameter.

    Attributes
    ----------
    scale, across, up : of the parameter, and the views of both axes
    x : (point,), in shown units
    above, held : (point,), the loss above that of the minimum: the others at their best, and as they are
    parabola : (point,), what standard errors take the profile for; empty where the minimum lies on a wall
    place : of the minimum
    level : the height above the minimum at which the interval ends, NaN for none
    ends : of the interval, in shown units
    """

    scale: Scale
    across: View
    up: View
    x: np.ndarray
    above: np.ndarray
    held: np.ndarray
    parabola: np.ndarray
    place: float
    level: float
    ends: tuple[float, float]
    confidence: float
    note: str

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return not np.isnan(self.ends).any()

    @property
    def shaded(self) -> tuple[float, float]:
        """The interval as far as it is in view."""
        low, high = np.clip(self.ends, self.across.low, self.across.high).tolist()
        return low, high


@dataclass(frozen=True, eq=False)
class Maps:
    """A profile over two parameters.

    Attributes
    ----------
    scales, across, up : of the two parameters, and their views
    x, y : in shown units
    best, held : (x, y), losses, the others at their best and as they are; no higher than the top of the levels
    levels : of losses
    place : of the minimum
    level : the loss at which the region ends, NaN for none
    """

    scales: tuple[Scale, Scale]
    across: View
    up: View
    x: np.ndarray
    y: np.ndarray
    best: np.ndarray
    held: np.ndarray
    levels: np.ndarray
    place: tuple[float, float]
    level: float
    confidence: float
    note: str

    @property
    def bounded(self) -> bool:
        """Whether there is a region."""
        return bool(np.isfinite(self.level))

    @property
    def panels(self) -> tuple[tuple[str, np.ndarray], ...]:
        """The two maps and their names."""
        return ("the others at their best", self.best), ("the others held", self.held)


def read_slope(profile: xr.Dataset) -> Slope:
    """Read a profile along one parameter."""
    shown, axis, place = _side(profile, 0)
    x = shown.of(profile["first"].values)
    losses, held = (profile[name].values.astype(np.float64) for name in ("loss", "fixed_loss"))
    k = int(np.argmin(np.abs(x - place)))
    least = losses[k]
    if not np.isfinite(least):
        raise InvalidValue(
            "the loss is not finite at the minimum of the profile, so the figure 'profile_likelihood' has nothing to "
            "draw"
        )
    above, level = losses - least, float(profile.attrs["level"]) - least
    low, high = (float(shown.of(profile[name].values[0])) for name in ("low", "high"))
    return Slope(
        scale=shown,
        across=_view(x, axis),
        up=_above(above, level),
        x=x,
        above=above,
        held=held - least,
        parabola=_parabola(x, above, k),
        place=place,
        level=level,
        ends=(low, high),
        confidence=float(profile.attrs["confidence"]),
        note=_note(profile) + _fallen(above, level),
    )


def read_maps(profile: xr.Dataset) -> Maps:
    """Read a profile over two parameters."""
    (first, one, place), (second, two, other) = _side(profile, 0), _side(profile, 1)
    x, y = first.of(profile["first"].values), second.of(profile["second"].values)
    best, held = (profile[name].values.astype(np.float64) for name in ("loss", "fixed_loss"))
    if not np.isfinite(best).any():
        raise InvalidValue(
            "the loss is finite nowhere in the profile, so the figure 'profile_likelihood' has nothing to draw"
        )
    level, least = float(profile.attrs["level"]), float(np.nanmin(best[np.isfinite(best)]))
    top = least + OVER * (level - least) if level > least else float(np.quantile(best[np.isfinite(best)], 0.9))
    levels = relief.levels_of(np.array([least, top if top > least else least + (abs(least) or 1.0)]))
    ends = least, float(levels[-1])
    best, held = (_smooth(x, y, part, ends) for part in (best, held))
    x, y = _finer(x), _finer(y)
    return Maps(
        scales=(first, second),
        across=_view(x, one),
        up=_view(y, two),
        x=x,
        y=y,
        best=best,
        held=held,
        levels=levels,
        place=(place, other),
        level=level,
        confidence=float(profile.attrs["confidence"]),
        note=_note(profile),
    )


def _finer(side: np.ndarray) -> np.ndarray:
    """Put places between those of a side."""
    last = len(side) - 1
    return np.interp(np.linspace(0, last, FINER * last + 1), np.arange(last + 1), side)


def _smooth(x: np.ndarray, y: np.ndarray, losses: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Draw a smooth surface through losses, (x, y), as the profile itself is, so that few points make no corners.

    What lies far above the levels would make the spline swing; it is taken down, still well above them.
    """
    low, high = ends
    capped = np.minimum(np.nan_to_num(losses, nan=np.inf), low + FAR * (high - low))
    degree = min(3, len(x) - 1, len(y) - 1)
    spline = RectBivariateSpline(x, y, capped, kx=degree, ky=degree)
    return np.clip(spline(_finer(x), _finer(y)), low, high)


def _side(profile: xr.Dataset, k: int) -> tuple[Scale, Axis, float]:
    """Read how a parameter is shown, its axis, and its value at the minimum."""
    domain = domain_of_valleys(profile)
    place = domain.names.index(str(profile["along"].values[k]))
    shown = scale.of_axis(domain[place])
    return shown, domain[place], float(shown.of(profile["position"].values[place]))


def _view(values: np.ndarray, axis: Axis) -> View:
    low, high = float(values.min()), float(values.max())
    return View(low, high, axis.log and low > 0 and high > DECADE * low)


def _above(above: np.ndarray, level: float) -> View:
    """Choose the heights that are shown: up to some levels, or all but what is far off."""
    finite = above[np.isfinite(above)]
    low, high = float(finite.min()), float(finite.max())
    if level > 0:
        high = max(min(high, ABOVE * level), 1.2 * level)
        low = max(low, -level)
        return extent.stretched(View(low, high), extent.FOOTROOM)
    return extent.extent(finite, np.zeros(1))


def _parabola(x: np.ndarray, above: np.ndarray, k: int) -> np.ndarray:
    """Fit a parabola with its foot at the minimum to the two points beside it; its cubic part cancels out."""
    if not 0 < k < len(x) - 1:
        return np.empty(0)
    steps, rises = x[[k - 1, k + 1]] - x[k], above[[k - 1, k + 1]]
    bend = (rises[1] / steps[1] - rises[0] / steps[0]) / (steps[1] - steps[0])
    return bend * (x - x[k]) ** 2 if np.isfinite(bend) else np.empty(0)


def _note(profile: xr.Dataset) -> str:
    return f"{subject(profile.attrs)} · around valley #{profile.attrs['valley']}"


def _fallen(above: np.ndarray, level: float) -> str:
    """Say where the profile has left its valley for a deeper one."""
    return " · falls to a deeper valley" if bool((above < -0.01 * level).any()) else ""


def interval_in_words(drawn: Slope) -> str:
    """Write the interval; one without an end is open there."""
    low, high = drawn.ends
    shown = drawn.scale
    beyond = low <= 0 if drawn.across.log else np.isinf(low)
    name = f"interval of {100 * drawn.confidence:g} %"
    if beyond and np.isinf(high):
        return f"{name}: without end on either side"
    if beyond:
        return f"{name}: up to {shown.text(high)}, without end below"
    return f"{name}: from {shown.text(low)} {'on' if np.isinf(high) else f'to {shown.text(high)}'}"
