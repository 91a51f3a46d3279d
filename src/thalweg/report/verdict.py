"""What is said of a fit: how many valleys it has, how likely a start finds which, and where to start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import stats

from thalweg.figures.drawing.wording import count as counted
from thalweg.report.text import figures

MANY = 0.9
"""Share of starts from which on the best fit is found by nearly any start."""

TIGHT = 0.95
"""A correlation from which on two parameters are hardly told apart."""

CONFIDENCE = 0.95

FEW = 3
"""Pairs of valleys that are named."""

EQUAL = 1e-9
"""Losses that differ by no more than this share are equal for people."""

UNSEEN = 0.05
"""Share of the starts that would end in valleys not seen, from which on more starts are recommended."""

USUAL = {
    "huber": ("delta", 1.345),
    "cauchy": ("scale", 2.385),
    "welsch": ("scale", 2.985),
    "tukey": ("scale", 4.685),
}
"""Of robust losses, in units of the scatter, the scale at which they are 95 % as efficient as squares without outliers.

P. J. Huber, Robust Statistics, 1981; P. W. Holland and R. E. Welsch, Communications in Statistics A6, 813-827, 1977.
"""

WIDE = 1.5
"""Times the usual scale, above which a robust loss is called wide."""

FOUND = 5
"""Starts that find the best fit, from which on it is told where they lie."""

MIDDLE = (0.1, 0.9)
"""Quantiles of the starts that find the best fit, between which one of a user's own is recommended."""


def lead(fits: xr.Dataset) -> str:
    """Say how many fits there are, and how likely a start finds the best."""
    if not fits.sizes["valley"]:
        return "No fit: no start leads to a place where the loss is finite, or the loss is the same everywhere."
    curves, listed, valleys = len(np.unique(fits["twin"])), fits.sizes["valley"], fits.attrs["minima"]
    share = float(fits["share"].values[best_ones(fits)].sum())
    if curves == 1 and listed == valleys:
        return f"One valley: {_part(share)} starts find it."
    if listed < valleys:
        return f"{valleys} valleys, of which the {listed} deepest are listed; {_finders(fits, share)}"
    twins = f", with {counted(valleys - curves, 'twin')} of the same curves" if valleys > curves else ""
    return f"{counted(curves, 'valley')}{twins}; {_finders(fits, share)}"


def remarks(fits: xr.Dataset) -> list[str]:
    """Say in plain words what to make of the fit."""
    if not fits.sizes["valley"]:
        return []
    attrs = fits.attrs
    said = [
        _own(fits),
        _rival(fits),
        _advice(fits),
        *_symmetries(attrs["symmetries"]),
        *([f"The best fit: {attrs['outcomes'][0]}."] if attrs["outcomes"][0] else []),
        _creased(fits),
        _scaled(fits),
        _correlated(fits),
        _pattern(fits),
        _method(fits),
    ]
    return [sentence for sentence in said if sentence]


def _finders(fits: xr.Dataset, share: float) -> str:
    """Say how many starts find the best fit; of one that was found once a better one may well be there."""
    starts = int(fits.attrs["starts"])
    if starts > 1 and round(share * starts) <= 1:
        return f"only one of {starts} starts finds the best fit: a better one may be there."
    return f"{_part(share)} starts find the best fit."


def curves_of(fits: xr.Dataset) -> int:
    """Count the valleys, those of one curve once; all minima where not all are listed."""
    listed = fits.sizes["valley"]
    return len(np.unique(fits["twin"])) if fits.attrs["minima"] == listed else int(fits.attrs["minima"])


def _part(share: float) -> str:
    """Write a share of the starts."""
    return "all" if share == 1 else f"{100 * share:.2g} % of the" if share < 0.995 else f"{100 * share:.4g} % of the"


def best_ones(fits: xr.Dataset) -> np.ndarray:
    """Choose the valleys that are the best fit: the deepest and its twins."""
    return fits["twin"].values == fits["twin"].values[0]


def worse(fits: xr.Dataset, loss: float) -> str:
    """Say how much worse than the best a loss is."""
    best = float(fits["loss"][0])
    if loss <= best * (1 + EQUAL):
        return "as good"
    if best <= 0:
        return f"{figures(loss)} above"
    excess = loss / best - 1
    return f"{100 * excess:.2g} % worse" if excess < 1 else f"{loss / best:.3g} times as bad"


def numbered(numbers: Sequence[int]) -> str:
    """Write the numbers of valleys: three and more that follow one another from the first to the last.

    Examples
    --------
    >>> numbered([0, 1, 4]), numbered([2, 3, 4, 5, 9])
    ('#0, #1, #4', '#2 to #5, #9')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(
        f"#{run[0]} to #{run[-1]}" if len(run) > 2 else ", ".join(f"#{number}" for number in run) for run in runs
    )


def _symmetries(sentences: list[str]) -> list[str]:
    """Say each reason why valleys are one curve once, of all valleys that it is true of."""
    reasons: dict[str, list[str]] = {}
    for sentence in sentences:
        which, _, why = sentence.partition(" are one curve: ")
        reasons.setdefault(why.rstrip("."), []).append(which)
    return [f"One curve each, by symmetry: {_few(which)} ({why})." for why, which in reasons.items()]


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= FEW else f"{', '.join(names[:FEW])} and {len(names) - FEW} more pairs"


def _own(fits: xr.Dataset) -> str:
    if "own_loss" not in fits:
        return ""
    loss, valley = float(fits["own_loss"]), int(fits["own_valley"])
    if not np.isfinite(loss):
        return "Your start leads nowhere: the loss is not finite on its way."
    if valley >= 0 and best_ones(fits)[valley]:
        return f"Your start leads to the best fit{f', in its twin #{valley}' if valley else ''}."
    place = f"valley #{valley}" if valley >= 0 else "a valley that is not listed"
    by = worse(fits, loss)
    link = " than" if by.endswith("worse") else "" if by.endswith("above") else " as"
    return f"Your start leads to {place}, {by}{link} the best fit."


def _rival(fits: xr.Dataset) -> str:
    """Say where another curve fits so well that the data do not rule it out, by the F test of a confidence region."""
    others = np.flatnonzero(~best_ones(fits))
    freedom, size = int(fits["freedom"].values.max()), fits.sizes["param"]
    if not len(others) or freedom < 1 or fits.attrs["loss"] != "quadratic":
        return ""
    limit = 1 + size / freedom * float(stats.f.ppf(CONFIDENCE, size, freedom))
    loss = fits["loss"].values
    near = others[loss[others] <= limit * loss[0]]
    if not len(near):
        return ""
    first = int(near[0])
    also = "" if len(near) == 1 else f", and {counted(len(near) - 1, 'other valley', 'other valleys')},"
    return (
        f"Valley #{first}{also} fits nearly as well ({worse(fits, float(loss[first]))}): the data do not rule it out."
    )


def _advice(fits: xr.Dataset) -> str:
    """Say where to start: along the parameter that most narrows down which starts find the best fit."""
    best = np.isin(fits["start_valley"].values, np.flatnonzero(best_ones(fits)))
    if best.mean() >= MANY or best.sum() < FOUND or _improper(fits):
        return ""
    starts, ranks = fits["start_position"].values, _ranks(fits["start_position"].values)
    low = np.quantile(ranks[best], MIDDLE[0], axis=0, method="lower")
    high = np.quantile(ranks[best], MIDDLE[1], axis=0, method="higher")
    k = int(np.argmin(high - low))
    inside = (ranks[:, k] >= low[k]) & (ranks[:, k] <= high[k])
    hits, tries = int(best[inside].sum()), int(inside.sum())
    # Of few starts a part that finds it more often may be chance.
    if hits < 1.5 * best.mean() * tries or stats.beta.ppf(1 - CONFIDENCE, hits, tries - hits + 1) <= best.mean():
        return ""
    where = f"{fits['param'].values[k]} from {_span(starts[inside, k].min(), starts[inside, k].max())}"
    return f"Start with {where}: {_part(hits / tries)} starts there find the best fit."


def _improper(fits: xr.Dataset) -> bool:
    """Tell whether the best fit is no place where one could start: open, or without end."""
    return bool(fits["open"].values[0]) or bool(np.any(fits["away"].values[0]))


def _span(low: float, high: float) -> str:
    """Write two ends with as many digits as tell them apart to a tenth of what lies between."""
    size, between = max(abs(low), abs(high)), high - low
    digits = 3 if between <= 0 else max(3, min(15, 2 + int(np.ceil(np.log10(size / between)))))
    return f"{low:.{digits}g} to {high:.{digits}g}"


def _ranks(values: np.ndarray) -> np.ndarray:
    return stats.rankdata(values, axis=0) / len(values)


def _creased(fits: xr.Dataset) -> str:
    if not np.isnan(fits["error"].values[0]).any():
        return ""
    return (
        "Standard errors are not known: the loss has no curvature at this minimum, as at a crease. There may be one at "
        "every curve through as many rows as there are parameters, and a deeper one than was found."
    )


def _scaled(fits: xr.Dataset) -> str:
    """Warn where a robust loss is so wide, in units of the residuals, that outliers count nearly in full."""
    loss = fits.attrs["loss"]
    if loss not in USUAL or "spread" not in fits:
        return ""
    name, usual = USUAL[loss]
    given, spread = float(fits.attrs[f"loss_{name}"]), float(fits["spread"][0])
    if not 0 < spread * usual * WIDE < given:
        return ""
    return (
        f"Outliers count nearly in full: {loss} has a {name} of {given:.4g}, and most residuals are near {spread:.2g}. "
        f"Usual is {usual:g} times that: try --set loss.{name}={usual * spread:.2g}, or give uncertainties."
    )


def _correlated(fits: xr.Dataset) -> str:
    """Name the pair of parameters that is most correlated, where it is hardly told apart."""
    matrix = np.triu(np.abs(np.nan_to_num(fits["correlation"].values[0])), 1)
    k, other = np.unravel_index(np.argmax(matrix), matrix.shape)
    if matrix[k, other] < TIGHT:
        return ""
    names, value = fits["param"].values, float(fits["correlation"].values[0][k, other])
    return (
        f"{names[k]} and {names[other]} are correlated by {value:.4f}: each is known far less well than both together."
    )


def _pattern(fits: xr.Dataset) -> str:
    """Warn where residuals follow one another, as they do where the model lacks something."""
    lag, rows = float(fits["autocorrelation"][0]), int(fits.attrs["rows"])
    # Under a loss that forgives outliers these stay among the residuals, and say nothing of the rest.
    if not np.isfinite(lag) or lag < 3 / np.sqrt(rows) or fits.attrs["loss"] != "quadratic":
        return ""
    return (
        f"Residuals of neighbouring points are alike (correlation {lag:.2f}): the model lacks something that the data "
        "show, and the errors are too small."
    )


def _method(fits: xr.Dataset) -> str:
    attrs = fits.attrs
    unseen = f"an estimated {attrs['unseen']:.1%} of the start volume, and with 95 % confidence at most"
    found = f"From {attrs['starts']} starts over the ranges, seed {attrs['seed']}; minima not seen have {unseen} "
    lost = int((fits["start_valley"].values < 0).sum())
    nowhere = f" {counted(lost, 'start')} ended in none of the valleys listed." if lost else ""
    more = " More starts would find more valleys." if attrs["unseen"] > UNSEEN else ""
    return f"{found}{attrs['unseen_bound']:.1%}.{more}{nowhere}"
