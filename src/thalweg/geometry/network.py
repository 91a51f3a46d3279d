"""A network with its loss on fixed data, seen as a function of a flat vector of parameters.

Why flat. A slice, a projection, an eigenvector, a checkpoint and a step of a recording are all points of one space, and
every framework can make one vector of its parameters. So all of geometry is written once, in NumPy, for four
frameworks, and what differs between them is behind a small protocol, :class:`Evaluator`. Trees of arrays would carry a
framework's own types through every formula. What the vector does not say, which of its numbers make one filter and
where other frameworks have them, the leaves say; nothing else may depend on the order.

Why portions. Data may come in batches, or be cut so that an evaluation fits into memory. Their losses are summed by
weights, in 64 bits whatever the network's precision. Whether that is the loss of all data at once is found out when a
network is made (``frameworks/common/portions.py``); here it is only computed.

Why a point's loss may not depend on its neighbours. Slices are evaluated in chunks, from several threads where a
framework allows it. Matrix products of another height round otherwise, so an evaluator that joins points must pad
them to one size. The tests compare chunks and threads to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from thalweg.base.arrays import mixed, numbers
from thalweg.base.border import from_, public
from thalweg.base.errors import InvalidValue
from thalweg.base.parallel import each
from thalweg.base.progress import track
from thalweg.geometry.chunks import Values, fitting
from thalweg.geometry.leaves import Leaf, assigned, table
from thalweg.geometry.plane import Plane, check_coordinates

Flat = Float[np.ndarray, " param"]
"""All parameters one behind the other, leaf by leaf in the framework's own order, each in C order."""


@runtime_checkable
class Evaluator(Protocol):
    """The loss of one part of the data, computed in the framework that the network was made in.

    It has a copy of all it needs: the user's model is never touched. Points are NumPy vectors in the network's type.
    """

    @property
    def threads(self) -> bool:
        """Whether points may be evaluated from several threads at once."""
        ...

    def value(self, point: Flat) -> float:
        """Compute the loss at a point, as the framework would without us."""
        ...

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient."""
        ...

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Make the function that multiplies a vector by the Hessian at a point."""
        ...

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane; ``plain`` evaluates the whole network at every point, and is the oracle of the quick way."""
        ...


class Portion(NamedTuple):
    """A batch of the data: the weight that its loss has in the sum over all, what evaluates it, its rows if known."""

    weight: float
    evaluator: Evaluator
    rows: int | None = None
    curved: Callable[[], Evaluator] | None = None  # see geometry/matrices.py


@from_("what thalweg.networks.wrap returns")
@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A network and its loss on fixed data as a function of a flat vector, made by :func:`thalweg.networks.wrap`.

    Attributes
    ----------
    leaves : its parameter arrays in the order of the flat vector
    position : (param,), its parameters when it was handed over, float32 or float64
    portions : of the data; their losses are summed by weight
    facts : framework, mode, examples, loss and versions, for the attributes of results
    model : whose layout the framework's checkpoints have; None where arrays are identified by the leaves' names alone
    spare : how many statistics of normalisation layers recordings of its model have behind the parameters, which this
        network holds where they are; points that have them are taken without

    Examples
    --------
    >>> import jax.numpy as jnp, thalweg as tw
    >>> network = tw.networks.wrap({"w": jnp.array([3.0, 4.0])}, lambda p: jnp.sum(p["w"] ** 2))
    >>> network.value(), network.value([1, 1])
    (25.0, 2.0)
    >>> loss, gradient = network.gradient([1, 1])
    >>> gradient.tolist(), network.hessian_product()([1, 0]).tolist()
    ([2.0, 2.0], [2.0, 0.0])
    """

    leaves: tuple[Leaf, ...]
    position: Flat
    portions: tuple[Portion, ...]
    facts: Mapping[str, object]
    model: Any = None
    spare: int = 0

    def __repr__(self) -> str:
        """Show what it is in a line."""
        return f"<Network of {self.position.size:,} numbers: {self.facts.get('loss')} in {self.facts.get('framework')}>"

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""
        return self.position.dtype

    @property
    def trained(self) -> int:
        """How many numbers of the flat vector are parameters; behind them are statistics, where they are kept."""
        return self.position.size - sum(leaf.size for leaf in self.leaves if leaf.kind == "statistic")

    @property
    def spans(self) -> list[slice]:
        """Where each leaf lies in the flat vector."""
        ends = np.cumsum([leaf.size for leaf in self.leaves]).tolist()
        return [slice(end - leaf.size, end) for leaf, end in zip(self.leaves, ends, strict=True)]

    @property
    def parts(self) -> pd.DataFrame:
        """What its parameter arrays are, a row each: shape, numbers, role, and the axes along which filters lie."""
        return table(self.leaves)

    @public
    def with_roles(self, roles: Mapping[str, str | int]) -> Network:
        """Say what parameter arrays are, where the framework does not tell; :attr:`parts` shows what was found.

        Parameters
        ----------
        roles : by the name of an array: ``"weight"``, ``"bias"``, ``"norm"``, or of a weight the axis along which its
            filters (what one output is made of) lie

        Returns
        -------
        Network
            The same one, in which only that is different.

        Raises
        ------
        InvalidValue, UnknownName
            If an array has no such axis, a role is none, or there is no such array.
        """
        return replace(self, leaves=assigned(self.leaves, roles))

    @public
    def point(self, values: ArrayLike | None = None) -> Flat:
        """Check a flat vector and give it the network's type.

        Parameters
        ----------
        values : (param,); None for the network's own position

        Returns
        -------
        numpy.ndarray
            (param,), float32 or float64 as the network is

        Raises
        ------
        InvalidValue
            If the shape is another one.
        """
        if values is None:
            return self.position
        values = numbers("a point", values)
        if self.spare and values.shape == (self.position.size + self.spare,):
            values = values[: self.position.size]
        if values.shape != self.position.shape:
            raise InvalidValue(
                f"a point of shape {values.shape} is none of this network; give a flat vector of {self.position.size} "
                f"numbers{self._advice(values.shape)}"
            )
        return values.astype(self.dtype, copy=False)

    def _advice(self, shape: tuple[int, ...]) -> str:
        """Say what a point lacks that has the parameters and no statistics."""
        statistics = self.position.size - self.trained
        if not statistics or shape != (self.trained,):
            return ""
        return (
            f", {self.trained} parameters and behind them {statistics} statistics that the model gathered, on which "
            "its loss depends, or wrap it with statistics='gathered'"
        )

    @public
    def value(self, point: ArrayLike | None = None) -> float:
        """Compute the loss at a point.

        Parameters
        ----------
        point : (param,); the network's own position by default

        Returns
        -------
        float
            The mean over all rows of the data.
        """
        point = self.point(point)
        return sum(portion.weight * portion.evaluator.value(point) for portion in self.portions)

    @public
    def gradient(self, point: ArrayLike | None = None) -> tuple[float, Flat]:
        """Compute the loss and its gradient.

        Parameters
        ----------
        point : (param,); the network's own position by default

        Returns
        -------
        tuple
            The loss, and the gradient (param,).
        """
        point = self.point(point)
        loss, gradient = 0.0, np.zeros(point.shape)
        for portion in self.portions:
            value, slope = portion.evaluator.gradient(point)
            loss, gradient = loss + portion.weight * value, gradient + portion.weight * slope.astype(np.float64)
        return loss, gradient.astype(self.dtype)

    @public
    def hessian_product(self, point: ArrayLike | None = None) -> Callable[[ArrayLike], Flat]:
        """Make the function that multiplies a vector by the Hessian at a point.

        Parameters
        ----------
        point : (param,); the network's own position by default

        Returns
        -------
        Callable
            From a vector (param,) to the product (param,), in 64 bits.
        """
        point = self.point(point)
        products = [(portion.weight, portion.evaluator.hessian_product(point)) for portion in self.portions]

        def product(vector: ArrayLike) -> Flat:
            flat = np.asarray(vector).astype(self.dtype, copy=False)
            return mixed((weight, multiply(flat)) for weight, multiply in products)

        return product

    @public
    def values(
        self,
        plane: Plane,
        coordinates: Float[np.ndarray, "point axis"],
        *,
        chunk: int | None = None,
        threads: bool = True,
        plain: bool = False,
    ) -> Float[np.ndarray, " point"]:
        """Compute the losses at coordinates of a plane; neither ``chunk`` nor ``threads`` changes a bit of them.

        Parameters
        ----------
        plane : through the network's parameters
        coordinates : (point, axis), in units of the plane
        chunk : points evaluated at a time; measured by default, so that a chunk takes about a tenth of a second
        threads : whether chunks may be evaluated side by side, where the framework allows it
        plain : whether the whole network is evaluated at every point; slower, equal to rounding

        Returns
        -------
        numpy.ndarray
            (point,), 64-bit
        """
        check_coordinates(plane, coordinates)
        coordinates = np.ascontiguousarray(coordinates, dtype=self.dtype)
        plane = plane.astype(self.dtype)
        total = np.zeros(len(coordinates))
        for portion in self.portions:
            evaluate = portion.evaluator.on(plane, plain=plain)
            parallel = threads and portion.evaluator.threads
            begun, size = ([], chunk) if chunk else fitting(evaluate, coordinates, parallel)
            done = sum(map(len, begun))
            chunks = [slice(first, first + size) for first in range(done, len(coordinates), size)]
            total[:done] += portion.weight * np.concatenate([np.zeros(0), *begun])

            def work(span: slice, evaluate: Values = evaluate) -> np.ndarray:
                return np.asarray(evaluate(coordinates[span]), dtype=np.float64)

            results = each(work, chunks, "evaluating") if parallel else map(work, track(chunks, "evaluating"))
            for span, losses in zip(chunks, results, strict=True):
                total[span] += portion.weight * losses
        return total
