"""First weights of the example networks, the same for every framework."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

SIZE, KERNEL = 8, 3
"""Sides of a digit's picture and of a convolution's kernel, in pixels."""


class Dense(NamedTuple):
    """A dense layer: weights (output, input) and biases (output,)."""

    weight: np.ndarray
    bias: np.ndarray


class Convolution(NamedTuple):
    """A convolution without padding: weights (output, input, row, column) and biases (output,)."""

    weight: np.ndarray
    bias: np.ndarray


Layers = tuple[Dense | Convolution, ...]


def of_mlp(sizes: tuple[int, ...], seed: int) -> Layers:
    """Draw the dense layers between so many units, after He et al. 2015, arXiv:1502.01852."""
    pairs = pairwise(sizes)
    return tuple(Dense(*_drawn((after, before), before, [seed, k])) for k, (before, after) in enumerate(pairs))


def of_cnn(size: int, channels: tuple[int, ...], classes: int, kernel: int, seed: int) -> Layers:
    """Draw convolutions of a square picture of one channel, and the dense layer behind them."""
    layers: list[Dense | Convolution] = []
    before = 1
    for k, after in enumerate(channels):
        shape = (after, before, kernel, kernel)
        layers.append(Convolution(*_drawn(shape, before * kernel**2, [seed, k])))
        before, size = after, size - kernel + 1
    flat = before * size**2
    return (*layers, Dense(*_drawn((classes, flat), flat, [seed, len(channels)])))


def _drawn(shape: tuple[int, ...], inputs: int, key: list[int]) -> tuple[np.ndarray, np.ndarray]:
    weight = np.random.default_rng(key).normal(0, np.sqrt(2 / inputs), shape)
    return weight.astype(np.float32), np.zeros(shape[0], np.float32)
