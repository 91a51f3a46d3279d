"""The verb ``record``: runs whose histories are larger than memory, written as they are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.precision import dtype_of
from thalweg.descent import starts as read_starts
from thalweg.descent.descent import Descent
from thalweg.descent.driver import drive, listed
from thalweg.losses.objective import Objective
from thalweg.study.descend import label
from thalweg.study.provenance import facts, provenance
from thalweg.study.stream import Column, Stream


def record(objective: Objective, descent: Descent, store: str | Path, *, starts: Any = None) -> xr.Dataset:
    """Descend like :func:`thalweg.descend`, writing every batch of runs to a Zarr store as soon as it is made.

    Memory holds a few batches, however many runs there are. A store that was not finished is known as such.

    Parameters
    ----------
    objective : what is descended
    descent : the optimiser, its steps, mini-batches and precision; shadows are not made
    store : the folder to write, which must not exist
    starts : a start or a list of them, (run, param); the problem's usual start by default

    Returns
    -------
    xarray.Dataset
        The same as of :func:`thalweg.descend`; its numbers are read from the store when they are asked for.

    Raises
    ------
    InvalidValue
        If starts or settings are outside what is allowed.
    OutputError
        If the store exists or cannot be written.

    Examples
    --------
    >>> import tempfile, optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     runs = tw.record(objective, tw.Descent(optax.sgd(0.05), steps=5), f"{folder}/runs.zarr")
    ...     float(runs["train_loss"][0, 0].round(4))
    0.6141
    """
    problem = objective.problem
    positions = read_starts.read(problem, problem.start if starts is None else starts)
    descent.check(objective, len(positions))
    rounding = float(np.finfo(dtype_of(descent.precision)).eps)
    stream = None
    for span, info in drive(objective, descent, listed(descent, positions)):
        part = label(problem, info, rounding)
        if stream is None:
            stream = Stream(Path(store), _frame(objective, descent, part, len(positions)), _columns(part))
        stream.write(span.start, {str(name): values.values for name, values in part.data_vars.items()})
    assert stream is not None
    return stream.finish()


def _frame(objective: Objective, descent: Descent, part: xr.Dataset, runs: int) -> xr.Dataset:
    return xr.Dataset(
        coords={"run": np.arange(runs), "step": part["step"], "param": part["param"]},
        attrs=provenance(objective, descent.precision) | facts(objective, descent),
    )


def _columns(part: xr.Dataset) -> dict[str, Column]:
    return {
        str(name): Column(tuple(map(str, values.dims)), values.dtype, values.attrs)
        for name, values in part.data_vars.items()
    }
