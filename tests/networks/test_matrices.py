"""The empirical Fisher matrix against the gradients of single rows, made one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.geometry import eigenpairs
from thalweg.networks import batches, curvature, diagonal, replace_hessian, restrict, wrap
from thalweg.networks.directions import hessian

RNG = np.random.default_rng(4)
X, CLASSES = RNG.standard_normal((7, 3)), np.array([0, 2, 1, 1, 0, 2, 2])
W = {"a": RNG.standard_normal((3, 4)), "b": RNG.standard_normal((4, 3))}


def entropy(p, x, classes):
    scores = jax.nn.log_softmax(jnp.tanh(x @ p["a"]) @ p["b"])
    return -jnp.mean(jnp.take_along_axis(scores, classes[:, None], axis=1))


@pytest.fixture(scope="module")
def known():
    """The network of single rows, and the mean of the outer products of their gradients."""
    with computing(64):
        net = wrap(W, entropy, (X, CLASSES), rows=1)
        rows = [jax.grad(entropy)(W, X[k : k + 1], CLASSES[k : k + 1]) for k in range(7)]
    flat = np.array([np.concatenate([np.ravel(row["a"]), np.ravel(row["b"])]) for row in rows])
    return net, flat.T @ flat / 7


def test_products_and_eigenvalues_are_those_of_the_second_moment(known):
    net, matrix = known
    fisher = replace_hessian(net, "empirical_fisher")
    product = fisher.hessian_product()
    np.testing.assert_allclose([product(unit) for unit in np.eye(24)], matrix, atol=1e-14)
    found = curvature(fisher, count=24, lowest=True)
    np.testing.assert_allclose(found["eigenvalues"], np.linalg.eigvalsh(matrix)[::-1], atol=1e-14)
    assert float(found["trace"]) == pytest.approx(np.trace(matrix))
    assert (found.attrs["matrix"], found.attrs["method"]) == (
        "empirical Fisher matrix",
        "whole empirical Fisher matrix",
    )
    np.testing.assert_allclose(diagonal(fisher)["diagonal"], np.diag(matrix), atol=1e-14)
    assert fisher.value() == net.value()
    np.testing.assert_array_equal(fisher.gradient()[1], net.gradient()[1])


def test_of_some_parameters_it_is_the_block(known):
    net, matrix = known
    for some in (
        restrict(replace_hessian(net, "empirical_fisher"), "b"),
        replace_hessian(restrict(net, "b"), "empirical_fisher"),
    ):
        np.testing.assert_allclose(diagonal(some)["diagonal"], np.diag(matrix)[12:], atol=1e-14)


def test_its_eigenvectors_are_directions(known):
    net, matrix = known
    plane = hessian(replace_hessian(net, "empirical_fisher"), count=1)
    assert plane.facts["matrix"] == "empirical Fisher matrix"
    assert abs(plane.directions[0] @ np.linalg.eigh(matrix)[1][:, -1]) == pytest.approx(1, abs=1e-9)


def test_of_sums_it_is_the_sum():
    def loss(w, x):
        return jnp.sum((x @ w) ** 2)

    with computing(64):
        net = wrap(jnp.ones(3), loss, batches((X,), rows=1, combine="sum"))
    rows = 2 * X.sum(axis=1, keepdims=True) * X
    wanted = np.diag(rows.T @ rows)
    np.testing.assert_allclose(diagonal(replace_hessian(net, "empirical_fisher"))["diagonal"], wanted, rtol=1e-12)


def test_what_has_no_single_rows_is_refused(known, monkeypatch):
    net, _ = known
    with computing(64):
        whole = wrap(W, entropy, (X, CLASSES))
        pairs = wrap(W, entropy, (X, CLASSES), rows=2)
    said = "the empirical Fisher matrix needs the gradient of every row alone, and the data are"
    with pytest.raises(InvalidValue, match=f"{said} 1 batch of up to 7 rows; wrap the network with rows=1$"):
        replace_hessian(whole, "empirical_fisher")
    with pytest.raises(InvalidValue, match=f"{said} 4 batches of up to 2 rows"):
        replace_hessian(pairs, "empirical_fisher")
    with pytest.raises(InvalidValue, match="by = 'fisher' is not allowed; give 'gauss_newton' or 'empirical_fisher'$"):
        replace_hessian(net, **{"by": "fisher"})
    monkeypatch.setattr(eigenpairs, "MEMORY", 1000)
    with pytest.raises(InvalidValue, match="the gradients of 7 rows take 1.34e-06 GB, more than the 1e-06 GB allowed"):
        replace_hessian(net, "empirical_fisher")
    with pytest.raises(InvalidValue, match="the empirical Fisher matrix is not finite"):
        monkeypatch.undo()
        curvature(replace_hessian(net, "empirical_fisher"), np.full(24, np.inf), count=1)
