"""A descent in another framework: what is asked of it, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from thalweg.descent.optimizer import AnyOptimizer
from thalweg.frameworks.formula import Formula
from thalweg.frameworks.optimizers import Chosen, read


@dataclass(frozen=True)
class Task:
    """A descent to be made.

    Attributes
    ----------
    train, test : what is descended, and the same on test data where there are any
    optimizer : of one run
    steps : how many updates
    """

    train: Formula
    test: Formula | None
    optimizer: AnyOptimizer
    steps: int

    @property
    def precision(self) -> int:
        """32 or 64 bits."""
        return self.train.precision

    @cached_property
    def chosen(self) -> Chosen:
        """The optimiser by its name and settings."""
        return read(self.optimizer, self.steps, self.precision)


class Course(NamedTuple):
    """What was measured of one run, before the update of each step; ``seconds`` each step took."""

    params: Float[np.ndarray, "step param"]
    train_loss: Float[np.ndarray, " step"]
    test_loss: Float[np.ndarray, " step"]
    grad_norm: Float[np.ndarray, " step"]
    seconds: Float[np.ndarray, " step"]


class Way(NamedTuple):
    """How a framework makes it.

    Attributes
    ----------
    idiom : in words, with the class of the optimiser
    facts : what else is to be kept of it, such as the device
    run : makes it from a start (param,)
    """

    idiom: str
    facts: Mapping[str, Any]
    run: Callable[[Float[np.ndarray, " param"]], Course]


class Log:
    """Takes down a run, step by step."""

    def __init__(self) -> None:
        self._params: list[np.ndarray] = []
        self._losses: list[float] = []
        self._norms: list[np.floating] = []
        self._seconds: list[float] = []
        self._began = 0.0

    def begin(self, params: Any) -> None:
        """Take down where a step begins, and the time."""
        self._params.append(np.array(params))
        self._began = perf_counter()

    def end(self, loss: float, gradient: Any) -> None:
        """Take down what the step has measured, once it has made its update."""
        self._seconds.append(perf_counter() - self._began)
        self._losses.append(loss)
        self._norms.append(np.sqrt(np.sum(np.square(gradient))))

    def course(self, test: Callable[[np.ndarray], float] | None) -> Course:
        """Put the steps together; ``test`` is the loss on test data at given parameters."""
        params = np.stack(self._params)
        tests = [np.nan] * len(params) if test is None else [test(point) for point in params]
        losses, norms, tests = (np.array(values, dtype=params.dtype) for values in (self._losses, self._norms, tests))
        return Course(params, losses, tests, norms, np.array(self._seconds))
