"""Modules of TensorFlow with data and losses as users have them, each against tapes of TensorFlow."""

from typing import Any

import numpy as np
import pytest

from tests.tried.plain_tapes import agrees, close
from thalweg.base.errors import InvalidValue
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

tf = pytest.importorskip("tensorflow")

SOURCE = np.random.default_rng(5)


def normal(*shape: int) -> np.ndarray:
    return SOURCE.normal(size=shape).astype(np.float32)


X, Y = normal(10, 3), normal(10, 2)
KINDS = np.array([0, 1, 1, 1, 0, 1, 0, 1, 0, 1])
TOKENS = SOURCE.integers(1, 9, (6, 5))
MASK = np.arange(5) < np.array([5, 2, 3, 5, 1, 4])[:, None]


class Dense(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        draw = np.random.default_rng(1).normal
        self.v = tf.Variable(draw(size=(3, 4)).astype(np.float32))
        self.b = tf.Variable(draw(size=4).astype(np.float32))
        self.w = tf.Variable(draw(size=(4, 2)).astype(np.float32))

    def __call__(self, x: Any) -> Any:
        return tf.tanh(x @ self.v + self.b) @ self.w


class Recurrent(tf.Module):
    """A gated unit over words, whose padding leaves the state where it is."""

    def __init__(self) -> None:
        super().__init__()
        draw = np.random.default_rng(2).normal
        self.table = tf.Variable(draw(size=(9, 3)).astype(np.float32))
        self.gate = tf.Variable(draw(size=(6, 3)).astype(np.float32))
        self.new = tf.Variable(draw(size=(6, 3)).astype(np.float32))

    def __call__(self, tokens: Any, mask: Any) -> Any:
        x, state = tf.gather(self.table, tokens), tf.zeros((len(tokens), 3))
        for t in range(tokens.shape[1]):
            both = tf.concat([x[:, t], state], 1)
            gate = tf.sigmoid(both @ self.gate)
            new = gate * state + (1 - gate) * tf.tanh(both @ self.new)
            state = tf.where(mask[:, t, None], new, state)
        return state


class Attending(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        draw = np.random.default_rng(3).normal
        self.q, self.k, self.v = (tf.Variable(draw(size=(3, 3)).astype(np.float32)) for _ in range(3))
        self.table = tf.Variable(draw(size=(9, 3)).astype(np.float32))

    def __call__(self, tokens: Any, mask: Any) -> Any:
        x = tf.nn.embedding_lookup(self.table, tokens)
        scores = tf.matmul(x @ self.q, x @ self.k, transpose_b=True)
        weights = tf.nn.softmax(tf.where(mask[:, None], scores, -1e9))
        return weights @ (x @ self.v)


def squares(model: Any, batch: Any) -> Any:
    return tf.reduce_mean((model(batch["x"]) - batch["y"]) ** 2)


def physics(model: Any, batch: Any) -> Any:
    """Heat: u_t = u_xx inside, u given at the edge, which has another number of points."""
    x, t = batch["inside"][:, :1], batch["inside"][:, 1:]
    with tf.GradientTape(persistent=True) as outer:
        outer.watch([x, t])
        with tf.GradientTape() as inner:
            inner.watch(x)
            u = model(tf.concat([x, t, x * t], 1))[:, :1]
        slope = inner.gradient(u, x)
    residual = outer.gradient(u, t) - outer.gradient(slope, x)
    edge = batch["edge"]
    values = model(tf.concat([edge, edge[:, :1] * edge[:, 1:]], 1))[:, 0]
    return tf.reduce_mean(residual**2) + batch["weight"] * tf.reduce_mean((values - batch["values"]) ** 2)


def flat_minima(model: Any, batch: Any) -> Any:
    """The loss and the size of its slope by the parameters, as where flat minima are looked for."""
    with tf.GradientTape() as tape:
        loss = squares(model, batch)
    slopes = tape.gradient(loss, model.trainable_variables)
    return loss + 0.1 * tf.add_n([tf.reduce_sum(slope**2) for slope in slopes])


def penalised(model: Any, batch: Any) -> Any:
    return squares(model, batch) + 1e-2 * sum(tf.nn.l2_loss(v) for v in (model.v, model.w))


def graph(model: Any, batch: Any) -> Any:
    around = tf.math.unsorted_segment_sum(tf.gather(batch["x"], batch["from"]), batch["to"], 10)
    return tf.reduce_mean((model(batch["x"] + around) - batch["y"]) ** 2)


def clouds(model: Any, batch: Any) -> Any:
    pooled = tf.math.segment_mean(model(batch["points"]), batch["cloud"])
    return tf.reduce_mean((pooled - batch["y"]) ** 2)


def several(model: Any, batch: Any) -> Any:
    (x, nothing), (values, kinds), share, name = batch
    assert nothing is None
    assert name == "two"
    ours, others = tf.split(model(x), 2, 1)
    first = tf.reduce_mean(tf.abs(ours[:, 0] - values))
    cross = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(kinds, tf.float32), others[:, 0])
    return share * first + tf.reduce_mean(cross)


def class_weighted(model: Any, batch: Any) -> Any:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(batch["kinds"], model(batch["x"]))
    weights = tf.gather(tf.constant([1.0, 3.0]), batch["kinds"])
    return tf.reduce_sum(weights * losses) / tf.reduce_sum(weights)


def root(model: Any, batch: Any) -> Any:
    return tf.sqrt(squares(model, batch))


def summed(model: Any, batch: Any) -> Any:
    return tf.reduce_sum((model(batch["x"]) - batch["y"]) ** 2)


def last_state(model: Any, batch: Any) -> Any:
    return tf.reduce_mean((model(batch["tokens"], batch["mask"]) - batch["y"]) ** 2)


def tokens_kept(model: Any, batch: Any) -> Any:
    kept = tf.cast(batch["mask"], tf.float32)
    errors = tf.reduce_sum((model(batch["tokens"], batch["mask"]) - 1.0) ** 2, 2)
    return tf.reduce_sum(kept * errors) / tf.reduce_sum(kept)


ROWS = {"x": tf.constant(X), "y": tf.constant(Y), "kinds": tf.constant(KINDS)}
WORDS = {"tokens": tf.constant(TOKENS), "mask": tf.constant(MASK), "y": tf.constant(normal(6, 3))}
ENDS = {"from": tf.constant([0, 1, 2, 4]), "to": tf.constant([5, 0, 9, 3])}
CLOUDS = {"points": tf.constant(X), "cloud": tf.constant([0, 0, 0, 1, 1, 1, 1, 1, 2, 2]), "y": tf.constant(Y[:3])}
HEAT = {
    "inside": tf.constant(normal(9, 2)),
    "edge": tf.constant(normal(4, 2)),
    "values": tf.constant(normal(4)),
    "weight": 2.0,
}

CASES = {
    "physics": (Dense, physics, HEAT),
    "slope by the parameters": (Dense, flat_minima, ROWS),
    "penalties": (Dense, penalised, ROWS),
    "graph": (Dense, graph, ROWS | ENDS),
    "clouds": (Dense, clouds, CLOUDS),
    "several outputs": (
        Dense,
        several,
        ((tf.constant(X), None), (tf.constant(Y[:, 0]), tf.constant(KINDS)), 0.3, "two"),
    ),
    "class weights": (Dense, class_weighted, ROWS),
    "root mean square": (Dense, root, ROWS),
    "sum": (Dense, summed, ROWS),
    "recurrent": (Recurrent, last_state, WORDS),
    "attention": (Attending, tokens_kept, WORDS),
}


@pytest.mark.parametrize("name", CASES)
def test_steps_are_those_of_tapes(name: str) -> None:
    agrees(*CASES[name])


def test_an_array_alone_and_a_tuple_of_one() -> None:
    wanted = float(tf.reduce_mean(Dense()(X) ** 2))
    alone, one = (
        lambda model, batch: tf.reduce_mean(model(batch) ** 2),
        lambda model, batch: tf.reduce_mean(model(batch[0]) ** 2),
    )
    datasets = [tf.data.Dataset.from_tensor_slices(data).batch(4) for data in (X, (X,))]
    for step, data in ((alone, X), (alone, tf.constant(X)), (one, (X,)), (alone, datasets[0]), (one, datasets[1])):
        close(wrap(Dense(), step, data).value(), wanted)
    close(wrap(Dense(), alone, X, rows=4).value(), wanted)
    with pytest.raises(InvalidValue, match="data are a tuple of 1; give the inputs and, last, the targets"):
        wrap(Dense(), lambda outputs, targets: tf.reduce_mean(outputs), X)


@pytest.mark.parametrize("combine", ["rows", "batches", "sum"])
def test_uneven_batches_of_a_dataset_of_dictionaries(combine: Any) -> None:
    data = tf.data.Dataset.from_tensor_slices(ROWS).batch(7)
    network = wrap(Dense(), summed if combine == "sum" else squares, batches(data, combine=combine))
    errors = (Dense()(X).numpy() - Y) ** 2
    parts = [errors[:7], errors[7:]]
    wanted = {"rows": errors.mean(), "batches": np.mean([part.mean() for part in parts]), "sum": errors.sum()}
    close(network.value(), wanted[combine])


def test_means_that_are_counted_are_exact_in_parts_and_others_are_refused() -> None:
    def counted(model: Any, batch: Any) -> Any:
        return class_weighted(model, batch), tf.reduce_sum(tf.gather([1.0, 3.0], batch["kinds"]))

    network = wrap(Dense(), counted, ROWS, rows=4)
    close(network.value(), float(class_weighted(Dense(), ROWS)))
    for step in (class_weighted, root, summed):
        with pytest.raises(InvalidValue, match="not additive over rows"):
            wrap(Dense(), step, ROWS, rows=4)


def test_tables_are_arrays() -> None:
    pandas = pytest.importorskip("pandas")
    table, column = pandas.DataFrame(X), pandas.Series(Y[:, 0])
    wanted = float(np.mean((Dense()(X).numpy()[:, 0] - Y[:, 0]) ** 2))
    network = wrap(Dense(), lambda outputs, targets: tf.reduce_mean((outputs[:, 0] - targets) ** 2), (table, column))
    close(network.value(), wanted)
    alone = wrap(Dense(), lambda model, batch: tf.reduce_mean(model(batch) ** 2), table)
    close(alone.value(), float(tf.reduce_mean(Dense()(X) ** 2)))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own, where it is copied
def test_layers_of_keras_in_a_module_are_refused() -> None:
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("a layer of Keras on another backend is none of TensorFlow")

    class Mixed(Dense):
        def __init__(self) -> None:
            super().__init__()
            self.layer = keras.layers.Dense(3)
            self.layer.build((None, 3))

        def __call__(self, x: Any) -> Any:
            return super().__call__(self.layer(x))

    with pytest.raises(InvalidValue) as caught:
        wrap(Mixed(), squares, ROWS)
    assert "which is not an attribute of it; hold" in str(caught.value)
    assert str(caught.value).endswith("layers of Keras are seen in a keras.Model only")


def test_a_dataset_without_an_end_is_refused() -> None:
    data = tf.data.Dataset.from_tensor_slices(ROWS).batch(5).repeat()
    with pytest.raises(InvalidValue) as caught:
        wrap(Dense(), squares, data)
    assert str(caught.value) == (
        "data = <_RepeatDataset> have no end; say how many batches are taken: tw.networks.batches(data, most=…)"
    )
    close(wrap(Dense(), squares, batches(data, most=2)).value(), float(squares(Dense(), ROWS)))
