"""Whether a function of the parameters can be evaluated at as many as its domain has, told before anything is computed.

JAX raises nothing in compiled code: where NumPy would say that an index is out of bounds, it takes the nearest place
that there is. So ``p[0] + p[1]`` with one axis is ``2 p[0]``, a surface that nobody asked for. Here the function is
traced once, which costs a few milliseconds, and the program is read: wherever it takes a place out of an array that
depends on the parameters, and the place is known beforehand, it must be there. What is not known beforehand, such as a
place that depends on the data or on the parameters themselves, is left alone; a loop is followed for its first steps.

Evaluating the function with NumPy's arrays in place of JAX's was tried: it sees no index inside ``vmap``, and fails for
whatever is written with methods that only JAX's have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from thalweg.base import jaxprs
from thalweg.base.errors import InvalidValue, ThalwegError
from thalweg.problems.problem import Problem

STEPS = 100
"""Steps of a loop that are followed at most."""

SHOWN = 200
"""Characters of another's error that are shown."""


def check(problem: Problem, example: Callable[..., Any], columns: Sequence[np.ndarray]) -> None:
    """Refuse the loss of one example that does not make one number of the problem's parameters.

    Raises
    ------
    InvalidValue
        If it raises an error, reads a parameter that is not there, or gives anything but one real number.
    """
    names = ", ".join(problem.parameters)
    count = len(problem.parameters)
    of = f"the {f'{count} parameters' if count > 1 else 'parameter'} {names}"
    beside = f" and {len(columns)} column{'s' * (len(columns) > 1)}" if columns else ""
    row = [jax.ShapeDtypeStruct((), jnp.float32) for _ in columns]
    try:
        program = jaxprs.trace(lambda *arguments: _one(example(*arguments)), _vector(count), *row)
    except ThalwegError:
        raise
    except Exception as error:  # whatever a function of the user's own may raise
        reason = " ".join(str(error).split("\n")[0].split())[:SHOWN] or type(error).__name__
        raise InvalidValue(
            f"{problem.name} cannot be evaluated at {of}{beside}: {reason}; give one axis for each parameter that it "
            "takes, and write it with jax.numpy"
        ) from None
    result = jaxprs.shaped(program.jaxpr.outvars[0])
    if result.shape or not jnp.issubdtype(result.dtype, jnp.floating):
        what = f"an array of shape {tuple(result.shape)}" if result.shape else f"a value of type {result.dtype}"
        raise InvalidValue(f"{problem.name} gives {what} at {of}; it must give one real number")
    try:
        _walk(program, [_Value(True), *(_Value() for _ in row)])
    except _OutOfReach as beyond:
        if beyond.size == count:
            reads = f"reads parameter number {beyond.place}, counted from 0, and its domain has {of}"
        else:
            reads = f"reads place {beyond.place} of {beyond.size} numbers, counted from 0, that it makes of {of}"
        raise InvalidValue(f"{problem.name} {reads}; give one axis for each that it reads") from None


def _vector(count: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((count,), jnp.float32)


def _one(result: Any) -> Any:
    """Refuse several results, or none, which JAX would flatten."""
    kind = cast(type[object], type(result))
    if issubclass(kind, list | tuple | dict | type(None)):
        raise TypeError(f"it gives a {kind.__name__}, not one number")
    return result


class _OutOfReach(Exception):
    """A place that is not there."""

    def __init__(self, place: int, size: int):
        super().__init__()
        self.place, self.size = place, size


@dataclass(frozen=True)
class _Value:
    """What is known of a variable: whether it depends on the parameters and, if it is known beforehand, its number."""

    varies: bool = False
    known: Callable[[], Any] | None = None


def _walk(program: jaxprs.ClosedJaxpr, arguments: Sequence[_Value]) -> list[_Value]:
    """Go through a program; calls are opened, loops and branches followed."""
    values: dict[Any, _Value] = dict(zip(program.jaxpr.invars, arguments, strict=True))
    for variable, constant in zip(program.jaxpr.constvars, program.consts, strict=True):
        values[variable] = _constant(constant)

    def read(atom: Any) -> _Value:
        return _constant(atom.val) if isinstance(atom, jaxprs.Literal) else values[atom]

    for equation in program.jaxpr.eqns:
        inputs = [read(atom) for atom in equation.invars]
        body = jaxprs.called(equation)
        outputs = _step(equation, inputs) if body is None else _walk(body, inputs)
        values.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in program.jaxpr.outvars]


def _step(equation: jaxprs.JaxprEqn, inputs: Sequence[_Value]) -> list[_Value]:
    name, params = equation.primitive.name, equation.params
    varies = any(value.varies for value in inputs)
    if name == "scan":
        return _loop(params, inputs)
    if name == "cond":
        branches = [_walk(branch, inputs[1:]) for branch in params["branches"]]
        return [_Value(varies or any(value.varies for value in several)) for several in zip(*branches, strict=True)]
    if inputs and inputs[0].varies and name in ("dynamic_slice", "gather"):
        _check_places(equation, inputs[1:])
    if varies or equation.effects or name == "while" or not all(value.known for value in inputs):
        return [_Value(varies) for _ in equation.outvars]

    @cache
    def computed() -> Sequence[Any]:
        with jax.ensure_compile_time_eval():
            return jaxprs.bind(equation, [value.known() for value in inputs if value.known])

    return [_Value(False, lambda k=k: computed()[k]) for k in range(len(equation.outvars))]


def _loop(params: dict[str, Any], inputs: Sequence[_Value]) -> list[_Value]:
    """Follow a loop; what it gathers is not known, and what it carries only if it was followed to the end."""
    consts, carried = params["num_consts"], params["num_carry"]
    fixed, state, rows = inputs[:consts], list(inputs[consts : consts + carried]), inputs[consts + carried :]
    steps = min(params["length"], STEPS)
    made: list[_Value] = []
    for step in range(steps):
        place = params["length"] - 1 - step if params["reverse"] else step
        made = _walk(params["jaxpr"], [*fixed, *state, *(_row(value, place) for value in rows)])
        state = made[:carried]
    if steps < params["length"]:
        state = [_Value(value.varies) for value in state]
    varies = any(value.varies for value in inputs)
    return [*state, *(_Value(varies) for _ in range(len(params["jaxpr"].jaxpr.outvars) - carried))]


def _row(value: _Value, place: int) -> _Value:
    known = value.known
    return _Value(value.varies, None if known is None else lambda: known()[place])


def _constant(value: Any) -> _Value:
    return _Value(False, lambda: value)


def _check_places(equation: jaxprs.JaxprEqn, places: Sequence[_Value]) -> None:
    """Raise where a slice or a gathering takes a place that is known and not there."""
    if not all(place.known for place in places):
        return
    numbers = [np.asarray(place.known()) for place in places if place.known]
    shape, sizes = jaxprs.shaped(equation.invars[0]).shape, equation.params["slice_sizes"]
    if equation.primitive.name == "gather":
        if _filled(equation.params["fill_value"]):
            return
        axes = equation.params["dimension_numbers"].start_index_map
        numbers = [numbers[0][..., k] for k in range(len(axes))]
    else:
        axes = range(len(shape))
    for axis, starts in zip(axes, numbers, strict=True):
        beyond = starts[(starts < 0) | (starts > shape[axis] - sizes[axis])]
        if beyond.size:
            raise _OutOfReach(int(beyond.flat[0]), shape[axis])


def _filled(value: Any) -> bool:
    """Tell whether what is not there was given a number on purpose; JAX's own is NaN."""
    return value is not None and not np.isnan(value)
