"""Checkpoints of Keras, on every backend: test_backends.py runs these tests there."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg.base.errors import InvalidData
from thalweg.frameworks.keras.checkpoint import read
from thalweg.frameworks.keras.leaves import gathered
from thalweg.geometry.network import Network
from thalweg.networks.wrapping import wrap

keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

# Keras itself hands variables of TensorFlow to NumPy in a way that NumPy 2 warns of, when it saves
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("name", ["a.weights.h5", "a.keras"])
def test_weights_are_read_into_their_places(tmp_path: Path, name: str) -> None:
    model, one = made()
    saved = np.random.default_rng(1).normal(size=one.position.size).astype(np.float32)
    put(model, one, saved)
    (model.save_weights if name.endswith("h5") else model.save)(tmp_path / name)
    put(model, one, one.position)
    np.testing.assert_array_equal(read(one, tmp_path / name), saved)
    np.testing.assert_array_equal(np.concatenate([np.ravel(w) for w in trained(model)]), one.position)


def test_layers_within_layers_and_names_of_another_process_do_not_matter(tmp_path: Path) -> None:
    (_, one), (second, two) = made(), made()
    assert [leaf.name for leaf in one.leaves] != [leaf.name for leaf in two.leaves]
    put(second, two, one.position[::-1])
    second.save_weights(tmp_path / "b.weights.h5")
    np.testing.assert_array_equal(read(one, tmp_path / "b.weights.h5"), one.position[::-1])


def test_code_in_an_archive_is_not_run(tmp_path: Path) -> None:
    model, one = made()
    model.save(tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as archive:
        archive.writestr("config.json", '{"module": "os", "class_name": "system", "config": "exit 1"}')
        archive.writestr("model.weights.h5", weights)
    np.testing.assert_array_equal(read(one, tmp_path / "b.keras"), one.position)


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    model, one = made()
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5", "a") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/x")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.zeros((3, 4), np.float32)
    with pytest.raises(InvalidData, match=r"has no layers/dense/vars/0, which the network has"):
        read(one, tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5", "a") as file:
        del file["layers/dense/vars/0"]
        raw = tmp_path / "raw"
        raw.write_bytes(b"0" * 48)
        file["layers/dense/vars"].create_dataset("0", (3, 4), "f4", external=[(str(raw), 0, 48)])
    with pytest.raises(InvalidData, match=r"layers/dense/vars/0 lies in another file"):
        read(one, tmp_path / "a.weights.h5")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": 5}, "layers/dense/vars/0 has the shape (3, 5) in"),
        ({"more": True}, "layers/dense_1/vars/0, which the network has not; it is a checkpoint of another model"),
        ({"norm": False}, "has no layers/batch_normalization/vars/0, which the network has"),
        ({"value": np.nan}, "holds what are no finite numbers; give another checkpoint"),
    ],
)
def test_another_model_is_told_by_its_first_difference(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    _, one = made()
    value = change.pop("value", None)
    other, two = made(**change)
    if value is not None:
        put(other, two, np.full(two.position.size, value))
    other.save_weights(tmp_path / "a.weights.h5")
    with pytest.raises(InvalidData) as caught:
        read(one, tmp_path / "a.weights.h5")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.weights.h5", b"none", "cannot read"),
        ("a.keras", b"none", "cannot read"),
        ("a.pickle", b"none", "give .weights.h5, .keras or .npz"),
        ("none.keras", None, "No such file"),
    ],
)
def test_what_is_no_checkpoint_is_one_line(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    _, one = made()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidData) as caught:
        read(one, tmp_path / name)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damage_in_what_is_compressed_is_one_line(tmp_path: Path) -> None:
    model, one = made()
    model.save_weights(tmp_path / "a.weights.h5")
    with zipfile.ZipFile(tmp_path / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "a.weights.h5", "model.weights.h5")
    content = bytearray((tmp_path / "a.keras").read_bytes())
    content[60:90] = b"\xff" * 30  # behind the member's head: no block of deflate
    (tmp_path / "a.keras").write_bytes(content)
    with pytest.raises(InvalidData, match=r"cannot read .*: Error -3 while decompressing.*; give weights") as caught:
        read(one, tmp_path / "a.keras")
    assert "\n" not in str(caught.value)


def made(*, width: int = 4, norm: bool = True, more: bool = False) -> tuple[Any, Network]:
    layers = keras.layers
    inner = [layers.Dense(2, activation="tanh"), layers.Dense(2)]
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(width),
            *([layers.BatchNormalization()] if norm else []),
            layers.Dropout(0.5),
            keras.Sequential(inner),
            *([layers.Dense(2)] if more else []),
        ]
    )
    model.compile("adam", "mse")
    return model, wrap(model, None, (np.ones((2, 3), np.float32), np.ones((2, 2), np.float32)))


def trained(model: Any) -> list[np.ndarray]:
    from thalweg.frameworks.common.tensors import read as plain

    return [plain(variable.value) for variable in [*model.trainable_variables, *gathered(model)]]


def put(model: Any, one: Network, values: np.ndarray) -> None:
    moved = [*model.trainable_variables, *gathered(model)]
    for variable, span, leaf in zip(moved, one.spans, one.leaves, strict=True):
        variable.assign(np.reshape(values[span], leaf.shape))
