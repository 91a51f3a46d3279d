"""How a run ended, as data: compiled code raises nothing."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The end of a run; the number is what is stored."""

    MAX_STEPS = 0
    CONVERGED = 1
    DIVERGED = 2

    @property
    def advice(self) -> str:
        """What the status means and what to do about it."""
        return _ADVICE[self]


_ADVICE = {
    Status.MAX_STEPS: "took every step with a gradient that had not vanished; more steps or a decaying "
    "learning rate may settle it",
    Status.CONVERGED: "ended where the gradient vanishes to rounding",
    Status.DIVERGED: "left the finite numbers; try a smaller learning rate or clip the gradient",
}
