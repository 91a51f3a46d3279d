from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.frameworks.jax.networks import CASES, LAYERS, TWO, Case, X, Y, cross_entropy, linear, normal, squared
from thalweg.base.precision import computing
from thalweg.frameworks.jax import affine
from thalweg.frameworks.jax.network import flatten
from thalweg.frameworks.jax.tracing import written_out
from thalweg.geometry.plane import Plane
from thalweg.networks.wrapping import wrap

COORDINATES = np.stack(np.meshgrid([-0.7, 0.0, 0.4], [-1.0, 0.3]), axis=-1).reshape(-1, 2)


def plane_of(net, axes=2, scale=0.3):
    names = tuple("xyz"[:axes])
    return Plane(net.position, scale * normal(axes, net.position.size), names, names)


compiled = cache(jax.jit)
"""A program for a loss, not one for each of its operations."""


def own(case: Case, point: np.ndarray) -> float:
    """The user's loss as the user would call it."""
    leaves, tree = jax.tree.flatten(case.params)
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1]
    parts = [part.reshape(leaf.shape) for part, leaf in zip(np.split(point, ends), leaves, strict=True)]
    with computing(64):
        return float(compiled(case.loss)(jax.tree.unflatten(tree, [jnp.array(part) for part in parts]), *case.data))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_quick_is_plain_is_the_users_own(case):
    net = wrap(case.params, case.loss, case.data)
    plane = plane_of(net)
    quick, plain = (net.values(plane, COORDINATES, plain=plain) for plain in (False, True))
    expected = [own(case, point) for point in plane.points(COORDINATES)]
    # Rounding of 64 bits through sums of some hundred terms; bfloat16 inside makes of it a rounding of its own, 2^-9.
    tolerance = 1e-2 if case.loss.__name__ == "rounded" else 1e-12
    np.testing.assert_allclose(quick, plain, rtol=tolerance, atol=1e-13)
    np.testing.assert_allclose(plain, expected, rtol=tolerance, atol=1e-13)
    assert len(np.unique(quick)) == len(COORDINATES)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_affine_is_found(case):
    net = wrap(case.params, case.loss, case.data)
    assert sorted(net.portions[0].evaluator.parts.affine_results) == sorted(case.found)


@pytest.mark.parametrize("axes", [1, 3])
def test_a_slice_has_as_many_axes_as_it_has_directions(axes):
    net = wrap(LAYERS, squared, (X, Y))
    plane, places = plane_of(net, axes), normal(5, axes)
    np.testing.assert_allclose(
        net.values(plane, places), [net.value(point) for point in plane.points(places)], rtol=1e-12
    )  # rounding of 64 bits


def test_32_bits():
    layers = jax.tree.map(lambda leaf: leaf.astype(np.float32), LAYERS)
    labels = np.arange(len(X)) % 3
    net = wrap(layers, cross_entropy, (X, labels))
    plane = plane_of(net)
    quick, plain = (net.values(plane, COORDINATES, plain=plain) for plain in (False, True))
    np.testing.assert_allclose(quick, plain, rtol=3e-6)  # rounding of 32 bits, some times
    assert net.dtype == np.float32
    assert not np.array_equal(plain, wrap(LAYERS, cross_entropy, (X, labels)).values(plane, COORDINATES))


def test_biases_are_spread_at_each_point_not_kept_for_each_row():
    net = wrap(LAYERS, squared, (X, Y))
    parts = net.portions[0].evaluator.parts
    assert sorted(var.aval.shape for var in parts.affine_needed) == [(3,), (7, 3), (12, 7)]
    assert parts.size(2) == 8 * (3 * 12 * 7 + 12 * 3)  # three components of the first layer, and y


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_data_that_are_not_finite_are_evaluated_plainly(bad):
    x = X.copy()
    x[2, 1] = bad

    def bounded(p, x):
        return jnp.mean(jax.nn.sigmoid(x @ p["w"]))

    net = wrap(TWO, bounded, x)
    plane = plane_of(net)
    quick, plain = (net.values(plane, COORDINATES, plain=plain) for plain in (False, True))
    np.testing.assert_array_equal(quick, plain)
    assert np.isfinite(plain).all() == np.isinf(bad)  # infinity times a weight is infinite, and its sigmoid 0 or 1


def test_what_would_be_too_large_is_evaluated_plainly(monkeypatch):
    net = wrap(TWO, linear, (X, Y))
    plane = plane_of(net)
    monkeypatch.setattr(affine, "MOST", 10)
    np.testing.assert_array_equal(net.values(plane, COORDINATES), net.values(plane, COORDINATES, plain=True))


def test_an_infinite_mask_is_not_multiplied():
    mask = np.where(normal(12, 7) > 0, 0.0, -np.inf)
    mask[:, 0] = 0

    def attention(p, x, mask):
        return jnp.mean(jax.nn.softmax(x @ p["w"] + mask)[:, 0])

    net = wrap(TWO, attention, (X, mask))
    plane = plane_of(net)
    quick, plain = (net.values(plane, COORDINATES, plain=plain) for plain in (False, True))
    np.testing.assert_allclose(quick, plain, rtol=1e-12)  # rounding of 64 bits
    assert np.isfinite(quick).all()


def test_filled_gathers_are_not_taken_for_linear():
    def filled(p, x):
        return jnp.mean(jnp.tanh(jnp.take(p["w"], jnp.array([0, 9]), axis=0, mode="fill", fill_value=3.0)) * x[0, 0])

    net = wrap(TWO, filled, X)
    plane = plane_of(net)
    expected = [own(Case(TWO, filled, (X,), []), point) for point in plane.points(COORDINATES)]
    np.testing.assert_allclose(net.values(plane, COORDINATES), expected, rtol=1e-12)  # rounding of 64 bits
    assert flatten(TWO).size == net.position.size


@pytest.mark.parametrize(("terms", "found"), [(31, []), (32, ["dot_general (4, 3)"])])
def test_short_products_are_made_anew(monkeypatch, terms, found):
    monkeypatch.setattr(affine, "SHORT", 32)
    program = written_out(lambda w, x: jnp.sum(jnp.tanh(x @ w)), jnp.ones((terms, 3)), jnp.ones((4, terms)))
    assert affine.split(program, 1).affine_results == found
