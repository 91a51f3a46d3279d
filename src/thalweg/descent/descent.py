"""How runs are made, apart from where they start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import dtype_of
from thalweg.descent import minibatch as batches
from thalweg.descent.minibatch import Minibatch
from thalweg.descent.optimizer import AnyOptimizer, attempt, recipe_of

if TYPE_CHECKING:
    from thalweg.losses.objective import Objective


@dataclass(frozen=True, eq=False)
class Descent:
    """An optimiser, how many steps it takes, from how much of the data, and in what precision.

    Parameters
    ----------
    optimizer : any optax ``GradientTransformation``, or an :class:`thalweg.Optimizer`
    steps : updates of each run
    minibatch : gradients from a part of the training data at a time; all of it by default
    precision : 32 or 64 bits
    shadows : whether three more runs are made beside each, which only rounding tells apart from it: their starts are
        moved by one unit in the last place, up and down, and one has the other precision
    """

    optimizer: AnyOptimizer
    steps: int = 100
    minibatch: Minibatch | None = None
    precision: int = 64
    shadows: bool = False

    def __post_init__(self) -> None:
        whole("steps", self.steps, at_least=1)
        dtype_of(self.precision)
        recipe_of(self.optimizer)

    def check(self, objective: Objective, runs: int) -> None:
        """Refuse what does not suit the objective or the number of runs.

        Raises
        ------
        InvalidValue
            If there are no data for mini-batches or too few, a setting has not one value a run, or optax refuses.
        """
        problem = objective.problem
        if self.minibatch is not None:
            if not objective.train:
                raise InvalidValue(f"{problem.name} has no data to take mini-batches of; leave minibatch out")
            batches.check(self.minibatch, len(objective.train[0]), runs)
        recipe, varying = recipe_of(self.optimizer)
        for name, values in varying.items():
            if len(values) != runs:
                raise InvalidValue(f"{name} has {len(values)} values for {runs} runs; give one number, or one a run")
        attempt(recipe, len(problem.domain))
