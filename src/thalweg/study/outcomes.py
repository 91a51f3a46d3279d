"""The verb ``outcomes``: how very many runs end, without keeping their histories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.base.parallel import cores, each
from thalweg.base.precision import dtype_of
from thalweg.base.showing import shown
from thalweg.descent import starts as read_starts
from thalweg.descent.descent import Descent
from thalweg.descent.driver import Draw, Source, batches, listed, worker
from thalweg.losses.objective import Objective
from thalweg.store.kinds import Valleys
from thalweg.store.parameters import same_parameters
from thalweg.study.ends import Ending, labelled
from thalweg.study.find_derailments import FLOOR, basins_of, levels_of
from thalweg.study.memory import OUTCOME, bound
from thalweg.study.provenance import facts, provenance
from thalweg.valleys.outcomes import DIVERGED, Judge, Outcomes, judge


@public
def outcomes(
    objective: Objective, descent: Descent, valleys: Valleys, *, starts: Any = None, floor: float = FLOOR
) -> xr.Dataset:
    """Make runs and keep only how each of them ends.

    Memory grows by a few bytes a run, whatever the number of steps. The numbers are those that
    :func:`thalweg.descend` and :func:`thalweg.find_ends` give.

    Parameters
    ----------
    objective : what is descended
    descent : the optimiser, its steps and precision, and whether each run has shadows
    valleys : from :func:`thalweg.find_valleys`, of the same objective. Of valleys from starts, in any number of
        parameters, a run's is the one that the gradient flow from its end reaches (beyond 32 parameters, where no
        straight line leads down to the nearest minimum, none); step by step it is taken to lie in the nearest
    starts : a start or a list of them, (run, param), inside a box or on a circle, where angles are in radians and
        at most a turn; the problem's usual start by default
    floor : share of a valley's barrier up to which a loss lies on its floor, above 0 and at most 1; a valley that
        nothing leads out of is measured by a hundredth of the surface's relief, its median height above the lowest
        point

    Returns
    -------
    xarray.Dataset
        Names of the valleys are in the attribute ``names``.

        =========== ========== =========== =======================================================================
        variable    dims       unit        meaning
        =========== ========== =========== =======================================================================
        outcome     run        valley      on whose floor it ends; -1 on the way to it, -3 on a plateau, above the
                                           floor where the slope leads nowhere, -2 diverged, no longer finite
        valley      run        valley      in whose basin it ends, on its floor or not; -1 for none
        settled     run        steps       since which it has stayed on that floor; NaN where there is none
        derailments run        count       how often it was thrown off a floor into another valley's basin
        loss        run        loss        at its last finite step, on training data
        place       run, param parameters  there
        gradient    run        loss a unit norm of the gradient there, on all training data
        above       run        loss        of the end above the minimum of its valley
        distance    run        parameters  from the end to that minimum, the shortest way round on a circle
        rounding    run        0 or 1      whether a run that differs by rounding alone ends in another valley; with
                                           shadows only
        =========== ========== =========== =======================================================================

    Raises
    ------
    InvalidValue
        If the valleys have no passes, a setting has not one value a run, or the runs are more than memory holds.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    >>> descent = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=0.05), steps=50, shadows=True)
    >>> starts = tw.starts.even(objective.problem, 1000)
    >>> ends = tw.outcomes(objective, descent, tw.find_valleys(objective), starts=starts)
    >>> 0 < float(ends["rounding"].mean()) < 0.5
    True
    """
    problem = objective.problem
    positions = read_starts.read(problem, problem.start if starts is None else starts)
    return ends_of(objective, descent, valleys, starts=positions, floor=floor)


def ends_of(
    objective: Objective, descent: Descent, valleys: xr.Dataset, *, starts: np.ndarray, floor: float, every: bool = True
) -> xr.Dataset:
    """Make runs from places that are known to be such, and label how they end; ``every`` is that of ``Ending``."""
    size = (OUTCOME + 8 * starts.shape[1]) * len(starts)
    bound(f"the ends of {len(starts)} runs", size, "take fewer runs, or map them with a store")
    descent.check(objective, len(starts))
    parts = [part for _, part in watch(objective, descent, valleys, floor, listed(descent, starts))]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rounding = {name: joined.pop(name) for name in ("rounding",) if name in joined}
    ending = Ending(objective, valleys, floor, descent.precision, descent.steps, every)
    ends = ending.of(Outcomes(**joined)) | rounding
    return labelled(ends, list(objective.problem.parameters)).assign_attrs(
        attributes(objective, descent, valleys, floor)
    )


def watch(
    objective: Objective, descent: Descent, valleys: xr.Dataset, floor: float, source: Source
) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
    """Make runs and tell how they end, batch by batch, in order."""
    spans, work = tasks(objective, descent, valleys, floor, source)
    return zip(spans, each(work, spans, "descending"), strict=True)


def tasks(
    objective: Objective, descent: Descent, valleys: xr.Dataset, floor: float, source: Source
) -> tuple[list[slice], Callable[[slice], dict[str, np.ndarray]]]:
    """Divide runs into batches, and make the function that tells how the runs of one batch end."""
    number("floor", floor, above=0, at_most=1)
    same_parameters("valleys", valleys, "the objective is", objective.problem.parameters)
    if valleys.sizes["valley"] > np.iinfo(np.int16).max:
        raise InvalidValue(f"there are {valleys.sizes['valley']} valleys; ask for a higher persistence")
    steps, runs = descent.steps, source.count
    bound(f"{shown(steps)} steps", 8 * steps * cores(), "take fewer steps")
    spans = batches(objective, descent, runs, history=False)
    works = [
        worker(objective, variant, runs, spans[0].stop, _judge(valleys, floor, variant.precision))
        for variant, runs in _variants(descent, source)
    ]

    def work(span: slice) -> dict[str, np.ndarray]:
        run, *shadows = [judge(make(span)) for make in works]
        ends = run._asdict()
        if shadows:
            differs = [(shadow.valley != run.valley) | _lost(shadow, run) for shadow in shadows]
            ends["rounding"] = np.any(differs, axis=0).astype(np.int8)
        return ends

    return spans, work


def attributes(objective: Objective, descent: Descent, valleys: xr.Dataset, floor: float) -> dict[str, Any]:
    """Collect what outcomes depend on."""
    return {
        **provenance(objective, descent.precision),
        **facts(objective, descent),
        "floor": floor,
        "names": valleys.attrs["names"],
        "valleys_method": valleys.attrs["method"],
        "persistence": valleys.attrs["threshold"],
    }


def _lost(one: Outcomes, other: Outcomes) -> np.ndarray:
    """Tell where one run diverged and the other did not."""
    return (one.outcome == DIVERGED) != (other.outcome == DIVERGED)


def _judge(valleys: xr.Dataset, floor: float, precision: int) -> Judge:
    dtype = dtype_of(precision)
    # The last place is that of a run in no valley: nothing is at most NaN.
    return Judge(basins_of(valleys, dtype), np.append(levels_of(valleys, floor), np.nan).astype(dtype))


def _variants(descent: Descent, source: Source) -> list[tuple[Descent, Source]]:
    """List the runs themselves and, where asked for, their shadows."""
    variants = [(descent, source)]
    if descent.shadows:
        dtype = dtype_of(descent.precision)
        variants += [(descent, _nudged(source, dtype, limit)) for limit in (np.inf, -np.inf)]
        other = replace(descent, precision=96 - descent.precision)
        variants.append((other, _nudged(source, dtype, None)))
    return variants


def _nudged(source: Source, dtype: Any, towards: float | None) -> Source:
    """Round starts to a precision and move them by one unit in the last place, if anywhere."""

    def draw(first: int, last: int) -> Draw:
        runs = source.draw(first, last)
        starts = runs.starts.astype(dtype)
        return Draw(starts if towards is None else np.nextafter(starts, dtype(towards)), runs.settings)

    return Source(source.count, draw)
