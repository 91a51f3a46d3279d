"""The same numbers in plain JAX: a loss of a flat vector, differentiated by ``jax.grad``."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from thalweg.networks.wrapping import wrap

NEAR = {np.dtype("float32"): 5e-5, np.dtype("float64"): 1e-11}
"""Relative: sums of some dozen to some hundred numbers, in another order."""


def close(found, wanted, dtype):
    near = NEAR[np.dtype(dtype)]
    np.testing.assert_allclose(found, wanted, rtol=near, atol=near * max(np.abs(wanted).max(), 1e-3))


def agrees(model, step, data, *, params=None, joined=None, loss=None, **options):
    """Hold values, gradient and Hessian product, at the model's own point and away from it, against plain JAX.

    Parameters
    ----------
    step : ``step(model, *data)`` or of a batch, as the user has it; gives a scalar
    params : the trained part of the model, and ``joined`` makes a model of it; by default the model is its own
    loss : what ``wrap`` is given instead of the step
    """
    params = model if params is None else params
    flat, back = ravel_pytree(params)
    call = data if isinstance(data, tuple) else (data,)

    def plain(vector):
        tree = back(vector)
        return step(tree if joined is None else joined(tree), *call)

    @jax.jit
    def computed(point, vector):
        product = jax.jvp(jax.grad(plain), (point,), (vector,))[1]
        return *jax.value_and_grad(plain)(point), product

    network = wrap(model, step if loss is None else loss, data, **options)
    size = network.trained
    np.testing.assert_array_equal(network.position[:size], flat)
    away, vector = 0.1 * np.random.default_rng([5, flat.size]).normal(size=(2, flat.size)).astype(flat.dtype)
    for point in (np.asarray(flat), np.asarray(flat) + away):
        whole, along = network.position.copy(), np.zeros_like(network.position)
        whole[:size], along[:size] = point, vector
        value, gradient, product = computed(jnp.asarray(point), jnp.asarray(vector))
        close(network.value(whole), value, flat.dtype)
        close(network.gradient(whole)[1][:size], gradient, flat.dtype)
        close(network.hessian_product(whole)(along)[:size], product, flat.dtype)
        assert not network.gradient(whole)[1][size:].any()
    return network
