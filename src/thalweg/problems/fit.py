"""One's own data and one's own model: a curve fitted to columns of a file or to arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Array

from thalweg.base.border import public
from thalweg.base.errors import InvalidData, InvalidValue, UnknownName
from thalweg.problems import parameters as naming
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.formula.formula import Formula
from thalweg.problems.formula.tree import Name
from thalweg.problems.model import Curve, Model, read_model
from thalweg.problems.problem import Regression, Setting
from thalweg.problems.proposal import propose
from thalweg.problems.ranges import Each, Known, Range, read_range
from thalweg.problems.reading.frames import Data
from thalweg.problems.reading.read import LISTED, Taken, open_table, take
from thalweg.problems.reading.reading import FOUND, Reading
from thalweg.problems.reading.table import MANY, Table, clipped
from thalweg.problems.sense import check_circles, check_rows, check_size, idle
from thalweg.problems.split import WHOLE


@public
def fit(
    data: Data,
    model: str | Callable[..., Array],
    y: str,
    *,
    ranges: Mapping[str, Range] | None = None,
    sigma: str = "",
    reading: Reading = FOUND,
) -> Regression:
    """Fit a model to data: a formula, or a function of columns and parameters.

    Names in the model that are columns are data, all others are parameters. A parameter in which the model is linear
    needs no range; where another has none, one is proposed from the data. What was read and proposed is told in lines,
    ``told``.

    Parameters
    ----------
    data : the path of a CSV file in any dialect, an Excel workbook or a Parquet file, ``"-"`` for the standard input,
        columns by name, (row,) each, or a data frame
    model : a formula such as ``"A * exp(-t / tau) + c"``, or a function written with ``jax.numpy`` whose argument
        names are the columns and the parameters
    y : name of the column that is measured
    ranges : what is known of parameters, by name: ``(low, high)``, ``"low:high"``, ``"low:high:log"``,
        ``"low:high:periodic"``, ``"low:high:open"`` without walls, ``"each"`` or ``"low:high:each"`` for one of its
        own in every group, a number that holds it, or a formula of other parameters that ties it to them
    sigma : name of a column of uncertainties of y, by which residuals are divided
    reading : which columns the model takes, weights and groups of rows, and how the table is read

    Returns
    -------
    Regression
        Columns x, with the numbers of the groups as the last, y, and sigma or weights; its parameters in the order in
        which they stand in the model.

    Raises
    ------
    UnknownName
        If a column is not in the data, or a range is of no parameter.
    InvalidData
        If data cannot be read, are not finite, or cannot tell as many parameters as the model has.
    InvalidValue
        If the model or a range cannot be read, or the model has no parameter or is finite nowhere.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.linspace(0, 3, 20)
    >>> problem = fit({"t": t, "y": 2 * np.exp(-t / 0.5)}, "A * exp(-t / tau)", "y", ranges={"tau": "0.1:10:log"})
    >>> problem.parameters, problem.residual.linear
    (('A', 'tau'), ('A',))
    >>> problem.told[0]
    'the table: 20 rows, columns t, y'
    """
    given = {name: read_range(name, what) for name, what in (ranges or {}).items()}
    table = open_table(data, reading)
    roles = _roles(table, y, sigma, reading)
    read, taken = _read(model, table, roles, given)
    found = _take(table, taken, roles, reading)
    curve, columns = _curve(read, given, found, taken, roles)
    known = naming.axes_of(given, found.groups)
    _check(curve, known, columns, roles, [name for name in table.names if name not in astuple(roles)])
    axes = propose(curve, columns, known)
    check_circles(curve, columns, axes)
    told = (*found.told, *_shadowed(table, curve), *_idle(idle(curve, columns, axes)), *_proposed(known, axes))
    train, test = WHOLE(columns)
    domain = Domain(axes)
    settings: dict[str, Setting] = {
        "model": model if isinstance(model, str) else getattr(model, "__name__", "function")
    }
    return Regression(
        name="fit",
        domain=domain,
        start=tuple(domain.spread(np.full(len(domain), 0.5)).tolist()),
        source=Path(table.source).name,
        residual=curve,
        train=train,
        test=test,
        labels={
            name: (table.header(name) if name in table.names else name) + ", seconds" * (name in found.moments)
            for name in columns
        },
        settings=settings,
        told=told,
    )


@dataclass(frozen=True)
class _Roles:
    """The columns that are not for the model, by what they are; empty for none."""

    x: tuple[str, ...]
    y: str
    sigma: str
    weights: str
    groups: str


def _roles(table: Table, y: str, sigma: str, reading: Reading) -> _Roles:
    """Find the columns that have a role, each its own."""
    if not y:
        raise InvalidValue(
            f"y is empty; name the column that is measured, one of {', '.join(map(clipped, table.names[:MANY]))}"
        )
    if sigma and reading.weights:
        raise InvalidValue(f"sigma = {sigma!r} and weights = {reading.weights!r} are both given; give one of them")
    called = {"y": y, "sigma": sigma, "weights": reading.weights, "groups": reading.groups}
    roles = {role: table.name(name) if name else "" for role, name in called.items()}
    owners: dict[str, str] = {}
    for role, name in roles.items():
        if name and name in owners:
            raise InvalidValue(f"column {name!r} is {owners[name]} and {role}; give each a column of its own")
        owners[name] = role
    return _Roles(tuple(table.name(name) for name in reading.inputs), **roles)


def _read(
    model: str | Callable[..., Array], table: Table, roles: _Roles, given: Mapping[str, Known]
) -> tuple[Model, tuple[str, ...]]:
    """Read the model, and list the columns that it takes."""
    known = {called: name for called, name in table.known().items() if called not in given}
    if roles.x:
        known = {called: name for called, name in known.items() if name in roles.x}
    read = read_model(model, known, given)
    for role, said in (("y", "measured column"), ("sigma", "uncertainties"), ("weights", "weights")):
        name = getattr(roles, role)
        if name and {name, table.header(name)} & set(read.names):
            raise InvalidValue(f"the model has the {said} {name!r} in it; give one of other columns and parameters")
    spelled = {called: Formula(Name(name)) for called, name in known.items() if called != name and called in read.names}
    read = read.put(spelled) if spelled else read
    for name in roles.x:
        if name not in read.names:
            raise InvalidValue(f"x = {name!r} is not in the model; leave it out, or write it there")
    inputs = roles.x or tuple(known.values())
    return read, tuple(name for name in dict.fromkeys(inputs) if name in read.names and name not in given)


def _take(table: Table, taken: tuple[str, ...], roles: _Roles, reading: Reading) -> Taken:
    special = [roles.y, *filter(None, [roles.sigma, roles.weights])]
    return take(table, [*taken, *special], taken, replace(reading, weights=roles.weights, groups=roles.groups))


def _curve(
    read: Model, given: Mapping[str, Known], found: Taken, taken: tuple[str, ...], roles: _Roles
) -> tuple[Curve, dict[str, np.ndarray]]:
    """Put in what is held, tied, or of a group's own; order the columns as the residual takes them."""
    spread: dict[str, Formula] = {}
    columns = {name: found.columns[name] for name in taken}
    each = [name for name, what in given.items() if isinstance(what, Each)]
    if each and found.group is None:
        raise InvalidValue(f'range of {each[0]} is for each group; name their column: reading = {{ groups = "…" }}')
    if found.group is not None:
        if not each:
            raise InvalidValue(
                f"groups = {roles.groups!r}, but no range is for each; give one such as {_example(read, taken)}"
            )
        if not 0 < len(found.groups) <= naming.MOST_GROUPS:
            raise InvalidData(
                f"column {roles.groups!r} has {len(found.groups):,} groups; give from 1 to {naming.MOST_GROUPS}"
            )
        column = roles.groups if roles.groups not in taken else f"{roles.groups} (group)"
        columns[column] = found.group
        spread = naming.over_groups(given, column, found.groups)
    read = naming.tie(read, given, [*columns], spread)
    parameters = tuple(name for name in read.names if name not in columns)
    curve = Curve(read, parameters, tuple(columns), bool(roles.sigma), bool(roles.weights), found.groups)
    return curve, columns | {name: found.columns[name] for name in (roles.y, roles.sigma or roles.weights) if name}


def _example(read: Model, taken: Sequence[str]) -> str:
    name = next((name for name in read.names if name not in taken), "A")
    return f'{name} = "each"'


def _check(
    curve: Curve, known: Mapping[str, Axis], columns: Mapping[str, np.ndarray], roles: _Roles, others: Sequence[str]
) -> None:
    if not curve.parameters:
        raise InvalidValue("the model has no parameter; give a formula with names that are no columns")
    for name in known:
        if name not in curve.parameters:
            raise UnknownName.of("parameter", name, curve.parameters)
    check_rows(curve, columns, roles.y, others)
    for name in columns:
        check_size(name, columns[name])
    if roles.sigma and (columns[roles.sigma] <= 0).any():
        raise InvalidData(f"column {roles.sigma!r} has {columns[roles.sigma].min():g}; give uncertainties above 0")


def _shadowed(table: Table, curve: Curve) -> list[str]:
    """Tell of parameters that are named as a column."""
    names = [name for name in curve.parameters if name in table.names or name in table.headers]
    what = (
        "a parameter, not the column of its name" if len(names) == 1 else "parameters, not the columns of their names"
    )
    return [f"{', '.join(names)}: {what}"] if names else []


def _idle(names: Sequence[str]) -> list[str]:
    """Tell of parameters that the model does not depend on."""
    return (
        [f"{', '.join(names)}: the model does not change with {'it' if len(names) == 1 else 'them'}"] if names else []
    )


def _proposed(known: Mapping[str, Axis], axes: Sequence[Axis]) -> list[str]:
    """Tell which ranges were proposed."""
    said: list[str] = []
    for axis in axes:
        if axis.name not in known:
            kinds = ["circle"] if axis.periodic else ["log"] * axis.log + ["open"] * (not axis.bounded)
            said.append(f"{axis.name}: {axis.low:.3g} to {axis.high:.3g}" + (f" ({', '.join(kinds)})" if kinds else ""))
    most = said[:LISTED] + ([f"{len(said) - LISTED} more"] if len(said) > LISTED else [])
    return [f"{', '.join(most)}, proposed from the data"] if said else []
