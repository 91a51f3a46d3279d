"""TensorFlow at work for Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.frameworks.common.batches import Nest, is_array, mapped
from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.common.room import Bound
from thalweg.frameworks.common.tensors import device_of, joined
from thalweg.frameworks.tensorflow.evaluator import GraphEvaluator, evaluators


def bound(loss: Callable[..., Any], values: Sequence[Any], *, training: bool) -> Bound:
    """Evaluate a loss of parameter tensors as graphs on variables of our own; see :class:`room.BackendPart`."""
    del training
    variables = [tf.Variable(tf.identity(value)) for value in values]

    position = joined(values)
    made = evaluators(variables, lambda batch: loss([variable.read_value() for variable in variables], batch), position)

    def evaluator(batch: Nest) -> GraphEvaluator:
        return made(mapped(lambda leaf: tf.constant(leaf) if is_array(leaf) else leaf, batch))

    return Bound(evaluator, device_of(variables[0]))
