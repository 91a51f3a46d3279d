"""A PyTorch module and its loss on fixed data, as a function of a flat vector of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue, ThalwegError
from thalweg.base.room import check_room
from thalweg.frameworks.common.batches import Nest, Task, cut, is_array, mapped, rows_of
from thalweg.frameworks.common.chance import kept
from thalweg.frameworks.common.checks import function, pair, reason, scalar
from thalweg.frameworks.common.facts import of_framework, of_network
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.order import arranged
from thalweg.frameworks.common.portions import portions_of
from thalweg.frameworks.common.statistics import IN_FACTS, chosen
from thalweg.frameworks.common.steps import Apart, is_step, of_task, through
from thalweg.frameworks.torch import displaced
from thalweg.frameworks.torch.backend import without_slope
from thalweg.frameworks.torch.evaluator import ModuleEvaluator, as_written
from thalweg.frameworks.torch.habits import watch
from thalweg.frameworks.torch.parameters import flatten, plain, trainable, written
from thalweg.frameworks.torch.replica import Batch, Mode, Replica, operations_under
from thalweg.frameworks.torch.roles import leaves_of, seen
from thalweg.frameworks.torch.rounding import spread
from thalweg.frameworks.torch.state import flatten_all, gathered, state_leaves
from thalweg.geometry.network import Network

TRIES = 8
"""Draws of all parameters at which a loss without derivatives is tried."""

FEW = 32
"""Rows of the data on which it is looked up what the loss depends on."""


def build(model: Any, loss: Any, task: Task) -> Network:
    """Make the network of a module.

    Parameters
    ----------
    model : a ``torch.nn.Module``; parameters that do not require gradients stay as they are
    loss : ``loss(outputs, targets)``, or in the other order where the names of its arguments or its library say so, a
        tensor without axes, of data ``(inputs …, targets)``, of which all but the last go to ``model(*inputs)``;
        or ``step(model, batch)``; or None, for the loss in the model's own output
    task : NumPy arrays of 32- or 64-bit floats get the model's type, everything gets its device, and all is copied

    Raises
    ------
    InvalidValue
        If the model has no trainable parameters, mixed types or devices, or cannot be copied; if the data have uneven
        rows or do not fit; if the loss is not a scalar that depends on the model's parameters alone.
    """
    with kept():
        return _built(plain(model), loss, task)


def _built(model: Any, loss: Any, task: Task) -> Network:
    named = trainable(model)
    size = sum(parameter.nbytes for parameter in named.values())
    check_room(
        f"to wrap a model of {size / 1e9:.3g} GB takes",
        3 * size,  # the vector, a copy that is tried out, and what it is tried with
        "free memory, or give a smaller model",
    )
    first = next(iter(named.values()))
    step = _step(loss, task)
    batches = {id(batch): Batch(mapped(lambda leaf: _tensor(leaf, first), batch), step) for batch in task.batches}
    statistics = chosen(task, bool(gathered(model)), OFFERED, "PyTorch")
    state = gathered(model) if statistics == "recorded" else {}

    def copied() -> Replica:
        return Replica(model, (*named, *state), mode=_mode(task, statistics))

    replica = copied()
    _check_loss(replica, batches[id(task.batches[0])], model)
    watch(replica, batches[id(task.batches[0])], copied)
    alone = len(task.batches) == 1

    def converted(batch: Nest) -> Batch:
        return batches.get(id(batch)) or Batch(mapped(lambda leaf: _tensor(leaf, first), batch), step)

    def measure(batch: Nest) -> tuple[float, float | None]:
        return replica.measured(converted(batch))

    def evaluator(batch: Nest) -> ModuleEvaluator:
        return ModuleEvaluator(replica, converted(batch), alone=alone)

    if statistics == "estimated":
        replica.estimating = tuple(converted(batch) for batch in task.batches)
    flattened = through(step, without_slope)

    def curved(batch: Nest) -> ModuleEvaluator:
        return ModuleEvaluator(replica, converted(batch)._replace(step=flattened), alone=alone)

    portions, examples = portions_of(task, measure, evaluator, _eps(replica), curved if flattened else None)
    evaluated = {"device": str(first.device), "mode": task.mode, "statistics": IN_FACTS.get(statistics, statistics)}
    position, trained = flatten_all(model) if state else flatten(model), sum(one.numel() for one in named.values())
    facts = of_network(of_framework("torch"), position[:trained], loss=loss or "own", examples=examples, **evaluated)
    leaves = leaves_of(model, seen(replica, batches[id(task.batches[0])]))
    if state:
        network = Network(leaves + state_leaves(model), position, portions, facts, replica.module)
    else:
        spare = sum(buffer.numel() for buffer in gathered(model).values())
        network = Network(leaves, position, portions, facts, replica.module, spare)
    _lend(replica, network)
    return replace(network, facts=facts | _few_bits(replica, network)) if replica.habits.rounds else network


def _lend(replica: Replica, network: Network) -> None:
    """Let the copy of a large module stand in the network's own memory, if all that it does with it is to read."""
    evaluators: list[Any] = [portion.evaluator for portion in network.portions]
    large = network.position.size > displaced.LARGE and not replica.estimating
    if large and all(evaluator.only_reads() for evaluator in evaluators):
        with torch.no_grad(), replica.evaluating(), as_written():
            origin = torch.as_tensor(network.position, device=replica.flat.device)
            displaced.displaceable(replica, evaluators[0].batch, origin)


OFFERED = ("recorded", "gathered", "estimated", "batch")
"""Statistics that can be asked for."""


def _mode(task: Task, statistics: str) -> Mode:
    if task.training:
        return "training"
    return "batch" if statistics == "batch" else "evaluation"


def _eps(replica: Replica) -> float:
    """Give the rounding of a loss: of few bits so much that its root is four units, and a check by that tells still."""
    eps = float(torch.finfo(replica.coarsest).eps)
    return eps if eps < 1e-5 else (4 * eps) ** 2


def _few_bits(replica: Replica, network: Network) -> dict[str, Any]:
    """Tell in what a network computes that has fewer bits than its flat vector, and what that does to the loss."""
    return {
        "precision": min(8 * kind.itemsize for kind in replica.types),
        "types": ", ".join(sorted(map(written, replica.types))),
        "rounding": spread(replica, network.position, network.value),
    }


def _step(loss: Any, task: Task) -> Any:
    """Make the step of a loss: what computes the loss of a module on a batch."""
    if loss is None:
        if isinstance(task.batches[0], Mapping):
            return lambda module, batch: module(**batch)
        raise InvalidValue(
            "no loss is given; give loss(outputs, targets), as torch.nn.MSELoss() is, or step(model, batch); a model "
            "that returns its own loss is given a dictionary"
        )
    if is_step(loss):
        return of_task(loss, task)
    function(loss, "loss(outputs, targets), as torch.nn.MSELoss() is, or step(model, batch)")
    pair(task.batches[0])
    call = arranged(loss, "outputs")

    def outputs_of(module: Any, batch: Any) -> Any:
        try:
            return module(*batch[:-1])
        except Exception as error:  # a user's model may raise anything
            raise InvalidValue(
                f"the model fails on the data: {reason(error)}; give inputs as it takes them, and the targets last"
            ) from error

    def loss_of(outputs: Any, module: Any, batch: Any) -> Any:
        del module
        try:
            return call(outputs, batch[-1])
        except ThalwegError:
            raise
        except Exception as error:  # and so may a user's loss
            raise InvalidValue(
                f"the loss fails on the data: {reason(error)}; give loss(outputs, targets) that takes them"
            ) from error

    return Apart(outputs_of, loss_of)


def _tensor(array: Any, like: Any) -> Any:
    """Copy an array to the model's device; NumPy's floats get its type, since 64 bits are only NumPy's habit."""
    if isinstance(array, torch.Tensor):
        return array.detach().clone().to(like.device).requires_grad_(array.requires_grad)
    if not is_array(array):
        return array
    array = np.asarray(array)
    try:
        values = torch.tensor(array, device=like.device)
    except TypeError:
        raise InvalidValue(f"data of type {array.dtype} are no numbers for PyTorch; give tensors or arrays") from None
    return values.to(like.dtype) if array.dtype in (np.float32, np.float64) else values


def _check_loss(replica: Replica, batch: Batch, model: Any) -> None:
    """Evaluate a few rows with gradients: is the loss a scalar, and does it depend on the copy's parameters alone?"""
    probe = replica.twin(differentiable=True)
    slopes = [(parameter, parameter.grad) for parameter in model.parameters()]
    with torch.enable_grad(), probe.evaluating():
        result = _of_few(probe, batch)
    for parameter, slope in slopes:
        parameter.grad = slope
    if any(parameter.grad is not None for parameter in probe.parameters):
        raise InvalidValue(
            "the step calls backward(), as if it trained the model; give one that computes the loss alone, without "
            "backward() and the optimiser"
        )
    if not isinstance(result, torch.Tensor):
        raise InvalidValue(f"the loss is a {type(result).__name__}; give one that returns a tensor without axes")
    scalar(result.shape)
    read = {id(node.variable) for node in operations_under(result) if hasattr(node, "variable")}
    theirs = [name for name, parameter in model.named_parameters() if id(parameter) in read]
    if theirs:
        raise InvalidValue(
            f"the loss reads {theirs[0]!r} of the model itself, which stays where it is on a slice; let the model "
            "return what the loss needs, or let the step take it from the model that it is given"
        )
    graded = bool(read & {id(parameter) for parameter in probe.parameters})
    if not graded and (result.requires_grad or not _moves(probe, batch)):
        raise InvalidValue("the loss depends on no parameter of the model; give one of the model that it is given")


def _moves(probe: Replica, batch: Batch) -> bool:
    """Tell whether what has no derivative, such as an accuracy, changes where the copy's parameters are drawn anew."""
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad(), probe.evaluating():
        here, at = float(_of_few(probe, batch)), probe.flat.clone()
        for _ in range(TRIES):
            drawn = torch.randn(at.shape, generator=draw).to(at) * (1 + at.abs())
            probe.move(drawn)
            if float(_of_few(probe, batch)) != here:
                return True
    return False


def _of_few(probe: Replica, batch: Batch) -> Any:
    """Compute the loss of a few rows; of all, where what lies along the first axes are no rows, as in graphs."""
    if (rows_of(batch.values) or 0) > FEW:
        try:
            return probe.compute(batch._replace(values=cut(batch.values, slice(0, FEW))))
        except InvalidValue:
            pass
    return probe.compute(batch)
