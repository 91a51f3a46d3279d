"""Measures of a loss are the same in every framework, where weights are copied across."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.networks.test_frameworks_slices import BIASES, KERNELS, X, Y, in_jax, in_keras, in_tensorflow, in_torch
from thalweg.base.errors import InvalidValue
from thalweg.networks import align, curvature, diagonal, gradient_noise, replace_hessian, restrict, sharpness


def in_common(net, vector):
    """The numbers of each array, in an order of axes that all frameworks have, weights and biases apart."""
    spans = zip(net.leaves, net.spans, strict=True)
    parts = [(leaf.kind, vector[span].reshape(leaf.shape).transpose(leaf.order).ravel()) for leaf, span in spans]
    return np.concatenate([part for kind in ("weight", "bias") for name, part in parts if name == kind])


@cache
def known():
    return in_jax(rows=1)


@pytest.mark.parametrize("make", [in_torch, in_keras, in_tensorflow])
def test_measures_are_those_of_jax(make):
    ours, theirs = known(), make(rows=1)
    # A few roundings of 32 bits throughout.
    diagonals = [in_common(net, diagonal(net)["diagonal"].values) for net in (ours, theirs)]
    np.testing.assert_allclose(*diagonals, rtol=1e-4, atol=1e-6)
    for kind in ("ascent", "adaptive", "average"):
        climbs = [sharpness(net, radius=0.3, kind=kind, count=3)["rise"] for net in (ours, theirs)]
        np.testing.assert_allclose(*climbs, rtol=1e-4)
    noises = [gradient_noise(net) for net in (ours, theirs)]
    for name in ("noise_trace", "noise_trace_error", "gradient_square", "noise_scale"):
        np.testing.assert_allclose(*(noise[name] for noise in noises), rtol=1e-4)
    fishers = [curvature(replace_hessian(net, "empirical_fisher"), count=4) for net in (ours, theirs)]
    np.testing.assert_allclose(*(fisher["eigenvalues"] for fisher in fishers), rtol=1e-4)
    moved = [align(net, np.sin(1.0 + np.argsort(place)), None) for net, place in placed(ours, theirs)]
    assert moved[0]["permutation"].values.tolist() == moved[1]["permutation"].values.tolist() != [[0, 1, 2, 3, 4]]
    assert len(X) == len(Y) == noises[1].attrs["rows"]


def placed(*nets):
    """Where each number of a network's own vector comes in the common order."""
    for net in nets:
        yield net, in_common(net, np.arange(net.position.size))


@cache
def by_jacobians():
    """``Jᵀ (∂²L / ∂z²) J`` of the mean squared error, whose second derivative is 2 / (rows outputs)."""
    arrays = [*KERNELS, *BIASES]
    splits = np.cumsum([array.size for array in arrays])[:-1]

    def outputs(point):
        first, last, bias, other = (
            part.reshape(array.shape) for part, array in zip(jnp.split(point, splits), arrays, strict=True)
        )
        return (jnp.tanh(X @ first.T + bias) @ last.T + other).ravel()

    jacobian = np.asarray(jax.jacobian(outputs)(np.concatenate([array.ravel() for array in arrays])), np.float64)
    return 2 / Y.size * jacobian.T @ jacobian


@pytest.mark.parametrize("make", [in_torch, in_keras, in_tensorflow])
@pytest.mark.parametrize("rows", [None, 4])
def test_the_gauss_newton_matrix_is_that_of_the_jacobian(make, rows):
    net = make(rows=rows)
    newton, wanted = replace_hessian(net, "gauss_newton"), by_jacobians()
    product = newton.hessian_product()
    found = np.stack([product(unit) for unit in np.eye(32)])
    order = in_common(net, np.arange(32))
    np.testing.assert_allclose(found[np.ix_(order, order)], wanted, atol=2e-6)  # 32 bits, of numbers up to 1
    bend = curvature(newton, count=3, lowest=True)
    np.testing.assert_allclose(bend["eigenvalues"], np.linalg.eigvalsh(wanted)[:-4:-1], rtol=1e-5)
    assert float(bend["lowest"]) > -1e-6 > float(curvature(net, count=1, lowest=True)["lowest"])
    assert bend.attrs["matrix"] == "Gauss-Newton matrix"
    assert newton.value() == net.value()
    head = restrict(newton, lambda leaf: leaf.kind == "bias")
    np.testing.assert_allclose(in_common(head, diagonal(head)["diagonal"].values), np.diag(wanted)[25:], atol=2e-6)
    with pytest.raises(InvalidValue, match="the Gauss-Newton matrix stands for the Hessian already; give the network"):
        replace_hessian(newton, "empirical_fisher")


def test_in_jax_outputs_are_not_told():
    with pytest.raises(
        InvalidValue, match="the Gauss-Newton matrix needs the outputs apart from the loss, which neith"
    ):
        replace_hessian(known(), "gauss_newton")
