"""The objective: the mean of a loss over data, a function of the parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Array

from thalweg.base.border import from_, public
from thalweg.base.errors import InvalidValue
from thalweg.base.rules import Rule
from thalweg.base.showing import shown
from thalweg.losses.evaluable import check
from thalweg.losses.loss import Elementwise, Loss, Numbers
from thalweg.problems.fixed import fix
from thalweg.problems.problem import Function, Params, Problem, Regression, Residual


@dataclass(frozen=True)
class Penalised:
    """The penalty of a residual; equal ones share compiled programs."""

    residual: Residual
    penalty: Elementwise

    def __call__(self, params: Params, *columns: Numbers) -> Array:
        """Evaluate the loss of one example."""
        return self.penalty(self.residual(params, *columns))


@from_("what thalweg.objective returns")
@dataclass(frozen=True, eq=False)
class Objective:
    """A problem with its loss; what is descended and surveyed.

    Attributes
    ----------
    problem, loss : what it was made of; a surface in closed form has no loss
    example : ``example(params, *columns) -> scalar``, the loss of one example; the objective is its mean
    train, test : the columns as 64-bit arrays (example,), empty tuples where there are no data

    Examples
    --------
    >>> import thalweg as tw
    >>> whole = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    >>> whole.problem.name, whole.loss.name, [column.shape for column in whole.train]
    ('pencil', 'fourth_root', [(670,), (670,)])
    """

    problem: Problem
    loss: Loss | None
    example: Callable[..., Array]
    train: tuple[np.ndarray, ...]
    test: tuple[np.ndarray, ...]

    @public
    def fix(self, **values: float) -> Objective:
        """Hold some parameters, and leave a slice: an objective of the others.

        Parameters
        ----------
        values : at which parameters are held, by their names; angles in radians

        Returns
        -------
        Objective
            Its problem has the other parameters, in their order, with their axes and their start; of the known minima
            those that lie on the slice. What is made of it says what is held, in the attribute ``fixed``.

        Raises
        ------
        UnknownName
            If there is no parameter of that name.
        InvalidValue
            If nothing or everything is held, or a value is no place on its axis.

        Examples
        --------
        >>> import thalweg as tw
        >>> slice = tw.objective(tw.problems.rastrigin(4)).fix(x3=0.0, x4=1.0)
        >>> slice.problem.parameters, tw.survey(slice, points=11).attrs["fixed"]
        (('x1', 'x2'), 'x3 = 0, x4 = 1')
        """
        return objective(fix(self.problem, values), self.loss)


class _Posed(Rule):
    """A problem; a network has its loss already, and verbs of its own."""

    def refusal(self, name: str, value: object) -> str:
        if type(value).__name__ == "Network":
            return f"{name} = {shown(value)} has its loss already; give it to the verbs of thalweg.networks"
        return f"{name} = {shown(value)} is not a Problem; give one of thalweg.problems"


POSED = _Posed(lambda value: isinstance(value, Problem), "a Problem")


@public
def objective(problem: Annotated[Problem, POSED], loss: Loss | None = None) -> Objective:
    """Join a problem and a loss.

    Parameters
    ----------
    problem : data with residuals, or a surface in closed form
    loss : the penalty of a residual; a surface in closed form takes none

    Returns
    -------
    Objective
        The mean of the loss over the training data, or the surface itself, as a function of the parameters.

    Raises
    ------
    InvalidValue
        If data come without a loss, or a surface in closed form with one; if the function of the parameters raises an
        error, reads more of them than the domain has, or does not give one real number.

    Examples
    --------
    >>> from thalweg import losses, problems
    >>> objective(problems.pencil(), losses.power(1 / 2)).problem.parameters
    ('phi',)
    """
    if isinstance(problem, Regression):
        if loss is None:
            raise InvalidValue(f"{problem.name} has data but no loss was given; give one, such as losses.power(1 / 2)")
        example, train = Penalised(problem.residual, loss.penalty), tuple(problem.train.values())
        check(problem, example, train)
        return Objective(
            problem,
            loss,
            example,
            train,
            tuple(problem.test.values()) if len(next(iter(problem.test.values()))) else (),
        )
    assert isinstance(problem, Function)
    if loss is not None:
        raise InvalidValue(f"{problem.name} is a surface in closed form and takes no loss; leave {loss.name} out")
    check(problem, problem.value, ())
    return Objective(problem, None, problem.value, (), ())
