"""Smooth surfaces with waves.

The file is long because every surface states its formula, sources and minima; the surfaces are short. A decorator puts
in the formula's place the public function that makes the problem, and the docstring describes that (``surface.py``).
"""

from __future__ import annotations

from itertools import product
from math import fsum, pi, sqrt

import jax.numpy as jnp
import numpy as np

from thalweg.base import hints
from thalweg.problems.closed_form.surface import Point, Value, box, cube, minima, scalable, surface
from thalweg.problems.problem import Minimum

HIGHEST, LOWEST = ([place + 2 * pi * k for k in (-1, 0, 1)] for place in (-0.8003211004719731, -1.425128428319761))
"""Where a factor of Shubert's function is highest, and where it is lowest."""


@scalable(
    (-5.12, 5.12),
    start=(3.3, -2.2),
    minima=lambda d: minima(0.0, (0.0,) * d),
    source="Rastrigin (1974), Systems of Extremal Control, Nauka; in d dimensions Mühlenbein, "
    "Schomisch and Born (1991), Parallel Computing 17, 619-632, doi:10.1016/S0167-8191(05)80052-3",
)
def rastrigin(params: Point) -> Value:
    """A bowl under an egg carton: a valley near every point of whole numbers.

    ``f(x) = 10 d + Σ x_i² - 10 cos(2π x_i)``

    Domain: [-5.12, 5.12] each. Global minimum: 0 at (0, …, 0).

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
    L. A. Rastrigin, "Systems of extremal control", Nauka, Moscow, 1974 (in Russian).
    H. Mühlenbein, M. Schomisch, J. Born, "The parallel genetic algorithm as function optimizer", Parallel
    Computing 17, 619–632, 1991, doi:10.1016/S0167-8191(05)80052-3.

    Examples
    --------
    >>> rastrigin(dimension=3).parameters
    ('x1', 'x2', 'x3')
    >>> rastrigin().minima[0]
    Minimum(position=(0.0, 0.0), value=0.0)
    """
    # 1 - cos(2a) = 2 sin²(a): no digits are lost near the minimum.
    return jnp.sum(params**2 + 20 * jnp.sin(pi * params) ** 2)


@scalable(
    (-10.0, 10.0),
    start=(-6.0, 4.5),
    minima=lambda d: minima(0.0, (1.0,) * d),
    source="Laguna and Martí (2005), Journal of Global Optimization 33, 235-255, "
    "doi:10.1007/s10898-004-1936-z, after Levy and Montalvo (1985), doi:10.1137/0906002",
)
def levy(params: Point) -> Value:
    """A wavy parabola along every axis, with deeper waves across it.

    ``f(x) = sin²(π w_1) + Σ_{i<d} (w_i - 1)² (1 + 10 sin²(π w_i + 1)) + (w_d - 1)² (1 + sin²(2π w_d))``
    with ``w_i = 1 + (x_i - 1) / 4``

    Domain: [-10, 10] each. Global minimum: 0 at (1, …, 1). Several surfaces bear this name; this is the form
    of Laguna and Martí.

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
    A. V. Levy, A. Montalvo, "The tunneling algorithm for the global minimization of functions", SIAM Journal
    on Scientific and Statistical Computing 6, 15–29, 1985, doi:10.1137/0906002.
    M. Laguna, R. Martí, "Experimental testing of advanced scatter search designs for global optimization of
    multimodal functions", Journal of Global Optimization 33, 235–255, 2005, doi:10.1007/s10898-004-1936-z.

    Examples
    --------
    >>> levy(dimension=3).parameters
    ('x1', 'x2', 'x3')
    >>> levy().minima[0]
    Minimum(position=(1.0, 1.0), value=0.0)
    """
    # u = w - 1 serves in all three sines, since sin² has the period π; at the minimum it is exactly 0.
    u = (params - 1) / 4
    inner, last = u[:-1], u[-1]
    across = jnp.sum(inner**2 * (1 + 10 * jnp.sin(pi * inner + 1) ** 2))
    return jnp.sin(pi * u[0]) ** 2 + across + last**2 * (1 + jnp.sin(2 * pi * last) ** 2)


@scalable(
    (-600.0, 600.0),
    start=(-45.0, 30.0),
    minima=lambda d: minima(0.0, (0.0,) * d),
    source="Griewank (1981), Journal of Optimization Theory and Applications 34, 11-39, doi:10.1007/BF00933356",
)
def griewank(params: Point) -> Value:
    """A wide, shallow bowl under a carpet of equal waves.

    ``f(x) = 1 + Σ x_i² / 4000 - Π cos(x_i / √i)``

    Domain: [-600, 600] each. Global minimum: 0 at (0, …, 0).

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
    A. O. Griewank, "Generalized descent for global optimization", Journal of Optimization Theory and
    Applications 34, 11–39, 1981, doi:10.1007/BF00933356.

    Examples
    --------
    >>> griewank(dimension=3).parameters
    ('x1', 'x2', 'x3')
    >>> griewank().minima[0]
    Minimum(position=(0.0, 0.0), value=0.0)
    """
    return 1 + jnp.sum(params**2) / 4000 - jnp.prod(jnp.cos(params / jnp.sqrt(_ranks(params))))


@surface(
    cube(-10.0, 10.0),
    start=(0.5, -2.0),
    minima=minima(-186.73090883102384, *product(HIGHEST, LOWEST), *product(LOWEST, HIGHEST)),
    source="Shubert (1972), SIAM Journal on Numerical Analysis 9, 379-388, doi:10.1137/0709036; as a "
    "product Levy and Montalvo (1985), doi:10.1137/0906002",
)
def shubert(params: Point) -> Value:
    """A lattice of 722 valleys, eighteen of them the deepest.

    ``f(x, y) = g(x) g(y)`` with ``g(t) = Σ_{j=1..5} j cos((j + 1) t + j)``

    The literature counts 760: these and 38 on the edges x = 10 and y = 10.

    Domain: [-10, 10] each. Global minima: -186.730909, wherever one of x and y is at a highest point of g,
    -0.800321 + 2πk, and the other at a lowest one, -1.425128 + 2πk, for k in -1, 0, 1.

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    B. O. Shubert, "A sequential method seeking the global maximum of a function", SIAM Journal on Numerical
    Analysis 9, 379–388, 1972, doi:10.1137/0709036.
    A. V. Levy, A. Montalvo, "The tunneling algorithm for the global minimization of functions", SIAM Journal
    on Scientific and Statistical Computing 6, 15–29, 1985, doi:10.1137/0906002.

    Examples
    --------
    >>> shubert().minima[0]
    Minimum(position=(-7.0835064076515595, -7.708313735499347), value=-186.73090883102384)
    """
    j = hints.arange(1, 6, dtype=params.dtype)
    g = jnp.sum(j * jnp.cos((j + 1) * params[:, None] + j), axis=1)
    return g[0] * g[1]


@surface(
    box((-1.5, 4.0), (-3.0, 4.0)),
    start=(0.0, 3.0),
    minima=(
        *minima(-sqrt(3) / 2 - pi / 3, (0.5 - pi / 3, -0.5 - pi / 3)),
        *minima(2 * pi / 3 - sqrt(3) / 2, (0.5 + 2 * pi / 3, -0.5 + 2 * pi / 3)),
    ),
    source="Jamil and Yang (2013), a survey, doi:10.1504/IJMMNO.2013.055204",
)
def mccormick(params: Point) -> Value:
    """A plane rippled along its diagonal inside a parabolic trough.

    ``f(x, y) = sin(x + y) + (x - y)² - 1.5 x + 2.5 y + 1``

    Domain: x in [-1.5, 4], y in [-3, 4]. Global minimum: -√3/2 - π/3 = -1.913223 at (1/2 - π/3, -1/2 - π/3).
    Local minimum: 2π/3 - √3/2 = 1.228370, π further along both axes. Its origin is not established.

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    M. Jamil, X.-S. Yang, "A literature survey of benchmark functions for global optimisation problems",
    International Journal of Mathematical Modelling and Numerical Optimisation 4, 150–194, 2013,
    doi:10.1504/IJMMNO.2013.055204.

    Examples
    --------
    >>> mccormick().minima[0]
    Minimum(position=(-0.5471975511965976, -1.5471975511965976), value=-1.9132229549810362)
    """
    x, y = params
    return jnp.sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1


def _deepest_valley(i: int) -> tuple[float, float]:
    """Find where ``sin(x) sin²⁰(i x² / π)`` is largest, and how large.

    Near its k-th peak the slope vanishes where ``i x² / π = (k + ½) π + arctan(π / (40 i x tan x))``, an
    equation that contracts to the peak: its last term varies slowly.
    """
    middle = (np.arange(i) + 0.5) * pi
    x = np.sqrt(pi * middle / i)
    for _ in range(20):
        x = np.sqrt(pi / i * (middle + np.arctan(pi / (40 * i * x * np.tan(x)))))
    depth = np.sin(x) * np.sin(i * x**2 / pi) ** 20
    best = depth.argmax()
    return float(x[best]), float(depth[best])


def _crossing(dimension: int) -> tuple[Minimum, ...]:
    valleys = [_deepest_valley(i + 1) for i in range(dimension)]
    return minima(-fsum(depth for _, depth in valleys), tuple(x for x, _ in valleys))


@scalable(
    (0.0, pi),
    start=(2.0, 2.6),
    minima=_crossing,
    source="Michalewicz (1996), Genetic Algorithms + Data Structures = Evolution Programs, Springer, "
    "doi:10.1007/978-3-662-03315-9",
)
def michalewicz(params: Point) -> Value:
    """Sharp valleys crossing a plain that is flat almost everywhere; the start leads to a lesser crossing.

    ``f(x) = -Σ sin(x_i) sin²⁰(i x_i² / π)``

    Domain: [0, π] each. Global minimum: the deepest valley along every axis, -1.801303 at (2.202906, π/2) for
    two parameters, -4.687658 for five and -9.660152 for ten.

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
    Z. Michalewicz, "Genetic algorithms + data structures = evolution programs", 3rd edition, Springer, 1996,
    doi:10.1007/978-3-662-03315-9.
    C. Vanaret, J.-B. Gotteland, N. Durand, J.-M. Alliot, "Certified global minima for a benchmark of
    difficult optimization problems", 2020, arXiv:2003.09867.

    Examples
    --------
    >>> michalewicz(dimension=3).parameters
    ('x1', 'x2', 'x3')
    >>> michalewicz().minima[0]
    Minimum(position=(2.2029055201726093, 1.5707963267948966), value=-1.8013034100985532)
    """
    return -jnp.sum(jnp.sin(params) * jnp.sin(_ranks(params) * params**2 / pi) ** 20)


@surface(
    cube(-100.0, 100.0),
    start=(2.0, 4.2),
    minima=minima(-1.0, (pi, pi)),
    source="Easom (1990), A Survey of Global Optimization Techniques, thesis, University of Louisville",
)
def easom(params: Point) -> Value:
    """One narrow hole in a wide plain that is flat to rounding; the start is on its rim.

    ``f(x, y) = -cos(x) cos(y) exp(-(x - π)² - (y - π)²)``

    Domain: [-100, 100] each. Global minimum: -1 at (π, π).

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    E. E. Easom, "A survey of global optimization techniques", M. Eng. thesis, University of Louisville, 1990.

    Examples
    --------
    >>> easom().minima[0]
    Minimum(position=(3.141592653589793, 3.141592653589793), value=-1.0)
    """
    return -jnp.prod(jnp.cos(params)) * jnp.exp(-jnp.sum((params - pi) ** 2))


def _ranks(params: Point) -> Point:
    """Return 1, 2, …, d in the type of the parameters, so that 32 bits stay 32 bits."""
    return hints.arange(1, params.size + 1, dtype=params.dtype)
