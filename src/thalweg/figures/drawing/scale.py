"""Parameters as figures show them: angles in degrees, circles wrapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.figures.drawing.wording import minus, number, shortened
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain, turned
from thalweg.study.find_valleys import domain_of_valleys


@dataclass(frozen=True)
class Scale:
    """How one parameter is shown.

    Attributes
    ----------
    name : of the parameter
    factor : from the parameter's unit to the shown one
    sign : of the shown unit, behind every number
    low, high : ends of the domain in the shown unit, infinite where it is not known
    periodic : whether the parameter lies on a circle
    """

    name: str
    factor: float = 1.0
    sign: str = ""
    low: float = -np.inf
    high: float = np.inf
    periodic: bool = False

    @property
    def label(self) -> str:
        """Name and unit, for an axis."""
        return shortened(self.name) + (" in degrees" if self.sign else "")

    def of(self, values: np.ndarray) -> np.ndarray:
        """Convert to the shown unit."""
        return np.asarray(values, dtype=np.float64) * self.factor

    def wrapped(self, values: np.ndarray) -> np.ndarray:
        """Convert to the shown unit, a circle's into its one period from low to below high."""
        shown = self.of(values)
        if not self.periodic:
            return shown
        return turned(shown, self.low, self.high)

    def places(self, surface: xr.Dataset) -> np.ndarray:
        """Read the places of a surface's grid, a circle's first one again at its end."""
        shown = self.of(surface[self.name].values)
        return np.append(shown, self.high) if self.periodic else shown

    def text(self, value: float) -> str:
        """Write a shown value with its unit."""
        if self.sign:
            return minus(f"{np.round(value, 2) + 0.0:g}{self.sign}")
        return number(value)


def closed(values: np.ndarray, scales: tuple[Scale, ...]) -> np.ndarray:
    """Repeat what stands at the first place of every circle at its end."""
    for k, shown in enumerate(scales):
        values = np.concatenate([values, values.take([0], axis=k)], axis=k) if shown.periodic else values
    return values


def of_axis(axis: Axis) -> Scale:
    """Choose how an axis is shown."""
    if axis.unit == "rad":
        low, high = (float(np.degrees(end)) for end in (axis.low, axis.high))
        return Scale(axis.name, 180 / np.pi, "°", low, high, axis.periodic)
    return Scale(axis.name, 1.0, "", axis.low, axis.high, axis.periodic)


def of_domain(domain: Domain) -> tuple[Scale, ...]:
    """Choose how every parameter of a domain is shown."""
    return tuple(of_axis(axis) for axis in domain)


def of_runs(runs: xr.Dataset, valleys: xr.Dataset | None) -> tuple[Scale, ...]:
    """Choose how the parameters of runs are shown: angles in degrees, on circles where the valleys know of these."""
    if valleys is not None:
        return of_domain(domain_of_valleys(valleys))
    names = [str(name) for name in runs["param"].values]
    units = runs.attrs.get("units", ["rad" if name == "phi" else "" for name in names])
    pairs = zip(names, np.atleast_1d(units), strict=True)
    return tuple(Scale(name, 180 / np.pi, "°") if unit == "rad" else Scale(name) for name, unit in pairs)
