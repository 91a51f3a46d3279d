"""An example's loss as a function of its parameters one by one, so that each derivative is a number of its own.

**Why so.** The derivative in a vector of parameters is a vector, and each place where the formula takes one parameter
out of it adds a vector of zeros but for that one. XLA lays these out in memory, or computes every derivative for every
place and picks: for two parameters that took two to ten times as long.

**How.** The formula is traced, and where it takes some parameters out of the vector it is given these themselves; where
it does anything else with the vector, they are stacked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from thalweg.base import hints, jaxprs

FEW = 8
"""Parameters up to which derivatives are numbers of their own: each makes a loop of its own."""


def value_and_slopes(
    example: Callable[..., Array], parameters: int, row: Sequence[Any]
) -> Callable[..., tuple[Array, list[Array]]]:
    """Make ``both(parts, *row)``, the loss of one example and its derivatives, from a list of its parameters.

    Parameters
    ----------
    example : ``example(params, *row)``, the loss of one example
    parameters : how many there are
    row : arrays like those of one example
    """
    point = jax.ShapeDtypeStruct((parameters,), row[0].dtype)
    program = jaxprs.trace(example, point, *(jax.ShapeDtypeStruct(part.shape, part.dtype) for part in row))

    def loss(parts: list[Array], *row: Array) -> Array:
        def step(equation: jaxprs.JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
            if equation.primitive.name == "slice" and inputs[0] is parts:
                (first,), (last,) = equation.params["start_indices"], equation.params["limit_indices"]
                return [jnp.stack(parts[slice(first, last, *(equation.params["strides"] or ()))])]
            return jaxprs.bind(equation, [jnp.stack(parts) if value is parts else value for value in inputs])

        return jaxprs.run(program, [parts, *row], step)[0]

    return hints.value_and_grads(loss)
