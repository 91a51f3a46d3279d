"""Losses of batches put together: exact against the loss of all rows at once, or refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Task, cut, parted
from thalweg.frameworks.common.portions import check_rows, portions_of, steady

EPS = np.finfo(float).eps
SOURCE = np.random.default_rng(3)
TOKENS = SOURCE.integers(0, 5, (24, 7))
DATA = (SOURCE.standard_normal((24, 2)), TOKENS)
WEIGHTS = np.array([0.2, 1.0, 3.0, 0.5, 2.0])


def error(batch):
    return (batch[0][:, :1] * np.sin(1.0 + batch[1])) ** 2


def whole_rows(batch):
    return float(error(batch).mean()), None


def summed(batch):
    return float(error(batch).sum()), None


def rooted(batch):
    return float(np.sqrt(error(batch).mean())), None


def weighted(batch):
    weights = WEIGHTS[batch[1]]
    return float((weights * error(batch)).sum() / weights.sum()), None


def tokens(batch, told=False):
    kept = batch[1] > 0
    return float(error(batch)[kept].mean()) if kept.any() else np.nan, float(kept.sum()) if told else None


def spread(batch):
    return float(error(batch).var()), None


def value(task, measure):
    portions, _ = portions_of(task, measure, lambda batch: measure(batch)[0], EPS)
    return sum(portion.weight * portion.evaluator for portion in portions)


LOSSES = {
    "mean": whole_rows,
    "sum": summed,
    "root mean square": rooted,
    "class weights": weighted,
    "ignored tokens": tokens,
    "counted tokens": lambda batch: tokens(batch, told=True),
    "variance": spread,
}
ADDITIVE = {("mean", "rows"), ("sum", "sum"), ("counted tokens", "rows")}


@given(st.integers(1, 23), st.sampled_from(sorted(LOSSES)), st.sampled_from(["rows", "sum"]), st.integers(0, 99))
def test_whatever_the_split_the_loss_is_that_of_all_rows_or_refused(rows, name, combine, seed):
    order = np.random.default_rng(seed).permutation(24)
    data = tuple(array[order] for array in DATA)
    task = Task(parted(data, rows), combine, data)
    if (name, combine) in ADDITIVE:
        assert value(task, LOSSES[name]) == pytest.approx(LOSSES[name](data)[0], rel=1e-12)  # sums in another order
    else:
        with pytest.raises(InvalidValue, match="not additive over rows"):
            value(task, LOSSES[name])


def test_batches_that_are_alike_inside_are_seen_through():
    # each batch has rows with as many tokens that count, and the batches differ
    lengths = np.repeat([2, 5, 7], 8)
    ids = np.where(np.arange(7) < lengths[:, None], 1, 0)
    data = (DATA[0], ids)
    with pytest.raises(InvalidValue, match="not additive over rows"):
        value(Task(parted(data, 8), "rows", data), tokens)
    assert value(Task(parted(data, 8), "rows", data), LOSSES["counted tokens"]) == pytest.approx(tokens(data)[0])


def test_the_mean_of_batches_is_what_it_says():
    parts = parted(DATA, 10)
    losses = [rooted(part)[0] for part in parts]
    assert value(Task(parts, "batches"), rooted) == pytest.approx(np.mean(losses))


def test_one_batch_is_taken_as_it_is():
    assert value(Task((DATA,)), rooted) == rooted(DATA)[0]


def test_a_batch_in_which_nothing_counts_has_no_part():
    parts = (DATA, (DATA[0], np.zeros_like(TOKENS)))
    portions, rows = portions_of(Task(parts), LOSSES["counted tokens"], lambda batch: 0.0, EPS)
    assert len(portions) == 1
    assert portions[0].weight == 1
    assert rows == 48


def test_a_loss_that_alternates_is_refused():
    values = iter([1.0, 1.0, 2.0])
    with pytest.raises(InvalidValue) as caught:
        steady(lambda: (next(values), None))
    assert str(caught.value) == (
        "at one point the loss is 1, 1, 2: it changes from call to call; keep no state outside of parameters and "
        "buffers, and draw random numbers from the framework's own generators"
    )
    assert steady(lambda: (np.nan, 2.0))[1] == 2


def refused(task, measure, text):
    with pytest.raises(InvalidValue) as caught:
        value(task, measure)
    assert text in str(caught.value)


def test_what_cannot_be_counted_is_said():
    uneven = ((DATA[0], TOKENS[:5]), DATA)
    refused(Task(uneven), lambda batch: (1.0, None), "the arrays of batch 1 of 2 have different lengths, so it has no")
    counts = iter([1, 1, 1, None])
    refused(Task((DATA, DATA)), lambda batch: (1.0, next(counts)), "counted something for 1 of 2 batches")
    refused(Task((DATA, DATA)), lambda batch: (1.0, -2.0), "the step counted -2; count what the loss is a mean over")
    with pytest.raises(InvalidValue, match="data have 5, 24 rows and cannot be cut"):
        check_rows(uneven[0])
    assert check_rows(cut(DATA, slice(0, 3))) == 3
