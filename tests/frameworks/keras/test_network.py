"""Keras models as functions of their parameters. All tests hold on every backend: test_backends.py runs them there.

The file is long because test_backends.py runs this one file anew on each of Keras' backends.
"""

from typing import Any

import jax
import numpy as np
import pytest

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.frameworks.common.tensors import read
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane
from thalweg.networks.wrapping import wrap

keras = pytest.importorskip("keras")

ROUNDING = 2e-6
"""Relative: sums of some hundred numbers in 32 bits (6e-8 each), in another order than the framework's."""


def test_loss_in_evaluation_is_what_evaluate_says() -> None:
    model, x, y = convolutional()
    assert wrap(model, None, (x, y)).value() == pytest.approx(
        float(model.evaluate(x, y, batch_size=len(x), verbose=0)), rel=ROUNDING
    )


def test_loss_in_training_uses_the_statistics_of_the_data() -> None:
    model, x, y = normalised()
    twin = keras.models.clone_model(model)
    for variable, own in zip(twin.variables, model.variables, strict=True):
        variable.assign(own)
    expected = float(np.mean((read(twin(x, training=True)) - y) ** 2))
    found = wrap(model, "mse", (x, y), mode="training")
    assert found.value() == pytest.approx(expected, rel=ROUNDING)
    assert found.facts["statistics"] == "of the batch"
    gathered = wrap(model, "mse", (x, y))
    assert gathered.facts["statistics"] == "recorded"
    assert abs(gathered.value() - expected) > 0.01


def test_frozen_normalisation_keeps_what_it_gathered_in_training() -> None:
    model, x, y = normalised()
    model.layers[1].trainable = False
    training, evaluation = (wrap(model, "mse", (x, y), mode=mode) for mode in ("training", "evaluation"))
    assert training.facts["statistics"] == "gathered"
    assert training.value() == pytest.approx(evaluation.value(), rel=ROUNDING)
    assert [leaf.kind for leaf in training.leaves] == ["weight", "bias", "weight", "bias"]


def test_what_is_dropped_out_is_drawn_once() -> None:
    model, x, y = convolutional()
    drawn = [wrap(model, None, (x, y), mode="training")]
    model(x, training=True)  # draws from the model's own generators, which a surface does not depend on
    drawn.append(wrap(model, None, (x, y), mode="training"))
    values = [one.value() for one in drawn for _ in range(2)]
    assert len(set(values)) == 1
    assert abs(values[0] - wrap(model, None, (x, y)).value()) > 1e-3


def test_two_dropout_layers_drop_different_units() -> None:
    # kept with probability 1/2 each and doubled: the mean is 1 if they are independent, 2 if they drop the same
    drops = [keras.layers.Dropout(0.5), keras.layers.Dropout(0.5)]
    last = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)
    model = keras.Sequential([keras.Input((4000,)), *drops, last])
    ones = np.ones((2, 4000), np.float32)
    mean = wrap(model, lambda true, out: keras.ops.mean(out) / 4000, (ones, ones[:, :1]), mode="training").value()
    # 8,000 units, each 4 with probability 1/4 or else 0: standard deviation 1.7 / 89 = 0.02; five of them
    assert mean == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("mode", ["evaluation", "training"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradient_and_hessian_are_those_of_finite_differences(mode: str, dtype: str) -> None:
    fine = dtype == "float64"
    if fine and keras.backend.backend() != "tensorflow":
        pytest.skip("on other backends Keras computes in 32 bits whatever the type of the model")
    model, x, y = smooth(dtype)
    one = wrap(model, "mse", (x, y), mode=mode)
    # central differences: step² times the third derivative, and rounding over the step: 1e-10 and 1e-11 in 64 bits, 1e-4
    # and 1e-5 in 32; ten times that. In training TensorFlow's own second derivatives are wrong by a tenth here, since
    # tf.nn.moments stops the gradient of the mean
    along, step, near = draw(one, 1)[0], 1e-5 if fine else 1e-2, 1e-7 if fine else 2e-3
    along[one.trained :] = 0  # what layers gathered, by which the loss is not differentiated
    ahead, behind = one.position + step * along, one.position - step * along
    value, gradient = one.gradient()
    assert value == pytest.approx(one.value(), rel=1e-14 if fine else ROUNDING)
    assert gradient @ along == pytest.approx((one.value(ahead) - one.value(behind)) / (2 * step), rel=near)
    difference = (one.gradient(ahead)[1] - one.gradient(behind)[1]) / (2 * step)
    np.testing.assert_allclose(one.hessian_product()(along), difference, rtol=0, atol=near * abs(difference).max())


def test_precision_is_that_of_the_computation() -> None:
    model, x, y = smooth("float64")
    one = wrap(model, "mse", (x, y))
    assert one.dtype == np.float64
    fine = keras.backend.backend() == "tensorflow"
    assert one.facts["precision"] == (64 if fine else 32)
    out = forward(model, x)
    for loss in ("mse", keras.losses.MeanSquaredError(), keras.losses.mean_squared_error):
        # Keras' own losses cut it to 32 bits, an error of 6e-8; 1e-13 leaves room for sums in another order
        found = wrap(model, loss, (x, y)).value()
        assert found == pytest.approx(np.mean((out - y) ** 2), rel=1e-13 if fine else ROUNDING)


def test_slices_are_the_same_whatever_the_chunks_and_meet_the_model() -> None:
    model, x, y = convolutional()
    for mode in ("evaluation", "training"):
        one = wrap(model, None, (x, y), mode=mode)
        plane = Plane(one.position, draw(one, 2), ("a", "b"), ("", ""), {})
        coordinates = np.stack(np.meshgrid([-1.0, 0.0, 0.5], [-0.5, 0.0, 1, 2]), -1).reshape(-1, 2)
        whole = one.values(plane, coordinates)
        for options in ({"chunk": 1}, {"chunk": 5}, {"threads": False}, {"chunk": 3, "threads": False}):
            np.testing.assert_array_equal(one.values(plane, coordinates, **options), whole)
        expected = [one.value(point) for point in plane.points(coordinates.astype(np.float32))]
        np.testing.assert_allclose(whole, expected, rtol=ROUNDING)
        np.testing.assert_allclose(one.values(plane, coordinates, plain=True), expected, rtol=ROUNDING)


def test_nan_stays_nan() -> None:
    model, x, y = normalised()
    x[0, 0] = np.nan
    assert np.isnan(wrap(model, "mse", (x, y)).value())
    assert np.isnan(wrap(model, "mse", (x, y), mode="training").value())


def test_model_is_left_as_it_was_to_the_bit() -> None:
    model, x, y = convolutional()
    model.fit(x, y, verbose=0)
    model(x)
    before = everything(model)
    for mode in ("evaluation", "training"):
        one = wrap(model, None, (x, y), mode=mode)
        one.value()
        one.gradient()
        one.hessian_product()(draw(one, 1)[0])
        one.values(Plane(one.position, draw(one, 1), ("a",), ("",), {}), np.zeros((2, 1)))
    after = everything(model)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert keras.config.floatx() == "float32"


def test_training_the_model_later_does_not_reach_the_network() -> None:
    model, x, y = convolutional()
    one = wrap(model, None, (x, y))
    before = one.value()
    model.fit(x, y, epochs=2, verbose=0)
    assert one.value() == before
    assert wrap(model, None, (x, y)).value() != before


def test_parts_of_the_data_make_up_the_whole() -> None:
    model, x, y = normalised()
    whole, parted = wrap(model, "mse", (x, y)), wrap(model, "mse", (x, y), rows=5)
    assert [portion.weight for portion in parted.portions] == [5 / 12, 5 / 12, 2 / 12]
    assert parted.value() == pytest.approx(whole.value(), rel=ROUNDING)
    # of numbers around 1; each is a sum of 12
    np.testing.assert_allclose(parted.gradient()[1], whole.gradient()[1], atol=ROUNDING)


def test_leaves_have_kinds_and_orders() -> None:
    layers = keras.layers
    inputs = keras.Input((8, 8, 2))
    image = layers.Conv2D(3, 3, name="conv")(inputs)
    image = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depth")(image)
    image = layers.SeparableConv2D(4, 2, name="separable")(image)
    image = layers.LayerNormalization(name="norm")(image)
    image = layers.Conv2DTranspose(5, 2, name="transpose")(image)
    model = keras.Model(inputs, layers.Dense(7, name="dense")(image))
    data = np.ones((1, 8, 8, 2), np.float32), np.ones((1, 1, 1, 7), np.float32)
    found = {leaf.name: (leaf.kind, leaf.shape, leaf.order) for leaf in wrap(model, "mse", data).leaves}
    assert found == {
        "conv/kernel": ("weight", (3, 3, 2, 3), (3, 2, 0, 1)),
        "conv/bias": ("bias", (3,), (0,)),
        "depth/kernel": ("weight", (3, 3, 3, 2), (2, 3, 0, 1)),
        "depth/bias": ("bias", (6,), (0,)),
        "separable/depthwise_kernel": ("weight", (2, 2, 6, 1), (2, 3, 0, 1)),
        "separable/pointwise_kernel": ("weight", (1, 1, 6, 4), (3, 2, 0, 1)),
        "separable/bias": ("bias", (4,), (0,)),
        "norm/gamma": ("norm", (4,), (0,)),
        "norm/beta": ("norm", (4,), (0,)),
        "transpose/kernel": ("weight", (2, 2, 5, 4), (2, 3, 0, 1)),
        "transpose/bias": ("bias", (5,), (0,)),
        "dense/kernel": ("weight", (5, 7), (1, 0)),
        "dense/bias": ("bias", (7,), (0,)),
    }


def test_rows_of_an_embedding_are_its_filters() -> None:
    model = keras.Sequential([keras.Input((3,), dtype="int32"), keras.layers.Embedding(5, 2)])
    one = wrap(model, "mse", (np.array([[0, 1, 4]]), np.ones((1, 3, 2), np.float32)))
    assert (one.leaves[0].kind, one.leaves[0].order) == ("weight", (0, 1))
    gradient = one.gradient()[1].reshape(5, 2)
    assert np.all(gradient[[0, 1, 4]] != 0)
    assert np.all(gradient[[2, 3]] == 0)


def test_loss_may_be_a_name_an_object_or_a_function() -> None:
    model, x, y = normalised()
    expected = np.mean((forward(model, x) - y) ** 2)
    for loss, name in (
        ("mse", "mse"),
        (keras.losses.MeanSquaredError(name="squares"), "squares"),
        (keras.losses.mean_squared_error, "mean_squared_error"),
    ):
        one = wrap(model, loss, (x, y))
        assert one.value() == pytest.approx(expected, rel=ROUNDING)
        assert one.facts["loss"] == name


def test_targets_without_the_last_axis_are_matched_as_keras_does() -> None:
    model, x, y = normalised()
    model.compile(loss="mse")
    found = wrap(model, keras.losses.mean_squared_error, (x, y[:, 0])).value()
    assert found == pytest.approx(float(model.evaluate(x, y[:, 0], verbose=0)), rel=ROUNDING)


def test_several_inputs_and_outputs_meet_in_a_function() -> None:
    inputs = [keras.Input((2,), name="a"), keras.Input((3,), name="b")]
    joined = keras.layers.Concatenate()(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(1, name=name)(joined) for name in ("one", "two")])
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(6, size)).astype(np.float32) for size in (2, 3))
    first, second = (read(out) for out in model([a, b]))
    one = wrap(model, lambda true, out: keras.ops.mean(out[0] * out[1] - true), ([a, b], np.ones((6, 1), np.float32)))
    assert one.value() == pytest.approx(np.mean(first * second - 1), rel=ROUNDING)


def test_weight_of_a_compiled_loss_counts() -> None:
    model, x, y = normalised()
    model.compile(loss="mse", loss_weights=[0.25])
    found = wrap(model, None, (x, y)).value()
    assert found == pytest.approx(np.mean((forward(model, x) - y) ** 2) / 4, rel=ROUNDING)


def test_own_way_of_computing_the_loss_is_used() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
            return keras.ops.max(keras.ops.abs(y - y_pred))

    model, x = Own(), np.arange(6, dtype=np.float32).reshape(3, 2)
    out = read(model(x))
    one = wrap(model, None, (x, np.zeros((3, 1), np.float32)))
    assert one.value() == pytest.approx(abs(out).max(), rel=ROUNDING)
    assert one.facts["loss"] == "compute_loss"


def test_facts_tell_what_was_computed() -> None:
    model, x, y = convolutional()
    facts = wrap(model, None, (x, y)).facts
    assert {key: facts[key] for key in ("framework", "mode", "statistics", "examples", "precision")} == {
        "framework": "keras",
        "mode": "evaluation",
        "statistics": "recorded",
        "examples": 12,
        "precision": 32,
    }
    assert facts["backend"] == keras.backend.backend()
    assert facts["framework_version"] == keras.__version__
    assert facts["parameters"] == model.count_params() - 4  # less two gathered means and two variances
    assert all(isinstance(value, str | int) for value in facts.values())


def bad_loss(true: Any, out: Any) -> Any:
    raise RuntimeError("no such thing\nsecond line")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"model": lambda: keras.Sequential([keras.layers.Dense(1)])},
            "is not built: it has no parameters yet; give it",
        ),
        (
            {"model": lambda: keras.Sequential([keras.Input((2,)), keras.layers.Flatten()])},
            "has no trainable parameters",
        ),
        ({"loss": None}, "is not compiled with one; give loss="),
        ({"loss": 3}, "loss = 3 is not a function; give a loss of Keras, its name, a function of"),
        ({"loss": "msee"}, "unknown loss of Keras 'msee'"),
        ({"loss": bad_loss}, "cannot be evaluated on these data: RuntimeError: no such thing; give data"),
        (
            {"loss": lambda: keras.losses.MeanSquaredError(reduction="none")},
            "the loss has shape (12,) and is not a scalar",
        ),
        ({"data": lambda x, y: (x[:, :1], y)}, "cannot be evaluated on these data"),
        ({"data": lambda x, y: (x, y[:5])}, "the targets have 5 rows and the inputs 12; give arrays of one length"),
        ({"data": lambda x, y: (x,)}, "data have no targets, which the loss needs; give (x, y)"),
        ({"loss": lambda: keras.losses.MeanSquaredError(reduction="sum"), "rows": 5}, "it is not additive over rows"),
        (
            {
                "loss": None,
                "model": lambda: dense("float32", [keras.losses.MeanSquaredError(reduction="sum")]),
                "rows": 5,
            },
            "it is not additive over rows",
        ),
    ],
)
def test_refusals_are_one_line(change: dict[str, Any], says: str) -> None:
    model, x, y = normalised()
    loss = change.get("loss", "mse")
    loss = loss() if callable(loss) and loss is not bad_loss else loss
    data = change["data"](x, y) if "data" in change else (x, y)
    options = {name: change[name] for name in ("rows",) if name in change}
    with pytest.raises((InvalidValue, UnknownName)) as caught:
        wrap(change["model"]() if "model" in change else model, loss, data, **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def convolutional() -> tuple[Any, np.ndarray, np.ndarray]:
    """A compiled model with all that makes one awkward: statistics, dropout, penalties of weights and of activities."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(4, activation="tanh", kernel_regularizer="l2", activity_regularizer="l1"),
            layers.Dense(3),
        ]
    )
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(1)
    x = rng.normal(size=(12, 5, 5, 1)).astype(np.float32)
    return model, x, rng.integers(0, 3, 12)


def normalised() -> tuple[Any, np.ndarray, np.ndarray]:
    keras.utils.set_random_seed(4)
    layers = [keras.layers.Dense(3), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((2,)), *layers])
    rng = np.random.default_rng(2)
    return model, rng.normal(1, 2, size=(12, 2)).astype(np.float32), rng.normal(size=(12, 1)).astype(np.float32)


def smooth(dtype: str) -> tuple[Any, np.ndarray, np.ndarray]:
    keras.utils.set_random_seed(5)
    rng = np.random.default_rng(6)
    with jax.enable_x64(True):  # or else the backend of JAX has no 64 bits
        layers = [
            keras.layers.Dense(4, activation="tanh", dtype=dtype),
            keras.layers.BatchNormalization(dtype=dtype),
            keras.layers.Dense(2, dtype=dtype),
        ]
        model = keras.Sequential([keras.Input((3,), dtype=dtype), *layers])
    return model, rng.normal(size=(9, 3)).astype(dtype), rng.normal(size=(9, 2)).astype(dtype)


def dense(dtype: str, loss: Any = None) -> Any:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, dtype=dtype)])
    model.compile(loss=loss)
    return model


def forward(model: Any, x: np.ndarray) -> np.ndarray:
    """The outputs in evaluation mode, by NumPy, of dense, normalisation, dense."""
    first, norm, last = model.layers
    (w, b), (gamma, beta, mean, variance), (v, c) = (
        [read(v.value) for v in layer.weights] for layer in (first, norm, last)
    )
    hidden = x @ w + b
    hidden = np.tanh(hidden) if first.activation.__name__ == "tanh" else hidden
    return ((hidden - mean) / np.sqrt(variance + norm.epsilon) * gamma + beta) @ v + c


def draw(one: Network, count: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(count, one.position.size)).astype(one.dtype) / 5


def everything(model: Any) -> list[Any]:
    """All that a user could see changed."""
    arrays = [read(v.value) for v in (*model.variables, *model.optimizer.variables)]
    arrays += [read(v.value) for metric in model.metrics for v in metric.variables]
    arrays += [read(loss) for loss in model.losses]
    draws = [np.random.get_state()[1]]  # not Python's: the checks of types under pytest draw from that
    if keras.backend.backend() == "torch":
        import torch

        draws.append(torch.random.get_rng_state().numpy())
        arrays += [np.array(v.value.grad is None) for v in model.trainable_variables]
    flags = [[v.trainable for v in model.variables], [layer.built for layer in model.layers]]
    return [*map(np.array, arrays), *map(np.array, draws), *map(np.array, flags)]
