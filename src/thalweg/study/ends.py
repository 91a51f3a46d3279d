"""How runs end, told alike for runs that were recorded and for runs of which only the ends were kept.

A run ends *on the floor of* a valley, *on the way* in the basin of one, *on a plateau*, or it has *diverged*. The words
are those of :data:`thalweg.valleys.outcomes.WORDS`, in every table and picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from thalweg.base.precision import dtype_of
from thalweg.descent.grid import slopes
from thalweg.losses.objective import Objective
from thalweg.study.find_derailments import levels_of
from thalweg.study.find_valleys import domain_of_valleys
from thalweg.valleys.outcomes import DIVERGED, ON_THE_WAY, PLATEAU, WORDS, Outcomes, is_flat
from thalweg.valleys.starts.members import members
from thalweg.valleys.tree import OUTSIDE

CODES = (DIVERGED, PLATEAU, ON_THE_WAY)

ATTRS: dict[str, dict[str, Any]] = {
    "outcome": {"flag_values": list(CODES), "flag_meanings": " ".join(WORDS[code].replace(" ", "_") for code in CODES)},
    "gradient": {"of": "all training data"},
}
"""What the outcomes below 0 mean, and what else numbers cannot say: attributes by variable."""


@dataclass(frozen=True, eq=False)
class Ending:
    """What decides how runs end.

    Attributes
    ----------
    objective, valleys, floor : what is descended, its valleys, and the share of a barrier that is their floor
    precision : of the runs, whose losses are compared
    steps : of the runs
    every : whether of valleys from starts the gradient flow tells the basin of every run, also of those that are above
        all floors; those keep the nearest minimum otherwise
    """

    objective: Objective
    valleys: xr.Dataset
    floor: float
    precision: int
    steps: int
    every: bool = True

    def of(self, judged: Outcomes) -> dict[str, np.ndarray]:
        """Complete how runs end by what needs the objective, run by run.

        Returns
        -------
        All of ``judged`` by name, its outcomes parted into those on the way and those on a plateau; ``gradient``, its
        norm at the run's last finite step on all training data; ``above``, the loss less that of the valley's minimum;
        ``distance`` to that minimum. What belongs to no valley is NaN.
        """
        if "start_valley" in self.valleys:
            judged = self._belonging(judged)
        domain, depths = domain_of_valleys(self.valleys), np.append(self.valleys["loss"].values, np.nan)
        place, alive = judged.place.astype(np.float64), judged.outcome != DIVERGED
        gradient = np.full(place.shape, np.nan)
        gradient[alive] = slopes(self.objective.example, self.objective.train, judged.place[alive], self.precision)
        above = judged.loss - depths[judged.valley]
        height = above if not len(depths[:-1]) else np.where(np.isnan(above), judged.loss - depths[:-1].min(), above)
        low, high = domain.bounds
        inside = ((place >= low) & (place <= high)).all(axis=1)  # far off the box its lengths say nothing
        flat = (judged.outcome == ON_THE_WAY) & inside & is_flat(gradient, domain.lengths, height)
        outcome = np.where(flat, PLATEAU, judged.outcome).astype(judged.outcome.dtype)
        return judged._replace(outcome=outcome)._asdict() | {
            "gradient": np.linalg.norm(gradient, axis=1),
            "above": np.where(alive, above, np.nan),
            "distance": np.where(
                alive, np.linalg.norm(from_minima(self.valleys, judged.place, judged.valley), axis=1), np.nan
            ),
        }

    def _belonging(self, judged: Outcomes) -> Outcomes:
        """Tell the valleys of runs where only minima are known: by the way down from where they end."""
        levels = np.append(levels_of(self.valleys, self.floor), np.nan).astype(dtype_of(self.precision))
        alive = judged.outcome != DIVERGED
        low = judged.loss <= levels[:-1].max(initial=-np.inf)
        target, valley = self.objective, np.where(alive, judged.valley, OUTSIDE)
        asked = (valley != OUTSIDE) & (low | self.every)
        valley[asked] = members(
            target.example,
            target.train,
            domain=domain_of_valleys(self.valleys),
            minima=self.valleys["position"].values,
            places=judged.place[asked].astype(np.float64),
            nearest=valley[asked],
        )
        floor = alive & (judged.loss <= levels[valley])
        outcome = np.where(floor, valley, np.where(alive, ON_THE_WAY, DIVERGED)).astype(judged.outcome.dtype)
        # Step by step a run was taken to lie in the nearest valley: where that was another, only its end is known.
        settled = np.where(floor, np.where(judged.outcome == outcome, judged.settled, self.steps), np.nan)
        return judged._replace(outcome=outcome, valley=valley, settled=settled.astype(judged.settled.dtype))


def from_minima(valleys: xr.Dataset, place: np.ndarray, valley: np.ndarray) -> Float[np.ndarray, "run param"]:
    """Give the shortest way from each run's place to the minimum of its valley; NaN for one in no valley."""
    domain = domain_of_valleys(valleys)
    minima = np.concatenate([valleys["position"].values, np.full((1, len(domain)), np.nan)])
    return domain.difference(place.astype(np.float64), minima[valley])


def labelled(ends: dict[str, np.ndarray], params: list[str]) -> xr.Dataset:
    """Label how runs end, as :meth:`Ending.of` tells it."""
    dims = {"place": ("run", "param")}
    return xr.Dataset(
        {name: (dims.get(name, ("run",)), values, ATTRS.get(name, {})) for name, values in ends.items()},
        coords={"run": np.arange(len(ends["outcome"])), "param": params},
    )
