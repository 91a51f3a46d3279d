"""What of an example depends on its data alone is computed once, not once a run and step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import jax
import numpy as np
from jaxtyping import Array

from thalweg.base import jaxprs

Columns: TypeAlias = tuple[Array | np.ndarray, ...]


def apart(example: Callable[..., Array], parameters: int, columns: Columns) -> tuple[Callable[..., Array], Columns]:
    """Part a function of parameters and data into features of the data and a function of parameters and features.

    XLA would compute a feature such as ``cos(3 x)`` anew for every run, since it joins loops over runs into one.

    Parameters
    ----------
    example : ``example(params, *row)``, the loss of one example
    parameters : how many there are
    columns : of the data, one value an example

    Returns
    -------
    ``late(params, *features)`` and the features, arrays of (example, …); just what was given where nothing can be
    computed beforehand
    """
    if not columns:
        return example, columns
    point = jax.ShapeDtypeStruct((parameters,), columns[0].dtype)
    program = jaxprs.trace(example, point, *(jax.ShapeDtypeStruct((), column.dtype) for column in columns))
    variable, *rows = program.jaxpr.invars
    known = {*rows, *program.jaxpr.constvars}
    early: list[jaxprs.JaxprEqn] = []
    late: list[jaxprs.JaxprEqn] = []
    for equation in program.jaxpr.eqns:
        if known.issuperset(jaxprs.variables(equation.invars)) and not equation.effects:
            early.append(equation)
            known.update(equation.outvars)
        else:
            late.append(equation)
    if not early:
        return example, columns
    used = {var for equation in late for var in jaxprs.variables(equation.invars)}
    made = [*rows, *(var for equation in early for var in equation.outvars)]
    kept = [var for var in made if var in used]
    first = jaxprs.function_of(program, rows, kept, early)
    then = jaxprs.function_of(program, [variable, *kept], program.jaxpr.outvars, late)

    def later(params: Array, *features: Array) -> Array:
        return then(params, *features)[0]

    return later, tuple(jax.vmap(first)(*columns))
