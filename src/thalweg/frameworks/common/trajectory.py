"""One descent in another framework: the job, how it was prepared, and the trajectory that comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from thalweg.base.progress import track
from thalweg.descent.optimizer import AnyOptimizer
from thalweg.frameworks.common.formula import Formula
from thalweg.frameworks.common.operations import Dialect
from thalweg.frameworks.common.optimizers import Chosen, read

FIRST = 5
"""Steps, behind the one in which all is compiled, that tell how long the others will take."""


class TooSlow(Exception):
    """A descent would take longer than anybody waits for; it has the seconds that it would take."""

    def __init__(self, seconds: float):
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True)
class Job:
    """A descent to be made.

    Attributes
    ----------
    title : of the framework, for whoever follows its progress
    train, test : what is descended, and the same on test data where there are any
    optimizer : of one run
    steps : how many updates
    patience : seconds after whose like it is given up, by :class:`TooSlow`; None waits for any length of time
    """

    title: str
    train: Formula
    test: Formula | None
    optimizer: AnyOptimizer
    steps: int
    patience: float | None = None

    @property
    def precision(self) -> int:
        """32 or 64 bits."""
        return self.train.precision

    @cached_property
    def chosen(self) -> Chosen:
        """The optimiser by its name and settings."""
        return read(self.optimizer, self.steps, self.precision)

    def test_loss(self, dialect: Dialect) -> Callable[[Float[np.ndarray, " param"]], float] | None:
        """Write the loss on test data in a framework; None where there are no such data."""
        if self.test is None:
            return None
        loss_at = self.test.mean(dialect)
        return lambda point: float(loss_at(dialect.constant(point)))


class Trajectory(NamedTuple):
    """What was measured of one run, before the update of each step; ``seconds`` each step took."""

    params: Float[np.ndarray, "step param"]
    train_loss: Float[np.ndarray, " step"]
    test_loss: Float[np.ndarray, " step"]
    grad_norm: Float[np.ndarray, " step"]
    seconds: Float[np.ndarray, " step"]


class Prepared(NamedTuple):
    """How a framework makes a descent.

    Attributes
    ----------
    idiom : in words, with the class of the optimiser
    facts : what else is to be kept of it, such as the device
    run : makes it from a start (param,)
    """

    idiom: str
    facts: Mapping[str, Any]
    run: Callable[[Float[np.ndarray, " param"]], Trajectory]


class Log:
    """Takes down a run, step by step, and tells whoever listens how far it is."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._progress = track(range(job.steps + 1), f"descending in {job.title}")
        self._steps: list[tuple[np.ndarray, float, np.floating, float]] = []
        self._params, self._began = np.empty(0), 0.0

    def begin(self, params: Any) -> None:
        """Take down where a step begins, and the time."""
        next(self._progress, None)
        self._params, self._began = np.array(params), perf_counter()

    def end(self, loss: float, gradient: Any) -> None:
        """Take down what the step has measured, once it has made its update.

        Raises
        ------
        TooSlow
            If the first steps tell that all together will take more than the job has patience for.
        """
        seconds = perf_counter() - self._began
        self._steps.append((self._params, loss, np.sqrt(np.sum(np.square(gradient))), seconds))
        if self._job.patience is not None and len(self._steps) == FIRST + 1:
            expected = expected_seconds([taken for *_, taken in self._steps], self._job.steps)
            if expected > self._job.patience:
                raise TooSlow(expected)

    def trajectory(self, test: Callable[[np.ndarray], float] | None) -> Trajectory:
        """Put the steps together; ``test`` is the loss on test data at given parameters."""
        next(self._progress, None)
        params, losses, norms, seconds = map(np.array, zip(*self._steps, strict=True))
        tests = [np.nan] * len(params) if test is None else [test(point) for point in params]
        losses, tests, norms = (np.array(values, dtype=params.dtype) for values in (losses, tests, norms))
        return Trajectory(params, losses, tests, norms, seconds)


def expected_seconds(seconds: list[float], steps: int) -> float:
    """Tell from the first steps how long all will take: the first one with what is compiled, the others as the median.

    Examples
    --------
    >>> expected_seconds([3.0, 0.1, 0.1, 0.2], steps=100)
    13.0
    """
    return seconds[0] + steps * float(np.median(seconds[1:]))
