"""Tables and sentences about a fit: the best one, the valleys beside it, and how likely a start finds which."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import stats

from thalweg.base.arrays import cleaned
from thalweg.figures.drawing.wording import count as counted
from thalweg.figures.drawing.wording import shortened
from thalweg.report.text import SHOWN, TextTable, figures, left_out, measured

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

MIDDLE = (0.1, 0.9)
"""Quantiles of the starts that find the best fit, between which one of a user's own is recommended."""


def tables(fits: xr.Dataset, intervals: xr.Dataset | None, models: xr.Dataset | None) -> list[TextTable]:
    """List the best fit, the valleys, the residuals, and other models where there are any."""
    if not fits.sizes["valley"]:
        return []
    return [_best(fits, intervals), _valleys(fits), _residuals(fits), *([] if models is None else [_models(models)])]


def lead(fits: xr.Dataset) -> str:
    """Say how many fits there are, and how likely a start finds the best."""
    if not fits.sizes["valley"]:
        return "No fit: no start leads to a place where the loss is finite, or the loss is the same everywhere."
    curves, listed, valleys = len(np.unique(fits["twin"])), fits.sizes["valley"], fits.attrs["minima"]
    share = float(fits["share"].values[_best_ones(fits)].sum())
    if curves == 1 and listed == valleys:
        return f"One valley: {_part(share)} starts find it."
    if listed < valleys:
        return f"{valleys} valleys, of which the {listed} deepest are listed; {_part(share)} starts find the best fit."
    twins = f", with {counted(valleys - curves, 'twin')} of the same curves" if valleys > curves else ""
    return f"{counted(curves, 'valley')}{twins}; {_part(share)} starts find the best fit."


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
        _correlated(fits),
        _pattern(fits),
        _method(fits),
    ]
    return [sentence for sentence in said if sentence]


def _part(share: float) -> str:
    """Write a share of the starts."""
    return "all" if share == 1 else f"{100 * share:.2g} % of the" if share < 0.995 else f"{100 * share:.4g} % of the"


def _best_ones(fits: xr.Dataset) -> np.ndarray:
    """Choose the valleys that are the best fit: the deepest and its twins."""
    return fits["twin"].values == fits["twin"].values[0]


def _worse(fits: xr.Dataset, loss: float) -> str:
    """Say how much worse than the best a loss is."""
    best = float(fits["loss"][0])
    if loss <= best * (1 + EQUAL):
        return "as good"
    if best <= 0:
        return f"{figures(loss)} above"
    excess = loss / best - 1
    return f"{100 * excess:.2g} % worse" if excess < 1 else f"{loss / best:.3g} times as bad"


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
    if valley >= 0 and _best_ones(fits)[valley]:
        return f"Your start leads to the best fit{f', in its twin #{valley}' if valley else ''}."
    place = f"valley #{valley}" if valley >= 0 else "a valley that is not listed"
    worse = _worse(fits, loss)
    link = " than" if worse.endswith("worse") else "" if worse.endswith("above") else " as"
    return f"Your start leads to {place}, {worse}{link} the best fit."


def _rival(fits: xr.Dataset) -> str:
    """Say where another curve fits so well that the data do not rule it out, by the F test of a confidence region."""
    others = np.flatnonzero(~_best_ones(fits))
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
        f"Valley #{first}{also} fits nearly as well ({_worse(fits, float(loss[first]))}): the data do not rule it out."
    )


def _advice(fits: xr.Dataset) -> str:
    """Say where to start: along the parameter that most narrows down which starts find the best fit."""
    best = np.isin(fits["start_valley"].values, np.flatnonzero(_best_ones(fits)))
    if best.mean() >= MANY or best.sum() < 2:
        return ""
    starts, ranks = fits["start_position"].values, _ranks(fits["start_position"].values)
    low, high = np.quantile(ranks[best], MIDDLE, axis=0)
    k = int(np.argmin(high - low))
    inside = (ranks[:, k] >= low[k]) & (ranks[:, k] <= high[k])
    share = best[inside].mean()
    if share < 1.5 * best.mean():
        return ""
    name, ends = fits["param"].values[k], (starts[inside, k].min(), starts[inside, k].max())
    where = f"{name} from {ends[0]:.3g} to {ends[1]:.3g}"
    return f"Start with {where}: {_part(float(share))} starts there find the best fit."


def _ranks(values: np.ndarray) -> np.ndarray:
    return stats.rankdata(values, axis=0) / len(values)


def _creased(fits: xr.Dataset) -> str:
    if not np.isnan(fits["error"].values[0]).any():
        return ""
    return "Standard errors are not known: the loss has no curvature at this minimum, as at a crease."


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
    lag, rows = float(fits["autocorrelation"][0]), int(fits["freedom"][0]) + fits.sizes["param"]
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


def _best(fits: xr.Dataset, intervals: xr.Dataset | None) -> TextTable:
    names = fits["param"].values.tolist()
    absolute = "error_absolute" in fits
    asked = {} if intervals is None else _intervals(intervals)
    rows: list[tuple[str, ...]] = []
    for k, name in enumerate(names):
        value, error = float(fits["position"][0, k]), float(fits["error"][0, k])
        cells = [name, measured(value, error), _error(error)]
        cells += [_error(float(fits["error_absolute"][0, k]))] if absolute else []
        cells += [asked.get(name, "")] if asked else []
        rows.append(tuple(cells))
    columns = ["", "value", "± standard error"]
    columns += ["± by the uncertainties alone"] if absolute else []
    columns += [f"{100 * CONFIDENCE:g} % interval"] if asked else []
    note = "standard errors from the scatter of the residuals" if absolute else ""
    return TextTable("The best fit", tuple(columns), rows, note)


def _intervals(intervals: xr.Dataset) -> dict[str, str]:
    """Write the profile-likelihood interval of each parameter that was asked for."""
    names, low, high = (intervals[name].values.tolist() for name in ("interval", "low", "high"))
    return {name: f"{figures(one)} to {figures(other)}" for name, one, other in zip(names, low, high, strict=True)}


def _error(error: float) -> str:
    return "–" if np.isnan(error) else "∞" if np.isinf(error) else f"{error:.2g}"


def _valleys(fits: xr.Dataset) -> TextTable:
    """List the different curves, the best one first, twins in one row."""
    losses = cleaned(fits["loss"].values, fits["loss"].values)
    names, twin = fits["param"].values.tolist(), fits["twin"].values
    rows = [
        (
            ", ".join(f"#{k}" for k in np.flatnonzero(twin == first)),
            *(figures(float(value)) for value in fits["position"].values[first]),
            figures(float(losses[first])),
            _worse(fits, float(losses[first])) if first else "",
            f"{float(fits['share'].values[twin == first].sum()):.1%}",
            _words(fits, first),
        )
        for first in np.unique(twin).tolist()
    ]
    note = left_out(len(rows), "curves, the best ones", "fit.csv")
    columns = ("", *names, "loss", "beside the best", "share of starts", "remark")
    return TextTable("Valleys", columns, rows[:SHOWN], note)


def _words(fits: xr.Dataset, k: int) -> str:
    """Say shortly what is no proper minimum."""
    one, names = fits.isel(valley=k), fits["param"].values
    ends = {"at_low": "low", "at_high": "high"}
    said = [f"{name} at its {end} end" for at, end in ends.items() for name in names[one[at].values == 1]]
    said += ["parameters not told apart"] if one["open"] else []
    said += [] if one["settled"] else ["not at rest"]
    return "; ".join(said)


def _residuals(fits: xr.Dataset) -> TextTable:
    one = fits.isel(valley=0)
    freedom = int(one["freedom"])
    cells = {
        "rows": f"{freedom + fits.sizes['param']:,}",
        "degrees of freedom": f"{freedom:,}",
        "standard deviation": figures(float(np.sqrt(one["variance"]))),
        "R²": figures(float(one["r_squared"])),
        "autocorrelation": figures(float(one["autocorrelation"])),
        "largest": f"{float(one['largest']):.3g} standard deviations, row {int(one['largest_row']) + 1}",
    }
    if fits.attrs["loss"] == "quadratic":
        cells |= {"AIC": figures(float(one["aic"])), "BIC": figures(float(one["bic"]))}
    return TextTable("Residuals of the best fit", tuple(cells), [tuple(cells.values())])


def _models(models: xr.Dataset) -> TextTable:
    rows = [
        (
            shortened(str(models["model"].values[k]), 60),
            str(int(models["parameters"][k])),
            *(figures(float(models[name][k])) for name in ("squares", "aic", "bic")),
            f"{float(models['weight'][k]):.3g}",
        )
        for k in np.argsort(models["aic"].values, kind="stable").tolist()
    ]
    columns = ("", "parameters", "sum of squares", "AIC", "BIC", "weight")
    return TextTable("Models of the same data", columns, rows, "weight: Akaike's, of the models in this table alone")
