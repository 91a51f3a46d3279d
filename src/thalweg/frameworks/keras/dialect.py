"""How Keras writes formulas, on whichever backend is set."""

from __future__ import annotations

from functools import cache
from typing import Any

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.operations import Dialect, elementwise


@cache
def dialect() -> Dialect:
    """Name Keras' operations."""
    keras = FRAMEWORKS["keras"].load()
    ops = keras.ops

    def remainder(x: Any, y: Any) -> Any:
        return ops.sign(x) * ops.mod(ops.abs(x), ops.abs(y))

    written = elementwise(ops, rem=remainder)
    reductions = {"reduce_sum": ops.sum, "reduce_prod": ops.prod, "reduce_max": ops.max, "reduce_min": ops.min}
    return Dialect(
        title="Keras",
        elementwise=written,
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
