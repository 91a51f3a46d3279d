"""Curvature of Keras models with kinks, against formulas in 64 bits. test_backends.py runs this on every backend."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.networks.matrices import replace_hessian
from thalweg.networks.wrapping import wrap

keras = pytest.importorskip("keras")


def test_hessian_behind_normalised_layers_with_kinks_is_exact() -> None:
    keras.utils.set_random_seed(2)
    layers = [keras.layers.Dense(5), keras.layers.LayerNormalization(), keras.layers.ReLU(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    rng = np.random.default_rng(3)
    x, y = (rng.normal(size=(6, size)).astype(np.float32) for size in (3, 2))
    one = wrap(model, "mse", (x, y))
    shapes, epsilon = [leaf.shape for leaf in one.leaves], layers[1].epsilon

    def loss(flat: Any) -> Any:
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        parts = [flat[a:b].reshape(shape) for a, b, shape in zip(ends[:-1], ends[1:], shapes, strict=True)]
        w, b, gamma, beta, v, c = parts
        hidden = x.astype(np.float64) @ w + b
        centred = hidden - hidden.mean(-1, keepdims=True)
        normal = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + epsilon) * gamma + beta
        return jnp.mean((jnp.maximum(normal, 0) @ v + c - y) ** 2)

    with jax.enable_x64(True):
        exact = np.asarray(jax.hessian(loss)(jnp.asarray(one.position, jnp.float64)))
    product = one.hessian_product()
    found = np.stack([product(row) for row in np.eye(len(exact))])
    # a dozen operations in 32 bits, of numbers up to the largest of the Hessian
    np.testing.assert_allclose(found, exact, rtol=0, atol=2e-5 * abs(exact).max())
    np.testing.assert_allclose(np.linalg.eigvalsh(found)[-3:], np.linalg.eigvalsh(exact)[-3:], rtol=1e-5)


def test_the_gauss_newton_matrix_of_cross_entropy_is_fishers_and_penalties_are_refused() -> None:
    x, y = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32), np.array([0, 1, 1, 0, 1, 0])
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(2)])
    source = np.random.default_rng(1)
    weights = [source.standard_normal(shape).astype(np.float32) for shape in ((4, 3), (3,), (3, 2), (2,))]
    model.set_weights(weights)
    kernel, bias, last, shift = (weight.astype(np.float64) for weight in weights)
    product = replace_hessian(wrap(model, entropy, (x, y)), "gauss_newton").hessian_product()
    found = np.stack([product(unit) for unit in np.eye(23)])
    logits = np.maximum(x @ kernel + bias, 0) @ last + shift
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    fisher = np.zeros((23, 23))
    for other in (0, 1):  # targets drawn from the model itself
        apart = wrap(model, entropy, (x, np.full(6, other)), rows=1)
        slopes = np.stack([portion.evaluator.gradient(apart.position)[1] for portion in apart.portions])
        fisher += np.einsum("r,ri,rj->ij", chances[:, other], slopes, slopes) / 6
    np.testing.assert_allclose(found, fisher, atol=1e-6)  # 32 bits, of numbers up to 1
    layers = [keras.layers.Dense(3, "relu", kernel_regularizer="l2"), keras.layers.Dense(2)]
    punished = wrap(keras.Sequential([keras.Input((4,)), *layers]), entropy, (x, y))
    with pytest.raises(InvalidValue, match="the loss depends on parameters not by the outputs alone: its slope is"):
        replace_hessian(punished, "gauss_newton").hessian_product()
