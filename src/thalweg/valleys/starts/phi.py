"""The functions φ of exponential integrators, of numbers and elementwise; φₖ(0) = 1/k!.

Arguments above 100 are cut off, as steps that long are refused anyway.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array


def phi1(z: Array) -> Array:
    """``(eᶻ - 1)/z``."""
    z = jnp.minimum(z, 100.0)
    small = jnp.abs(z) < 1e-8
    return jnp.where(small, 1 + z / 2, jnp.expm1(z) / jnp.where(small, 1.0, z))


def phi3(z: Array) -> Array:
    """``(eᶻ - 1 - z - z²/2)/z³``; near 0 its series, as the differences lose all digits."""
    z = jnp.minimum(z, 100.0)
    small = jnp.abs(z) < 0.05
    safe = jnp.where(small, 1.0, z)
    series = (1 + z / 4 * (1 + z / 5 * (1 + z / 6 * (1 + z / 7)))) / 6
    return jnp.where(small, series, (jnp.expm1(z) - z - z * z / 2) / safe**3)


def phi4(z: Array) -> Array:
    """``(φ₃ - 1/6)/z``; near 0 its series."""
    z = jnp.minimum(z, 100.0)
    small = jnp.abs(z) < 0.05
    series = (1 + z / 5 * (1 + z / 6 * (1 + z / 7 * (1 + z / 8)))) / 24
    return jnp.where(small, series, (phi3(z) - 1 / 6) / jnp.where(small, 1.0, z))
