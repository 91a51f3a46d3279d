"""Second derivatives that TensorFlow lacks: those of differences of gradients, where there is no kink."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from thalweg.frameworks.tensorflow.second import moments, second_derivatives  # noqa: E402  # it imports TensorFlow


def resized(method: str, *, antialias: bool) -> Callable[[Any], Any]:
    def loss(x: Any) -> Any:
        return tf.reduce_sum(tf.sin(tf.image.resize(x, (7, 4), method=method, antialias=antialias)))

    return loss


@pytest.mark.parametrize(
    "loss",
    [
        *(resized(method, antialias=False) for method in ("bilinear", "nearest", "bicubic", "lanczos3")),
        resized("bilinear", antialias=True),
        lambda x: tf.reduce_sum(tf.sin(2 * tf.nn.softsign(x))),
        lambda x: tf.reduce_sum(tf.sin(tf.nn.moments(x, [1, 2])[1])),
        lambda x: tf.reduce_sum(tf.sin(tf.compat.v1.nn.moments(x, [1, 2], keep_dims=True)[1])),
    ],
)
def test_products_are_those_of_differences(loss: Callable[[Any], Any]) -> None:
    x, v = (tf.constant(np.random.default_rng(k).normal(size=(1, 5, 5, 2)), tf.float32) for k in (0, 1))
    step = 3e-3
    difference = (slope(loss, x + step * v) - slope(loss, x - step * v)) / (2 * step)
    with second_derivatives(), tf.GradientTape() as tape:
        tape.watch(x)
        along = tf.reduce_sum(slope(loss, x) * v)
        with tape.stop_recording():
            found = tape.gradient(along, x).numpy()
    # step² times the third derivative, 1e-5, and rounding over the step, 1e-7 / 3e-3
    np.testing.assert_allclose(found, difference, rtol=0, atol=5e-4 * abs(difference.numpy()).max())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_values_of_moments_are_tensorflow_s_to_the_bit(dtype: str) -> None:
    x = tf.constant(np.random.default_rng(2).normal(3, 2, (4, 5, 6)), dtype)
    for keep in (False, True):
        for ours, theirs in zip(
            moments(x, [0, 2], keepdims=keep), tf.nn.moments(x, [0, 2], keepdims=keep), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_nothing_is_left_behind() -> None:
    from tensorflow.python.framework import ops

    own, table = tf.compat.v1.nn.moments, dict(ops.gradient_registry._registry)
    with pytest.raises(RuntimeError), second_derivatives():
        assert tf.compat.v1.nn.moments is moments
        raise RuntimeError
    assert tf.compat.v1.nn.moments is own
    assert ops.gradient_registry._registry == table


def slope(loss: Callable[[Any], Any], x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = loss(x)
    return tape.gradient(value, x)
