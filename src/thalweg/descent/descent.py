"""How runs are made, apart from where they start."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.base.border import from_, public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import dtype_of
from thalweg.descent import minibatch as batches
from thalweg.descent.minibatch import Minibatch
from thalweg.descent.optimizer import AnyOptimizer, attempt, recipe_of, searches, takes_batches
from thalweg.losses.objective import Objective

MOST = 2**31 - 1
"""Updates of a run at most: they are counted in 32 bits."""


@from_("a thalweg.Descent")
@dataclass(frozen=True, eq=False)
class Descent:
    """An optimiser, how many steps it takes, from how much of the data, and in what precision.

    Parameters
    ----------
    optimizer : any optax ``GradientTransformation`` or ``MultiSteps``, or an :class:`thalweg.Optimizer`
    steps : updates of each run
    minibatch : gradients from a part of the training data at a time; all of it by default
    precision : 32 or 64 bits
    shadows : whether three more runs are made beside each, which only rounding tells apart from it: their starts are
        moved by one unit in the last place, up and down, and one has the other precision

    Raises
    ------
    InvalidValue
        If the steps or the precision are not allowed, or the optimizer is none.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> runs = tw.descend(objective, tw.Descent(optax.sgd(0.01), steps=5, precision=32), starts=[0.0, 0.0])
    >>> runs["params"].dtype, runs.sizes["step"]
    (dtype('float32'), 6)
    """

    optimizer: AnyOptimizer
    steps: int = 100
    minibatch: Minibatch | None = None
    precision: int = 64
    shadows: bool = False

    def __post_init__(self) -> None:
        whole("steps", self.steps, at_least=1, at_most=MOST)
        dtype_of(self.precision)
        recipe_of(self.optimizer)

    @public
    def check(self, objective: Objective, runs: int) -> None:
        """Refuse what does not suit the objective or the number of runs.

        Parameters
        ----------
        objective : to be descended
        runs : how many

        Raises
        ------
        InvalidValue
            If there are no data for mini-batches or too few, a setting has not one value a run, optax refuses, or a
            line search is asked for in 32 bits.
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
        state = attempt(recipe, len(problem.domain))
        if self.minibatch is not None and not takes_batches(recipe, len(problem.domain)):
            raise InvalidValue(
                "the optimizer asks for the loss at points of its own, which is not given of "
                "mini-batches; leave minibatch out"
            )
        if searches(state) and (self.precision == 32 or self.shadows):
            # Where the search ends at no error to rounding, XLA may compute that error twice and round it in two ways,
            # so that the search neither succeeds nor fails: optax 0.2.8 on jaxlib 0.10.2 then goes on for ever.
            raise InvalidValue(
                "line searches, such as lbfgs, may never end in 32 bits; give precision = 64 and no shadows, "
                "or another optimiser"
            )
