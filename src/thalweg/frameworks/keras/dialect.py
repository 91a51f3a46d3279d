"""How Keras writes formulas, on whichever backend is set."""

from __future__ import annotations

from typing import Any

from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.common.operations import Dialect, elementwise

ops: Any = keras.ops

DIALECT = Dialect(
    title="Keras",
    namespace=ops,
    elementwise=elementwise(ops),
    reductions={"reduce_sum": ops.sum, "reduce_prod": ops.prod, "reduce_max": ops.max, "reduce_min": ops.min},
    constant=lambda array: ops.convert_to_tensor(array, dtype=array.dtype.name),
    cast=lambda x, dtype: ops.cast(x, dtype.name),
    transpose=ops.transpose,
    concatenate=ops.concatenate,
    mean=ops.mean,
)
