"""The example networks in PyTorch."""

from __future__ import annotations

from typing import Any

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.weights import Layers


def build(layers: Layers) -> Any:
    """Make a ``torch.nn.Sequential``; pictures come as (example, row, column, channel), as in the other frameworks."""
    nn = torch.nn

    class Arrange(nn.Module):
        """Moves the axes of pictures, so that flattened ones have the same order in every framework."""

        def __init__(self, *order: int):
            super().__init__()
            self.order = order

        def forward(self, x: Any) -> Any:
            return x.permute(self.order)

    convolved = layers[0].convolves
    modules: list[Any] = [Arrange(0, 3, 1, 2)] * convolved
    for k, layer in enumerate(layers):
        if layer.convolves:
            module = nn.Conv2d(*layer.weight.shape[1::-1], layer.weight.shape[2])
        else:
            modules.extend([Arrange(0, 2, 3, 1), nn.Flatten()] * convolved)
            module = nn.Linear(*layer.weight.shape[::-1])
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(layer.weight))
            module.bias.copy_(torch.from_numpy(layer.bias))
        modules.append(module)
        if k + 1 < len(layers):
            modules.append(nn.ReLU())
    return nn.Sequential(*modules)
