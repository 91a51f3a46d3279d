"""Small networks of every make, with the operations whose affine results are read at every point."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

ROWS = 12


class Case(NamedTuple):
    params: Any
    loss: Any
    data: tuple[Any, ...]
    found: list[str]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


X, Y = normal(ROWS, 5), normal(ROWS, 3)
LABELS = np.random.default_rng(3).integers(0, 3, ROWS)
IMAGES = normal(ROWS, 8, 9, 2)
TOKENS = np.random.default_rng(4).integers(0, 6, (ROWS, 4))
MASK = normal(ROWS, 7) > 0

LAYERS = [{"w": normal(5, 7), "b": normal(7)}, {"w": normal(7, 3), "b": normal(3)}]
TWO = {"v": normal(5, 7, seed=1), "w": normal(5, 7)}


def outputs(layers, x):
    for layer in layers[:-1]:
        x = jax.nn.relu(x @ layer["w"] + layer["b"])
    return x @ layers[-1]["w"] + layers[-1]["b"]


def cross_entropy(layers, x, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs(layers, x)), labels[:, None], 1))


def squared(layers, x, y):
    return jnp.mean((outputs(layers, x) - y) ** 2)


def decayed(layers, x, y):
    return squared(layers, x, y) + 0.1 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(layers))


def linear(p, x, y):
    return jnp.mean((x @ p["w"] / 3 - y @ jnp.ones((3, 7))) ** 2)


def itself_affine(p, x):
    return jnp.mean(x @ p["w"]) + 2.0


def convolution(p, images):
    z = lax.conv_general_dilated(images, p["k"], (2, 1), ((1, 0), (2, 1)), dimension_numbers=("NHWC", "HWIO", "NHWC"))
    z = jax.nn.relu(z + p["b"])
    return jnp.mean(lax.reduce_window(z, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") ** 2)


def shared(p, x):
    return jnp.mean(jnp.tanh(jnp.tanh(x @ p["w"]) @ p["w"].T) ** 2) - jnp.mean(p["w"])


def residual_at_input(p, x):
    return jnp.mean(jnp.tanh(x - x @ p["w"] @ np.eye(7, 5) + p["w"][0, 0]) ** 2)


def product(p, x):
    return jnp.mean((x @ p["w"]) * (x @ p["v"]))


def quotient(p, x):
    return jnp.mean((x @ p["w"]) / (10 + x @ p["v"]))


def embedding(p, tokens):
    z = jnp.mean(p["e"][tokens] * jnp.linspace(1, 2, 4)[:, None], axis=1)
    return jnp.mean(jnp.tanh(jnp.concatenate([z, jnp.ones((ROWS, 1))], 1) @ p["w"]) ** 2)


def masked(p, x, mask):
    z = jnp.where(mask, jnp.pad(jnp.cumsum(x @ p["w"], axis=0), ((0, 0), (0, 0))), 0.5)
    return jnp.mean(jnp.sin(z[::-1, 1:].reshape(-1)))


def with_calls(p, x):
    first = jax.jit(jax.checkpoint(lambda w, x: x @ w))
    return jnp.mean(jax.nn.silu(first(p["w"], x)) + lax.stop_gradient(first(p["v"], x)))


def recurrent(p, x):
    def step(state, row):
        return jax.nn.relu(row @ p["w"] + 0.5 * state), None

    return jnp.sum(lax.scan(step, jnp.zeros(7), x)[0])


def rounded(p, x):
    return jnp.mean(jnp.sin((x @ p["w"]).astype(jnp.bfloat16).astype(x.dtype)))


CASES = {
    "cross-entropy": Case(LAYERS, cross_entropy, (X, LABELS), ["add (12, 7)"]),
    "mean square": Case(LAYERS, squared, (X, Y), ["add (12, 7)"]),
    "weight decay": Case(LAYERS, decayed, (X, Y), ["add (12, 7)"]),
    "one layer": Case(LAYERS[:1], squared, (X, normal(ROWS, 7)), ["sub (12, 7)"]),
    "linear": Case(TWO, linear, (X, Y), ["sub (12, 7)"]),
    "affine": Case(TWO, itself_affine, (X,), ["add ()"]),
    "convolution": Case({"k": normal(3, 4, 2, 3), "b": normal(3)}, convolution, (IMAGES,), ["add (12, 4, 9, 3)"]),
    "shared": Case(TWO, shared, (X,), ["dot_general (12, 7)", "transpose (7, 5)", "div ()"]),
    "residual": Case(TWO, residual_at_input, (X,), ["add (12, 5)"]),
    "product": Case(TWO, product, (X,), ["dot_general (12, 7)", "dot_general (12, 7)"]),
    "quotient": Case(TWO, quotient, (X,), ["dot_general (12, 7)", "add (12, 7)"]),
    "embedding": Case({"e": normal(6, 4), "w": normal(5, 2)}, embedding, (TOKENS,), ["concatenate (12, 5)"]),
    "masked": Case(TWO, masked, (X, MASK), ["rev (12, 6)"]),
    "calls": Case(TWO, with_calls, (X,), ["dot_general (12, 7)", "stop_gradient (12, 7)"]),
    "recurrent": Case(TWO, recurrent, (X,), []),
    "rounded": Case(TWO, rounded, (X,), ["dot_general (12, 7)"]),
}
