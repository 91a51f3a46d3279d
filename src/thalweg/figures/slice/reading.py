"""A slice and a projected run, as the arrays that figures draw.

The file is long because what one figure says of a slice, a run and their distance is read from three kinds of
datasets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.ndimage import distance_transform_edt

from thalweg.base.checks import choice
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.figures.drawing import relief
from thalweg.figures.drawing.marks import Steps
from thalweg.figures.drawing.provenance import directions_of, network_of
from thalweg.figures.drawing.wording import shortened

TRUST = ("good", "fair", "poor")

NEEDED = ("x", "distance", "travelled", "true_loss", "surface_loss")
"""Variables of a path, besides ``y`` where there are two directions."""

STATED = ("share", "verdict", "trust")
"""Attributes of a path."""

DISTINCT = 0.2
"""A run whose losses span a smaller share of the slice's gets levels by the logarithm."""

REACH = 2.0
"""Levels end so many times as far above the lowest ground as the ground that 98 % of the slice does not exceed."""


@dataclass(frozen=True, eq=False)
class Ground:
    """The surface, on one or two directions.

    Attributes
    ----------
    x, y : (x,), (y,), coordinates, rising; ``y`` is empty where there is one direction
    losses : (y, x) or (x,), as they were computed, not finite ones too
    names, units : (axis,), of the directions and of their coordinates
    norms : (axis,), lengths of the directions in parameters, NaN where they are not known
    cosine : of the angle between the directions, NaN where there is one or it is not known
    origin : the network's own loss where all coordinates are 0, NaN where it is not known
    note : what was evaluated, and along which directions
    value : what ``losses`` are, in words
    """

    x: np.ndarray
    y: np.ndarray
    losses: np.ndarray
    names: tuple[str, ...]
    units: tuple[str, ...]
    norms: np.ndarray
    cosine: float
    origin: float
    note: str
    value: str = "loss"

    @property
    def flat(self) -> bool:
        """Whether there is one direction only."""
        return not len(self.y)

    @property
    def labels(self) -> list[str]:
        """Names and units, for axes."""
        return [f"{name} [{unit}]" if unit else name for name, unit in zip(self.names, self.units, strict=True)]

    @property
    def finite(self) -> np.ndarray:
        """Tell where the loss is finite."""
        return np.isfinite(self.losses)

    @property
    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """The low and the high corner of the slice."""
        sides = [side for side in (self.x, self.y) if len(side)]
        return np.array([side[0] for side in sides]), np.array([side[-1] for side in sides])

    @property
    def ratio(self) -> float | None:
        """Width over height, both in distance of parameters; None where the two have no common measure."""
        low, high = self.corners
        sides = high - low
        if np.isfinite(self.norms).all() and (self.norms > 0).all():
            sides = sides * self.norms
        elif self.units[0] != self.units[1]:
            return None
        return float(sides[0] / sides[1])

    @property
    def skew(self) -> bool:
        """Whether the directions are visibly not at right angles."""
        return bool(abs(self.cosine) > 0.05)

    @property
    def home(self) -> bool:
        """Whether the place where all coordinates are 0 lies in the slice and its loss is known."""
        low, high = self.corners
        return bool(np.isfinite(self.origin) and (low <= 0).all() and (high >= 0).all())


@dataclass(frozen=True, eq=False)
class Heights:
    """The surface as it is painted: what is not finite continues what is near it, what is too high is cut.

    Attributes
    ----------
    losses : (y, x), finite, at most ``top``
    top : where levels end, a loss
    missing, above : shares of the slice that are not finite, and that were cut
    """

    losses: np.ndarray
    spacing: relief.Spacing
    top: float
    missing: float
    above: float

    @property
    def spaced(self) -> np.ndarray:
        """Losses as they are spaced, (x, y)."""
        return self.spacing.of(self.losses).T

    @property
    def words(self) -> str:
        """Say how levels are spaced."""
        return "the logarithm of the height above the lowest point" if self.spacing.logarithmic else "the loss"


@dataclass(frozen=True, eq=False)
class Projection:
    """A run projected onto the slice.

    Attributes
    ----------
    step : (step,), rising
    places : (step, axis), coordinates
    distance, travelled : (step,), from the plane, and from its origin
    true, under : (step,), the network's loss at the run's own point, and at the projected one
    recorded : (step,), the loss that the training itself had, NaN where unknown
    share : of the squared distance of the run's points from the origin that lies in the plane
    shares : (axis,), the parts of the single directions, where they are known
    held : the shares in words, where there are several runs
    """

    step: np.ndarray
    places: np.ndarray
    distance: np.ndarray
    travelled: np.ndarray
    true: np.ndarray
    under: np.ndarray
    recorded: np.ndarray
    share: float
    shares: tuple[float, ...]
    verdict: str
    trust: str
    held: str = ""

    @property
    def ground(self) -> str:
        """What the run is projected onto, in words."""
        return "plane" if self.places.shape[1] == 2 else "line"

    @property
    def last(self) -> int:
        """The last step."""
        return int(self.step[-1])

    @property
    def steps(self) -> Steps:
        """How steps are coloured."""
        return Steps(int(self.step[0]), self.last)

    @property
    def ends(self) -> tuple[str, str]:
        """Names of the first and the last step."""
        return "start" if self.step[0] == 0 else f"step {self.step[0]}", f"step {self.last}"

    @property
    def losses(self) -> np.ndarray:
        """All finite losses of the run and of the surface under it."""
        both = np.concatenate([self.true, self.under])
        return both[np.isfinite(both)]

    @property
    def worst(self) -> int | None:
        """The place of the step at which the surface differs most from the run's own loss."""
        with np.errstate(invalid="ignore"):
            gap = np.abs(self.true - self.under)
        return int(np.nanargmax(gap)) if np.isfinite(gap).any() else None

    def inside(self, ground: Ground) -> np.ndarray:
        """Tell which steps lie over the slice."""
        low, high = ground.corners
        return np.all((self.places >= low) & (self.places <= high), axis=-1)


def ground_of(surface: xr.Dataset, value: str = "loss") -> Ground:
    """Read a slice, refusing what is none."""
    if value not in surface.data_vars:
        raise UnknownName.of("measure of the slice", value, list(map(str, surface.data_vars)))
    dims = tuple(map(str, surface[value].dims))
    if dims not in (("y", "x"), ("x",)):
        raise InvalidValue(
            f"a slice needs the variable {value!r} over ('y', 'x') or ('x',); it lies over {dims} here; give the "
            "results of thalweg.networks.slice"
        )
    attrs, losses = surface.attrs, surface[value].values.astype(np.float64)
    x, y = (_side(surface, name) if name in dims else np.empty(0) for name in ("x", "y"))
    if not np.isfinite(losses).any():
        raise InvalidValue("the slice is finite nowhere, so there is nothing to draw; choose a smaller span")
    own = surface[value].attrs
    axes = [name for name in ("x", "y") if name in dims]
    norms = np.atleast_1d(np.asarray(attrs.get("norms", []), dtype=np.float64))
    return Ground(
        x=x,
        y=y,
        losses=losses,
        names=tuple(shortened(str(attrs.get(f"{name}_name", name))) for name in axes),
        units=tuple(shortened(str(attrs.get(f"{name}_unit", "")), 44) for name in axes),
        norms=norms if len(norms) == len(axes) else np.full(len(axes), np.nan),
        cosine=float(attrs.get("cosine", np.nan)) if len(axes) == 2 else np.nan,
        origin=float(attrs.get("loss_at_origin", np.nan) if value == "loss" else own.get("at_origin", np.nan)),
        note=f"{network_of({**attrs, **own})} · {directions_of(attrs)}",
        value=shortened(value.replace("_", " ")),
    )


def heights_of(ground: Ground, path: Projection | None) -> Heights:
    """Choose how a surface is painted; heights are counted from the lowest loss, be it of the surface or of the run."""
    finite, losses = ground.finite, ground.losses
    finite_losses = losses[finite]
    spacing = relief.spacing_of(finite_losses)
    if path is not None and len(path.losses):
        spacing = _with_run(spacing, finite_losses, path.losses)
    low, usual, high = np.quantile(spacing.of(finite_losses), [0, 0.98, 1.0]).tolist()
    cut = usual > low and high - low > REACH * (usual - low)
    top = float(spacing.back(np.array(low + REACH * (usual - low)))) if cut else float(finite_losses.max())
    # What is not finite is hatched; below that it continues its neighbours, so that no cliff is lit around it.
    nearest = distance_transform_edt(~finite, return_distances=False, return_indices=True)
    return Heights(
        losses=np.minimum(losses[tuple(np.asarray(nearest))], top),
        spacing=spacing,
        top=top,
        missing=float(1 - finite.mean()),
        above=float((losses[finite] > top).sum() / losses.size) if cut else 0.0,
    )


def _with_run(spacing: relief.Spacing, finite_losses: np.ndarray, losses: np.ndarray) -> relief.Spacing:
    """Count heights from the lowest loss of all, and space them so that the run's own can be distinguished."""
    floor = float(np.quantile(finite_losses - finite_losses.min(), relief.FLOOR))
    flat = np.ptp(losses) < DISTINCT * np.ptp(finite_losses)
    pad = floor if flat and not spacing.logarithmic else spacing.pad
    return relief.Spacing(min(spacing.lowest, float(losses.min())), pad)


def projection_of(path: xr.Dataset, ground: Ground) -> Projection:
    """Read a projected run, refusing one of another plane."""
    axes = ("x",) if ground.flat else ("x", "y")
    for name in (*NEEDED, *axes[1:]):
        if name not in path or path[name].dims != ("step",):
            raise InvalidValue(
                f"a path needs the variable {name!r} over ('step',); give the results of thalweg.networks.project "
                "onto the plane of the slice"
            )
    for name in STATED:
        if name not in path.attrs:
            raise InvalidValue(f"a path needs the attribute {name!r}; give the results of thalweg.networks.project")
    for name, mine in zip(axes, ground.names, strict=True):
        other = shortened(str(path.attrs.get(f"{name}_name", mine)))
        if other != mine:
            raise InvalidValue(
                f"the path lies along {other!r}, the slice along {mine!r}; project the run onto the plane of the slice"
            )
    places = np.stack([_along(path, name) for name in axes], axis=-1)
    known = np.isfinite(places).all(axis=-1)
    if not known.any():
        raise InvalidValue("the path is finite at no step, so there is nothing to draw; project another run")
    return _path(path.isel(step=known), places[known], axes)


def _path(path: xr.Dataset, places: np.ndarray, axes: tuple[str, ...]) -> Projection:
    attrs = path.attrs
    return Projection(
        step=path["step"].values if "step" in path.coords else np.arange(len(places)),
        places=places,
        distance=_along(path, "distance"),
        travelled=_along(path, "travelled"),
        true=_along(path, "true_loss"),
        under=_along(path, "surface_loss"),
        recorded=_along(path, "run_loss") if "run_loss" in path else np.full(len(places), np.nan),
        share=float(attrs["share"]),
        shares=tuple(float(attrs[f"share_{name}"]) for name in axes if f"share_{name}" in attrs),
        verdict=" ".join(str(attrs["verdict"]).split()),
        trust=choice("trust", attrs["trust"], TRUST),
    )


def _side(surface: xr.Dataset, name: str) -> np.ndarray:
    values: Any = surface[name].values.astype(np.float64) if name in surface.coords else None
    if values is None or len(values) < 2 or not np.isfinite(values).all() or (np.diff(values) <= 0).any():
        raise InvalidValue(
            f"a slice needs the coordinate {name!r}, finite and rising, of at least 2 places; give the results of "
            "thalweg.networks.slice"
        )
    return values


def _along(path: xr.Dataset, name: str) -> np.ndarray:
    return path[name].values.astype(np.float64)
