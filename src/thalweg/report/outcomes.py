"""Tables and sentences about how runs end, a few or very many, in the one vocabulary of ends."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.status import Status
from thalweg.figures.drawing.wording import count as counted
from thalweg.report.text import SHOWN, TextTable, figures, quantity, share
from thalweg.study.ends import from_minima
from thalweg.study.find_valleys import domain_of_valleys
from thalweg.valleys.outcomes import DIVERGED, ON_THE_WAY, PLATEAU, WORDS
from thalweg.valleys.shares import wilson
from thalweg.valleys.tree import OUTSIDE

REST = 1e-3
"""A run has come to rest where it is nearer to the minimum than this share of every axis's length."""

COARSE = "how far from rest is not told: the grid knows minima to half a cell, thalweg valleys refines them"
"""What is said of runs on floors where nothing better is known of minima."""


def tallied(ends: xr.Dataset) -> TextTable:
    """Count the runs by the valley in whose basin they end and by how they end there; of a map, shares."""
    outcome, valley, names = ends["outcome"].values, ends["valley"].values, ends.attrs["names"]
    chart = outcome.ndim > 1

    def cell(chosen: np.ndarray) -> str:
        return share(chosen, outcome.size) if chart else f"{np.count_nonzero(chosen):,}"

    def decided(chosen: np.ndarray) -> list[str]:
        return [cell(chosen & (ends["rounding"].values == 1))] if "rounding" in ends else []

    kinds = [code for code in (ON_THE_WAY, PLATEAU) if (outcome == code).any()]
    held = np.bincount(valley[(valley != OUTSIDE) & (outcome != DIVERGED)], minlength=len(names))
    order = [number for number in np.argsort(-held, kind="stable").tolist() if held[number]]
    rows = []
    for number in order[:SHOWN]:
        here = valley == number
        on_floor = here & (outcome == number)
        middle = float(np.median(ends["settled"].values[on_floor])) if on_floor.any() else np.nan
        ways = [cell(here & (outcome == code)) for code in kinds]
        rows.append((names[number], cell(on_floor), *ways, *decided(here), figures(middle)))
    none = (valley == OUTSIDE) & (outcome != DIVERGED)
    if none.any():
        rows.append(("no known valley", "–", *(cell(none & (outcome == code)) for code in kinds), *decided(none), "–"))
    if (lost := outcome == DIVERGED).any():
        rows.append((f"{WORDS[DIVERGED]}: {cell(lost)}", *["–"] * (len(kinds) + 1), *decided(lost), "–"))
    note = f"the {SHOWN} of {len(order)} valleys in which most runs end" if len(order) > SHOWN else ""
    ways = [WORDS[code] for code in kinds] + ["by rounding"] * ("rounding" in ends)
    return TextTable("Ends", ("in the basin of", "on its floor", *ways, "median step"), rows, note)


def lead(ends: xr.Dataset, valleys: xr.Dataset, runs: xr.Dataset) -> str:
    """Say in one line how the runs ended, and how far from rest."""
    if ends.sizes["run"] > 1:
        return _of_many(ends, valleys)
    return _of_one(ends.isel(run=0), valleys, int(runs["last_step"][0]))


def at_rest(ends: xr.Dataset, valleys: xr.Dataset) -> np.ndarray:
    """Tell which runs came to rest at a minimum: nearer than ``REST`` of every axis's length."""
    away = np.abs(from_minima(valleys, ends["place"].values, ends["valley"].values))
    away = away / domain_of_valleys(valleys).lengths
    return (away <= REST).all(axis=-1) & (ends["outcome"].values != DIVERGED)


def ended(end: xr.Dataset, valleys: xr.Dataset) -> tuple[str, ...]:
    """Say of one run, in the cells of a table, how it ended and in which basin, its loss and how far from rest."""
    outcome, valley = int(end["outcome"][0]), int(end["valley"][0])
    way = WORDS.get(outcome, "at rest" if at_rest(end, valleys)[0] else "on its floor")
    basin = "no known valley" if valley == OUTSIDE else end.attrs["names"][valley]
    domain, away = domain_of_valleys(valleys), float(end["distance"][0])
    far = "–" if np.isnan(away) else quantity(away, domain[0]) if len(domain) == 1 else figures(away)
    return (
        way,
        "–" if outcome == DIVERGED else basin,
        *(figures(float(end[name][0])) for name in ("loss", "above")),
        far,
    )


def _of_one(end: xr.Dataset, valleys: xr.Dataset, last: int) -> str:
    outcome, valley = int(end["outcome"]), int(end["valley"])
    if outcome == DIVERGED:
        return f"The run diverged after step {last}: {Status.DIVERGED.advice}."
    slope = f"gradient {figures(float(end['gradient']))}"
    domain = domain_of_valleys(valleys)
    if valley == OUTSIDE:
        low, high = domain.bounds
        off = ((end["place"].values < low) | (end["place"].values > high)).any()
        where = "outside the surface's box" if off else f"{WORDS[outcome]}, in no known valley"
        return f"The run ended {where}, not at rest: loss {figures(float(end['loss']))}, {slope}."
    name, above = end.attrs["names"][valley], figures(float(end["above"]))
    away = quantity(float(end["distance"]), domain[0]) if len(domain) == 1 else figures(float(end["distance"]))
    where = {
        ON_THE_WAY: f"still on the way in the basin of {name}",
        PLATEAU: f"on a plateau in the basin of {name}, where the slope leads nowhere",
    }.get(outcome, f"on the floor of {name}")
    if outcome >= 0 and _coarse(valleys):
        return f"The run ended {where}: loss {figures(float(end['loss']))}, {slope}; {COARSE}."
    rest = bool(at_rest(end.expand_dims("run"), valleys)[0])
    minimum = figures(float(valleys["loss"][valley]))
    far = f"{away} from the minimum, loss {above} above its {minimum}, {slope}"
    if rest and outcome >= 0:
        return f"The run came to rest {where}: {far}."
    advice = {PLATEAU: "another start, or a loss with a wider reach, may lead down"}
    may = advice.get(outcome, "more steps or another learning rate may settle it")
    return f"The run ended {where}, not at rest: {far}; {may}."


def _coarse(valleys: xr.Dataset) -> bool:
    """Tell whether minima are but cells of a grid, above which a run may lie lower, and far from which at rest."""
    return valleys.attrs["method"] == "grid" and not valleys.attrs["refined"]


def _of_many(ends: xr.Dataset, valleys: xr.Dataset) -> str:
    outcome, whole = ends["outcome"].values, ends.sizes["run"]
    floor, rest = outcome >= 0, at_rest(ends, valleys) & (outcome >= 0)
    parts = [f"{np.count_nonzero(floor):,} ended on the floor of a valley"]
    parts += [
        f"{np.count_nonzero(outcome == code):,} {'still ' * (code == ON_THE_WAY)}{WORDS[code]}"
        for code in (ON_THE_WAY, PLATEAU, DIVERGED)
        if (outcome == code).any()
    ]
    if floor.any() and _coarse(valleys):
        return f"Of {counted(whole, 'run')} {', '.join(parts)}; {COARSE}."
    resting = "all" if rest.all() else f"{np.count_nonzero(rest):,}" if rest.any() else "none"
    above = ends["above"].values[floor]
    far = ""
    if floor.any():
        middle, most = figures(float(np.median(above))), figures(float(above.max()))
        far = f"; on the floors the loss is {middle} above the minimum in the median, {most} at most"
    return f"Of {counted(whole, 'run')} {', '.join(parts)}; {resting} came to rest at a minimum{far}."


def of_map(chart: xr.Dataset) -> list[str]:
    """Say how finely the basins are interwoven, and what rounding had to do with it."""
    remarks = []
    attrs = chart.attrs
    if np.isfinite(attrs.get("dimension", np.nan)):
        boxes, pairs = (f"{attrs[key]:.2f} ± {attrs[key + '_error']:.2f}" for key in ("dimension", "pair_dimension"))
        entropy = f"{attrs['boundary_entropy']:.2f} ± {attrs['boundary_entropy_error']:.2f}"
        remarks.append(
            f"The boundary between the basins has the dimension {boxes} by boxes and {pairs} by pairs of pixels "
            f"(a smooth line has 1, a boundary that is everywhere 2); the basin entropy along it is {entropy}."
        )
    return [*remarks, *of_rounding(chart)]


def of_rounding(ends: xr.Dataset) -> list[str]:
    """Say how many of the runs rounding decided."""
    if "rounding" not in ends:
        return []
    decided = ends["rounding"].values
    part = wilson(np.array([np.count_nonzero(decided)]), decided.size)
    between = f"{float(part.low[0]):.1%} to {float(part.high[0]):.1%}"
    return [f"Rounding alone decided where {float(part.share[0]):.1%} of the runs end (95 %: {between})."]
