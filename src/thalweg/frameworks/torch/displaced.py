"""A large network on its way over a slice, whose parameters are displaced where they are read, and nowhere else.

To go to a point as ``walk`` does takes a vector for the point, as large as the network, beside the origin and the
directions. A layer reads its own weights only. So the copy stands at the origin, in the memory of the origin itself,
and each operation that reads from there is given what it would have read at the point: ``origin + Σ coordinate_i
direction_i`` of these numbers, put into memory that the next operation uses again, as large as the largest weight.
These numbers are still in the processor's cache when they are read, and of an embedding only the rows that are looked
up are displaced.

**Why operations** and not layers, by hooks on modules: modules read others' parameters (attention the weight of its
output layer), parts of their own, or one that is tied to another's. In the end PyTorch's dispatcher is asked for an
operation on tensors, and a tensor lies in the origin's memory, wherever it came from; see ``uses``.

**Why not drawn anew.** A random direction is known by its seed and could be drawn at each point instead of held. But to
draw two of GPT-2's 124 million numbers takes as long as 20 to 35 evaluations of a short text, and a point 20 times as
long as it does.

**What would break it.** An operation that keeps its argument, to read it later: nothing in PyTorch does. A module that
reads parameters past the dispatcher, or writes to them, is found out by ``uses`` or by :func:`displaceable`, and goes
the usual way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib import import_module
from typing import Any

from thalweg.base.errors import ThalwegError
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.first_layer import Forward, Layer, far, standing_in
from thalweg.frameworks.torch.replica import LINE, Batch, Replica
from thalweg.frameworks.torch.uses import memory_of, tensors_in
from thalweg.frameworks.torch.walk import HELD, Sum, Walk, put

LARGE = HELD
"""Parameters from which memory counts more than the microseconds that it takes to look at an operation."""


class Displaced(Walk):
    """The losses at points of a slice, whose origin lies where the replica may stand."""

    def losses(self, replica: Replica, rows: Sequence[list[float]]) -> list[Any]:
        """Compute the losses at coordinates, tensors without axes."""
        replica.move(self.terms[0])
        reading = _Reading((replica.flat, *self.terms[1:]))

        def summed(layer: Layer, total: Sum, forward: Forward, input: Any) -> Any:
            return total.at(reading.row) if layer.given(input) else forward(input)

        losses = []
        others = {layer.name: partial(summed, layer, Sum(layer.terms)) for layer in self.layers}
        with standing_in(replica, others), _operations()(reading):
            for reading.row in rows:
                losses.append(replica.compute(self.batch))
        return losses


class _Reading:
    """What operations are given in the place of what lies at the origin."""

    def __init__(self, terms: Sequence[Any]):
        self.terms, self.row = terms, [0.0]
        self.memory = terms[0].untyped_storage()._cdata
        self.first = terms[0].storage_offset()
        self.line = LINE // terms[0].element_size()
        self.room = terms[0].new_empty(0)

    def operation(self, called: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Run an operation on what it would have been given at the point."""
        given = [one for one in tensors_in((args, kwargs)) if self._reads(one)]
        if called.is_view or not given:
            return called(*args, **kwargs)
        if called is torch.ops.aten.embedding.default and len(given) == 1 and given[0] is args[0]:
            return self._rows(*args, **kwargs)
        replaced = dict(zip(map(id, given), self._displaced(given), strict=True))
        there, how = torch.utils._pytree.tree_map(lambda one: replaced.get(id(one), one), (tuple(args), dict(kwargs)))
        result = called(*there, **how)
        own = self.room.untyped_storage()._cdata
        if any(memory_of(one) == own for one in tensors_in(result)):
            return called(*args, **kwargs)  # a view, though it is not always one: it is displaced where it is read
        return result

    def _reads(self, tensor: Any) -> bool:
        return tensor.numel() > 0 and memory_of(tensor) == self.memory

    def _displaced(self, given: Sequence[Any]) -> list[Any]:
        """Compute what lies where some tensors do, one behind the other, each at its place in a cache line."""
        spans, places, end = [], [], 0
        for tensor in given:
            if tensor.dtype != self.terms[0].dtype:
                raise TypeError(f"parameters are read as {tensor.dtype}")
            start = tensor.storage_offset() - self.first
            steps = zip(tensor.shape, tensor.stride(), strict=True)
            spans.append(slice(start, start + 1 + sum((size - 1) * step for size, step in steps)))
            places.append(end + start % self.line)
            end = -(-(places[-1] + spans[-1].stop - start) // self.line) * self.line
        if end > len(self.room):
            self.room = self.room.new_empty(0)  # gives the old one back first
            self.room = self.terms[0].new_empty(end)
        for span, place in zip(spans, places, strict=True):
            put([term[span] for term in self.terms], self.row, self.room[place : place + span.stop - span.start])
        ways = zip(given, places, strict=True)
        return [
            self.room.as_strided(one.shape, one.stride(), self.room.storage_offset() + place) for one, place in ways
        ]

    def _rows(self, table: Any, *args: Any, **kwargs: Any) -> Any:
        """Look up rows of an embedding, and displace these alone."""
        start, look = table.storage_offset() - self.first, torch.ops.aten.embedding.default
        tables = [one.as_strided(table.shape, table.stride(), one.storage_offset() + start) for one in self.terms]
        total, *found = [look(one, *args, **kwargs) for one in tables]
        put([one.reshape(-1) for one in (total, *found)], self.row, total.view(-1))
        return total


@cache
def _operations() -> Any:
    """Make the mode that sees every operation: once, since a class is not freed at once with what it holds."""
    dispatch = import_module("torch.utils._python_dispatch")

    class Operations(dispatch.TorchDispatchMode):
        def __init__(self, reading: _Reading):
            super().__init__()
            self.reading = reading

        def __torch_dispatch__(self, called: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return self.reading.operation(called, args, kwargs or {})

    return Operations


def displaceable(replica: Replica, batch: Batch, origin: Any) -> bool:
    """Try it: at the origin with the plain way's bits, far from it with half of its digits; then the replica lends.

    The only direction is the origin's own numbers turned round, so that no more is held than by a slice.

    Parameters
    ----------
    replica : a large one, with memory of its own, that only reads its parameters
    origin : (param,), a tensor, apart from that memory
    """
    plain = Walk(batch, (origin, origin.flip(0)))
    rows = [[0.0], far(1)]
    wanted = torch.stack(plain.losses(replica, rows))
    replica.lends = True
    try:
        found = torch.stack(Displaced(batch, plain.terms).losses(replica, rows))
        half = torch.finfo(origin.dtype).eps ** 0.5
        same = torch.equal(found[0].nan_to_num(), wanted[0].nan_to_num())
        if same and torch.allclose(found, wanted, rtol=half, atol=0, equal_nan=True):
            return True
    except ThalwegError:  # what a user's model raises under watch
        pass
    replica.own().copy_(origin)
    replica.lends = False
    return False
