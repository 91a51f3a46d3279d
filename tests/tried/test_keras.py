"""Models of Keras with data and losses as users have them, each against tapes of TensorFlow.

Keras' own backends are tried in ``tests/frameworks/keras``.
"""

import itertools
from typing import Any

import keras
import numpy as np
import pytest

from tests.tried.plain_tapes import agrees, close
from thalweg.base.errors import InvalidValue
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

if keras.backend.backend() != "tensorflow":
    pytest.skip("tapes are TensorFlow's", allow_module_level=True)
tf = pytest.importorskip("tensorflow")

layers, ops = keras.layers, keras.ops
SOURCE = np.random.default_rng(6)


def normal(*shape: int) -> np.ndarray:
    return SOURCE.normal(size=shape).astype(np.float32)


X, Y = normal(10, 3), normal(10, 2)
IMAGES, KINDS = normal(6, 8, 8, 2), np.array([0, 2, 1, 1, 0, 2])
TOKENS = np.where(np.arange(5) < np.array([5, 2, 3, 5, 1, 4])[:, None], SOURCE.integers(1, 9, (6, 5)), 0)
SERIES = np.where(np.arange(5)[:, None] < np.array([5, 2, 3, 5, 1, 4])[:, None, None], normal(6, 5, 2), 0)


def seeded(make: Any, dtype: str = "float32") -> Any:
    def made() -> Any:
        keras.utils.set_random_seed(1)
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(dtype)
        try:
            model = make()
        finally:
            keras.config.set_dtype_policy(before)
        for variable in model.non_trainable_variables:
            if "moving" in variable.path:
                variable.assign(variable + 0.3)
        return model

    return made


def mobile() -> Any:
    """Depthwise and pointwise convolutions with a shortcut, as in networks for phones."""
    given = keras.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(given)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    y = layers.Conv2D(4, 1)(layers.ReLU(6.0)(layers.BatchNormalization()(y)))
    model = keras.Model(given, layers.Dense(3)(layers.GlobalAveragePooling2D()(layers.Add()([x, y]))))
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def of_mobile(model: Any, data: Any, *, training: bool = False) -> Any:
    logits = model(data[0], training=training)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(data[1], logits))


def lstm() -> Any:
    model = keras.Sequential([keras.Input((5, 2)), layers.Masking(), layers.LSTM(3), layers.Dense(1)])
    model.compile(loss="huber")
    return model


def of_lstm(model: Any, data: Any) -> Any:
    error = tf.abs(model(data[0]) - data[1])
    return tf.reduce_mean(tf.where(error <= 1, error**2 / 2, error - 0.5))


def bidirectional() -> Any:
    embed = layers.Embedding(9, 3, mask_zero=True)
    model = keras.Sequential([keras.Input((5,)), embed, layers.Bidirectional(layers.GRU(2)), layers.Dense(3)])
    model.compile(loss="sparse_categorical_crossentropy")
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2))
    return model


def of_classes(model: Any, data: Any) -> Any:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(data[1], model(data[0]))
    kept = tf.cast(data[1] != 2, tf.float32)
    return tf.reduce_sum(losses * kept) / tf.reduce_sum(kept)


def attention() -> Any:
    given = keras.Input((5,))
    x = layers.Embedding(9, 4, mask_zero=True)(given)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 2)(x, x, use_causal_mask=True))
    return keras.Model(given, layers.Dense(9)(x))


def next_token(model: Any, batch: Any) -> Any:
    logits = model(batch["tokens"])[:, :-1]
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(batch["tokens"][:, 1:], logits)
    kept = tf.cast(batch["tokens"][:, 1:] > 0, logits.dtype)
    return tf.reduce_sum(kept * losses) / tf.reduce_sum(kept)


def plain() -> Any:
    return keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(2)])


def penalised() -> Any:
    dense = layers.Dense(4, "tanh", kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02))
    model = keras.Sequential([keras.Input((3,)), dense, layers.Dense(2, activity_regularizer="l2")])
    model.compile(loss="mae")
    return model


def of_penalised(model: Any, data: Any) -> Any:
    out, kernel = model(data[0]), model.layers[0].kernel
    norms = 0.01 * tf.reduce_sum(tf.abs(kernel)) + 0.02 * tf.reduce_sum(tf.square(kernel))
    # of an activity Keras takes the mean over rows
    return tf.reduce_mean(tf.abs(out - data[1])) + norms + 0.01 * tf.reduce_sum(out**2) / len(out)


def physics(model: Any, batch: Any) -> Any:
    """A wave: u_tt = u_xx inside, u given at the edge, which has another number of points."""
    x, t = batch["inside"][:, :1], batch["inside"][:, 1:]
    with tf.GradientTape(persistent=True) as outer:
        outer.watch([x, t])
        with tf.GradientTape(persistent=True) as inner:
            inner.watch([x, t])
            u = model(tf.concat([x, t, x * t], 1))[:, :1]
        by_x, by_t = inner.gradient(u, x), inner.gradient(u, t)
    residual = outer.gradient(by_t, t) - outer.gradient(by_x, x)
    edge = batch["edge"]
    values = model(tf.concat([edge, edge[:, :1] * edge[:, 1:]], 1))[:, 0]
    return tf.reduce_mean(residual**2) + tf.reduce_mean((values - batch["values"]) ** 2)


class Trained(keras.Model):
    """Has a training step of its own, with a margin between pairs of rows."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = keras.Sequential([keras.Input((3,)), layers.Dense(2, "tanh")])

    def call(self, x: Any) -> Any:
        return self.inner(x)

    def train_step(self, data: Any) -> Any:
        raise NotImplementedError


def trained() -> Any:
    model = Trained()
    model(X)
    return model


def margin(model: Any, batch: Any) -> Any:
    one, two = model(batch[0]), model(batch[1])
    return tf.reduce_mean(tf.nn.relu(0.5 + tf.reduce_sum(one * two, 1)))


def spectral() -> Any:
    normed = layers.SpectralNormalization(layers.Dense(4))
    model = keras.Sequential([keras.Input((3,)), normed, layers.Dense(2)])
    model.compile(loss="mse")
    return model


def flat_minima(model: Any, batch: Any) -> Any:
    """The loss and the size of its slope by the parameters, as where flat minima are looked for."""
    values = [one.value if hasattr(one, "path") else one for one in model.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = of_squares(model, batch)
    return loss + 0.1 * tf.add_n([tf.reduce_sum(slope**2) for slope in tape.gradient(loss, values)])


def of_squares(model: Any, data: Any) -> Any:
    return tf.reduce_mean((model(data[0]) - data[1]) ** 2)


INSIDE = {"inside": tf.constant(normal(7, 2)), "edge": tf.constant(normal(4, 2)), "values": tf.constant(normal(4))}

CASES = {
    "MobileNet-like": (mobile, of_mobile, (IMAGES, KINDS), {"loss": False}),
    "MobileNet-like in training": (
        mobile,
        lambda model, data: of_mobile(model, data, training=True),
        (IMAGES.astype(np.float64), KINDS),
        # TensorFlow's own second derivative of moments is wrong; so is that of layer normalisation
        {"loss": False, "mode": "training", "second": False},
    ),
    "LSTM behind a mask": (lstm, of_lstm, (SERIES.astype(np.float32), normal(6, 1)), {"loss": False}),
    "GRU in both directions": (bidirectional, of_classes, (TOKENS, KINDS), {"loss": False}),
    "attention": (attention, next_token, {"tokens": tf.constant(TOKENS)}, {"second": False}),
    "penalties": (penalised, of_penalised, (X, Y), {"loss": False}),
    "physics": (plain, physics, INSIDE, {}),
    "slope by the parameters": (plain, flat_minima, (X, Y), {}),
    "training step of its own": (trained, margin, (tf.constant(X), tf.constant(X[::-1].copy())), {}),
    "spectral norm": (spectral, of_squares, (X, Y), {"loss": False}),
    "root mean square": (plain, lambda model, batch: tf.sqrt(of_squares(model, batch)), (X, Y), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_models_are_those_of_tapes(name: str) -> None:
    make, step, data, options = CASES[name]
    agrees(seeded(make, "float32" if options.get("second", True) else "float64"), step, data, **options)


def test_class_weights_are_said_by_sample_weights_as_fit_takes_them() -> None:
    model, weights = seeded(mobile)(), {0: 1.0, 1: 3.0, 2: 0.5}
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(KINDS, model(IMAGES)).numpy()
    each = np.array([weights[kind] for kind in KINDS], np.float32)
    wanted = np.mean(each * losses)
    close(wrap(model, None, (IMAGES, KINDS, each)).value(), wanted)
    data = tf.data.Dataset.from_tensor_slices((IMAGES, KINDS, each)).batch(4)
    close(wrap(model, None, data).value(), wanted)


def test_what_cannot_be_is_said_with_what_to_write_instead() -> None:
    model = seeded(plain)()

    def by_variables(model: Any, batch: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = of_squares(model, batch)
        return loss + sum(tf.reduce_sum(one**2) for one in tape.gradient(loss, model.trainable_variables))

    for step, data, says in (
        (
            by_variables,
            (X, Y),
            "the step differentiates by variables of the model, in whose place values stand here; let its tape watch "
            "values = [one.value for one in model.trainable_variables], and differentiate by these",
        ),
        (
            "mse",
            (X, Y, {0: 1.0, 1: 3.0}),
            "data have weights of classes in the third place; give weights of rows, np.array([weights[kind] for kind in "
            "y]), which are the same",
        ),
    ):
        with pytest.raises(InvalidValue) as caught:
            wrap(model, step, data)
        assert str(caught.value) == says


def test_an_array_alone_and_a_tuple_of_one() -> None:
    model = seeded(plain)()
    wanted = float(tf.reduce_mean(model(X) ** 2))
    alone, one = (
        lambda model, batch: ops.mean(model(batch) ** 2),
        lambda model, batch: ops.mean(model(batch[0]) ** 2),
    )
    datasets = [tf.data.Dataset.from_tensor_slices(data).batch(4) for data in (X, (X,))]
    for step, data in ((alone, X), (alone, tf.constant(X)), (one, (X,)), (alone, datasets[0]), (one, datasets[1])):
        close(wrap(model, step, data).value(), wanted)
    close(wrap(model, alone, X, rows=4).value(), wanted)


@pytest.mark.parametrize("combine", ["rows", "batches"])
def test_uneven_batches_of_a_generator(combine: Any) -> None:
    model = seeded(plain)()
    network = wrap(model, "mse", batches(((X[rows], Y[rows]) for rows in (slice(7), slice(7, 10))), combine=combine))
    errors = np.mean((model(X).numpy() - Y) ** 2, 1)
    close(network.value(), {"rows": errors.mean(), "batches": (errors[:7].mean() + errors[7:].mean()) / 2}[combine])
    with pytest.raises(InvalidValue, match="have no end; say how many batches are taken"):
        wrap(model, "mse", itertools.cycle([(X, Y)]))


def test_what_an_encoder_draws_is_drawn_once_in_training_and_refused_in_evaluation() -> None:
    class Sampling(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.source = keras.random.SeedGenerator(3)

        def call(self, x: Any) -> Any:
            mean, spread = ops.split(x, 2, -1)
            self.add_loss(0.5 * ops.mean(mean**2 + ops.exp(spread) - spread - 1))
            return mean + ops.exp(spread / 2) * keras.random.normal(ops.shape(mean), seed=self.source)

    model = keras.Sequential([keras.Input((3,)), layers.Dense(4), Sampling(), layers.Dense(3)])
    model.compile(loss="mse")
    network = wrap(model, None, (X, X), mode="training")
    first, _, last = model.layers
    mean, spread = np.split(X @ first.kernel.numpy() + first.bias.numpy(), 2, 1)
    # the first of the model's generators starts from the seed (0, 0)
    drawn = tf.random.stateless_normal(mean.shape, np.array([0, 0], np.uint32).astype(np.int32)).numpy()
    out = (mean + np.exp(spread / 2) * drawn) @ last.kernel.numpy() + last.bias.numpy()
    wanted = np.mean((out - X) ** 2) + 0.5 * np.mean(mean**2 + np.exp(spread) - spread - 1)
    close(network.value(), wanted)
    with pytest.raises(InvalidValue, match=r"changes from call to call with '.*seed_generator_state'; keep no state"):
        wrap(model, None, (X, X))
