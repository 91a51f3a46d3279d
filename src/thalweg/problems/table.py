"""A straight line through two columns of a user's own CSV file."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Literal

import numpy as np

from thalweg.base.border import public
from thalweg.base.errors import InvalidData, UnknownName
from thalweg.base.files import read_text
from thalweg.base.showing import shown
from thalweg.problems import residuals
from thalweg.problems.domain import Axis, Domain
from thalweg.problems.problem import Regression
from thalweg.problems.split import WHOLE, Split

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


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
    path : CSV file with a header row, comma-separated, UTF-8
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
    values = _read(Path(path), (x, y), drop=missing == "drop")
    xs, ys = values.T
    if len(xs) < 2:
        raise InvalidData(f"{path} has {len(xs)} usable rows; a line needs at least 2")
    if np.ptp(xs) == 0:
        raise InvalidData(
            f"all {len(xs)} values of {x!r} in {path} are {xs[0]:g}; a slope needs at least two different ones"
        )
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
    )


def _read(path: Path, columns: tuple[str, str], *, drop: bool) -> np.ndarray:
    """Read two columns as finite floats, shape (row, 2)."""
    reader = csv.reader(read_text(path, "the path of a CSV file in UTF-8").splitlines())
    try:
        lines = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:  # a cell of more than 131,072 characters
        raise InvalidData(f"{path}, line {reader.line_num}: {error}; mend it there") from None
    header = [name.strip() for name in lines[0][1]] if lines else []
    if not any(header):
        raise InvalidData(f"{path} has no header row; give a CSV file whose first line names its columns")
    places = [_place(header, name, path) for name in columns]
    rows: list[list[float]] = []
    gaps: list[int] = []
    for line, row in lines[1:]:
        cells = [row[place].strip() if place < len(row) else "" for place in places]
        if any(cell.lower() in MISSING for cell in cells):
            gaps.append(line)
            continue
        pairs = zip(columns, cells, strict=True)
        rows.append([_finite(cell, name, line, path) for name, cell in pairs])
    if gaps and not drop:
        where = ", ".join(map(str, gaps[:8])) + (", …" if len(gaps) > 8 else "")
        raise InvalidData(
            f"{path} has missing values in {columns[0]!r} or {columns[1]!r} on line{'s' * (len(gaps) > 1)} {where}; "
            'fill them in or set missing = "drop"'
        )
    return np.array(rows, dtype=float).reshape(-1, 2)


def _place(header: list[str], name: str, path: Path) -> int:
    if name not in header:
        raise UnknownName.of(f"column in {path}", name, header)
    if header.count(name) > 1:
        raise InvalidData(f"{path} has {header.count(name)} columns named {name!r}; give each its own name")
    return header.index(name)


def _finite(cell: str, column: str, line: int, path: Path) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidData(f"{path}, line {line}: {column!r} is {shown(cell)}; give a finite number")
    return value
