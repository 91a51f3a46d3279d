"""Fits whose answer is certified: the problems of nonlinear regression of NIST's Statistical Reference Datasets."""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib.resources import files

import numpy as np

from thalweg.base.border import public
from thalweg.base.checks import number
from thalweg.base.errors import UnknownName
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.model import Curve, read_model
from thalweg.problems.problem import Minimum, Regression
from thalweg.problems.split import WHOLE

SOURCE = "NIST Statistical Reference Datasets, nonlinear regression"

LANCZOS = "b1*exp(-b2*x) + b3*exp(-b4*x) + b5*exp(-b6*x)"
GAUSS = "b1*exp(-b2*x) + b3*exp(-(x - b4)**2/b5**2) + b6*exp(-(x - b7)**2/b8**2)"

MODELS = {
    "Bennett5": "b1*(b2 + x)**(-1/b3)",
    "BoxBOD": "b1*(1 - exp(-b2*x))",
    "Chwirut1": "exp(-b1*x)/(b2 + b3*x)",
    "Chwirut2": "exp(-b1*x)/(b2 + b3*x)",
    "DanWood": "b1*x**b2",
    "ENSO": (
        "b1 + b2*cos(2*pi*x/12) + b3*sin(2*pi*x/12) + b5*cos(2*pi*x/b4) + b6*sin(2*pi*x/b4)"
        " + b8*cos(2*pi*x/b7) + b9*sin(2*pi*x/b7)"
    ),
    "Eckerle4": "b1/b2*exp(-(x - b3)**2/(2*b2**2))",
    "Gauss1": GAUSS,
    "Gauss2": GAUSS,
    "Kirby2": "(b1 + b2*x + b3*x**2)/(1 + b4*x + b5*x**2)",
    "Lanczos2": LANCZOS,
    "Lanczos3": LANCZOS,
    "MGH09": "b1*(x**2 + b2*x)/(x**2 + b3*x + b4)",
    "MGH10": "b1*exp(b2/(x + b3))",
    "Misra1a": "b1*(1 - exp(-b2*x))",
    "Misra1b": "b1*(1 - (1 + b2*x/2)**-2)",
    "Misra1c": "b1*(1 - (1 + 2*b2*x)**-0.5)",
    "Misra1d": "b1*b2*x/(1 + b2*x)",
    "Rat42": "b1/(1 + exp(b2 - b3*x))",
    "Thurber": "(b1 + b2*x + b3*x**2 + b4*x**3)/(1 + b5*x + b6*x**2 + b7*x**3)",
}
"""The formulas, by the names of the data sets."""

SUM = "sum_of_squares"


@public
def nist(name: str, reach: float = 15.0) -> Regression:
    """Make a problem with certified parameters, sum of squares and standard deviations.

    Parameters
    ----------
    name : of the data set, such as ``"Misra1a"``
    reach : ranges go from a certified value divided by it to the value times it, in the logarithm; where the value is
        negative from as far below zero to as far above

    Returns
    -------
    Regression
        Its start is the first of the two that are published, its minimum the certified one, whose value is the mean of
        squares; the second start, the certified sum of squares and standard deviations are in its settings.

    Raises
    ------
    UnknownName
        If there is no such data set.
    InvalidValue
        If ``reach`` is not a number above 1.

    References
    ----------
    National Institute of Standards and Technology, Statistical Reference Datasets, nonlinear regression, 1997.

    Examples
    --------
    >>> problem = nist("BoxBOD")
    >>> problem.parameters, problem.minima[0].position
    (('b1', 'b2'), (213.80940889, 0.54723748542))
    """
    if name not in MODELS:
        raise UnknownName.of("data set of NIST", name, MODELS)
    number("reach", reach, above=1)
    rows = _certified()[name]
    parameters = tuple(key for key in rows if key != SUM)
    train, test = WHOLE(_table(name))
    best = tuple(float(rows[key]["certified"]) for key in parameters)
    squares = float(rows[SUM]["certified"])
    return Regression(
        name="nist",
        domain=Domain([_axis(key, value, reach) for key, value in zip(parameters, best, strict=True)]),
        start=tuple(float(rows[key]["start_1"]) for key in parameters),
        minima=(Minimum(best, squares / len(train["y"])),),
        source=f"{SOURCE}, {name}",
        residual=Curve(read_model(MODELS[name], ["x"], parameters), parameters, ("x",)),
        train=train,
        test=test,
        labels={"x": "x", "y": "y"},
        settings={
            "name": name,
            "reach": reach,
            SUM: squares,
            "start_2": [float(rows[key]["start_2"]) for key in parameters],
            "deviations": [float(rows[key]["deviation"]) for key in parameters],
        },
    )


def _axis(name: str, certified: float, reach: float) -> Axis:
    """Make an axis without walls around a certified value."""
    if certified > 0:
        return Axis(name, certified / reach, certified * reach, log=True, bounded=False)
    return Axis(name, certified * reach, -certified * reach, bounded=False)


def _table(name: str) -> dict[str, np.ndarray]:
    text = (files("thalweg.problems.data") / "nist" / f"{name}.csv").read_text(encoding="utf-8")
    values = np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1)
    return {"x": values[:, 0], "y": values[:, 1]}


@cache
def _certified() -> dict[str, dict[str, dict[str, str]]]:
    tables: dict[str, dict[str, dict[str, str]]] = {}
    with (files("thalweg.problems.data") / "nist" / "certified.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            tables.setdefault(row["name"], {})[row["parameter"]] = row
    return tables
