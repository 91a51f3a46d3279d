"""Data as users hold them are read once, and kept."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from thalweg.base.errors import InvalidValue
from thalweg.networks.batching import batches

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (X, 1), ((X, Y), 1), ([X, Y], 1), ({"x": X}, 1), ([(X, Y), (X, Y)], 2), ([{"x": X}] * 3, 3),
        (([1.0, 2.0], [[1, 2], [3, 4]]), 1), ((), 1), (iter([(X, Y)] * 4), 4),
    ],
)  # fmt: skip
def test_what_makes_a_batch(data, count):
    assert len(batches(data)) == count


def test_lists_of_numbers_are_arrays():
    (batch,) = batches(([1.0, 2.0], [[1, 2], [3, 4]])).parts
    assert batch[0].tolist() == [1.0, 2.0]
    assert batch[1].shape == (2, 2)


def test_a_loader_is_read_once_and_draws_nothing_that_shows():
    dataset = TensorDataset(torch.tensor(X), torch.tensor(Y))
    loader = DataLoader(dataset, batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(1))
    states = torch.get_rng_state(), loader.generator.get_state()
    taken = batches(loader, most=2)
    assert [batch[0].shape for batch in taken.parts] == [(4, 2), (4, 2)]
    assert torch.equal(torch.get_rng_state(), states[0])
    assert torch.equal(loader.generator.get_state(), states[1])
    with pytest.raises(InvalidValue, match="give examples, not batches; give a DataLoader of them"):
        batches(dataset)


def test_rows_cut_one_batch():
    cut = batches((X, Y), rows=4)
    assert [len(part[0]) for part in cut.parts] == [4, 4, 2]
    assert cut.whole is not None
    assert len(batches(cut, rows=5)) == 2
    assert len(batches((X, Y), rows=10)) == 1
    assert batches(cut, combine="sum").combine == "sum"


@pytest.mark.parametrize(
    ("data", "options", "text"),
    [
        ([], {}, None),
        (iter([]), {}, "hold no batches; give some"),
        ("words", {}, "are no batch; give arrays, tuples or dictionaries of arrays, a list of batches, or a loader"),
        (3, {}, "are no batch"),
        ((X, Y[:3]), {"rows": 2}, "data have 3, 10 rows and cannot be cut"),
        ([(X, Y), (X, Y)], {"rows": 2}, "rows = 2 cut one batch, and data are 2; leave rows out"),
        ((X[:0], Y[:0]), {}, "of no rows; give an example at least"),
        ((np.array(["a", "b"]), Y[:2]), {}, "are no numbers; give arrays of numbers"),
        (
            ([[1.0, 2.0], [3.0]], Y[:2]),
            {},
            "data = [[1.0, 2.0], [3.0]] have rows of different lengths; give them padded",
        ),
        ((X, Y), {"most": 0}, "most"),
        ((X, Y), {"combine": "product"}, "combine"),
    ],
)
def test_what_is_no_data_is_said_in_one_line(data, options, text):
    if text is None:
        assert len(batches(data, **options)) == 1
        return
    with pytest.raises(InvalidValue) as caught:
        batches(data, **options)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
@pytest.mark.parametrize("place", [lambda one: one, lambda one: (one, Y[:2]), lambda one: [{"x": one}] * 2])
def test_nested_tensors_are_refused_in_one_line(place, layout):
    nested = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)], layout=layout)
    with pytest.raises(InvalidValue) as caught:
        batches(place(nested))
    assert str(caught.value) == ("data hold a nested tensor, of rows of different lengths; give it padded, with a mask")
