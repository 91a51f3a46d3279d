import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.descent.minibatch import draw, first_shuffle
from thalweg.experiment import experiment


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(noise=0.1), tw.losses.quadratic())


def test_an_epoch_takes_every_example_once():
    shuffle = first_shuffle(5, jnp.arange(3, dtype=jnp.uint32), jnp.full(3, 4), 12)
    seen, drawn = [], jax.jit(draw, static_argnums=1)
    for step in range(6):
        rows, _, shuffle = drawn(shuffle, 4, jnp.asarray(step))
        seen.append(np.asarray(rows))
    for epoch in (seen[:3], seen[3:]):
        taken = np.concatenate(epoch)
        for run in range(3):
            assert sorted(taken[:, run].tolist()) == list(range(12))
    assert not np.array_equal(np.concatenate(seen[:3]), np.concatenate(seen[3:]))


def test_runs_shuffle_for_themselves_and_repeatably(objective):
    batch = tw.Minibatch(32, seed=1)
    runs = tw.descend(objective, tw.Descent(optax.sgd(0.1), 20, batch), starts=[0.5, 0.5])
    again = tw.descend(objective, tw.Descent(optax.sgd(0.1), 20, batch), starts=[0.5])
    first, second = runs["params"].values
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, again["params"].values[0])


def test_a_batch_of_all_data_is_the_full_gradient(objective):
    full = tw.descend(objective, optax.sgd(0.1), steps=15)
    batch = tw.descend(objective, tw.Descent(optax.sgd(0.1), 15, tw.Minibatch(670)))
    # The same sum in another order.
    np.testing.assert_allclose(batch["params"].values, full["params"].values, rtol=1e-12)


def test_the_training_loss_is_of_all_data(objective):
    runs = tw.descend(objective, tw.Descent(optax.sgd(0.1), 4, tw.Minibatch(10, seed=2)))
    x, y = objective.train
    for step in range(5):
        phi = runs["params"].values[0, step, 0]
        assert runs["train_loss"].values[0, step] == pytest.approx(np.mean((np.tan(phi) * x - y) ** 2), rel=1e-12)


def test_a_closed_form_has_nothing_to_take_batches_of():
    with pytest.raises(InvalidValue, match="himmelblau has no data to take mini-batches of; leave minibatch out"):
        tw.descend(tw.objective(tw.problems.himmelblau()), tw.Descent(optax.sgd(0.1), minibatch=tw.Minibatch(2)))


@pytest.mark.parametrize("precision", [pytest.param(32, marks=pytest.mark.long), 64])
def test_batch_sizes_may_differ_from_run_to_run(objective, precision):
    sizes, starts = [5, 1, 670], [0.5, -0.3, 0.9]
    more = {"steps": 25, "precision": precision}
    together = tw.descend(
        objective, tw.Descent(optax.adam(0.02), minibatch=tw.Minibatch(sizes, seed=4), **more), starts=starts
    )
    for k, size in enumerate(sizes):
        # Run k's shuffles depend on its number, so it has to be run k here too.
        alone = tw.descend(
            objective,
            tw.Descent(optax.adam(0.02), minibatch=tw.Minibatch(size, seed=4), **more),
            starts=starts[: k + 1],
        )
        # Examples that do not count are added as 0, which keeps a processor from joining product and sum in one rounding.
        close = {"rtol": 0, "atol": 1e-13 if precision == 64 else 1e-5}
        np.testing.assert_allclose(together["params"].values[k], alone["params"].values[k], **close)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        ([4, 8], "there are 2 minibatch sizes for 3 runs; give one, or one a run"),
        ([4, 8, 671], "minibatch size = 671 is more than the 670 training examples"),
        ([4, 0, 3], "minibatch size = 0 is not allowed"),
        ([], "minibatch size is an empty list"),
    ],
)
def test_bad_sizes_are_refused_in_one_line(objective, size, text):
    with pytest.raises(InvalidValue, match=text):
        tw.descend(objective, tw.Descent(optax.sgd(0.1), minibatch=tw.Minibatch(size)), starts=[0.1, 0.2, 0.3])


def test_sizes_in_an_experiment_that_are_no_whole_numbers_are_refused():
    tables = {"problem": {"kind": "pencil"}, "loss": {"kind": "absolute"}}
    with pytest.raises(
        InvalidValue, match=r"descent.minibatch.size = \[4, 2.5, 3\] is not allowed; give a whole number"
    ):
        experiment.build({**tables, "descent": {"minibatch": {"size": [4, 2.5, 3]}}})
