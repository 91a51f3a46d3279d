"""Batches put together: how much each counts, and the proof that they may be.

The loss of several batches is a sum of their losses by weights. Which weights are right depends on the loss: of a mean
over rows it is the rows, of a mean over tokens the tokens, of a sum one; of a root mean square, or of normalisation by
a batch's own statistics, none are. A training loop never asks, so nothing in a user's code says which it is. So it is
tried: losses of some rows are held against those of their halves, put together in the same way. Where they differ by
more than rounding the loss is refused, rather than given a little wrong.

Which rows. Halves of every batch, the front against the back and the even rows against the odd ones; and where all
batches are cut from one, rows that are taken from all of them in turn, since batches sorted by length are alike inside.

A model that is not the same twice at one point cannot be held against anything, so the first batch is evaluated three
times before: twice would not notice what alternates.

What would break it: a loss that happens to be additive at the network's own parameters and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Combine, Nest, Task, cut, lengths, rows_of
from thalweg.geometry.network import Evaluator, Portion

Measure = Callable[[Nest], tuple[float, float | None]]
"""Computes the loss of a batch at the network's own parameters, and what the step counted, None where it did not."""

HALVES = (slice(0, None, 2), slice(1, None, 2))
"""The even rows and the odd ones."""


class _Loss(NamedTuple):
    """A loss of some rows, and by how much it counts beside others."""

    loss: float
    weight: float


def portions_of(
    task: Task,
    measure: Measure,
    evaluator: Callable[[Nest], Evaluator],
    eps: float,
    curved: Callable[[Nest], Evaluator] | None = None,
) -> tuple[tuple[Portion, ...], int]:
    """Make what evaluates each batch of a task, with the weight that its loss has in the whole.

    Parameters
    ----------
    measure : the loss of a batch, as the model computes it
    evaluator : makes what evaluates a batch
    eps : the rounding of the model's numbers, relative
    curved : makes what evaluates a batch by the loss without its slope (``geometry/matrices.py``), where a room can

    Returns
    -------
    tuple
        The portions, and the number of rows of all batches; 0 where they have none.

    Raises
    ------
    InvalidValue
        If the loss changes from call to call, or cannot be put together as the task says.
    """
    first, *others = task.batches
    counts = [steady(lambda: measure(first))[1]]
    several = bool(others)
    if several:
        counts += [measure(batch)[1] for batch in others]
    rows = [rows_of(batch) for batch in task.batches]
    weights = _weights(task.combine, counts, rows, several)
    if several and task.combine != "batches":
        _check_additive(task, measure, eps)
    kept = [(weight, batch) for weight, batch in zip(weights, task.batches, strict=True) if weight]
    portions = tuple(
        Portion(weight, evaluator(batch), rows_of(batch), partial(curved, batch) if curved else None)
        for weight, batch in kept
    )
    return portions, sum(count or 0 for count in rows)


def steady(
    measure: Callable[[], tuple[float, float | None]], changed: Callable[[], Sequence[str]] = list
) -> tuple[float, float | None]:
    """Compute a loss three times; refuse one that is not the same to the bit.

    Parameters
    ----------
    measure : with whatever state the times before left
    changed : called after each time; names what that changed, where it can be known
    """
    tries, names = [], dict[str, None]()
    for _ in range(3):
        tries.append(measure())
        names |= dict.fromkeys(changed())
    values = [loss for loss, _ in tries]
    if not all(np.array_equal(value, values[0], equal_nan=True) for value in values):
        what = f" with {', '.join(map(repr, names))}" if names else ""
        raise InvalidValue(
            f"at one point the loss is {', '.join(f'{value:.9g}' for value in values)}: it changes from call to "
            f"call{what}; keep no state outside of parameters and buffers, and draw random numbers from the "
            "framework's own generators"
        )
    return tries[0]


def _weights(
    combine: Combine, counts: Sequence[float | None], rows: Sequence[int | None], several: bool
) -> list[float]:
    """Find by how much each batch counts."""
    if combine == "sum" or not several:
        return [1.0] * len(rows)
    if combine == "batches":
        return [1 / len(rows)] * len(rows)
    told = [count for count in counts if count is not None]
    if told and len(told) < len(counts):
        raise InvalidValue(
            f"the step counted something for {len(told)} of {len(counts)} batches; let it return (loss, count) always"
        )
    taken = told or [count for count in rows if count is not None]
    if len(taken) < len(counts):
        raise InvalidValue(
            f"the arrays of batch {rows.index(None) + 1} of {len(rows)} have different lengths, so it has no rows to "
            "count; let the step return (loss, count), or give tw.networks.batches(data, combine='batches') or 'sum'"
        )
    total = float(sum(taken))
    if not (np.isfinite(total) and min(taken) >= 0 and total > 0):
        raise InvalidValue(f"the step counted {min(taken):g}; count what the loss is a mean over, such as tokens")
    return [count / total for count in taken]


def _check_additive(task: Task, measure: Measure, eps: float) -> None:
    """Hold the losses of some rows against those of their halves."""
    for batch in (*task.batches, *_across(task)):
        count = rows_of(batch) or 0
        if count < 2:
            continue
        halves = (slice(0, count // 2), slice(count // 2, None))
        whole = _loss(batch, measure, task.combine)
        for pair in (halves, HALVES):
            parts = [_loss(cut(batch, half), measure, task.combine) for half in pair]
            _compare(whole, parts, count, task.combine, eps)


def _across(task: Task) -> list[Nest]:
    """Take rows from all batches in turn: the first of each, as many at once as a batch has."""
    if task.whole is None:
        return []
    height, count = rows_of(task.batches[0]) or 1, rows_of(task.whole) or 0
    starts = range(0, count, height * max(height, 2))
    return [cut(task.whole, slice(start, start + height * max(height, 2), height)) for start in starts]


def _loss(batch: Nest, measure: Measure, combine: Combine) -> _Loss:
    loss, count = measure(batch)
    weight = 1.0 if combine == "sum" else count if count is not None else float(rows_of(batch) or 0)
    return _Loss(loss, weight)


def _compare(whole: _Loss, parts: Sequence[_Loss], count: int, combine: Combine, eps: float) -> None:
    """Refuse a loss that its halves do not make; half of the digits must agree, and rounding takes fewer."""
    counting = [part for part in parts if part.weight]
    weights = np.array([part.weight for part in counting])
    losses = np.array([part.loss for part in counting])
    if combine != "sum":
        if not len(weights) and not whole.weight:
            return  # nothing is counted in any of it
        weights = weights / max(whole.weight, np.finfo(float).tiny)
    together = float(np.sum(weights * losses))
    scale = max([abs(whole.loss), *np.abs(losses)], default=0.0)
    same = np.isclose(together, whole.loss, rtol=0, atol=eps**0.5 * scale, equal_nan=True)
    if not same:
        how = "a sum" if combine == "sum" else "a mean over what is counted" if whole.weight != count else "a mean"
        raise InvalidValue(
            f"the loss of {count} rows is {whole.loss:.6g}, and {together:.6g} as {how} of its halves: it is not "
            "additive over rows and cannot be put together from parts; give the data as one batch, let a step return "
            "(loss, count) with what the loss is a mean over, or give tw.networks.batches(data, combine=…) with 'sum', "
            "or 'batches' for the mean of the batches' losses"
        )


def check_rows(nest: Nest) -> int:
    """Refuse data that cannot be cut into rows."""
    count = rows_of(nest)
    if not count:
        found = ", ".join(map(str, lengths(nest))) or "no"
        raise InvalidValue(
            f"data have {found} rows and cannot be cut; give arrays of one length, an example a row, or leave rows out"
        )
    return count
