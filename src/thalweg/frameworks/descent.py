"""The verb ``descend``: the runs of an objective, made by another framework in its users' own way."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent import starts as read_starts
from thalweg.descent.descent import Descent
from thalweg.descent.driver import Info
from thalweg.descent.formulation import Formulation
from thalweg.frameworks.catalogue import FRAMEWORKS, MANNERS
from thalweg.frameworks.common.formula import formula
from thalweg.frameworks.common.optimizers import of_run
from thalweg.frameworks.common.trajectory import Job, Trajectory
from thalweg.losses.objective import Objective
from thalweg.study.descend import label
from thalweg.study.provenance import facts, provenance


@public
def descend(objective: Objective, descent: Descent, framework: str, *, starts: Any = None) -> xr.Dataset:
    """Descend an objective in another framework, written as its users write it, and differentiated by itself.

    The formula is translated operation by operation; slopes that Thalweg's losses bring along are left out, so that a
    framework's own derivative shows, NaN at a residual of exactly zero too. The optimiser is the framework's, with the
    same settings. Runs are made one after the other. No global setting is different afterwards.

    Parameters
    ----------
    objective : what is descended
    descent : optimiser, steps and precision; all data are used at every step
    framework : its name, with the manner behind a colon where it is not the usual one: ``"jax"``, ``"torch"``,
        ``"tensorflow"``, ``"tensorflow:update"``, ``"tensorflow:v1"`` or ``"keras"``
    starts : a start or a list of them, (run, param), inside a box or on a circle, where angles are in radians and
        at most a turn; the problem's usual start by default

    Returns
    -------
    xarray.Dataset
        As :func:`thalweg.descend` gives, measured before each update; behind ``last_step`` all is NaN. ::

            variable    dims              unit     meaning
            params      run, step, param  problem  where the run was
            train_loss  run, step         loss     there, on all data
            test_loss   run, step         loss     there, on test data; NaN where there are none
            grad_norm   run, step         loss     length of the gradient that the step used
            status      run                        how it ended, see :class:`thalweg.Status`
            last_step   run                        the last step at which all numbers were finite

        Attributes ``framework``, ``framework_version``, ``idiom``, ``device``, of Keras its ``backend``;
        ``computed_precision``, 32 where Keras computes in 32 bits whatever is asked for; ``seconds_first``, of the
        first step with all that is compiled in it, and ``seconds_per_step``, the median of the others.

    Raises
    ------
    UnknownName
        If there is no such framework.
    NotInstalled
        If it is not there.
    NoCounterpart
        If it has no such optimiser, or no such setting of it.
    InvalidValue
        If starts do not fit, the formula has an operation that cannot be translated, or mini-batches are asked for.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.line(seed=1), tw.losses.quadratic())
    >>> descent = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=0.1), steps=10)
    >>> runs = tw.frameworks.descend(objective, descent, "jax", starts=[5.0, 0.0])
    >>> runs.attrs["idiom"], runs.sizes["step"]
    ('jax.jit, optax.sgd', 11)
    """
    return runs_in(objective, descent, framework, starts)


def runs_in(
    objective: Objective, descent: Descent, framework: str, starts: Any = None, patience: float | None = None
) -> xr.Dataset:
    """Descend as :func:`descend`, unless the first steps tell that a run would take more seconds than ``patience``.

    Raises
    ------
    TooSlow
        If they do.
    """
    if framework not in MANNERS:
        raise UnknownName.of("framework", framework, MANNERS)
    if descent.minibatch is not None:
        raise InvalidValue("mini-batches are drawn by Thalweg's own descend only; leave minibatch out")
    problem = objective.problem
    positions = read_starts.read(problem, problem.start if starts is None else starts)
    descent.check(objective, len(positions))
    name, _, manner = framework.partition(":")
    home = FRAMEWORKS[name]
    train = formula(objective.example, len(problem.domain), objective.train, descent.precision)
    test = (
        formula(objective.example, len(problem.domain), objective.test, descent.precision) if objective.test else None
    )
    prepared, trajectories = [], []
    for run, start in enumerate(positions):
        optimizer = of_run(descent.optimizer, run)
        job = Job(home.title, train, test, optimizer, descent.steps, patience)
        prepared.append(home.descend.prepare(job, manner))
        trajectories.append(prepared[-1].run(start))
    runs = label(problem, _joined(trajectories), float(np.finfo(train.dtype).eps))
    runs.attrs = {
        **provenance(objective, descent.precision),
        **facts(objective, descent),
        "formulation": (Formulation.WHOLE if objective.train else Formulation.CLOSED).value,
        "framework": framework,
        "framework_version": home.version,
        "idiom": prepared[0].idiom,
        "computed_precision": descent.precision,
        **prepared[0].facts,
        **_times(trajectories),
    }
    return runs


def _joined(trajectories: list[Trajectory]) -> Info:
    """Put runs side by side, the run as the last axis."""
    params, train, test, norms, _ = zip(*trajectories, strict=True)
    return Info(*(np.stack(field, axis=-1) for field in (params, train, test, norms)))


def _times(trajectories: list[Trajectory]) -> dict[str, float]:
    later = np.concatenate([trajectory.seconds[1:] for trajectory in trajectories])
    return {"seconds_first": float(trajectories[0].seconds[0]), "seconds_per_step": float(np.median(later))}
