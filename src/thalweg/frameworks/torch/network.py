"""A PyTorch module and its loss on fixed data, as a function of a flat vector of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.checks import function, no_filters, scalar, shares_of
from thalweg.frameworks.common.facts import of_framework, of_network
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.evaluator import ModuleEvaluator
from thalweg.frameworks.torch.parameters import flatten, leaves_of, plain, trainable
from thalweg.frameworks.torch.replica import Batch, Replica, operations_under
from thalweg.geometry.network import Network, Part

FEW = 32
"""Rows of the data on which it is looked up what the loss depends on."""


def build(model: Any, loss: Any, parts: Sequence[tuple[Any, ...]], *, mode: str, filters: Mapping[str, int]) -> Network:
    """Make the network of a module.

    Parameters
    ----------
    model : a ``torch.nn.Module``; parameters that do not require gradients stay as they are
    loss : ``loss(outputs, targets)``, a tensor without axes, a mean over rows
    parts : of the data, each (inputs …, targets), tensors or arrays; all but the last go to ``model(*inputs)``. NumPy
        arrays of 32- or 64-bit floats get the model's type, everything gets its device, and all is copied
    mode : ``"evaluation"`` or ``"training"``, for the whole module

    Raises
    ------
    InvalidValue
        If the model has no trainable parameters, mixed types or devices, or cannot be copied; if the data have uneven
        rows or do not fit; if the loss is not a scalar that depends on the model's parameters alone.
    """
    model = plain(model)
    named = trainable(model)
    no_filters(filters, "PyTorch's layers")
    function(loss, "loss(outputs, targets), as torch.nn.MSELoss() is")
    shares, examples = shares_of(parts)
    first = next(iter(named.values()))
    batches = [Batch(*_tensors(part, first), loss) for part in parts]
    replica = Replica(model, tuple(named), training=mode == "training")
    _check_loss(replica, batches[0], model)
    replica.watch(batches[0])
    evaluators = [ModuleEvaluator(replica, batch, alone=len(parts) == 1) for batch in batches]
    position = flatten(model)
    evaluated = {"device": str(first.device), "mode": mode, "statistics": _statistics(replica.module)}
    facts = of_network(of_framework("torch"), position, loss=loss, examples=examples, **evaluated)
    return Network(leaves_of(model), position, tuple(map(Part, shares, evaluators)), facts, replica.module)


def _tensors(part: tuple[Any, ...], like: Any) -> tuple[tuple[Any, ...], Any]:
    *inputs, targets = (_tensor(array, like) for array in part)
    return tuple(inputs), targets


def _tensor(array: Any, like: Any) -> Any:
    """Copy an array to the model's device; NumPy's floats get its type, since 64 bits are only NumPy's habit."""
    if isinstance(array, torch.Tensor):
        return array.detach().clone().to(like.device)
    array = np.asarray(array)
    try:
        values = torch.tensor(array, device=like.device)
    except TypeError:
        raise InvalidValue(f"data of type {array.dtype} are no numbers for PyTorch; give tensors or arrays") from None
    return values.to(like.dtype) if array.dtype in (np.float32, np.float64) else values


def _check_loss(replica: Replica, batch: Batch, model: Any) -> None:
    """Evaluate a few rows with gradients: is the loss a scalar, and does it depend on the copy's parameters alone?"""
    probe = replica.twin(differentiable=True)
    few = batch._replace(inputs=tuple(values[:FEW] for values in batch.inputs), targets=batch.targets[:FEW])
    with torch.enable_grad(), probe.evaluating():
        result = probe.compute(few)
    if not isinstance(result, torch.Tensor):
        raise InvalidValue(f"the loss is a {type(result).__name__}; give one that returns a tensor without axes")
    scalar(result.shape)
    read = {id(node.variable) for node in operations_under(result) if hasattr(node, "variable")}
    theirs = [name for name, parameter in model.named_parameters() if id(parameter) in read]
    if theirs:
        raise InvalidValue(
            f"the loss reads {theirs[0]!r} of the model itself, which stays where it is on a slice; let the "
            "model return what the loss needs"
        )
    if not read & {id(parameter) for parameter in probe.parameters}:
        raise InvalidValue("the loss depends on no parameter of the model; give one that PyTorch can differentiate")


def _statistics(module: Any) -> str:
    """Tell what normalisation layers with statistics use."""
    norms = [layer for layer in module.modules() if isinstance(layer, torch.nn.modules.batchnorm._NormBase)]
    over_batch = [layer for layer in norms if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)]
    if any(layer.training or layer.running_mean is None for layer in over_batch):
        return "of the batch"
    gathered = any(not layer.training and layer.running_mean is not None for layer in norms)
    return "gathered" if gathered else "none"
