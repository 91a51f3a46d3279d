"""What stands before an evaluator and changes some of its answers: all others are passed on."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.geometry.chunks import Values
from thalweg.geometry.network import Evaluator, Flat
from thalweg.geometry.plane import Plane


@dataclass(frozen=True, eq=False)
class Passing:
    """The loss of a batch, some of whose derivatives others give; see :class:`thalweg.geometry.network.Evaluator`.

    Attributes
    ----------
    evaluator : of the loss
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

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane."""
        return self.evaluator.on(plane, plain=plain)
