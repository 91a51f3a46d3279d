"""Surfaces with a root or an absolute value in them.

Where such a term is not differentiable its derivative is taken as 0, at exactly that point and nowhere else,
so no gradient is ever NaN.

The file is long because every surface states its formula, sources and minima; the surfaces are short. A decorator puts
in the formula's place the public function that makes the problem, and the docstring describes that (``surface.py``).
"""

from __future__ import annotations

from math import e, pi

import jax.numpy as jnp
from jaxtyping import Array, Float

from thalweg.problems.closed_form.surface import Point, Value, box, cube, minima, mirrored, scalable, surface


@scalable(
    (-32.768, 32.768),
    start=(4.3, -2.7),
    minima=lambda d: minima(0.0, (0.0,) * d),
    source="Ackley (1987), A Connectionist Machine for Genetic Hillclimbing, Kluwer, doi:10.1007/978-1-4613-1997-9",
)
def ackley(params: Point) -> Value:
    """A plain of equal dents with a funnel in its middle; a cusp at the bottom.

    ``f(x) = 20 + e - 20 exp(-0.2 √(Σ x_i² / d)) - exp(Σ cos(2π x_i) / d)``

    Domain: [-32.768, 32.768] each. Global minimum: 0 at (0, …, 0), where the gradient is taken as 0.

    Parameters
    ----------
    dimension : number of parameters, from 1 to 1000

    Returns
    -------
    Function
        Parameters ``x``, or ``x`` and ``y``, or ``x1`` to ``xd``; plain numbers.

    Raises
    ------
    InvalidValue
        If the dimension is not such a number.

    References
    ----------
    D. H. Ackley, "A connectionist machine for genetic hillclimbing", Kluwer, 1987,
    doi:10.1007/978-1-4613-1997-9.

    Examples
    --------
    >>> ackley(dimension=3).parameters
    ('x1', 'x2', 'x3')
    >>> ackley().minima[0]
    Minimum(position=(0.0, 0.0), value=0.0)
    """
    # Written as differences from 1, no digits are lost near the minimum.
    radius = _root(jnp.mean(params**2))
    waves = jnp.mean(jnp.sin(pi * params) ** 2)
    return -20 * jnp.expm1(-radius / 5) - e * jnp.expm1(-2 * waves)


@surface(
    cube(-512.0, 512.0),
    start=(-200.0, 350.0),
    minima=minima(-959.6406627208509, (512.0, 404.2318051137578)),
    source="Whitley, Rana, Dzubera and Mathias (1996), Artificial Intelligence 85, 245-276, "
    "doi:10.1016/0004-3702(95)00124-7",
)
def eggholder(params: Point) -> Value:
    """Deep, winding valleys whose lowest point lies on the edge of the box.

    ``f(x, y) = -(y + 47) sin√|x/2 + y + 47| - x sin√|x - y - 47|``

    Domain: [-512, 512] each. Global minimum: -959.640663 at (512, 404.231805), on the edge x = 512.

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    D. Whitley, S. Rana, J. Dzubera, K. Mathias, "Evaluating evolutionary algorithms", Artificial Intelligence
    85, 245–276, 1996, doi:10.1016/0004-3702(95)00124-7.
    C. Vanaret, J.-B. Gotteland, N. Durand, J.-M. Alliot, "Certified global minima for a benchmark of
    difficult optimization problems", 2020, arXiv:2003.09867.

    Examples
    --------
    >>> eggholder().minima[0]
    Minimum(position=(512.0, 404.2318051137578), value=-959.6406627208509)
    """
    x, y = params
    return -(y + 47) * jnp.sin(_root(x / 2 + y + 47)) - x * jnp.sin(_root(x - y - 47))


@scalable(
    (-500.0, 500.0),
    start=(-150.0, 260.0),
    minima=lambda d: minima(0.0, (420.96874635998205,) * d),
    source="Schwefel (1981), Numerical Optimization of Computer Models, Wiley",
)
def schwefel(params: Point) -> Value:
    """Waves that grow outwards: the deepest valley lies near a corner, far from the next deepest.

    ``f(x) = 418.9828872724337 d - Σ x_i sin√|x_i|``

    Domain: [-500, 500] each. Global minimum: 0 at (420.968746, …, 420.968746). The constant, usually printed
    as 418.9829, is given to all digits, so that the minimum is 0.

    Parameters
    ----------
    dimension : number of parameters, from 1 to 1000

    Returns
    -------
    Function
        Parameters ``x``, or ``x`` and ``y``, or ``x1`` to ``xd``; plain numbers.

    Raises
    ------
    InvalidValue
        If the dimension is not such a number.

    References
    ----------
    H.-P. Schwefel, "Numerical optimization of computer models", Wiley, 1981.

    Examples
    --------
    >>> schwefel(dimension=3).parameters
    ('x1', 'x2', 'x3')
    >>> schwefel().minima[0]
    Minimum(position=(420.96874635998205, 420.96874635998205), value=0.0)
    """
    return jnp.sum(418.9828872724337 - params * jnp.sin(_root(params)))


@surface(
    cube(-10.0, 10.0),
    start=(5.5, -2.5),
    minima=minima(-2.062611870822737, *mirrored(1.3494066171539107, 1.3494066171539107)),
    source="Mishra (2006), doi:10.2139/ssrn.926132",
)
def cross_in_tray(params: Point) -> Value:
    """A tray of dents parted by sharp ridges, with the cross of the axes through its middle.

    ``f(x, y) = -0.0001 (|sin(x) sin(y) exp(|100 - √(x² + y²)/π|)| + 1)^0.1``

    Domain: [-10, 10] each. Global minima: -2.062612 at (±1.349407, ±1.349407).

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    S. K. Mishra, "Some new test functions for global optimization and performance of repulsive particle swarm
    method", 2006, doi:10.2139/ssrn.926132.

    Examples
    --------
    >>> cross_in_tray().minima[0]
    Minimum(position=(1.3494066171539107, 1.3494066171539107), value=-2.062611870822737)
    """
    # The exponential, up to e^100, overflows 32 bits: its logarithm does not.
    sines = jnp.prod(jnp.sin(params))
    on_ridge = sines == 0
    height = _magnitude(100 - _root(jnp.sum(params**2)) / pi)
    exponent = height + jnp.log(jnp.abs(jnp.where(on_ridge, 1.0, sines)))
    return -0.0001 * jnp.where(on_ridge, 1.0, jnp.exp(0.1 * jnp.logaddexp(exponent, 0.0)))


@surface(
    cube(-10.0, 10.0),
    start=(5.0, 4.0),
    minima=minima(-19.208502567886732, *mirrored(8.055023475736563, 9.664590019241272)),
    source="Jamil and Yang (2013), a survey, doi:10.1504/IJMMNO.2013.055204, after Mishra (2006), "
    "doi:10.2139/ssrn.926132",
)
def holder_table(params: Point) -> Value:
    """A table of dents that stands on four legs, the corners of the box.

    ``f(x, y) = -|sin(x) cos(y) exp(|1 - √(x² + y²)/π|)|``

    Domain: [-10, 10] each. Global minima: -19.208503 at (±8.055023, ±9.664590). Mishra's own form has
    cos(x) cos(y); this one, with the sine, is the one in common use.

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    S. K. Mishra, "Some new test functions for global optimization and performance of repulsive particle swarm
    method", 2006, doi:10.2139/ssrn.926132.
    M. Jamil, X.-S. Yang, "A literature survey of benchmark functions for global optimisation problems",
    International Journal of Mathematical Modelling and Numerical Optimisation 4, 150–194, 2013,
    doi:10.1504/IJMMNO.2013.055204.

    Examples
    --------
    >>> holder_table().minima[0]
    Minimum(position=(8.055023475736563, 9.664590019241272), value=-19.208502567886732)
    """
    x, y = params
    return -_magnitude(jnp.sin(x) * jnp.cos(y)) * jnp.exp(_magnitude(1 - _root(x**2 + y**2) / pi))


@surface(
    cube(-5.12, 5.12),
    start=(-2.3, 1.4),
    minima=minima(-1.0, (0.0, 0.0)),
    source="Molga and Smutnicki (2005), Test Functions for Optimization Needs",
)
def drop_wave(params: Point) -> Value:
    """Rings of water around a fallen drop, the deepest point in the middle.

    ``f(x, y) = -(1 + cos(12 r)) / (r²/2 + 2)`` with ``r = √(x² + y²)``

    Domain: [-5.12, 5.12] each. Global minimum: -1 at (0, 0), smooth although its formula has a root. Its
    origin is not established.

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    M. Molga, C. Smutnicki, "Test functions for optimization needs", 2005.

    Examples
    --------
    >>> drop_wave().minima[0]
    Minimum(position=(0.0, 0.0), value=-1.0)
    """
    # 1 + cos(12 r) = 2 - 72 r² sinc²(6 r), whose derivatives at 0 need none of the root's.
    squared = jnp.sum(params**2)
    return -(2 - 72 * squared * jnp.sinc(6 * _root(squared) / pi) ** 2) / (squared / 2 + 2)


@surface(
    box((-15.0, -5.0), (-3.0, 3.0)),
    start=(-7.0, 2.5),
    minima=minima(0.0, (-10.0, 1.0)),
    source="Bukin (1997), Budker Institute of Nuclear Physics, preprint 97-79",
)
def bukin_6(params: Point) -> Value:
    """A cusp all along a parabola, falling slowly towards one point of it.

    ``f(x, y) = 100 √|y - x²/100| + |x + 10|/100``

    Domain: x in [-15, -5], y in [-3, 3]. Global minimum: 0 at (-10, 1), where the gradient is taken as 0.

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    A. D. Bukin, "New minimization strategy for non-smooth functions", Budker Institute of Nuclear Physics,
    preprint 97-79, Novosibirsk, 1997.

    Examples
    --------
    >>> bukin_6().minima[0]
    Minimum(position=(-10.0, 1.0), value=0.0)
    """
    x, y = params
    # As (x/10)², since a compiler may fuse x²/100 with the difference and then miss 0 at the minimum.
    return 100 * _root(y - (x / 10) ** 2) + _magnitude(x + 10) / 100


def _root(u: Float[Array, " *shape"]) -> Float[Array, " *shape"]:
    """Take ``√|u|`` with the derivative 0 at 0; the inner selection keeps autodiff from the infinite one."""
    at_cusp = u == 0
    return jnp.where(at_cusp, 0.0, jnp.sqrt(jnp.abs(jnp.where(at_cusp, 1.0, u))))


def _magnitude(u: Value) -> Value:
    """Take ``|u|`` with the derivative 0 at 0; that of ``jnp.abs`` is 1."""
    return u * jnp.sign(u)
