"""Noise of gradients against pairs of batches, loops and data whose covariance is known."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.geometry.networks import FACTS, Formula, bowl
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.geometry import eigenpairs
from thalweg.geometry.network import Portion
from thalweg.networks import batches, gradient_noise, restrict, wrap
from thalweg.store.recording import Recorder

MEAN = np.array([2.0, -1.0, 0.5])
SPREAD = np.array([1.0, 2.0, 0.5])


def draws(rows, seed):
    return np.random.default_rng(seed).normal(MEAN, SPREAD, (rows, 3))


def distance(p, x):
    """A loss whose gradient by p, of one row, is ``p - x``."""
    return jnp.mean(jnp.sum((p - x) ** 2, axis=1)) / 2


def net_of(x, rows=None):
    with computing(64):
        return wrap(jnp.zeros(3), distance, (x,), rows=rows)


def made(parts):
    """The same loss in NumPy, of batches."""
    count = sum(map(len, parts))
    portions = tuple(
        Portion(
            len(part) / count,
            Formula(lambda p, x=part: np.mean(np.sum((p - x) ** 2, axis=1)) / 2, lambda p, x=part: p - x.mean(axis=0)),
            len(part),
        )
        for part in parts
    )
    return replace(bowl(np.eye(3)), portions=portions, facts=FACTS | {"examples": count})


def test_of_single_rows_it_is_the_covariance_and_the_mean():
    x = draws(60, 0)
    found = gradient_noise(net_of(x, rows=1))
    trace = np.trace(np.cov(x.T))
    square = np.sum(x.mean(axis=0) ** 2) - trace / 60
    assert float(found["noise_trace"]) == pytest.approx(trace, rel=1e-12)
    assert float(found["gradient_square"]) == pytest.approx(square, rel=1e-12)
    assert float(found["noise_scale"]) == pytest.approx(trace / square, rel=1e-12)
    assert (found.attrs["batches"], found.attrs["rows"]) == (60, 60)


def test_errors_are_those_of_leaving_each_batch_out():
    x = draws(25, 1)
    found = gradient_noise(net_of(x, rows=3))  # eight of three, and one row

    def by_hand(rows):
        sizes = np.array([len(part) for part in rows])
        means = np.array([part.mean(axis=0) for part in rows])
        center = sizes @ means / sizes.sum()
        trace = sizes @ np.sum((means - center) ** 2, axis=1) / (len(rows) - 1)
        square = center @ center - trace / sizes.sum()
        return np.array([trace, square, trace / square])

    parts = [x[k : k + 3] for k in range(0, 25, 3)]
    without = np.array([by_hand(parts[:k] + parts[k + 1 :]) for k in range(9)])
    errors = np.sqrt(8 / 9 * np.sum((without - without.mean(axis=0)) ** 2, axis=0))
    names = ("noise_trace", "gradient_square", "noise_scale")
    np.testing.assert_allclose([found[name] for name in names], by_hand(parts), rtol=1e-10)
    np.testing.assert_allclose([found[f"{name}_error"] for name in names], errors, rtol=1e-9)


def test_of_batches_of_one_size_it_is_the_papers_pair_of_sizes():
    x = draws(40, 2)
    found = gradient_noise(made(np.split(x, 8)))
    small = np.mean([np.sum(x[k : k + 5].mean(axis=0) ** 2) for k in range(0, 40, 5)])
    big = np.sum(x.mean(axis=0) ** 2)
    # Equations A.2 and A.3, of batches of 5 and of all 40.
    assert float(found["gradient_square"]) == pytest.approx((40 * big - 5 * small) / 35, rel=1e-11)
    assert float(found["noise_trace"]) == pytest.approx((small - big) / (1 / 5 - 1 / 40), rel=1e-11)


@pytest.mark.parametrize("sizes", [(4,) * 10, (1, 2, 9, 3, 8, 2, 5, 7, 3)])
def test_it_is_right_on_average_and_errors_are_too(sizes):
    found, ends = [], np.cumsum(sizes)[:-1]
    for seed in range(60):
        found.append(gradient_noise(made(np.split(draws(40, 100 + seed), ends))))
    for name, truth in (("noise_trace", np.sum(SPREAD**2)), ("gradient_square", np.sum(MEAN**2))):
        values = np.array([float(one[name]) for one in found])
        assert abs(values.mean() - truth) < 4 * values.std() / np.sqrt(60)  # 4 standard errors
        stated = np.sqrt(np.mean([float(one[f"{name}_error"]) ** 2 for one in found]))
        assert stated == pytest.approx(values.std(), rel=0.35)  # a standard deviation of 60 is known to 9 %


def test_a_gradient_lost_in_noise_has_no_scale():
    x = draws(30, 3)
    found = gradient_noise(made(np.split(x - x.mean(axis=0), 30)))
    assert float(found["gradient_square"]) < 0
    assert np.isnan(found["noise_scale"])


def test_it_goes_along_a_run_and_takes_some_parameters_alone():
    x = draws(12, 4)
    net = made(np.split(x, 6))
    recorder = Recorder(lambda point: point, net.leaves)
    for k in range(3):
        recorder.step(model=np.full(3, 0.3 * k))
    found = gradient_noise(net, recorder.finish(np.ones(3)))
    assert found["noise_scale"].dims == ("step",)
    alone = gradient_noise(net, np.full(3, 0.6))
    assert float(found["noise_scale"][2]) == float(alone["noise_scale"])
    assert restrict(net, "*").portions[0].rows == 2


def test_gradients_that_do_not_fit_are_computed_again(monkeypatch):
    net = made(np.split(draws(20, 5), 10))
    kept = gradient_noise(net)
    monkeypatch.setattr(eigenpairs, "MEMORY", 10)
    assert gradient_noise(net).identical(kept)


def test_what_tells_no_noise_is_said_in_one_line():
    x = draws(10, 6)
    said = "noise is told by gradients of at least 3 batches, and the data are 1; wrap the network with rows=1"
    with pytest.raises(InvalidValue, match=said):
        gradient_noise(made([x]))
    with pytest.raises(InvalidValue, match="noise is told by"):
        gradient_noise(bowl(np.eye(2)))
    parts = [(x[:4],), (x[4:8],), (x[8:],)]
    with computing(64):
        summed = wrap(jnp.zeros(3), lambda p, x: len(x) * distance(p, x), batches(parts, combine="sum"))
        alike = wrap(jnp.zeros(3), distance, batches(parts, combine="batches"))
    with pytest.raises(InvalidValue, match="the losses of the batches are summed, and noise is that of a mean"):
        gradient_noise(summed)
    with pytest.raises(InvalidValue, match="batches of 2 to 4 rows count alike, and their noise is not"):
        gradient_noise(alike)
    with pytest.raises(InvalidValue, match="the gradient of batch 1 is not finite; give a point where all are"):
        gradient_noise(made(np.split(x, 10)), [np.inf, 0, 0])


def test_rows_of_a_network_are_the_gradients_of_each():
    rng = np.random.default_rng(8)
    with computing(64):
        x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
        w = jnp.asarray(rng.standard_normal((3, 2)))

        def loss(w, x, y):
            return jnp.mean((jnp.tanh(x @ w) - y) ** 2)

        each = jax.vmap(lambda x, y: jax.grad(loss)(w, x[None], y[None]).ravel())(x, y)
        found = gradient_noise(wrap(w, loss, (x, y), rows=1))
    assert float(found["noise_trace"]) == pytest.approx(np.trace(np.cov(np.asarray(each).T)), rel=1e-10)
