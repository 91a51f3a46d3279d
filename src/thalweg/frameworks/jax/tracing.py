"""Functions of JAX written out: calls opened, and NaN kept where the compiler would lose it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core

CALLS = (
    "jit",
    "pjit",
    "call",
    "core_call",
    "closed_call",
    "core_closed_call",
    "custom_jvp_call",
    "custom_vjp_call",
    "remat2",
    "checkpoint",
)
"""Primitives that do no more, forwards, than call a function."""


def written_out(function: Callable[..., Any], *arguments: Any) -> core.ClosedJaxpr:
    """Trace a function of arrays into a program without calls, in which no maximum or minimum loses a NaN.

    On a processor XLA takes the larger of NaN and 0 to be 0 where it joins loops, so that a diverged network with
    rectifiers would seem to have a finite loss.

    Parameters
    ----------
    function : of arrays, returning arrays
    arguments : arrays, or their shapes and types
    """
    return _opened(jax.make_jaxpr(function)(*arguments))


def read(known: dict[Any, Any], var: Any) -> Any:
    """Look a variable's value up; a literal is its own."""
    return var.val if isinstance(var, core.Literal) else known[var]


def bound(equation: Any, inputs: Sequence[Any]) -> Sequence[Any]:
    """Apply the operation of an equation to other inputs."""
    outputs = equation.primitive.bind(*inputs, **equation.params)
    return outputs if equation.primitive.multiple_results else [outputs]


def run(program: core.ClosedJaxpr, arguments: Sequence[Any], step: Callable[..., Sequence[Any]] = bound) -> list[Any]:
    """Execute or trace a program as it stands, or with another ``step(equation, inputs)`` for its operations."""
    known = dict(zip(program.jaxpr.constvars, program.consts, strict=True))
    known.update(zip(program.jaxpr.invars, arguments, strict=True))
    for equation in program.jaxpr.eqns:
        inputs = [read(known, var) for var in equation.invars]
        known.update(zip(equation.outvars, step(equation, inputs), strict=True))
    return [read(known, var) for var in program.jaxpr.outvars]


def _opened(program: core.ClosedJaxpr) -> core.ClosedJaxpr:
    return jax.make_jaxpr(lambda *arguments: run(program, arguments, _kept))(*program.in_avals)


def _kept(equation: Any, inputs: Sequence[Any]) -> Sequence[Any]:
    """Apply an operation: a call opened, and so that no NaN is lost."""
    name = equation.primitive.name
    if name in CALLS:
        body = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
        return run(body if isinstance(body, core.ClosedJaxpr) else core.ClosedJaxpr(body, ()), inputs, _kept)
    if name in KEEPING and jnp.issubdtype(equation.outvars[0].aval.dtype, jnp.floating):
        return [KEEPING[name](equation, *inputs)]
    return bound(equation.replace(params={key: _within(value) for key, value in equation.params.items()}), inputs)


def _within(value: Any) -> Any:
    """Open the bodies of loops and branches too."""
    if isinstance(value, core.ClosedJaxpr):
        return _opened(value)
    if isinstance(value, tuple) and value and all(isinstance(one, core.ClosedJaxpr) for one in value):
        return tuple(map(_opened, value))
    return value


def _larger(equation: Any, one: Any, other: Any) -> Any:
    return _chosen(equation, one, other, lax.gt)


def _smaller(equation: Any, one: Any, other: Any) -> Any:
    return _chosen(equation, one, other, lax.lt)


def _chosen(equation: Any, one: Any, other: Any, better: Callable[[Any, Any], Any]) -> Any:
    first, second = equation.invars
    if isinstance(first, core.Literal):
        (one, other), second = (other, one), first
    shape = equation.outvars[0].aval.shape
    one, other = (lax.broadcast_in_dim(value, shape, range(jnp.ndim(value))) for value in (one, other))
    take = better(other, one)
    if not isinstance(second, core.Literal) or second.val != second.val:
        take = lax.bitwise_or(take, lax.ne(other, other))
    return lax.select(take, other, one)


def _extreme(equation: Any, values: Any) -> Any:
    """Mark what saw a NaN: the same operation tells it of flags, which are finite."""
    (found,) = bound(equation, [values])
    if equation.primitive.name in ("reduce_max", "reduce_min"):
        lost = lax.reduce(lax.ne(values, values), False, lax.bitwise_or, equation.params["axes"])
        return lax.select(lost, lax.full_like(found, jnp.nan), found)
    sign = -1 if equation.primitive.name.endswith("min") else 1
    (flags,) = bound(equation, [sign * lax.ne(values, values).astype(values.dtype)])
    return lax.select(lax.gt(sign * flags, lax.full_like(found, 0)), lax.full_like(found, jnp.nan), found)


KEEPING: dict[str, Callable[..., Any]] = {
    "max": _larger,
    "min": _smaller,
    **dict.fromkeys(
        ("reduce_max", "reduce_min", "cummax", "cummin", "reduce_window_max", "reduce_window_min"), _extreme
    ),
}
"""Operations that may lose a NaN when compiled for a processor, written so that they do not."""
