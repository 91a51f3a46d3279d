"""A network with its loss on fixed data, seen as a function of a flat vector of parameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from jaxtyping import Float

from thalweg.base.errors import InvalidValue
from thalweg.base.parallel import cores, each
from thalweg.base.progress import track
from thalweg.geometry.plane import Plane

Flat = Float[np.ndarray, " param"]
"""All parameters one behind the other, leaf by leaf in the framework's own order, each in C order."""

Values = Callable[[Float[np.ndarray, "point axis"]], Float[np.ndarray, " point"]]
"""Losses at coordinates of a plane; the loss of one point does not depend on the others."""

Kind = Literal["weight", "bias", "norm"]

CHUNK = 512
"""Points of a slice that are handed to an evaluator at once at most."""

TRIED, PAUSE = 8, 0.1
"""Points that tell how long one takes, and seconds that a chunk takes at most, about: progress is told after each."""


@dataclass(frozen=True)
class Leaf:
    """One parameter array of a network.

    Attributes
    ----------
    name, shape : as the framework has them
    kind : ``"weight"`` where it has filters; ``"bias"``; ``"norm"``, the scale or shift of a normalisation layer
    order : its axes in the order that is common to all frameworks: the filters (what one output is made of) first, then
        inputs, then the kernel's axes: (1, 0) for a dense layer whose weights are (input, output)
    """

    name: str
    shape: tuple[int, ...]
    kind: Kind
    order: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape, dtype=np.int64))


class Evaluator(Protocol):
    """The loss of one part of the data, computed in the framework that the network was made in.

    It has a copy of all it needs: the user's model is never touched. Points are NumPy vectors in the network's type.
    """

    threads: bool
    """Whether points may be evaluated from several threads at once."""

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


class Part(NamedTuple):
    """Some rows of the data: the share that their mean loss has in the whole, and what evaluates it."""

    share: float
    evaluator: Evaluator


@dataclass(frozen=True, eq=False)
class Network:
    """A network and its loss on stated, fixed data.

    Attributes
    ----------
    leaves : its parameter arrays in the order of the flat vector
    position : (param,), its parameters when it was handed over, float32 or float64
    parts : of the data; their losses are averaged by share
    facts : framework, mode, examples, loss and versions, for the attributes of results
    model : whose layout the framework's checkpoints have; None where arrays are told by the leaves' names alone
    """

    leaves: tuple[Leaf, ...]
    position: Flat
    parts: tuple[Part, ...]
    facts: Mapping[str, Any]
    model: Any = field(default=None, repr=False)

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""
        return self.position.dtype

    @property
    def spans(self) -> list[slice]:
        """Where each leaf lies in the flat vector."""
        ends = np.cumsum([leaf.size for leaf in self.leaves]).tolist()
        return [slice(end - leaf.size, end) for leaf, end in zip(self.leaves, ends, strict=True)]

    def point(self, values: Any = None) -> Flat:
        """Check a flat vector and give it the network's type; its own position where None."""
        if values is None:
            return self.position
        values = np.asarray(values)
        if values.shape != self.position.shape:
            raise InvalidValue(
                f"a point of shape {values.shape} is none of this network; give a flat vector of {self.position.size} "
                "numbers"
            )
        return values.astype(self.dtype)

    def value(self, point: Any = None) -> float:
        """Compute the loss at a point."""
        point = self.point(point)
        return sum(part.share * part.evaluator.value(point) for part in self.parts)

    def gradient(self, point: Any = None) -> tuple[float, Flat]:
        """Compute the loss and its gradient, (param,)."""
        point = self.point(point)
        loss, gradient = 0.0, np.zeros(point.shape)
        for part in self.parts:
            value, slope = part.evaluator.gradient(point)
            loss, gradient = loss + part.share * value, gradient + part.share * slope.astype(np.float64)
        return loss, gradient.astype(self.dtype)

    def hessian_product(self, point: Any = None) -> Callable[[Flat], Flat]:
        """Make the function that multiplies a vector (param,) by the Hessian at a point."""
        point = self.point(point)
        products = [(part.share, part.evaluator.hessian_product(point)) for part in self.parts]

        def product(vector: Flat) -> Flat:
            vector = np.asarray(vector).astype(self.dtype)
            return np.sum([share * multiply(vector).astype(np.float64) for share, multiply in products], axis=0)

        return product

    def values(
        self,
        plane: Plane,
        coordinates: Float[np.ndarray, "point axis"],
        *,
        chunk: int | None = None,
        threads: bool = True,
        plain: bool = False,
    ) -> Float[np.ndarray, " point"]:
        """Compute the losses at coordinates of a plane; neither ``chunk`` nor ``threads`` changes a bit of them."""
        coordinates = np.ascontiguousarray(coordinates, dtype=self.dtype)
        plane = plane.astype(self.dtype)
        total = np.zeros(len(coordinates))
        for part in self.parts:
            evaluate = part.evaluator.on(plane, plain=plain)
            parallel = threads and part.evaluator.threads
            size = chunk or _fitting(evaluate, coordinates, parallel)
            chunks = [slice(first, first + size) for first in range(0, len(coordinates), size)]

            def work(span: slice, evaluate: Values = evaluate) -> np.ndarray:
                return np.asarray(evaluate(coordinates[span]), dtype=np.float64)

            results: Iterator[np.ndarray] = (
                each(work, chunks, "evaluating") if parallel else map(work, track(chunks, "evaluating"))
            )
            for span, losses in zip(chunks, results, strict=True):
                total[span] += part.share * losses
        return total


def _fitting(evaluate: Values, coordinates: np.ndarray, parallel: bool) -> int:
    """Choose how many points make a chunk: as many for every core, and not so many that nothing is heard of it."""
    each_takes = _timed(evaluate, coordinates[:TRIED])
    if each_takes > PAUSE / CHUNK:  # something may have been compiled
        each_takes = _timed(evaluate, coordinates[:TRIED])
    shared = -(-len(coordinates) // (cores() if parallel else 1))
    return max(1, min(int(PAUSE / each_takes), shared, CHUNK))


def _timed(evaluate: Values, coordinates: np.ndarray) -> float:
    """Time a point, in seconds."""
    begun = time.perf_counter()
    evaluate(coordinates)
    return (time.perf_counter() - begun) / max(len(coordinates), 1)
