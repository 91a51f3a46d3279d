"""Tables and sentences about a comparison of frameworks."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.figures.drawing.wording import joined
from thalweg.problems.axis import Axis
from thalweg.report.text import TextTable, quantity


def listed(compared: xr.Dataset) -> list[TextTable]:
    """List the frameworks: how far each is from the reference, where it parts and why, and how it ran."""
    attrs = compared.attrs
    unit = attrs["units"][0] if len(attrs["units"]) == 1 else ""
    quickest = float(np.nanmin(np.append(compared["seconds_per_step"].values, np.inf)))
    apart, ways = [], []
    for k, title in enumerate(attrs["titles"]):
        one = compared.isel(framework=k)
        far = _far(float(one["largest"]), unit)
        far += f" at {int(one['largest_step'])}" if float(one["largest"]) > 0 else ""
        apart.append((title, far, _step(one["first_unequal"]), _step(one["parts"]), attrs["causes"][k]))
        seconds = float(one["seconds_per_step"])
        pace = ("–", "–") if np.isnan(seconds) else (_short(seconds / quickest), _short(1e6 * seconds))
        ways.append((title, attrs["versions"][k], attrs["idioms"][k], *pace))
    note = (
        "largest difference of a parameter from Thalweg's own driver, at which step; the first step with any "
        "difference, and with more than rounding explains"
    )
    pace_note = "time per step beside the quickest, and in microseconds of this machine, without the first step"
    return [
        TextTable("Frameworks", ("", "largest difference", "unequal", "parts", "cause"), apart, note),
        TextTable("How they ran", ("", "version", "idiom", "time", "µs"), ways, pace_note),
    ]


def of_comparison(compared: xr.Dataset) -> list[str]:
    """Say why each framework parts, what was not compared, and how rounding was measured."""
    attrs = compared.attrs
    start = ", ".join(
        quantity(value, Axis(name, 0, 1, unit=unit))
        for name, value, unit in zip(compared["param"].values.tolist(), attrs["start"], attrs["units"], strict=True)
    )
    measured = (
        f"One run from {start}. What rounding explains is {attrs['safety']} times what Thalweg's own runs part by when "
        "their start is moved by one unit in the last place, or every step is rounded otherwise."
    )
    return [
        *_joined(attrs["titles"], attrs["sentences"]),
        *attrs["missing"],
        *(f"Not compared: {reason}" for reason in attrs["refused"]),
        measured,
    ]


def _joined(titles: list[str], sentences: list[str]) -> list[str]:
    """Say what holds for several frameworks once."""
    groups: dict[str, list[str]] = {}
    for title, sentence in zip(titles, sentences, strict=True):
        groups.setdefault(sentence.removeprefix(title), []).append(title)
    return [joined(who) + what for what, who in groups.items()]


def _short(value: float) -> str:
    """Write a time with three figures, and whole where it has more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _step(step: xr.DataArray) -> str:
    return "never" if int(step) < 0 else str(int(step))


def _far(value: float, unit: str) -> str:
    if np.isnan(value):
        return "–"
    return f"{np.degrees(value):.2g}°" if unit == "rad" else f"{value:.2g}"
