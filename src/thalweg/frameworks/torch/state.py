"""What a module gathers in training and keeps beside its parameters: buffers of floating-point numbers.

Normalisation layers keep running means and variances, others a spectral norm's vectors or a moving average. A
checkpoint has them, and a loss in evaluation mode depends on them; see :mod:`thalweg.geometry.statistics`.
"""

from __future__ import annotations

from typing import Any

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.parameters import flatten, joined, plain, trainable
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Flat


def gathered(model: Any) -> dict[str, Any]:
    """Find the buffers of real numbers that a checkpoint of a module has, by name; each once."""
    model = plain(model)
    kept = set(model.state_dict(keep_vars=True))
    return {
        name: buffer
        for name, buffer in model.named_buffers()
        if name in kept and buffer.is_floating_point() and buffer.numel()
    }


def state_leaves(model: Any) -> tuple[Leaf, ...]:
    """Describe them, in the order of the flat vector."""
    return tuple(
        Leaf(name, tuple(buffer.shape), "statistic", tuple(range(buffer.ndim)))
        for name, buffer in gathered(model).items()
    )


def flatten_all(model: Any) -> Flat:
    """Copy parameters and, behind them, what was gathered into one flat vector."""
    buffers = gathered(model).values()
    if not buffers:
        return flatten(model)
    with torch.no_grad():
        return joined([*trainable(model).values(), *buffers]).cpu().numpy()


def batch_norms(module: Any) -> list[Any]:
    """List the layers of a module that normalise by statistics of a batch or by those that they gathered."""
    norms = torch.nn.modules.batchnorm._NormBase
    return [layer for layer in module.modules() if isinstance(layer, norms)]
