"""The verb ``descend``: runs of an optimiser as a labelled dataset."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import dtype_of
from thalweg.base.showing import shown
from thalweg.base.status import Status
from thalweg.descent import starts as read_starts
from thalweg.descent.descent import Descent
from thalweg.descent.driver import Info, drive, listed
from thalweg.descent.mean import LANES
from thalweg.descent.optimizer import AnyOptimizer
from thalweg.losses.objective import Objective
from thalweg.problems.problem import Problem, Regression
from thalweg.store.stream import Column, Stream
from thalweg.study.memory import bound
from thalweg.study.provenance import facts, provenance

CODES = {"flag_values": [int(s) for s in Status], "flag_meanings": " ".join(s.name.lower() for s in Status)}
"""What the numbers of a status mean."""


@public
def descend(
    objective: Objective,
    optimizer: AnyOptimizer | Descent,
    *,
    starts: Any = None,
    steps: int | None = None,
    precision: int | None = None,
    store: str | Path | None = None,
) -> xr.Dataset:
    """Descend an objective from every start with any optax optimiser.

    Everything is measured before the step's update: step 0 is the start, step k what k updates led to. All runs
    share one compiled program; a run's numbers do not depend on what else is computed beside it.

    Parameters
    ----------
    objective : what is descended
    optimizer : any optax ``GradientTransformation`` or ``MultiSteps``, schedules included (of ``lookahead`` a run has
        the fast parameters); or a :class:`thalweg.Optimizer`, whose settings may differ from run to run; or a
        :class:`thalweg.Descent`, which has steps, precision and mini-batches of its own (its shadows are not made here)
    starts : a start or a list of them, (run, param), inside a box or on a circle, where angles are in radians and
        at most a turn; the problem's usual start by default
    steps : updates of each run, 100 by default
    precision : 32 or 64 bits, 64 by default
    store : a folder to stream to, a Zarr store, which must not exist: every batch of runs is written as soon as it is
        made, so that memory holds a few batches however many runs there are, and a store that was not finished is known
        as such. By default all is held in memory, at most 4 GB

    Returns
    -------
    xarray.Dataset
        Step 0 is the start; behind the last step at which parameters and loss were finite, and behind one whose
        gradient is not, everything is NaN. From a store the numbers are read when they are asked for. Attributes tell
        problem, loss, optimiser, precision, device, versions.

        ========== ================ =========== ==========================================================
        variable   dims             unit        meaning
        ========== ================ =========== ==========================================================
        params     run, step, param parameters  where the run is; angles in radians, not wrapped
        train_loss run, step        loss        on all training data
        test_loss  run, step        loss        on all test data; NaN where there are none
        grad_norm  run, step        loss a unit norm of the gradient that the step used
        status     run              code        how the run ended, see :class:`thalweg.Status`
        last_step  run              steps       the last at which parameters and loss were finite
        others     run, step        their own   the problem's derived quantities, such as slope and intercept
        ========== ================ =========== ==========================================================

    Raises
    ------
    InvalidValue
        If starts or settings are outside what is allowed, or a ``Descent`` comes with steps or precision beside it.
    OutputError
        If the store exists or cannot be written.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> runs = tw.descend(objective, optax.sgd(0.05), starts=0.785, steps=10)
    >>> dict(runs.sizes)
    {'run': 1, 'step': 11, 'param': 1}
    """
    problem, descent = objective.problem, _descent(optimizer, steps, precision)
    positions = read_starts.read(problem, problem.start if starts is None else starts)
    descent.check(objective, len(positions))
    _bound(objective, descent, len(positions), store is not None)
    rounding = float(np.finfo(dtype_of(descent.precision)).eps)
    attrs = provenance(objective, descent.precision) | facts(objective, descent)
    attrs |= {"start": positions[0].tolist()} if len(positions) == 1 else {}
    parts = drive(objective, descent, listed(descent, positions))
    if store is not None:
        labelled = ((span.start, label(problem, info, rounding)) for span, info in parts)
        return _streamed(Path(store), labelled, len(positions), attrs)
    infos = [info for _, info in parts]
    runs = label(problem, Info(*(np.concatenate(fields, axis=-1) for fields in zip(*infos, strict=True))), rounding)
    runs.attrs.update(attrs)
    return runs


def _descent(optimizer: AnyOptimizer | Descent, steps: int | None, precision: int | None) -> Descent:
    if not isinstance(optimizer, Descent):
        return Descent(optimizer, 100 if steps is None else steps, precision=64 if precision is None else precision)
    for name, value in {"steps": steps, "precision": precision}.items():
        if value is not None:
            raise InvalidValue(f"{name} = {value!r} is given beside a Descent, which has its own; give it to that")
    return optimizer


def _bound(objective: Objective, descent: Descent, runs: int, streamed: bool) -> None:
    """Refuse more measurements than memory holds: all of them or, of those that are streamed, the smallest batch."""
    size = (descent.steps + 1) * (len(objective.problem.domain) + 3) * descent.precision // 8
    if streamed:
        bound(f"{shown(descent.steps)} steps of a batch of {LANES} runs", LANES * size, "take fewer steps")
    else:
        bound(f"{runs} runs of {shown(descent.steps)} steps", runs * size, "take fewer runs or steps, or give a store")


def _streamed(store: Path, parts: Iterable[tuple[int, xr.Dataset]], runs: int, attrs: dict[str, Any]) -> xr.Dataset:
    """Write batches of runs as they are made, each from its first run on."""
    stream = None
    for first, part in parts:
        if stream is None:
            frame = xr.Dataset(coords={**part.coords, "run": np.arange(runs)}, attrs=attrs)
            columns = {
                str(name): Column(tuple(map(str, values.dims)), values.dtype, values.attrs)
                for name, values in part.data_vars.items()
            }
            stream = Stream(store, frame, columns)
        stream.write(first, {str(name): values.values for name, values in part.data_vars.items()})
    assert stream is not None
    return stream.finish()


def label(problem: Problem, info: Info, rounding: float) -> xr.Dataset:
    """Label the measurements of some runs, and tell how each of them ended."""
    params = np.moveaxis(info.params, -1, 0)
    losses = {"train_loss": info.train_loss.T, "test_loss": info.test_loss.T, "grad_norm": info.grad_norm.T}
    finite = np.isfinite(params).all(axis=-1) & np.isfinite(losses["train_loss"])
    sloped = np.isfinite(losses["grad_norm"])
    # From a place whose gradient is not finite no step leads on, but the place itself is known.
    led = np.logical_and.accumulate(np.pad(sloped[:, :-1], ((0, 0), (1, 0)), constant_values=True), axis=1)
    alive = np.logical_and.accumulate(finite, axis=1) & led
    last_step = alive.sum(axis=1) - 1
    # A gradient of sqrt(eps) moves a minimum of unit curvature by as much, and its loss by eps.
    final = np.where(np.isfinite(losses["grad_norm"][:, -1]), losses["grad_norm"][:, -1], np.inf)
    status = np.where(final <= np.sqrt(rounding), Status.CONVERGED, Status.MAX_STEPS)
    status = np.where(alive[:, -1] & sloped[:, -1], status, Status.DIVERGED).astype(np.int8)
    derived = problem.derived if isinstance(problem, Regression) else {}
    along = np.moveaxis(params, -1, 0)
    over = ("run", "step")
    return xr.Dataset(
        {
            "params": ((*over, "param"), np.where(alive[..., None], params, np.nan)),
            **{name: (over, np.where(alive, np.asarray(of(along)), np.nan)) for name, of in derived.items()},
            **{name: (over, np.where(alive, values, np.nan)) for name, values in losses.items()},
            "status": ("run", status, CODES),
            "last_step": ("run", last_step),
        },
        coords=_axes(*params.shape[:2], tuple(problem.parameters)),
    )


@lru_cache(maxsize=4)
def _axes(runs: int, steps: int, names: tuple[str, ...]) -> xr.Coordinates:
    """Make the coordinates of runs once, read-only: to make three indexes takes as long as a short run."""
    numbers = np.arange(runs), np.arange(steps)
    for along in numbers:
        along.setflags(write=False)
    return xr.Coordinates({"run": numbers[0], "step": numbers[1], "param": list(names)})
