"""Results of curvature, as the arrays that figures draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.provenance import network_of
from thalweg.figures.drawing.view import View
from thalweg.figures.drawing.wording import count, number

DRAWN = ("eigenvalues", "lowest", "trace", "trace_error")
"""What is drawn of it, where it is there."""

SEEN = 0.03
"""The density axis begins at this share of the peak that one eigenvalue makes: none is lost below it."""

DEEPEST = 1e-9
"""Likewise as a share of the highest density, at least."""

EDGE = "2 / learning rate"

NEAR = 2.5
"""The edge of stability is drawn up to so many times the largest eigenvalue; one farther off is given in words."""


@dataclass(frozen=True, eq=False)
class Bend:
    """What is bend.

    Attributes
    ----------
    step : (step,), or none at one point
    leading : (step, mode) or (mode,), the largest first; of no modes where none was asked for
    settled : likewise, whether an eigenvalue is known well enough to be told
    lowest, trace, error : (step,) or (), NaN where they were not asked for
    lowest_settled : (step,) or ()
    value, density : (value,), of the spectrum; none along a run
    rate : learning rate of the run, NaN where it is not known
    """

    step: np.ndarray | None
    leading: np.ndarray
    settled: np.ndarray
    lowest: np.ndarray
    lowest_settled: np.ndarray
    trace: np.ndarray
    error: np.ndarray
    value: np.ndarray
    density: np.ndarray
    rate: float
    note: str
    view: View

    @property
    def edge(self) -> float:
        """Twice the inverse of the learning rate, NaN where it is not known."""
        return 2 / self.rate

    @property
    def near(self) -> bool:
        """Whether the edge of stability is near enough to be drawn without pressing the eigenvalues flat."""
        return bool(self.leading.size and self.edge <= NEAR * np.nanmax(self.leading))

    @property
    def traced(self) -> bool:
        """Whether a trace was computed."""
        return bool(np.isfinite(self.trace).any())

    @property
    def bottomed(self) -> bool:
        """Whether the lowest eigenvalue was asked for."""
        return bool(np.isfinite(self.lowest).any())

    @property
    def unsettled(self) -> str:
        """Say how many eigenvalues are not known well enough; nothing where all are."""
        wrong = int((~self.settled).sum() + (~self.lowest_settled).sum())
        some = f"{count(wrong, 'eigenvalue')} {'is' if wrong == 1 else 'are'} unsettled"
        return f"{some}: known to no better than 5 % of {'itself' if wrong == 1 else 'themselves'}" if wrong else ""

    @property
    def spectrum(self) -> np.ndarray:
        """The density, a gap where it is below the axis."""
        return np.where(self.density >= self.view.low, self.density, np.nan)


def read(result: xr.Dataset) -> Bend:
    """Read results of curvature, refusing what is none and what is finite nowhere."""
    along = "step" in result.dims
    _check(result, along)
    places = result.sizes["step"] if along else None
    leading, settled, lowest, lowest_settled, trace, error = _values(result, places)
    if "eigenvalues" in result and not np.isfinite(leading).any():
        raise InvalidValue("no eigenvalue is finite, so there is nothing to draw; look at the loss at that point")
    nothing = np.empty(0)
    density = nothing if along else result["density"].values.astype(np.float64)
    if not along and not (density > 0).any():
        raise InvalidValue("there is no spectral density to draw; compute curvature with probes of at least 1")
    rate = result.attrs.get("learning_rate", np.nan)
    steps = result["step"].values if "step" in result.coords else np.arange(places or 0)
    return Bend(
        step=steps if along else None,
        leading=leading,
        settled=settled,
        lowest=lowest,
        lowest_settled=lowest_settled,
        trace=trace,
        error=error,
        value=nothing if along else result["value"].values.astype(np.float64),
        density=density,
        rate=float(rate) if np.ndim(rate) == 0 and float(rate) > 0 else np.nan,
        note=network_of(result.attrs),
        view=View(0, 1) if along else _view(density, result.attrs),
    )


def _values(result: xr.Dataset, places: int | None) -> list[np.ndarray]:
    """Read eigenvalues and the trace; what was not asked for is NaN, or has no modes."""
    shape = () if places is None else (places,)
    absent = {"eigenvalues": np.empty((*shape, 0)), **dict.fromkeys(DRAWN[1:], np.full(shape, np.nan))}
    leading, lowest, trace, error = (
        result[name].values.astype(np.float64) if name in result else absent[name] for name in DRAWN
    )
    settled, lowest_settled = (
        result[name].values.astype(bool) if name in result else np.ones(values.shape, dtype=bool)
        for name, values in (("settled", leading), ("lowest_settled", lowest))
    )
    return [leading, settled, lowest, lowest_settled, trace, error]


def _check(result: xr.Dataset, along: bool) -> None:
    if along and "eigenvalues" not in result and "lowest" not in result:
        raise InvalidValue(
            "there are no eigenvalues to draw along the run; compute curvature with count of at least 1, or draw one "
            "step: result.isel(step=0)"
        )
    if not along and "density" not in result:
        raise InvalidValue("there is no spectral density to draw; compute curvature with probes of at least 1")
    needed = {"eigenvalues": ("step", "mode") if along else ("mode",), **dict.fromkeys(DRAWN[1:], ("step",) * along)}
    for name, dims in (needed if along else needed | {"density": ("value",)}).items():
        if name in result and result[name].dims != dims:
            raise InvalidValue(
                f"{name!r} lies over {result[name].dims}, but {dims} is drawn; "
                "give the results of thalweg.networks.curvature"
            )


def _view(density: np.ndarray, attrs: dict[Any, Any]) -> View:
    """Choose the shown densities: low enough for the peak of a single eigenvalue."""
    high = float(np.nanmax(density))
    size, width = float(attrs.get("parameters", np.nan)), float(attrs.get("width", np.nan))
    one = SEEN / (size * width * np.sqrt(2 * np.pi)) if size * width > 0 else np.nan
    low = one if np.isfinite(one) and one < high / 10 else 1e-6 * high
    return View(max(low, DEEPEST * high), 2 * high, True)


def plus(trace: np.ndarray | float, error: np.ndarray | float) -> str:
    """Write a trace with its standard error, no finer than that."""
    if np.isnan(trace):
        return "not computed"
    if not (np.isfinite(error) and error > 0):
        return number(float(trace))
    digits = int(np.clip(np.ceil(np.log10(abs(trace) / error)) + 1, 1, 6)) if trace else 1
    return f"{number(float(trace), digits)} ± {number(float(error), 2)}"
