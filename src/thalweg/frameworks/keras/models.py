"""The example networks in Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.weights import SIZE, Convolution, Layers

keras: Any = FRAMEWORKS["keras"].load()


def build(layers: Layers) -> Any:
    """Make a ``keras.Sequential`` with outputs that are not normalised (logits, where there are classes)."""
    first = layers[0]
    shape = (SIZE, SIZE, 1) if isinstance(first, Convolution) else (first.weight.shape[1],)
    modules: list[Any] = [keras.Input(shape)]
    for k, layer in enumerate(layers):
        activation = "relu" if k + 1 < len(layers) else None
        if isinstance(layer, Convolution):
            modules.append(keras.layers.Conv2D(layer.weight.shape[0], layer.weight.shape[2], activation=activation))
        else:
            if isinstance(first, Convolution):
                modules.append(keras.layers.Flatten())
            modules.append(keras.layers.Dense(layer.weight.shape[0], activation=activation))
    model = keras.Sequential(modules)
    weighted = [module for module in model.layers if module.weights]
    for module, layer in zip(weighted, layers, strict=True):
        order = (2, 3, 1, 0) if isinstance(layer, Convolution) else (1, 0)
        module.set_weights([np.transpose(layer.weight, order), layer.bias])
    return model
