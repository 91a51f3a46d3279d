"""What a loss is: an elementwise penalty of a residual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeAlias

import numpy as np
from jaxtyping import Array
from numpy.typing import ArrayLike

from thalweg.base.arrays import numbers
from thalweg.base.border import from_, public

Settings = ParamSpec("Settings")

Numbers: TypeAlias = Array | np.ndarray | float
"""An array of JAX's or NumPy's, or a number."""

Elementwise: TypeAlias = Callable[[Numbers], Array]
"""An elementwise function of residuals."""


@from_("one of thalweg.losses")
@dataclass(frozen=True, eq=False)
class Loss:
    """An elementwise penalty of a residual, zero at zero and even.

    Attributes
    ----------
    name : how the loss is called in tables and figures
    penalty : ``penalty(residual) -> value``, elementwise, written with ``jax.numpy``; its derivative is finite
        everywhere, and 0 at a residual of exactly 0
    settings : the parameters that make it, for the record
    formula : the formula in plain text, for legends

    Examples
    --------
    >>> import thalweg as tw
    >>> loss = tw.losses.power(1 / 2)
    >>> float(loss(-9.0)), loss.settings["p"], loss.formula
    (3.0, 0.5, '|r|^0.5')
    """

    name: str
    penalty: Elementwise
    settings: Mapping[str, float] = field(default_factory=dict[str, float])
    formula: str = ""

    @public
    def __call__(self, residual: Array | ArrayLike) -> Array:
        """Apply the penalty elementwise."""
        return self.penalty(residual if isinstance(residual, Array | float) else numbers("residual", residual))


def shared(maker: Callable[Settings, Loss]) -> Callable[Settings, Loss]:
    """Let a maker give the same loss for the same settings, so that equal losses share compiled programs."""
    made: dict[tuple[tuple[str, float], ...], Loss] = {}

    @wraps(maker)
    def make(*arguments: Settings.args, **named: Settings.kwargs) -> Loss:
        loss = maker(*arguments, **named)
        return made.setdefault(tuple(loss.settings.items()), loss)

    return make
