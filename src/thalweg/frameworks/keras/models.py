"""The example networks in Keras."""

from __future__ import annotations

from typing import Any

from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.weights import SIZE, Layers


def build(layers: Layers) -> Any:
    """Make a ``keras.Sequential`` with outputs that are not normalised (logits, where there are classes)."""
    convolved = layers[0].convolves
    modules: list[Any] = [keras.Input((SIZE, SIZE, 1) if convolved else layers[0].weight.shape[1:])]
    for k, layer in enumerate(layers):
        activation = "relu" if k + 1 < len(layers) else None
        if layer.convolves:
            modules.append(keras.layers.Conv2D(layer.weight.shape[0], layer.weight.shape[2], activation=activation))
        else:
            modules.extend([keras.layers.Flatten()] * convolved)
            modules.append(keras.layers.Dense(layer.weight.shape[0], activation=activation))
    model = keras.Sequential(modules)
    weighted = [module for module in model.layers if module.weights]
    for module, layer in zip(weighted, layers, strict=True):
        module.set_weights([layer.kernel, layer.bias])
    return model
