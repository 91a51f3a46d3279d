"""Checkpoints of PyTorch: read without executing anything."""

import os

import numpy as np
import pytest
import torch

from tests.frameworks.torch.modules import ready
from thalweg.base.errors import InvalidData
from thalweg.frameworks.torch.checkpoint import read
from thalweg.frameworks.torch.state import flatten_all
from thalweg.networks.wrapping import wrap

MSE = torch.nn.MSELoss()


def pair(name="normed"):
    """Make a network, and a further trained model of the same make."""
    model, x, y = ready(name)
    net = wrap(model, MSE, (x, y))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.mul_(1.5)
    return net, model


def refused(match, net, path):
    with pytest.raises(InvalidData, match=match) as caught:
        read(net, path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["normed", "Tied", "frozen", "cnn"])
def test_a_state_dict_gives_the_flat_vector(name, tmp_path):
    net, model = pair(name)
    torch.save(model.state_dict(), tmp_path / "a.pt")
    torch.save({"epoch": 3, "model_state_dict": model.state_dict(), "optimizer": {"lr": 0.1}}, tmp_path / "b.pth")
    torch.save({"module." + name: value for name, value in model.state_dict().items()}, tmp_path / "c.pt")
    np.savez(tmp_path / "d.npz", **{name: value.numpy() for name, value in model.state_dict().items()})
    for file in ("a.pt", "b.pth", "c.pt", "d.npz"):
        np.testing.assert_array_equal(read(net, tmp_path / file), flatten_all(model))
    assert not np.array_equal(flatten_all(model), net.position)


def test_safetensors_are_read(tmp_path):
    tensors = pytest.importorskip("safetensors.torch")
    net, model = pair()
    tensors.save_file(model.state_dict(), tmp_path / "a.safetensors")
    np.testing.assert_array_equal(read(net, tmp_path / "a.safetensors"), flatten_all(model))


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_nothing_is_executed(tmp_path):
    net, model = pair("mlp")
    mark = tmp_path / "executed"
    torch.save({"state_dict": Malicious(str(mark))}, tmp_path / "bad.pt")
    torch.save(model, tmp_path / "module.pt")
    np.savez(tmp_path / "bad.npz", weight=np.array([Malicious(str(mark))], dtype=object))
    refused("is no file of plain tensors .*nothing else is opened; give what torch.save", net, tmp_path / "bad.pt")
    refused("is no file of plain tensors .*nothing else is opened", net, tmp_path / "module.pt")
    refused("pickled objects, which are never executed", net, tmp_path / "bad.npz")
    assert not mark.exists()
    torch.load(tmp_path / "bad.pt", weights_only=False)
    assert mark.exists()  # else the file was harmless, and this test too


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    net, model = pair("frozen")
    path = tmp_path / "a.pt"

    def saved(**changes):
        values = {**model.state_dict(), **{name.replace("_", "."): value for name, value in changes.items()}}
        torch.save({name: value for name, value in values.items() if value is not None}, path)
        return path

    refused("has no 2.bias, which the network has; it is a checkpoint of another", net, saved(**{"2_bias": None}))
    refused("has extra, which the network has not", net, saved(extra=torch.ones(1)))
    refused("2.bias has the shape \\(4,\\) in .* and \\(3,\\) in the network", net, saved(**{"2_bias": torch.ones(4)}))
    refused("2.bias in .* no finite numbers", net, saved(**{"2_bias": torch.full((3,), torch.nan)}))
    refused("0.bias, which is frozen, has other numbers", net, saved(**{"0_bias": torch.ones(5)}))


def test_files_that_are_no_checkpoints_are_refused(tmp_path):
    net, _ = pair("mlp")
    refused("cannot read .*: No such file or directory; give a checkpoint", net, tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("weights")
    refused("is no file of plain tensors", net, tmp_path / "text.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    refused(
        "holds a list without tensors; give a state dict, alone or under one of 'state_dict'", net, tmp_path / "list.pt"
    )
