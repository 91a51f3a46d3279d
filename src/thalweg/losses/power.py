"""Powers of the residual, from the quadratic loss to the fourth root."""

from __future__ import annotations

from functools import partial
from math import floor

import jax.numpy as jnp
from jaxtyping import Array

from thalweg.base import hints
from thalweg.base.border import public
from thalweg.base.checks import number
from thalweg.losses.loss import Elementwise, Loss, shared
from thalweg.losses.penalty import Residuals, direction, excess, length, penalty, scale_of


@public
@shared
def quadratic() -> Loss:
    """Square of the residual: ``r²``.

    Returns
    -------
    Loss
        Its values have the unit of the squared residual.

    Examples
    --------
    >>> float(quadratic()(-3.0))
    9.0
    """
    return Loss("quadratic", _penalty(2.0, 0.0), {}, "r²")


@public
@shared
def absolute() -> Loss:
    """Size of the residual: ``|r|``.

    Returns
    -------
    Loss
        Its values have the unit of the residual.

    Examples
    --------
    >>> float(absolute()(-3.0))
    3.0
    """
    return Loss("absolute", _penalty(1.0, 0.0), {}, "|r|")


@public
@shared
def fourth_root(*, smoothing: float = 0.0) -> Loss:
    """Fourth root of the square: ``(r²)^(1/4) = |r|^(1/2)``, the loss of the published experiment.

    Parameters
    ----------
    smoothing : ε of the smoothed form, see :func:`power`

    Returns
    -------
    Loss
        Its values have the unit of the root of the residual.

    Raises
    ------
    InvalidValue
        If the smoothing is outside its range.

    References
    ----------
    H. F. Wittmann, "Loss surface with multiple valleys", 2019.

    Examples
    --------
    >>> float(fourth_root()(-9.0))
    3.0
    """
    return _loss("fourth_root", 0.5, smoothing, "(r²)^(1/4)", {})


@public
@shared
def root(n: float, *, smoothing: float = 0.0) -> Loss:
    """Root of the square: ``(r²)^(1/n) = |r|^(2/n)``, sublinear for n above 2.

    Parameters
    ----------
    n : which root; 1 is :func:`quadratic`, 2 :func:`absolute`, 4 :func:`fourth_root`
    smoothing : ε of the smoothed form, see :func:`power`

    Returns
    -------
    Loss
        Its values have the unit of the residual to the power 2/n.

    Raises
    ------
    InvalidValue
        If n is below 1 or no finite number, or the smoothing outside its range.

    Examples
    --------
    >>> float(root(8)(-16.0))
    2.0
    """
    n = number("n", n, at_least=1)
    return _loss("root", 2 / n, smoothing, f"(r²)^(1/{n:g})", {"n": n})


@public
@shared
def power(p: float, *, smoothing: float = 0.0) -> Loss:
    """Power of the residual's size: ``|r|^p``, or smoothed ``(r² + ε²)^(p/2) - ε^p``.

    The derivative is ``p |r|^(p - 1) sign(r)``; at a residual of exactly 0 it is 0, elsewhere it is at most the
    largest number of the precision in use, so a cusp (p < 1) gives no NaN. For p up to 2 the smoothed form lies below
    the plain one by at most ``ε^p``.

    Parameters
    ----------
    p : exponent above 0, at most 1e9
    smoothing : ε, from 1e-18 to 1e18, in units of the residual; 0, the plain power, by default

    Returns
    -------
    Loss
        Its values have the unit of the residual to the power p.

    Raises
    ------
    InvalidValue
        If p or the smoothing is outside its range.

    Examples
    --------
    >>> float(power(1 / 2)(-9.0))
    3.0
    >>> import jax
    >>> float(jax.grad(power(1 / 2))(0.0)), float(jax.grad(power(1 / 2))(4.0))
    (0.0, 0.25)
    """
    p = number("p", p, above=0, at_most=1e9)
    return _loss("power", p, smoothing, f"|r|^{p:g}", {"p": p})


def _loss(name: str, p: float, smoothing: float, plain: str, settings: dict[str, float]) -> Loss:
    """Make the power p, smoothed where asked for; ``plain`` is its formula where not."""
    e = scale_of("smoothing", smoothing) if number("smoothing", smoothing, at_least=0) else 0.0
    formula = f"(r² + {e:g}²)^({p:g}/2) - {e:g}^{p:g}" if e else plain
    return Loss(name, _penalty(p, e), {**settings, "smoothing": e}, formula)


def _penalty(p: float, smoothing: float) -> Elementwise:
    if smoothing == 0 or p == 2:  # a smoothed square is the square
        return penalty(partial(_plain, p=p))

    def slope(r: Residuals) -> Residuals:
        return hints.jvp(partial(_plain, p=p), length(r, smoothing), direction(r, smoothing))[1]

    return penalty(partial(_smoothed, p=p, scale=smoothing), slope)


def _plain(r: Residuals, p: float) -> Residuals:
    return r ** int(p) if p % 2 == 0 else _term(r, 1.0, p, 0)


@hints.sloped(1, 2, 3)
def _term(r: Residuals, factor: float, p: float, order: int) -> Residuals:
    """Compute ``factor |r|^p / r^order``, whose derivative is the term ``(p - order) factor |r|^p / r^(order + 1)``.

    All orders share one root: with p = whole + fraction, ``|r|^fraction`` is multiplied by the powers that remain, or
    divided by those that are missing. So nothing overflows unless the term itself does.
    """
    if factor == 0:
        return hints.zeros_like(r)
    a = jnp.abs(r)
    whole = floor(p)
    kept = min(order, whole)
    value = factor * _root(a, p - whole) * a ** (whole - kept) * jnp.sign(r) ** (kept % 2)
    if kept == order:
        return value
    for _ in range(order - kept):
        value = value / jnp.where(r == 0, 1, r)
    largest = hints.largest(r.dtype)
    return jnp.clip(value, -largest, largest)


@_term.defjvp
def _next_term(
    factor: float, p: float, order: int, primals: tuple[Array], tangents: tuple[Array]
) -> tuple[Array, Array]:
    slope = _term(*primals, factor * (p - order), p, order + 1)
    return _term(*primals, factor, p, order), slope * tangents[0]


def _root(a: Residuals, p: float) -> Residuals:
    """Raise to a power from 0 to below 1: square roots are several times faster than the general power."""
    if p == 0:
        return hints.ones_like(a)
    if p == 1 / 2:
        return jnp.sqrt(a)
    if p == 1 / 4:
        return jnp.sqrt(jnp.sqrt(a))
    return jnp.where(a == 0, 0, a**p)


def _smoothed(r: Residuals, p: float, scale: float) -> Residuals:
    """Compute ``h^p - scale^p`` with ``h = sqrt(r² + scale²)``, near zero without cancellation."""
    d, h, e = excess(r, scale), length(r, scale), length(hints.zeros_like(r), scale)
    if p == 1:
        return d
    if p in (1 / 2, 1 / 4):
        return _smoothed(r, 2 * p, scale) / (_plain(h, p) + _plain(e, p))
    near = _plain(e, p) * jnp.expm1(p * jnp.log1p(jnp.minimum(d / e, 1)))
    return jnp.where(d > e, _plain(h, p) - _plain(e, p), near)
