"""A straight line through two columns of a user's own CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from thalweg.base.border import public
from thalweg.base.errors import InvalidData
from thalweg.problems import residuals
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.problem import Regression
from thalweg.problems.reading.read import open_table, take
from thalweg.problems.reading.reading import Reading
from thalweg.problems.sense import check_size
from thalweg.problems.split import WHOLE, Split


@public
def table(
    path: str | Path,
    x: str,
    y: str,
    *,
    residual: residuals.Distance = "vertical",
    missing: Literal["refuse", "drop"] = "refuse",
    split: Split = WHOLE,
) -> Regression:
    """Read two columns of a CSV file; fit ``y = W (x - mean x) + c``.

    The parameter c is the height of the line at the mean of x: slope and intercept alone are nearly collinear
    where x lies far from 0, which makes a thin canyon that no fixed step can follow. The intercept
    ``b = c - W mean(x)`` is given with every result.

    Parameters
    ----------
    path : CSV file in any dialect, Excel workbook or Parquet file
    x, y : names of the columns
    residual : ``"vertical"`` or ``"orthogonal"``
    missing : ``"refuse"`` rows with a missing value, naming them, or ``"drop"`` them
    split : how test data are taken; none by default, so that every row is fitted

    Returns
    -------
    Regression
        Columns x and y; parameters ``W`` and ``c`` in a box of two standard deviations about the flat line; the
        least-squares slope is within one.

    Raises
    ------
    UnknownName
        If a column is not in the file.
    InvalidData
        If the file cannot be read, a value is missing, not a number or not finite, there are fewer than two rows,
        or all values of x are equal.

    Examples
    --------
    >>> problem = table("stars-cyg.csv", "log_temperature", "log_light")  # doctest: +SKIP
    """
    file = open_table(path)
    names = file.name(x), file.name(y)
    taken = take(file, names, reading=Reading(missing=missing))
    xs, ys = (taken.columns[name] for name in names)
    if len(xs) < 2:
        raise InvalidData(f"{path} has {len(xs)} usable rows; a line needs at least 2")
    if np.ptp(xs) == 0:
        raise InvalidData(
            f"all {len(xs)} values of {x!r} in {path} are {xs[0]:g}; a slope needs at least two different ones"
        )
    check_size(x, xs - xs.mean() if np.isfinite(xs.mean()) else xs)
    check_size(y, ys)
    train, test = split({"x": xs, "y": ys})
    center, height = float(np.mean(train["x"])), float(np.mean(train["y"]))
    # A constant column still needs a box of some width; the file's own scale then says nothing.
    spread = float(np.std(ys)) or 1.0
    steep = 2 * spread / float(np.std(xs))
    return Regression(
        name="table",
        domain=Domain([Axis("W", -steep, steep), Axis("c", height - 2 * spread, height + 2 * spread)]),
        start=(0.0, height),
        source=Path(path).name,
        residual=residuals.affine(residual, center),
        train=train,
        test=test,
        line=lambda params: (params[0], params[1] - params[0] * center),
        model="affine",
        distance=residual,
        settings={"x": x, "y": y, "residual": residual, "missing": missing},
        center=center,
        derived={"b": lambda params: params[1] - params[0] * center},
        labels={"x": x, "y": y},
        told=taken.told,
    )
