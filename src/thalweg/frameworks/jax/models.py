"""The example networks in JAX: a list of layers, and the function that applies them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from thalweg.frameworks.common.weights import Layers

Params = list[dict[str, Any]]


def build(layers: Layers) -> tuple[Params, Any]:
    """Make parameters ``[{"w": …, "b": …}, …]`` and ``apply(params, inputs)``; kernels are (row, column, in, out)."""
    return [{"w": jnp.asarray(layer.kernel), "b": jnp.asarray(layer.bias)} for layer in layers], apply


def apply(params: Params, inputs: Any) -> Any:
    """Apply the layers: convolutions where a kernel has four axes, rectified but for the last."""
    x = jnp.asarray(inputs)
    for k, layer in enumerate(params):
        if layer["w"].ndim == 4:
            x = jax.lax.conv_general_dilated(x, layer["w"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        else:
            x = x.reshape(len(x), -1) @ layer["w"]
        x = x + layer["b"]
        x = jnp.maximum(x, 0) if k + 1 < len(params) else x
    return x
