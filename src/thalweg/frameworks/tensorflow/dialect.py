"""How TensorFlow writes formulas."""

from __future__ import annotations

from functools import cache
from typing import Any

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.operations import Dialect, usual


@cache
def dialect() -> Dialect:
    """Name TensorFlow's operations."""
    tf = FRAMEWORKS["tensorflow"].load()
    math = tf.math

    def remainder(x: Any, y: Any) -> Any:
        return math.sign(x) * math.floormod(math.abs(x), math.abs(y))

    elementwise = {
        **usual(math),
        **dict.fromkeys(("add", "add_any"), math.add),
        **{"sub": math.subtract, "mul": math.multiply, "div": math.divide, "neg": math.negative, "pow": math.pow},
        **{"rem": remainder, "max": math.maximum, "min": math.minimum, "where": tf.where},
        **{"eq": math.equal, "ne": math.not_equal, "lt": math.less, "le": math.less_equal},
        **{"gt": math.greater, "ge": math.greater_equal, "exp2": lambda x: math.pow(tf.cast(2, x.dtype), x)},
        **{name: getattr(math, name) for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
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
        mean=tf.reduce_mean,
    )
