"""The verdict on a projected run: whether the surface under its path is the one that it went over, in plain words.

A path drawn on a slice has the losses of the slice, the run had others. The gap between the two at the worst step,
as a part of the range of the run's own losses, is what decides: a picture is read for how high one place is beside
another, so an error is large or small beside that range. The worst step and not the mean, because one step that lies
elsewhere is what makes a reader believe in a barrier that the run never met.

The share of the squared distance in the plane is reported, and decides nothing: a plane may hold 99 % of a run and
pass beside a narrow valley that it went along, or hold 50 % of one where the loss does not change in the rest.

Two cases need care. A run that stays where it is has a range of rounding alone, by which nothing may be divided: the
range is at least 64 units in the last place of its largest loss. And a picture with a logarithmic scale shows
differences that are small beside the range as long ways: there the ratio of the two losses is reported as well.

:func:`assess` finds the facts, :func:`verdict` puts them into words.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

GOOD, FAIR = 0.05, 0.20
"""Parts of the range of a run's losses by which the surface under its path may differ."""

RATIO = 2.0
"""How many times one loss may be the other before it is said that a logarithmic picture misleads."""

EPS = {16: 2.0**-7, 32: 2.0**-23, 64: 2.0**-52}
"""The rounding of losses, relative, by the bits of what they are computed in."""

PRINCIPAL = (
    "That principal directions hold much of a run is no sign by itself that training has few dimensions: they hold "
    "much of a random walk, too."
)


SHIFTED = {
    1: (
        "The recorded losses do not belong to their rows: each is that of the row before, as where a recorder's step() "
        "is called after the update; call it before."
    ),
    -1: "The recorded losses do not belong to their rows: each is that of the row behind; record the present one.",
}
"""By how many rows the recorded losses are late."""


STATISTICS = {
    "recorded": "Normalisation layers use what they had gathered at each step.",
    "gathered": "At every step normalisation layers use what the model had gathered when it was handed over.",
    "estimated": "Normalisation layers use what they gather from the data at each step.",
    "of the batch": "Normalisation layers use the statistics of the data.",
}
"""What is said of the statistics that losses were computed with, by how facts call them."""


class Trust(StrEnum):
    """How far a picture can be trusted; the word is what is stored with results."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class Assessment(NamedTuple):
    """What was found out of a projected run.

    Attributes
    ----------
    trust : of the picture
    gap : the largest difference between surface and run, as part of the range of the run's losses
    worst : the number of that row of the path
    ratio : how many times one loss is the other where that is most, both above zero; 1 where they never are
    farthest : the number of that row
    shift : how many rows before theirs the losses that the training recorded are the network's own: 1 where they were
        recorded after the update, -1 where they are those of the next row; 0 where they are in place or fit nowhere
    """

    trust: Trust
    gap: float
    worst: int
    ratio: float
    farthest: int
    shift: int


def assess(path: xr.Dataset) -> Assessment:
    """Compare the losses of a run with those of the surface under its path.

    Parameters
    ----------
    path : over step ``true_loss`` and ``surface_loss``; in its attributes the precision, and ``recorded_shift``
    """
    true, surface = path["true_loss"].values, path["surface_loss"].values
    gaps = _gaps(true, surface, EPS.get(path.attrs.get("precision", 64), EPS[64]))
    worst = int(np.argmax(gaps))
    gap = float(gaps[worst])
    ratios = _ratios(true, surface)
    farthest = int(np.argmax(ratios))
    shift = int(path.attrs.get("recorded_shift", 0))
    best = Trust.FAIR if shift else Trust.GOOD
    trust = best if gap <= GOOD else Trust.FAIR if gap <= FAIR else Trust.POOR
    return Assessment(trust, gap, worst, float(ratios[farthest]), farthest, shift)


def verdict(path: xr.Dataset) -> dict[str, str | int | float]:
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
    facts = assess(path)
    return {
        "trust": facts.trust.value,
        "verdict": " ".join(_sentences(path, facts)),
        "worst_step": path["step"].values[facts.worst].item(),
        "worst_gap": facts.gap,
    }


def _gaps(
    true: Float[np.ndarray, " step"], surface: Float[np.ndarray, " step"], eps: float
) -> Float[np.ndarray, " step"]:
    """Compare surface and run, as parts of the range of the run's losses; what is not finite is infinitely wrong."""
    finite = np.isfinite(true)
    if not finite.any():
        return np.full(len(true), np.inf)
    # Of a run that stays where it is, only rounding can be told from a difference.
    span = max(np.ptp(true[finite]), 64 * eps * np.abs(true[finite]).max(), np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore"):
        gaps = np.abs(surface - true) / span
    same = (true == surface) | (np.isnan(true) & np.isnan(surface))
    return np.where(same, 0.0, np.where(np.isfinite(true) & np.isfinite(surface), gaps, np.inf))


def _ratios(true: Float[np.ndarray, " step"], surface: Float[np.ndarray, " step"]) -> Float[np.ndarray, " step"]:
    """Tell how many times one loss is the other; 1 where they are not both above zero and finite."""
    both = (true > 0) & (surface > 0) & np.isfinite(true) & np.isfinite(surface)
    return np.exp(np.abs(np.log(np.where(both, surface, 1)) - np.log(np.where(both, true, 1))))


def _sentences(path: xr.Dataset, facts: Assessment) -> list[str]:
    place = "plane" if "y" in path else "line"
    sentences = [
        _opening(facts, path.isel(step=facts.worst), place),
        f"The {place} holds {_percent(path.attrs['share'])} of the run's squared distance from the origin.",
    ]
    if facts.trust is not Trust.POOR and facts.ratio > RATIO:
        sentences.append(f"On a logarithmic scale it misleads: {_both(path.isel(step=facts.farthest))}.")
    if facts.shift:
        sentences.append(SHIFTED[facts.shift])
    if path.attrs.get("kind") == "principal":
        sentences.append(PRINCIPAL)
    if path.attrs.get("statistics") in STATISTICS:
        sentences.append(STATISTICS[path.attrs["statistics"]])
    return sentences


def _opening(facts: Assessment, step: xr.Dataset, place: str) -> str:
    """Judge by the worst step."""
    if not facts.gap and not facts.shift:
        return "The picture can be trusted: the surface under the path is the run's own loss."
    if facts.gap <= GOOD and facts.shift:
        return "The surface under the path is right, the recorded losses are not."
    if facts.trust is Trust.GOOD:
        begin = "The picture can be trusted: the surface under the path differs from the run's own loss by"
        return f"{begin} {_at_most(facts.gap)} of its range."
    if facts.trust is Trust.FAIR:
        return f"The picture is right in outline: {_both(step)}, {_percent(facts.gap)} of the run's range apart."
    distance, way = step["distance"].item(), step["travelled"].item()
    away = (
        f"; the run is {distance:.2g} away from the {place}, {_percent(distance / way)} of its way" if distance else ""
    )
    return f"The picture misleads: {_both(step)}{away}."


def _both(step: xr.Dataset) -> str:
    true, surface = (_number(step[name].item()) for name in ("true_loss", "surface_loss"))
    return f"at step {step['step'].item()} the run's loss was {true}, the surface under it is {surface}"


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "not finite"


def _at_most(part: float) -> str:
    """Write a bound, which may be below what is written as a number."""
    share = _percent(part)
    return share if share.startswith("less") else f"at most {share}"


def _percent(part: float) -> str:
    """Write a share; nothing is rounded to all or none of it."""
    if 0 < part < 0.001:
        return "less than 0.1 %"
    if 0.999 < part < 1:
        return "more than 99.9 %"
    return f"{100 * part:.3g} %"
