import jax
import numpy as np
import optax
import pytest

import thalweg as tw
from tests.descent.test_rows import scattered
from thalweg.base import parallel
from thalweg.base.progress import listening
from thalweg.descent import search

LBFGS = tw.Optimizer(optax.lbfgs)
VARIABLES = ("params", "train_loss", "test_loss", "grad_norm")


@pytest.fixture(scope="module")
def objective():
    return scattered(47, tw.losses.power(1 / 2, smoothing=0.2))


@pytest.fixture(scope="module")
def starts(objective):
    return tw.starts.uniform(objective.problem, 67)


@pytest.fixture(scope="module")
def runs(objective, starts):
    return tw.descend(objective, LBFGS, starts=starts, steps=60)


def test_a_search_is_the_same_alone_and_among_others_in_any_order_on_any_cores(objective, starts, runs, monkeypatch):
    for k in (0, 33, 66):
        alone = tw.descend(objective, LBFGS, starts=starts[k], steps=60)
        for name in VARIABLES:
            np.testing.assert_array_equal(alone[name].values[0], runs[name].values[k])
    for module in (parallel, search):
        monkeypatch.setattr(module, "cores", lambda: 3)
    back = tw.descend(objective, LBFGS, starts=starts[::-1], steps=60)
    np.testing.assert_array_equal(back["params"].values[::-1], runs["params"].values)
    assert runs.attrs["formulation"] == "rows"


def test_a_run_at_rest_stays_where_going_on_would_leave_it_to_rounding(starts, runs, monkeypatch):
    monkeypatch.setattr("thalweg.descent.state.PATIENCE", 10**6)
    monkeypatch.setattr("thalweg.descent.state.AT_BOTTOM", 10**6)
    monkeypatch.setattr("thalweg.descent.state.NOTHING", -1)
    again = scattered(47, tw.losses.power(1 / 2, smoothing=0.2))  # another, for which nothing is compiled yet
    on = tw.descend(again, LBFGS, starts=starts, steps=60)
    params, further = runs["params"].values, on["params"].values
    still = (params == params[:, -1:]).all(axis=-1)
    first = len(still[0]) - np.logical_and.accumulate(still[:, ::-1], axis=1).sum(axis=1)
    assert (first < 45).all()
    for run, step in enumerate(first):
        # Until it rests it is the same to the bit; and then every measurement is that of the place where it rests.
        np.testing.assert_array_equal(params[run, :step], further[run, :step])
        for name in ("train_loss", "grad_norm"):
            assert (runs[name].values[run, step:] == runs[name].values[run, step]).all()
    # Rounding of a loss of 1 or so with a curvature of 0.1 or more.
    np.testing.assert_allclose(params[:, -1], further[:, -1], rtol=0, atol=1e-11)
    np.testing.assert_allclose(runs["train_loss"][:, -1], on["train_loss"][:, -1], rtol=1e-15, atol=0)


def test_a_run_at_rest_evaluates_nothing_more():
    counted = []

    def bowl(p):
        jax.debug.callback(lambda: counted.append(1))
        return (p[0] - 1) ** 2 + 3 * (p[1] + 2) ** 4

    objective = tw.objective(
        tw.problems.function(bowl, [tw.problems.Axis("a", -4, 4), tw.problems.Axis("b", -4, 4)], start=[3.0, 1.0])
    )
    numbers = []
    for steps in (150, 1500):
        counted.clear()
        runs = tw.descend(objective, LBFGS, steps=steps)
        jax.effects_barrier()
        numbers.append(len(counted))
        np.testing.assert_allclose(runs["params"].values[0, -1], [1, -2], atol=1e-3)
    assert 0 < numbers[0] == numbers[1] < 1000


def test_a_run_that_starts_in_the_minimum_stays_and_its_neighbour_arrives():
    bowl = tw.objective(tw.problems.function(lambda p: p[0] ** 2, tw.problems.Axis("x", -4, 4)))
    runs = tw.descend(bowl, LBFGS, starts=[0.0, 2.0], steps=5)
    np.testing.assert_array_equal(runs["params"].values[0], 0)
    assert runs["params"].values[1, -1] == 0
    assert runs["status"].values.tolist() == [tw.Status.CONVERGED] * 2


def test_outcomes_of_searches_are_those_of_their_histories():
    objective = tw.objective(tw.problems.himmelblau())
    valleys = tw.find_valleys(objective)
    starts = tw.starts.uniform(objective.problem, 30)
    ends = tw.outcomes(objective, tw.Descent(LBFGS, 40), valleys, starts=starts)
    runs = tw.descend(objective, LBFGS, starts=starts, steps=40)
    np.testing.assert_array_equal(ends["loss"], runs["train_loss"][:, -1])
    assert set(ends["outcome"].values.tolist()) == {0, 1, 2, 3}
    # All four valleys have the depth 0 and floors between 0.1 and 60; a run settles at the first of its last steps there.
    assert (ends["settled"] < 15).all()
    nearest = np.abs(runs["params"].values[:, -1, None] - valleys["position"].values).max(axis=-1)
    np.testing.assert_array_equal(nearest.argmin(axis=1), ends["outcome"])


def test_searches_tell_how_far_they_are(objective, starts):
    heard = []
    with listening(lambda what, done, total: heard.append((what, done, total))):
        tw.descend(objective, LBFGS, starts=starts, steps=60)
    assert len(heard) > 10
    assert heard[-1][1] == heard[-1][2]
