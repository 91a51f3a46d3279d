"""The loss of one batch as graphs of TensorFlow, computed on variables of our own.

All that is traced belongs to :class:`Graphs`, one for batches of one form: the arrays of a batch are arguments, so
batches of the same shapes share their graphs. A model that cannot be traced so, as it asks for ``len(x)`` or for
numbers in the data, has the data of each batch in a graph of its own.

**State put back.** Each graph first assigns the point to the parameters, and to all other variables what they held when
the network was made; then it computes. TensorFlow keeps that order inside a ``tf.function``.

**Second derivatives** are those of tapes within tapes, never differences of gradients: across a kink, as of ``relu``,
a difference is no derivative. What TensorFlow itself has wrong is put right while we trace (``second``); moments in a
function that was traced before are found and refused. Whatever else is wrong mostly shows: a Hessian is symmetric, and
one whose operations lack a part of their second derivative often is not. So it is tried on two random vectors, once
for batches of one form. What a user stops by ``tf.stop_gradient`` is stopped here too, as in any framework.

**What would break it.** An operation whose second derivative is wrong and symmetric.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Nest
from thalweg.frameworks.common.checks import reason, scalar, tried
from thalweg.frameworks.common.forms import apart
from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.tensorflow.second import second_derivatives, stale_moments
from thalweg.geometry.chunks import Values
from thalweg.geometry.network import Flat
from thalweg.geometry.plane import Plane

State = Sequence[tuple[Any, Any]]
"""Variables that are no parameters, with what they hold at the start of every evaluation."""

SYMMETRIC = 0.5
"""How many roots of the rounding unit two products may differ by that should be one: 2e-4 in 32 bits, 7e-9 in 64.

Rounding makes up to 2e-6 in 32 bits, of convolutions with eight layers; what was wrong was 1e-2 wherever it was tried.
"""


class Graphs:
    """What is traced for batches of one form: a loss that is a function of some variables and of arrays.

    Parameters
    ----------
    variables : ``tf.Variable``, that nothing else uses
    loss : computes the loss, a scalar tensor, from the variables and the arrays of a batch
    arrays : of the first such batch, tensors
    dtype : of points; variables of 16 bits take them rounded
    state : what else is put back before each evaluation
    """

    def __init__(
        self,
        variables: Sequence[Any],
        loss: Callable[[Sequence[Any]], Any],
        arrays: Sequence[Any],
        dtype: np.dtype,
        state: State = (),
    ):
        self.variables, self.loss, self.state = list(variables), loss, list(state)
        self._dtype = tf.as_dtype(dtype)
        self._kinds = [tf.TensorSpec(array.shape, array.dtype) for array in arrays]
        self._sliced: dict[int, Any] = {}
        self._symmetric = False

    @cached_property
    def value(self) -> Any:
        """The loss as a function of a point, traced once: it tells the loss's shape and what variables it uses."""
        return self._traced(self._loss_at, [None])

    @cached_property
    def gradient(self) -> Any:
        """The loss and its gradient by a tape."""
        return self._traced(self._slope, [None])

    @cached_property
    def product(self) -> Any:
        """The product with the Hessian: the gradient of the gradient's component along the vector."""

        def product(point: Any, vector: Any, *arrays: Any) -> Any:
            # tapes within tapes: a forward accumulator silently yields zeros where the model is itself a tf.function
            with tf.GradientTape() as tape:
                _, gradient = self._slope(point, *arrays)
                along = tf.reduce_sum(gradient * vector)
            return self._flat_gradient(tape, along)

        if stale_moments(self.value.graph):
            raise InvalidValue(
                "the model calls a tf.function that was traced before, with tf.nn.moments in it, whose second "
                "derivative TensorFlow has wrong; compute the curvature before anything else calls it, or make it a "
                "method"
            )
        try:
            return self._traced(product, [None], [None])
        except LookupError as error:  # what TensorFlow raises where an operation has no gradient
            raise InvalidValue(
                f"TensorFlow has no second derivative here: {reason(error)}; compute the curvature of a model or loss "
                "without this operation"
            ) from error

    def sliced(self, axes: int) -> Any:
        """Make the losses of points of a plane, taken one after the other by a loop inside the graph."""

        def values(coordinates: Any, origin: Any, directions: Any, *arrays: Any) -> Any:
            def at(one: Any) -> Any:
                point = origin
                for axis in range(axes):
                    point = point + one[axis] * directions[axis]
                return self._loss_at(point, *arrays)

            # one at a time: all points share the variables
            return tf.map_fn(at, coordinates, parallel_iterations=1, fn_output_signature=self._dtype)

        if axes not in self._sliced:
            self._sliced[axes] = self._traced(values, [None, axes], [None], [axes, None])
        return self._sliced[axes]

    def check_symmetric(self, point: Any, arrays: Sequence[Any]) -> None:
        """Refuse a Hessian that is none."""
        if self._symmetric:
            return
        size, eps = int(point.shape[0]), float(np.finfo(self._dtype.as_numpy_dtype).eps)
        one, other = np.random.default_rng(0).normal(size=(2, size))
        products = [self.product(point, tf.constant(v, self._dtype), *arrays).numpy() for v in (one, other)]
        slope = self.gradient(point, *arrays)[1].numpy()
        here, there = float(other @ products[0]), float(one @ products[1])
        scale = sum(float(np.linalg.norm(product)) for product in products)
        near = SYMMETRIC * eps**0.5 * scale + eps**0.5 * float(np.linalg.norm(slope))
        if abs(here - there) > near:
            raise InvalidValue(
                f"the Hessian that TensorFlow makes is not symmetric (u·Hv = {here:.4g}, v·Hu = {there:.4g}): the "
                "second derivative of an operation is wrong; compute the curvature of a model and a loss without it"
            )
        self._symmetric = True

    def _traced(self, function: Callable[..., Any], *shapes: list[int | None]) -> Any:
        """Trace a function of tensors once. Called as it is, TensorFlow would warn of many networks as of retracing."""
        specs = [tf.TensorSpec(shape, self._dtype) for shape in shapes]
        with second_derivatives():
            return tf.function(function, autograph=False).get_concrete_function(*specs, *self._kinds)

    def _loss_at(self, point: Any, *arrays: Any) -> Any:
        """Give the variables their values at a point, and compute the loss."""
        sizes = [int(np.prod(variable.shape, dtype=np.int64)) for variable in self.variables]
        for variable, values in zip(self.variables, tf.split(point, sizes), strict=True):
            variable.assign(tf.cast(tf.reshape(values, variable.shape), variable.dtype))
        for variable, values in self.state:
            variable.assign(values)
        return tf.cast(self.loss(arrays), self._dtype)

    def _slope(self, point: Any, *arrays: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            loss = self._loss_at(point, *arrays)
        return loss, self._flat_gradient(tape, loss)

    def _flat_gradient(self, tape: Any, value: Any) -> Any:
        """Join the gradients of a value; a table from which rows are looked up has a sparse one."""
        slopes = tape.gradient(value, self.variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        flat = [tf.reshape(tf.convert_to_tensor(slope), [-1]) for slope in slopes]
        return tf.concat([tf.cast(slope, self._dtype) for slope in flat], 0)


class GraphEvaluator:
    """The loss of one batch as a function of a flat vector; see :class:`thalweg.geometry.network.Evaluator`.

    TensorFlow itself uses all cores, so ``threads`` is off.

    Parameters
    ----------
    graphs : of batches of this form
    arrays : of the batch, tensors
    """

    threads = False

    def __init__(self, graphs: Graphs, arrays: Sequence[Any]):
        self.graphs, self.arrays = graphs, list(arrays)

    def value(self, point: Flat) -> float:
        """Compute the loss at a point."""
        return float(self.graphs.value(tf.constant(point), *self.arrays))

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient."""
        loss, gradient = self.graphs.gradient(tf.constant(point), *self.arrays)
        return float(loss), gradient.numpy()

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Make the product with the Hessian at a point.

        Raises
        ------
        InvalidValue
            If TensorFlow has no second derivative of an operation, or a wrong one.
        """
        product, place = self.graphs.product, tf.constant(point)
        self.graphs.check_symmetric(place, self.arrays)
        return lambda vector: product(place, tf.constant(vector), *self.arrays).numpy()

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane. There is no quick way here: the whole network is evaluated at every point either way."""
        origin, directions = tf.constant(plane.origin), tf.constant(plane.directions)
        evaluate = self.graphs.sliced(len(plane.directions))

        def values(coordinates: Float[np.ndarray, "point axis"]) -> Float[np.ndarray, " point"]:
            return evaluate(tf.constant(coordinates), origin, directions, *self.arrays).numpy()

        return values


def evaluators(
    variables: Sequence[Any], loss: Callable[[Nest], Any], position: Flat, state: State = ()
) -> Callable[[Nest], GraphEvaluator]:
    """Make what evaluates a loss on a batch of tensors; batches of one form share what is traced."""
    made: dict[Any, Graphs] = {}

    def traced(graphs: Graphs) -> Graphs:
        scalar(graphs.value.output_shapes.as_list())
        return graphs

    def evaluator(batch: Nest) -> GraphEvaluator:
        form, arrays = apart(batch, tf.is_tensor)
        if form not in made:
            try:
                graphs = Graphs(variables, lambda arrays: loss(form.joined(arrays)), arrays, position.dtype, state)
                made[form] = traced(graphs)
            except Exception:  # a model that asks for the length or the numbers of its data may raise anything
                graphs = Graphs(variables, lambda _: loss(batch), [], position.dtype, state)
                return GraphEvaluator(tried(lambda: traced(graphs)), [])
        return GraphEvaluator(made[form], arrays)

    return evaluator
