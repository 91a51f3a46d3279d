"""Curvature in TensorFlow: that of an independent computation in 64 bits, or refused."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.geometry.network import Network
from thalweg.networks.curvatures import curvature
from thalweg.networks.wrapping import wrap

tf = pytest.importorskip("tensorflow")

ORDER = ("b", "c", "gamma", "v", "w")
"""Attributes of :class:`Normalised` in the order of the flat vector."""


class Normalised(tf.Module):
    """Dense, normalisation over features or rows, rectifier, dense: with kinks, and with TensorFlow's moments."""

    def __init__(self, axis: int, dtype: str) -> None:
        super().__init__()
        self.axis = axis
        draw = np.random.default_rng(1).normal
        self.w, self.b = variable(draw(size=(3, 5)), dtype), variable(draw(size=5), dtype)
        self.gamma = variable(1 + 0.3 * draw(size=5), dtype)
        self.v, self.c = variable(draw(size=(5, 2)), dtype), variable(draw(size=2), dtype)

    def __call__(self, x: Any) -> Any:
        hidden = x @ self.w + self.b
        mean, variance = tf.nn.moments(hidden, [self.axis], keepdims=True)
        return tf.nn.relu((hidden - mean) / tf.sqrt(variance + 0.1) * self.gamma) @ self.v + self.c


def in_jax(axis: int) -> Any:
    """The same network by formulas, as a function of the flat vector."""
    _, y = data("float64")
    return lambda flat: jnp.mean((in_jax_outputs(flat, axis) - y) ** 2)


def in_jax_outputs(flat: Any, axis: int) -> Any:
    x, _ = data("float64")
    sizes = dict(zip(ORDER, [(5,), (2,), (5,), (5, 2), (3, 5)], strict=True))

    parts, start = {}, 0
    for name, shape in sizes.items():
        parts[name] = flat[start : start + int(np.prod(shape))].reshape(shape)
        start += int(np.prod(shape))
    hidden = x @ parts["w"] + parts["b"]
    centred = hidden - hidden.mean(axis, keepdims=True)
    normal = centred / jnp.sqrt((centred**2).mean(axis, keepdims=True) + 0.1) * parts["gamma"]
    return jnp.maximum(normal, 0) @ parts["v"] + parts["c"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", [0, 1])
def test_hessian_across_kinks_is_that_of_an_independent_computation(axis: int, dtype: str) -> None:
    one = wrap(Normalised(axis, dtype), squares, data(dtype))
    with jax.enable_x64(True):
        exact = np.asarray(jax.hessian(in_jax(axis))(jnp.asarray(one.position, jnp.float64)))
    product = one.hessian_product()
    found = np.stack([product(row) for row in np.eye(len(exact))])
    # a dozen operations in 32 bits, of numbers up to the largest of the Hessian
    near = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(found, exact, rtol=0, atol=near * abs(exact).max())


def test_leading_eigenvalues_are_exact() -> None:
    one = wrap(Normalised(1, "float32"), squares, data())
    with jax.enable_x64(True):
        exact = np.linalg.eigvalsh(np.asarray(jax.hessian(in_jax(1))(jnp.asarray(one.position, jnp.float64))))
    found = curvature(one, count=3)["eigenvalues"].values
    np.testing.assert_allclose(np.sort(found)[-3:], exact[-3:], rtol=1e-5)  # rounding of 32 bits


def test_a_hessian_that_is_not_symmetric_is_refused() -> None:
    def loss(outputs: Any, targets: Any) -> Any:
        # TensorFlow forgets that the gradient by the labels depends on the logits
        cross = tf.nn.softmax_cross_entropy_with_logits(tf.nn.softmax(outputs[:3]), outputs[3:])
        return tf.reduce_mean(cross) + 0 * tf.reduce_sum(targets)

    one = wrap(Normalised(1, "float32"), loss, data())
    with pytest.raises(InvalidValue, match="the Hessian that TensorFlow makes is not symmetric") as caught:
        one.hessian_product()
    assert "\n" not in str(caught.value)


def test_what_a_user_stops_stays_stopped() -> None:
    def stopped(outputs: Any, targets: Any) -> Any:
        return tf.reduce_mean((outputs - tf.stop_gradient(outputs) + targets) ** 2)

    one = wrap(Normalised(1, "float64"), stopped, data("float64"))
    _, y = data("float64")
    with jax.enable_x64(True):

        def same(flat: Any) -> Any:
            outputs = in_jax_outputs(flat, 1)
            return jnp.mean((outputs - jax.lax.stop_gradient(outputs) + y) ** 2)

        exact = np.asarray(jax.hessian(same)(jnp.asarray(one.position)))
    found = np.stack([one.hessian_product()(row) for row in np.eye(len(exact))])
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-13 * abs(exact).max())  # rounding


def test_stops_that_change_nothing_are_no_reason_to_refuse() -> None:
    def loss(outputs: Any, targets: Any) -> Any:
        return tf.reduce_mean(tf.reduce_logsumexp(outputs, 1) - tf.reduce_sum(tf.nn.softmax(targets) * outputs, 1))

    compare_with_differences(wrap(Normalised(1, "float64"), loss, data("float64")))


def test_moments_that_were_traced_before_are_refused() -> None:
    before = tf.function(lambda x: tf.nn.moments(x, [1])[1])
    before(tf.ones((6, 2)))

    def loss(outputs: Any, targets: Any) -> Any:
        return tf.reduce_mean(before(outputs) ** 2) + squares(outputs, targets)

    with pytest.raises(InvalidValue, match="a tf.function that was traced before, with tf.nn.moments in it"):
        wrap(Normalised(1, "float32"), loss, data()).hessian_product()


def test_a_missing_second_derivative_is_named() -> None:
    def loss(outputs: Any, targets: Any) -> Any:
        wide = tf.nn.dilation2d(outputs[None, :, :, None], tf.ones((2, 2, 1)), [1] * 4, "SAME", "NHWC", [1] * 4)
        return tf.reduce_mean(wide**2) + 0 * tf.reduce_sum(targets)

    one = wrap(Normalised(1, "float32"), loss, data())
    with pytest.raises(InvalidValue, match="has no second derivative here: .*Dilation2DBackprop") as caught:
        one.hessian_product()
    assert "\n" not in str(caught.value)


def test_batches_of_one_form_share_their_graphs() -> None:
    one = wrap(Normalised(1, "float32"), squares, data(), rows=2)
    first, *others = [portion.evaluator for portion in one.portions]
    assert len(others) == 2
    assert all(other.graphs is first.graphs for other in others)
    assert one.value() == pytest.approx(wrap(Normalised(1, "float32"), squares, data()).value(), rel=1e-6)


def compare_with_differences(one: Network) -> None:
    along, step = np.random.default_rng(2).normal(size=one.position.size), 1e-6
    ahead, behind = (one.gradient(one.position + sign * step * along)[1] for sign in (1, -1))
    difference = (ahead - behind) / (2 * step)  # exact to 1e-9 here; no kink lies between
    np.testing.assert_allclose(one.hessian_product()(along), difference, rtol=0, atol=1e-7 * abs(difference).max())


def squares(outputs: Any, targets: Any) -> Any:
    return tf.reduce_mean((outputs - targets) ** 2)


def variable(values: np.ndarray, dtype: str) -> Any:
    return tf.Variable(values.astype(dtype))


def data(dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(6, 3)).astype(dtype), rng.normal(size=(6, 2)).astype(dtype)
