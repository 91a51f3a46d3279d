"""Networks of fewer numbers than a network has: some of its parameters, or coordinates along random directions.

A restricted network is a network: its flat vector has only the numbers that move. So a slice of one layer, its
curvature, or an eigenvector within it need nothing of their own. A point is lifted to one of the whole vector, a
gradient is taken down from there, and a product with the Hessian is that of a lifted vector: the block of the Hessian
that belongs to what moves. How points are lifted is all that differs (:class:`Lift`).

What would break it: nothing may keep the whole vector that it is given, since it is filled anew at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.geometry.chunks import Values
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Evaluator, Flat, Network, Portion
from thalweg.geometry.plane import Plane

Moving = Float[np.ndarray, " moving"]
"""The numbers that move."""

Which = str | Sequence[str] | Callable[[Leaf], bool]
"""Names of arrays, with ``*`` for any letters, or a function that says of each array whether it moves."""


def restricted(network: Network, which: Which) -> Network:
    """Let some parameter arrays of a network move, and no others.

    Raises
    ------
    InvalidValue
        If none is chosen, or a name or pattern fits none.
    """
    chosen = leaves_chosen(network, which)
    spans = [span for leaf, span in zip(network.leaves, network.spans, strict=True) if leaf in chosen]
    lift = Some(network.position, spans)
    portions = tuple(_lifted(portion, lift) for portion in network.portions)
    position = np.concatenate([network.position[span] for span in spans])
    facts = {**network.facts, "parameters": position.size, "moved": ", ".join(leaf.name for leaf in chosen)}
    return replace(network, leaves=tuple(chosen), position=position, portions=portions, facts=facts)


def spanned(network: Network, basis: Float[np.ndarray, "size param"], facts: Mapping[str, object]) -> Network:
    """Let a network move along some directions, orthonormal ones in its own precision, from where it stands."""
    position, lift = np.zeros(len(basis), network.position.dtype), Span(network.position, basis)
    leaves = (Leaf("subspace", (len(basis),), "bias", (0,)),)
    portions = tuple(_lifted(portion, lift) for portion in network.portions)
    return replace(network, leaves=leaves, position=position, portions=portions, facts={**network.facts, **facts})


def _lifted(portion: Portion, lift: Lift) -> Portion:
    curved, evaluator = portion.curved, Restricted(portion.evaluator, lift)
    return portion._replace(evaluator=evaluator, curved=None if curved is None else lambda: Restricted(curved(), lift))


@runtime_checkable
class Lift(Protocol):
    """How the numbers that move make a whole vector of parameters, linearly but for where the others stay."""

    def point(self, some: Moving) -> Flat:
        """Make the whole point."""
        ...

    def direction(self, some: Moving) -> Flat:
        """Make the whole of a direction: what does not move has no part in it."""
        ...

    def taken(self, whole: Flat) -> Moving:
        """Take a gradient down to what moves."""
        ...


@dataclass(frozen=True, eq=False)
class Some:
    """Some of the parameters, the others where they are.

    Attributes
    ----------
    position : (param,), all of them
    spans : of those that move
    """

    position: Flat
    spans: Sequence[slice]

    def point(self, some: Moving) -> Flat:
        """Put what moves into a copy of the position."""
        return self._put(self.position.astype(some.dtype), some)

    def direction(self, some: Moving) -> Flat:
        """Put what moves among zeros."""
        return self._put(np.zeros(self.position.shape, some.dtype), some)

    def taken(self, whole: Flat) -> Moving:
        """Take out what moves."""
        return np.concatenate([whole[span] for span in self.spans])

    def _put(self, whole: np.ndarray, some: np.ndarray) -> np.ndarray:
        first = 0
        for span in self.spans:
            size = span.stop - span.start
            whole[span] = some[first : first + size]
            first += size
        return whole


@dataclass(frozen=True, eq=False)
class Span:
    """Coordinates along directions from a position.

    Attributes
    ----------
    position : (param,)
    basis : (size, param), orthonormal
    """

    position: Flat
    basis: Float[np.ndarray, "size param"]

    def point(self, some: Moving) -> Flat:
        """Go from the position along the directions."""
        return self.position + self.direction(some)

    def direction(self, some: Moving) -> Flat:
        """Add up directions."""
        return np.asarray(some, self.basis.dtype) @ self.basis

    def taken(self, whole: Flat) -> Moving:
        """Take the part along each direction."""
        return self.basis @ whole


@dataclass(frozen=True, eq=False)
class Restricted:
    """The loss of a batch as a function of what moves; see :class:`thalweg.geometry.network.Evaluator`.

    Attributes
    ----------
    evaluator : of all parameters
    lift : from what moves to them
    """

    evaluator: Evaluator
    lift: Lift

    @property
    def threads(self) -> bool:
        """Whether points may be evaluated from several threads at once."""
        return self.evaluator.threads

    def value(self, point: Flat) -> float:
        """Compute the loss at a point."""
        return self.evaluator.value(self.lift.point(point))

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient by what moves."""
        loss, gradient = self.evaluator.gradient(self.lift.point(point))
        return loss, self.lift.taken(gradient)

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Multiply by the block of the Hessian that belongs to what moves."""
        product = self.evaluator.hessian_product(self.lift.point(point))
        return lambda vector: self.lift.taken(product(self.lift.direction(vector)))

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane."""
        directions = np.stack([self.lift.direction(direction) for direction in plane.directions])
        return self.evaluator.on(
            replace(plane, origin=self.lift.point(plane.origin), directions=directions), plain=plain
        )


def leaves_chosen(network: Network, which: Which) -> list[Leaf]:
    """List the arrays that are chosen."""
    if callable(which):
        try:
            chosen = [leaf for leaf in network.leaves if which(leaf)]
        except Exception as error:  # a user's function may raise anything
            raise InvalidValue(
                f"what tells the parameter arrays that move fails: {type(error).__name__}: {error}; give a function of "
                "an array with name, shape and kind"
            ) from error
        if not chosen:
            raise InvalidValue(f"none of {len(network.leaves)} parameter arrays is chosen; choose one at least")
        return chosen
    patterns = [which] if isinstance(which, str) else list(which)
    for pattern in patterns or [""]:
        if not any(fnmatchcase(leaf.name, pattern) for leaf in network.leaves):
            names = ", ".join(leaf.name for leaf in network.leaves)
            raise InvalidValue(
                f"no parameter array is called {shown(pattern)}; give names, with * for any letters, of: {names[:300]}"
            )
    return [leaf for leaf in network.leaves if any(fnmatchcase(leaf.name, pattern) for pattern in patterns)]
