"""Tables about a fit: the best one, the valleys beside it, residuals, and other models."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.arrays import cleaned
from thalweg.figures.drawing.wording import shortened
from thalweg.report.text import SHOWN, TextTable, figures, left_out, measured
from thalweg.report.verdict import CONFIDENCE, numbered, worse


def tables(fits: xr.Dataset, intervals: xr.Dataset | None, models: xr.Dataset | None) -> list[TextTable]:
    """List the best fit, the valleys, the residuals, and other models where there are any."""
    if not fits.sizes["valley"]:
        return []
    return [_best(fits, intervals), _valleys(fits), _residuals(fits), *([] if models is None else [_models(models)])]


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
            numbered(np.flatnonzero(twin == first).tolist()),
            *(figures(float(value)) for value in fits["position"].values[first]),
            figures(float(losses[first])),
            worse(fits, float(losses[first])).replace(" times as bad", " ×") if first else "",
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
        "rows": f"{fits.attrs['rows']:,}",
        "degrees of freedom": f"{freedom:,}",
        "standard deviation": figures(float(np.sqrt(one["variance"]))),
        "R²": figures(float(one["r_squared"])),
        "autocorrelation": figures(float(one["autocorrelation"])),
        "largest": _largest(one),
    }
    if fits.attrs["loss"] == "quadratic":
        cells |= {"AIC": figures(float(one["aic"])), "BIC": figures(float(one["bic"]))}
    return TextTable("Residuals of the best fit", tuple(cells), [tuple(cells.values())])


def _largest(one: xr.Dataset) -> str:
    """Write the largest residual and its row; a dash where there is none, as of a curve through all points."""
    size, row = float(one["largest"]), int(one["largest_row"])
    return f"{size:.3g} standard deviations, row {row + 1}" if row >= 0 and np.isfinite(size) else "–"


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
