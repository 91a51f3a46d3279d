import sys

import pytest

from thalweg.base.errors import OutputError
from thalweg.experiment import staging
from thalweg.experiment.staging import FORMER, LOCK, NEW, TEXT, recover, staged


def left(out, *, text=TEXT, former=False, name="abcdefgh"):
    """Make what a killed process leaves beside ``out``."""
    hidden = out.parent / f".{out.name}.partial-{name}"
    (hidden / NEW).mkdir(parents=True)
    (hidden / NEW / "half.txt").write_text("half", encoding="utf-8")
    (hidden / LOCK).write_bytes(text)
    if former:
        (hidden / FORMER).mkdir()
        (hidden / FORMER / "result.txt").write_text("earlier", encoding="utf-8")
    return hidden


def put(out, text="x"):
    with staged(out) as folder:
        (folder / "result.txt").write_text(text, encoding="utf-8")


def test_a_finished_folder_replaces_the_former_one_and_nothing_else_is_left(tmp_path):
    for text in ("first", "second"):
        put(tmp_path / "run", text)
        assert (tmp_path / "run" / "result.txt").read_text(encoding="utf-8") == text
        assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_next_run_removes_what_killed_ones_left(tmp_path):
    out = tmp_path / "run"
    left(out)
    left(out, text=b"", name="12345678")  # killed before the text was written
    (tmp_path / ".run.partial-87654321").mkdir()  # killed before anything was
    put(out)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_result_moved_aside_by_a_killed_run_comes_back(tmp_path):
    out = tmp_path / "run"
    left(out, former=True)
    recover(out)
    assert (out / "result.txt").read_text(encoding="utf-8") == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_finished_result_is_not_replaced_by_the_one_before_it(tmp_path):
    out = tmp_path / "run"
    put(out, "later")
    left(out, former=True)
    recover(out)
    assert (out / "result.txt").read_text(encoding="utf-8") == "later"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_in_use_is_left_alone(tmp_path):
    out = tmp_path / "run"
    with staged(out) as first:
        (first / "result.txt").write_text("first", encoding="utf-8")
        put(out, "second")
        assert first.exists()
    assert (out / "result.txt").read_text(encoding="utf-8") == "first"


@pytest.mark.parametrize("change", ["text", "entry", "name", "other place"])
def test_what_is_not_ours_is_left_alone(tmp_path, change):
    out = tmp_path / "run"
    text = b"of somebody else" if change == "text" else TEXT
    hidden = left(out, text=text, name="my-notes" if change == "name" else "abcdefgh")
    if change == "entry":
        (hidden / "thesis.tex").write_text("years of work", encoding="utf-8")
    put(tmp_path / "other" if change == "other place" else out)
    assert (hidden / NEW / "half.txt").exists()


@pytest.mark.parametrize(("text", "stays"), [(TEXT, False), (TEXT + b"and more", True), (b"", True)])
def test_a_file_in_place_of_a_folder_goes_if_it_is_ours(tmp_path, text, stays):
    bar = tmp_path / ".run.partial-abcdefgh"
    bar.write_bytes(text)
    put(tmp_path / "run")
    assert bar.exists() == stays


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_is_not_followed(tmp_path):
    real = left(tmp_path / "elsewhere" / "run")
    (tmp_path / ".run.partial-abcdefgh").symlink_to(real)
    put(tmp_path / "run")
    assert (real / NEW / "half.txt").exists()


def test_a_name_that_fits_may_be_so_long_that_a_hidden_one_does_not(tmp_path):
    out = tmp_path / ("x" * 250)
    put(out)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_a_name_that_does_not_fit_is_refused_before_the_work_and_shortened(tmp_path):
    with pytest.raises(OutputError, match="File name too long|cannot write") as caught, staged(tmp_path / ("x" * 300)):
        pytest.fail("the block ran")
    assert len(str(caught.value)) < 400
    assert list(tmp_path.iterdir()) == []


def test_abandoning_removes_what_is_written_and_lets_nothing_be_placed(tmp_path, monkeypatch):
    class Once:
        """The lock, which the ending process never gives back: taken once more, it would wait for ever."""

        taken = False

        def acquire(self):
            assert not self.taken
            self.taken = True

        def __enter__(self):
            assert not self.taken, "waits for ever"

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(staging, "placing", Once())
    monkeypatch.setattr(staging, "placed", [])
    with pytest.raises(AssertionError, match="waits for ever"), staged(tmp_path / "deep" / "run"):
        finished, entries = staging.abandon(), list(tmp_path.iterdir())
    # Not inside the block: what it raises is replaced by what its end raises.
    assert (finished, entries) == ([], [])
    staging.underway.clear()
