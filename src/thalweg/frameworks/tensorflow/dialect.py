"""How TensorFlow writes formulas."""

from __future__ import annotations

from functools import cache
from typing import Any

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.operations import Dialect, elementwise


@cache
def dialect() -> Dialect:
    """Name TensorFlow's operations."""
    tf = FRAMEWORKS["tensorflow"].load()
    math = tf.math

    def remainder(x: Any, y: Any) -> Any:
        return math.sign(x) * math.floormod(math.abs(x), math.abs(y))

    own = {name: getattr(math, name) for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")}
    own |= {"pow": math.pow, "is_finite": math.is_finite, "exp2": lambda x: math.pow(tf.cast(2, x.dtype), x)}
    written = elementwise(math, where=tf.where, rem=remainder, **own)
    return Dialect(
        title="TensorFlow",
        elementwise=written,
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
