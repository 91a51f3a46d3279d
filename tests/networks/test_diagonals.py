"""Diagonals of Hessians against Hessians that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import thalweg as tw
from tests.geometry.networks import bowl, network
from thalweg.base.errors import InvalidValue
from thalweg.geometry.leaves import Leaf
from thalweg.networks import curvature, diagonal, wrap
from thalweg.networks.curvatures import Probes

SIZE = 200
LEAVES = (Leaf("w", (15, 12), "weight", (0, 1)), Leaf("b", (20,), "bias", (0,)))


@pytest.fixture(scope="module")
def matrix():
    values = np.random.default_rng(3).standard_normal((SIZE, SIZE)) * np.linspace(0.2, 2, SIZE)
    return values + values.T + np.diag(np.linspace(-30, 50, SIZE))


def test_with_as_many_probes_as_parameters_it_is_exact(matrix):
    found = diagonal(bowl(matrix, leaves=LEAVES), probes=SIZE)
    np.testing.assert_array_equal(found["diagonal"], np.diag(matrix))
    np.testing.assert_allclose(
        found["part_sum"], [np.diag(matrix)[:180].sum(), np.diag(matrix)[180:].sum()], rtol=1e-13
    )
    assert found["part"].values.tolist() == ["w", "b"]
    assert float(found["trace"]) == pytest.approx(np.trace(matrix), rel=1e-13)
    assert not found["error"].any()
    assert (found.attrs["method"], found.attrs["products"], found.attrs["probes"]) == ("whole matrix", SIZE, 0)


def test_an_estimate_has_the_variance_of_its_row(matrix):
    found = diagonal(bowl(matrix, leaves=LEAVES), probes=150, seed=4)
    beside = matrix - np.diag(np.diag(matrix))
    truth = np.sqrt(np.sum(beside**2, axis=1) / 150)
    # The standard deviation of 150 draws is known to 6 %; of 200 of them the farthest are 4 of these away.
    np.testing.assert_allclose(found["error"], truth, rtol=0.25)
    apart = (found["diagonal"].values - np.diag(matrix)) / truth
    assert np.abs(apart).max() < 4.5
    assert np.sqrt(np.mean(apart**2)) == pytest.approx(1, abs=0.25)  # 200 of them: 5 standard deviations
    spans = [slice(0, 180), slice(180, 200)]
    for part, span in enumerate(spans):
        # Each pair within the block counts twice, each with another block once.
        wanted = np.sqrt((np.sum(beside[span, span] ** 2) + np.sum(beside[span] ** 2)) / 150)
        assert float(found["part_error"][part]) == pytest.approx(wanted, rel=0.25)
        assert abs(float(found["part_sum"][part]) - np.diag(matrix)[span].sum()) < 4 * wanted


def test_its_trace_is_that_of_curvature_by_the_same_vectors(matrix):
    net = bowl(matrix, leaves=LEAVES)
    one = diagonal(net, probes=20, seed=7)
    other = curvature(net, count=0, probes=Probes(20, order=1, seed=7))
    assert float(one["trace"]) == pytest.approx(float(other["trace"]), rel=1e-10)
    assert float(one["trace_error"]) == pytest.approx(float(other["trace_error"]), rel=1e-10)


def test_of_a_diagonal_matrix_one_vector_knows_all():
    found = diagonal(bowl(np.diag(np.linspace(-2, 3, SIZE))), probes=3)
    np.testing.assert_allclose(found["diagonal"], np.linspace(-2, 3, SIZE), rtol=1e-14)
    assert float(found["error"].max()) < 1e-14


def test_a_network_has_the_diagonal_of_its_hessian_by_autodiff():
    params, apply = tw.examples.mlp("jax", (3, 6, 2))
    x, y = np.random.default_rng(0).standard_normal((2, 5, 3)).astype(np.float32)

    def loss(params, x, y):
        return jnp.mean((apply(params, x) - y[:, :2]) ** 2)

    flat, back = ravel_pytree(params)
    truth = np.diag(jax.hessian(lambda point: loss(back(point), x, y))(flat))
    found = diagonal(wrap(params, loss, (x, y)))
    np.testing.assert_allclose(found["diagonal"], truth, atol=2e-6)  # 32 bits, of numbers up to 1
    assert found.sizes["part"] == 4


def test_along_a_run_it_has_a_step():
    objective = tw.objective(tw.problems.himmelblau())
    net, run = wrap(objective), tw.descend(objective, optax.sgd(0.01), starts=[0.5, 1.5], steps=4)
    found = diagonal(net, run.isel(step=[0, 2, 4]))
    assert found["diagonal"].dims == ("step", "param")
    assert found["part"].dims == ("part",)
    np.testing.assert_array_equal(found["step"], [0, 2, 4])
    for k, step in enumerate([0, 2, 4]):
        x, y = run["params"].values[0, step]
        truth = [12 * x**2 + 4 * y - 42, 12 * y**2 + 4 * x - 26]
        np.testing.assert_allclose(found["diagonal"][k], truth, rtol=1e-12)
        assert float(found["loss"][k]) == pytest.approx((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2)


def test_what_cannot_be_is_said_in_one_line():
    net = bowl(np.eye(3))
    with pytest.raises(InvalidValue, match="probes = 1 is not allowed; give a whole number of at least 2$"):
        diagonal(net, probes=1)
    with pytest.raises(InvalidValue, match="seed = -1 is not allowed"):
        diagonal(net, seed=-1)
    with pytest.raises(InvalidValue, match="a point of shape"):
        diagonal(net, [1.0])
    wild = network(lambda x: x[0], bending=lambda x: np.full((2, 2), np.nan), position=np.zeros(2))
    with pytest.raises(InvalidValue, match="^the Hessian is not finite; give a point where loss and gradient are$"):
        diagonal(wild)
