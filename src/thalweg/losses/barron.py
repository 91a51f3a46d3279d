"""Barron's general loss: one family from the square through the logarithm to bounded losses."""

from __future__ import annotations

from math import log, sqrt

import jax.numpy as jnp
from jaxtyping import Array

from thalweg.base.border import public
from thalweg.base.checks import extended, number
from thalweg.losses.loss import Elementwise, Loss, Numbers, shared
from thalweg.losses.penalty import Residuals, direction, excess, log_length, penalty
from thalweg.losses.robust import cauchy, geman_mcclure, welsch


@public
@shared
def barron(alpha: float, scale: float = 1.0) -> Loss:
    """General robust loss: ``|α-2|/α ((x²/|α-2| + 1)^(α/2) - 1)`` with ``x = r/c``, and all its limits.

    As published it is ``x²/2`` to leading order at zero; times c² it is normalised like the other robust families:

    ======  =======================  =================================
    α       loss                     times c²
    ======  =======================  =================================
    +inf    ``exp(x²/2) - 1``
    2       ``x²/2``                 ``quadratic()``, halved
    1       ``sqrt(x² + 1) - 1``     ``power(1, smoothing=c)``, times c
    0       ``log(x²/2 + 1)``        ``cauchy(√2 c)``
    -2      ``2 x² / (x² + 4)``      ``geman_mcclure(2 c)``
    -inf    ``1 - exp(-x²/2)``       ``welsch(√2 c)``
    ======  =======================  =================================

    Parameters
    ----------
    alpha : α, a number or an infinity; the lower it is, the less far residuals count
    scale : c, from 1e-17 to 1e17, in units of the residual

    Returns
    -------
    Loss
        Its values have no unit: residuals are divided by the scale.

    Raises
    ------
    InvalidValue
        If alpha is not a number or the scale is outside its range.

    References
    ----------
    J. T. Barron, "A general and adaptive robust loss function", CVPR 2019, arXiv:1701.03077.

    Examples
    --------
    >>> round(float(barron(1.0)(-3.0)), 4)
    2.1623
    """
    alpha = extended("alpha", alpha)
    c = number("scale", scale, at_least=1e-17, at_most=1e17)
    formula = f"|α-2|/α (((r/c)²/|α-2| + 1)^(α/2) - 1), α = {alpha:g}, c = {c:g}"
    return Loss("barron", _penalty(alpha, c), {"alpha": alpha, "scale": c}, formula)


def _penalty(alpha: float, c: float) -> Elementwise:
    if alpha == 2:
        return penalty(lambda r: (r / c) ** 2 / 2)
    if alpha == 1:
        return penalty(lambda r: excess(r, c) / c, lambda r: direction(r, c) / c)
    if alpha == 0:
        return _divided(cauchy(sqrt(2) * c), c**2)
    if alpha == -2:
        return _divided(geman_mcclure(2 * c), c**2)
    if alpha < -1e17:  # beyond this the limits are exact to rounding
        return _divided(welsch(sqrt(2) * c), c**2)
    if alpha > 1e17:
        return penalty(lambda r: jnp.expm1((r / c) ** 2 / 2))
    return _general(alpha, c)


def _divided(loss: Loss, divisor: float) -> Elementwise:
    def divided(residual: Numbers) -> Array:
        return loss.penalty(residual) / divisor

    return divided


def _general(alpha: float, c: float) -> Elementwise:
    """Compute ``b L expm1(t)/t`` for ``L = log(x²/b + 1)/2`` and ``t = α L``; its slope is ``x/c exp(t - 2 L)``."""
    b = abs(alpha - 2)
    s = c * sqrt(b)

    def value(r: Residuals) -> Residuals:
        t = alpha * log_length(r, s)
        grown = jnp.where(t < 1, b * jnp.expm1(t), jnp.exp(t + log(b)) - b)  # b may be so small that exp(t) overflows
        return log_length(r, s) * jnp.where(t == 0, b, grown / jnp.where(t == 0, 1, t))

    def slope(r: Residuals) -> Residuals:
        w = jnp.exp((alpha / 2 - 1) * log_length(r, s)) / c
        return r * w * w  # from the left, or w**2 would underflow first

    return penalty(value, slope)
