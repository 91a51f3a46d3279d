"""Tables and sentences about a race of optimisers."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.experiment.results import Results
from thalweg.figures.drawing.wording import raced
from thalweg.report.text import TextTable, figures

LUCKY = 3
"""A learning rate that so few runs of the tuning chose was chosen by chance."""


def ranked(ran: xr.Dataset) -> list[TextTable]:
    """Rank the optimisers by success, and tell how their runs went."""
    order = np.argsort(-ran["success"].values, kind="stable").tolist()
    ranks, ways, ends = [], [], []
    for k in order:
        one, lead, name = ran.isel(optimizer=k), ran.isel(optimizer=order[0], rival=k), ran.attrs["names"][k]
        low, middle, high = (figures(step) for step in one["settled"].values.tolist())
        steps = "–" if middle == "–" else f"{middle} ({low}–{high})"
        rate = (
            "–" if np.isnan(one["learning_rate"]) else f"{float(one['learning_rate']):.3g}" + "*" * int(one["at_end"])
        )
        ranks.append((name, rate, _percent(one, "success"), _percent(lead, "difference"), steps))
        way = [_percent(one, "derailed"), _percent(one, "diverged")]
        way += [f"{100 * float(one['rounding']):.1f}"] if "rounding" in ran else []
        ways.append((name, *way, f"{float(one['seconds']):.3g}"))
        final = f"{_short(one['final'])} ({_short(one['final_low'])}–{_short(one['final_high'])})"
        ends.append((name, final, _short(one["final_loss"][-1]), _short(one["distance"][1])))
    goal = " or ".join(ran.attrs["best_names"][:4])
    note = (
        f"success: {ran.attrs['goal']}, {goal}, with its 95 % interval; behind the first, on the "
        "same starts, all pairs together at 95 %; steps: median and 5 to 95 % of the runs that succeed"
        + ("; * the least or the greatest rate tried" if ran["at_end"].any() else "")
    )
    decided = ("by rounding, %",) if "rounding" in ran else ()
    columns = ("", "derailed, %", "diverged, %", *decided, "seconds")
    apart = "seconds of this machine, for all runs, without compilation" + ", shadows included" * len(decided)
    return [
        TextTable("Race", ("", "rate", "success, %", "behind, %", "steps"), ranks, note),
        TextTable(
            "Where all runs end",
            ("", "loss above the minimum", "95 % of runs below", "distance"),
            ends,
            "medians over all runs, of the loss with its 95 % interval and of the distance from the deepest minimum; "
            "∞ where so many diverge",
        ),
        TextTable("On the way", columns, ways, apart),
    ]


def of_race(results: Results, ran: xr.Dataset) -> list[str]:
    """Say who is ahead, what was tuned and what was not, and how to repeat it."""
    attrs, names = ran.attrs, np.array(ran.attrs["names"], dtype=object)
    best = int(np.argmax(ran["success"].values))
    lead = ran.isel(optimizer=best)
    close = (lead["difference_low"] <= 0).values
    first, others = names[best], ", ".join(names[close])
    luck = _of_luck(ran)
    at = " at these learning rates, some of which chance chose" * bool(luck)
    remarks = [f"{first} is ahead of all others{at or ', beyond chance'}."] if len(names) > 1 else []
    if close.any():
        remarks = [f"{first} has the highest success, but chance alone could explain its lead over {others}."]
    if not lead["success"]:
        remarks = [f"No run of any optimiser {attrs['goal'].replace('ends', 'ended', 1)}."]
    if not np.isnan(attrs["within"]):
        height = figures(attrs["level"])
        remarks.append(f"A run succeeds that {attrs['goal']}: at {height} or less, at its end.")
    low, high, count = f"{attrs['tuning_low']:g}", f"{attrs['tuning_high']:g}", attrs["tuning_rates"]
    where = f"{attrs['tuning_starts']:,} starts of seed {attrs['tuning_seed']}"
    tuned = (
        f"Learning rates, constant, are the best of {count} from {low} to {high} on {where}, {attrs['tuning_steps']:,} "
        f"steps for each optimiser: {attrs['tuning_rule']}. The race has the seed {attrs['seed']}. "
        "No other setting was tuned."
    )
    remarks += [tuned] * bool(ran["learning_rate"].notnull().any())
    remarks += luck
    if ran["at_end"].any():
        ends = ", ".join(names[ran["at_end"].values == 1])
        remarks.append(f"The best rate of {ends} is at the end of those tried: a wider range may do better.")
    if np.isnan(ran["learning_rate"]).any():
        own = ", ".join(names[np.isnan(ran["learning_rate"].values)])
        remarks.append(f"{own}: no rate to tune. A step of a line search evaluates the objective several times.")
    remarks.append(raced(attrs).strip())
    if "clip" in results.experiment.settings["optimizer"]:
        remarks.append(f"The gradients of all are clipped at {results.experiment.settings['optimizer']['clip']:g}.")
    again = f"--optimizers {','.join(names)} --starts {attrs['starts']} --tuning-starts {attrs['tuning_starts']}"
    rates = f"--rates {count} --lowest-rate {attrs['tuning_low']!r} --highest-rate {attrs['tuning_high']!r}"
    file, gap, replaced = results.experiment.call.partition(" --set ")
    return [
        *remarks,
        f"Repeat it with: thalweg race {file} {again} {rates} --seed {attrs['seed']}"
        + (f" --within {attrs['within']!r}" if not np.isnan(attrs["within"]) else "")
        + " --shadows" * ("rounding" in ran)
        + gap
        + replaced,
    ]


def _of_luck(ran: xr.Dataset) -> list[str]:
    """Warn where a learning rate was chosen by very few runs that succeeded."""
    starts = ran.attrs["tuning_starts"]
    won = np.rint(starts * ran["tuned_success"].max("candidate").values)
    lucky = [
        f"{name} ({int(count)} of {starts:,})"
        for name, count, rate in zip(ran.attrs["names"], won.tolist(), ran["learning_rate"].values, strict=True)
        if not np.isnan(rate) and count <= LUCKY
    ]
    if not lucky:
        return []
    return [
        f"Chance chose the rate of {', '.join(lucky)}: so few runs of the tuning succeeded with it. "
        "More tuning starts, more steps or a wider goal would tell."
    ]


def _short(value: xr.DataArray) -> str:
    return "∞" if np.isinf(value) else f"{float(value):.3g}"


def _percent(one: xr.Dataset, name: str) -> str:
    """Write a share with its interval, in percent."""
    value, low, high = (100 * float(one[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return "–" if np.isnan(value) else f"{value:.1f} ({low:.1f}–{high:.1f})"
