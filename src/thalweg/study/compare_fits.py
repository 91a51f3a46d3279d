"""The verb ``compare_fits``: several models of the same data, by how well they fit and what they take for it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.store.kinds import NamedFits


@public
def compare_fits(fits: NamedFits) -> xr.Dataset:
    """Compare models of the same data by the information criteria of Akaike and of Schwarz.

    For normal errors of equal variance, whose variance is one more parameter, with n rows and k parameters in all,
    ``AIC = n log(S / n) + 2 k``, of which small samples need the correction ``2 k (k + 1) / (n - k - 1)``, and
    ``BIC = n log(S / n) + k log n``; S is the sum of squares of the best valley. Only differences mean something. A
    weight is the probability of a model, as far as one among those that are compared is right.

    Parameters
    ----------
    fits : from :func:`thalweg.fit` under the quadratic loss, of the same data, by the names of their models

    Returns
    -------
    xarray.Dataset
        ============= ======= ======= ==============================================================
        variable      dims    unit    meaning
        ============= ======= ======= ==============================================================
        parameters    model   1       of the curve, those that the data leave open not counted
        squares       model           sum of squared residuals
        aic, aicc     model   1       Akaike's criterion, without and with the correction for few rows; infinite where
                                      there are too few for it
        bic           model   1       Schwarz's criterion
        weight        model   1       Akaike's, by the corrected criterion; all sum to 1
        ============= ======= ======= ==============================================================

    Raises
    ------
    InvalidValue
        If there are fewer than two fits, they are of different data, of another loss than squares, or one has no
        valley.

    References
    ----------
    K. P. Burnham, D. R. Anderson, Model Selection and Multimodel Inference, Springer, 2002, doi:10.1007/b97636.

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> x = np.linspace(0, 1, 30)
    >>> data = {"x": x, "y": 1 + x + np.random.default_rng(0).normal(0, 0.1, 30)}
    >>> models = ["a", "a + b*x", "a + b*x + c*x**2"]
    >>> compared = tw.compare_fits({model: tw.fit(tw.problems.fit(data, model, "y")) for model in models})
    >>> compared["weight"].values.round(2).tolist()
    [0.0, 0.7, 0.3]
    """
    if len(fits) < 2:
        raise InvalidValue(f"fits has {len(fits)}; give two at least, by name")
    _check(fits)
    best = [each.isel(valley=0) for each in fits.values()]
    squares = np.array([float(one["squares"]) for one in best])
    sizes = np.array([each.sizes["param"] for each in fits.values()]) - np.array([int(one["open"]) for one in best])
    rows = next(iter(fits.values())).attrs["rows"]
    counted = sizes + 1  # the variance too
    with np.errstate(divide="ignore"):
        fitted = rows * np.log(squares / rows)
    spare = rows - counted - 1
    small = np.where(spare > 0, 2 * counted * (counted + 1) / np.where(spare > 0, spare, 1), np.inf)
    aic = fitted + 2 * counted
    return xr.Dataset(
        {
            "parameters": ("model", sizes),
            "squares": ("model", squares),
            "aic": ("model", aic),
            "aicc": ("model", aic + small),
            "bic": ("model", fitted + np.log(rows) * counted),
            "weight": ("model", _weights(aic + small)),
        },
        coords={"model": list(fits)},
        attrs={key: next(iter(fits.values())).attrs[key] for key in ("problem", "source", "loss", "rows", "data")},
    )


def _check(fits: NamedFits) -> None:
    """Refuse what cannot be compared."""
    first = next(iter(fits))
    for name, each in fits.items():
        if not each.sizes["valley"]:
            raise InvalidValue(f"fit {name!r} has no valley; leave it out, or give it other ranges")
        if each.attrs["loss"] != "quadratic":
            raise InvalidValue(f"fit {name!r} is of the {each.attrs['loss']} loss; criteria are for the quadratic one")
        if each.attrs["data"] != fits[first].attrs["data"]:
            raise InvalidValue(f"fits {first!r} and {name!r} are of different data; compare models of the same data")


def _weights(criterion: np.ndarray) -> np.ndarray:
    """Weigh models by a criterion; of perfect fits, whose criterion is -∞, all alike."""
    least = criterion.min()
    weight = np.exp(-(criterion - least) / 2) if np.isfinite(least) else (criterion == least).astype(float)
    return weight / weight.sum()
