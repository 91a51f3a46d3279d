"""A TensorFlow module and its loss as a function of its parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.batches import Nest, Task, is_array, mapped
from thalweg.frameworks.common.chance import kept
from thalweg.frameworks.common.checks import dense, function, pair, tried
from thalweg.frameworks.common.facts import of_framework, of_network
from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.common.moded import Moded, argument_place
from thalweg.frameworks.common.order import arranged
from thalweg.frameworks.common.portions import portions_of, steady
from thalweg.frameworks.common.precision import BITS, ROUNDING, coarsest, flat_type
from thalweg.frameworks.common.statistics import IN_FACTS, chosen
from thalweg.frameworks.common.steps import Apart, Returned, counted, is_step, of_task, returned, through
from thalweg.frameworks.common.tensors import device_of, joined, typed
from thalweg.frameworks.tensorflow.backend import without_slope
from thalweg.frameworks.tensorflow.evaluator import GraphEvaluator, evaluators
from thalweg.frameworks.tensorflow.states import States, kept_generators
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
    loss : ``loss(outputs, targets)``, or in the other order where its library or the names of its arguments say so, a
        scalar tensor, of data ``(*inputs, targets)``; or ``step(model, batch)``, in which the model is called in the
        mode of the task whatever the step says
    task : floats in NumPy get the parameters' type; a module that does not take ``training`` has one mode only

    Raises
    ------
    InvalidValue
        If there are no parameters, the rows do not fit, the model cannot be copied or evaluated, or the loss is not a
        scalar or not the same twice.
    """
    statistics = chosen(task, bool(gathered(model)), ("recorded", "gathered"), "TensorFlow")
    moving = statistics == "recorded"
    position, trained = flatten(model, state=moving), sum(leaf.size for leaf in leaves_of(model))
    kind = coarsest(_types(_variables(model)).values())
    private = _copied(model)
    states = States(private, _variables(private, trainable=False), training=task.training)
    seen = Moded(private, tf.Module, training=task.training)
    data = {id(batch): mapped(lambda leaf: _tensor(leaf, position.dtype), batch) for batch in task.batches}

    def tensors(batch: Nest) -> Nest:
        found = data.get(id(batch))
        return mapped(lambda leaf: _tensor(leaf, position.dtype), batch) if found is None else found

    first = tensors(task.batches[0])
    step = _step(loss, lambda step: _outputs(seen, first), first, task)
    own = [*_variables(private).values(), *(gathered(private).values() if moving else [])]
    moved = {variable.ref() for variable in own}
    fixed = [(variable, values) for variable, values in states.state if variable.ref() not in moved]

    def of(step: Callable[..., Any]) -> Callable[[Nest], GraphEvaluator]:
        return evaluators(own, lambda batch: tf.convert_to_tensor(returned(step(seen, batch)).loss), position, fixed)

    made, flattened = of(step), through(step, without_slope)
    twin = of(flattened) if flattened else None

    def measure(batch: Nest) -> tuple[float, float | None]:
        with kept(), kept_generators(), states.put_back():
            return counted(lambda: _tried(step, seen, tensors(batch)))

    def evaluator(batch: Nest) -> GraphEvaluator:
        return made(tensors(batch))

    _own_variables_only(evaluator(task.batches[0]), states)
    with kept(), kept_generators(), states.put_back():
        steady(lambda: counted(lambda: _tried(step, seen, first)), states.changed)
    curved = (lambda batch: twin(tensors(batch))) if twin else None
    portions, examples = portions_of(task, measure, evaluator, ROUNDING[kind], curved)
    evaluated = {"device": device_of(own[0]), "mode": task.mode, "precision": BITS[kind]}
    # a module that does not take ``training`` does the same in both modes
    used = IN_FACTS.get(statistics, statistics) if moving or argument_place(private) is not None else "none"
    facts = of_framework("tensorflow")
    facts = of_network(facts, position[:trained], loss=loss, examples=examples, **evaluated, statistics=used)
    if moving:
        return Network(leaves_of(model) + state_leaves(model), position, portions, facts, private)
    return Network(leaves_of(model), position, portions, facts, private, sum(one.size for one in state_leaves(model)))


def flatten(model: Any, *, state: bool = False) -> Flat:
    """Read a module's parameters into one flat vector, in the order of ``model.trainable_variables``.

    With ``state`` what it gathered stands behind them.
    """
    variables = _variables(model)
    everything = [*variables.values(), *(gathered(model).values() if state else [])]
    return joined(everything).astype(flat_type(_types(variables)))


def gathered(model: Any) -> dict[str, Any]:
    """Name the variables of real numbers that a module holds and does not train, such as means and variances.

    Whether it gathers them, or they are frozen, a module does not say; what is frozen stays where it is either way.
    """
    others = _variables(model, trainable=False)
    return {name: one for name, one in others.items() if one.dtype.is_floating and 0 not in one.shape}


def state_leaves(model: Any) -> tuple[Leaf, ...]:
    """Describe them, in the order of the flat vector; see :mod:`thalweg.geometry.statistics`."""
    shapes = [(name, tuple(one.shape)) for name, one in gathered(model).items()]
    return tuple(Leaf(name, shape, "statistic", tuple(range(len(shape)))) for name, shape in shapes)


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


def _types(variables: dict[str, Any]) -> dict[str, str]:
    return {name: variable.dtype.name for name, variable in variables.items()}


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


def _tensor(leaf: Any, dtype: np.dtype) -> Any:
    if not is_array(leaf):
        return leaf
    dense(leaf)
    return tf.identity(leaf) if tf.is_tensor(leaf) else tf.constant(typed(leaf, dtype))


def _step(loss: Any, sample: Callable[[Any], tuple[Any, Any]], batch: Nest, task: Task) -> Callable[..., Any]:
    """Make the step of a loss: what computes the loss of a module on a batch."""
    if is_step(loss):
        return of_task(loss, task)
    function(loss, "loss(outputs, targets), or step(model, batch)")
    pair(batch)
    call = arranged(loss, "outputs", lambda: sample(loss))

    return Apart(lambda module, batch: module(*batch[:-1]), lambda outputs, module, batch: call(outputs, batch[-1]))


def _outputs(module: Any, batch: Nest) -> tuple[Any, Any]:
    """Compute what a loss of unknown order is tried on."""
    *inputs, targets = batch
    with kept(), kept_generators():
        return tried(lambda: module(*inputs)), targets


def _tried(step: Callable[..., Any], module: Any, batch: Nest) -> Returned:
    return tried(lambda: returned(step(module, batch)))


def _own_variables_only(evaluator: GraphEvaluator, states: States) -> None:
    """Refuse a model that reads variables which are not its attributes: a copy would not have them."""
    own = {variable.ref() for variable in (*evaluator.graphs.variables, *(one for one, _ in states.state))}
    for variable in evaluator.graphs.value.graph.variables:
        if variable.ref() not in own:
            raise InvalidValue(
                f"the model uses the variable {variable.name!r} of shape {tuple(variable.shape)}, which is not an "
                "attribute of it; hold all variables as attributes of the module, and let a step use its first argument"
                "; layers of Keras are seen in a keras.Model only"
            )
