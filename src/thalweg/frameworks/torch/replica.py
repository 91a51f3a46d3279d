"""A private copy of a user's module whose parameters are views into one flat vector.

A network is a function of a flat vector of parameters; a module is an object with state. The replica joins the two: a
deep copy whose parameters' ``data`` are pieces of one tensor ``flat``. To go to a point is to copy one vector, without
a loop over parameters, and what is tied in the user's module (one parameter under two names) stays tied.

**State put back.** An evaluation must not depend on those before it. What a module does besides computing is found out
by one evaluation that is watched (:meth:`Replica.watch`): does it draw random numbers, change its buffers (as batch
normalisation does in training), or its inputs? The :class:`Habits` tell what is put back before each evaluation, and
what need not be: to copy all buffers and seed all generators every time would cost more than a small network. PyTorch
counts changes in place of every tensor (``_version``), so that a change is seen without comparing numbers.

**Random numbers** are drawn from PyTorch's own generators, which a module cannot be given a private one of. They start
from seed 0 at each evaluation, so that a loss with dropout is one function of the parameters, and the user's states
are put back afterwards, to the bit (:meth:`Replica.evaluating`).

**Why not** ``torch.func.functional_call``, which puts other tensors in the place of parameters for one call? It walks
over all names at every call, which for small networks takes longer than their computation, and leaves buffers and
random states to the caller.

**What would break it.** A module that replaces its parameters by new ones while it computes, or keeps state outside
buffers (a counter in Python): the copy would drift from point to point, which ``network.build`` and the trials of
``together`` cannot see. A module that cannot be copied is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from thalweg.base.errors import InvalidValue, ThalwegError
from thalweg.frameworks.common.batches import Nest, leaves, mapped
from thalweg.frameworks.common.checks import reason
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.steps import Returned, counted, returned
from thalweg.frameworks.torch.parameters import joined


class Batch(NamedTuple):
    """A batch with its arrays as tensors, and the step, ``step(module, values)``, that computes its loss."""

    values: Nest
    step: Any


class Habits(NamedTuple):
    """What a model does besides computing, and what must therefore be put back before each evaluation."""

    draws: bool = True
    """It draws random numbers."""
    gathers: bool = True
    """It changes its buffers, as normalisation layers do in training mode."""
    overwrites: bool = True
    """It changes its inputs in place."""


class Replica:
    """A copy of a module, made once; every evaluation of it starts from the same state.

    Attributes
    ----------
    module : the copy, in the stated mode
    names, parameters, spans : of the flat vector and where each lies in it; all in its order
    flat : (param,), whose pieces the parameters are
    habits : what is put back before each evaluation
    """

    def __init__(self, model: Any, names: Sequence[str], *, training: bool, differentiable: bool = False):
        """Copy a module.

        Raises
        ------
        InvalidValue
            If it cannot be copied.
        """
        try:
            self.module = copy.deepcopy(model)
        except Exception as error:  # a user's module may say how it is copied, and raise anything
            raise InvalidValue(
                f"the model cannot be copied: {reason(error)}; give a module that copy.deepcopy copies"
            ) from error
        self.module.train(training)
        self.names, self.training, self.habits = tuple(names), training, Habits()
        self.parameters = tuple(self.module.get_parameter(name) for name in self.names)
        sizes = [parameter.numel() for parameter in self.parameters]
        self.spans = [slice(end - size, end) for size, end in zip(sizes, accumulate(sizes), strict=True)]
        self.flat = joined(self.parameters)
        for parameter, piece in zip(self.parameters, self.pieces(self.flat), strict=True):
            parameter.data = piece
            parameter.grad = None
            parameter.requires_grad_(differentiable)
        self._buffers = [
            (home, name, buffer, buffer.detach().clone())
            for home in self.module.modules()
            for name, buffer in home._buffers.items()
            if buffer is not None
        ]

    @cached_property
    def differentiable(self) -> Replica:
        """A copy whose parameters require gradients."""
        return self.twin(differentiable=True)

    def twin(self, *, differentiable: bool = False) -> Replica:
        """Copy the copy, as it was before any evaluation."""
        self._put_back()
        twin = Replica(self.module, self.names, training=self.training, differentiable=differentiable)
        twin.habits = self.habits
        return twin

    def pieces(self, vector: Any) -> list[Any]:
        """Cut a flat vector into tensors of the parameters' shapes, without copying."""
        places = zip(self.spans, self.parameters, strict=True)
        return [vector[span].view(parameter.shape) for span, parameter in places]

    def move(self, point: Any) -> None:
        """Go to a point, a tensor (param,)."""
        self.flat.copy_(point)

    def compute(self, batch: Batch) -> Any:
        """Compute the loss where it stands: a tensor without axes."""
        return self.returned(batch).loss

    def returned(self, batch: Batch) -> Returned:
        """Compute the loss where it stands, a tensor without axes, and what the step counted.

        Raises
        ------
        InvalidValue
            If the model or the loss raises anything.
        """
        if self.habits.gathers:
            self._put_back()
        if self.habits.draws:
            for generator in generators(self.flat.device):
                generator.manual_seed(0)
        values = mapped(_cloned, batch.values) if self.habits.overwrites else batch.values
        try:
            return returned(batch.step(self.module, values))
        except ThalwegError:
            raise
        except Exception as error:  # a user's model or loss may raise anything
            raise InvalidValue(
                f"the step fails on the data: {type(error).__name__}: {reason(error)}; give batches as it takes them"
            ) from error

    def measured(self, batch: Batch) -> tuple[float, float | None]:
        """Compute the loss where it stands, and what the step counted, as numbers."""
        with torch.no_grad(), self.evaluating():
            return counted(lambda: self.returned(batch))

    def watch(self, batch: Batch) -> None:
        """Find its habits, by an evaluation."""
        devices = generators(self.flat.device)
        with torch.no_grad(), kept(self.flat.device):
            for generator in devices:
                generator.manual_seed(0)
            states = [generator.get_state() for generator in devices]
            versions = [buffer._version for *_, buffer, _ in self._buffers]
            values = mapped(_cloned, batch.values)
            before = _versions(values)
            self.habits = Habits(False, False, False)
            self.compute(batch._replace(values=values))
            self.habits = Habits(
                draws=any(
                    not torch.equal(state, generator.get_state())
                    for state, generator in zip(states, devices, strict=True)
                ),
                gathers=versions != [buffer._version for *_, buffer, _ in self._buffers]
                or any(home._buffers.get(name) is not buffer for home, name, buffer, _ in self._buffers),
                overwrites=before != _versions(values),
            )
        if self.habits.gathers:
            self._put_back()

    def evaluating(self) -> AbstractContextManager[None]:
        """Keep the user's random states over evaluations that set them."""
        return kept(self.flat.device) if self.habits.draws else nullcontext()

    def _put_back(self) -> None:
        with torch.no_grad():
            for home, name, buffer, values in self._buffers:
                buffer.copy_(values)
                home._buffers[name] = buffer


def _cloned(leaf: Any) -> Any:
    return leaf.clone() if isinstance(leaf, torch.Tensor) else leaf


def _versions(values: Nest) -> list[int]:
    """Count the changes in place that tensors went through."""
    return [leaf._version for leaf in leaves(values) if isinstance(leaf, torch.Tensor)]


def generators(device: Any) -> list[Any]:
    """Find what a model on a device draws its random numbers from."""
    sources = [torch.default_generator]
    if device.type in ("cuda", "xpu"):
        sources.append(getattr(torch, device.type).default_generators[device.index])
    elif device.type == "mps":
        sources.append(torch.mps._get_default_mps_generator())
    return sources


@contextmanager
def kept(device: Any) -> Iterator[None]:
    """Put random states back at the end, to the bit."""
    sources = generators(device)
    states = [generator.get_state() for generator in sources]
    try:
        yield
    finally:
        for generator, state in zip(sources, states, strict=True):
            generator.set_state(state)


def operations_under(result: Any) -> set[Any]:
    """Find the operations of autograd's graph that a result was computed by, parameters among them."""
    operations, waiting = set(), [result.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in operations:
            operations.add(node)
            waiting.extend(parent for parent, _ in node.next_functions)
    return operations
