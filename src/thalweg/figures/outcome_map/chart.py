"""A map of outcomes as figures read it: rows from the bottom up, valleys in the order of their places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.scale import Scale
from thalweg.figures.drawing.wording import count, heading, minus, shortened
from thalweg.valleys.outcomes import DIVERGED, ON_THE_WAY, PLATEAU, WORDS

OTHERS = (ON_THE_WAY, PLATEAU, DIVERGED)
"""What is no valley, in the order of its kinds."""

EVEN = 0.1
"""Share of a step by which a place may miss its even one: nobody sees a tenth of a pixel, and 32 bits miss less."""

MEASURED = {
    "entropy": "basin entropy",
    "boundary_entropy": "boundary entropy",
    "dimension": "boundary dimension",
}
"""Attributes that are shown where they are known."""


@dataclass(frozen=True, eq=False)
class Side:
    """One side of the map.

    Attributes
    ----------
    scale : name and unit
    places : (place,), rising, in the shown unit
    edges : (place + 1,), between which the pixels lie
    log : whether places are evenly spaced in the logarithm
    """

    scale: Scale
    places: np.ndarray
    edges: np.ndarray
    log: bool

    @property
    def name(self) -> str:
        """Name as people write it."""
        return self.scale.name.replace("_", " ")

    @property
    def label(self) -> str:
        """Name and unit, for an axis."""
        return self.scale.label.replace("_", " ")

    @property
    def ends(self) -> str:
        """Tell from where to where the places run."""
        return f"{self.name} from {self.scale.text(self.places[0])} to {self.scale.text(self.places[-1])}"


@dataclass(frozen=True, eq=False)
class OutcomeGrid:
    """What is drawn.

    Attributes
    ----------
    x, y : the sides
    kind : (row, column), from the lowest y up; the place of the valley in ``names``, then one each for runs on the
        way, on a plateau, and diverged
    names : of the valleys, in the order of their places
    basin : (row, column), as ``kind``, but that a run on no floor has the valley in whose basin it ends; or None
    settled : (row, column), NaN for runs on no floor
    derailments : (row, column), or None
    rounding : (row, column), True where rounding decided, or None
    steps : of each run
    note : the line of facts
    measured : further numbers, what each is and its value with its error
    """

    x: Side
    y: Side
    kind: np.ndarray
    names: list[str]
    basin: np.ndarray | None
    settled: np.ndarray | None
    derailments: np.ndarray | None
    rounding: np.ndarray | None
    steps: int
    note: str
    measured: list[tuple[str, str]]

    @cached_property
    def shares(self) -> np.ndarray:
        """(kind,), of each valley, and of the other ends."""
        return np.bincount(self.kind.ravel(), minlength=len(self.names) + len(OTHERS)) / self.kind.size

    @property
    def kinds(self) -> list[str]:
        """Name every kind of outcome."""
        return [*self.names, *(WORDS[code] for code in OTHERS)]


def grid_of(outcomes: xr.Dataset) -> OutcomeGrid:
    """Read a map, refusing what is none."""
    grid = outcomes["outcome"]
    if not grid.size:
        shape = " x ".join(map(str, grid.shape))
        raise InvalidValue(f"an outcome map needs the variable 'outcome' over two dimensions; it is {shape} here")
    y, x = (_side(outcomes, str(name)) for name in grid.dims)
    order, names = _in_order(_names(outcomes))
    kind, valley = _kinds(grid.values, order), _values(outcomes, "valley")
    return OutcomeGrid(
        x=x,
        y=y,
        kind=kind,
        names=names,
        basin=None if valley is None else _basin(kind, valley, order),
        settled=_values(outcomes, "settled"),
        derailments=_values(outcomes, "derailments"),
        rounding=None if "rounding" not in outcomes else _values(outcomes, "rounding") == 1,
        steps=int(outcomes.attrs.get("steps", 0)),
        note=_note(outcomes),
        measured=_measured(outcomes),
    )


def _side(outcomes: xr.Dataset, name: str) -> Side:
    if name not in outcomes.coords:
        raise InvalidValue(f"an outcome map needs the coordinate {name!r}; give its values to the dataset")
    coordinate = outcomes[name]
    log = coordinate.attrs.get("scale", "linear") == "log"
    scale = Scale(name, 180 / np.pi, "°") if coordinate.attrs.get("unit") == "rad" else Scale(name)
    places = scale.of(coordinate.values)
    if not np.isfinite(places).all():
        raise InvalidValue(f"{name} has values that are not finite; give the places of the runs, evenly spaced")
    if log and places.min() <= 0:
        raise InvalidValue(
            f"{name} has values that are not above 0, which have no logarithm; set its 'scale' to \"linear\""
        )
    heights = np.log10(places) if log else places
    # One place alone has no step; it gets a tenth of itself, or of a decade.
    alone = 0.1 if log else 0.1 * abs(float(places[0])) or 1.0
    step = (heights[-1] - heights[0]) / (len(heights) - 1) if len(heights) > 1 else alone
    even = heights[0] + step * np.arange(len(heights))
    if step <= 0 or np.abs(heights - even).max() > EVEN * step:
        raise InvalidValue(
            f"{name} does not rise in even steps{' of its logarithm' if log else ''}; give it evenly spaced values, "
            'or say with its attribute \'scale\' whether they are "linear" or "log"'
        )
    edges = heights[0] + step * (np.arange(len(heights) + 1) - 0.5)
    return Side(scale, places, 10**edges if log else edges, log)


def _names(outcomes: xr.Dataset) -> list[str]:
    names = outcomes.attrs["names"]
    if not isinstance(names, list | tuple | np.ndarray) or not all(isinstance(name, str) for name in names):
        raise InvalidValue(f"an outcome map needs the names of its valleys as attribute 'names'; it is {names!r} here")
    return [minus(name) for name in names]


def _in_order(names: list[str]) -> tuple[np.ndarray, list[str]]:
    """Put valleys that are named by a number in its order; others stay as they are."""
    try:
        places = [float(name.removesuffix("°").replace("−", "-")) for name in names]
    except ValueError:
        places = list(range(len(names)))
    order = np.argsort(places, kind="stable")
    return order, [shortened(names[place], 24) for place in order.tolist()]


def _kinds(outcomes: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Number outcomes by the order of valleys, then the others."""
    valleys = len(order)
    strange = (outcomes < min(OTHERS)) | (outcomes >= valleys) | (outcomes != np.floor(outcomes))
    if strange.any():
        raise InvalidValue(
            f"outcome {outcomes[strange][0]} is not known among {count(valleys, 'valley')}; allowed are 0 to "
            f"{valleys - 1}, {', '.join(f'{code} for {WORDS[code]}' for code in OTHERS)}"
        )
    rank = np.empty(valleys + len(OTHERS), dtype=np.int32)
    rank[order] = np.arange(valleys)
    rank[list(OTHERS)] = valleys + np.arange(len(OTHERS))  # below 0: counted from the end
    return rank[outcomes.astype(np.int32)]


def _basin(kind: np.ndarray, valley: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Give every run that ends on no floor, but among finite numbers, the valley in whose basin it ends, if any."""
    lost = kind == len(order) + OTHERS.index(DIVERGED)
    known = (kind >= len(order)) & ~lost & (valley >= 0)
    return np.where(known, _kinds(np.where(known, valley, 0), order), kind)


def _values(outcomes: xr.Dataset, name: str) -> np.ndarray | None:
    if name not in outcomes:
        return None
    grid = outcomes["outcome"]
    if set(outcomes[name].dims) != set(grid.dims):
        given, needed = (" and ".join(map(str, part.dims)) for part in (outcomes[name], grid))
        raise InvalidValue(f"{name!r} lies over {given or 'nothing'}, but 'outcome' over {needed}; give both the same")
    return outcomes[name].transpose(*grid.dims).values


def _note(outcomes: xr.Dataset) -> str:
    attrs, (rows, columns) = outcomes.attrs, outcomes["outcome"].shape
    steps = [count(int(attrs["steps"]), "step")] if "steps" in attrs else []
    return " · ".join([heading(attrs), *steps, f"{columns:,} × {rows:,} runs"])


def _measured(outcomes: xr.Dataset) -> list[tuple[str, str]]:
    measures = []
    for name, words in MEASURED.items():
        value, error = (float(outcomes.attrs.get(key, np.nan)) for key in (name, f"{name}_error"))
        if np.isfinite(value):
            digits = max(0, 1 - int(np.floor(np.log10(error)))) if error > 0 else 3
            text = minus(f"{value:.{digits}f}")
            measures.append((words, f"{text} ± {error:.{digits}f}" if error >= 0 else text))
    return measures
