"""The loss of a module on one part of the data: its value, its derivatives, and its values on a slice.

PyTorch computes eagerly, and a module may do anything when it is called. So nothing is taken apart here beforehand:
three shortcuts are *tried* on the module at hand, and each is believed only if it gives what the plain evaluation
gives.

1. ``first_layer``: linear and convolution layers whose input never changes are affine in the coordinates of a slice.
2. ``walk``: parameters that only these layers read need not be moved from point to point; they are set to NaN, and
   whoever reads them after all gives NaN, upon which the point is computed plainly.
3. ``together``: small networks are evaluated at several points at once.

:func:`_quickest` holds what 1 and 2 give against the plain losses at two points: at the origin, where they must agree
to the bit, and far from it, where half of the digits must. Half, because rounding takes a few digits where sums
cancel, while a parameter that is read in a way unknown to us, or a layer that is not what it seems, changes the first
ones.

**Why so.** ``torch.fx`` and ``torch.export`` would give a program that could be analysed as JAX's is, but they refuse
many modules (control flow on values, hooks, code of other libraries), and a user's module must not be refused for the
sake of a picture. Threads over points gain nothing: PyTorch spreads an operation over the cores by itself, and its
small operations wait for Python's lock.

**Derivatives** come from a second copy whose parameters require gradients, so that values never carry a graph.
Attention is differentiated in its plain form: the fused kernels have no second derivative. For the Hessian the graph
of the gradient is kept between products where there is one part (Pearlmutter 1994); where data were parted to bound
memory it is made anew each time.

**What would break it.** A module that behaves otherwise at the two points that are tried than elsewhere on the plane,
for instance one that reads a first layer's weight only where the loss is large. A function marked
``once_differentiable`` is refused: PyTorch would take its curvature for zero without a word.

References
----------
B. A. Pearlmutter, "Fast exact multiplication by the Hessian", 1994, doi:10.1162/neco.1994.6.1.147.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.checks import reason
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.first_layer import far, find
from thalweg.frameworks.torch.parameters import joined
from thalweg.frameworks.torch.replica import Batch, Replica, operations_under
from thalweg.frameworks.torch.together import Counts, together
from thalweg.frameworks.torch.walk import Walk, spans_without
from thalweg.geometry.chunks import Values
from thalweg.geometry.network import Flat
from thalweg.geometry.plane import Plane

UNUSED = {"allow_unused": True, "materialize_grads": True}
"""Lets the gradient in what a loss does not depend on be zero."""


class ModuleEvaluator:
    """The loss of a module on one part of the data.

    Points are evaluated one at a time: PyTorch itself spreads an operation over the cores, and its small operations
    wait for Python's lock, so that threads gain nothing.
    """

    threads = False

    def __init__(self, replica: Replica, batch: Batch, *, alone: bool):
        """Take the copy that all parts share, and this part; ``alone`` if there is no other."""
        self.replica, self.batch, self.alone = replica, batch, alone
        self._at_once: Counts = {}

    def value(self, point: Flat) -> float:
        """Compute the loss at a point, as the module does."""
        with torch.no_grad(), self.replica.evaluating():
            self.replica.move(self._tensor(point))
            return float(self.replica.compute(self.batch))

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient."""
        loss, slope = self._slope(self.replica.differentiable, point, again=False)
        return float(loss.detach()), slope.cpu().numpy()

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Make the function that multiplies by the Hessian.

        The graph of the gradient is kept between products in a copy of its own, unless the data have several parts:
        these were parted to bound memory.
        """
        if self.alone:
            replica = self.replica.twin(differentiable=True)
            _, slope = self._slope(replica, point, again=True)
            return lambda vector: self._multiply(replica, slope, vector, keep=True)

        def product(vector: Flat) -> Flat:
            replica = self.replica.differentiable
            _, slope = self._slope(replica, point, again=True)
            return self._multiply(replica, slope, vector, keep=False)

        return product

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane."""
        replica = self.replica
        terms = [self._tensor(vector) for vector in (plane.origin, *plane.directions)]
        walk = Walk(self.batch, terms)
        if not plain:
            with torch.inference_mode(), replica.evaluating():
                walk = together(replica, _quickest(replica, walk), self._at_once)

        def values(coordinates: Float[np.ndarray, "point axis"]) -> Float[np.ndarray, " point"]:
            with torch.inference_mode(), replica.evaluating():
                return _values(replica, walk, coordinates.tolist())

        return values

    def _tensor(self, vector: Flat) -> Any:
        """Copy a vector to the module's device."""
        flat = self.replica.flat
        return torch.tensor(vector, dtype=flat.dtype, device=flat.device)

    def _slope(self, replica: Replica, point: Flat, *, again: bool) -> tuple[Any, Any]:
        """Compute the loss and its flat gradient; ``again`` if that is to be differentiated once more."""
        attention = torch.nn.attention
        with torch.enable_grad(), replica.evaluating(), attention.sdpa_kernel(attention.SDPBackend.MATH):
            replica.move(self._tensor(point))
            loss = replica.compute(self.batch)
            if again:
                _check_twice(loss)
            slopes = torch.autograd.grad(loss, replica.parameters, create_graph=again, **UNUSED)
            return loss, torch.cat([slope.reshape(-1) for slope in slopes])

    def _multiply(self, replica: Replica, slope: Any, vector: Flat, *, keep: bool) -> Flat:
        """Differentiate the product of a gradient and a vector."""
        if not slope.requires_grad:
            return np.zeros_like(vector)
        try:
            columns = torch.autograd.grad(slope, replica.parameters, self._tensor(vector), retain_graph=keep, **UNUSED)
        except RuntimeError as error:
            raise InvalidValue(
                f"the model has no second derivative: {reason(error)}; give one that PyTorch differentiates twice"
            ) from error
        return joined(columns).cpu().numpy()


def _check_twice(loss: Any) -> None:
    """Refuse functions that are marked to be differentiated once: PyTorch would take their curvature for zero."""
    marked = torch.autograd.function.once_differentiable(_check_twice).__code__
    for node in operations_under(loss):
        made: Any = getattr(node, "_forward_cls", None)  # of functions that a user wrote
        if getattr(getattr(made, "backward", None), "__code__", None) is marked:
            raise InvalidValue(
                f"the model has no second derivative: {made.__name__} is marked once_differentiable; give one that "
                "PyTorch differentiates twice"
            )


def _values(replica: Replica, walk: Walk, rows: Sequence[list[float]]) -> Float[np.ndarray, " point"]:
    """Compute the losses at some points.

    Where the quick way meets NaN, the model may have read what was not moved: the point is computed plainly.
    """
    if not rows:
        return np.zeros(0)
    losses = torch.stack(walk.losses(replica, rows)).double().cpu().numpy()
    missing = np.flatnonzero(np.isnan(losses)).tolist() if walk.partial else []
    if missing:
        again = Walk(walk.batch, walk.terms).losses(replica, [rows[i] for i in missing])
        losses[missing] = torch.stack(again).double().cpu().numpy()
    return losses


def _quickest(replica: Replica, walk: Walk) -> Walk:
    """Find the quickest way that computes what the plain one does, at the origin and far from it."""
    layers = find(replica, walk.batch, walk.terms)
    if not layers:
        return walk
    axes = len(walk.terms) - 1
    rows = [[0.0] * axes, far(axes)]
    plain = _values(replica, walk, rows)
    eps = torch.finfo(replica.flat.dtype).eps
    for spans in (spans_without(replica, layers), walk.spans):
        quick = Walk(walk.batch, walk.terms, layers, spans)
        losses = [float(loss) for loss in quick.losses(replica, rows)]
        # half of the digits: rounding far from the origin takes fewer, a parameter that was read elsewhere more
        if np.allclose(losses, plain, rtol=eps**0.5, atol=0, equal_nan=True) and losses[0] == plain[0]:
            return quick
    return walk
