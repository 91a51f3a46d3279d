"""The border of descents: streamed runs are those held in memory, and nothing is overwritten."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue, OutputError


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.line(), tw.losses.quadratic())


@pytest.fixture(scope="module")
def held(objective):
    return tw.descend(objective, optax.sgd(0.05), starts=tw.starts.uniform(objective.problem, 300, seed=2), steps=7)


def test_a_streamed_descent_is_the_same(objective, held, tmp_path):
    starts = tw.starts.uniform(objective.problem, 300, seed=2)
    streamed = tw.descend(objective, optax.sgd(0.05), starts=starts, steps=7, store=tmp_path / "runs")
    assert set(streamed.variables) == set(held.variables)
    for name in held.variables:
        np.testing.assert_array_equal(streamed[name], held[name])
    assert streamed.attrs["optimizer"] == held.attrs["optimizer"]
    with pytest.raises(OutputError, match="runs"):
        tw.descend(objective, optax.sgd(0.05), starts=starts, steps=7, store=tmp_path / "runs")


def test_step_0_is_the_start_and_the_next_has_one_update(objective, held):
    starts = tw.starts.uniform(objective.problem, 300, seed=2)
    np.testing.assert_array_equal(held["params"][:, 0], starts)
    x, y = objective.train
    residual = starts[:, :1] * (x - objective.problem.center) + starts[:, 1:] - y
    gradient = 2 * np.stack([(residual * (x - objective.problem.center)).mean(axis=1), residual.mean(axis=1)], axis=1)
    # Sums of a few dozen terms of size ten.
    np.testing.assert_allclose(held["params"][:, 1], starts - 0.05 * gradient, rtol=0, atol=1e-12)
    np.testing.assert_allclose(held["grad_norm"][:, 0], np.linalg.norm(gradient, axis=1), rtol=1e-12)


@pytest.mark.parametrize("beside", [{"steps": 5}, {"precision": 32}])
def test_a_descent_has_steps_and_precision_of_its_own(objective, beside):
    name = next(iter(beside))
    with pytest.raises(InvalidValue, match=f"{name} = .* is given beside a Descent, which has its own"):
        tw.descend(objective, tw.Descent(optax.sgd(0.1), steps=3), **beside)
