import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.precision import computing
from thalweg.descent import rows
from thalweg.descent.mean import BLOCK, LANES


@pytest.mark.parametrize(
    ("count", "parameters"),
    [(1, 1), (7, 3), (BLOCK * LANES, 2), (BLOCK * LANES + 1, 1), (1757, 3), (1757, rows.FEW + 1)],
)
def test_every_example_counts_once_however_many_there_are(count, parameters, monkeypatch):
    x, weights = np.arange(1.0, count + 1) % 32, np.arange(2.0, parameters + 2)
    point = np.arange(1.0, parameters + 1)[:, None]

    def example(p, x, row):
        return jnp.dot(p, jnp.asarray(weights) * x) + row

    @jax.jit
    def evaluated(point, x, y):
        data = rows.laid((x, y), parameters)
        return rows.value(example, point, data), *rows.value_and_gradient(example, point, data)

    for chunk in {rows.CHUNK, 1000} if count > 1000 else {rows.CHUNK}:
        monkeypatch.setattr(rows, "CHUNK", chunk)
        evaluated.clear_cache()
        with computing(64):
            value, loss, slopes = evaluated(point, x, x[::-1].copy())
        # Sums of small whole numbers are exact, and a quotient is rounded once.
        np.testing.assert_array_equal(slopes[:, 0], (weights * x[:, None]).sum(axis=0) / count)
        np.testing.assert_array_equal(loss, ((point[:, 0] * weights).sum() + 1) * x.sum() / count)
        np.testing.assert_array_equal(loss, value)


def test_examples_that_are_not_kept_do_not_count():
    x, kept = np.arange(1.0, 14), np.arange(13) % 3 == 1
    with computing(64):
        data = rows.laid((jnp.asarray(x),), 1, jnp.asarray(kept))
        loss, slope = rows.value_and_gradient(lambda p, x: p[0] * x, jnp.full((1, 1), 4.0), data)
    np.testing.assert_array_equal([loss[0], slope[0, 0]], [4 * x[kept].mean(), x[kept].mean()])


def scattered(rows, loss):
    """A line through points far off and near, another objective at every call."""
    drawn = np.random.default_rng(5)
    x = drawn.normal(1.0, 2.0, rows)
    y = 1.7 * x - 4 + drawn.standard_t(2, rows)
    axes = tw.problems.Axis("W", -3, 5), tw.problems.Axis("c", -9, 3)
    return tw.objective(tw.problems.regression(lambda p, x, y: p[0] * x + p[1] - y, {"x": x, "y": y}, axes), loss)


OPTIMIZERS = {"sgd": optax.sgd(0.05), "adam": optax.adam(0.05), "lbfgs": optax.lbfgs()}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_of_many_examples_a_run_is_the_same_alone_and_among_others(name):
    objective = scattered(2003, tw.losses.power(1 / 2))
    starts = tw.starts.uniform(objective.problem, 5)
    together = tw.descend(objective, OPTIMIZERS[name], starts=starts, steps=8)
    assert together.attrs["formulation"] == "rows"
    for k in (0, 3, 4):
        alone = tw.descend(objective, OPTIMIZERS[name], starts=starts[k], steps=8)
        for variable in ("params", "train_loss", "test_loss", "grad_norm"):
            np.testing.assert_array_equal(alone[variable].values[0], together[variable].values[k])


@pytest.mark.parametrize("minibatch", [None, tw.Minibatch([7, 40], seed=3)])
def test_many_examples_are_descended_as_few_are(monkeypatch, minibatch):
    descent = tw.Descent(optax.adam(0.05), 12, minibatch)
    alone, beside = (scattered(211, tw.losses.huber(1.0)) for _ in range(2))
    starts = tw.starts.uniform(alone.problem, 2)
    blocks = tw.descend(beside, descent, starts=starts)
    monkeypatch.setattr("thalweg.descent.formulation.MANY", 200)
    found = tw.descend(alone, descent, starts=starts)
    assert (found.attrs["formulation"], blocks.attrs["formulation"]) == ("rows", "blocks")
    # The same sums in another order.
    for variable in ("params", "train_loss", "grad_norm"):
        np.testing.assert_allclose(found[variable].values, blocks[variable].values, rtol=1e-11, atol=1e-12)
