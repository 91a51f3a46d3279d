"""A TensorFlow module and its loss as a function of its parameters."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Nest, Task, is_array, mapped
from thalweg.frameworks.common.checks import function, one_type, pair, tried
from thalweg.frameworks.common.facts import of_framework, of_network
from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.common.portions import portions_of
from thalweg.frameworks.common.steps import Returned, counted, is_step, returned
from thalweg.frameworks.common.tensors import device_of, joined, typed
from thalweg.frameworks.tensorflow.evaluator import GraphEvaluator, check
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Flat, Network

NORMALISING = ("gamma", "beta", "scale", "offset")
"""Names of vectors that belong to normalisation layers: a module does not say what its layers are."""


def build(model: Any, loss: Any, task: Task) -> Network:
    """See a ``tf.Module`` and ``loss(model(inputs), targets)`` on fixed data as a function of its parameters.

    The module is copied, and the copy's variables take the points' values: the user's own are only read.

    Parameters
    ----------
    model : called as ``model(*inputs)``, or with ``training=`` where its ``__call__`` takes that
    loss : ``loss(outputs, targets)``, a scalar tensor, of data ``(*inputs, targets)``; or ``step(model, batch)``
    task : floats in NumPy get the parameters' type; a module that does not take ``training`` has one mode only

    Raises
    ------
    InvalidValue
        If there are no parameters or of more than one type, the rows do not fit, the model cannot be copied or
        evaluated, or the loss is not a scalar or not the same twice.
    """
    variables = _variables(model)
    dtype = one_type({name: variable.dtype.name for name, variable in variables.items()})
    position = flatten(model)
    private = _copied(model)
    options = {"training": task.training} if _takes_training(model) else {}
    step = _step(loss, task, options)

    def computed(batch: Nest) -> Callable[[], Returned]:
        data = mapped(lambda leaf: _tensor(leaf, dtype), batch)
        return lambda: returned(step(private, data))

    def measure(batch: Nest) -> tuple[float, float | None]:
        return tried(lambda: counted(computed(batch)))

    def evaluator(batch: Nest) -> GraphEvaluator:
        compute = computed(batch)
        made = GraphEvaluator(list(_variables(private).values()), lambda: tf.convert_to_tensor(compute().loss))
        check(made)
        _own_variables_only(made)
        return made

    portions, examples = portions_of(task, measure, evaluator, float(np.finfo(dtype).eps))
    statistics = _statistics(model, task.mode) if options else "none"
    evaluated = {"device": device_of(next(iter(variables.values()))), "mode": task.mode, "statistics": statistics}
    facts = of_network(of_framework("tensorflow"), position, loss=loss, examples=examples, **evaluated)
    return Network(leaves_of(model), position, portions, facts, private)


def flatten(model: Any) -> Flat:
    """Read a module's parameters into one flat vector, in the order of ``model.trainable_variables``."""
    return joined(_variables(model).values())


def leaves_of(model: Any) -> tuple[Leaf, ...]:
    """Describe a module's parameters; they are named by the attributes that hold them, as in its checkpoints."""
    return tuple(_leaf(name, tuple(variable.shape)) for name, variable in _variables(model).items())


def names_of_others(model: Any) -> list[str]:
    """Name the variables of a module that are no parameters; its checkpoints have them too."""
    return list(_variables(model, trainable=False))


def _variables(model: Any, *, trainable: bool = True) -> dict[str, Any]:
    """Name a module's variables, trainable or not, each once, by the path of attributes that leads to it."""
    variables: dict[str, Any] = {}
    visited: set[int] = set()
    walked = model._flatten(  # what tf.Module offers to those who need paths
        predicate=lambda value: isinstance(value, tf.Variable) and value.trainable == trainable, with_path=True
    )
    for path, variable in walked:
        if id(variable) not in visited:
            visited.add(id(variable))
            variables["/".join(map(str, path))] = variable
    return variables


def _leaf(name: str, shape: tuple[int, ...]) -> Leaf:
    """Describe an array; one of two axes or more is (kernel…, inputs, outputs)."""
    rank = len(shape)
    if rank > 1:
        return Leaf(name, shape, "weight", (rank - 1, rank - 2, *range(rank - 2)))
    return Leaf(name, shape, "norm" if name.rpartition("/")[2] in NORMALISING else "bias", tuple(range(rank)))


def _copied(model: Any) -> Any:
    try:
        return copy.deepcopy(model)
    except Exception as error:  # what a user's module raises when it is copied may be anything
        raise InvalidValue(
            f"the module {type(model).__name__} cannot be copied ({type(error).__name__}); surfaces are computed on a "
            "copy, so make copy.deepcopy(module) work"
        ) from error


def _takes_training(model: Any) -> bool:
    try:
        return "training" in inspect.signature(model.__call__).parameters
    except (TypeError, ValueError):
        return False


def _statistics(model: Any, mode: str) -> str:
    """Tell what normalisation layers use: a module with numbers that it does not train has gathered some."""
    gathered = any(variable.dtype.is_floating for variable in model.non_trainable_variables)
    return "none" if not gathered else "gathered" if mode == "evaluation" else "of the batch"


def _tensor(leaf: Any, dtype: np.dtype) -> Any:
    if not is_array(leaf):
        return leaf
    return tf.identity(leaf) if tf.is_tensor(leaf) else tf.constant(typed(leaf, dtype))


def _step(loss: Any, task: Task, options: dict[str, Any]) -> Callable[..., Any]:
    """Make the step of a loss: what computes the loss of a module on a batch."""
    if is_step(loss):
        return loss
    function(loss, "loss(outputs, targets), or step(model, batch)")
    pair(task.batches[0])

    def step(module: Any, batch: Any) -> Any:
        *inputs, targets = batch
        return loss(module(*inputs, **options), targets)

    return step


def _own_variables_only(evaluator: GraphEvaluator) -> None:
    """Refuse a model that reads trainable variables which are not its attributes: a copy would not have them."""
    own = {variable.ref() for variable in evaluator.variables}
    for variable in evaluator.graph.graph.variables:
        if variable.trainable and variable.ref() not in own:
            raise InvalidValue(
                f"the model uses the variable {variable.name!r} of shape {tuple(variable.shape)}, which is not an "
                "attribute of it; hold all variables as attributes of the module"
            )
