"""A replica on its way over a slice, from point to point, with as little to do at each as there can be.

A point of a slice is ``origin + Σ coordinate_i direction_i``, for the flat vector and for the outputs of first layers
alike. Two things make it cheap to go there.

- A grid is walked along its first coordinate. The sum over all *other* directions is kept while they stay
  (:class:`Sum`), so that most points cost one fused multiply-add of an array.
- What only first layers read is not moved at all: their outputs are summed instead (``spans``). In a network with a
  long first layer that is most of the parameters.

**What guards it.** What is not moved is found by what operations read (``first_layer.find``). If a layer is given
another input than its fixed one, it has to compute after all: then the whole point is put into the replica first
(``astray``). Parameters that are not moved are NaN meanwhile: should anything read them after all, the loss is most
likely NaN, and the evaluator computes that point again plainly.

**Why the same operations at each point.** Each sum begins from the origin, not from the neighbour: to add a step's
direction to the last point would be as quick, but rounding would add up along the row, and a point would depend on
where the row began.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.first_layer import Forward, Layer, standing_in
from thalweg.frameworks.torch.replica import Batch, Replica

HELD = 2**22
"""Numbers of a sum up to which the part that stays along a row is held."""

BLOCK = 2**17
"""Numbers that are summed at a time where nothing is held: all operands of so many fit into a processor's cache."""


class Sum:
    """An array that is affine in the coordinates of a slice.

    Along the first coordinate it costs one addition: the sum over all others is kept while they stay. Of long vectors
    it is not, since it would take as much memory as the network; these are summed block by block, by the same
    operations.
    """

    def __init__(self, terms: Sequence[Any]):
        self.origin, self.first, *self.others = terms
        self.base, self.slow = self.origin, [0.0] * len(self.others)
        self.long = len(self.others) > 0 and self.origin.numel() > HELD

    def at(self, coordinates: list[float], out: Any = None) -> Any:
        """Compute it, anew or into an array."""
        fast, *slow = coordinates
        if self.long and out is not None:
            return put((self.origin, self.first, *self.others), coordinates, out)
        if slow != self.slow:
            self.base, self.slow = self.origin, slow
            for value, term in zip(slow, self.others, strict=True):
                self.base = torch.add(self.base, term, alpha=value)
        return torch.add(self.base, self.first, alpha=fast, out=out)


def put(terms: Sequence[Any], coordinates: list[float], out: Any) -> Any:
    """Compute an array that is affine in the coordinates, block by block, by the operations of :class:`Sum`."""
    fast, *slow = coordinates
    size = BLOCK if out.device.type == "cpu" else out.numel()
    for place, base, first, *others in zip(*(array.split(size) for array in (out, *terms)), strict=True):
        for value, term in zip(slow, others, strict=True):
            base = torch.add(base, term, alpha=value, out=place)
        torch.add(base, first, alpha=fast, out=place)
    return out


class Walk:
    """The losses at points of a slice, one after the other, by the same operations at each.

    Attributes
    ----------
    terms : the plane's origin and its directions, tensors (param,)
    layers : the first layers, which are summed; by default none, for the plain evaluation
    spans : of the flat vector, what is moved, by default all; what only the first layers read may be left out, and is
        ``instead`` meanwhile
    instead : NaN; a number to try out whether anything reads it
    """

    def __init__(
        self,
        batch: Batch,
        terms: Sequence[Any],
        layers: Sequence[Layer] = (),
        spans: Sequence[slice] | None = None,
        instead: float = math.nan,
    ):
        self.batch, self.terms, self.layers, self.instead = batch, terms, layers, instead
        self.spans = [slice(0, len(terms[0]))] if spans is None else spans

    @property
    def partial(self) -> bool:
        """Whether some parameters are not moved."""
        return sum(span.stop - span.start for span in self.spans) < len(self.terms[0])

    def moves(self, own: slice) -> bool:
        """Tell whether a parameter is moved, by its place in the flat vector."""
        return any(span.start <= own.start and own.stop <= span.stop for span in self.spans)

    def losses(self, replica: Replica, rows: Sequence[list[float]]) -> list[Any]:
        """Compute the losses at coordinates, tensors without axes."""
        flat = replica.own()
        moving = [(Sum([term[span] for term in self.terms]), flat[span]) for span in self.spans]
        whole = Sum(self.terms)
        row, astray = [0.0], True

        def summed(layer: Layer, total: Sum, out: Any, forward: Forward, input: Any) -> Any:
            nonlocal astray
            if layer.given(input):
                # what follows may overwrite it: first layers are called once, and it is filled anew at the next point
                return total.at(row, out=out)
            whole.at(row, out=flat)
            astray = True
            return forward(input)

        losses = []
        sums = ((layer, Sum(layer.terms), torch.empty_like(layer.terms[0])) for layer in self.layers)
        with standing_in(replica, {layer.name: partial(summed, layer, total, out) for layer, total, out in sums}):
            for row in rows:
                if astray and self.partial:
                    flat.fill_(self.instead)
                for total, place in moving:
                    total.at(row, out=place)
                astray = False
                losses.append(replica.compute(self.batch))
        return losses
