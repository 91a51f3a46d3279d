"""The verb ``find_ends``: how recorded runs ended, and how far from rest."""

from __future__ import annotations

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import number
from thalweg.base.status import Status
from thalweg.losses.objective import Objective
from thalweg.store.kinds import Runs, Valleys
from thalweg.store.parameters import same_parameters
from thalweg.study.ends import Ending, labelled
from thalweg.study.find_derailments import FLOOR, levels_of, locate
from thalweg.study.runs import last_places
from thalweg.valleys import derailments
from thalweg.valleys.outcomes import DIVERGED, ON_THE_WAY, Outcomes


@public
def find_ends(objective: Objective, runs: Runs, valleys: Valleys, *, floor: float = FLOOR) -> xr.Dataset:
    """Tell how each recorded run ended: in which valley, on its floor or not, and how far from its minimum.

    The numbers are those of :func:`thalweg.outcomes`, which makes runs without recording them. Of valleys from starts,
    in any number of parameters, a run's is the one that the gradient flow from its end reaches.

    Parameters
    ----------
    objective : what the runs descended
    runs : from :func:`thalweg.descend`, of that objective
    valleys : from :func:`thalweg.find_valleys`, of the same
    floor : share of a valley's barrier up to which a loss lies on its floor, above 0 and at most 1

    Returns
    -------
    xarray.Dataset
        Names of the valleys are in the attribute ``names``.

        =========== ========== =========== ==============================================================
        variable    dims       unit        meaning
        =========== ========== =========== ==============================================================
        outcome     run        valley      on whose floor it ends; -1 on the way, -3 on a plateau, above the
                                           floor where the slope leads nowhere, -2 diverged
        valley      run        valley      in whose basin it ends, on its floor or not; -1 for none
        settled     run        steps       since which it has been on that floor; NaN where there is none
        derailments run        count       how often it was thrown off a floor into another valley's basin
        loss        run        loss        at its last finite step, on training data
        place       run, param parameters  there
        gradient    run        loss a unit norm of the gradient there, on all training data
        above       run        loss        of the end above the minimum of its valley
        distance    run        parameters  from the end to that minimum, the shortest way round on a circle
        =========== ========== =========== ==============================================================

    Raises
    ------
    InvalidValue
        If ``floor`` is outside what is allowed, runs or valleys are over other parameters than the objective, or the
        valleys have no passes: those of the exact census of a line with an intercept.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> runs = tw.descend(objective, optax.sgd(0.01), starts=[[3.5, 2.0], [0.0, -1.0]], steps=5)
    >>> ends = tw.find_ends(objective, runs, tw.find_valleys(objective))
    >>> ends["outcome"].values.tolist(), ends["above"].values.round(4).tolist()
    ([1, -1], [0.0164, 120.0469])
    """
    number("floor", floor, above=0, at_most=1)
    for what, given in (("runs", runs), ("valleys", valleys)):
        same_parameters(what, given, "the objective is", objective.problem.parameters)
    visited, losses = locate(runs, valleys).values, runs["train_loss"].values
    floors = derailments.on_floor(visited, losses, levels_of(valleys, floor))
    derailed = np.bincount(derailments.find(visited, floors).run, minlength=len(visited))
    same = floors & (visited == visited[:, -1:])
    since = visited.shape[1] - np.argmin(np.pad(same[:, ::-1], ((0, 0), (0, 1))), axis=1)
    diverged = runs["status"].values == Status.DIVERGED
    place, loss = last_places(runs)
    outcome = np.where(floors[:, -1], visited[:, -1], np.where(diverged, DIVERGED, ON_THE_WAY)).astype(np.int16)
    settled = np.where(floors[:, -1], since, np.nan).astype(np.float32)
    judged = Outcomes(outcome, visited[:, -1].astype(np.int16), settled, derailed.astype(np.int32), loss, place)
    ending = Ending(objective, valleys, floor, 8 * losses.dtype.itemsize, runs.sizes["step"] - 1)
    return labelled(ending.of(judged), runs["param"].values.tolist()).assign_attrs(
        runs.attrs | {"floor": floor, "names": valleys.attrs["names"], "valleys_method": valleys.attrs["method"]}
    )
