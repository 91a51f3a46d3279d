"""Precision of one call, without touching a global setting."""

from __future__ import annotations

from contextlib import AbstractContextManager

import jax
import numpy as np

from thalweg.base.errors import InvalidValue

DTYPES = {32: np.float32, 64: np.float64}


def dtype_of(precision: int) -> type[np.floating]:
    """Return the NumPy type of 32 or 64 bits."""
    if isinstance(precision, bool) or precision not in tuple(DTYPES):
        raise InvalidValue(f"precision = {precision!r} is not allowed; give 32 or 64, the bits of a number")
    return DTYPES[precision]


def computing(precision: int) -> AbstractContextManager[object]:
    """Let JAX compute in 32 or 64 bits inside this block, in this thread only."""
    return jax.enable_x64(dtype_of(precision) is np.float64)
