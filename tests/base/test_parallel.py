import threading

import jax
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base import compiling, parallel
from thalweg.base.errors import OutputError
from thalweg.base.progress import listening
from thalweg.descent import mean


def test_results_come_in_the_order_of_the_tasks(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 3)
    last = threading.Event()

    def work(task):
        if task == 0:
            assert last.wait(30)  # the first task ends after the second
        if task == 1:
            last.set()
        return task * task

    heard = []
    with listening(lambda what, done, total: heard.append((what, done, total))):
        assert list(parallel.each(work, range(7), "squaring")) == [k * k for k in range(7)]
    assert heard == [("squaring", done, 7) for done in range(8)]


def test_no_more_tasks_are_taken_than_are_needed(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    taken = []
    results = parallel.each(lambda task: taken.append(task) or task, range(1000), "taking")
    assert next(results) == 0
    results.close()
    # Two cores, one waiting, and one more for the result that was taken.
    assert len(taken) <= 4


def test_whoever_stops_waits_for_what_has_begun_and_drops_the_rest(monkeypatch):
    """A thread inside a compiled program while the interpreter goes is a segmentation fault."""
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    begun, go, ended = threading.Event(), threading.Event(), []

    def work(task):
        if task:
            begun.set()
            assert go.wait(30)
        ended.append(task)
        return task

    results = parallel.each(work, range(50), "working")
    assert next(results) == 0
    assert begun.wait(30)
    threading.Timer(0.05, go.set).start()
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt())
    alive = [thread.name for thread in threading.enumerate() if thread.name.startswith("thalweg_")]
    assert alive == []
    assert len(ended) <= 4


def test_an_error_of_a_task_is_raised_and_ends_the_work(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        list(parallel.each(lambda task: 1 / (task - 3), range(100), "dividing"))


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_runs_do_not_depend_on_the_number_of_threads(monkeypatch, cores):
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    starts = tw.starts.uniform(objective.problem, 600)
    once = tw.descend(objective, optax.sgd(0.05), starts=starts, steps=30, precision=32)
    for module in (parallel, mean):
        monkeypatch.setattr(module, "cores", lambda: cores)
    assert tw.descend(objective, optax.sgd(0.05), starts=starts, steps=30, precision=32).equals(once)


def test_compiled_programs_are_kept_where_asked_and_settings_put_back(tmp_path):
    before = [getattr(jax.config, name) for name in compiling.SETTINGS]
    objective = tw.objective(tw.problems.booth())
    with tw.compilation_cache(tmp_path / "programs"):
        tw.descend(objective, optax.sgd(0.0123), steps=3)
    kept = sorted(path.name for path in (tmp_path / "programs").iterdir())
    assert any("program" in name for name in kept)
    assert [getattr(jax.config, name) for name in compiling.SETTINGS] == before
    jax.clear_caches()
    with tw.compilation_cache(tmp_path / "programs"):
        found = tw.descend(objective, optax.sgd(0.0123), steps=3)
    assert np.isfinite(found["train_loss"]).all()
    names = {name.removesuffix("-atime").removesuffix("-cache") for name in kept}
    again = {path.name.removesuffix("-atime").removesuffix("-cache") for path in (tmp_path / "programs").iterdir()}
    assert {name for name in again if "program" in name} <= names


def test_a_place_that_cannot_hold_programs_is_refused(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(OutputError, match="cannot write .*; give another folder for compiled programs"),
        tw.compilation_cache(tmp_path / "file" / "folder"),
    ):
        pass
