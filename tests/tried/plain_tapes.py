"""The same numbers by tapes of TensorFlow: variables are assigned, nothing of ours is called."""

from typing import Any

import numpy as np
import tensorflow as tf

from thalweg.networks.wrapping import wrap

NEAR = {"float32": 5e-5, "float64": 1e-11}
"""Relative: sums of some dozen to some hundred numbers, in another order."""


def close(found: Any, wanted: Any, kind: str = "float32") -> None:
    near = NEAR[kind]
    np.testing.assert_allclose(found, wanted, rtol=near, atol=near * max(np.abs(wanted).max(), 1e-2))


def assigned(model: Any, point: np.ndarray) -> None:
    first = 0
    for variable in model.trainable_variables:
        size = int(np.prod(variable.shape))
        variable.assign(point[first : first + size].reshape(variable.shape))
        first += size
    assert first == len(point)


def flat(model: Any, arrays: Any) -> np.ndarray:
    arrays = [
        np.zeros(v.shape, v.dtype) if a is None else np.asarray(tf.convert_to_tensor(a))
        for v, a in zip(model.trainable_variables, arrays, strict=True)
    ]
    return np.concatenate([array.ravel() for array in arrays])


def derivatives(model: Any, loss: Any, vector: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Compute loss, gradient and Hessian product of a model where it is."""
    variables, first = [v.value if hasattr(v, "path") else v for v in model.trainable_variables], 0
    pieces = []
    for variable in variables:
        size = int(np.prod(variable.shape))
        pieces.append(tf.constant(vector[first : first + size].reshape(variable.shape)))
        first += size
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            value = loss()
        slopes = inner.gradient(value, variables)
        slopes = [None if slope is None else tf.convert_to_tensor(slope) for slope in slopes]
        along = tf.add_n([tf.reduce_sum(a * b) for a, b in zip(slopes, pieces, strict=True) if a is not None])
    products = outer.gradient(along, variables)
    return float(value), flat(model, slopes), flat(model, products)


def _slope(model: Any, loss: Any, point: np.ndarray) -> np.ndarray:
    assigned(model, point)
    variables = [v.value if hasattr(v, "path") else v for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        value = loss()
    return flat(model, tape.gradient(value, variables))


def agrees(make: Any, step: Any, data: Any, *, loss: Any = None, second: bool = True, **options: Any) -> Any:
    """Hold values, gradient and Hessian product, at the model's own point and away from it, against tapes.

    Parameters
    ----------
    make : makes the model, always the same
    step : ``step(model, batch)``, as the user has it; gives a scalar
    loss : what ``wrap`` is given instead of the step; ``False`` for the model's own
    second : whether TensorFlow's own second derivative is right; if not, differences of its gradients are taken
    """
    given = step if loss is None else None if loss is False else loss
    network, twin = wrap(make(), given, data, **options), make()
    own = np.concatenate([np.asarray(v).ravel() for v in twin.trainable_variables])
    size = network.trained
    np.testing.assert_array_equal(network.position[:size], own)
    rng = np.random.default_rng([6, size])
    away, vector = (0.1 * rng.normal(size=(2, size))).astype(own.dtype)
    for point in (own, own + away):
        assigned(twin, point)
        value, gradient, product = derivatives(twin, lambda: step(twin, data), vector)
        if not second:
            assert own.dtype == np.float64
            ahead, behind = (_slope(twin, lambda: step(twin, data), point + by * vector) for by in (1e-5, -1e-5))
            product = (ahead - behind) / 2e-5
        whole, along = network.position.copy(), np.zeros_like(network.position)
        whole[:size], along[:size] = point, vector
        close(network.value(whole), value, own.dtype.name)
        close(network.gradient(whole)[1][:size], gradient, own.dtype.name)
        # central differences: 1e-10 times the third derivative, and rounding, 1e-16 over 1e-5
        near = {"rtol": 1e-6, "atol": 1e-6 * abs(product).max()}
        found = network.hessian_product(whole)(along)[:size]
        np.testing.assert_allclose(found, product, **near) if not second else close(found, product, own.dtype.name)
    return network
