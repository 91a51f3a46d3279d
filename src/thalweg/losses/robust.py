"""Robust families: half the square near zero, slower further out.

All are normalised alike: ``r² / 2`` to leading order at zero, so their curvature there is 1 whatever the scale, and
the scale is the residual at which they leave the square, in units of the residual.
"""

from __future__ import annotations

from math import log

import jax.numpy as jnp

from thalweg.base.border import public
from thalweg.losses.loss import Loss, shared
from thalweg.losses.penalty import Residuals, direction, length, log_length, penalty, scale_of


@public
@shared
def huber(delta: float = 1.0) -> Loss:
    """Square near zero, straight beyond: ``r²/2`` up to ``|r| = δ``, then ``δ (|r| - δ/2)``.

    Parameters
    ----------
    delta : δ, from 1e-18 to 1e18, in units of the residual

    Returns
    -------
    Loss
        Its values have the unit of the squared residual.

    Raises
    ------
    InvalidValue
        If delta is outside its range.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", 1964, doi:10.1214/aoms/1177703732.

    Examples
    --------
    >>> float(huber()(-3.0))
    2.5
    """
    d = scale_of("delta", delta)

    def value(r: Residuals) -> Residuals:
        near = jnp.minimum(jnp.abs(r), d)
        return near * (jnp.abs(r) - near / 2)

    return Loss("huber", penalty(value, lambda r: jnp.clip(r, -d, d)), {"delta": d}, f"huber, δ = {d:g}")


@public
@shared
def log_cosh(scale: float = 1.0) -> Loss:
    """Smooth relative of :func:`huber`: ``c² log cosh(r/c)``.

    Parameters
    ----------
    scale : c, from 1e-18 to 1e18, in units of the residual

    Returns
    -------
    Loss
        Its values have the unit of the squared residual.

    Raises
    ------
    InvalidValue
        If the scale is outside its range.

    References
    ----------
    P. J. Green, "Bayesian reconstructions from emission tomography data using a modified EM algorithm", 1990,
    doi:10.1109/42.52985.

    Examples
    --------
    >>> round(float(log_cosh()(-3.0)), 4)
    2.3093
    """
    c = scale_of("scale", scale)

    def value(r: Residuals) -> Residuals:
        x = jnp.abs(r) / c
        t = jnp.tanh(x) ** 2
        near = c**2 / 2 * jnp.log1p(t / (1 - t))  # log1p(-t) would lose two digits: XLA's is poor below zero
        return jnp.where(x < 1, near, c * (jnp.abs(r) + c * (jnp.log1p(jnp.exp(-2 * x)) - log(2))))

    return Loss("log_cosh", penalty(value, lambda r: c * jnp.tanh(r / c)), {"scale": c}, f"c² log cosh(r/c), c = {c:g}")


@public
@shared
def cauchy(scale: float = 1.0) -> Loss:
    """Logarithm: ``c²/2 log(1 + (r/c)²)``; the pull of a residual falls like ``1/r``.

    Parameters
    ----------
    scale : c, from 1e-18 to 1e18, in units of the residual

    Returns
    -------
    Loss
        Its values have the unit of the squared residual.

    Raises
    ------
    InvalidValue
        If the scale is outside its range.

    References
    ----------
    M. J. Black and P. Anandan, "The robust estimation of multiple motions", 1996, doi:10.1006/cviu.1996.0006.

    Examples
    --------
    >>> round(float(cauchy()(-3.0)), 4)
    1.1513
    """
    c = scale_of("scale", scale)

    smooth = penalty(lambda r: c**2 * log_length(r, c), lambda r: c * direction(r, c) * (c / length(r, c)))
    return Loss("cauchy", smooth, {"scale": c}, f"c²/2 log(1 + (r/c)²), c = {c:g}")


@public
@shared
def geman_mcclure(scale: float = 1.0) -> Loss:
    """Bounded by ``c²/2``: ``½r² / (1 + (r/c)²)``; the pull of a residual falls like ``1/r³``.

    Parameters
    ----------
    scale : c, from 1e-18 to 1e18, in units of the residual

    Returns
    -------
    Loss
        Its values have the unit of the squared residual.

    Raises
    ------
    InvalidValue
        If the scale is outside its range.

    References
    ----------
    S. Geman and D. E. McClure, "Statistical methods for tomographic image reconstruction", Bulletin of the
    International Statistical Institute 52, 1987.

    Examples
    --------
    >>> round(float(geman_mcclure()(-3.0)), 4)
    0.45
    """
    c = scale_of("scale", scale)

    def slope(r: Residuals) -> Residuals:
        w = c / length(r, c)
        return r * w * w * w * w  # from the left, or w**4 would underflow first

    formula = f"½r² / (1 + (r/c)²), c = {c:g}"
    return Loss("geman_mcclure", penalty(lambda r: (c * direction(r, c)) ** 2 / 2, slope), {"scale": c}, formula)


@public
@shared
def welsch(scale: float = 1.0) -> Loss:
    """Bounded by ``c²/2``: ``c²/2 (1 - exp(-(r/c)²))``; far residuals pull exponentially little.

    Parameters
    ----------
    scale : c, from 1e-18 to 1e18, in units of the residual

    Returns
    -------
    Loss
        Its values have the unit of the squared residual.

    Raises
    ------
    InvalidValue
        If the scale is outside its range.

    References
    ----------
    J. E. Dennis and R. E. Welsch, "Techniques for nonlinear least squares and robust regression", 1978,
    doi:10.1080/03610917808812083.

    Examples
    --------
    >>> round(float(welsch()(-3.0)), 4)
    0.4999
    """
    c = scale_of("scale", scale)

    smooth = penalty(lambda r: -(c**2) / 2 * jnp.expm1(-((r / c) ** 2)), lambda r: r * jnp.exp(-((r / c) ** 2)))
    return Loss("welsch", smooth, {"scale": c}, f"c²/2 (1 - exp(-(r/c)²)), c = {c:g}")


@public
@shared
def tukey(scale: float = 4.685) -> Loss:
    """Tukey's biweight, constant beyond the scale: ``c²/6 (1 - (1 - (r/c)²)³)``, then ``c²/6``.

    The default is 95 % efficient for normal residuals of standard deviation 1.

    Parameters
    ----------
    scale : c, from 1e-18 to 1e18, in units of the residual

    Returns
    -------
    Loss
        Its values have the unit of the squared residual.

    Raises
    ------
    InvalidValue
        If the scale is outside its range.

    References
    ----------
    A. E. Beaton and J. W. Tukey, "The fitting of power series, meaning polynomials, illustrated on band-spectroscopic
    data", 1974, doi:10.1080/00401706.1974.10489171.

    Examples
    --------
    >>> round(float(tukey(2.0)(-3.0)), 4)
    0.6667
    """
    c = scale_of("scale", scale)

    def inside(r: Residuals) -> Residuals:
        return jnp.minimum((r / c) ** 2, 1)

    def value(r: Residuals) -> Residuals:
        y = inside(r)
        return c**2 / 6 * (y * (3 - y * (3 - y)))

    return Loss(
        "tukey",
        penalty(value, lambda r: r * (1 - inside(r)) ** 2),
        {"scale": c},
        f"c²/6 (1 - (1 - (r/c)²)³), c = {c:g}",
    )
