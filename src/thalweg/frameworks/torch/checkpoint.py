"""Checkpoints of PyTorch: only arrays are read from them, no object is made and no code is run."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidData
from thalweg.frameworks.common import arrays
from thalweg.frameworks.common.checks import reason
from thalweg.frameworks.common.installed import torch
from thalweg.geometry.network import Flat, Network

NESTED = ("state_dict", "model_state_dict", "model")
"""Under which names training scripts put the parameters beside other things."""

WRAPPED = ("module.", "_orig_mod.")
"""What data parallel and compiled modules write before the names of all parameters."""


def read(network: Network, path: Path) -> Flat:
    """Read the parameters that ``torch.save(model.state_dict(), path)`` wrote.

    Only what is trained is taken. Frozen parameters must be those of the network; the statistics that normalisation
    layers gathered stay those of the network.

    Parameters
    ----------
    path : ``.pt`` or ``.pth``, read by PyTorch's restricted reader: a state dict, alone or under one of the names
        ``NESTED``; ``.safetensors`` or ``.npz``

    Raises
    ------
    InvalidData
        If it cannot be read without executing something, or is of another model.
    """
    module = network.model
    state = {name: value for name, value in module.state_dict().items() if hasattr(value, "shape")}
    saved = _unwrapped(arrays.read(path) if path.suffix in arrays.ENDINGS else _saved(path), state)
    for first, *others in _tied(module):
        for other in others:
            if first not in saved and other in saved:
                saved[first] = saved[other]
    ours = {leaf.name for leaf in network.leaves}
    for name, parameter in module.named_parameters():
        if name in saved and name not in ours and not _same(saved[name], parameter):
            raise InvalidData(
                f"{name}, which is frozen, has other numbers in {path} than in the network; it is a checkpoint of "
                "another model; give one of this"
            )
    return arrays.flat(network.leaves, {name: saved[name] for name in saved if name in ours or name not in state}, path)


def _saved(path: Path) -> dict[str, np.ndarray]:
    """Read the state dict in a file of ``torch.save``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an archive of TorchScript, which is refused all the same
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InvalidData(f"cannot read {path}: {error.strerror or error}; give a checkpoint") from None
    except Exception as error:  # what a damaged or malicious file makes a reader raise has no common type
        raise InvalidData(
            f"cannot read {path}: it is no file of plain tensors ({reason(error).partition('. ')[0]}), and nothing "
            "else is opened; give what torch.save(model.state_dict(), path) writes"
        ) from None
    for name in NESTED:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping) or not any(isinstance(value, torch.Tensor) for value in content.values()):
        raise InvalidData(
            f"{path} holds a {type(content).__name__} without tensors; give a state dict, alone or under one of "
            f"{', '.join(map(repr, NESTED))}"
        )
    return {str(name): _array(value) for name, value in content.items() if isinstance(value, torch.Tensor)}


def _array(tensor: Any) -> np.ndarray:
    """Turn a tensor into an array; NumPy has no bfloat16."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.is_floating_point() and tensor.element_size() < 4 else tensor).numpy()


def _unwrapped(saved: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Take off what a wrapper wrote before all names."""
    for prefix in WRAPPED:
        if saved and all(name.startswith(prefix) for name in saved) and not set(saved) & set(state):
            return {name.removeprefix(prefix): value for name, value in saved.items()}
    return dict(saved)


def _tied(module: Any) -> list[list[str]]:
    """List the names that one parameter has."""
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return list(names.values())


def _same(values: np.ndarray, parameter: Any) -> bool:
    ours = _array(parameter)
    return values.shape == ours.shape and bool(np.array_equal(values.astype(ours.dtype), ours, equal_nan=True))
