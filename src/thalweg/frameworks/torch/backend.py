"""PyTorch at work for Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
from jaxtyping import Float

from thalweg.frameworks.common.batches import Nest, is_array, mapped
from thalweg.frameworks.common.checks import one_array, scalar, tried
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.room import Bound
from thalweg.frameworks.common.tensors import joined
from thalweg.geometry.chunks import Values
from thalweg.geometry.network import Flat
from thalweg.geometry.plane import Plane


def bound(loss: Callable[..., Any], values: Sequence[Any], *, training: bool) -> Bound:
    """Evaluate a loss of parameter tensors, one point at a time; see :class:`room.BackendPart`."""
    device, shapes = values[0].device, [tuple(value.shape) for value in values]
    position = joined(values)

    def evaluator(batch: Nest) -> TensorEvaluator:
        data = mapped(lambda leaf: torch.tensor(leaf, device=device) if is_array(leaf) else leaf, batch)
        made = TensorEvaluator(lambda tensors: loss(tensors, data), shapes, device, drawing=training)
        scalar(tuple(tried(lambda: made.loss_at(position)).shape))
        return made

    def start() -> None:
        if training:
            torch.manual_seed(0)

    return Bound(evaluator, str(device), _kept, start)


@contextmanager
def _kept() -> Iterator[None]:
    with torch.no_grad(), torch.random.fork_rng():
        yield


def without_slope(loss: Callable[[Any], Any], outputs: Any) -> Any:
    """Compute a loss of outputs less the linear part that it has there; see ``geometry/matrices.py``."""
    one_array(outputs, torch.Tensor)
    with torch.enable_grad():
        leaf = outputs.detach().requires_grad_()
        (slope,) = torch.autograd.grad(loss(leaf), leaf, allow_unused=True, materialize_grads=True)
    return loss(outputs) - torch.sum(slope.detach() * outputs)


class TensorEvaluator:
    """A loss computed by PyTorch as Keras' backend, one point at a time.

    Parameters
    ----------
    loss : gives a scalar tensor from the list of parameter tensors
    shapes : of the parameters
    device : where they lie
    drawing : whether random numbers are drawn: then PyTorch's generators start from seed 0 at every point, and have
        their states back afterwards (Keras' layers draw from them where they were given no seed)
    """

    # PyTorch's generators, which drawing needs, are shared by all threads; its operations use all cores by themselves
    threads = False

    def __init__(
        self, loss: Callable[[list[Any]], Any], shapes: Sequence[tuple[int, ...]], device: Any, *, drawing: bool
    ):
        self.loss, self.shapes, self.device, self.drawing = loss, shapes, device, drawing

    def loss_at(self, point: Flat) -> Any:
        """Compute the loss at a point as a tensor without a graph."""
        with torch.no_grad():
            return self._loss_at(self._tensor(point))

    def value(self, point: Flat) -> float:
        """Compute the loss at a point."""
        return float(self.loss_at(point))

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient."""
        loss, gradient, _ = self._slope(point, again=False)
        return float(loss.detach()), gradient.cpu().numpy()

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Make the product with the Hessian: the gradient of the gradient's component along the vector."""
        _, gradient, place = self._slope(point, again=True)

        def product(vector: Flat) -> Flat:
            if not gradient.requires_grad:  # a loss that is linear
                return np.zeros_like(point)
            along = torch.sum(gradient * self._tensor(vector))
            (second,) = torch.autograd.grad(along, place, retain_graph=True, materialize_grads=True)
            return second.cpu().numpy()

        return product

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane. There is no quick way here: the whole network is evaluated at every point either way."""
        origin, directions = self._tensor(plane.origin), [self._tensor(direction) for direction in plane.directions]

        def at(coordinates: Float[np.ndarray, " axis"]) -> float:
            point = origin
            for coordinate, direction in zip(coordinates.tolist(), directions, strict=True):
                point = point + coordinate * direction
            return float(self._loss_at(point))

        def values(coordinates: Float[np.ndarray, "point axis"]) -> Float[np.ndarray, " point"]:
            with torch.no_grad():
                return np.array([at(one) for one in coordinates])

        return values

    def _tensor(self, vector: Flat) -> Any:
        return torch.tensor(vector, device=self.device)

    def _loss_at(self, point: Any) -> Any:
        pieces = zip(torch.split(point, [prod(shape) for shape in self.shapes]), self.shapes, strict=True)
        with torch.random.fork_rng(enabled=self.drawing):
            if self.drawing:
                torch.manual_seed(0)
            return self.loss([piece.reshape(shape) for piece, shape in pieces])

    def _slope(self, point: Flat, *, again: bool) -> tuple[Any, Any, Any]:
        """Compute the loss, its gradient, which can be differentiated ``again``, and the tensor with the point."""
        with torch.enable_grad():
            place = self._tensor(point).requires_grad_()
            loss = self._loss_at(place)
            (gradient,) = torch.autograd.grad(loss, place, create_graph=again, materialize_grads=True)
            return loss, gradient, place
