"""How the tests look at losses: value, slope and curvature as NumPy arrays, compiled in 32 or 64 bits."""

from decimal import Decimal, localcontext
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from thalweg.base.precision import computing, dtype_of
from thalweg.losses import CATALOGUE

WIDTH = 32
"""Residuals go through compiled code in rows of one width, so that a loss compiles once a precision."""

residuals = st.lists(st.tuples(st.floats(-6, 3), st.sampled_from([-1, 1])), min_size=2, max_size=8).map(
    lambda drawn: np.array([sign * 10**exponent for exponent, sign in drawn])
)
"""Residuals of both signs and of sizes from a millionth to a thousand."""


class Seen(NamedTuple):
    value: np.ndarray
    slope: np.ndarray


def at(loss, residuals, bits=64):
    return Seen(*_rows(loss, residuals, bits, _value_and_slope))


def curvature(loss, residuals, bits=64):
    return _rows(loss, residuals, bits, _curvature)[0]


def _rows(loss, residuals, bits, quantities):
    r = np.asarray(residuals, dtype_of(bits)).ravel()
    rows = np.pad(r, (0, -len(r) % WIDTH)).reshape(-1, WIDTH)
    with computing(bits):
        program = _compiled(loss.name, tuple(loss.settings.items()), quantities)
        seen = [program(row) for row in rows]
    return [np.concatenate(part)[: len(r)] for part in zip(*seen, strict=True)]


@cache
def _compiled(name, settings, quantities):
    return jax.jit(quantities(CATALOGUE[name](**dict(settings)).penalty))


def _value_and_slope(penalty):
    return lambda r: jax.jvp(penalty, (r,), (jnp.ones_like(r),))


def _curvature(penalty):
    slope = jax.grad(penalty)
    return jax.vmap(lambda r: (jax.grad(slope)(r),))


def exactly(function, *numbers):
    """Evaluate in 60 decimal digits and round once, to 64 bits: an oracle that cancels nowhere."""
    with localcontext(prec=60):
        return float(function(*(Decimal(float(number)) for number in numbers)))


def label(loss):
    return f"{loss.name}({', '.join(f'{value:g}' for value in loss.settings.values())})"
