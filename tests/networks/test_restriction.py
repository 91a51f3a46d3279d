"""Some of the parameters alone: the same losses, the block of the Hessian, the others where they were."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.geometry.networks import bowl
from thalweg.base.errors import InvalidValue
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.plane import Plane
from thalweg.networks.curvatures import curvature
from thalweg.networks.directions import filter_normalised
from thalweg.networks.restriction import restrict
from thalweg.networks.slices import slice
from thalweg.networks.wrapping import wrap

MATRIX = np.array([[4.0, 1.0, 0.5, 0.2], [1.0, 3.0, -0.3, 0.7], [0.5, -0.3, 2.0, 0.1], [0.2, 0.7, 0.1, 5.0]])
LEAVES = (Leaf("a", (1,), "bias", (0,)), Leaf("b", (2,), "bias", (0,)), Leaf("c", (1,), "bias", (0,)))
PLACE = np.array([0.3, -1.2, 0.8, 2.0])


@pytest.fixture
def net():
    return bowl(MATRIX, PLACE, leaves=LEAVES)


def test_the_others_stay_where_they_are(net):
    some = restrict(net, ["a", "c"])
    np.testing.assert_array_equal(some.position, PLACE[[0, 3]])
    assert some.value() == net.value()
    assert some.value([5.0, 6.0]) == net.value([5.0, -1.2, 0.8, 6.0])
    assert [leaf.name for leaf in some.leaves] == ["a", "c"]
    assert some.facts["moved"] == "a, c" and some.facts["parameters"] == 2  # noqa: PT018
    np.testing.assert_array_equal(net.position, PLACE)


def test_derivatives_are_those_by_what_moves(net):
    some, rows = restrict(net, lambda leaf: leaf.name != "b"), [0, 3]
    loss, slope = some.gradient()
    assert loss == net.value()
    np.testing.assert_array_equal(slope, (MATRIX @ PLACE)[rows])
    product = some.hessian_product()
    np.testing.assert_array_equal(np.stack([product(unit) for unit in np.eye(2)]), MATRIX[np.ix_(rows, rows)])
    found = curvature(some, count=2)["eigenvalues"].values
    np.testing.assert_allclose(found, np.linalg.eigvalsh(MATRIX[np.ix_(rows, rows)])[::-1], rtol=1e-12)  # 64 bits


def test_a_slice_moves_only_them(net):
    some = restrict(net, "b")
    plane = Plane(some.position, np.eye(2), ("one", "other"), ("", ""))
    found = slice(some, plane, points=3)["loss"].values
    for j, v in enumerate([-1, 0, 1]):
        for i, u in enumerate([-1, 0, 1]):
            assert found[j, i] == net.value(np.add(PLACE, [0, u, v, 0]))


def test_a_layer_of_a_real_network():
    source = np.random.default_rng(2)
    params = [{"w": jnp.array(source.standard_normal(shape), jnp.float32)} for shape in [(3, 4), (4, 2)]]
    x = source.standard_normal((6, 3), dtype=np.float32)

    def loss(params, x):
        return jnp.mean((jnp.tanh(x @ params[0]["w"]) @ params[1]["w"]) ** 2)

    head = restrict(wrap(params, loss, x), "1/*")
    plane = filter_normalised(head, seed=3)
    surface = slice(head, plane, points=3)
    moved = [params[0], {"w": (plane.origin - plane.directions[0] + plane.directions[1]).reshape(4, 2)}]
    wanted = loss(jax.tree.map(lambda array: jnp.asarray(array, jnp.float32), moved), x)
    np.testing.assert_allclose(surface["loss"].values[2, 0], wanted, rtol=1e-5)  # 32 bits
    np.testing.assert_array_equal(slice(head, plane, points=3, plain=True)["loss"].shape, (3, 3))


def test_what_fits_nothing_is_said(net):
    with pytest.raises(
        InvalidValue, match="no parameter array is called 'd\\*'; give names, with \\* for any letters, of"
    ):
        restrict(net, ["a", "d*"])
    with pytest.raises(InvalidValue, match="that move fails: TypeError: object of type 'Leaf' has no len"):
        restrict(net, len)
    with pytest.raises(InvalidValue, match="none of 3 parameter arrays is chosen; choose one at least"):
        restrict(net, lambda leaf: False)
