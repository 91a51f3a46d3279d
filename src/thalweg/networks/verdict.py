"""The verdict on a projected run: whether the surface under its path is the one that it went over, in plain words."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

GOOD, FAIR = 0.05, 0.20
"""Parts of the range of a run's losses by which the surface under its path may differ."""

RATIO = 2.0
"""How many times one loss may be the other before it is said that a logarithmic picture misleads."""

PRINCIPAL = (
    "That principal directions hold much of a run is no sign by itself that training has few dimensions: they hold "
    "much of a random walk, too."
)


def verdict(path: xr.Dataset) -> dict[str, Any]:
    """Judge a projected run.

    Parameters
    ----------
    path : over step ``true_loss``, ``surface_loss``, ``distance`` and ``travelled``; in attributes ``share``, ``kind``
        and ``precision``

    Returns
    -------
    dict
        ``trust``, ``verdict``, ``worst_step`` and ``worst_gap``, the largest difference as part of the range of the
        run's losses.
    """
    gaps = _gaps(path)
    worst = int(np.argmax(gaps))
    size = float(gaps[worst])
    trust = "good" if size <= GOOD else "fair" if size <= FAIR else "poor"
    sentences = [{"good": _good, "fair": _fair, "poor": _poor}[trust](path.isel(step=worst), size), _held(path)]
    if trust != "poor":
        sentences += _apart(path)
    if path.attrs.get("kind") == "principal":
        sentences.append(PRINCIPAL)
    return {
        "trust": trust,
        "verdict": " ".join(sentences),
        "worst_step": path["step"].values[worst].item(),
        "worst_gap": size,
    }


def _gaps(path: xr.Dataset) -> np.ndarray:
    """Compare surface and run, as parts of the range of the run's losses; what is not finite is infinitely wrong."""
    true, surface = path["true_loss"].values, path["surface_loss"].values
    finite = np.isfinite(true)
    if not finite.any():
        return np.full(len(true), np.inf)
    # Of a run that stays where it is, only rounding can be told from a difference.
    rounding = 64 * np.finfo(np.float32 if path.attrs.get("precision") == 32 else np.float64).eps
    span = max(np.ptp(true[finite]), rounding * np.abs(true[finite]).max(), np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore"):
        gaps = np.abs(surface - true) / span
    same = (true == surface) | (np.isnan(true) & np.isnan(surface))
    return np.where(same, 0.0, np.where(np.isfinite(true) & np.isfinite(surface), gaps, np.inf))


def _good(step: xr.Dataset, size: float) -> str:
    if not size:
        return "The picture can be trusted: the surface under the path is the run's own loss."
    return (
        f"The picture can be trusted: the surface under the path differs from the run's own loss by at most "
        f"{_percent(size)} of its range."
    )


def _fair(step: xr.Dataset, size: float) -> str:
    return (
        f"The picture is right in outline: at step {step['step'].item()} the run's loss was "
        f"{_number(step, 'true_loss')}, the surface under it is {_number(step, 'surface_loss')}, "
        f"{_percent(size)} of the run's range apart."
    )


def _poor(step: xr.Dataset, size: float) -> str:
    text = (
        f"The picture misleads: at step {step['step'].item()} the run's loss was {_number(step, 'true_loss')}, the "
        f"surface under it is {_number(step, 'surface_loss')}"
    )
    distance, travelled = step["distance"].item(), step["travelled"].item()
    if not distance:
        return f"{text}."
    return (
        f"{text}; the run is {distance:.2g} away from the {_place(step)}, {_percent(distance / travelled)} of its way."
    )


def _held(path: xr.Dataset) -> str:
    return f"The {_place(path)} holds {_percent(path.attrs['share'])} of the run's squared distance from the origin."


def _place(path: xr.Dataset) -> str:
    return "plane" if "y" in path else "line"


def _apart(path: xr.Dataset) -> list[str]:
    """Say where losses that are close beside the run's range are far apart beside themselves."""
    true, surface = path["true_loss"].values, path["surface_loss"].values
    both = (true > 0) & (surface > 0) & np.isfinite(true) & np.isfinite(surface)
    if not both.any():
        return []
    ratios = np.exp(np.abs(np.log(np.where(both, surface, 1)) - np.log(np.where(both, true, 1))))
    worst = int(np.argmax(ratios))
    if ratios[worst] <= RATIO:
        return []
    step = path.isel(step=worst)
    return [
        f"On a logarithmic scale it misleads: at step {step['step'].item()} the run's loss was "
        f"{_number(step, 'true_loss')}, the surface under it is {_number(step, 'surface_loss')}."
    ]


def _number(step: xr.Dataset, name: str) -> str:
    value = step[name].item()
    return f"{value:.3g}" if np.isfinite(value) else "not finite"


def _percent(part: float) -> str:
    """Write a share; nothing is rounded to all or none of it."""
    if 0 < part < 0.001:
        return "less than 0.1 %"
    if 0.999 < part < 1:
        return "more than 99.9 %"
    return f"{100 * part:.3g} %"
