"""TensorFlow modules as functions of their parameters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.geometry.plane import Plane
from thalweg.networks.wrapping import wrap

tf = pytest.importorskip("tensorflow")

ROUNDING = 1e-6
"""Relative: sums of some dozen numbers in 32 bits, 6e-8 each, by other kernels than outside a graph."""


class Perceptron(tf.Module):
    """Two layers, with a normalisation between them where it is asked for."""

    def __init__(self, dtype: str = "float32", *, normal: bool = False):
        super().__init__()
        draw = np.random.default_rng(1).normal
        self.layers = [
            {"w": variable(draw(size=s), dtype), "b": variable(draw(size=s[1]), dtype)} for s in ((3, 4), (4, 2))
        ]
        if normal:
            self.gamma = variable(np.full(4, 1.5), dtype)
            self.mean = tf.Variable(np.ones(4, dtype), trainable=False)

    @tf.function
    def __call__(self, x: Any, training: bool = False) -> Any:
        first, last = self.layers
        hidden = tf.tanh(x @ first["w"] + first["b"])
        if hasattr(self, "gamma"):
            mean, variance = tf.nn.moments(hidden, 0)
            if training:
                self.mean.assign(0.9 * self.mean + 0.1 * mean)
            scale = tf.sqrt(variance + 0.1) if training else 1.0
            hidden = (hidden - (mean if training else self.mean)) / scale * self.gamma
        return hidden @ last["w"] + last["b"]


def squares(outputs: Any, targets: Any) -> Any:
    return tf.reduce_mean((outputs - targets) ** 2)


def test_loss_is_the_module_s_own() -> None:
    model, (x, y) = Perceptron(), data()
    one = wrap(model, squares, (x, y))
    assert one.value() == pytest.approx(float(squares(model(x), y)), rel=ROUNDING)
    assert dict(one.facts) == {
        "framework": "tensorflow",
        "framework_version": tf.__version__,
        "device": one.facts["device"],
        "mode": "evaluation",
        "statistics": "none",
        "loss": "squares",
        "examples": 7,
        "precision": 32,
        "parameters": 26,
    }


def test_leaves_are_named_by_attributes() -> None:
    leaves = wrap(Perceptron(normal=True), squares, data()).leaves
    assert [(leaf.name, leaf.kind, leaf.shape, leaf.order) for leaf in leaves] == [
        ("gamma", "norm", (4,), (0,)),
        ("layers/0/b", "bias", (4,), (0,)),
        ("layers/0/w", "weight", (3, 4), (1, 0)),
        ("layers/1/b", "bias", (2,), (0,)),
        ("layers/1/w", "weight", (4, 2), (1, 0)),
        ("mean", "statistic", (4,), (0,)),
    ]


def test_flat_order_is_that_of_the_trainable_variables() -> None:
    model = Perceptron(normal=True)
    expected = np.concatenate([np.ravel(v.numpy()) for v in (*model.trainable_variables, model.mean)])
    np.testing.assert_array_equal(wrap(model, squares, data()).position, expected)


@pytest.mark.parametrize("mode", ["evaluation", "training"])
def test_gradient_and_hessian_are_those_of_finite_differences(mode: str) -> None:
    one = wrap(Perceptron("float64", normal=True), squares, data("float64"), mode=mode)
    assert one.facts["statistics"] == ("recorded" if mode == "evaluation" else "of the batch")
    along, step = np.random.default_rng(3).normal(size=one.position.size) / 5, 1e-5
    along[one.trained :] = 0  # what was gathered, by which the loss is not differentiated
    ahead, behind = one.position + step * along, one.position - step * along
    value, gradient = one.gradient()
    assert value == pytest.approx(one.value(), rel=1e-14)  # rounding of 64 bits, summed in another order
    # central differences: step² times the third derivative, 1e-10, and rounding, 1e-16 / 1e-5. In training mode the
    # moments stop a gradient, and TensorFlow's own second derivatives are wrong by percents
    assert gradient @ along == pytest.approx((one.value(ahead) - one.value(behind)) / (2 * step), rel=1e-7)
    difference = (one.gradient(ahead)[1] - one.gradient(behind)[1]) / (2 * step)
    np.testing.assert_allclose(one.hessian_product()(along), difference, rtol=0, atol=1e-7 * abs(difference).max())


def test_gradient_and_hessian_are_those_of_tapes() -> None:
    model, (x, y) = Perceptron("float64"), data("float64")
    one = wrap(model, squares, (x, y))
    along = np.random.default_rng(4).normal(size=one.position.size)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            loss = squares(model(x), y)
        gradient = tf.concat([tf.reshape(g, [-1]) for g in tape.gradient(loss, model.trainable_variables)], 0)
        product = tf.tensordot(gradient, tf.constant(along), 1)
    second = np.concatenate([np.ravel(g) for g in outer.gradient(product, model.trainable_variables)])
    # the same operations in 64 bits, in another order
    np.testing.assert_allclose(one.gradient()[1], gradient, rtol=0, atol=1e-14)
    np.testing.assert_allclose(one.hessian_product()(along), second, rtol=0, atol=1e-12)


def test_slices_are_the_same_whatever_the_chunks_and_meet_the_module() -> None:
    model, (x, y) = Perceptron(), data()
    one = wrap(model, squares, (x, y))
    directions = np.random.default_rng(5).normal(size=(2, one.position.size)).astype(np.float32)
    plane = Plane(one.position, directions, ("a", "b"), ("", ""), {})
    coordinates = np.stack(np.meshgrid([-1.0, 0.0, 0.5], [-0.5, 0.0, 1, 2]), -1).reshape(-1, 2)
    whole = one.values(plane, coordinates)
    for options in ({"chunk": 1}, {"chunk": 5}, {"threads": False}, {"plain": True}):
        np.testing.assert_array_equal(one.values(plane, coordinates, **options), whole)
    points = plane.points(coordinates.astype(np.float32))
    np.testing.assert_allclose(whole, [one.value(point) for point in points], rtol=ROUNDING)
    for variable, span in zip(model.trainable_variables, one.spans, strict=True):
        variable.assign(np.reshape(points[2][span], variable.shape))
    assert whole[2] == pytest.approx(float(squares(model(x), y)), rel=ROUNDING)


def test_nan_stays_nan() -> None:
    x, y = data()
    x[0, 0] = np.nan
    assert np.isnan(wrap(Perceptron(), squares, (x, y), mode="training").value())


def test_parts_of_the_data_make_up_the_whole() -> None:
    whole, parted = (wrap(Perceptron(), squares, data(), rows=rows) for rows in (None, 3))
    assert [portion.weight for portion in parted.portions] == [3 / 7, 3 / 7, 1 / 7]
    assert parted.value() == pytest.approx(whole.value(), rel=ROUNDING)


def test_module_is_left_as_it_was_to_the_bit() -> None:
    tf.random.set_seed(0)
    model = Perceptron(normal=True)
    before = [v.numpy() for v in model.variables]
    for mode in ("evaluation", "training"):
        one = wrap(model, squares, data(), mode=mode)
        one.gradient()
        one.hessian_product()(one.position)
        one.values(Plane(one.position, one.position[None], ("a",), ("",), {}), np.ones((2, 1)))
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())
    drawn = tf.random.uniform([3]).numpy()
    tf.random.set_seed(0)
    np.testing.assert_array_equal(drawn, tf.random.uniform([3]).numpy())


def test_training_the_module_later_does_not_reach_the_network() -> None:
    model = Perceptron()
    one = wrap(model, squares, data())
    before = one.value()
    model.layers[0]["w"].assign_add(tf.ones((3, 4)))
    assert one.value() == before


def test_rows_of_a_table_have_gradients() -> None:
    class Table(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = tf.Variable(np.arange(10.0, dtype=np.float32).reshape(5, 2))

        def __call__(self, x: Any) -> Any:
            return tf.gather(self.table, x)

    one = wrap(Table(), squares, (np.array([0, 3]), np.zeros((2, 2), np.float32)))
    expected = np.zeros((5, 2))
    expected[[0, 3]] = np.array([[0, 1], [6, 7]]) / 2  # two times the row, over four numbers
    np.testing.assert_array_equal(one.gradient()[1], expected.ravel())
    np.testing.assert_array_equal(one.hessian_product()(one.position), expected.ravel())


class Drawing(Perceptron):
    def __call__(self, x: Any, training: bool = False) -> Any:
        return super().__call__(x) * tf.random.uniform([2])


class Stray(Perceptron):
    def __call__(self, x: Any) -> Any:
        return super().__call__(x) + OUTSIDE


class Uncopied(Perceptron):
    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("no")


OUTSIDE = tf.Variable([1.0, 2.0], name="outside")


def per_row(outputs: Any, targets: Any) -> Any:
    return tf.reduce_mean((outputs - targets) ** 2, -1)


@pytest.mark.parametrize(
    ("model", "loss", "says"),
    [
        (tf.Module, squares, "the model has no trainable parameters"),
        (Perceptron, None, "loss = None is not a function; give loss(outputs, targets)"),
        (Perceptron, per_row, "the loss has shape (7,) and is not a scalar; give a loss that is a mean over the rows"),
        (
            Perceptron,
            lambda outputs, targets: outputs @ targets,
            "cannot be evaluated on these data: ValueError: Dimensions must be equal",
        ),
        (
            lambda: Perceptron("int32"),
            squares,
            "the parameter 'layers/0/b' is int32, which is not allowed; give a model",
        ),
        (Uncopied, squares, "the module Uncopied cannot be copied (TypeError)"),
        (Stray, squares, "the model uses the variable 'outside:0' of shape (2,), which is not an attribute of it"),
        (Drawing, squares, "it changes from call to call"),
    ],
)
def test_refusals_are_one_line(model: Callable[[], Any], loss: Any, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        wrap(model(), loss, data(), mode="training")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_must_be_as_many() -> None:
    x, y = data()
    with pytest.raises(InvalidValue, match="the targets have 3 rows and the inputs 7; give arrays of one length"):
        wrap(Perceptron(), squares, (x, y[:3]))


def variable(values: np.ndarray, dtype: str) -> Any:
    return tf.Variable(values.astype(dtype))


def data(dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(7, 3)).astype(dtype), rng.normal(size=(7, 2)).astype(dtype)
