"""Tensors of any framework: their numbers, and where they lie."""

from __future__ import annotations

from typing import Any

import numpy as np


def read(tensor: Any) -> np.ndarray:
    """Copy a tensor of any framework, or a variable of TensorFlow, to NumPy."""
    tensor = tensor.detach().cpu() if hasattr(tensor, "detach") else tensor
    return np.array(tensor.numpy() if hasattr(tensor, "numpy") else tensor)


def device_of(tensor: Any) -> str:
    """Say where a tensor or a variable lies, in the words of its framework, shortened."""
    place = str(tensor.device).rpartition("device:")[2].lower()
    return "cpu" if place.startswith("cpu") or not place else place
