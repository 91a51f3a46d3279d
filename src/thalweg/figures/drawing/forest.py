"""Valleys as their merge tree: where each begins, where it ends, and which one it joins there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.run import valley_names
from thalweg.figures.drawing.view import ROUNDING
from thalweg.figures.drawing.wording import count, minus, number, subject


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
    note : the line of facts
    """

    losses: np.ndarray
    persistence: np.ndarray
    joins: np.ndarray
    passes: np.ndarray
    names: list[str]
    places: list[str]
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
            f"{self.names[k]} " + ("(never ends)" if self.endless[k] else f"({number(float(self.persistence[k]), 3)})")
            for k in self.lasting[:5].tolist()
        ]
        return f"the most persistent: {', '.join(valleys)}" + ", …" * (len(self.names) > 5)

    def hover(self, k: int) -> str:
        """Tell all about one valley."""
        if self.endless[k]:
            end = "never ends"
        else:
            joined = self.names[self.joins[k]]
            end = f"joins {joined} at {number(self.ends[k], 5)}<br>persistence {number(self.persistence[k], 5)}"
        place = "" if self.places[k] == self.names[k] else f" {self.places[k]}"
        return f"{self.names[k]}{place}<br>minimum {number(self.losses[k], 5)}<br>{end}"


def forest_of(valleys: xr.Dataset, figure: str) -> Forest:
    """Read the merge tree of valleys, refusing what has none."""
    if not valleys.sizes["valley"]:
        raise InvalidValue(f"there is no valley, so the figure {figure!r} has nothing to draw; lower the persistence")
    joining = valleys["pass_merges"].values == 1
    return Forest(
        losses=valleys["loss"].values.astype(np.float64),
        persistence=valleys["persistence"].values.astype(np.float64),
        joins=valleys["joins"].values,
        passes=valleys["pass_loss"].values[joining].astype(np.float64),
        names=valley_names(valleys),
        places=[minus(name) for name in valleys.attrs["names"]],
        note=f"{subject(valleys.attrs)} · {count(valleys.sizes['valley'], 'valley')}{_threshold(valleys)}",
    )


def _threshold(valleys: xr.Dataset) -> str:
    threshold = float(valleys.attrs.get("threshold", np.nan))
    return f" of persistence {number(threshold, 3)} or more" if np.isfinite(threshold) and threshold > 0 else ""
