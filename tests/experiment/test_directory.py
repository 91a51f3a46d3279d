import errno
import io
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from thalweg.base.errors import InvalidData, OutputError
from thalweg.experiment import directory, experiment, results
from thalweg.problems.reading.content import standard_input

TEXT = """
[problem]
kind = "pencil"
points = 10
[loss]
kind = "fourth_root"
[descent]
steps = 8
starts = [0.5, 1.2]
[surface]
points = 180
"""

FIT = """
[problem]
kind = "fit"
data = "{}"
model = "a*x"
y = "y"
ranges = {{ a = "0:5" }}
[loss]
kind = "quadratic"
"""


@pytest.fixture(scope="module")
def done():
    return results.perform(experiment.parse(TEXT))


def put(done, out: Path) -> None:
    with directory.staging(out) as folder:
        directory.write(done, folder)


def test_arrays_come_back_bit_for_bit(done, tmp_path):
    put(done, tmp_path / "run")
    back = directory.read(tmp_path / "run")
    for name in ("runs", "surface", "valleys", "derailments"):
        assert getattr(back, name).identical(getattr(done, name))
    assert back.experiment.settings == done.experiment.settings


def test_the_store_is_opened_with_xarray(done, tmp_path):
    put(done, tmp_path / "run")
    runs = xr.open_zarr(tmp_path / "run" / "results.zarr", consolidated=False)
    assert runs.attrs["done"]
    np.testing.assert_array_equal(runs["train_loss"].values, done.runs["train_loss"].values)


def test_the_tables_hold_the_arrays(done, tmp_path):
    put(done, tmp_path / "run")
    lines = (tmp_path / "run" / "trajectory.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "run,step,phi,train_loss,test_loss,grad_norm,valley"
    assert len(lines) == 1 + 2 * 9
    run, step, phi, *_ = lines[1 + 9 + 3].split(",")
    assert (run, step, float(phi)) == ("1", "3", done.runs["params"].values[1, 3, 0])


def test_a_finished_run_is_replaced(done, tmp_path):
    put(done, tmp_path / "run")
    put(done, tmp_path / "run")
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_is_not_ours_is_left_alone(done, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"holds 'thesis.tex', which thalweg did not write; give another folder"):
        put(done, tmp_path / "run")
    assert (tmp_path / "run" / "thesis.tex").read_text() == "years of work"


def test_a_folder_of_ours_with_something_of_the_users_is_left_alone(done, tmp_path):
    put(done, tmp_path / "run")
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds 'notes.txt'"):
        put(done, tmp_path / "run")
    assert (tmp_path / "run" / "notes.txt").exists()


def test_a_file_is_not_a_folder(done, tmp_path):
    (tmp_path / "run").write_text("x")
    with pytest.raises(OutputError, match="is a file; give another folder with --out"):
        put(done, tmp_path / "run")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_what_was_interrupted_leaves_nothing_behind(done, tmp_path, error):
    with pytest.raises((KeyboardInterrupt, OutputError)) as caught, directory.staging(tmp_path / "run") as folder:
        directory.write(done, folder)
        raise error
    assert list(tmp_path.iterdir()) == []
    if isinstance(error, OSError):
        assert "No space left on device; make room there" in str(caught.value)


def test_folders_made_on_the_way_go_again(tmp_path):
    with pytest.raises(OutputError), directory.staging(tmp_path / "deep" / "er" / "run"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_finds_no_room_is_told_with_the_users_folder(tmp_path):
    with pytest.raises(OutputError) as caught, directory.staging(tmp_path / "run"):
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise OutputError("cannot write .run.partial-x/figures/crown.gif") from error
    assert str(caught.value).startswith(
        f"cannot write {(tmp_path / 'run').resolve()}: No space left on device; make room"
    )


def test_a_failed_rewrite_leaves_the_former_run(done, tmp_path):
    put(done, tmp_path / "run")
    with pytest.raises(OutputError), directory.staging(tmp_path / "run"):
        raise OSError(errno.EIO, "Input/output error")
    assert directory.read(tmp_path / "run").runs.identical(done.runs)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_a_store_that_was_not_finished_is_refused(done, tmp_path):
    put(done, tmp_path / "run")
    import zarr

    del zarr.open_group(tmp_path / "run" / "results.zarr", mode="r+").attrs["done"]
    with pytest.raises(InvalidData, match="was not finished; run the experiment again"):
        directory.read(tmp_path / "run")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InvalidData, match="holds no finished run"):
        directory.read(tmp_path)


def test_the_users_table_is_copied_into_the_run(tmp_path):
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n2,1\n3,5\n", encoding="utf-8")
    text = '[problem]\nkind="table"\npath="mine.csv"\nx="a"\ny="b"\n[loss]\nkind="absolute"\n[descent]\nsteps=2\n'
    done = results.perform(experiment.parse(text + "[surface]\npoints=11\n", tmp_path))
    put(done, tmp_path / "run")
    (tmp_path / "mine.csv").unlink()
    back = directory.read(tmp_path / "run")
    np.testing.assert_array_equal(back.experiment.objective.train, done.experiment.objective.train)


@pytest.mark.parametrize(
    ("own", "kept"), [("springs.csv", "springs.csv"), ("Valleys.csv", "data.csv"), ("t", "data.csv")]
)
def test_a_copied_table_keeps_its_name_where_that_is_free(tmp_path, own, kept):
    """The figures of a finished run had called every file data.csv."""
    (tmp_path / own).write_text("x,y\n1,2.1\n2,3.9\n3,6.2\n", encoding="utf-8")
    text = f'[problem]\nkind = "table"\npath = "{own}"\nx = "x"\ny = "y"\n[loss]\nkind = "huber"\n'
    made = results.Results(experiment.parse(text, tmp_path), surface=xr.Dataset({"train_loss": 0.0}))
    for _ in range(2):  # what is in its place is known for ours, and replaced
        with directory.staging(tmp_path / "out") as folder:
            directory.write(made, folder)
    assert (tmp_path / "out" / kept).read_text(encoding="utf-8").startswith("x,y")
    with directory.staging(tmp_path / "out") as folder:
        directory.copy(tmp_path / "out", folder)
    assert directory.read(tmp_path / "out").experiment.problem.source == kept
    (tmp_path / "out" / "other.csv").touch()
    with pytest.raises(OutputError, match="holds 'other.csv', which thalweg did not write"):
        directory.check(tmp_path / "out")


@pytest.mark.parametrize("own", ["own.txt", "own.dat", "own.xlsx", "runs.csv.tsv"])
def test_a_copied_table_keeps_its_ending_whatever_is_in_it(tmp_path, own):
    text = "x;y\n1,5;2,1\n2;3,9\n3;6,2\n"
    (tmp_path / own).write_text(text, encoding="utf-16")
    made = results.Results(experiment.parse(FIT.format(own), tmp_path), surface=xr.Dataset({"train_loss": 0.0}))
    put(made, tmp_path / "run")
    assert (tmp_path / "run" / own).read_text(encoding="utf-16") == text
    back = directory.read(tmp_path / "run").experiment.problem
    assert back.train["x"].tolist() == [1.5, 2, 3]


def test_what_came_by_the_standard_input_is_kept_with_the_run(tmp_path, monkeypatch):
    class Piped:
        buffer = io.BytesIO(b"x,y\n1,2\n2,4\n3,7\n")
        isatty = staticmethod(lambda: False)

    monkeypatch.setattr(sys, "stdin", Piped)
    standard_input.cache_clear()
    made = results.Results(experiment.parse(FIT.format("-"), tmp_path), surface=xr.Dataset({"train_loss": 0.0}))
    put(made, tmp_path / "run")
    standard_input.cache_clear()
    assert made.experiment.problem.told[0] == "the standard input: 3 rows, columns x, y; commas"
    assert directory.read(tmp_path / "run").experiment.problem.train["y"].tolist() == [2, 4, 7]
