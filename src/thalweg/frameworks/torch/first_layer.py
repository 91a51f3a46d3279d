"""First layers: linear and convolution layers of fixed inputs, whose outputs are affine in the coordinates of a slice.

``weight @ x + bias`` is linear in the parameters. Where ``x`` does not depend on them, the outputs on a slice are
``z_0 + Σ coordinate_i z_i``: three products made once for a plane, and at a point one sum of three arrays. This is
what ``jax/affine.py`` finds by analysis. Here it is found by experiment, since a module is no program that could be
read.

**How.** The module is evaluated at two points far apart while every linear or convolution layer is watched. A layer
counts if it is called once, if its input is the same at both points (compared by a fingerprint, so that not all inputs
have to be kept), and if the affine sum gives what the layer itself computed far from the origin, to half of the digits
(:func:`_agrees`). While a slice is evaluated it must be given that very input again (:meth:`Layer.given`); otherwise
it computes as ever.

**Why so.** A layer stands in for itself by an attribute ``forward`` on the instance, which is taken off afterwards; so
it keeps its place, its name and its hooks, and nothing needs to know how the module calls it. Forward hooks were the
other choice: they can replace an output, but only after the layer has computed it, which is what is to be saved. Only
PyTorch's own classes count, not classes derived from them, since those may compute anything.

**What would break it.** Two inputs of equal shape, type, sum and sum of squares that differ would pass for one: the
sum that must agree, and the comparison with all numbers at each later call, stand behind the fingerprint. A module
that reads a first layer's weight elsewhere too, such as a penalty, is right as long as parameters are moved; where
they are not (``walk.spans_without``), the NaN in their place gives it away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import isfinite
from typing import Any, NamedTuple

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.replica import Batch, Replica

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


def find(replica: Replica, batch: Batch, terms: Sequence[Any]) -> tuple[Layer, ...]:
    """Find the first layers of a replica.

    Parameters
    ----------
    replica : stands elsewhere afterwards
    terms : the plane's origin and its directions, tensors (param,)
    """
    here, there = terms[0], _summed_far(terms)
    able = _able(replica)
    at_origin, far = (_watched(replica, batch, point, able, _print) for point in (here, there))
    still = [name for name in able if len(at_origin[name]) == len(far[name]) == 1 and at_origin[name] == far[name]]
    if not still:
        return ()
    caught = _watched(replica, batch, there, {name: able[name] for name in still}, partial(_copied, replica))
    owners = [id(parameter) for parameter in replica.parameters]
    pieces = [dict(zip(owners, replica.pieces(term), strict=True)) for term in terms]
    layers = []
    for name in still:
        fixed, output = caught[name][0]
        outputs = tuple(_product(able[name], fixed, piece, first=not i) for i, piece in enumerate(pieces))
        layer = Layer(name, fixed, outputs)
        if _agrees(layer, output):
            layers.append(layer)
    return tuple(layers)


FAR = (0.83, -0.61)
"""Coordinates of the point, far from the origin, at which first layers are looked for and tried out."""


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
    ours = {id(parameter) for parameter in replica.parameters}
    return {
        name: layer
        for name, layer in replica.module.named_modules()
        if type(layer) in kinds
        and "forward" not in vars(layer)
        and "weight" in layer._parameters
        and any(id(parameter) in ours for parameter in layer._parameters.values())
    }


def _watched(
    replica: Replica, batch: Batch, point: Any, layers: Mapping[str, Any], note: Callable[[Any, Any], Any]
) -> dict[str, list[Any]]:
    """Evaluate at a point, noting the inputs and outputs of some layers, a note a call."""
    notes: dict[str, list[Any]] = {name: [] for name in layers}

    def watched(name: str, forward: Forward, input: Any) -> Any:
        output = forward(input)
        notes[name].append(note(input, output))
        return output

    replica.move(point)
    with standing_in(replica, {name: partial(watched, name) for name in layers}):
        replica.compute(batch)
    return notes


def _summed_far(terms: Sequence[Any]) -> Any:
    """Sum the terms of what is affine at the coordinates ``FAR``."""
    total = terms[0].clone()
    for value, term in zip(far(len(terms) - 1), terms[1:], strict=True):
        total.add_(term, alpha=value)
    return total


def _print(values: Any, output: Any) -> tuple[Any, ...]:
    """Take a fingerprint of an input; one that holds NaN has none that equals another."""
    wide = values.double()
    return (tuple(values.shape), str(values.dtype), float(wide.sum()), float(wide.square().sum()))


def _copied(replica: Replica, values: Any, output: Any) -> tuple[Any, Any]:
    """Keep an input; copy an output, which later layers may overwrite. Another precision's, as of autocast, is none."""
    return values, output.clone() if output.dtype == replica.flat.dtype else None


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


def _agrees(layer: Layer, output: Any) -> bool:
    """Tell whether the sum is what the layer computed far from the origin.

    Half of the digits must agree: rounding takes fewer, another weight more. Infinite numbers cannot be summed.
    """
    if output is None or output.shape != layer.terms[0].shape:
        return False
    scale = max(float(term.abs().max()) for term in layer.terms)
    worst = float((_summed_far(layer.terms) - output).abs().max())
    return isfinite(scale) and worst <= scale * torch.finfo(output.dtype).eps ** 0.5
