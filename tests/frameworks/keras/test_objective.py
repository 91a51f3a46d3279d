"""Steps, modes, states and coarse types of Keras models. test_backends.py runs these on every backend."""

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.tensors import read
from thalweg.networks.wrapping import wrap

keras = pytest.importorskip("keras")

ROUNDING = 2e-6
"""Relative: sums of some dozen numbers in 32 bits (6e-8 each), in another order."""


def step(model: Any, batch: Any) -> Any:
    """As written for training: of rows that count, with their number."""
    kept = keras.ops.cast(batch["kept"], "float32")
    errors = keras.ops.sum((model(batch["x"], training=True) - batch["y"]) ** 2, 1)
    return keras.ops.sum(kept * errors) / keras.ops.sum(kept), keras.ops.sum(kept)


def test_a_step_on_a_dictionary_is_exact_in_parts_by_its_count() -> None:
    model, batch = normalised()
    norm = model.layers[1]
    statistics = [read(variable.value) for variable in (norm.moving_mean, norm.moving_variance)]
    expected = loss_of(model, batch, *statistics)
    for rows in (None, 4):
        one = wrap(model, step, batch, rows=rows)
        assert one.value() == pytest.approx(expected, rel=ROUNDING)
        assert len(one.portions) == (1 if rows is None else 3)
    assert one.facts["loss"] == "step"
    with pytest.raises(InvalidValue, match="not additive over rows"):
        wrap(model, lambda model, batch: step(model, batch)[0], batch, rows=4)
    for before, now in zip(statistics, (norm.moving_mean, norm.moving_variance), strict=True):
        np.testing.assert_array_equal(before, read(now.value))


def test_the_mode_is_the_task_s_whatever_the_step_says() -> None:
    model, batch = normalised()
    (w, b) = (read(variable.value) for variable in model.layers[0].weights)
    hidden = batch["x"] @ w + b
    expected = loss_of(model, batch, hidden.mean(0), hidden.var(0))
    assert wrap(model, step, batch, mode="training").value() == pytest.approx(expected, rel=ROUNDING)

    def by_layers(model: Any, batch: Any) -> Any:
        hidden = batch["x"]
        for layer in model.layers:
            hidden = layer(hidden, training=False) if "normal" in layer.name else layer(hidden)
        kept = keras.ops.cast(batch["kept"], "float32")
        return keras.ops.sum(kept * keras.ops.sum((hidden - batch["y"]) ** 2, 1)) / keras.ops.sum(kept)

    assert wrap(model, by_layers, batch, mode="training").value() == pytest.approx(expected, rel=ROUNDING)


def test_gradients_of_a_step_are_those_of_differences() -> None:
    model, batch = normalised()
    one = wrap(model, step, batch, statistics="gathered")
    along, width = np.random.default_rng(1).normal(size=one.position.size).astype(np.float32), 1e-2
    slope = (one.value(one.position + width * along) - one.value(one.position - width * along)) / (2 * width)
    # width² times the third derivative, and rounding over the width
    assert one.gradient()[1] @ along == pytest.approx(slope, rel=2e-3)


class Counting(keras.layers.Layer):
    """Scales by how often it was called."""

    def build(self, shape: Any) -> None:
        self.count = self.add_weight(shape=(), initializer="ones", trainable=False, name="count")

    def call(self, x: Any) -> Any:
        self.count.assign(self.count + 1)
        return x * self.count


class Dropping(keras.layers.Layer):
    """Drops out whatever the mode."""

    def __init__(self) -> None:
        super().__init__()
        self.source = keras.random.SeedGenerator(3)

    def call(self, x: Any) -> Any:
        return keras.random.dropout(x, 0.5, seed=self.source)


class Attribute(keras.layers.Layer):
    """Counts in Python."""

    times = 0

    def call(self, x: Any) -> Any:
        self.times += 1
        return x * self.times


@pytest.mark.parametrize(
    ("layer", "mode", "what"),
    [
        (Counting, "evaluation", " with '.*counting.*/count'"),
        (Counting, "training", " with '.*counting.*/count'"),
        (Dropping, "evaluation", " with '.*seed_generator_state'"),
        (Attribute, "evaluation", ""),
    ],
)
def test_what_changes_is_named(layer: Any, mode: Any, what: str) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), layer()])
    states = [read(variable.value) for variable in model.non_trainable_variables]
    with pytest.raises(InvalidValue, match=f"changes from call to call{what}; keep no state") as caught:
        wrap(model, "mse", (np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)), mode=mode)
    assert "\n" not in str(caught.value)
    for before, variable in zip(states, model.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(before, read(variable.value))


def test_recurrent_layers_that_go_on_where_they_ended_are_refused() -> None:
    model = keras.Sequential([keras.Input((5, 2), batch_size=4), keras.layers.LSTM(3, stateful=True)])
    data = np.ones((4, 5, 2), np.float32), np.ones((4, 3), np.float32)
    with pytest.raises(InvalidValue, match="changes from call to call with '.*state'"):
        wrap(model, "mse", data)


def test_always_dropping_is_drawn_once_in_training() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), Dropping()])
    one = wrap(model, "mse", (np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)), mode="training")
    assert one.value() == one.value() == pytest.approx(one.gradient()[0], rel=ROUNDING)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "bfloat16", "float16"])
def test_coarse_models_are_displaced_in_32_bits_and_rounded_as_they_are(dtype: str) -> None:
    keras.utils.set_random_seed(1)
    kind = np.dtype(getattr(ml_dtypes, dtype.removeprefix("mixed_"), dtype.removeprefix("mixed_")))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, dtype=dtype)])
    rng = np.random.default_rng(2)
    x, y = (rng.normal(size=(8, size)).astype(np.float32) for size in (3, 1))
    one = wrap(model, "mse", (x, y))
    assert (one.dtype, one.facts["precision"]) == (np.float32, 16)
    near = float(ml_dtypes.finfo(kind).eps)

    def expected(point: np.ndarray) -> float:
        w, b = (part.astype(kind).astype(np.float64) for part in np.split(point, [3]))
        return float(np.mean((x.astype(kind).astype(np.float64) @ w[:, None] + b - y) ** 2))

    for point in (one.position, one.position + rng.normal(size=4).astype(np.float32) / 10):
        # of two roundings of every output
        assert one.value(point) == pytest.approx(expected(point), rel=4 * near)
    value, gradient = one.gradient()
    assert (value, gradient.dtype) == (pytest.approx(one.value(), rel=near), np.float32)
    if not dtype.startswith("mixed"):
        # what rounds to the same variables has the same loss, to the bit
        assert one.value(one.position * (1 + near / 16)) == one.value()


def loss_of(model: Any, batch: Any, mean: np.ndarray, variance: np.ndarray) -> float:
    """The loss by NumPy, given statistics."""
    first, norm, last = model.layers
    (w, b), (gamma, beta, *_), (v, c) = ([read(one.value) for one in layer.weights] for layer in (first, norm, last))
    hidden = ((batch["x"] @ w + b - mean) / np.sqrt(variance + norm.epsilon) * gamma + beta) @ v + c
    return float(np.mean(((hidden - batch["y"]) ** 2).sum(1)[batch["kept"] == 1]))


def normalised() -> tuple[Any, dict[str, np.ndarray]]:
    keras.utils.set_random_seed(4)
    layers = [keras.layers.Dense(3), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((2,)), *layers])
    rng = np.random.default_rng(2)
    x, y = rng.normal(1, 2, size=(12, 2)).astype(np.float32), rng.normal(size=(12, 1)).astype(np.float32)
    return model, {"x": x, "y": y, "kept": np.array([1, 0, 1, 1] * 3)}
