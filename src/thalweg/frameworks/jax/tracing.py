"""Functions of JAX written out: calls opened, and NaN kept where the compiler would lose it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax.numpy as jnp
from jax import lax

from thalweg.base.jaxprs import ClosedJaxpr, JaxprEqn, Literal, bind, called, run, shaped, trace, with_bodies


def written_out(function: Callable[..., Any], *arguments: Any) -> ClosedJaxpr:
    """Trace a function of arrays into a program without calls, in which no maximum or minimum loses a NaN.

    On a processor XLA takes the larger of NaN and 0 to be 0 where it joins loops, so that a diverged network with
    rectifiers would seem to have a finite loss.

    Parameters
    ----------
    function : of arrays, returning arrays
    arguments : arrays, or their shapes and types
    """
    return _opened(trace(function, *arguments))


def _opened(program: ClosedJaxpr) -> ClosedJaxpr:
    return trace(lambda *arguments: run(program, arguments, _kept), *program.in_avals)


def _kept(equation: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
    """Apply an operation: a call opened, and so that no NaN is lost."""
    name, body = equation.primitive.name, called(equation)
    if body is not None:
        return run(body, inputs, _kept)
    if name in KEEPING and jnp.issubdtype(shaped(equation.outvars[0]).dtype, jnp.floating):
        return [KEEPING[name](equation, *inputs)]
    return bind(with_bodies(equation, _opened), inputs)


def _chosen(better: Callable[[Any, Any], Any], equation: JaxprEqn, one: Any, other: Any) -> Any:
    first, second = equation.invars
    if isinstance(first, Literal):
        (one, other), second = (other, one), first
    shape = shaped(equation.outvars[0]).shape
    one, other = (lax.broadcast_in_dim(value, shape, range(jnp.ndim(value))) for value in (one, other))
    take = better(other, one)
    if not isinstance(second, Literal) or second.val != second.val:
        take = lax.bitwise_or(take, lax.ne(other, other))
    return lax.select(take, other, one)


def _extreme(equation: JaxprEqn, values: Any) -> Any:
    """Mark what saw a NaN: the same operation tells it of flags, which are finite."""
    (extreme,) = bind(equation, [values])
    if equation.primitive.name in ("reduce_max", "reduce_min"):
        lost = lax.reduce(lax.ne(values, values), False, lax.bitwise_or, equation.params["axes"])
        return lax.select(lost, lax.full_like(extreme, jnp.nan), extreme)
    sign = -1 if equation.primitive.name.endswith("min") else 1
    (flags,) = bind(equation, [sign * lax.ne(values, values).astype(values.dtype)])
    return lax.select(lax.gt(sign * flags, lax.full_like(extreme, 0)), lax.full_like(extreme, jnp.nan), extreme)


KEEPING: dict[str, Callable[..., Any]] = {
    "max": partial(_chosen, lax.gt),
    "min": partial(_chosen, lax.lt),
    **dict.fromkeys(
        ("reduce_max", "reduce_min", "cummax", "cummin", "reduce_window_max", "reduce_window_min"), _extreme
    ),
}
"""Operations that may lose a NaN when compiled for a processor, written so that they do not."""
