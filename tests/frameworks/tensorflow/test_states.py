"""Modules whose loss changes from call to call are refused, and say what changed; users' states are left alone."""

from typing import Any

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.networks.wrapping import wrap

tf = pytest.importorskip("tensorflow")


class Line(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable(np.array([[1.0], [2.0]], np.float32))
        self.count = tf.Variable(1.0, trainable=False)
        self.source = tf.random.Generator.from_seed(3)

    def __call__(self, x: Any, training: bool = False) -> Any:
        return x @ self.w


class Counting(Line):
    def __call__(self, x: Any) -> Any:
        self.count.assign_add(1.0)
        return x @ self.w * self.count


class Gathering(Line):
    def __call__(self, x: Any, training: bool = False) -> Any:
        if training:
            self.count.assign(0.9 * self.count)
        return x @ self.w


class Dropping(Line):
    def __call__(self, x: Any, training: bool = False) -> Any:
        return x @ self.w * (self.source.uniform([len(x), 1]) if training else 1.0)


class Always(Line):
    def __call__(self, x: Any) -> Any:
        return x @ self.w * self.source.uniform([len(x), 1])


class Unseeded(Line):
    def __call__(self, x: Any) -> Any:
        return x @ self.w * tf.random.uniform([len(x), 1])


class Numpy(Line):
    def __call__(self, x: Any) -> Any:
        return x @ self.w * np.float32(np.random.rand())


@pytest.mark.parametrize(
    ("model", "mode", "what"),
    [
        (Counting, "evaluation", " with 'count'"),
        (Counting, "training", " with 'count'"),
        (Always, "evaluation", " with 'source'"),
        (Unseeded, "training", ""),
        (Numpy, "evaluation", ""),
    ],
)
def test_what_changes_is_named(model: Any, mode: Any, what: str) -> None:
    with pytest.raises(InvalidValue, match=f"changes from call to call{what}; keep no state"):
        wrap(model(), squares, data(), mode=mode)


def test_what_is_gathered_in_training_changes_no_loss() -> None:
    model = Gathering()
    one = wrap(model, squares, data(), mode="training")
    assert [one.value() for _ in range(3)] == [one.value()] * 3
    assert float(model.count) == 1
    assert float(one.model.count) == pytest.approx(0.9)  # once, from where it was


def test_what_is_dropped_out_in_training_is_drawn_once() -> None:
    one = wrap(Dropping(), squares, data(), mode="training")
    x, y = data()
    drawn = tf.random.Generator.from_seed(0).uniform([len(x), 1]).numpy()
    expected = np.mean((x @ [[1.0], [2.0]] * drawn - y) ** 2)
    # sums of a few numbers in 32 bits
    np.testing.assert_allclose([one.value(), one.value(), one.gradient()[0]], [expected] * 3, rtol=1e-6)


def test_states_of_users_are_left_alone() -> None:
    shared = tf.random.get_global_generator()
    ends = []
    for look in (False, True):
        np.random.seed(2)
        tf.random.set_seed(3)
        shared.reset_from_seed(4)
        model = Dropping()
        if look:
            wrap(model, squares, data(), mode="training").value()
        drawn = [model.source.uniform([2]), tf.random.uniform([2]), shared.uniform([2]), np.random.rand(2)]
        ends.append(np.concatenate(drawn))
    np.testing.assert_array_equal(*ends)


def squares(outputs: Any, targets: Any) -> Any:
    return tf.reduce_mean((outputs - targets) ** 2)


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(size=(6, 2)).astype(np.float32), rng.normal(size=(6, 1)).astype(np.float32)
