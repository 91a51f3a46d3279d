"""One's own data and one's own model: a curve fitted to columns of a file or to arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Array

from thalweg.base.arrays import Numbers, numbers
from thalweg.base.border import public
from thalweg.base.errors import InvalidData, InvalidValue, UnknownName
from thalweg.problems import columns as files
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.formula.formula import Formula
from thalweg.problems.model import Curve, Model, read_model
from thalweg.problems.problem import Regression, Setting
from thalweg.problems.proposal import propose
from thalweg.problems.ranges import Range, read_range
from thalweg.problems.reading.reading import FOUND, Reading
from thalweg.problems.split import WHOLE


@public
def fit(
    data: str | Path | Mapping[str, Numbers],
    model: str | Callable[..., Array],
    y: str,
    *,
    ranges: Mapping[str, Range] | None = None,
    sigma: str = "",
    reading: Reading = FOUND,
) -> Regression:
    """Fit a model to data: a formula, or a function of columns and parameters.

    Names in the model that are columns are data, all others are parameters. A parameter in which the model is linear
    needs no range; where another has none, one is proposed from the data.

    Parameters
    ----------
    data : a CSV file with a header row, or columns by name, (row,) each
    model : a formula such as ``"A * exp(-t / tau) + c"``, or a function written with ``jax.numpy`` whose argument
        names are the columns and the parameters
    y : name of the column that is measured
    ranges : what is known of parameters, by name: ``(low, high)``, ``"low:high"``, ``"low:high:log"``,
        ``"low:high:periodic"``, ``"low:high:open"`` without walls, a number that holds it, or a formula of other
        parameters that ties it to them
    sigma : name of a column of uncertainties of y, by which residuals are divided
    reading : which columns the model takes, and how the table is read

    Returns
    -------
    Regression
        Columns x, y and sigma; its parameters in the order in which they stand in the model.

    Raises
    ------
    UnknownName
        If a column is not in the data, or a range is of no parameter.
    InvalidData
        If data cannot be read, are not finite, or have fewer rows than the model has parameters.
    InvalidValue
        If the model or a range cannot be read, or the model has no parameter.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.linspace(0, 3, 20)
    >>> problem = fit({"t": t, "y": 2 * np.exp(-t / 0.5)}, "A * exp(-t / tau)", "y", ranges={"tau": "0.1:10:log"})
    >>> problem.parameters, problem.residual.linear
    (('A', 'tau'), ('A',))
    """
    given = {name: read_range(name, what) for name, what in (ranges or {}).items()}
    known = _names(data)
    inputs = _inputs(known, reading.inputs, y, sigma, given)
    read = read_model(model, inputs, given)
    taken = tuple(name for name in inputs if name in read.names)
    read = _tied(read, given, taken)
    table = _columns(data, [*taken, y, *([sigma] if sigma else [])], reading.missing == "drop")
    parameters = tuple(name for name in read.names if name not in taken)
    _check(read, given, parameters, table, y)
    if sigma and (table[sigma] <= 0).any():
        raise InvalidData(f"column {sigma!r} has {table[sigma].min():g}; give uncertainties above 0")
    curve = Curve(read, parameters, taken, bool(sigma))
    axes = propose(curve, table, {name: axis for name, axis in given.items() if isinstance(axis, Axis)})
    train, test = WHOLE(table)
    domain = Domain(axes)
    settings: dict[str, Setting] = {
        "model": model if isinstance(model, str) else getattr(model, "__name__", "function")
    }
    return Regression(
        name="fit",
        domain=domain,
        start=tuple(domain.spread(np.full(len(domain), 0.5)).tolist()),
        source=Path(data).name if isinstance(data, (str, Path)) else "",
        residual=curve,
        train=train,
        test=test,
        labels={name: name for name in table},
        settings=settings,
    )


def _names(data: str | Path | Mapping[str, Numbers]) -> list[str]:
    if isinstance(data, (str, Path)):
        return files.names(Path(data))
    if not data:
        raise InvalidData("data hold no columns; give the path of a CSV file, or arrays by name")
    return list(data)


def _inputs(
    known: Sequence[str], asked: Sequence[str], y: str, sigma: str, given: Mapping[str, Axis | Formula]
) -> list[str]:
    """List the columns that the model may take."""
    for name in (*asked, y, *([sigma] if sigma else [])):
        if name not in known:
            raise UnknownName.of("column", name, known)
    return list(asked) or [name for name in known if name not in (y, sigma) and name not in given]


def _tied(model: Model, given: Mapping[str, Axis | Formula], columns: Sequence[str]) -> Model:
    """Put in what is held or tied, until nothing is left to put in."""
    ties = {name: what for name, what in given.items() if isinstance(what, Formula)}
    for name in ties:
        if name not in model.names:
            raise UnknownName.of("parameter", name, [each for each in model.names if each not in columns])
    for _ in range(len(ties)):
        ties = {
            name: tie.put({other: ties[other] for other in ties if other in tie.names}) for name, tie in ties.items()
        }
    circular = [name for name, tie in ties.items() if set(tie.names) & set(ties)]
    if circular:
        raise InvalidValue(f"range of {circular[0]} ties it to itself; tie parameters to free ones")
    return model.put(ties) if ties else model


def _columns(data: Any, names: Sequence[str], drop: bool) -> dict[str, np.ndarray]:
    if isinstance(data, (str, Path)):
        values = files.read(Path(data), names, drop=drop)
        return dict(zip(names, values.T, strict=True))
    table = {name: numbers(f"column {name!r}", data[name]).astype(float) for name in names}
    shapes = {name: column.shape for name, column in table.items()}
    if len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 1:
        raise InvalidData(f"columns have shapes {shapes}; give one-dimensional arrays of one length")
    for name, column in table.items():
        if not np.isfinite(column).all():
            raise InvalidData(f"column {name!r} is not finite everywhere; give finite numbers")
    return table


def _check(
    model: Model, given: Mapping[str, Any], parameters: Sequence[str], table: Mapping[str, np.ndarray], y: str
) -> None:
    if not parameters:
        raise InvalidValue("the model has no parameter; give a formula with names that are no columns")
    for name, what in given.items():
        if isinstance(what, Axis) and name not in parameters:
            raise UnknownName.of("parameter", name, parameters)
    if y in model.names:
        raise InvalidValue(f"the model has the measured column {y!r} in it; give one of other columns and parameters")
    rows = len(table[y])
    if rows < len(parameters):
        raise InvalidData(f"{rows} rows for {len(parameters)} parameters; give as many rows at least")
