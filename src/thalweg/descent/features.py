"""What of an example depends on its data alone is computed once, not once a run and step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.extend import core

Columns = tuple[Any, ...]


def apart(example: Callable[..., Any], parameters: int, columns: Columns) -> tuple[Callable[..., Any], Columns]:
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
    closed = jax.make_jaxpr(example)(point, *(jax.ShapeDtypeStruct((), column.dtype) for column in columns))
    variable, *rows = closed.jaxpr.invars
    known = {*rows, *closed.jaxpr.constvars}
    early, late = [], []
    for equation in closed.jaxpr.eqns:
        needs = {var for var in equation.invars if not isinstance(var, core.Literal)}
        if needs <= known and not equation.effects:
            early.append(equation)
            known.update(equation.outvars)
        else:
            late.append(equation)
    if not early:
        return example, columns
    used = {var for equation in late for var in equation.invars if not isinstance(var, core.Literal)}
    made = [*rows, *(var for equation in early for var in equation.outvars)]
    kept = [var for var in made if var in used]
    before = closed.jaxpr.replace(invars=rows, outvars=kept, eqns=early)
    after = closed.jaxpr.replace(invars=[variable, *kept], eqns=late)
    first, then = (core.jaxpr_as_fun(core.ClosedJaxpr(part, closed.consts)) for part in (before, after))
    return (lambda params, *features: then(params, *features)[0]), tuple(jax.vmap(first)(*columns))
