"""Networks along few random directions: losses, slopes and Hessians are those of the whole one, taken along them."""

import numpy as np
import pytest
from scipy.optimize import minimize

import thalweg as tw
from tests.geometry.networks import bowl, perceptron
from thalweg.base.errors import InvalidValue
from thalweg.geometry.draws import draw
from thalweg.geometry.leaves import Leaf
from thalweg.networks.curvatures import curvature
from thalweg.networks.restriction import restrict
from thalweg.networks.slices import Plane, slice
from thalweg.networks.subspaces import subspace

SOURCE = np.random.default_rng(4)
HALF = SOURCE.standard_normal((12, 12))
MATRIX, PLACE = HALF @ HALF.T, SOURCE.standard_normal(12)


def basis_of(net, few):
    """The directions, row by row, as the places of unit vectors tell them."""
    lift = few.portions[0].evaluator.lift
    return np.stack([lift.point(unit) - net.position for unit in np.eye(few.position.size)])


def test_losses_slopes_and_hessians_are_those_along_the_directions():
    net = bowl(MATRIX, PLACE)
    few = subspace(net, 5, seed=2)
    basis, at = basis_of(net, few), np.array([0.3, -0.2, 0.0, 1.0, -2.0])
    np.testing.assert_allclose(basis @ basis.T, np.eye(5), atol=1e-14)
    assert few.value() == net.value()
    whole = PLACE + at @ basis
    np.testing.assert_allclose(few.value(at), whole @ MATRIX @ whole / 2, rtol=1e-13)
    np.testing.assert_allclose(few.gradient(at)[1], basis @ MATRIX @ whole, rtol=1e-12)
    found = curvature(few, count=5, lowest=False)["eigenvalues"]
    np.testing.assert_allclose(found, np.linalg.eigvalsh(basis @ MATRIX @ basis.T)[::-1], rtol=1e-12)


def test_a_minimum_is_that_of_least_squares_along_the_directions():
    net = bowl(MATRIX, PLACE)
    few = subspace(net, 7)
    basis = basis_of(net, few)
    best = np.linalg.solve(basis @ MATRIX @ basis.T, -basis @ MATRIX @ PLACE)
    found = minimize(few.gradient, few.position, jac=True, options={"gtol": 1e-10})
    np.testing.assert_allclose(found.x, best, rtol=1e-7)
    assert subspace(net, 12).facts["subspace"] == 12
    everywhere = minimize(subspace(net, 12).gradient, np.zeros(12), jac=True, options={"gtol": 1e-10})
    assert everywhere.fun == pytest.approx(0, abs=1e-15)  # of all directions: the bowl's own bottom


def test_a_slice_lies_along_the_directions():
    net = bowl(MATRIX, PLACE)
    few = subspace(net, 3)
    basis = basis_of(net, few)
    found = slice(few, Plane(few.position, np.eye(3)[1:], ("b", "c"), ("", "")), points=3)["loss"].values
    for j, v in enumerate([-1, 0, 1]):
        for i, u in enumerate([-1, 0, 1]):
            whole = PLACE + u * basis[1] + v * basis[2]
            np.testing.assert_allclose(found[j, i], whole @ MATRIX @ whole / 2, rtol=1e-13)


def test_a_smaller_size_has_the_first_directions_and_the_seed_decides():
    net = bowl(MATRIX, PLACE)
    np.testing.assert_allclose(basis_of(net, subspace(net, 2)), basis_of(net, subspace(net, 6))[:2], atol=1e-14)
    assert not np.allclose(basis_of(net, subspace(net, 2)), basis_of(net, subspace(net, 2, seed=1)))
    for number, row in enumerate(basis_of(net, subspace(net, 6))):  # each keeps its course
        assert draw(net.leaves, seed=0, number=number) @ row > 0


def test_the_same_seed_gives_the_same_losses_in_every_layout():
    one, other = (subspace(perceptron(layout), 4, seed=3) for layout in ("torch", "jax"))
    for at in ([0.1, 0.2, -0.3, 0.4], [1.0, 0.0, 0.0, 0.0]):
        assert one.value(at) == pytest.approx(other.value(at), rel=1e-12)


def test_statistics_stay_and_parts_can_be_chosen():
    leaves = (Leaf("w", (9,), "bias", (0,)), Leaf("seen", (3,), "statistic", (0,)))
    net = bowl(MATRIX, PLACE, leaves=leaves)
    assert (basis_of(net, subspace(net, 9))[:, 9:] == 0).all()
    with pytest.raises(InvalidValue, match="size = 10 is not allowed; give a whole number of at least 1 and at most 9"):
        subspace(net, 10)
    assert subspace(restrict(net, "w"), 4).position.size == 4


def test_a_real_network_and_its_like_in_32_bits():
    params, apply = tw.examples.mlp("jax", (3, 4, 1))
    x = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
    net = tw.networks.wrap(params, lambda p, x: (apply(p, x) ** 2).mean(), (x,))
    few = subspace(net, 3)
    assert few.position.dtype == np.float32
    at = np.array([0.5, -0.5, 0.25], np.float32)
    assert few.value(at) == pytest.approx(net.value(net.position + at @ basis_of(net, few)), rel=1e-6)
