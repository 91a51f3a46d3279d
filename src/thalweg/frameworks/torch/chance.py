"""PyTorch's own generators of random numbers, which a module cannot be given a private one of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from thalweg.frameworks.common.installed import torch


def generators(device: Any) -> list[Any]:
    """Find what a model on a device draws its random numbers from."""
    sources = [torch.default_generator]
    if device.type in ("cuda", "xpu"):
        sources.append(getattr(torch, device.type).default_generators[device.index])
    elif device.type == "mps":
        sources.append(torch.mps._get_default_mps_generator())
    return sources


@contextmanager
def kept(device: Any) -> Iterator[None]:
    """Put random states back at the end, to the bit."""
    sources = generators(device)
    states = [generator.get_state() for generator in sources]
    try:
        yield
    finally:
        for generator, state in zip(sources, states, strict=True):
            generator.set_state(state)
