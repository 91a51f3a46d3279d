"""How TensorFlow writes formulas."""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

from thalweg.bridges.frameworks import FRAMEWORKS
from thalweg.bridges.operations import Dialect


@cache
def dialect() -> Dialect:
    """Name TensorFlow's operations."""
    tf = FRAMEWORKS["tensorflow"].load()
    math = tf.math

    def remainder(x: Any, y: Any) -> Any:
        return math.sign(x) * math.floormod(math.abs(x), math.abs(y))

    def cube_root(x: Any) -> Any:
        return math.sign(x) * math.abs(x) ** (1 / 3)

    elementwise = {
        **dict.fromkeys(("add", "add_any"), math.add),
        **{"sub": math.subtract, "mul": math.multiply, "div": math.divide, "neg": math.negative, "pow": math.pow},
        **{"rem": remainder, "cbrt": cube_root, "max": math.maximum, "min": math.minimum, "where": tf.where},
        **{"and": operator.and_, "or": operator.or_, "xor": operator.xor, "not": operator.invert},
        **{"eq": math.equal, "ne": math.not_equal, "lt": math.less, "le": math.less_equal},
        **{"gt": math.greater, "ge": math.greater_equal, "exp2": lambda x: math.pow(tf.cast(2, x.dtype), x)},
        **{name: getattr(math, name) for name in ("abs", "sign", "square", "sqrt", "rsqrt", "exp", "expm1", "log1p")},
        **{name: getattr(math, name) for name in ("log", "sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
        **{name: getattr(math, name) for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "floor", "ceil")},
        **{"logistic": math.sigmoid, "erf": math.erf, "is_finite": math.is_finite, "to_even": math.round},
    }
    return Dialect(
        title="TensorFlow",
        elementwise=elementwise,
        reductions={name: getattr(math, name) for name in ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min")},
        constant=tf.constant,
        cast=lambda x, dtype: tf.cast(x, dtype.name),
        reshape=tf.reshape,
        broadcast=tf.broadcast_to,
        transpose=tf.transpose,
        concatenate=tf.concat,
        einsum=tf.einsum,
    )
