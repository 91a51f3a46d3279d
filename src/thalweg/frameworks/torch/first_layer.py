"""First layers: linear and convolution layers of fixed inputs, whose outputs are affine in the coordinates of a slice.

``weight @ x + bias`` is linear in the parameters. Where ``x`` does not depend on them, the outputs on a slice are
``z_0 + Σ coordinate_i z_i``: three products made once for a plane, and at a point one sum of three arrays. This is
what ``jax/affine.py`` finds by analysis. Here it is found by experiment, since a module is no program that could be
read.

**How.** One evaluation is watched, operation by operation (``uses``). A layer counts if it is called once, if its input
depends on no parameter, if nothing changes its own parameters in place, and if no number that depends on parameters
leaves the tensors: then its input is the same at every point, and this holds for every plane. (Where something is
differentiated on the way none counts, since the sum has no derivative by the input.) A parameter that only such layers
read need not be moved. While a slice is evaluated a layer must be given that very input again
(:meth:`Layer.given`); otherwise it computes as ever.

**Why so.** A layer stands in for itself by an attribute ``forward`` on the instance, which is taken off afterwards; so
it keeps its place, its name and its hooks, and nothing needs to know how the module calls it. Forward hooks were the
other choice: they can replace an output, but only after the layer has computed it, which is what is to be saved. Only
PyTorch's own classes count, not classes derived from them, since those may compute anything.

**What would break it.** What breaks ``uses``. The evaluator's trial at a few points stands behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from thalweg.frameworks.common.batches import leaves
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.replica import Batch, Replica
from thalweg.frameworks.torch.uses import Uses, watched

MOST = 2**30
"""Bytes of outputs that are kept for a plane at most; beyond it first layers are computed at every point."""

FEW, CACHED = 32, 2**22
"""Products that an output is the sum of, below which a layer is computed at every point if its outputs have more bytes
than this."""

Forward = Callable[[Any], Any]
"""Computes a layer's output from its input."""

Instead = Callable[[Forward, Any], Any]
"""Computes it in another way, given the layer's own."""


class Layer(NamedTuple):
    """A first layer.

    Attributes
    ----------
    name : of the layer in the module
    fixed : its input
    terms : its outputs at the plane's origin and along each direction; together they are affine in the coordinates
    """

    name: str
    fixed: Any
    terms: tuple[Any, ...]

    def given(self, values: Any) -> bool:
        """Tell whether the layer is given its fixed input; the memory is compared first, numbers only if it differs."""
        fixed = self.fixed
        if values is fixed:
            return True
        if values.shape != fixed.shape or values.dtype != fixed.dtype:
            return False
        if values.data_ptr() == fixed.data_ptr() and values.stride() == fixed.stride():
            return True
        return torch.equal(values, fixed)


class First(NamedTuple):
    """What is the same on every plane.

    Attributes
    ----------
    inputs : of the first layers, by name
    spans : of the flat vector, what something else reads than the first layers in their own operation
    """

    inputs: Mapping[str, Any]
    spans: list[slice]

    def terms(self, replica: Replica, terms: Sequence[Any]) -> tuple[Layer, ...]:
        """Make the first layers of a plane; none where their outputs are infinite, or too large to keep."""
        owners = [id(tensor) for tensor in replica.tensors]
        pieces = [dict(zip(owners, replica.pieces(term), strict=True)) for term in terms]
        layers, room = [], MOST
        for name, fixed in self.inputs.items():
            layer = replica.module.get_submodule(name)
            outputs: list[Any] = []
            for piece in pieces:
                outputs.append(_product(layer, fixed, piece, first=not outputs))
                room -= outputs[-1].nbytes
                if room < 0 or not outputs[-1].isfinite().all():
                    return ()
            layers.append(Layer(name, fixed, tuple(outputs)))
        return tuple(layers)


def find(replica: Replica, batch: Batch) -> tuple[First, Uses]:
    """Find the first layers of a replica, where it stands; and how the parameters are used."""
    able = _able(replica)
    uses = watched(replica, batch, list(able), partial(standing_in, replica))
    sure = not (uses.decides or uses.differentiates)
    inputs = {
        name: _kept(replica, batch, values[0])
        for name, values in uses.inputs.items()
        if sure and len(values) == 1 and values[0] is not None and values[0].dtype == replica.flat.dtype
    }
    numbers = {id(parameter): number for number, parameter in enumerate(replica.tensors)}
    for name in list(inputs):
        own = {numbers.get(id(parameter)) for parameter in able[name]._parameters.values()}
        if own & uses.written or _is_cheap(able[name], inputs[name]):
            del inputs[name]
    return First(inputs, _spans(replica, uses, inputs.keys())), uses


def _is_cheap(layer: Any, fixed: Any) -> bool:
    """Tell whether reading a layer's terms takes as long as computing it: few products, more than a cache holds."""
    return layer.weight[0].numel() < FEW and layer.forward(fixed).nbytes > CACHED


def _kept(replica: Replica, batch: Batch, fixed: Any) -> Any:
    """Keep an input: as it lies in the data, which nothing changes, or else a copy, since its memory may be reused."""
    if not replica.habits.overwrites:
        data = [leaf for leaf in leaves(batch.values) if isinstance(leaf, torch.Tensor)]
        if fixed.untyped_storage().data_ptr() in {leaf.untyped_storage().data_ptr() for leaf in data}:
            return fixed
    return fixed.clone()


def _spans(replica: Replica, uses: Uses, layers: Set[str]) -> list[slice]:
    """Find the pieces of the flat vector that more is done with than these layers do; neighbours are joined."""
    spans: list[slice] = []
    for span, readers in zip(replica.spans, uses.readers, strict=True):
        if readers and readers <= layers:
            continue
        if spans and spans[-1].stop == span.start:
            span = slice(spans.pop().start, span.stop)
        spans.append(span)
    return spans


FAR = (0.83, -0.61)
"""Coordinates of the point, far from the origin, at which the quick way is tried out."""


def far(axes: int) -> list[float]:
    """Give the coordinates ``FAR`` of a slice; along further axes it stays at the origin."""
    return [*FAR[:axes], *(0.0 for _ in range(axes - len(FAR)))]


@contextmanager
def standing_in(replica: Replica, others: Mapping[str, Instead]) -> Iterator[None]:
    """Compute layers, by name, in another way."""
    layers = [replica.module.get_submodule(name) for name in others]
    try:
        for layer, other in zip(layers, others.values(), strict=True):
            layer.forward = partial(other, layer.forward)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def _able(replica: Replica) -> dict[str, Any]:
    """Find linear and convolution layers that are exactly PyTorch's own, their parameters among the replica's."""
    if any(hasattr(layer, "_orig_mod") for layer in replica.module.modules()):
        return {}
    kinds = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)
    ours = {id(tensor) for tensor in replica.tensors}
    return {
        name: layer
        for name, layer in replica.module.named_modules()
        if type(layer) in kinds
        and "forward" not in vars(layer)
        and "weight" in layer._parameters
        and any(id(parameter) in ours for parameter in layer._parameters.values())
    }


def _product(layer: Any, fixed: Any, pieces: Mapping[int, Any], *, first: bool) -> Any:
    """Apply a layer with its parameters from the origin or a direction; what is frozen has no part in a direction."""
    values = {}
    for kind in ("weight", "bias"):
        own = layer._parameters.get(kind)
        frozen = own if first or own is None else torch.zeros_like(own)
        values[kind] = pieces.get(id(own), frozen)
    if isinstance(layer, torch.nn.Linear):
        return torch.nn.functional.linear(fixed, values["weight"], values["bias"])
    return layer._conv_forward(fixed, values["weight"], values["bias"])
