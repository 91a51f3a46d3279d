"""Many starts down to their ends: batches of lanes on all cores, those that are done making room for the others.

A batch ends with its slowest lane, and one in ten starts takes five times as many steps as the median. So all advance
by a few steps, then those that are done leave, and the rest are gathered into full batches again. No lane reads
another, so it does not matter beside which ones it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Integer

from thalweg.base.compiling import compiled
from thalweg.base.parallel import each
from thalweg.base.precision import computing
from thalweg.fitting import marquardt
from thalweg.fitting.marquardt import Lane
from thalweg.fitting.sums import Task, blocks, width

ROUND = 15
"""Steps after which lanes that are done leave."""

LONGEST = 600
"""Steps after which a search is usually given up."""

WHAT = "following starts down"
"""Name of the work for whoever listens to its progress."""


class Ends(NamedTuple):
    """Where starts lead to, in the solver's order and on its scales.

    Attributes
    ----------
    unknowns : (start, unknown)
    loss : (start,), the sum over the data
    rested : whether the search ended at rest; else it ran out of steps, or its numbers are not finite
    steps : taken or tried
    """

    unknowns: Float[np.ndarray, "start unknown"]
    loss: Float[np.ndarray, " start"]
    rested: Bool[np.ndarray, " start"]
    steps: Integer[np.ndarray, " start"]


def search(
    task: Task,
    columns: Sequence[Float[np.ndarray, " row"]],
    starts: Float[np.ndarray, "start unknown"],
    bounds: tuple[Float[np.ndarray, "*start damped"], Float[np.ndarray, "*start damped"]],
    *,
    longest: int = LONGEST,
) -> Ends:
    """Follow every start to its end.

    Parameters
    ----------
    task : what is summed
    columns : the data
    starts : in the solver's order and on its scales; eliminated unknowns may be anything finite, such as 0
    bounds : low and high of the unknowns that are not eliminated, ∓∞ for none; low = high holds an unknown;
        for all starts, or for each
    longest : steps after which a search is given up
    """
    lanes = width(len(columns[0]))
    with computing(64):
        data = tuple(jax.device_put(part) for part in blocks(columns))
    shape = len(starts), starts.shape[1] - task.eliminated
    ends = tuple(np.broadcast_to(end, shape).astype(np.float64).T for end in bounds)
    state: Any = marquardt.begin(task, np.array(starts, np.float64).T)
    for _ in range(-(-longest // ROUND)):
        pending = np.flatnonzero(~state.done)
        if not pending.size:
            break
        part = jax.tree.map(partial(_take, pending), (ends, state))
        further = _batched(partial(_advance, task, data), part, lanes)
        state = jax.tree.map(partial(_put, pending), state, further)
    return Ends(state.unknowns.T, state.sums.loss, state.rested, state.steps)


def _batched(program: Any, trees: Any, lanes: int) -> Any:
    """Call a program on batches of lanes, the last axis of all arrays, and join what it returns."""
    count = jax.tree.leaves(trees)[0].shape[-1]

    def work(span: slice) -> Any:
        missing = lanes - (span.stop - span.start)
        batch = jax.tree.map(lambda values: _filled(values[..., span], missing), trees)
        with computing(64):
            made = program(*batch)
        return jax.tree.map(lambda values: np.asarray(values)[..., : span.stop - span.start], made)

    spans = [slice(first, min(first + lanes, count)) for first in range(0, count, lanes)]
    return jax.tree.map(lambda *parts: np.concatenate(parts, axis=-1), *each(work, spans, WHAT))


def _filled(values: np.ndarray, missing: int) -> np.ndarray:
    return np.pad(values, ((0, 0),) * (values.ndim - 1) + ((0, missing),), mode="edge") if missing else values


def _take(places: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return whole[..., places]


def _put(places: np.ndarray, whole: np.ndarray, part: np.ndarray) -> np.ndarray:
    changed = whole.copy()
    changed[..., places] = part
    return changed


@compiled("task")
def _advance(task: Task, columns: Sequence[Array], bounds: tuple[Array, Array], lane: Lane) -> Lane:
    return marquardt.advance(task, columns, bounds, lane, ROUND)
