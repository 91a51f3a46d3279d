"""Tensors of any framework: their numbers, and where they lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.geometry.network import Flat


def read(tensor: Any) -> np.ndarray:
    """Copy a tensor of any framework, or a variable of TensorFlow, to NumPy."""
    return np.array(numbers_of(tensor))


def numbers_of(tensor: Any) -> np.ndarray:
    """See a tensor of any framework, or a variable of TensorFlow, as an array of NumPy, copied only where it must be.

    Raises
    ------
    InvalidValue
        If it is of a type that NumPy has not.
    """
    tensor = tensor.detach().cpu() if hasattr(tensor, "detach") else tensor
    try:
        return np.asarray(tensor.numpy() if hasattr(tensor, "numpy") else tensor)
    except TypeError:
        raise InvalidValue(
            f"data of type {tensor.dtype} are no numbers for NumPy; give arrays of float32 or float64"
        ) from None


def joined(tensors: Iterable[Any]) -> Flat:
    """Copy tensors into one flat vector, one behind the other."""
    values = [np.ravel(read(tensor)) for tensor in tensors]
    return np.concatenate(values) if values else np.zeros(0, np.float32)


def typed(values: Any, dtype: np.dtype) -> np.ndarray:
    """Read data as an array of NumPy; floats get the type of a network's parameters."""
    array = numbers_of(values)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def device_of(tensor: Any) -> str:
    """Say where a tensor or a variable lies, in the words of its framework, shortened."""
    place = str(tensor.device).rpartition("device:")[2].lower()
    return "cpu" if place.startswith("cpu") or not place else place
