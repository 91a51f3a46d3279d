"""Steps, losses of either order and coarse types with TensorFlow modules, against NumPy."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

tf = pytest.importorskip("tensorflow")

ROUNDING = 1e-6
"""Relative: sums of some dozen numbers in 32 bits, 6e-8 each."""


class Line(tf.Module):
    def __init__(self, dtype: str = "float32") -> None:
        super().__init__()
        draw = np.random.default_rng(1).normal
        self.w, self.b = tf.Variable(draw(size=(3, 1)).astype(dtype)), tf.Variable(draw(size=1).astype(dtype))

    def __call__(self, x: Any, training: bool = False) -> Any:
        return (x @ self.w + self.b) * (2.0 if training else 1.0)


def forward(model: Any, x: Any) -> np.ndarray:
    return x @ model.w.numpy().astype("float64") + model.b.numpy().astype("float64")


def step(model: Any, batch: Any) -> Any:
    weights = tf.cast(batch["kept"], tf.float32)
    errors = tf.reduce_sum((model(batch["x"], training=True) - batch["y"]) ** 2, 1)
    return tf.reduce_sum(weights * errors) / tf.reduce_sum(weights), tf.reduce_sum(weights)


@pytest.mark.parametrize("mode", ["evaluation", "training"])
@pytest.mark.parametrize("rows", [None, 3])
def test_a_step_on_a_dictionary_is_exact_in_parts_by_its_count(mode: Any, rows: int | None) -> None:
    model, (x, y), kept = Line(), data(), np.array([1, 0, 1, 1, 0, 0, 0, 1])
    one = wrap(model, step, {"x": x, "y": y, "kept": kept}, mode=mode, rows=rows)
    errors = (forward(model, x) * (2 if mode == "training" else 1) - y) ** 2
    assert one.value() == pytest.approx(errors[kept == 1].mean(), rel=ROUNDING)
    assert len(one.portions) == (1 if rows is None else 3)
    assert one.facts["loss"] == "step"


def test_a_step_without_a_count_is_refused_in_parts() -> None:
    x, y = data()
    kept = np.array([1, 0, 1, 1, 0, 0, 0, 1])
    with pytest.raises(InvalidValue, match="not additive over rows"):
        wrap(Line(), lambda model, batch: step(model, batch)[0], {"x": x, "y": y, "kept": kept}, rows=3)


def test_a_dataset_is_read_as_batches() -> None:
    x, y = data()
    model = Line()
    loaded = tf.data.Dataset.from_tensor_slices((x, y)).batch(3)
    one = wrap(model, lambda outputs, targets: tf.reduce_mean((outputs - targets) ** 2), batches(loaded))
    assert one.value() == pytest.approx(np.mean((forward(model, x) - y) ** 2), rel=ROUNDING)
    assert one.facts["examples"] == 8


def test_a_loss_of_keras_is_called_in_its_own_order() -> None:
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("a loss of Keras on another backend takes no tensors of TensorFlow")
    x, _ = data()
    model, y = Line(), (np.arange(8.0)[:, None] % 3 == 0).astype(np.float32)
    logits = forward(model, x)
    expected = np.mean(np.logaddexp(0, logits) - y * logits)
    cross = keras.losses.BinaryCrossentropy(from_logits=True)
    for loss in (
        cross,
        lambda y_true, y_pred: cross(y_true, y_pred) + 0.0,
        lambda labels, logits: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)),
        lambda outputs, targets: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, outputs)),
    ):
        assert wrap(model, loss, (x, y)).value() == pytest.approx(expected, rel=ROUNDING)
    unnamed = lambda a, b: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(a, b))  # noqa: E731
    with pytest.raises(InvalidValue, match="do not tell which is right; call them"):
        wrap(model, unnamed, (x, y))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_coarse_models_are_displaced_in_32_bits_and_rounded_as_they_are(dtype: str) -> None:
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    x, y = data()

    class Coarse(Line):
        def __call__(self, x: Any) -> Any:
            return tf.cast(x, self.w.dtype) @ self.w + self.b

    def loss(outputs: Any, targets: Any) -> Any:
        return tf.reduce_mean((tf.cast(outputs, tf.float32) - targets) ** 2)

    model = Coarse(kind)
    one = wrap(model, loss, (x, y))
    assert one.dtype == np.float32
    assert one.facts["precision"] == 16
    away = one.position + np.random.default_rng(3).normal(size=4).astype(np.float32) * 1e-2

    def expected(point: np.ndarray) -> float:
        b, w = np.split(point.astype(kind).astype("float64"), [1])
        return float(np.mean((x.astype(kind).astype("float64") @ w[:, None] + b - y) ** 2))

    near = float(ml_dtypes.finfo(kind).eps)  # of two roundings of every output
    for point in (one.position, away):
        assert one.value(point) == pytest.approx(expected(point), rel=4 * near)
    # what rounds to the same variables has the same loss, to the bit
    assert one.value(one.position * (1 + near / 16)) == one.value()
    assert one.gradient()[1].dtype == np.float32


def test_what_is_no_array_is_one_line() -> None:
    x, y = data()
    for bad, says in (
        (tf.RaggedTensor.from_row_lengths(x.ravel(), [4] * 6), "data have a RaggedTensor of shape"),
        (tf.sparse.from_dense(x), "data have a SparseTensor of shape"),
        (tf.constant(["a"] * 8), "data have a tensor of strings"),
    ):
        with pytest.raises(InvalidValue, match=says) as caught:
            wrap(Line(), lambda model, batch: tf.reduce_mean(model(batch[0])), (bad, y))
        assert "\n" not in str(caught.value)


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.normal(size=(8, 3)).astype(np.float32), rng.normal(size=(8, 1)).astype(np.float32)
