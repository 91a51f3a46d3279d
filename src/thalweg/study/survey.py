"""The verb ``survey``: an objective over its domain as a labelled dataset."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import dtype_of
from thalweg.descent import grid
from thalweg.losses.objective import Objective
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.store.stream import Column, Stream, rows
from thalweg.study.provenance import provenance


@public
def survey(
    objective: Objective,
    *,
    points: int | Sequence[int] | None = None,
    domain: Axis | Sequence[Axis] | None = None,
    precision: int = 64,
    store: str | Path | None = None,
) -> xr.Dataset:
    """Evaluate an objective on a grid over its domain.

    Parameters
    ----------
    objective : what is surveyed
    points : points along each axis; a tenth of a degree on a circle of period π, 241 x 241 on a box by default
    domain : another domain than the problem's own, for the same parameters; what holds some of them is
        :meth:`thalweg.Objective.fix`
    precision : 32 or 64 bits
    store : a folder to stream to, a Zarr store, for grids that are larger than memory; held in memory by default

    Returns
    -------
    xarray.Dataset
        Dimensions are named like the parameters, with their values as coordinates: an interval includes both ends, a
        circle leaves out its upper end. From a store the numbers are read when they are asked for.

        ========== ============== ==== ======================================================
        variable   dims           unit meaning
        ========== ============== ==== ======================================================
        train_loss the parameters loss on all training data, or the function's value
        test_loss  the parameters loss on all test data; only where there are some
        ========== ============== ==== ======================================================

    Raises
    ------
    InvalidValue
        If there are more than three parameters, too few points, or too many, or the domain is not of the objective's
        parameters.
    OutputError
        If the store exists or cannot be written.

    Examples
    --------
    >>> import thalweg as tw
    >>> surface = tw.survey(tw.objective(tw.problems.himmelblau()), points=61)
    >>> dict(surface.sizes)
    {'x': 61, 'y': 61}
    """
    axes = objective.problem.domain if domain is None else _in_place_of(objective, Domain(domain))
    places = grid.coordinates(axes, points, grid.MOST if store is None else grid.MOST_STORED)
    coords = {axis.name: (axis.name, along, axis.to_attrs()) for axis, along in zip(axes, places, strict=True)}
    frame = xr.Dataset(coords=coords, attrs=provenance(objective, precision))
    parts = {"train_loss": objective.train}
    if objective.test:
        parts["test_loss"] = objective.test
    names, shape = axes.names, tuple(map(len, places))
    sweeps = {name: _sweep(objective, columns, places, precision) for name, columns in parts.items()}
    dtype = dtype_of(precision)
    if store is None:
        values = {name: np.empty(math.prod(shape), dtype) for name in parts}
        for name, sweep in sweeps.items():
            for span, part in sweep:
                values[name][span] = part
        return frame.assign({name: (names, part.reshape(shape)) for name, part in values.items()})
    stream = Stream(Path(store), frame, {name: Column(names, dtype) for name in parts})
    for name, sweep in sweeps.items():
        batches = ((span, {name: part}) for span, part in sweep)
        for first, part in rows(batches, shape[1:]):
            stream.write(first, part)
    return stream.finish()


def _in_place_of(objective: Objective, domain: Domain) -> Domain:
    """Bring another domain's axes into the order of the parameters, all of which it must have."""
    own = objective.problem.domain
    of_the_objective("domain", domain.names, objective)
    axes = [domain[domain.names.index(name)] for name in own.names]
    for axis, usual in zip(axes, own, strict=True):
        if axis.periodic and not (usual.periodic and np.isclose(axis.length, usual.length, rtol=1e-9)):
            what = f"a circle of period {usual.length:.6g}" if usual.periodic else "no circle"
            raise InvalidValue(
                f"domain has {axis.name} on a circle of period {axis.length:.6g}, and that parameter is on {what}; "
                "give an interval, or leave domain out"
            )
    return Domain(axes)


def of_the_objective(what: str, names: Iterable[str], objective: Objective) -> None:
    """Refuse what is not over the parameters of an objective, all of them, in whatever order."""
    given, own = list(names), objective.problem.parameters
    if sorted(given) == sorted(own):
        return
    rest = [name for name in own if name not in given]
    advice = f"give one over {', '.join(own)}"
    if rest and len(rest) < len(own) and set(given) < set(own):
        advice += f", or hold the others: objective.fix({', '.join(f'{name}=…' for name in rest)})"
    raise InvalidValue(
        f"{what} is over {', '.join(given)}, and {objective.problem.name} has the parameters {', '.join(own)}; {advice}"
    )


def _sweep(
    objective: Objective, columns: Any, places: Sequence[np.ndarray], precision: int
) -> Iterator[tuple[slice, np.ndarray]]:
    count = math.prod(map(len, places))
    return grid.sweep(objective.example, columns, lambda span: grid.places(places, span), count, precision)


def domain_of(values: xr.DataArray) -> Domain:
    """Read the domain of a grid back from its coordinates."""
    return Domain([axis for name in values.dims for axis in Domain.from_attrs([str(name)], values[name].attrs)])
