"""The loss of one part of the data as graphs of TensorFlow, computed on variables of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from thalweg.frameworks.common.checks import scalar, tried
from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.geometry.chunks import Values
from thalweg.geometry.network import Flat
from thalweg.geometry.plane import Plane


class GraphEvaluator:
    """A loss that is a function of some variables, as a function of the flat vector of their values.

    Each graph first assigns the vector to the variables, then computes: TensorFlow keeps that order inside a
    ``tf.function``. The points of a slice are taken one after the other by a loop inside the graph, so a point is
    computed by the same operations however many there are. TensorFlow itself uses all cores, so ``threads`` is off.

    Parameters
    ----------
    variables : ``tf.Variable``, that nothing else uses
    loss : computes the loss, a scalar tensor, from the variables
    """

    threads = False

    def __init__(self, variables: Sequence[Any], loss: Callable[[], Any]):
        self.variables, self.loss = list(variables), loss
        self._sliced: dict[int, Any] = {}

    def value(self, point: Flat) -> float:
        """Compute the loss at a point."""
        return float(self.graph(tf.constant(point)))

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient by a tape."""
        loss, gradient = self._gradient(tf.constant(point))
        return float(loss), gradient.numpy()

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Make the product with the Hessian at a point: the gradient of the gradient's component along the vector.

        Where the model stops gradients, the central difference of gradients is taken instead, which is exact to about
        1e-10 in 64 bits and 1e-4 in 32: ``tf.nn.moments``, which batch normalisation in training uses, stops that of
        the mean. This leaves the first derivative as it is, but the second would be wrong.
        """
        if stops_gradients(self.graph.graph):
            return lambda vector: self._difference(point, vector)
        fixed = tf.constant(point)
        return lambda vector: self._product(fixed, tf.constant(vector)).numpy()

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane. There is no quick way here: the whole network is evaluated at every point either way."""
        origin, directions = tf.constant(plane.origin), tf.constant(plane.directions)
        evaluate = self._values(len(plane.directions))

        def values(coordinates: Float[np.ndarray, "point axis"]) -> Float[np.ndarray, " point"]:
            return evaluate(tf.constant(coordinates), origin, directions).numpy()

        return values

    @cached_property
    def graph(self) -> Any:
        """The loss as a function of a point, traced once: it tells the loss's shape and what variables it uses."""
        return self._traced(self._loss_at, [None])

    @property
    def _dtype(self) -> Any:
        return self.variables[0].dtype

    def _traced(self, function: Callable[..., Any], *shapes: list[int | None]) -> Any:
        """Trace a function of tensors once. Called as it is, TensorFlow would warn of many networks as of retracing."""
        specs = [tf.TensorSpec(shape, self._dtype) for shape in shapes]
        return tf.function(function, autograph=False).get_concrete_function(*specs)

    @cached_property
    def _gradient(self) -> Any:
        return self._traced(self._slope, [None])

    @cached_property
    def _product(self) -> Any:
        def product(point: Any, vector: Any) -> Any:
            # tapes within tapes: a forward accumulator silently yields zeros where the model is itself a tf.function
            with tf.GradientTape() as tape:
                _, gradient = self._slope(point)
                along = tf.reduce_sum(gradient * vector)
            return self._flat_gradient(tape, along)

        return self._traced(product, [None], [None])

    def _values(self, axes: int) -> Any:
        def values(coordinates: Any, origin: Any, directions: Any) -> Any:
            def at(one: Any) -> Any:
                point = origin
                for axis in range(axes):
                    point = point + one[axis] * directions[axis]
                return self._loss_at(point)

            # one at a time: all points share the variables
            return tf.map_fn(at, coordinates, parallel_iterations=1, fn_output_signature=self._dtype)

        if axes not in self._sliced:
            self._sliced[axes] = self._traced(values, [None, axes], [None], [axes, None])
        return self._sliced[axes]

    def _difference(self, point: Flat, vector: Flat) -> Flat:
        length = float(np.linalg.norm(vector))
        if not length:
            return np.zeros_like(vector)
        # where the errors of rounding and of the third derivative are about equal
        step = float(np.finfo(point.dtype).eps) ** (1 / 3) * max(1.0, float(np.linalg.norm(point))) / length
        apart = (np.asarray(point + sign * step * vector, point.dtype) for sign in (1, -1))
        ahead, behind = (self.gradient(place)[1].astype(np.float64) for place in apart)
        return ((ahead - behind) / (2 * step)).astype(point.dtype)

    def _loss_at(self, point: Any) -> Any:
        """Give the variables their values at a point, and compute the loss."""
        sizes = [int(np.prod(variable.shape, dtype=np.int64)) for variable in self.variables]
        for variable, values in zip(self.variables, tf.split(point, sizes), strict=True):
            variable.assign(tf.reshape(values, variable.shape))
        return tf.cast(self.loss(), self._dtype)

    def _slope(self, point: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            loss = self._loss_at(point)
        return loss, self._flat_gradient(tape, loss)

    def _flat_gradient(self, tape: Any, value: Any) -> Any:
        """Join the gradients of a value; a table from which rows are looked up has a sparse one."""
        slopes = tape.gradient(value, self.variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.concat([tf.reshape(tf.convert_to_tensor(slope), [-1]) for slope in slopes], 0)


def check(evaluator: GraphEvaluator) -> None:
    """Trace the loss: the model must take the data, and the loss be a scalar."""
    scalar(tried(lambda: evaluator.graph).output_shapes.as_list())


def stops_gradients(graph: Any) -> bool:
    """Tell whether a graph, or one that it calls, stops gradients anywhere."""
    names = {operation.type for operation in graph.get_operations()}
    called = {node.op for function in graph.as_graph_def().library.function for node in function.node_def}
    return "StopGradient" in names | called
