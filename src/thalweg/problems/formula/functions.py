"""What a formula may call: functions of ``jax.numpy`` by NumPy's names, and the names of other tools for them."""

from __future__ import annotations

from collections.abc import Callable
from math import e, pi

import jax.numpy as jnp
import jax.scipy.special as special
from jaxtyping import Array

CONSTANTS = {"pi": pi, "e": e}
"""Names that stand for a number where no column and no range has them."""

ONE: dict[str, Callable[..., Array]] = {
    "abs": jnp.abs,
    "arccos": jnp.arccos,
    "arccosh": jnp.arccosh,
    "arcsin": jnp.arcsin,
    "arcsinh": jnp.arcsinh,
    "arctan": jnp.arctan,
    "arctanh": jnp.arctanh,
    "cbrt": jnp.cbrt,
    "ceil": jnp.ceil,
    "cos": jnp.cos,
    "cosh": jnp.cosh,
    "deg2rad": jnp.deg2rad,
    "erf": special.erf,
    "erfc": special.erfc,
    "exp": jnp.exp,
    "exp2": jnp.exp2,
    "expit": special.expit,
    "expm1": jnp.expm1,
    "floor": jnp.floor,
    "gammaln": special.gammaln,
    "i0": special.i0,
    "i1": special.i1,
    "log": jnp.log,
    "log10": jnp.log10,
    "log1p": jnp.log1p,
    "log2": jnp.log2,
    "rad2deg": jnp.rad2deg,
    "sign": jnp.sign,
    "sin": jnp.sin,
    "sinc": jnp.sinc,
    "sinh": jnp.sinh,
    "sqrt": jnp.sqrt,
    "square": jnp.square,
    "tan": jnp.tan,
    "tanh": jnp.tanh,
    "trunc": jnp.trunc,
}
TWO: dict[str, Callable[..., Array]] = {
    "arctan2": jnp.arctan2,
    "heaviside": jnp.heaviside,
    "hypot": jnp.hypot,
    "logaddexp": jnp.logaddexp,
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "mod": jnp.mod,
    "power": jnp.power,
}
THREE: dict[str, Callable[..., Array]] = {"clip": jnp.clip, "where": jnp.where}

FUNCTIONS = {
    name: (function, count) for count, kind in enumerate((ONE, TWO, THREE), 1) for name, function in kind.items()
}
"""The function and how many arguments it takes, by name."""

ALIASES = {
    "absolute": "abs",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "fabs": "abs",
    "ln": "log",
    "max": "maximum",
    "min": "minimum",
    "pow": "power",
    "sgn": "sign",
}
"""Other tools' names of them."""
