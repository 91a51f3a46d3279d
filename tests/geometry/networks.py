"""Networks made in NumPy, whose truth is known."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xarray as xr

from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Network, Portion

FACTS = {
    "framework": "numpy",
    "framework_version": np.__version__,
    "device": "cpu",
    "mode": "evaluation",
    "statistics": "none",
    "loss": "made up",
    "examples": 1,
}


@dataclass
class Formula:
    """A loss, its gradient and its Hessian, each as a function of a point."""

    loss: Callable
    slope: Callable = None
    bending: Callable = None
    threads: bool = True

    def value(self, point):
        return float(self.loss(point))

    def gradient(self, point):
        return self.value(point), np.asarray(self.slope(point), dtype=point.dtype)

    def hessian_product(self, point):
        matrix = self.bending(point)
        return lambda vector: (matrix @ vector).astype(point.dtype)

    def on(self, plane, *, plain=False):
        return lambda coordinates: np.array([self.value(point) for point in plane.points(coordinates)])


def network(loss, slope=None, bending=None, *, position, leaves=None, threads=True):
    position = np.asarray(position)
    leaves = leaves or (Leaf("all", position.shape, "bias", (0,)),)
    facts = FACTS | {"precision": 8 * position.dtype.itemsize, "parameters": position.size}
    return Network(leaves, position, (Portion(1.0, Formula(loss, slope, bending, threads)),), facts)


def bowl(matrix, position=None, **options):
    """The loss ``x H x / 2``."""
    position = np.zeros(len(matrix)) if position is None else position
    return network(lambda x: x @ matrix @ x / 2, lambda x: matrix @ x, lambda x: matrix, position=position, **options)


def ring(position=(1.0, 0.0)):
    """The loss ``(|x|² - 1)²``: zero on the unit circle."""
    return network(
        lambda x: (x @ x - 1) ** 2,
        lambda x: 4 * (x @ x - 1) * x,
        position=np.asarray(position, dtype=np.float64),
    )


SIZES = (3, 5, 4, 2)
"""Of a perceptron's layers."""


def perceptron(layout="torch", dtype=np.float64, seed=0, sizes=SIZES):
    """The same tanh perceptron in two layouts: kernels (out, in) before biases, or (in, out) behind them."""
    generator = np.random.default_rng(seed)
    arrays, leaves, inside = [], [], layout == "torch"
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        kernel, bias = generator.standard_normal((outputs, inputs)), generator.standard_normal(outputs)
        kernel = kernel if inside else kernel.T
        order = (0, 1) if inside else (1, 0)
        pair = [
            (kernel, Leaf(f"{number}/kernel", kernel.shape, "weight", order)),
            (bias, Leaf(f"{number}/bias", bias.shape, "bias", (0,))),
        ]
        for array, leaf in pair if inside else pair[::-1]:
            arrays.append(array.ravel())
            leaves.append(leaf)
    x, y = generator.standard_normal((7, sizes[0])), generator.standard_normal((7, sizes[-1]))

    def loss(point):
        parts, first, z = {}, 0, x.astype(point.dtype)
        for leaf in leaves:
            parts[leaf.name], first = point[first : first + leaf.size].reshape(leaf.shape), first + leaf.size
        for number in range(len(sizes) - 1):
            kernel = parts[f"{number}/kernel"]
            z = z @ (kernel.T if inside else kernel) + parts[f"{number}/bias"]
            z = np.tanh(z) if number < len(sizes) - 2 else z
        return np.mean((z - y.astype(point.dtype)) ** 2)

    return network(loss, position=np.concatenate(arrays).astype(dtype), leaves=tuple(leaves))


def common(net, vector):
    """Put a vector into an order that no layout has: leaves by name, axes in the common order."""
    parts = zip(net.leaves, net.spans, strict=True)
    pieces = {leaf.name: vector[span].reshape(leaf.shape).transpose(leaf.order) for leaf, span in parts}
    return {name: pieces[name] for name in sorted(pieces)}


def steps(points, losses=None, **extra):
    """A recording of some points."""
    points = np.asarray(points)
    losses = np.full(len(points), np.nan) if losses is None else losses
    return xr.Dataset(
        {"params": (("step", "param"), points), "loss": ("step", losses)}, {"step": np.arange(len(points))}, extra
    )
