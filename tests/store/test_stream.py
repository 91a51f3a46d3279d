"""Stores laid out beforehand: what is written comes back, what is missing is known, and nothing depends on the batches."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
import zarr

import thalweg as tw
from thalweg.base.errors import InvalidData, OutputError
from thalweg.store import stream
from thalweg.store.stream import Column, Stream, opened, rows

COORDINATES = xr.Dataset(coords={"run": np.arange(4), "param": ["W", "b"]}, attrs={"seed": 7})
COLUMNS = {
    "params": Column(("run", "param"), np.float32, {"units": "rad"}),
    "status": Column(("run",), np.int8),
}


def laid_out(folder):
    return Stream(folder / "store", COORDINATES, COLUMNS)


def part(first, count):
    numbers = np.arange(first, first + count)
    return {"params": np.stack([numbers, -numbers], axis=1), "status": numbers}


def test_what_is_written_part_by_part_comes_back_whole(tmp_path):
    store = laid_out(tmp_path)
    store.write(2, part(2, 2))  # in any order
    store.write(0, part(0, 2))
    result = store.finish({"steps": 5})
    np.testing.assert_array_equal(result["params"], [[0, 0], [1, -1], [2, -2], [3, -3]])
    np.testing.assert_array_equal(result["status"], [0, 1, 2, 3])
    assert result["params"].dtype == np.float32
    assert result["params"].attrs["units"] == "rad"
    assert (result.attrs["seed"], result.attrs["steps"]) == (7, 5)
    assert result["param"].values.tolist() == ["W", "b"]


def test_what_was_never_written_is_missing_and_no_number(tmp_path):
    store = laid_out(tmp_path)
    store.write(1, part(1, 1))
    result = store.finish()
    assert np.isnan(result["params"].values[[0, 2, 3]]).all()
    np.testing.assert_array_equal(result["status"].values[[0, 2, 3]], [-128] * 3)  # the lowest number of its type


def test_arrays_have_their_full_size_from_the_start(tmp_path):
    store = laid_out(tmp_path)
    before = {name: array.shape for name, array in zarr.open_group(store.path, mode="r").arrays()}
    store.write(0, part(0, 4))
    assert before["params"] == (4, 2)
    assert before == {name: array.shape for name, array in zarr.open_group(store.path, mode="r").arrays()}


def test_a_store_that_was_not_finished_is_refused(tmp_path):
    store = laid_out(tmp_path)
    store.write(0, part(0, 4))
    with pytest.raises(InvalidData, match="store was not finished; make it again$"):
        opened(store.path)
    store.finish()
    assert opened(store.path).sizes["run"] == 4


def test_numbers_are_read_when_they_are_asked_for(tmp_path):
    store = laid_out(tmp_path)
    result = store.finish()
    store.write(3, part(3, 1))
    assert result["status"].values[3] == 3


def test_a_place_that_is_taken_is_refused(tmp_path):
    laid_out(tmp_path)
    with pytest.raises(OutputError, match="it exists already; give another place for the results$"):
        laid_out(tmp_path)


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(InvalidData, match="give a store that thalweg wrote$"):
        opened(tmp_path / "nothing")


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("cuts", [(0, 24), (0, 1, 24), (0, 5, 6, 18, 24), tuple(range(25))])
def test_batches_are_gathered_into_whole_rows_in_order(monkeypatch, shape, cuts):
    monkeypatch.setattr(stream, "CHUNK", 7)
    values = np.arange(24.0)
    batches = [(slice(a, b), {"loss": values[a:b]}) for a, b in pairwise(cuts)]
    gathered = list(rows(batches, shape))
    firsts = [first for first, _ in gathered]
    counts = [len(whole["loss"]) for _, whole in gathered]
    assert firsts == [sum(counts[:k]) for k in range(len(counts))]
    np.testing.assert_array_equal(np.concatenate([whole["loss"] for _, whole in gathered]), values.reshape(-1, *shape))


def test_no_more_is_gathered_than_a_chunk_and_a_batch(monkeypatch):
    monkeypatch.setattr(stream, "CHUNK", 10)
    batches = [(slice(4 * k, 4 * k + 4), {"loss": np.zeros(4)}) for k in range(25)]
    assert max(len(whole["loss"]) for _, whole in rows(batches, ())) < 10 + 4


def test_no_batches_are_no_rows():
    assert list(rows([], (3,))) == []


def test_a_result_in_a_store_is_the_result_in_memory(tmp_path):
    objective = tw.objective(tw.problems.pencil(points=10), tw.losses.fourth_root())
    stored = tw.survey(objective, points=50, store=tmp_path / "surface.zarr")
    xr.testing.assert_identical(stored.load(), tw.survey(objective, points=50))
