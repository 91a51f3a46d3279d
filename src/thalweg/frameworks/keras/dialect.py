"""How Keras writes formulas, on whichever backend is set."""

from __future__ import annotations

from functools import cache
from typing import Any

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.operations import Dialect, usual


@cache
def dialect() -> Dialect:
    """Name Keras' operations."""
    keras = FRAMEWORKS["keras"].load()
    ops = keras.ops

    def remainder(x: Any, y: Any) -> Any:
        return ops.sign(x) * ops.mod(ops.abs(x), ops.abs(y))

    elementwise = {
        **usual(ops),
        **dict.fromkeys(("add", "add_any"), ops.add),
        **{"sub": ops.subtract, "mul": ops.multiply, "div": ops.divide, "neg": ops.negative, "pow": ops.power},
        **{"rem": remainder, "max": ops.maximum, "min": ops.minimum, "where": ops.where},
        **{"eq": ops.equal, "ne": ops.not_equal, "lt": ops.less, "le": ops.less_equal},
        **{"gt": ops.greater, "ge": ops.greater_equal, "atan2": ops.arctan2},
        **{name: getattr(ops, f"arc{name[1:]}") for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
        **{"exp2": ops.exp2, "logistic": ops.sigmoid, "erf": ops.erf},
        **{"is_finite": ops.isfinite, "to_even": ops.round},
    }
    reductions = {"reduce_sum": ops.sum, "reduce_prod": ops.prod, "reduce_max": ops.max, "reduce_min": ops.min}
    return Dialect(
        title="Keras",
        elementwise=elementwise,
        reductions=reductions,
        constant=lambda array: ops.convert_to_tensor(array, dtype=array.dtype.name),
        cast=lambda x, dtype: ops.cast(x, dtype.name),
        reshape=ops.reshape,
        broadcast=ops.broadcast_to,
        transpose=ops.transpose,
        concatenate=ops.concatenate,
        einsum=ops.einsum,
        mean=ops.mean,
    )
