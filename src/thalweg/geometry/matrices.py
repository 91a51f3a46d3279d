"""Other matrices in the Hessian's place, so that whatever asks for products with the Hessian takes these instead.

A network's loss is ``Σ w_i L_i`` over batches, and so are its gradient and products with its Hessian. The empirical
Fisher matrix is a sum of the same form, ``Σ w_i g_i g_iᵀ`` with the gradient ``g_i`` of ``L_i``, if every batch is one
row. So it is enough to replace what evaluates a batch by one whose product is ``g (gᵀ v)``: weights, restrictions to
some parameters, statistics that are held, and all verbs on curvature stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from thalweg.base.errors import InvalidValue
from thalweg.geometry import eigenpairs
from thalweg.geometry.chunks import Values
from thalweg.geometry.network import Evaluator, Flat, Network
from thalweg.geometry.plane import Plane

Matrix = Literal["empirical_fisher"]
"""What may stand for the Hessian."""


def replaced(network: Network) -> Network:
    """Put the empirical Fisher matrix into the Hessian's place.

    Raises
    ------
    InvalidValue
        If the network's batches are not single rows, or their gradients take too much memory.
    """
    portions = network.portions
    if any(portion.rows != 1 for portion in portions):
        sizes = [portion.rows or 0 for portion in portions]
        raise InvalidValue(
            f"the empirical Fisher matrix needs the gradient of every row alone, and the data are {len(sizes)} "
            f"batch{'es' * (len(sizes) != 1)} of up to {max(sizes)} rows; wrap the network with rows=1"
        )
    taken = len(portions) * network.position.nbytes
    if taken > eigenpairs.MEMORY:
        raise InvalidValue(
            f"the gradients of {len(portions)} rows take {taken * 1e-9:.3g} GB, more than the "
            f"{eigenpairs.MEMORY / 1e9:g} GB allowed; give fewer rows, or restrict the network to some parameters"
        )
    outer = tuple(portion._replace(evaluator=Outer(portion.evaluator)) for portion in portions)
    return replace(network, portions=outer, facts={**network.facts, "matrix": "empirical Fisher matrix"})


@dataclass(frozen=True, eq=False)
class Outer:
    """The loss of one row, with the product of its gradient with itself in the Hessian's place.

    Attributes
    ----------
    evaluator : of the row
    """

    evaluator: Evaluator

    @property
    def threads(self) -> bool:
        """Whether points may be evaluated from several threads at once."""
        return self.evaluator.threads

    def value(self, point: Flat) -> float:
        """Compute the loss at a point."""
        return self.evaluator.value(point)

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient."""
        return self.evaluator.gradient(point)

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Multiply by ``g gᵀ``; the gradient is computed once."""
        gradient = self.evaluator.gradient(point)[1]
        return lambda vector: gradient * (gradient @ vector)

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane."""
        return self.evaluator.on(plane, plain=plain)
