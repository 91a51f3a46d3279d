"""A recording of a training: what is written, when, and what is left of it when the process is killed.

The file is long because one format makes many promises, and each is broken in a way of its own.
"""

import signal
import subprocess
import sys
import tracemalloc

import numpy as np
import optax
import pytest
import xarray as xr
import zarr

import thalweg as tw
from thalweg.base.errors import InvalidData, InvalidValue, OutputError
from thalweg.geometry.leaves import Leaf
from thalweg.store import journal, snapshots
from thalweg.store.recording import Recorder, as_recording, open_recording

LEAVES = (Leaf("w", (2, 3), "weight", (1, 0)), Leaf("b", (3,), "bias", (0,)))


class Model:
    """Parameters in one vector that training overwrites."""

    def __init__(self, size=9, dtype=np.float32):
        self.vector = np.zeros(size, dtype)

    def recorder(self, *arguments, **options):
        return Recorder(lambda given: self.vector if given is None else given, LEAVES, *arguments, **options)


def train(recorder, model, steps, first=0):
    """At step k all parameters are k, and the loss is 10 k."""
    for k in range(first, first + steps):
        recorder.step(10.0 * k, rate=0.1)
        model.vector += 1


@pytest.fixture(params=["memory", "store"])
def store(request, tmp_path):
    return None if request.param == "memory" else tmp_path / "run.zarr"


def test_a_row_has_the_loss_that_belongs_to_its_parameters(store):
    model = Model()
    with model.recorder(store, facts={"framework": "none"}) as recorder:
        train(recorder, model, 5)
    found = recorder.result
    assert dict(found.sizes) == {"step": 6, "param": 9}
    assert found["params"].dtype == np.float32
    np.testing.assert_array_equal(found["step"], range(6))
    np.testing.assert_array_equal(found["params"], np.repeat(np.arange(6.0)[:, None], 9, axis=1))
    np.testing.assert_array_equal(found["loss"], [0, 10, 20, 30, 40, np.nan])
    np.testing.assert_array_equal(found["rate"], [0.1] * 5 + [np.nan])
    attrs = {name: found.attrs[name] for name in ("framework", "every", "finished", "leaf_names", "leaf_shapes")}
    assert attrs == {
        "framework": "none",
        "every": 1,
        "finished": 1,
        "leaf_names": ["w", "b"],
        "leaf_shapes": ["2 x 3", "3"],
    }
    assert found.attrs["thalweg_version"] == tw.__version__


def test_every_so_many_steps_and_the_end_are_recorded(store):
    model = Model()
    recorder = model.recorder(store, every=4)
    due = []
    for _ in range(10):
        due.append(recorder.due)
        recorder.step()
        model.vector += 1
    found = recorder.finish(loss=7.0)
    assert due == [k % 4 == 0 for k in range(10)]
    np.testing.assert_array_equal(found["step"], [0, 4, 8, 10])
    np.testing.assert_array_equal(found["params"][:, 0], [0, 4, 8, 10])
    np.testing.assert_array_equal(found["loss"], [np.nan, np.nan, np.nan, 7])
    assert found.attrs["every"] == 4


@pytest.mark.parametrize("most", [2, 3, 4, 7, 16])
@pytest.mark.parametrize("steps", [0, 1, 5, 64, 65, 200])
def test_memory_holds_so_many_rows_spread_evenly(most, steps):
    model = Model()
    recorder = model.recorder(most=most)
    train(recorder, model, steps)
    found = recorder.finish()
    kept = found["step"].values
    assert len(kept) <= most
    assert kept[0] == 0
    assert kept[-1] == steps
    stride = found.attrs["every"]
    np.testing.assert_array_equal(kept[:-1], np.arange(0, steps, stride))
    # No thinner than it must be: at half the stride they would not fit.
    assert stride == 1 or len(range(0, steps, stride // 2)) > most - 1
    np.testing.assert_array_equal(found["params"][:, 0], kept)
    np.testing.assert_array_equal(found["loss"][:-1], 10 * kept[:-1])


def test_rows_of_a_large_network_are_fewer(monkeypatch):
    model = Model()
    row = model.vector.nbytes + 3 * 8  # its step, its loss and its rate
    monkeypatch.setattr(snapshots, "MEMORY", 5 * row + 1)
    recorder = model.recorder(most=256)
    train(recorder, model, 64)
    found = recorder.finish()
    np.testing.assert_array_equal(found["step"], [0, 16, 32, 48, 64])


def test_a_store_is_the_recording_in_any_xarray(tmp_path, monkeypatch):
    # Several growths of several chunks, and a last one that is not full.
    monkeypatch.setattr(journal, "ROWS", 8)
    monkeypatch.setattr(journal, "GROWTH", 3)
    model = Model()
    with model.recorder(tmp_path / "run.zarr") as recorder:
        train(recorder, model, 100)
    memory = Model()
    with memory.recorder(most=1000) as other:
        train(other, memory, 100)
    plain = xr.open_zarr(tmp_path / "run.zarr", consolidated=False)
    assert plain.attrs["done"]
    for found in (recorder.result, open_recording(tmp_path / "run.zarr"), plain):
        xr.testing.assert_equal(found.load(), other.result)
    assert open_recording(tmp_path / "run.zarr").identical(recorder.result)


def test_a_large_model_is_written_at_every_step(tmp_path):
    vector = np.random.default_rng(0).standard_normal(1_500_000)
    recorder = Recorder(lambda given: vector, (Leaf("w", vector.shape, "bias", (0,)),), tmp_path / "run.zarr")
    recorder.step(1.0)
    found = open_recording(tmp_path / "run.zarr")
    assert (found.attrs["finished"], found.sizes["step"]) == (0, 1)
    np.testing.assert_array_equal(found["params"][0], vector)
    chunks = zarr.open_group(tmp_path / "run.zarr", mode="r")["params"].chunks
    assert chunks == (1, journal.BYTES // 8)


def test_a_recording_in_memory_is_nowhere_twice():
    vector, rows = np.ones(500_000, np.float32), 50
    recorder = Recorder(lambda model: vector, [Leaf("w", vector.shape, "bias", (0,))])
    tracemalloc.start()
    for _ in range(rows - 1):
        recorder.step(0.5)
    found = recorder.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["params"].shape == (rows, 500_000)
    # Room for the rows grows by 8, and is cut to their number at the end.
    assert peak < (rows + 8) * vector.nbytes + 1e6
    assert found["params"].values.base is None or found["params"].values.base.nbytes == rows * vector.nbytes


def test_memory_does_not_grow_with_the_training(tmp_path):
    def peak(steps):
        vector = np.zeros(4096)
        recorder = Recorder(lambda given: vector, (Leaf("w", (4096,), "bias", (0,)),), tmp_path / f"{steps}.zarr")
        tracemalloc.start()
        for _ in range(steps):
            recorder.step(1.0)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    # 2000 steps hold 64 MB of parameters, and one chunk with the copy that is written 8 MB.
    assert peak(2000) - peak(200) < 4e6


KILLED = """
import os, signal, sys
import numpy as np
from thalweg.store import journal, snapshots
from thalweg.store.recording import Recorder
from thalweg.geometry.leaves import Leaf

journal.ROWS = 16
vector = np.zeros(9)
recorder = Recorder(lambda given: vector, (Leaf("w", (9,), "bias", (0,)),), sys.argv[1])
for k in range(1000):
    if k == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    recorder.step(10.0 * k, rate=0.1)
    vector += 1
"""


@pytest.mark.parametrize(("killed", "kept"), [(16, 16), (999, 992)])
def test_a_killed_process_loses_no_more_than_a_chunk(tmp_path, killed, kept):
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "run.zarr"), str(killed)], timeout=120, check=False
    )
    assert process.returncode == -signal.SIGKILL
    found = open_recording(tmp_path / "run.zarr")
    assert found.attrs["finished"] == 0
    np.testing.assert_array_equal(found["step"], range(kept))
    np.testing.assert_array_equal(found["params"], np.repeat(np.arange(kept)[:, None], 9, axis=1))
    np.testing.assert_array_equal(found["loss"], 10.0 * np.arange(kept))


def test_a_store_broken_off_while_it_is_cut_is_read(tmp_path, monkeypatch):
    model = Model()
    recorder = model.recorder(tmp_path / "run.zarr")
    train(recorder, model, 20)
    recorder._sink.flush()
    # The arrays are cut one after the other: here the process ends in between.
    zarr.open_group(tmp_path / "run.zarr", mode="r+")["loss"].resize((20,))
    found = open_recording(tmp_path / "run.zarr")
    assert (found.sizes["step"], found.attrs["finished"]) == (20, 0)
    np.testing.assert_array_equal(found["loss"], 10.0 * np.arange(20))


def test_rows_without_a_step_number_are_not_read(tmp_path):
    model = Model()
    recorder = model.recorder(tmp_path / "run.zarr")
    train(recorder, model, 20)
    recorder._sink.flush()
    # Step numbers are written last: here the process ended before those of the last five.
    zarr.open_group(tmp_path / "run.zarr", mode="r+")["step"][15:] = -1
    assert open_recording(tmp_path / "run.zarr").sizes["step"] == 15


def test_step_numbers_are_written_last(tmp_path, monkeypatch):
    written = []
    write = journal.Journal.write
    monkeypatch.setattr(
        journal.Journal, "write", lambda self, name, end: (written.append(name), write(self, name, end))
    )
    model = Model()
    with model.recorder(tmp_path / "run.zarr") as recorder:
        train(recorder, model, 3)
    assert sorted(written) == ["loss", "params", "rate", "step"]
    assert written[-1] == "step"


def test_an_error_in_training_leaves_what_there_was(tmp_path):
    model = Model()
    with pytest.raises(ZeroDivisionError), model.recorder(tmp_path / "run.zarr") as recorder:
        train(recorder, model, 20)
        _ = 1 / 0
    found = open_recording(tmp_path / "run.zarr")
    assert (found.sizes["step"], found.attrs["finished"]) == (20, 0)
    # Training may go on, and the recording with it.
    train(recorder, model, 5, first=20)
    found = recorder.finish()
    assert found.attrs["finished"] == 1
    np.testing.assert_array_equal(found["params"][:, 0], range(26))


@pytest.mark.parametrize("value", [3, np.float32(3), np.array([3.0]), xr.DataArray(3.0)])
def test_a_loss_may_be_any_number(value):
    recorder = Model().recorder()
    recorder.step(value)
    np.testing.assert_array_equal(recorder.finish()["loss"], [3, np.nan])


def said(kind, act):
    with pytest.raises(kind) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_wrong_with_a_step_is_said_in_one_line():
    model = Model()
    recorder = model.recorder()
    assert said(InvalidValue, lambda: recorder.result) == (
        "the recording is not finished after 0 steps; call finish() first"
    )
    assert said(InvalidValue, lambda: recorder.step(np.zeros(3))) == (
        "loss of shape (3,) is not a scalar; give one number, such as the mean"
    )
    assert said(InvalidValue, lambda: recorder.step("low")) == "loss = 'low' is not a number; give one number"
    assert said(InvalidValue, lambda: recorder.step(1j)) == "loss of type complex is not a number; give one number"
    assert said(InvalidValue, lambda: recorder.step(1.0, params=2.0)) == (
        "a measure cannot be called 'params'; give it another name"
    )
    recorder.step(1.0, rate=0.1)
    assert said(InvalidValue, lambda: recorder.step(1.0, rate=0.1, params=2.0)) == (
        "a measure cannot be called 'params'; give it another name"
    )
    assert said(InvalidValue, lambda: recorder.step(np.array("low"))) == (
        "loss of type ndarray is not a number; give one number"
    )
    assert said(InvalidValue, lambda: recorder.step(1.0)) == (
        "the measure 'rate' was given before and is missing; give the same ones at every step: loss, rate"
    )
    assert said(InvalidValue, lambda: recorder.step(1.0, rate=0.1, norm=2)) == (
        "the measure 'norm' was not given at every step before; give the same ones at every step: loss, rate"
    )
    assert said(InvalidValue, lambda: recorder.step(1.0, np.zeros(8, np.float32), rate=0.1)) == (
        "parameters of shape (8,) are none of the recorded model; give it as it was at first, with 9 parameters"
    )
    assert said(InvalidValue, lambda: recorder.step(1.0, np.zeros(9, np.float16), rate=0.1)) == (
        "parameters of type float16 cannot be recorded; give float32 or float64"
    )
    assert said(InvalidValue, lambda: recorder.step(1.0, np.zeros(9), rate=0.1)) == (
        "parameters of type float64 follow others of type float32; keep the precision of a run"
    )
    assert recorder.taken == 1
    recorder.finish()
    assert said(InvalidValue, lambda: recorder.step(1.0, rate=0.1)) == (
        "step() was called on a finished recording; make a new recorder for further steps"
    )
    assert said(InvalidValue, recorder.finish).startswith("finish() was called on a finished recording")


def test_settings_out_of_range_are_refused():
    assert said(InvalidValue, lambda: Model().recorder(every=0)) == (
        "every = 0 is not allowed; give a whole number of at least 1"
    )
    assert said(InvalidValue, lambda: Model().recorder(most=1)) == (
        "most = 1 is not allowed; give a whole number of at least 2"
    )


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert said(OutputError, lambda: Model().recorder(tmp_path)) == (
        f"cannot write {tmp_path}: it exists already; give another place for the recording"
    )
    inside = tmp_path / "file" / "run.zarr"
    assert said(OutputError, lambda: Model().recorder(inside)) == (
        f"cannot write {inside}: Not a directory; give another place for the recording"
    )


def test_what_is_no_recording_is_not_read(tmp_path):
    assert said(InvalidData, lambda: open_recording(tmp_path / "none.zarr")).startswith(
        f"cannot read {tmp_path / 'none.zarr'}:"
    )
    Model().recorder(tmp_path / "run.zarr")
    assert said(InvalidData, lambda: open_recording(tmp_path / "run.zarr")) == (
        f"{tmp_path / 'run.zarr'} holds no recorded steps; give a store whose first chunk was written"
    )


@pytest.fixture(scope="module")
def runs():
    # The second run leaves for good at once.
    axes = [tw.problems.Axis(name, -60, 60) for name in "xy"]
    objective = tw.objective(tw.problems.function(tw.problems.himmelblau().value, axes))
    return tw.descend(objective, optax.sgd(0.01), starts=[[1.0, 1.0], [50.0, -50.0]], steps=8)


def test_a_run_of_descend_is_a_recording(runs):
    found = as_recording(runs.isel(run=0))
    assert found.identical(as_recording(runs.isel(run=[0])))
    np.testing.assert_array_equal(found["params"], runs["params"][0])
    np.testing.assert_array_equal(found["loss"], runs["train_loss"][0])
    assert set(found.data_vars) == {"params", "loss", "test_loss", "grad_norm"}


def test_what_lies_behind_the_last_finite_step_is_cut_off(runs):
    last = int(runs["last_step"][1])
    assert 0 < last < 8
    found = as_recording(runs.isel(run=1))
    np.testing.assert_array_equal(found["step"], range(last + 1))
    assert np.isfinite(found["params"]).all()
    np.testing.assert_array_equal(as_recording(runs.isel(run=1, step=[0, last, last + 1]))["step"], [0, last])
    never = runs.isel(run=1).assign(last_step=-1)
    assert said(InvalidValue, lambda: as_recording(never)).startswith("params over (step: 0, param: 2)")


def test_a_recording_stays_as_it_is(store):
    model = Model()
    with model.recorder(store) as recorder:
        train(recorder, model, 5)
    assert as_recording(recorder.result).identical(recorder.result)


def test_what_is_bare_is_filled_in():
    found = as_recording(xr.Dataset({"params": (("param", "step"), np.arange(6.0).reshape(2, 3))}))
    np.testing.assert_array_equal(found["params"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(found["step"], [0, 1, 2])
    assert np.isnan(found["loss"]).all()


def test_what_is_no_recording_is_refused(runs):
    assert said(InvalidValue, lambda: as_recording(np.zeros((3, 2)))) == (
        "a ndarray without params is no recording; give what a recorder or descend returned"
    )
    assert said(InvalidValue, lambda: as_recording(runs)) == "there are 2 runs; choose one: runs.isel(run=0)"
    assert said(InvalidValue, lambda: as_recording(runs.isel(run=0, step=0))) == (
        "params over (param: 2) are no recording; give params over (step, param), at least one of each"
    )
