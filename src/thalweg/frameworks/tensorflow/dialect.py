"""How TensorFlow writes formulas."""

from __future__ import annotations

from typing import Any

from thalweg.frameworks.common.installed import tensorflow as tf
from thalweg.frameworks.common.operations import Dialect, elementwise

math: Any = tf.math

OWN = {
    **{name: getattr(math, name) for name in ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")},
    **{"where": tf.where, "pow": math.pow, "is_finite": math.is_finite},
    "exp2": lambda x: math.pow(tf.cast(2, x.dtype), x),
}
"""Operations that are not in ``tf.math`` by NumPy's names."""

DIALECT = Dialect(
    title="TensorFlow",
    namespace=tf,
    elementwise=elementwise(math, **OWN),
    reductions={name: getattr(math, name) for name in ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min")},
    constant=tf.constant,
    cast=lambda x, dtype: tf.cast(x, dtype.name),
    transpose=tf.transpose,
    concatenate=tf.concat,
    mean=tf.reduce_mean,
)
