"""The verb ``compare``: one descent in several frameworks, where they part, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.base.precision import dtype_of
from thalweg.base.progress import track
from thalweg.descent import starts as positions
from thalweg.descent.descent import Descent
from thalweg.frameworks import descent as elsewhere
from thalweg.frameworks.catalogue import NotInstalled, framework
from thalweg.frameworks.comparison.causes import Cause, Follows, Parted, explain, explain_nonfinite, follows
from thalweg.frameworks.comparison.shadows import SAFETY, bound_of
from thalweg.frameworks.optimizers import of_run
from thalweg.losses.objective import Objective
from thalweg.study.descend import descend

USUAL = ("jax", "torch", "tensorflow", "keras")

AMPLIFIED = 1000
"""A difference of so many units in the last place is not that of one step's rounding."""


class _Frame(NamedTuple):
    """A framework's run, (step, …), and what is told of it."""

    name: str
    title: str
    run: xr.Dataset
    attrs: dict[str, Any]


def compare(
    objective: Objective,
    descent: Descent,
    frameworks: Sequence[str] = USUAL,
    *,
    starts: Any = None,
) -> xr.Dataset:
    """Make one descent in several frameworks, measure where they part from the reference, and find out why.

    The reference is Thalweg's own driver, :func:`thalweg.descend`. What rounding explains is measured on it: its start
    is moved by one unit in the last place, up and down, and further runs are rounded otherwise at every step; their
    largest difference so far, times a safety factor of 10, and never less than 4 units of the last place, is the bound.
    A cause is found by test: see :mod:`thalweg.frameworks.comparison.causes`.

    Parameters
    ----------
    objective : what is descended
    descent : with which optimiser and settings, the same for all; on all data at every step
    frameworks : names; a name may carry an idiom, as in ``"tensorflow:update"``
    starts : a start; of several the first is taken. The problem's usual start by default

    Returns
    -------
    xarray.Dataset
        Over (framework, step): ``params`` (with a further dimension param), ``train_loss``, ``grad_norm`` and
        ``difference``, the largest of a parameter from the reference. Over step: ``reference`` (param),
        ``reference_loss`` and ``bound``, up to which rounding explains a difference. Over framework: ``largest`` and
        ``largest_step``; ``first_unequal`` and ``parts``, the first steps with any difference and with one beyond the
        bound, or -1; ``cause_step``, where the cause first shows; ``zero_residuals``, where a gradient is no number;
        ``seconds_per_step`` and ``seconds_first``. Attributes: lists over framework of ``names``, ``titles``,
        ``versions``, ``backends``, ``idioms``, ``causes`` in words and in ``sentences``; the ``missing`` frameworks
        with the commands that install them, and the ``refused`` ones with the reasons.

    Raises
    ------
    UnknownName
        If a framework is not known.
    InvalidValue
        If one is named twice, mini-batches are asked for, or no framework can make this descent.
    """
    _check(descent, frameworks)
    descent = replace(descent, optimizer=of_run(descent.optimizer, 0), shadows=False)
    problem = objective.problem
    start = positions.read(problem, problem.start if starts is None else starts)[:1]
    reference = descend(objective, descent, starts=start)
    frames, missing, refused = _frames(objective, descent, frameworks, start)
    bound = bound_of(objective, descent, start, reference["params"].values[0])
    own = follows(objective, descent.optimizer, reference.isel(run=0), descent.precision)
    found = [_examine(frame, objective, descent, reference.isel(run=0), (bound, own)) for frame in frames]
    compared = _labelled(frames, found, reference.isel(run=0), bound)
    compared.attrs = reference.attrs | _attributes(frames, found) | {"missing": missing, "refused": refused}
    compared.attrs |= {"start": start[0].tolist(), "safety": SAFETY, "units": [axis.unit for axis in problem.domain]}
    return compared


class _Found(NamedTuple):
    """What a comparison with the reference gave."""

    difference: np.ndarray
    parted: Parted
    cause: Cause
    zeros: int


def _check(descent: Descent, frameworks: Sequence[str]) -> None:
    if not frameworks:
        raise InvalidValue(f"there is no framework to compare; give some of {', '.join(USUAL)}")
    for name in frameworks:
        framework(name.partition(":")[0])
    twice = [name for k, name in enumerate(frameworks) if name in frameworks[:k]]
    if twice:
        raise InvalidValue(f"framework {twice[0]} is named twice; name each of them once")
    if descent.minibatch is not None:
        raise InvalidValue(
            "mini-batches are drawn otherwise in every framework; compare on all data, without minibatch"
        )


def _frames(
    objective: Objective, descent: Descent, frameworks: Sequence[str], start: np.ndarray
) -> tuple[list[_Frame], list[str], list[str]]:
    """Descend in every framework that is installed and has such an optimiser."""
    frames, missing, refused = [], [], []
    for name in track(frameworks, "comparing"):
        home, _, idiom = name.partition(":")
        title = framework(home).title + (f" ({idiom})" if idiom else "")
        if not framework(home).installed:
            missing.append(f"{title} is not installed; install it with: {framework(home).install}")
            continue
        try:
            runs = elsewhere.descend(objective, descent, name, starts=start)
        except NotInstalled as error:
            missing.append(str(error))
        except InvalidValue as error:
            told = str(error)  # most name the framework themselves
            refused.append(told if framework(home).title in told else f"{title}: {told}")
        else:
            frames.append(_Frame(name, title, runs.isel(run=0), dict(runs.attrs)))
    if not frames:
        raise InvalidValue(f"no framework can make this descent: {'; '.join(missing + refused)}")
    return frames, missing, refused


def _examine(
    frame: _Frame, objective: Objective, descent: Descent, reference: xr.Dataset, known: tuple[np.ndarray, Follows]
) -> _Found:
    """Measure where one framework's run parts from the reference, and find out why."""
    bound, own = known
    here, there = (run["params"].values.astype(np.float64) for run in (frame.run, reference))
    difference = np.abs(here - there).max(axis=1)
    ended = np.isfinite(here).all(axis=1) != np.isfinite(there).all(axis=1)
    largest = float(np.nan_to_num(difference).max())
    amplified = largest > AMPLIFIED * np.finfo(dtype_of(descent.precision)).eps * np.nanmax(np.abs(there))
    parted = Parted(_first((difference > bound) | ended), _first((difference > 0) | ended), bool(amplified))
    mine = follows(objective, descent.optimizer, frame.run, descent.precision)
    cause = explain(frame.title, mine, own, parted, descent.precision)
    nonfinite = explain_nonfinite(frame.title, objective, frame.run, reference, descent.precision)
    if nonfinite is None:
        return _Found(difference, parted, cause, 0)
    other, zeros = nonfinite
    # What only rounding did before is not worth a word beside it.
    if 0 <= cause.step < other.step and not cause.words.startswith("rounding"):
        other = Cause(f"{cause.words}; {other.words}", f"{cause.sentence} {other.sentence}", cause.step)
    return _Found(difference, parted, other, zeros)


def _first(where: np.ndarray) -> int:
    return int(np.argmax(where)) if where.any() else -1


def _labelled(frames: list[_Frame], found: list[_Found], reference: xr.Dataset, bound: np.ndarray) -> xr.Dataset:
    over, each = ("framework", "step"), "framework"
    differences = np.stack([one.difference for one in found])
    known = np.where(np.isnan(differences), -1.0, differences)
    parts: dict[str, Any] = {
        "params": ((*over, "param"), np.stack([frame.run["params"].values for frame in frames])),
        **{
            name: (over, np.stack([frame.run[name].values for frame in frames])) for name in ("train_loss", "grad_norm")
        },
        "difference": (over, differences),
        "reference": (("step", "param"), reference["params"].values),
        "reference_loss": ("step", reference["train_loss"].values),
        "bound": ("step", bound),
        "largest": (each, np.where(known.max(axis=1) < 0, np.nan, known.max(axis=1))),
        "largest_step": (each, known.argmax(axis=1)),
        "first_unequal": (each, [one.parted.unequal for one in found]),
        "parts": (each, [one.parted.parts for one in found]),
        "cause_step": (each, [one.cause.step for one in found]),
        "zero_residuals": (each, [one.zeros for one in found]),
    }
    for name in ("seconds_per_step", "seconds_first"):
        parts[name] = (each, [float(frame.attrs.get(name, np.nan)) for frame in frames], {"of": "this machine"})
    coords = {"framework": np.arange(len(frames)), "step": reference["step"].values, "param": reference["param"].values}
    return xr.Dataset(parts, coords)


def _attributes(frames: list[_Frame], found: list[_Found]) -> dict[str, Any]:
    told = {"versions": "framework_version", "backends": "backend", "idioms": "idiom"}
    return {
        "names": [frame.name for frame in frames],
        "titles": [frame.title for frame in frames],
        **{key: [str(frame.attrs.get(name, "")) for frame in frames] for key, name in told.items()},
        "causes": [one.cause.words for one in found],
        "sentences": [one.cause.sentence for one in found],
    }
