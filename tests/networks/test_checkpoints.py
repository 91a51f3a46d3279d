import os
import pickle

import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.base.errors import InvalidData
from thalweg.networks.checkpoints import read_checkpoint
from thalweg.networks.recorders import record
from thalweg.networks.wrapping import wrap


def small():
    params = {"w": jnp.arange(6.0).reshape(2, 3), "b": jnp.zeros(3)}
    return wrap(params, lambda p: jnp.sum(p["w"] ** 2) + jnp.sum(p["b"]))


GOOD = {"w": np.arange(6.0).reshape(2, 3) + 1, "b": np.array([7.0, 8, 9])}


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_named_arrays_come_back_in_the_order_of_the_leaves(tmp_path, ending):
    path = tmp_path / f"saved.{ending}"
    if ending == "npz":
        np.savez(path, **GOOD)
    else:
        from safetensors.numpy import save_file

        save_file(GOOD, path)
    net = small()
    point = read_checkpoint(net, path)
    assert point.dtype == net.dtype
    for leaf, span in zip(net.leaves, net.spans, strict=True):
        np.testing.assert_array_equal(point[span].reshape(leaf.shape), GOOD[leaf.name])


def test_the_end_of_a_recording_is_a_checkpoint(tmp_path):
    params = {"w": jnp.ones((2, 3)), "b": jnp.zeros(3)}
    with record(params, store=tmp_path / "run.zarr") as recording:
        recording.step(1.0, params)
        recording.finish({"w": 2 * params["w"], "b": params["b"] + 1})
    np.testing.assert_array_equal(np.sort(read_checkpoint(small(), tmp_path / "run.zarr")), [1, 1, 1, 2, 2, 2, 2, 2, 2])
    with record({"w": jnp.ones(5)}, store=tmp_path / "other.zarr") as recording:
        recording.finish({"w": jnp.ones(5)})
    with pytest.raises(InvalidData, match="records 5 parameters and the network has 9"):
        read_checkpoint(small(), tmp_path / "other.zarr")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"b": None}, "has no b, which the network has; it is a checkpoint of another model"),
        ({"c": np.ones(2)}, "has c, which the network has not; it is a checkpoint of another model"),
        ({"w": np.ones((3, 2))}, r"w has the shape \(3, 2\) in .* and \(2, 3\) in the network"),
        ({"b": np.array([1, np.nan, 2])}, "b in .* holds what are no finite numbers"),
        ({"b": np.array(["a", "b", "c"])}, "b in .* holds what are no finite numbers"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(tmp_path, change, message):
    arrays = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    np.savez(tmp_path / "saved.npz", **arrays)
    with pytest.raises(InvalidData, match=message):
        read_checkpoint(small(), tmp_path / "saved.npz")


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("wrapped", [True, False])
def test_nothing_in_a_file_is_executed(tmp_path, wrapped):
    path, trap = tmp_path / "saved.npz", tmp_path / "trap"
    if wrapped:
        np.savez(path, w=np.array([Evil(trap)], dtype=object), b=np.zeros(3))
    else:
        path.write_bytes(pickle.dumps(Evil(trap)))
    with pytest.raises(
        InvalidData, match="it holds pickled objects, which are never executed; give arrays as numpy.savez"
    ):
        read_checkpoint(small(), path)
    assert not trap.exists()


@pytest.mark.parametrize("name", ["saved.npz", "saved.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"no archive at all", b"PK\x03\x04 cut off"])
def test_what_cannot_be_read_is_said_in_one_line(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidData, match="cannot read .*saved.*; give") as caught:
        read_checkpoint(small(), tmp_path / name)
    assert "\n" not in str(caught.value)


def test_damage_in_what_is_compressed_is_said_in_one_line(tmp_path):
    path = tmp_path / "saved.npz"
    np.savez_compressed(path, **GOOD)
    content = bytearray(path.read_bytes())
    # The first member's data begin behind 30 bytes, its name and 20 more: there 0xff is no block of deflate.
    content[60:90] = b"\xff" * 30
    path.write_bytes(content)
    with pytest.raises(InvalidData, match="cannot read .*: Error -3 while decompressing.*; give arrays") as caught:
        read_checkpoint(small(), path)
    assert "\n" not in str(caught.value)


def test_jax_has_no_format_of_its_own(tmp_path):
    with pytest.raises(InvalidData, match=r"cannot read .*saved.pt for a JAX network; give .npz or .safetensors"):
        read_checkpoint(small(), tmp_path / "saved.pt")
