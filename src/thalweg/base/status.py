"""How a run ended, as data: compiled code raises nothing."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The end of a run; the number is what is stored.

    Attributes
    ----------
    MAX_STEPS : all steps were taken, and the gradient has not vanished
    CONVERGED : the gradient vanishes to rounding
    DIVERGED : numbers are no longer finite

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> runs = tw.descend(tw.objective(tw.problems.himmelblau()), optax.sgd(0.03), starts=[[0, 4], [5, 5]], steps=20)
    >>> [tw.Status(code).name for code in runs["status"].values]
    ['MAX_STEPS', 'DIVERGED']
    >>> tw.Status.DIVERGED.advice
    'its numbers are no longer finite; try a smaller learning rate or clip the gradient'
    """

    MAX_STEPS = 0
    CONVERGED = 1
    DIVERGED = 2

    @property
    def advice(self) -> str:
        """What the status means and what to do about it."""
        return _ADVICE[self]


_ADVICE = {
    Status.MAX_STEPS: "the gradient has not vanished; more steps or a decaying learning rate may settle it",
    Status.CONVERGED: "the gradient vanishes to rounding",
    Status.DIVERGED: "its numbers are no longer finite; try a smaller learning rate or clip the gradient",
}
