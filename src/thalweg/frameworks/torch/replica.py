"""A private copy of a user's module whose parameters are views into one flat vector.

A network is a function of a flat vector of parameters; a module is an object with state. The replica joins the two: a
deep copy whose parameters' ``data`` are pieces of one tensor ``flat``. To go to a point is to copy one vector, without
a loop over parameters, and what is tied in the user's module (one parameter under two names) stays tied. A large one
that only reads its parameters is not copied to: its parameters become pieces of the point itself (:attr:`lends`).

**State put back.** An evaluation must not depend on those before it. What a module does besides computing is found out
by evaluations that are watched (``habits``): does it draw random numbers, change its buffers (as batch normalisation
does in training), its inputs, or attributes? That is put back before each evaluation, and the rest need not be.

**Few bits.** The flat vector has 32 bits at least, or 64 where any parameter has. A parameter of another type keeps it:
before each evaluation it gets its piece rounded to the nearest number of its type, ties to even, as PyTorch's own
``copy_`` does. Derivatives are those at the rounded parameters. So a slice of a model in bfloat16 is that model's, with
its steps, and not that of a finer one.

**Random numbers** are drawn from PyTorch's own generators, which a module cannot be given a private one of. They start
from seed 0 at each evaluation, so that a loss with dropout is one function of the parameters, and the user's states
are put back afterwards, to the bit (:meth:`Replica.evaluating`).

**Why not** ``torch.func.functional_call``, which puts other tensors in the place of parameters for one call? It walks
over all names at every call, which for small networks takes longer than their computation, and leaves buffers and
random states to the caller.

**What would break it.** A module that replaces its parameters by new ones while it computes. A module that cannot be
copied is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal

from thalweg.base.errors import InvalidValue, ThalwegError
from thalweg.frameworks.common.batches import mapped
from thalweg.frameworks.common.checks import reason
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.steps import Returned, counted, returned
from thalweg.frameworks.torch.attributes import Kept
from thalweg.frameworks.torch.chance import generators, kept
from thalweg.frameworks.torch.copying import copied
from thalweg.frameworks.torch.habits import Batch, Habits, cloned
from thalweg.frameworks.torch.parameters import joined
from thalweg.frameworks.torch.state import batch_norms

Mode = Literal["evaluation", "training", "batch"]
"""How a module is evaluated; with ``"batch"`` only normalisation layers are as in training."""

LINE = 64
"""Bytes of a cache line, and of the widest vector of a processor."""

__all__ = ["LINE", "Batch", "Habits", "Replica", "operations_under"]


class Replica:
    """A copy of a module, made once; every evaluation of it starts from the same state.

    Attributes
    ----------
    module : the copy, in the stated mode
    names, tensors, spans : of the flat vector: parameters and, behind them, buffers that are moved with them; and where
        each lies in it; all in its order
    parameters : those of the tensors that are trained
    flat : (param,), whose pieces the tensors are
    types : of its parameters, and of numbers of less than 32 bits that it computes with
    coarsest : type of all numbers that it computes with
    estimating : batches over which normalisation layers gather anew at every point, before it is evaluated
    lends : whether ``flat`` may be memory of others, which the module only reads: set by who knows that
    """

    lends = False

    def __init__(self, model: Any, names: Sequence[str], *, mode: Mode = "evaluation", differentiable: bool = False):
        """Copy a module.

        Raises
        ------
        InvalidValue
            If it cannot be copied.
        """
        own = dict(model.named_parameters())
        self.module = copied(model, [own[name] for name in names if name in own])
        self.module.train(mode == "training")
        if mode == "batch":
            for layer in batch_norms(self.module):
                layer.train()
        self.mode: Mode = mode
        self.names, self._habits = tuple(names), Habits()
        self.estimating: tuple[Batch, ...] = ()
        self._estimated = -1
        ours = dict(self.module.named_parameters())
        self.tensors = tuple(ours[name] if name in ours else self.module.get_buffer(name) for name in self.names)
        self.parameters = tuple(ours[name] for name in self.names if name in ours)
        sizes = [tensor.numel() for tensor in self.tensors]
        self.spans = [slice(end - size, end) for size, end in zip(sizes, accumulate(sizes), strict=True)]
        self.flat = joined(self.tensors)
        self.types = frozenset(tensor.dtype for tensor in self.tensors)
        self.coarsest = self.flat.dtype
        self._rounded: list[tuple[Any, Any]] = []
        for tensor, piece in zip(self.tensors, self.pieces(self.flat), strict=True):
            if tensor.dtype == self.flat.dtype:
                tensor.data = piece
            else:
                tensor.data = tensor.detach().clone()
                self._rounded.append((tensor.data, piece))
        for parameter in self.parameters:
            parameter.grad = None
            parameter.requires_grad_(differentiable)
        for layer in self.module.modules():
            if isinstance(layer, torch.nn.Embedding | torch.nn.EmbeddingBag):
                layer.sparse = False  # the same gradient, which can be differentiated again
        moved = {id(tensor) for tensor in self.tensors}
        self.buffers = [
            (home, name, buffer, buffer.detach().clone())
            for home in self.module.modules()
            for name, buffer in home._buffers.items()
            if buffer is not None and id(buffer) not in moved
        ]
        self._own: Any = None
        self._kept: Kept | None = None
        self._derives = differentiable

    @property
    def habits(self) -> Habits:
        """What is put back before each evaluation, and how it is evaluated."""
        return self._habits

    @habits.setter
    def habits(self, habits: Habits) -> None:
        self._habits = habits
        for parameter in self.parameters:
            parameter.requires_grad_(self._derives or habits.trains)

    @cached_property
    def differentiable(self) -> Replica:
        """A copy whose parameters require gradients."""
        return self.twin(differentiable=True)

    def twin(self, *, differentiable: bool = False) -> Replica:
        """Copy the copy, as it was before any evaluation."""
        self._put_back()
        twin = Replica(self.module, self.names, mode=self.mode, differentiable=differentiable)
        twin.habits, twin.types = self.habits, self.types
        if self._kept is not None:
            twin.keep(self._kept.of(twin.module))
        return twin

    def keep(self, kept: Kept) -> None:
        """Put attributes back before each evaluation from now on."""
        self._kept = kept

    def pieces(self, vector: Any) -> list[Any]:
        """Cut a flat vector into tensors of the parameters' shapes, without copying."""
        places = zip(self.spans, self.tensors, strict=True)
        return [vector[span].view(tensor.shape) for span, tensor in places]

    def move(self, point: Any) -> None:
        """Go to a point, a tensor (param,), which must stay as it is meanwhile."""
        if self.lends:
            # where memory begins in a cache line may matter to the last bit
            self._stand(point.clone() if point.device.type == "cpu" and point.data_ptr() % LINE else point)
        else:
            self.flat.copy_(point)

    def own(self) -> Any:
        """Give the flat vector where it may be written to."""
        if self.lends and self.flat is not self._own:
            self._own = torch.empty_like(self.flat)
            self._stand(self._own)
        return self.flat

    def _stand(self, point: Any) -> None:
        """Take parameters from where a point lies."""
        self.flat, self._own = point, point if point is self._own else None
        for tensor, piece in zip(self.tensors, self.pieces(point), strict=True):
            tensor.data = piece

    def compute(self, batch: Batch) -> Any:
        """Compute the loss where it stands: a tensor without axes, without a graph unless parameters require one."""
        loss = self.returned(batch).loss
        return loss if self._derives or not self.habits.differentiates else loss.detach()

    def returned(self, batch: Batch) -> Returned:
        """Compute the loss where it stands, a tensor without axes, and what the step counted.

        Raises
        ------
        InvalidValue
            If the model or the loss raises anything.
        """
        if self.estimating and self.flat._version != self._estimated:
            self._estimate()
        for parameter, piece in self._rounded:
            parameter.copy_(piece)
        if self.habits.gathers or self.habits.keeps:
            self._put_back()
        if self.habits.draws:
            for generator in generators(self.flat.device):
                generator.manual_seed(0)
        values = mapped(cloned, batch.values) if self.habits.overwrites else batch.values
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

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Keep the user's random states over evaluations that set them; let a model differentiate that does."""
        with ExitStack() as stack:
            if self.habits.draws:
                stack.enter_context(kept(self.flat.device))
            if self.habits.differentiates:
                stack.enter_context(torch.inference_mode(False))
                stack.enter_context(torch.enable_grad())
            yield

    def _estimate(self) -> None:
        """Let normalisation layers gather anew where it stands: the mean over the batches of what these have."""
        layers = batch_norms(self.module)
        momenta = [layer.momentum for layer in layers]
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None
            layer.train()
        self._estimated = self.flat._version
        try:
            for batch in self.estimating:
                self.returned(batch)
        finally:
            for layer, momentum in zip(layers, momenta, strict=True):
                layer.momentum = momentum
                layer.eval()

    def _put_back(self) -> None:
        with torch.no_grad():
            for home, name, buffer, values in self.buffers:
                buffer.copy_(values)
                home._buffers[name] = buffer
        if self._kept is not None:
            self._kept.put_back()


def operations_under(result: Any) -> set[Any]:
    """Find the operations of autograd's graph that a result was computed by, parameters among them."""
    operations, waiting = set(), [result.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in operations:
            operations.add(node)
            waiting.extend(parent for parent, _ in node.next_functions)
    return operations
