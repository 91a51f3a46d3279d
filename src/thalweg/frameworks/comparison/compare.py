"""The verb ``compare``: one descent in several frameworks, where they part, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import dtype_of
from thalweg.base.progress import track
from thalweg.descent import starts as positions
from thalweg.descent.descent import Descent
from thalweg.frameworks.catalogue import FRAMEWORKS, NotInstalled, framework
from thalweg.frameworks.common.optimizers import of_run
from thalweg.frameworks.common.trajectory import TooSlow
from thalweg.frameworks.comparison.causes import Cause, Matches, Parted, explain, explain_nonfinite, match
from thalweg.frameworks.comparison.shadows import SAFETY, bound_of
from thalweg.frameworks.descent import runs_in
from thalweg.losses.objective import Objective
from thalweg.study.descend import descend

AMPLIFIED = 1000
"""A difference of so many units in the last place is not that of one step's rounding."""

SLOWER, SHORT = 10, 20.0
"""A framework that nobody named is left out where it would take so many times as long as the slowest before it, and
more than so many seconds: nobody minds less."""


class _Descended(NamedTuple):
    """A framework's run, (step, …), by the name that was asked for."""

    name: str
    title: str
    run: xr.Dataset

    @property
    def seconds(self) -> float:
        """How long its steps took."""
        facts = self.run.attrs
        return float(facts["seconds_first"] + (self.run.sizes["step"] - 1) * facts["seconds_per_step"])


class _Compared(NamedTuple):
    """What a comparison with the reference gave."""

    difference: np.ndarray
    parted: Parted
    cause: Cause
    zeros: int


@public
def compare(
    objective: Objective,
    descent: Descent,
    frameworks: Sequence[str] | None = None,
    *,
    starts: Any = None,
) -> xr.Dataset:
    """Make one descent in several frameworks, measure where they part from the reference, and find out why.

    The reference is Thalweg's own driver, :func:`thalweg.descend`. What rounding explains is measured on it: its start
    is moved by one unit in the last place, up and down, and further runs are rounded otherwise at every step; their
    largest difference so far, times a safety factor of 10, and never less than 4 units of the last place, is the bound.
    A cause is found by test, which :mod:`thalweg.frameworks.comparison.causes` explains.

    Parameters
    ----------
    objective : what is descended
    descent : with which optimiser and settings, the same for all; on all data at every step
    frameworks : names; a name may carry a manner, as in ``"tensorflow:update"``. By default all that there are, but for
        those whose first steps tell that they would take more than ten times as long as the slowest before them, and
        more than 20 seconds; to wait for such a one, name it
    starts : a start, in the problem's units; of several the first is taken. The problem's usual start by default

    Returns
    -------
    xarray.Dataset
        Each framework's run beside the reference, and what was measured of it. Steps that do not exist are -1. ::

            variable          dims                    unit      meaning
            params            framework, step, param  problem   where each run was
            train_loss        framework, step         loss      there, before the update
            grad_norm         framework, step         loss      length of the gradient there
            difference        framework, step         problem   largest of a parameter from the reference
            reference         step, param             problem   where the reference was
            reference_loss    step                    loss      its loss there
            bound             step                    problem   up to which rounding explains a difference
            largest           framework               problem   largest difference
            largest_step      framework                         where
            first_unequal     framework                         first step with any difference
            parts             framework                         first step with one beyond the bound
            cause_step        framework                         where the cause first shows
            zero_residuals    framework                         examples whose residual is 0 where a run ends
            seconds_per_step  framework               s         median, without the first step
            seconds_first     framework               s         of the first step, with what is compiled in it

        Attributes: lists over framework of ``names``, ``titles``, ``versions``, ``backends``, ``idioms``, ``causes`` in
        words and in ``sentences``; the ``missing`` frameworks with the commands that install them, and the ``refused``
        ones with the reasons.

    Raises
    ------
    UnknownName
        If a framework is not known.
    InvalidValue
        If one is named twice, mini-batches are asked for, or no framework can make this descent.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.line(seed=1), tw.losses.quadratic())
    >>> descent = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=0.1), steps=10)
    >>> compared = tw.frameworks.compare(objective, descent, ("jax",), starts=[5.0, 0.0])
    >>> bool((compared["difference"] <= compared["bound"]).all()), int(compared["parts"][0])
    (True, -1)
    """
    _check(descent, frameworks)
    descent = replace(descent, optimizer=of_run(descent.optimizer, 0), shadows=False)
    problem = objective.problem
    start = positions.read(problem, problem.start if starts is None else starts)[:1]
    reference = descend(objective, descent, starts=start).isel(run=0)
    runs, missing, refused = _descended(objective, descent, frameworks, start)
    bound = bound_of(objective, descent, start, reference["params"].values)
    own = match(objective, descent.optimizer, reference, descent.precision)
    results = [_examine(run, objective, descent, reference, (bound, own)) for run in runs]
    compared = _labelled(runs, results, reference, bound)
    compared.attrs = reference.attrs | _attributes(runs, results) | {"missing": missing, "refused": refused}
    compared.attrs |= {"start": start[0].tolist(), "safety": SAFETY, "units": [axis.unit for axis in problem.domain]}
    return compared


def _check(descent: Descent, frameworks: Sequence[str] | None) -> None:
    if frameworks is not None and not frameworks:
        raise InvalidValue(f"there is no framework to compare; give some of {', '.join(FRAMEWORKS)}")
    frameworks = frameworks or ()
    for name in frameworks:
        framework(name.partition(":")[0])
    twice = [name for k, name in enumerate(frameworks) if name in frameworks[:k]]
    if twice:
        raise InvalidValue(f"framework {twice[0]} is named twice; name each of them once")
    if descent.minibatch is not None:
        raise InvalidValue(
            "mini-batches are drawn otherwise in every framework; compare on all data, without minibatch"
        )


def _descended(
    objective: Objective, descent: Descent, frameworks: Sequence[str] | None, start: np.ndarray
) -> tuple[list[_Descended], list[str], list[str]]:
    """Descend in every framework that is installed and has such an optimiser; say which are not, and why."""
    runs: list[_Descended] = []
    missing: list[str] = []
    refused: list[str] = []
    for name in track(tuple(FRAMEWORKS) if frameworks is None else frameworks, "comparing"):
        home, _, manner = name.partition(":")
        title = framework(home).title + (f" ({manner})" if manner else "")
        patience = _patience(runs) if frameworks is None else None
        if not framework(home).installed:
            missing.append(f"{title} is not installed; install it with: {framework(home).install}")
            continue
        try:
            run = runs_in(objective, descent, name, start, patience)
        except NotInstalled as error:
            missing.append(str(error))
        except TooSlow as error:
            refused.append(
                f"{title} would take about {error.seconds:.0f} s, more than {SLOWER} times as long as the others; to "
                f"wait for it, name it among the frameworks: {','.join((*(run.name for run in runs), name))}"
            )
        except InvalidValue as error:
            words = str(error)  # most name the framework themselves
            refused.append(words if framework(home).title in words else f"{title}: {words}")
        else:
            runs.append(_Descended(name, title, run.isel(run=0)))
    if not runs:
        raise InvalidValue(f"no framework can make this descent: {'; '.join(missing + refused)}")
    return runs, missing, refused


def _patience(runs: Sequence[_Descended]) -> float | None:
    """Tell how many seconds a framework that nobody named may take, beside those that have run; the first, any."""
    return max(SHORT, SLOWER * max(run.seconds for run in runs)) if runs else None


def _examine(
    ran: _Descended, objective: Objective, descent: Descent, reference: xr.Dataset, known: tuple[np.ndarray, Matches]
) -> _Compared:
    """Measure where one framework's run parts from the reference, and find out why."""
    bound, own = known
    here, there = (run["params"].values.astype(np.float64) for run in (ran.run, reference))
    difference = np.abs(here - there).max(axis=1)
    ended = np.isfinite(here).all(axis=1) != np.isfinite(there).all(axis=1)
    largest = float(np.nan_to_num(difference).max())
    amplified = largest > AMPLIFIED * np.finfo(dtype_of(descent.precision)).eps * np.nanmax(np.abs(there))
    parted = Parted(_first((difference > bound) | ended), _first((difference > 0) | ended), bool(amplified))
    mine = match(objective, descent.optimizer, ran.run, descent.precision)
    cause = explain(ran.title, mine, own, parted, descent.precision)
    nonfinite = explain_nonfinite(ran.title, objective, ran.run, reference, descent.precision)
    if nonfinite is None:
        return _Compared(difference, parted, cause, 0)
    other, zeros = nonfinite
    # What only rounding did before is not worth a word beside it.
    if 0 <= cause.step < other.step and not cause.words.startswith("rounding"):
        other = Cause(f"{cause.words}; {other.words}", f"{cause.sentence} {other.sentence}", cause.step)
    return _Compared(difference, parted, other, zeros)


def _first(where: np.ndarray) -> int:
    return int(np.argmax(where)) if where.any() else -1


def _labelled(runs: list[_Descended], results: list[_Compared], reference: xr.Dataset, bound: np.ndarray) -> xr.Dataset:
    over, each = ("framework", "step"), "framework"
    differences = np.stack([one.difference for one in results])
    known = np.where(np.isnan(differences), -1.0, differences)
    parts: dict[str, Any] = {
        "params": ((*over, "param"), np.stack([ran.run["params"].values for ran in runs])),
        **{name: (over, np.stack([ran.run[name].values for ran in runs])) for name in ("train_loss", "grad_norm")},
        "difference": (over, differences),
        "reference": (("step", "param"), reference["params"].values),
        "reference_loss": ("step", reference["train_loss"].values),
        "bound": ("step", bound),
        "largest": (each, np.where(known.max(axis=1) < 0, np.nan, known.max(axis=1))),
        "largest_step": (each, known.argmax(axis=1)),
        "first_unequal": (each, [one.parted.unequal for one in results]),
        "parts": (each, [one.parted.parts for one in results]),
        "cause_step": (each, [one.cause.step for one in results]),
        "zero_residuals": (each, [one.zeros for one in results]),
    }
    for name in ("seconds_per_step", "seconds_first"):
        parts[name] = (each, [float(ran.run.attrs.get(name, np.nan)) for ran in runs], {"of": "this machine"})
    coords = {"framework": np.arange(len(runs)), "step": reference["step"].values, "param": reference["param"].values}
    return xr.Dataset(parts, coords)


def _attributes(runs: list[_Descended], results: list[_Compared]) -> dict[str, Any]:
    kept = {"versions": "framework_version", "backends": "backend", "idioms": "idiom"}
    return {
        "names": [ran.name for ran in runs],
        "titles": [ran.title for ran in runs],
        **{key: [str(ran.run.attrs.get(name, "")) for ran in runs] for key, name in kept.items()},
        "causes": [one.cause.words for one in results],
        "sentences": [one.cause.sentence for one in results],
    }
