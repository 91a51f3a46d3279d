"""Programs of JAX taken apart: the one place that knows what a jaxpr looks like inside.

A function of arrays is traced into a *jaxpr*, a list of equations ``outputs = operation[params](inputs)`` over
variables and literals (see “The jaxpr language” in JAX's documentation). Four parts of Thalweg read such lists: what of
an example depends on its data alone (``descent/features.py``), how another framework writes a formula
(``frameworks/common/formula.py``), where a compiler would lose a NaN, and what of a network is affine
(``frameworks/jax``). JAX changes its internals with every release; what the four share is mended here once.

A *call* is an equation that does no more, forwards, than compute a program of its own: ``jit``, ``checkpoint``,
functions with a derivative of their own. To open a call is to compute that program in its place; the derivative that
came with it is then lost, and JAX's own takes its place. Loops and branches are no calls: their programs, here called
bodies, stay inside and may be replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var, jaxpr_as_fun

__all__ = ["ClosedJaxpr", "Jaxpr", "JaxprEqn", "Literal", "Var", "bind", "called", "function_of", "read", "run"]
__all__ += ["shaped", "trace", "variables", "with_bodies"]

CALLS = (
    "jit",
    "pjit",
    "call",
    "core_call",
    "closed_call",
    "core_closed_call",
    "custom_jvp_call",
    "custom_vjp_call",
    "remat",
    "remat2",
    "checkpoint",
)
"""Names of calls, in this and in earlier releases: ``jax.checkpoint`` alone has had three."""

PROGRAMS = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Parameters in which a call keeps its program."""


class Shaped(Protocol):
    """What is known of an array before there are numbers in it."""

    shape: tuple[int, ...]
    dtype: np.dtype


Values = Mapping[Any, Any]
"""What variables stand for: arrays, or the places of arrays, by variable."""


def trace(function: Callable[..., Any], *arguments: Any) -> ClosedJaxpr:
    """Take down what a function of arrays computes, from arrays or from their shapes and types."""
    return cast(Any, jax).make_jaxpr(function)(*arguments)


def called(equation: JaxprEqn) -> ClosedJaxpr | None:
    """Find the program that an equation does no more than call; None where it is an operation of its own."""
    if equation.primitive.name not in CALLS:
        return None
    body: Any = next(equation.params[name] for name in PROGRAMS if name in equation.params)
    return body if isinstance(body, ClosedJaxpr) else ClosedJaxpr(body, ())


def variables(atoms: Iterable[Any]) -> list[Any]:
    """List the variables among the inputs of an equation, or the results of a program; the rest are literals."""
    return [atom for atom in atoms if not isinstance(atom, Literal)]


def shaped(atom: Any) -> Shaped:
    """Tell the shape and type of a variable or a literal."""
    return atom.aval


def read(values: Values, atom: Any) -> Any:
    """Look a variable's value up; a literal is its own."""
    return atom.val if isinstance(atom, Literal) else values[atom]


def bind(equation: JaxprEqn, inputs: Sequence[Any]) -> Sequence[Any]:
    """Apply the operation of an equation to inputs; always a list of results."""
    primitive: Any = equation.primitive
    outputs: Any = primitive.bind(*inputs, **primitive.get_bind_params(equation.params))
    return outputs if primitive.multiple_results else [outputs]


def run(
    program: ClosedJaxpr, arguments: Sequence[Any], step: Callable[[JaxprEqn, Sequence[Any]], Sequence[Any]] = bind
) -> list[Any]:
    """Execute or trace a program as it stands, or with another ``step(equation, inputs)`` for its operations."""
    values: dict[Any, Any] = dict(zip(program.jaxpr.constvars, program.consts, strict=True))
    values.update(zip(program.jaxpr.invars, arguments, strict=True))
    for equation in program.jaxpr.eqns:
        inputs = [read(values, atom) for atom in equation.invars]
        values.update(zip(equation.outvars, step(equation, inputs), strict=True))
    return [read(values, atom) for atom in program.jaxpr.outvars]


def with_bodies(equation: JaxprEqn, change: Callable[[ClosedJaxpr], ClosedJaxpr]) -> JaxprEqn:
    """Replace the bodies of an equation: those of a loop, and those of branches."""

    def changed(value: Any) -> Any:
        if isinstance(value, ClosedJaxpr):
            return change(value)
        several = cast(tuple[Any, ...], value) if isinstance(value, tuple) else ()
        if several and all(isinstance(one, ClosedJaxpr) for one in several):
            return tuple(map(change, several))
        return cast(Any, value)

    return equation.replace(params={name: changed(value) for name, value in equation.params.items()})


def function_of(
    program: ClosedJaxpr, inputs: Sequence[Any], results: Sequence[Any], equations: Sequence[JaxprEqn]
) -> Callable[..., list[Any]]:
    """Make a function of some of a program's equations: from values of ``inputs`` to those of ``results``."""
    part: Any = program.jaxpr.replace(invars=list(inputs), outvars=list(results), eqns=list(equations))
    return cast(Callable[..., list[Any]], jaxpr_as_fun(ClosedJaxpr(part, program.consts)))
