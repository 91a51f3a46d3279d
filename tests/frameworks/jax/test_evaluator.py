import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.frameworks.jax.networks import LAYERS, TWO, X, Y, normal, squared
from tests.frameworks.jax.test_affine import COORDINATES, plane_of
from thalweg.base.precision import computing
from thalweg.networks.wrapping import wrap


def scan(z):
    return lax.scan(lambda total, row: (total + jnp.sum(jax.nn.relu(row)), None), jnp.zeros((), z.dtype), z)[0]


LOSING = {
    "rectified": lambda z: jnp.sum(jax.nn.relu(z)),
    "rectified from the left": lambda z: jnp.sum(jnp.maximum(0.0, z)),
    "against another": lambda z: jnp.sum(jnp.maximum(jnp.abs(jnp.nan_to_num(z)), z)),
    "smaller": lambda z: jnp.sum(jnp.minimum(z, 1.0)),
    "largest": lambda z: jnp.sum(jnp.max(z, axis=1)),
    "smallest": lambda z: jnp.sum(jnp.min(z, axis=0)),
    "so far": lambda z: jnp.sum(lax.cummax(z)[-1]),
    "pooled": lambda z: jnp.sum(lax.reduce_window(z, -jnp.inf, lax.max, (2, 2), (1, 1), "VALID")),
    "least pooled": lambda z: jnp.sum(lax.reduce_window(z, jnp.inf, lax.min, (2, 2), (1, 1), "VALID")),
    "in a loop": scan,
}


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("losing", LOSING.values(), ids=LOSING.keys())
def test_nan_stays_nan(losing, plain):
    def loss(p, x):
        return losing(jnp.sqrt(jnp.tanh(x @ p["w"]) + p["b"]))

    # In 32 bits and so many rows XLA joins loops and vectorises them; in fewer it loses no NaN by itself.
    x = normal(512, 5).astype(np.float32)
    net = wrap({"b": np.float32(1.1), "w": normal(5, 64).astype(np.float32)}, loss, x)
    directions = np.zeros((2, net.position.size))
    directions[0, 0], directions[1, :] = -1, 0.01  # the first lowers b: below some height roots are NaN
    plane = plane_of(net)
    plane = type(plane)(net.position, directions, ("x", "y"), ("", ""))
    heights = np.array([[0.0, 0.0], [1.05, 0.0], [0.05, 0.3], [0.7, -0.3]])
    expected = [bool((np.tanh(x @ point[1:].reshape(5, 64)) + point[0] < 0).any()) for point in plane.points(heights)]
    assert expected == [False, True, False, True]
    assert np.isnan(net.values(plane, heights, plain=plain)).tolist() == expected
    assert [np.isnan(net.value(point)) for point in plane.points(heights)] == expected
    assert [np.isnan(net.gradient(point)[0]) for point in plane.points(heights)] == expected


def test_maxima_are_maxima():
    for name, function in LOSING.items():
        net = wrap({"w": normal(5, 7)}, lambda p, x, function=function: function(x @ p["w"]), X)
        with computing(64):
            expected = float(jax.jit(function)(jnp.array(X @ normal(5, 7))))
        assert net.value() == pytest.approx(expected, rel=1e-13), name  # another order of summation


@pytest.mark.parametrize("plain", [False, True])
def test_neither_chunks_nor_threads_change_a_bit(plain):
    layers = [{"w": normal(5, 40), "b": normal(40)}, {"w": normal(40, 3), "b": normal(3)}]
    net = wrap(jax.tree.map(lambda leaf: leaf.astype(np.float32), layers), squared, (X, Y))
    plane, places = plane_of(net), normal(131, 2)
    expected = net.values(plane, places, threads=False, plain=plain)
    assert len(np.unique(expected)) == len(places)
    for chunk in (1, 5, 64, 100, 500):
        for threads in (False, True):
            values = net.values(plane, places, chunk=chunk, threads=threads, plain=plain)
            np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(net.values(plane, places[::-1], plain=plain), expected[::-1])


def test_zero_displacement_is_the_models_own_loss():
    net = wrap(LAYERS, squared, (X, Y))
    with computing(64):
        expected = float(jax.jit(squared)(LAYERS, jnp.array(X), jnp.array(Y)))
    for value in (net.value(), net.gradient()[0], *net.values(plane_of(net), np.zeros((1, 2)))):
        assert value == pytest.approx(expected, rel=1e-14)  # rounding of 64 bits


def test_another_slice_compiles_nothing(caplog):
    net = wrap(LAYERS, squared, (X, Y), rows=6)
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        net.values(plane_of(net), COORDINATES)
        net.gradient(), net.value(), net.hessian_product()(net.position)
        assert "Finished XLA compilation" in caplog.text
        caplog.clear()
        net.values(plane_of(net, scale=0.1), normal(9, 2))
        other = net.position + 0.1
        net.gradient(other), net.value(other), net.hessian_product(other)(net.position)
        assert "XLA compilation" not in caplog.text


@pytest.mark.parametrize("rows", [pytest.param(None, marks=pytest.mark.long), 5])
def test_gradient_and_hessian_are_those_of_jax(rows):
    net = wrap(LAYERS, squared, (X, Y), rows=rows)
    point, vector = net.position + 0.1, normal(net.position.size)
    with computing(64):
        flat, unravel = jax.flatten_util.ravel_pytree(jax.tree.map(jnp.array, LAYERS))

        def loss(point):
            return squared(unravel(point), X, Y)

        assert np.array_equal(flat, net.position)
        value, slope = jax.jit(jax.value_and_grad(loss))(jnp.array(point))
        curved = np.asarray(jax.jit(jax.hessian(loss))(jnp.array(point))) @ vector
    np.testing.assert_allclose(net.gradient(point)[0], value, rtol=1e-13)  # rounding of 64 bits
    np.testing.assert_allclose(net.gradient(point)[1], slope, rtol=1e-12, atol=1e-13)
    product = net.hessian_product(point)
    np.testing.assert_allclose(product(vector), curved, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(product(2 * vector), 2 * curved, rtol=1e-11, atol=1e-12)


def test_settings_are_left_alone():
    before = jax.config.jax_enable_x64
    net = wrap(TWO, lambda p, x: jnp.mean(jnp.sin(x @ p["w"])), X)
    net.values(plane_of(net), COORDINATES)
    assert jax.config.jax_enable_x64 == before
    assert jnp.zeros(1).dtype == np.float32
