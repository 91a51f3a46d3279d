"""Pytrees of JAX arrays as networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.descent import mean
from thalweg.descent.features import apart
from thalweg.descent.formulation import Formulation, formulation
from thalweg.frameworks.common import forms
from thalweg.frameworks.common.batches import Nest, Task, mapped
from thalweg.frameworks.common.batches import is_array as has_shape
from thalweg.frameworks.common.chance import kept
from thalweg.frameworks.common.checks import dense, function, one_type, reason
from thalweg.frameworks.common.facts import of_framework, of_network
from thalweg.frameworks.common.portions import portions_of
from thalweg.frameworks.common.statistics import chosen
from thalweg.frameworks.common.steps import argument_names, counted, returned
from thalweg.frameworks.common.tensors import numbers_of
from thalweg.frameworks.jax.chosen import Part, is_array, parts_of
from thalweg.frameworks.jax.evaluator import Programs, PytreeEvaluator, shapes_of
from thalweg.frameworks.jax.roles import with_roles
from thalweg.geometry.leaves import Kind, Leaf, order_of
from thalweg.geometry.network import Evaluator, Flat, Network, Portion
from thalweg.geometry.statistics import Still
from thalweg.losses.objective import Objective

NORMS = ("scale", "gamma", "beta")
"""How parameters of normalisation layers are called."""


def build(model: Any, loss: Any, task: Task) -> Network:
    """See a pytree of arrays, or an objective, as a network.

    Parameters
    ----------
    model : a pytree, of which all floating arrays are parameters and all else is held fixed; of Flax, Equinox and
        Haiku what is trained, and behind it what layers gathered, see ``chosen.py``; or an objective
    loss : ``loss(model, *data) -> scalar``, a mean over rows, of data that are a tuple or list; of others, and where
        its second argument is called batch, ``loss(model, batch)``. None for an objective
    task : in mode ``"evaluation"``, since functions of JAX have no other

    Raises
    ------
    InvalidValue
        If there are no parameters, they are of several types or devices, or the loss is not a scalar.
    """
    mode = task.mode
    if mode != "evaluation":
        raise InvalidValue(
            f"mode = {mode!r} is not allowed: functions of JAX have no mode; write the loss so, and leave mode out"
        )
    with kept():  # a loss that draws from NumPy's or Python's generators is refused, and they are as they were
        return _of_objective(model, loss, task) if isinstance(model, Objective) else _of_pytree(model, loss, task)


def flatten(model: Any, *, state: bool = False) -> Flat:
    """Lay all parameters behind each other, leaf by leaf in the order of ``jax.tree.leaves``.

    With ``state`` what layers gathered stands behind them.
    """
    if isinstance(model, Objective):
        return np.array(model.problem.start, dtype=np.float64)
    place = _parameters(model)
    arrays = [np.asarray(array).ravel() for array in (*place.arrays, *(_gathered(model).arrays if state else []))]
    return np.concatenate(arrays).astype(arrays[0].dtype)


def state_leaves(model: Any) -> tuple[Leaf, ...]:
    """Describe what layers gathered, in the order of the flat vector; see :mod:`thalweg.geometry.statistics`."""
    place = _gathered(model)
    shapes = [array.shape for array in place.arrays]
    return tuple(
        Leaf(name, shape, "statistic", tuple(range(len(shape))))
        for name, shape in zip(place.names, shapes, strict=True)
    )


def leaves_of(model: Any) -> tuple[Leaf, ...]:
    """List the parameter arrays.

    What their names and shapes tell; what the loss does with them tells more (``roles.py``). An array of two axes or
    more is a weight, whose filters lie along its last axis. One of fewer axes belongs to a
    normalisation layer where its group of arrays has one that is called scale, gamma or beta and has no weight;
    otherwise it is a bias. The parameters of an objective are weights.
    """
    if isinstance(model, Objective):
        return (Leaf("parameters", (len(model.problem.start),), "weight", (0,)),)
    place = _parameters(model)
    names, shapes = place.names, [array.shape for array in place.arrays]
    weights = {_group(name) for name, shape in zip(names, shapes, strict=True) if len(shape) > 1}
    norms = {_group(name) for name in names if name.rpartition("/")[2] in NORMS} - weights

    def leaf(name: str, shape: tuple[int, ...]) -> Leaf:
        if len(shape) > 1:
            return Leaf(name, shape, "weight", order_of(len(shape), -1))
        kind: Kind = "norm" if _group(name) in norms else "bias"
        return Leaf(name, shape, kind, tuple(range(len(shape))))

    return tuple(leaf(name, shape) for name, shape in zip(names, shapes, strict=True))


class _Apart(NamedTuple):
    """A pytree apart: some of its arrays with their names and places, and all that is held fixed."""

    arrays: list[Any]
    names: list[str]
    chosen: list[int]
    fixed: list[Any]
    tree: Any

    def joined(self, arrays: Sequence[Any]) -> Any:
        """Make such a tree of other arrays, each of the type of its own."""
        leaves = list(self.fixed)
        for number, array, own in zip(self.chosen, arrays, self.arrays, strict=True):
            leaves[number] = array if array.dtype == own.dtype else array.astype(own.dtype)
        return jax.tree.unflatten(self.tree, leaves)


def _apart(tree: Any, *kinds: Part) -> _Apart:
    """Take arrays of some kinds out of a pytree, one kind behind the other."""
    pairs, form = jax.tree_util.tree_flatten_with_path(tree)
    parts = parts_of(tree)
    chosen = [number for kind in kinds for number, part in enumerate(parts) if part == kind]
    names = [jax.tree_util.keystr(pairs[number][0], simple=True, separator="/") for number in chosen]
    fixed = [None if number in chosen else leaf for number, (_, leaf) in enumerate(pairs)]
    return _Apart([pairs[number][1] for number in chosen], names, chosen, fixed, form)


def _parameters(model: Any) -> _Apart:
    """Take what is trained out of a pytree."""
    place = _apart(model, "trained")
    if not sum(array.size for array in place.arrays):
        raise InvalidValue(f"{type(model).__name__} has no parameters; give a pytree with arrays of float32 or float64")
    one_type({name: str(array.dtype) for name, array in zip(place.names, place.arrays, strict=True)})
    return place


def _gathered(model: Any) -> _Apart:
    """Take what layers gathered out of a pytree."""
    return _apart(model, "gathered")


def _device(arrays: Sequence[Any]) -> Any:
    """Tell the one device that all arrays are on; those of NumPy are on none."""
    devices = set().union(*(array.devices() for array in arrays if isinstance(array, jax.Array)))
    if len(devices) > 1:
        raise InvalidValue(
            f"parameters are on several devices, {', '.join(sorted(map(str, devices)))}; put them on one with "
            "jax.device_put"
        )
    return devices.pop() if devices else jax.devices()[0]


def _copied(array: Any, device: Any) -> Any:
    """Copy an array, so that nothing that its owner does with it later is seen here."""
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(_copied(jax.random.key_data(array), device), impl=jax.random.key_impl(array))
    return jax.device_put(jnp.array(np.asarray(array), copy=True), device)


def _check_scalar(programs: Programs, arrays: Sequence[Any]) -> None:
    leaves = [jax.ShapeDtypeStruct(shape, programs.dtype) for shape in programs.shapes]
    try:
        result = jax.eval_shape(programs.loss, leaves, arrays)
    except Exception as error:  # a user's loss may raise anything
        shapes = ", ".join(str(array.shape) for array in arrays) or "no data"
        raise InvalidValue(
            f"the loss cannot be computed: {reason(error)}; it is called as loss(parameters, *data) with {shapes}"
        ) from error
    if not isinstance(result, jax.ShapeDtypeStruct):
        raise InvalidValue(f"the loss returns a {type(result).__name__}; return a scalar alone")
    if result.shape or not jnp.issubdtype(result.dtype, jnp.floating):
        raise InvalidValue(f"the loss is of shape {result.shape} and type {result.dtype}; return a floating scalar")
    programs.written(shapes_of(arrays))  # now, not first inside a program that is being compiled


def _of_pytree(model: Any, loss: Any, task: Task) -> Network:
    leaves, state = leaves_of(model), state_leaves(model)
    statistics = chosen(task, bool(state), ("recorded", "gathered"), "JAX")
    function(loss, "loss(parameters, *data), or loss(parameters, batch)")
    moving = statistics == "recorded"
    place = _apart(model, "trained", "gathered") if moving else _parameters(model)
    position, trained = flatten(model, state=moving), sum(leaf.size for leaf in leaves)
    device, whole = _device(place.arrays), not task.bare and _takes_whole(loss, task.batches[0])
    with computing(position.dtype.itemsize * 8):
        place = place._replace(fixed=[jnp.array(leaf, copy=True) if is_array(leaf) else leaf for leaf in place.fixed])

    def call(arrays: Sequence[Any], batch: Nest) -> Any:
        return returned(loss(place.joined(arrays), *((batch,) if whole else batch))).loss

    made = evaluators(call, [array.shape for array in place.arrays], position.dtype, device)

    def evaluator(batch: Nest) -> Evaluator:
        found = made(_own(batch))
        return Still(found, trained) if moving else found

    def measure(batch: Nest) -> tuple[float, float | None]:
        evaluator(batch)  # refuses what is no loss
        with computing(position.dtype.itemsize * 8), jax.default_device(device):
            call = (_own(batch),) if whole else _own(batch)
            return counted(lambda: returned(loss(place.joined(place.arrays), *call)))

    portions, examples = portions_of(task, measure, evaluator, float(np.finfo(position.dtype).eps))
    leaves = with_roles(leaves, made(_own(task.batches[0])).program)
    evaluated = {"device": name_of(device), "statistics": statistics}
    facts = of_network(of_framework("jax"), position[:trained], loss=loss, examples=examples, **evaluated)
    if moving:
        return Network(leaves + state, position, portions, facts)
    return Network(leaves, position, portions, facts, spare=sum(leaf.size for leaf in state))


def evaluators(
    loss: Callable[..., Any], shapes: Sequence[tuple[int, ...]], dtype: np.dtype, device: Any
) -> Callable[[Nest], PytreeEvaluator]:
    """Make what evaluates ``loss(arrays, batch)`` on a batch; batches of one form share what is compiled."""
    programs: dict[Any, Programs] = {}

    def evaluator(batch: Nest) -> PytreeEvaluator:
        form, arrays = forms.apart(batch, is_array)
        own = programs.get(form)
        if own is None:
            own = programs[form] = Programs(lambda arrays, data: loss(arrays, form.joined(data)), shapes, dtype, device)
        with computing(dtype.itemsize * 8):
            data = [_copied(array, device) for array in arrays]
            _check_scalar(own, data)
        return PytreeEvaluator(own, data)

    return evaluator


def _own(batch: Nest) -> Nest:
    """Make arrays of what other libraries have as theirs: tensors of loaders, columns of tables."""

    def read(leaf: Any) -> Any:
        if is_array(leaf) or not has_shape(leaf):
            return leaf
        dense(leaf)
        return numbers_of(leaf)

    return mapped(read, batch)


def _takes_whole(loss: Any, batch: Nest) -> bool:
    """Tell whether a loss takes a batch as one argument, rather than its arrays as many."""
    return argument_names(loss)[1:2] == ["batch"] or not isinstance(batch, tuple | list)


def _of_objective(model: Objective, loss: Any, task: Task) -> Network:
    chosen(task, False, ("gathered",), "an objective")
    if loss is not None or any(task.batches):
        raise InvalidValue("an objective has a loss and data of its own; leave loss and data out")
    position, device = flatten(model), jax.devices()[0]
    whole = formulation(model) is Formulation.WHOLE

    def call(arrays: Sequence[Any], columns: Sequence[Any]) -> Any:
        (params,), columns = arrays, tuple(columns)
        if whole:
            return jnp.mean(jax.vmap(model.example, in_axes=(None, *(0 for _ in columns)))(params, *columns))
        example, features = apart(model.example, len(params), columns)
        return mean.value(example, params[:, None], features)[0]

    with computing(64):
        columns = [_copied(column, device) for column in model.train]
        programs = Programs(call, [position.shape], position.dtype, device)
        _check_scalar(programs, columns)
    name = model.problem.name if model.loss is None else model.loss.name
    rows = len(columns[0]) if columns else 0
    facts = of_network(of_framework("jax"), position, device=name_of(device), loss=name, examples=rows)
    return Network(leaves_of(model), position, (Portion(1.0, PytreeEvaluator(programs, columns)),), facts)


def name_of(device: Any) -> str:
    """Name a device: cpu, or its kind and number."""
    return device.platform if device.platform == "cpu" else f"{device.platform}:{device.id}"


def _group(name: str) -> str:
    return name.rpartition("/")[0]
