"""Tensors of any framework: their numbers, and where they lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from thalweg.geometry.network import Flat


def read(tensor: Any) -> np.ndarray:
    """Copy a tensor of any framework, or a variable of TensorFlow, to NumPy."""
    tensor = tensor.detach().cpu() if hasattr(tensor, "detach") else tensor
    return np.array(tensor.numpy() if hasattr(tensor, "numpy") else tensor)


def joined(tensors: Iterable[Any]) -> Flat:
    """Copy tensors into one flat vector, one behind the other."""
    values = [np.ravel(read(tensor)) for tensor in tensors]
    return np.concatenate(values) if values else np.zeros(0, np.float32)


def typed(values: Any, dtype: np.dtype) -> np.ndarray:
    """Read data as an array of NumPy; floats get the type of a network's parameters."""
    array = np.asarray(values)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def device_of(tensor: Any) -> str:
    """Say where a tensor or a variable lies, in the words of its framework, shortened."""
    place = str(tensor.device).rpartition("device:")[2].lower()
    return "cpu" if place.startswith("cpu") or not place else place
