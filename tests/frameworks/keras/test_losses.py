"""Data and losses as Keras has them, against ``evaluate`` and NumPy. test_backends.py runs these on every backend."""

from typing import Any

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.tensors import read
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

keras = pytest.importorskip("keras")

ROUNDING = 2e-6
"""Relative: sums of some dozen numbers in 32 bits (6e-8 each), in another order."""


def test_third_are_sample_weights() -> None:
    model, x, y = line()
    weight = np.linspace(0, 2, 10).astype(np.float32)
    model.compile(loss="mse")
    expected = np.mean(weight * (forward(model, x) - y)[:, 0] ** 2)
    for loss in (None, "mse", keras.losses.MeanSquaredError(), lambda y_true, y_pred: (y_true - y_pred) ** 2):
        assert wrap(model, loss, (x, y, weight)).value() == pytest.approx(expected, rel=ROUNDING)
        # divided by rows, not by weights: additive
        assert wrap(model, loss, (x, y, weight), rows=3).value() == pytest.approx(expected, rel=ROUNDING)
    assert evaluated(model, x, y, sample_weight=weight) == pytest.approx(expected, rel=ROUNDING)
    mean = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert wrap(model, mean, (x, y, weight)).value() == pytest.approx(expected * 10 / weight.sum(), rel=ROUNDING)
    with pytest.raises(InvalidValue, match="not additive over rows"):
        wrap(model, mean, (x, y, weight), rows=3)


@pytest.mark.parametrize("form", ["list", "dictionary"])
def test_several_inputs_and_outputs_are_as_compiled(form: str) -> None:
    model, x, y = forked()
    weights = {"one": np.linspace(0, 2, 10).astype(np.float32), "two": np.linspace(3, 1, 10).astype(np.float32)}
    losses: Any = {"one": "mse", "two": keras.losses.Huber(0.5)}
    parts: Any = {"one": 0.3, "two": 2.0}
    data: Any = (x, y, [*weights.values()])  # Keras takes no dictionary of these where outputs are a list
    if form == "list":
        data = [*x.values()], [*y.values()], data[2]
        losses, parts = [*losses.values()], [*parts.values()]
    model.compile(loss=losses, loss_weights=parts)
    joined = np.concatenate([*x.values()], 1)
    outputs = [joined @ read(layer.kernel.value) + read(layer.bias.value) for layer in model.layers[-2:]]
    away = [abs(out - true)[:, 0] for out, true in zip(outputs, y.values(), strict=True)]
    huber = np.where(away[1] <= 0.5, away[1] ** 2 / 2, 0.5 * away[1] - 0.125)
    one = wrap(model, None, data)
    expected = 0.3 * np.mean(weights["one"] * away[0] ** 2) + 2 * np.mean(weights["two"] * huber)
    assert one.value() == pytest.approx(expected, rel=ROUNDING)
    if form == "list":
        assert evaluated(model, *data[:2], sample_weight=data[2]) == pytest.approx(expected, rel=ROUNDING)
    plain = 0.3 * np.mean(away[0] ** 2) + 2 * np.mean(huber)
    assert wrap(model, None, data[:2]).value() == pytest.approx(plain, rel=ROUNDING)
    assert evaluated(model, *data[:2]) == pytest.approx(plain, rel=ROUNDING)
    assert one.facts["loss"] == "mse, huber_loss"
    assert wrap(model, None, data, rows=4).value() == pytest.approx(one.value(), rel=ROUNDING)


def test_losses_are_given_as_compile_takes_them() -> None:
    model, x, y = forked()
    losses = {"one": "mse", "two": "mae"}
    model.compile(loss=losses)
    assert wrap(model, losses, (x, y)).value() == pytest.approx(evaluated(model, x, y), rel=ROUNDING)
    model.compile(loss="mse")
    assert wrap(model, "mse", (x, y)).value() == pytest.approx(evaluated(model, x, y), rel=ROUNDING)


def test_a_function_is_called_in_its_own_order() -> None:
    model, x, y = line()
    expected = np.mean(y - 3 * forward(model, x))
    for loss in (
        lambda y_true, y_pred: y_true - 3 * y_pred,
        lambda outputs, targets: targets - 3 * outputs,
    ):
        assert wrap(model, loss, (x, y)).value() == pytest.approx(expected, rel=ROUNDING)
    with pytest.raises(InvalidValue, match="do not tell which is right; call them"):
        wrap(model, lambda a, b: a - 3 * b, (x, y))


def test_a_class_of_losses_that_keras_does_not_know_is_taken() -> None:
    class Cubes(keras.losses.Loss):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return self.factor * keras.ops.abs(y_true - y_pred) ** 3

    model, x, y = line()
    model.compile(loss=Cubes(0.5))
    expected = np.mean(abs(forward(model, x) - y) ** 3) / 2
    for loss in (None, Cubes(0.5)):
        assert wrap(model, loss, (x, y)).value() == pytest.approx(expected, rel=ROUNDING)


class Stepping(keras.Model):
    """A model with a training step of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def train_step(self, *data: Any) -> Any:
        raise NotImplementedError


def test_what_a_step_of_its_own_trains_with_is_asked_for() -> None:
    _, x, y = line()
    model = Stepping()
    model(x)
    model.compile(loss="mse")
    with pytest.raises(InvalidValue) as caught:
        wrap(model, None, (x, y))
    assert str(caught.value) == (
        "the class Stepping has its own train_step, which may train with another loss than the compiled one; give what "
        "it computes as step(model, batch), or name a loss"
    )
    expected = np.mean((x @ read(model.dense.kernel.value) + read(model.dense.bias.value) - y) ** 2)
    assert wrap(model, "mse", (x, y)).value() == pytest.approx(expected, rel=ROUNDING)


def test_losses_that_layers_add_are_enough() -> None:
    class Adding(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(keras.ops.mean(x**2))
            return x

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), Adding()])
    _, x, _ = line()
    model.compile("sgd")
    dense = model.layers[0]
    expected = np.mean((x @ read(dense.kernel.value) + read(dense.bias.value)) ** 2)
    assert wrap(model, None, (x,)).value() == pytest.approx(expected, rel=ROUNDING)
    assert wrap(model, None, x).value() == pytest.approx(expected, rel=ROUNDING)


def test_a_way_of_computing_the_loss_leaves_the_compiled_one_alone() -> None:
    class Doubled(Stepping):
        def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
            return 2 * super().compute_loss(x, y, y_pred, sample_weight)

    _, x, y = line()
    model = Doubled()
    model(x)
    model.compile(loss="mse")
    own = model._compile_loss
    expected = 2 * np.mean((x @ read(model.dense.kernel.value) + read(model.dense.bias.value) - y) ** 2)
    assert wrap(model, None, (x, y)).value() == pytest.approx(expected, rel=ROUNDING)
    assert model._compile_loss is own
    assert not own.built


def test_data_sets_of_keras_are_batches() -> None:
    model, x, y = line()

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            rows = slice(3 * index, 3 * index + 3)
            return x[rows], y[rows]

    expected = np.mean((forward(model, x) - y) ** 2)
    one = wrap(model, "mse", Batches())
    assert (one.value(), len(one.portions)) == (pytest.approx(expected, rel=ROUNDING), 4)
    assert wrap(model, "mse", batches(Batches(), most=2)).facts["examples"] == 6


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (lambda x, y: (x, y, y[:, 0], y), "data are a tuple of 4; give (x, y) or (x, y, sample_weight), as fit takes"),
        (lambda x, y: (x, y, np.ones(4)), "the targets have 4 rows and the inputs 10"),
        (lambda x, y: ([x, x], y), "cannot be evaluated on these data"),
    ],
)
def test_what_is_no_data_of_keras_is_one_line(data: Any, says: str) -> None:
    model, x, y = line()
    with pytest.raises(InvalidValue) as caught:
        wrap(model, "mse", data(x, y))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_masks_count_what_is_there() -> None:
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Embedding(9, 4, mask_zero=True),
            layers.GRU(3, return_sequences=True),
            layers.Dense(5),
        ]
    )
    rng = np.random.default_rng(4)
    lengths = rng.integers(1, 7, (8, 1))
    x = np.where(np.arange(6) < lengths, rng.integers(1, 9, (8, 6)), 0)
    y = rng.integers(0, 5, (8, 6))
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    logits = read(model(x)).astype(np.float64)
    cross = np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, y[..., None], -1)[..., 0]
    assert wrap(model, None, (x, y)).value() == pytest.approx(cross[x > 0].mean(), rel=ROUNDING)
    with pytest.raises(InvalidValue, match="not additive over rows"):
        wrap(model, None, (x, y), rows=3)


def evaluated(model: Any, x: Any, y: Any, **options: Any) -> float:
    result = model.evaluate(x, y, batch_size=10, verbose=0, **options)
    return float(result[0] if isinstance(result, list) else result)


def line() -> tuple[Any, np.ndarray, np.ndarray]:
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(2)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    return model, rng.normal(size=(10, 3)).astype(np.float32), rng.normal(size=(10, 1)).astype(np.float32)


def forward(model: Any, x: np.ndarray) -> np.ndarray:
    (dense,) = model.layers
    return x @ read(dense.kernel.value) + read(dense.bias.value)


def forked() -> tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray]]:
    keras.utils.set_random_seed(1)
    inputs = [keras.Input((2,), name="a"), keras.Input((3,), name="b")]
    joined = keras.layers.Concatenate()(inputs)
    model = keras.Model(inputs, [keras.layers.Dense(1, name=name)(joined) for name in ("one", "two")])
    rng = np.random.default_rng(2)
    x = {name: rng.normal(size=(10, size)).astype(np.float32) for name, size in (("a", 2), ("b", 3))}
    return model, x, {name: rng.normal(size=(10, 1)).astype(np.float32) for name in ("one", "two")}
