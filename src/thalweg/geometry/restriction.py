"""Some of a network's parameters alone: a layer, an adapter, all but biases; the others stay where they are.

A restricted network is a network: its flat vector has only the parameters that move. So a slice of one layer, its
curvature, or an eigenvector within it need nothing of their own. A point is put into a copy of the whole vector, a
gradient is taken out of the whole one, and a product with the Hessian is that of a vector that is zero elsewhere: the
block of the Hessian that belongs to these parameters.

What would break it: nothing may keep the whole vector that it is given, since it is filled anew at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.geometry.chunks import Values
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Evaluator, Flat, Network, Portion
from thalweg.geometry.plane import Plane

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
    portions = tuple(_some(portion, network.position, spans) for portion in network.portions)
    position = np.concatenate([network.position[span] for span in spans])
    facts = {**network.facts, "parameters": position.size, "moved": ", ".join(leaf.name for leaf in chosen)}
    return replace(network, leaves=tuple(chosen), position=position, portions=portions, facts=facts)


def _some(portion: Portion, position: Flat, spans: Sequence[slice]) -> Portion:
    """Let some parameters alone move."""
    curved, evaluator = portion.curved, Restricted(portion.evaluator, position, spans)
    twin = None if curved is None else lambda: Restricted(curved(), position, spans)
    return portion._replace(evaluator=evaluator, curved=twin)


@dataclass(frozen=True, eq=False)
class Restricted:
    """The loss of a batch as a function of some of the parameters; see :class:`thalweg.geometry.network.Evaluator`.

    Attributes
    ----------
    evaluator : of all parameters
    position : (param,), all of them, where those that do not move stay
    spans : of those that move
    """

    evaluator: Evaluator
    position: Flat
    spans: Sequence[slice]

    @property
    def threads(self) -> bool:
        """Whether points may be evaluated from several threads at once."""
        return self.evaluator.threads

    def value(self, point: Flat) -> float:
        """Compute the loss at a point."""
        return self.evaluator.value(self._put(self.position.copy(), point))

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient by what moves."""
        loss, gradient = self.evaluator.gradient(self._put(self.position.copy(), point))
        return loss, self._taken(gradient)

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Multiply by the block of the Hessian that belongs to what moves."""
        product = self.evaluator.hessian_product(self._put(self.position.copy(), point))
        return lambda vector: self._taken(product(self._put(np.zeros_like(self.position), vector)))

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane."""
        return self.evaluator.on(self.whole(plane), plain=plain)

    def whole(self, plane: Plane) -> Plane:
        """Lay a plane through all parameters; what does not move has no part in its directions."""
        origin = self._put(self.position.astype(plane.origin.dtype), plane.origin)
        zero = np.zeros(self.position.shape, plane.directions.dtype)
        directions = np.stack([self._put(zero.copy(), direction) for direction in plane.directions])
        return replace(plane, origin=origin, directions=directions)

    def _put(self, whole: np.ndarray, some: np.ndarray) -> np.ndarray:
        first = 0
        for span in self.spans:
            size = span.stop - span.start
            whole[span] = some[first : first + size]
            first += size
        return whole

    def _taken(self, whole: np.ndarray) -> np.ndarray:
        return np.concatenate([whole[span] for span in self.spans])


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
