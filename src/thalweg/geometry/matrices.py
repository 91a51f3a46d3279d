"""Other matrices in the Hessian's place, so that whatever asks for products with the Hessian takes these instead.

A network's loss is ``Σ w_i L_i`` over batches, and so are its gradient and products with its Hessian. Both matrices
here are sums of the same form, so it is enough to replace what multiplies for each batch: weights, restrictions to some
parameters, statistics that are held, and all verbs on curvature stay what they are.

**The empirical Fisher matrix** is ``Σ w_i g_i g_iᵀ`` with the gradient ``g_i`` of ``L_i``, if every batch is one row: a
product is ``g (gᵀ v)``.

**The Gauss-Newton matrix** of a loss ``L(z(w))`` of outputs is ``Jᵀ (∂²L / ∂z²) J`` with the Jacobian ``J`` of the
outputs; of the Hessian it lacks ``Σ_k (∂L / ∂z_k) ∂²z_k``. That term vanishes where the loss has no slope at the
outputs. So it is the Hessian of another loss, ``L(z) - zᵀ s`` with the slope ``s = ∂L / ∂z`` at these outputs taken for
a constant: its slope at the outputs is zero, its curvature is that of L. Rooms make it, by two lines of their autodiff
(``without_slope``), where they are given model and loss apart, and all that is known of second derivatives (products
kept, operations put right, symmetry tried) serves here too. Products of Jacobians in both modes, which other packages
use, would be a second set of programs in each framework.

Such a loss has the gradient zero at every point; where it has not, something besides the outputs reads parameters, as a
penalty does, and that is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.geometry import eigenpairs
from thalweg.geometry.network import Evaluator, Flat, Network
from thalweg.geometry.passing import Passing

ROUNDING = 100
"""Units of rounding by which a slope that cancels may be left, as a share of what cancelled."""

Matrix = Literal["gauss_newton", "empirical_fisher"]
"""What may stand for the Hessian."""


def gauss_newton(network: Network) -> Network:
    """Put the Gauss-Newton matrix into the Hessian's place.

    Raises
    ------
    InvalidValue
        If outputs and loss are not known apart.
    """
    _check_first(network)
    portions = []
    for portion in network.portions:
        if portion.curved is None:
            raise InvalidValue(
                "the Gauss-Newton matrix needs the outputs apart from the loss, which neither a step tells nor a loss "
                "of parameters, as JAX has it; wrap a model of PyTorch, Keras or TensorFlow with loss(outputs, targets)"
            )
        portions.append(portion._replace(evaluator=Curved(portion.evaluator, portion.curved()), curved=None))
    return replace(network, portions=tuple(portions), facts={**network.facts, "matrix": "Gauss-Newton matrix"})


def _check_first(network: Network) -> None:
    if "matrix" in network.facts:
        raise InvalidValue(
            f"the {network.facts['matrix']} stands for the Hessian already; give the network as wrap returned it"
        )


def empirical_fisher(network: Network) -> Network:
    """Put the empirical Fisher matrix into the Hessian's place.

    Raises
    ------
    InvalidValue
        If the network's batches are not single rows, or their gradients take too much memory.
    """
    _check_first(network)
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
    outer = tuple(portion._replace(evaluator=Outer(portion.evaluator), curved=None) for portion in portions)
    return replace(network, portions=outer, facts={**network.facts, "matrix": "empirical Fisher matrix"})


@dataclass(frozen=True, eq=False)
class Outer(Passing):
    """One row, with the product of its gradient with itself."""

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Multiply by ``g gᵀ``; the gradient is computed once."""
        gradient = self.evaluator.gradient(point)[1]
        return lambda vector: gradient * (gradient @ vector)


@dataclass(frozen=True, eq=False)
class Curved(Passing):
    """A batch, with the Hessian of the loss that has no slope at the outputs.

    Attributes
    ----------
    curved : of that loss
    """

    curved: Evaluator

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Multiply by the Gauss-Newton matrix."""
        (loss, slope), left = self.evaluator.gradient(point), self.curved.gradient(point)[1]
        product = self.curved.hessian_product(point)
        # Of a smooth loss that is never negative |∂L / ∂z|² is at most 2 L |∂²L / ∂z²|: what cancelled was so long.
        drawn = product(np.random.default_rng(0).standard_normal(len(point)).astype(point.dtype))
        scale = float(np.linalg.norm(slope)) + (2 * abs(loss) * float(np.linalg.norm(drawn))) ** 0.5
        if np.linalg.norm(left) > ROUNDING * float(np.finfo(point.dtype).eps) * scale:
            raise InvalidValue(
                f"the loss depends on parameters not by the outputs alone: its slope is {np.linalg.norm(slope):.3g} "
                f"long, of which {np.linalg.norm(left):.3g} are left where these stay; give a loss of outputs and "
                "targets only, without penalties"
            )
        return product
