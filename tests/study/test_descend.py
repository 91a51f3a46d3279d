"""The border of descents: streamed runs are those held in memory, and nothing is overwritten."""

import jax.numpy as jnp
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


def test_a_start_whose_gradient_is_not_finite_is_kept_and_the_run_diverges():
    # The loss 1 at (0, 1) is finite, the derivative of the root is 0 / 0 there.
    cusp = tw.problems.function(
        lambda p: jnp.sqrt(p[0] ** 2) + p[1] ** 2, [tw.problems.Axis("x", -1, 2), tw.problems.Axis("y", -1, 2)]
    )
    runs = tw.descend(tw.objective(cusp), optax.sgd(0.1), starts=[[0.0, 1.0], [0.5, 1.0]], steps=3)
    assert runs["last_step"].values.tolist() == [0, 3]
    np.testing.assert_array_equal(runs["params"][0, 0], [0, 1])
    np.testing.assert_array_equal(runs["train_loss"][0], [1, np.nan, np.nan, np.nan])
    assert np.isnan(runs["grad_norm"][0]).all()
    assert runs["status"].values.tolist() == [tw.Status.DIVERGED, tw.Status.MAX_STEPS]
    # Also where that is the last step.
    alone = tw.descend(tw.objective(cusp), optax.sgd(0.1), starts=[0.1, 0.0], steps=1)
    np.testing.assert_array_equal(alone["train_loss"][0], [0.1, 0])
    assert (alone["last_step"].item(), alone["status"].item()) == (1, tw.Status.DIVERGED)
