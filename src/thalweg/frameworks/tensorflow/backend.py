"""TensorFlow at work for Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Nest, is_array, mapped
from thalweg.frameworks.common.checks import one_array
from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.common.room import Bound
from thalweg.frameworks.common.tensors import device_of, joined
from thalweg.frameworks.tensorflow.evaluator import GraphEvaluator, evaluators
from thalweg.frameworks.tensorflow.states import kept_generators


def bound(loss: Callable[..., Any], values: Sequence[Any], *, training: bool) -> Bound:
    """Evaluate a loss of parameter tensors as graphs on variables of our own; see :class:`room.BackendPart`."""
    del training
    variables = [tf.Variable(tf.identity(value)) for value in values]

    position = joined(values)
    made = evaluators(variables, lambda batch: loss([variable.read_value() for variable in variables], batch), position)

    def evaluator(batch: Nest) -> GraphEvaluator:
        one = made(mapped(lambda leaf: tf.constant(leaf) if is_array(leaf) else leaf, batch))
        _check_changes(one)
        return one

    return Bound(evaluator, device_of(variables[0]), kept_generators)


def without_slope(loss: Callable[[Any], Any], outputs: Any) -> Any:
    """Compute a loss of outputs less the linear part that it has there; see ``geometry/matrices.py``."""
    one_array(outputs, tf.Tensor)
    outputs = tf.identity(outputs)  # so that no loss looks behind it for what it was made of
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = loss(outputs)
    slope = tape.gradient(value, outputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value - tf.cast(tf.reduce_sum(tf.stop_gradient(slope) * outputs), value.dtype)


def _check_changes(evaluator: GraphEvaluator) -> None:
    """Refuse a model that changes variables which are none of Keras': there is no way to keep it from that."""
    own, graph = {id(variable.handle) for variable in evaluator.graphs.variables}, evaluator.graphs.value.graph
    names = {inner.name: outer for outer, inner in graph.captures}
    for operation in graph.get_operations():
        if operation.type in ("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"):
            handle = names.get(operation.inputs[0].name)
            for variable in graph.variables:
                if handle is not None and variable.handle is handle and id(handle) not in own:
                    raise InvalidValue(
                        f"the model changes the variable {variable.name!r} of TensorFlow each time it is called; hold "
                        "it as a weight, by self.add_weight(trainable=False)"
                    )
