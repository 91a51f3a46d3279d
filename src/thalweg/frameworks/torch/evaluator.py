"""The loss of a module on one part of the data: its value, its derivatives, and its values on a slice.

PyTorch computes eagerly, and a module may do anything when it is called. So nothing is taken apart here beforehand. One
evaluation is watched, for all planes, and tells what may be left out; see ``uses``.

1. ``first_layer``: linear and convolution layers whose input never changes are affine in the coordinates of a slice.
2. ``walk``: parameters that only these layers read need not be moved from point to point.
3. ``together``: small networks are evaluated at several points at once.
4. ``displaced``: large ones stand at the origin, and operations are given the numbers of the point.

What comes out is tried on the first plane, once for a network (:func:`_proven`): at the origin the loss must agree
with the plain one to the bit, and at two points far from it half of the digits must. Half, because rounding takes a few
digits where sums cancel, while a parameter that is read in a way unknown to us, or a layer that is not what it seems,
changes the first ones.

**Why so.** ``torch.fx`` and ``torch.export`` would give a program that could be analysed as JAX's is, but they refuse
many modules (control flow on values, hooks, code of other libraries), and a user's module must not be refused for the
sake of a picture. Threads over points gain nothing: PyTorch spreads an operation over the cores by itself, and its
small operations wait for Python's lock.

**Derivatives** come from a second copy whose parameters require gradients, so that values never carry a graph.
Attention is differentiated in its plain form: the fused kernels have no second derivative. For the Hessian the graph
of the gradient is kept between products where there is one part (Pearlmutter 1994); where data were parted to bound
memory it is made anew each time.

**What would break it.** A function marked ``once_differentiable`` is refused: PyTorch would take its curvature for zero
without a word.

References
----------
B. A. Pearlmutter, "Fast exact multiplication by the Hessian", 1994, doi:10.1162/neco.1994.6.1.147.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from jaxtyping import Float

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.checks import reason
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.displaced import Displaced
from thalweg.frameworks.torch.first_layer import First, far, find
from thalweg.frameworks.torch.parameters import joined
from thalweg.frameworks.torch.replica import Batch, Replica, operations_under
from thalweg.frameworks.torch.together import Counts, Together, together
from thalweg.frameworks.torch.walk import Walk
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
        self._found: tuple[First, bool] | None = None
        self._way: int | None = None

    def _used(self, origin: Any) -> tuple[First, bool]:
        """Find the first layers, once, and whether something is differentiated inside the model or its loss."""
        if self._found is None:
            self.replica.move(origin)
            first, uses = find(self.replica, self.batch)
            self._found = first, uses.differentiates
        return self._found

    def only_reads(self) -> bool:
        """Tell whether the module reads its parameters, where the replica stands, and does nothing else with them."""
        replica, habits = self.replica, self.replica.habits
        if replica.estimating or habits.differentiates or habits.rounds:
            return False
        with torch.no_grad(), replica.evaluating():
            first, uses = find(replica, self.batch)
        self._found = first, uses.differentiates
        return not (uses.written or uses.decides or uses.differentiates)

    def value(self, point: Flat) -> float:
        """Compute the loss at a point, as the module does."""
        with torch.no_grad(), self.replica.evaluating():
            self.replica.move(self._shared(point))
            return float(self.replica.compute(self.batch))

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient."""
        loss, slope = self._slope(self._differentiable(), point, again=False)
        return float(loss.detach()), slope.cpu().numpy()

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Make the function that multiplies by the Hessian.

        The graph of the gradient is kept between products in a copy of its own, unless the data have several parts:
        these were parted to bound memory.
        """
        if self.alone and not self.replica.estimating:
            replica = self.replica.twin(differentiable=True)
            _, slope = self._slope(replica, point, again=True)
            return lambda vector: self._multiply(replica, slope, vector, keep=True)

        def product(vector: Flat) -> Flat:
            replica = self._differentiable()
            _, slope = self._slope(replica, point, again=True)
            return self._multiply(replica, slope, vector, keep=False)

        return product

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane."""
        replica = self.replica
        terms = [self._shared(vector) for vector in (plane.origin, *plane.directions)]
        walk = Walk(self.batch, terms)
        grade = torch.inference_mode
        if not (plain or replica.estimating or replica.habits.differentiates or replica.habits.rounds):
            with replica.evaluating():
                first, differentiates = self._used(terms[0])
            # what was made in inference mode cannot be differentiated
            grade = torch.no_grad if differentiates else grade
            with grade(), replica.evaluating(), as_written():
                walk = together(replica, self._quickest(first, walk), self._at_once)
        quick = walk.layers or isinstance(walk, Together | Displaced)

        def values(coordinates: Float[np.ndarray, "point axis"]) -> Float[np.ndarray, " point"]:
            with grade(), replica.evaluating(), as_written() if quick else nullcontext():
                return _values(replica, walk, coordinates.tolist())

        return values

    def _quickest(self, first: First, walk: Walk) -> Walk:
        """Find the quickest way on a plane; on the first plane it is tried out."""
        layers = first.terms(self.replica, walk.terms) if first.inputs else ()
        if not (layers or self.replica.lends):
            return walk
        if self.replica.lends:
            return Displaced(walk.batch, walk.terms, layers)
        ways = [Walk(walk.batch, walk.terms, layers, spans) for spans in (first.spans, walk.spans)]
        if self._way is None:
            self._way = _proven(self.replica, walk, ways)
        return [*ways, walk][self._way]

    def _shared(self, vector: Flat) -> Any:
        """Give a vector to the module's device; in its memory, where that can be, since nothing writes to it."""
        flat = self.replica.flat
        vector = np.ascontiguousarray(vector)
        return (
            torch.as_tensor(vector, dtype=flat.dtype, device=flat.device)
            if vector.flags.writeable
            else self._tensor(vector)
        )

    def _tensor(self, vector: Flat) -> Any:
        """Copy a vector to the module's device."""
        flat = self.replica.flat
        return torch.tensor(vector, dtype=flat.dtype, device=flat.device)

    def _differentiable(self) -> Replica:
        """Give the copy that gradients are computed with."""
        if self.replica.estimating:
            raise InvalidValue(
                "statistics that are estimated at each point are not differentiated by the parameters; wrap the model "
                "with statistics='recorded' for gradients and curvature"
            )
        return self.replica.differentiable

    def _slope(self, replica: Replica, point: Flat, *, again: bool) -> tuple[Any, Any]:
        """Compute the loss and its flat gradient; ``again`` if that is to be differentiated once more."""
        attention = torch.nn.attention
        with torch.enable_grad(), replica.evaluating(), attention.sdpa_kernel(attention.SDPBackend.MATH):
            replica.move(self._shared(point))
            loss = replica.compute(self.batch)
            if not loss.requires_grad:
                raise InvalidValue(
                    "the loss has no derivative, as an accuracy has none, or it was detached; give one that PyTorch "
                    "differentiates"
                )
            if again:
                _check_twice(loss)
            slopes = torch.autograd.grad(loss, replica.parameters, create_graph=again, **UNUSED)
            wide = replica.flat.dtype
            return loss, torch.cat([*(slope.to_dense().reshape(-1).to(wide) for slope in slopes), self._still()])

    def _multiply(self, replica: Replica, slope: Any, vector: Flat, *, keep: bool) -> Flat:
        """Differentiate the product of a gradient and a vector."""
        if not slope.requires_grad:
            return np.zeros_like(vector)
        try:
            columns = torch.autograd.grad(slope, replica.parameters, self._shared(vector), retain_graph=keep, **UNUSED)
        except RuntimeError as error:
            raise InvalidValue(
                f"the model has no second derivative: {reason(error)}; give one that PyTorch differentiates twice"
            ) from error
        return joined([*columns, self._still()]).cpu().numpy()

    def _still(self) -> Any:
        """Make zeros for what is no parameter: a loss is not differentiated by statistics."""
        flat = self.replica.flat
        return flat.new_zeros(len(flat) - sum(parameter.numel() for parameter in self.replica.parameters))


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


ELSEWHERE = (-1.37, 0.29)
"""Coordinates of another point, on the other side, at which the quick way is tried out."""


def _proven(replica: Replica, plain: Walk, ways: Sequence[Walk]) -> int:
    """Find the first way that gives what the plain one does; if none does, the number behind them.

    Half of the digits: rounding far from the origin takes fewer, a parameter that was read elsewhere more. What is not
    moved is NaN at two points, and a number at the third, since comparisons swallow NaN.
    """
    axes = len(plain.terms) - 1
    rows = [[0.0] * axes, far(axes), [*ELSEWHERE[:axes], *(0.0 for _ in range(axes - len(ELSEWHERE)))]]
    wanted = _values(replica, plain, rows)
    eps = torch.finfo(replica.flat.dtype).eps
    for number, way in enumerate(ways):
        other = Walk(way.batch, way.terms, way.layers, way.spans, instead=-7.3)
        losses = [float(loss) for loss in (*way.losses(replica, rows[:2]), *other.losses(replica, rows[2:]))]
        if np.allclose(losses, wanted, rtol=eps**0.5, atol=0, equal_nan=True) and losses[0] == wanted[0]:
            return number
    return len(ways)


def as_written() -> AbstractContextManager[Any]:
    """Run compiled functions as they were written: compiled ones would not see that a layer stands in for itself."""
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    return torch.compiler.set_stance("force_eager")
