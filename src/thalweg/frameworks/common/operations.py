"""Single operations of JAX's, and how other frameworks write them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from string import ascii_letters
from typing import Any

import jax
import numpy as np

from thalweg.base.errors import InvalidValue
from thalweg.base.jaxprs import JaxprEqn

Operation = Callable[..., Any]


@dataclass(frozen=True)
class Dialect:
    """How a framework writes formulas.

    Attributes
    ----------
    title : the framework's name, for messages
    namespace : its module that has ``reshape``, ``broadcast_to`` and ``einsum`` as NumPy has them
    elementwise : its functions of arrays that broadcast, by JAX's name of the operation
    reductions : its functions ``(array, axes)``, likewise
    constant : makes an array of its own of a NumPy array
    cast : ``(array, dtype)``, to the precision of the formula or from it
    transpose, concatenate : ``(array, axes)``, ``(arrays, axis)``
    mean : of an array, a scalar
    """

    title: str
    namespace: Any
    elementwise: Mapping[str, Operation]
    reductions: Mapping[str, Operation]
    constant: Operation
    cast: Operation
    transpose: Operation
    concatenate: Operation
    mean: Operation


NUMPY: Mapping[str, str] = {
    **{name: name for name in ("abs", "sign", "square", "sqrt", "rsqrt", "exp", "exp2", "expm1", "log", "log1p")},
    **{name: name for name in ("floor", "ceil", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "where", "add")},
    **{"add_any": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "pow": "power"},
    **{"max": "maximum", "min": "minimum", "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal"},
    **{"gt": "greater", "ge": "greater_equal", "is_finite": "isfinite", "to_even": "round", "logistic": "sigmoid"},
    **{name: f"arc{name[1:]}" for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
}
"""NumPy's names, which most frameworks have taken, of JAX's elementwise operations."""


def elementwise(namespace: Any, **own: Operation) -> dict[str, Operation]:
    """Find a framework's elementwise operations by NumPy's names, but for its ``own``; make those that none has."""
    return {
        **{name: getattr(namespace, numpy) for name, numpy in NUMPY.items() if name not in own},
        **{"and": operator.and_, "or": operator.or_, "xor": operator.xor, "not": operator.invert},
        "cbrt": lambda x: namespace.sign(x) * namespace.abs(x) ** (1 / 3),
        "rem": lambda x, y: namespace.sign(x) * namespace.mod(namespace.abs(x), namespace.abs(y)),
        **own,
    }


def translated(equation: JaxprEqn, dialect: Dialect) -> Operation | None:
    """Find the counterpart of an operation; None where it changes nothing."""
    name, params = equation.primitive.name, equation.params
    source: Any = equation.invars[0].aval if equation.invars else None
    result: Any = equation.outvars[0].aval
    if name in ("convert_element_type", "copy", "copy_p", "stop_gradient") and source.dtype == result.dtype:
        return None
    if name in ("reshape", "squeeze", "expand_dims"):
        return None if source.shape == result.shape else lambda x: dialect.namespace.reshape(x, result.shape)
    if name in dialect.elementwise:
        return dialect.elementwise[name]
    if name in dialect.reductions:
        return lambda x: dialect.reductions[name](x, params["axes"])
    made = _of_parameters(name, params, source, result, dialect)
    if made is None:
        raise InvalidValue(
            f"the objective uses JAX's {name}, which Thalweg cannot write in {dialect.title}; write it with sums, "
            "products and elementwise functions, or leave this framework out"
        )
    return made


def _of_parameters(name: str, params: Any, source: Any, result: Any, dialect: Dialect) -> Operation | None:
    """Write an operation that depends on more than arrays; None where it has no counterpart."""
    written = dialect.elementwise
    match name:
        case "convert_element_type":
            return lambda x: dialect.cast(x, np.dtype(result.dtype))
        case "transpose":
            return lambda x: dialect.transpose(x, params["permutation"])
        case "concatenate":
            return lambda *arrays: dialect.concatenate(arrays, params["dimension"])
        case "integer_pow" if params["y"] == 0:
            ones = dialect.constant(np.ones(result.shape, result.dtype))
            return lambda x: ones
        case "integer_pow":
            return lambda x: _plain_power(x, params["y"])
        case "select_n" if source.dtype == bool:
            return lambda which, no, yes: written["where"](which, yes, no)
        case "clamp":
            return lambda low, x, high: written["min"](written["max"](x, low), high)
        case "round" if params["rounding_method"] == jax.lax.RoundingMethod.TO_NEAREST_EVEN:
            return written["to_even"]
        case "slice":
            strides = params["strides"] or (None,) * len(source.shape)
            spans = zip(params["start_indices"], params["limit_indices"], strides, strict=True)
            return operator.itemgetter(tuple(slice(*span) for span in spans))
        case "iota":
            counted = dialect.constant(np.indices(result.shape, result.dtype)[params["dimension"]])
            return lambda: counted
        case "broadcast_in_dim":
            return _broadcast(params["broadcast_dimensions"], source.shape, result.shape, dialect)
        case "dot_general":
            return partial(dialect.namespace.einsum, _subscripts(params["dimension_numbers"], source, result))
        case _:
            return None


def _plain_power(x: Any, exponent: int) -> Any:
    """Raise to a whole power by multiplying, as compilers do; the derivative is that of the products."""
    if exponent < 0:
        return 1 / _plain_power(x, -exponent)
    power = None
    while exponent:
        if exponent & 1:
            power = x if power is None else power * x
        exponent >>= 1
        x = x * x if exponent else x
    return power


def _broadcast(places: Sequence[int], source: tuple[int, ...], shape: tuple[int, ...], dialect: Dialect) -> Operation:
    # A new axis of length 1 wherever the operand has none.
    lengths = dict(zip(places, source, strict=True))
    aligned = tuple(lengths.get(axis, 1) for axis in range(len(shape)))
    reshape, broadcast = dialect.namespace.reshape, dialect.namespace.broadcast_to
    return lambda x: broadcast(x if source == aligned else reshape(x, aligned), shape)


def _subscripts(dimension_numbers: Any, source: Any, result: Any) -> str:
    """Write a product of two arrays as Einstein's sum."""
    (left, right), (left_batch, right_batch) = dimension_numbers
    names = iter(ascii_letters)
    one = [next(names) for _ in source.shape]
    batch = [one[axis] for axis in left_batch]
    shared = dict(zip((*right, *right_batch), (one[axis] for axis in (*left, *left_batch)), strict=True))
    free = [letter for axis, letter in enumerate(one) if axis not in (*left, *left_batch)]
    count = len(result.shape) - len(batch) - len(free) + len(shared)
    two = [shared[axis] if axis in shared else next(names) for axis in range(count)]
    rest = [letter for axis, letter in enumerate(two) if axis not in shared]
    return f"{''.join(one)},{''.join(two)}->{''.join([*batch, *free, *rest])}"
