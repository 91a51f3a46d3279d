"""A run taken down step by step: what is heard of it, and when it is given up."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.base.progress import listening
from thalweg.frameworks.common import trajectory
from thalweg.frameworks.common.formula import formula
from thalweg.frameworks.common.trajectory import FIRST, Job, Log, TooSlow


def job_of(steps, patience=None):
    objective = tw.objective(tw.problems.himmelblau())
    return Job("Theirs", formula(objective.example, 2, (), 64), None, None, steps, patience)


def walk(log, steps):
    for k in range(steps + 1):
        log.begin(np.array([k, -k], dtype=np.float64))
        log.end(float(k), np.array([3.0, 4.0]))


@pytest.fixture
def clock(monkeypatch):
    """A clock by which the first step takes ten seconds and each further one two."""
    times = iter([0.0, 10.0, *np.repeat(np.arange(1, 1000), 2) * 2.0 + np.tile([0.0, 2.0], 999)])
    monkeypatch.setattr(trajectory, "perf_counter", lambda: next(times))


def test_every_step_is_heard_of_by_the_frameworks_name():
    heard = []
    with listening(lambda *report: heard.append(report)):
        log = Log(job_of(3))
        walk(log, 3)
        log.trajectory(None)
    assert heard == [("descending in Theirs", done, 4) for done in range(5)]


def test_a_trajectory_has_what_was_taken_down(clock):
    log = Log(job_of(3))
    walk(log, 3)
    run = log.trajectory(lambda point: 2 * point[0])
    np.testing.assert_array_equal(run.params, [[0, 0], [1, -1], [2, -2], [3, -3]])
    np.testing.assert_array_equal(run.train_loss, [0, 1, 2, 3])
    np.testing.assert_array_equal(run.test_loss, [0, 2, 4, 6])
    np.testing.assert_array_equal(run.grad_norm, 5)
    np.testing.assert_array_equal(run.seconds, [10, 2, 2, 2])


def test_a_run_is_given_up_once_its_first_steps_tell_that_it_takes_too_long(clock):
    log = Log(job_of(100, patience=209.0))
    with pytest.raises(TooSlow) as caught:
        walk(log, 100)
    assert caught.value.seconds == 10 + 100 * 2
    assert len(log.trajectory(None).seconds) == FIRST + 1


@pytest.mark.parametrize("patience", [None, 210.0])
def test_a_run_within_patience_goes_on(clock, patience):
    log = Log(job_of(100, patience))
    walk(log, 100)
    assert len(log.trajectory(None).seconds) == 101
