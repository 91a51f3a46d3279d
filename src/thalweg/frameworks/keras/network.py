"""A Keras model and its loss as a function of its parameters, on whichever backend is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.batches import Nest, Task, is_array, mapped
from thalweg.frameworks.common.checks import dense
from thalweg.frameworks.common.facts import of_framework, of_network
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.portions import portions_of, steady
from thalweg.frameworks.common.precision import BITS, ROUNDING, allowed, coarsest, flat_type
from thalweg.frameworks.common.room import Bound
from thalweg.frameworks.common.statistics import chosen
from thalweg.frameworks.common.steps import is_step, of_task, through
from thalweg.frameworks.common.tensors import read, typed
from thalweg.frameworks.keras.data import Given, given
from thalweg.frameworks.keras.leaves import (
    flatten,
    gathered,
    layers_of,
    leaves_of,
    own_variables,
    parameters,
    state_leaves,
    types,
)
from thalweg.frameworks.keras.losses import step_of
from thalweg.frameworks.keras.objective import Objective, eagerly, moded
from thalweg.geometry.network import Evaluator, Network
from thalweg.geometry.statistics import Still


def build(model: Any, loss: Any, task: Task) -> Network:
    """See a Keras model and its loss, with the penalties of its layers, on fixed data as a function of its parameters.

    The model is called without state (``keras.StatelessScope``): the points' values stand in for its variables. Only
    with TensorFlow as backend does Keras compute in 64 bits, whatever the model's type; the precision is in the facts.

    Parameters
    ----------
    model : built
    loss : what ``compile`` takes as a loss, or None for what the model trains with, computed in the type of the
        parameters; or ``step(model, batch)``, in which the model is called in the mode of the task whatever it says
    task : of data as ``fit`` takes them: ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, each of any structure; for
        a step anything

    Raises
    ------
    InvalidValue
        If the model is not built or has no parameters, there is no loss or it is not a scalar, the model cannot be
        evaluated on the data, or gives another loss at every call.
    """
    statistics = chosen(task, bool(gathered(model)), ("recorded", "gathered"), "Keras")
    state = gathered(model) if statistics == "recorded" else []
    position, kind = flatten(model, state=bool(state)), _type(model)
    values = [keras.ops.cast(variable.value, position.dtype.name) for variable in [*parameters(model), *state]]
    data = {id(batch): mapped(lambda leaf: _array(leaf, position.dtype), batch) for batch in task.batches}

    trained = sum(leaf.size for leaf in leaves_of(model))

    def arrays(batch: Nest) -> Nest:
        found = data.get(id(batch))
        return mapped(lambda leaf: _array(leaf, position.dtype), batch) if found is None else found

    objective, name = _objective(model, loss, values, arrays(task.batches[0]), state, task)
    bound = _bound(objective, values)

    def evaluator(batch: Nest) -> Evaluator:
        made = bound.evaluator(arrays(batch))
        return Still(made, trained) if state else made

    def measure(batch: Nest) -> tuple[float, float | None]:
        with eagerly(bound):
            return objective.measured(values, tensors(arrays(batch)))

    evaluator(task.batches[0])  # refuses what changes variables that Keras does not know, before any of it is run
    first = tensors(arrays(task.batches[0]))
    with eagerly(bound):
        if objective.watch(values, first):
            bound = _bound(objective, values)

        def again() -> tuple[float, float | None]:
            bound.start()
            return objective.carried(values, first)

        steady(again, objective.changed)
    backend, eps = FRAMEWORKS[keras.backend.backend()].backend, max(ROUNDING[kind], ROUNDING["float32"])
    flattened = through(objective.step, backend.without_slope)

    def curved(batch: Nest) -> Evaluator:
        assert flattened
        made = backend.bound(objective.of(flattened), values, training=task.training).evaluator(arrays(batch))
        return Still(made, trained) if state else made

    portions, examples = portions_of(task, measure, evaluator, eps, curved if flattened else None)
    # with JAX and PyTorch Keras lets 64 bits and 64 bits make 32, in products of matrices for one
    precision = BITS[kind] if keras.backend.backend() == "tensorflow" else min(32, BITS[kind])
    used = statistics if state else _statistics(model, task.mode)
    evaluated = {"device": bound.device, "mode": task.mode, "statistics": used, "precision": precision}
    facts = of_framework("keras", backend=keras.backend.backend())
    facts = of_network(facts, position[:trained], loss=name, examples=examples, **evaluated)
    if state:
        return Network(leaves_of(model) + state_leaves(model), position, portions, facts, model)
    spare = sum(leaf.size for leaf in state_leaves(model))
    return Network(leaves_of(model), position, portions, facts, model, spare)


def tensors(batch: Nest) -> Nest:
    """Make tensors of the backend of arrays."""
    return mapped(lambda leaf: keras.ops.convert_to_tensor(leaf) if is_array(leaf) else leaf, batch)


def _bound(objective: Objective, values: list[Any]) -> Bound:
    backend = FRAMEWORKS[keras.backend.backend()].backend
    return backend.bound(objective.loss, values, training=objective.training)


def _objective(
    model: Any, loss: Any, values: list[Any], batch: Nest, state: Sequence[Any], task: Task
) -> tuple[Objective, str]:
    """Make the objective of a loss or a step, and name it."""
    training = task.training
    if is_step(loss):
        return Objective(model, moded(of_task(loss, task), training=training), training=training, state=state), loss
    objective = Objective(model, lambda model, batch: None, training=training, state=state)
    given(batch)

    def sample() -> tuple[Given, Any]:
        one = tensors(batch)
        return given(one), objective.outputs(values, one)

    with eagerly(_bound(objective, values)):  # which knows of 64 bits
        objective.step, name = step_of(model, loss, flat_type(types(model)), sample, training=training)
    return objective, name


def _array(leaf: Any, dtype: np.dtype) -> Any:
    if not is_array(leaf):
        return leaf
    dense(leaf)
    return typed(read(leaf) if keras.ops.is_tensor(leaf) else leaf, dtype)


def _type(model: Any) -> str:
    """Find the coarsest type that the model computes in, which may be another one than its variables have."""
    found = list(types(model).values())
    for layer in layers_of(model):
        if layer.compute_dtype not in found and any(variable.trainable for variable in own_variables(layer)):
            allowed(f"the layer {layer.name!r} computes in {layer.compute_dtype}", layer.compute_dtype)
            found.append(layer.compute_dtype)
    return coarsest(found)


def _statistics(model: Any, mode: str) -> str:
    """Tell what batch normalisation uses; a frozen layer keeps to what it gathered even in training."""
    layers = [layer for layer in layers_of(model) if hasattr(layer, "moving_mean")]
    if not layers:
        return "none"
    return "of the batch" if mode == "training" and any(layer.trainable for layer in layers) else "gathered"
