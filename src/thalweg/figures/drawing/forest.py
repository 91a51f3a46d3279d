"""Valleys as their merge tree: where each begins, where it ends, and which one it joins there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.run import valley_names
from thalweg.figures.drawing.view import DECADES, ROUNDING
from thalweg.figures.drawing.wording import count, minus, number, subject

SPAN = 2 * DECADES
"""Decades of the losses of a fit from which on their axis is logarithmic: fewer are seen as they are."""


@dataclass(frozen=True, eq=False)
class Forest:
    """The merge tree, or one for each part of the domain where walls divide it.

    Attributes
    ----------
    losses : (valley,), of the minima
    persistence : (valley,), infinite for a valley that never ends
    joins : (valley,), the valley that each one joins where it ends; -1 for one that never ends
    passes : (pass,), losses of the passes at which valleys join, lowest first
    names, places : of the valleys
    bound : (valley,), whether the height at which each ends is only known to be at most that
    twins : (valley,), the first valley with the same curve, of a fit; itself elsewhere
    decades : whether losses are shown on a logarithmic axis, as those of a fit are that span decades
    note : the line of facts
    """

    losses: np.ndarray
    persistence: np.ndarray
    joins: np.ndarray
    passes: np.ndarray
    names: list[str]
    places: list[str]
    bound: np.ndarray
    twins: np.ndarray
    decades: bool
    note: str

    @property
    def ends(self) -> np.ndarray:
        """(valley,), the height of the pass at which each valley ends; infinite where it never does."""
        return self.losses + self.persistence

    @property
    def endless(self) -> np.ndarray:
        """Tell which valleys never end."""
        return ~np.isfinite(self.persistence)

    @property
    def lasting(self) -> np.ndarray:
        """The valleys, the most persistent first; of equal ones the deeper."""
        return np.lexsort((self.losses, -self.persistence))

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest loss that must be shown."""
        low = float(self.losses.min())
        high = max(float(self.losses.max()), *self.ends[~self.endless].tolist(), low)
        flat = high - low <= ROUNDING * max(abs(low), abs(high))
        return low, low + (abs(low) or 1.0) if flat else high

    @property
    def story(self) -> str:
        """Tell the most persistent valleys, for a caption."""
        valleys = [
            f"{self.names[k]} ({'never ends' if self.endless[k] else self.lasts(k)})" for k in self.lasting[:5].tolist()
        ]
        told = f"the most persistent: {', '.join(valleys)}" + ", …" * (len(self.names) > 5)
        twins = [
            f"{self.names[k]} of {self.names[self.twins[k]]}" for k in np.flatnonzero(self.twins != self.own).tolist()
        ]
        return f"{told}; by symmetry twins: {', '.join(twins[:5])}{', …' * (len(twins) > 5)}" if twins else told

    @property
    def own(self) -> np.ndarray:
        """Number the valleys."""
        return np.arange(len(self.names))

    def lasts(self, k: int) -> str:
        """Write the persistence of a valley that ends, and whether that is only known to be at most that."""
        return f"{'≤ ' * bool(self.bound[k])}{number(float(self.persistence[k]), 3)}"

    def hover(self, k: int) -> str:
        """Tell all about one valley."""
        if self.endless[k]:
            end = "never ends"
        else:
            joined = self.names[self.joins[k]]
            most, ends, lasts = "≤ " * bool(self.bound[k]), number(self.ends[k], 5), number(self.persistence[k], 5)
            end = f"joins {joined} at {most}{ends}<br>persistence {most}{lasts}"
        if self.twins[k] != k:
            end += f"<br>by symmetry a twin of {self.names[self.twins[k]]}"
        place = "" if self.places[k] == self.names[k] else f" {self.places[k]}"
        return f"{self.names[k]}{place}<br>minimum {number(self.losses[k], 5)}<br>{end}"


def forest_of(valleys: xr.Dataset, figure: str) -> Forest:
    """Read the merge tree of valleys, refusing what has none."""
    if not valleys.sizes["valley"]:
        raise InvalidValue(f"there is no valley, so the figure {figure!r} has nothing to draw; lower the persistence")
    many = count(valleys.sizes["valley"], "valley")
    joining, own = valleys["pass_merges"].values == 1, np.arange(valleys.sizes["valley"])
    bound = valleys["persistence_bound"].values == 1 if "persistence_bound" in valleys else own < 0
    return Forest(
        losses=valleys["loss"].values.astype(np.float64),
        persistence=valleys["persistence"].values.astype(np.float64),
        joins=valleys["joins"].values,
        passes=valleys["pass_loss"].values[joining].astype(np.float64),
        names=valley_names(valleys),
        places=[minus(name) for name in valleys.attrs["names"]],
        bound=bound & np.isfinite(valleys["persistence"].values),
        twins=_twins(valleys, own),
        decades=valleys.attrs.get("method") == "fit" and _spanning(valleys),
        note=f"{subject(valleys.attrs)} · {many}{_threshold(valleys)}{_told(bound)}",
    )


def _spanning(valleys: xr.Dataset) -> bool:
    """Tell whether the losses of minima, or the heights at which they end, span decades."""
    losses = valleys["loss"].values
    ends = losses + valleys["persistence"].values
    highest = max(float(losses.max()), float(ends[np.isfinite(ends)].max(initial=0.0)))
    return bool(losses.min() > 0 and highest > 10**SPAN * losses.min())


def _told(bound: np.ndarray) -> str:
    return " · passes lie at most as high as drawn" if bound.any() else ""


def _twins(valleys: xr.Dataset, own: np.ndarray) -> np.ndarray:
    """Find the place of the first valley with the same curve; one that was left out is no twin to show."""
    if "twin" not in valleys:
        return own
    places = {number: place for place, number in enumerate(valleys["valley"].values.tolist())}
    return np.array([places.get(twin, place) for place, twin in enumerate(valleys["twin"].values.tolist())], dtype=int)


def _threshold(valleys: xr.Dataset) -> str:
    # Of a fit it is a share of the loss that is rounding.
    threshold = float(valleys.attrs.get("threshold", np.nan)) if valleys.attrs.get("method") != "fit" else np.nan
    return f" of persistence {number(threshold, 3)} or more" if np.isfinite(threshold) and threshold > 0 else ""
