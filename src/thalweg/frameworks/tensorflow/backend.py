"""TensorFlow at work for Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.common.tensors import device_of, joined
from thalweg.frameworks.tensorflow.evaluator import GraphEvaluator, check
from thalweg.geometry.network import Evaluator


def evaluators(
    loss: Callable[..., Any], values: Sequence[Any], parts: Sequence[tuple[np.ndarray, ...]], *, training: bool
) -> tuple[list[Evaluator], str]:
    """Evaluate a loss of parameter tensors as graphs on variables of our own; see :class:`room.BackendPart`."""
    variables = [tf.Variable(tf.identity(value)) for value in values]
    position = joined(variables)

    def evaluator_of(part: tuple[np.ndarray, ...]) -> Evaluator:
        data = [tf.constant(array) for array in part]
        evaluator = GraphEvaluator(variables, lambda: loss([variable.read_value() for variable in variables], *data))
        check(evaluator, position, training=training)
        return evaluator

    return [evaluator_of(part) for part in parts], device_of(variables[0])
