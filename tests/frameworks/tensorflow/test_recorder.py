"""Recordings of loops written by hand, and checkpoints."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.base.errors import InvalidData
from thalweg.frameworks.tensorflow.checkpoint import read
from thalweg.frameworks.tensorflow.network import flatten
from thalweg.frameworks.tensorflow.recorder import recorder
from thalweg.geometry.network import Network
from thalweg.networks.wrapping import wrap

tf = pytest.importorskip("tensorflow")


class Line(tf.Module):
    def __init__(self, width: int = 2, *, more: bool = False):
        super().__init__()
        self.z = [tf.Variable(np.arange(3.0 * width, dtype=np.float32).reshape(3, width))]
        self.b = tf.Variable(np.ones(width, np.float32))
        self.alias = self.b
        self.count = tf.Variable(0.0, trainable=False)
        if more:
            self.z.append(tf.Variable(np.ones(2, np.float32)))

    def __call__(self, x: Any) -> Any:
        return x @ self.z[0] + self.b


def squares(outputs: Any, targets: Any) -> Any:
    return tf.reduce_mean((outputs - targets) ** 2)


X = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
Y = np.zeros((5, 2), np.float32)


def descend(*, follow: bool) -> tuple[Line, Any]:
    tf.random.set_seed(0)
    model = Line()
    held = recorder(model, every=2) if follow else None
    for _ in range(5):
        with tf.GradientTape() as tape:
            loss = squares(model(X) * tf.random.uniform([2]), Y)
        if held is not None:
            held.step(loss, rate=0.1)
        for variable, slope in zip(
            model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
        ):
            variable.assign_sub(0.1 * slope)
    return model, held.finish() if held is not None else None


def test_training_is_the_same_with_and_without_to_the_bit() -> None:
    (plain, _), (followed, found) = descend(follow=False), descend(follow=True)
    for one, other in zip(plain.variables, followed.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert list(found["step"].values) == [0, 2, 4, 5]
    start, end = (flatten(model, state=True) for model in (Line(), followed))
    np.testing.assert_array_equal(found["params"].values[[0, -1]], [start, end])
    assert np.isfinite(found["loss"].values[:-1]).all()
    assert found.attrs["leaf_names"] == ["alias", "z/0", "count"]
    assert found.attrs["framework"] == "tensorflow"


@pytest.mark.parametrize("form", ["itself", "named", "saved", "folder"])
def test_checkpoints_are_read_into_their_places(tmp_path: Path, form: str) -> None:
    model, one = Line(), seen(Line())
    for variable in model.variables:
        variable.assign(variable * 3 + 1)
    named = tf.train.Checkpoint(model=model, step=tf.Variable(7), optimizer=Line())
    path = {
        "itself": lambda: tf.train.Checkpoint(model).write(str(tmp_path / "a")),
        "named": lambda: named.write(str(tmp_path / "a")),
        "saved": lambda: named.save(str(tmp_path / "a")) + ".index",
        "folder": lambda: named.save(str(tmp_path / "a")) and tmp_path,
    }[form]()
    np.testing.assert_array_equal(read(one, Path(path)), one.position * 3 + 1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": 4}, "alias has the shape (4,) in"),
        ({"more": True}, "z/1, which the network has not; it is a checkpoint of another model"),
        ({"value": np.inf}, "holds what are no finite numbers"),
    ],
)
def test_another_model_is_told_by_its_first_difference(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    value = change.pop("value", None)
    other = Line(**change)
    if value is not None:
        other.b.assign([value, 0])
    path = tf.train.Checkpoint(model=other).write(str(tmp_path / "a"))
    with pytest.raises(InvalidData) as caught:
        read(seen(Line()), Path(path))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(Line()).write(str(tmp_path / "a"))
    with pytest.raises(InvalidData, match="has no z/1, which the network has"):
        read(seen(Line(more=True)), Path(path))


@pytest.mark.parametrize("content", [None, b"none"])
def test_what_is_no_checkpoint_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.index").write_bytes(content)
    with pytest.raises(InvalidData, match=r"cannot read .*; give the prefix of a TensorFlow checkpoint") as caught:
        read(seen(Line()), tmp_path / "a")
    assert "\n" not in str(caught.value)
    with pytest.raises(InvalidData, match="is a folder without a checkpoint"):
        read(seen(Line()), tmp_path)


def seen(model: Line) -> Network:
    return wrap(model, squares, (X, Y))
