"""First weights of the example networks, the same for every framework."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import NamedTuple

import numpy as np

SIZE, KERNEL, CLASSES = 8, 3, 10
"""Sides of a digit's picture and of a convolution's kernel, in pixels, and how many digits there are."""


class Layer(NamedTuple):
    """A dense layer, or a convolution without padding.

    Attributes
    ----------
    weight : (output, input), of a convolution (output, input, row, column)
    bias : (output,)
    """

    weight: np.ndarray
    bias: np.ndarray

    @property
    def convolves(self) -> bool:
        """Whether it is a convolution."""
        return self.weight.ndim > 2

    @property
    def kernel(self) -> np.ndarray:
        """The weights as JAX and Keras have them: (input, output), of a convolution (row, column, input, output)."""
        return np.moveaxis(self.weight, (1, 0), (-2, -1))


Layers = tuple[Layer, ...]


def of_mlp(sizes: tuple[int, ...], seed: int) -> Layers:
    """Draw the dense layers between so many units, after He et al. 2015, arXiv:1502.01852."""
    return _drawn([(after, before) for before, after in pairwise(sizes)], seed)


def of_cnn(channels: tuple[int, ...], seed: int) -> Layers:
    """Draw convolutions of a digit's picture, and the dense layer behind them."""
    shapes = [(after, before, KERNEL, KERNEL) for before, after in pairwise((1, *channels))]
    left = SIZE - len(channels) * (KERNEL - 1)
    return _drawn([*shapes, (CLASSES, channels[-1] * left**2)], seed)


def _drawn(shapes: Sequence[tuple[int, ...]], seed: int) -> Layers:
    layers = []
    for k, shape in enumerate(shapes):
        weight = np.random.default_rng([seed, k]).normal(0, np.sqrt(2 / prod(shape[1:])), shape)
        layers.append(Layer(weight.astype(np.float32), np.zeros(shape[0], np.float32)))
    return tuple(layers)
