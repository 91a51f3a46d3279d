"""Surfaces that are polynomials.

The file is long because every surface states its formula, sources and minima; the surfaces are short. A decorator puts
in the formula's place the public function that makes the problem, and the docstring describes that (``surface.py``).
"""

from __future__ import annotations

from itertools import product
from math import fsum

import jax.numpy as jnp

from thalweg.problems.closed_form.surface import Point, Value, box, cube, minima, opposite, scalable, surface
from thalweg.problems.problem import Minimum


@scalable(
    (-2.048, 2.048),
    start=(-1.2, 1.0),
    minima=lambda d: minima(0.0, (1.0,) * d),
    source="Rosenbrock (1960), The Computer Journal 3, 175-184, doi:10.1093/comjnl/3.3.175",
    least=2,
)
def rosenbrock(params: Point) -> Value:
    """A narrow valley, curved like a banana, with an almost flat floor.

    ``f(x) = Σ_{i<d} 100 (x_{i+1} - x_i²)² + (1 - x_i)²``

    Domain: [-2.048, 2.048] each. Global minimum: 0 at (1, …, 1). From dimension 4 there is a local one too,
    which nears (-1, 1, …, 1) as the dimension grows. The start is Rosenbrock's own.

    Parameters
    ----------
    dimension : number of parameters, from 2 to 1000

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
    H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function", The
    Computer Journal 3, 175–184, 1960, doi:10.1093/comjnl/3.3.175.
    Y.-W. Shang, Y.-H. Qiu, "A note on the extended Rosenbrock function", Evolutionary Computation 14,
    119–126, 2006, doi:10.1162/evco.2006.14.1.119.

    Examples
    --------
    >>> rosenbrock(dimension=3).parameters
    ('x1', 'x2', 'x3')
    >>> rosenbrock().minima[0]
    Minimum(position=(1.0, 1.0), value=0.0)
    """
    x, after = params[:-1], params[1:]
    return jnp.sum(100 * (after - x**2) ** 2 + (1 - x) ** 2)


@surface(
    cube(-5.0, 5.0),
    start=(-0.5, -1.0),
    minima=minima(
        0.0,
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.2831859912861696),
        (3.5844283403304917, -1.8481265269644036),
    ),
    source="Himmelblau (1972), Applied Nonlinear Programming, McGraw-Hill",
)
def himmelblau(params: Point) -> Value:
    """Four valleys of one depth around a hilltop; the start is beside that hilltop.

    ``f(x, y) = (x² + y - 11)² + (x + y² - 7)²``

    Domain: [-5, 5] each. Minima: 0 at (3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186) and
    (3.584428, -1.848127).

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    D. M. Himmelblau, "Applied Nonlinear Programming", McGraw-Hill, 1972.

    Examples
    --------
    >>> himmelblau().minima[0]
    Minimum(position=(3.0, 2.0), value=0.0)
    """
    x, y = params
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@surface(
    box((-3.0, 3.0), (-2.0, 2.0)),
    start=(-1.2, 1.6),
    minima=(
        *minima(-1.0316284534898774, *opposite(0.08984201310031806, -0.7126564030207396)),
        *minima(-0.21546382438371764, *opposite(1.703606714969981, -0.7960835686726251)),
        *minima(2.1042503103112584, *opposite(1.6071047529201972, 0.5686514548841314)),
    ),
    source="Dixon and Szegö (1978), Towards Global Optimisation 2, North-Holland, 1-15",
)
def six_hump_camel(params: Point) -> Value:
    """Six valleys in three pairs, alike under a half turn.

    ``f(x, y) = (4 - 2.1 x² + x⁴/3) x² + x y + (4 y² - 4) y²``

    Domain: x in [-3, 3], y in [-2, 2]. Global minima: -1.031628 at ±(0.089842, -0.712656). Local minima:
    -0.215464 at ±(1.703607, -0.796084) and 2.104250 at ±(1.607105, 0.568651).

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    L. C. W. Dixon, G. P. Szegö, "The global optimization problem: an introduction", Towards Global
    Optimisation 2, 1–15, North-Holland, 1978.

    Examples
    --------
    >>> six_hump_camel().minima[0]
    Minimum(position=(0.08984201310031806, -0.7126564030207396), value=-1.0316284534898774)
    """
    x, y = params
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2


@surface(
    cube(-5.0, 5.0),
    start=(-1.6, 1.8),
    minima=(
        *minima(0.0, (0.0, 0.0)),
        *minima(0.2986384422368598, *opposite(1.7475523458302888, -0.8737761729151444)),
    ),
    source="Branin (1972), IBM Journal of Research and Development 16, 504-522, doi:10.1147/rd.165.0504",
)
def three_hump_camel(params: Point) -> Value:
    """Three valleys, the deepest between the other two.

    ``f(x, y) = 2 x² - 1.05 x⁴ + x⁶/6 + x y + y²``

    Domain: [-5, 5] each. Global minimum: 0 at (0, 0). Local minima: 0.298638 at ±(1.747552, -0.873776).

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    F. H. Branin, "Widely convergent method for finding multiple solutions of simultaneous nonlinear
    equations", IBM Journal of Research and Development 16, 504–522, 1972, doi:10.1147/rd.165.0504.

    Examples
    --------
    >>> three_hump_camel().minima[0]
    Minimum(position=(0.0, 0.0), value=0.0)
    """
    x, y = params
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2


@surface(
    cube(-4.5, 4.5),
    start=(1.0, 1.0),
    minima=minima(0.0, (3.0, 0.5)),
    source="Beale (1958), Princeton University, technical report 25, as in doi:10.1145/355934.355936",
)
def beale(params: Point) -> Value:
    """A flat plain with sharp peaks at its corners.

    ``f(x, y) = (1.5 - x + x y)² + (2.25 - x + x y²)² + (2.625 - x + x y³)²``

    Domain: [-4.5, 4.5] each. Global minimum: 0 at (3, 0.5). The start is that of Moré, Garbow and Hillstrom.

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    E. M. L. Beale, "On an iterative method for finding a local minimum of a function of more than one
    variable", Statistical Techniques Research Group, Princeton University, technical report 25, 1958.
    J. J. Moré, B. S. Garbow, K. E. Hillstrom, "Testing unconstrained optimization software", ACM Transactions
    on Mathematical Software 7, 17–41, 1981, doi:10.1145/355934.355936.

    Examples
    --------
    >>> beale().minima[0]
    Minimum(position=(3.0, 0.5), value=0.0)
    """
    x, y = params
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _in_every_corner(dimension: int) -> tuple[Minimum, ...]:
    valleys = (-2.903534027771177, -39.16616570377141), (2.746802770990837, -25.02944665528394)
    return tuple(
        Minimum(tuple(x for x, _ in chosen), fsum(depth for _, depth in chosen))
        for chosen in product(valleys if dimension <= 8 else valleys[:1], repeat=dimension)
    )


@scalable(
    (-5.0, 5.0),
    start=(0.5, -0.5),
    minima=_in_every_corner,
    source="Styblinski and Tang (1990), Neural Networks 3, 467-483, doi:10.1016/0893-6080(90)90029-K",
)
def styblinski_tang(params: Point) -> Value:
    """Two valleys along every axis, 2^d in all; the start leads to the shallower of the two along the first.

    ``f(x) = ½ Σ x_i⁴ - 16 x_i² + 5 x_i``

    Domain: [-5, 5] each. Every axis adds -39.166166 at -2.903534 or -25.029447 at 2.746803. All 2^d minima
    are listed, the global one first, up to dimension 8, and the global one alone beyond.

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
    M. A. Styblinski, T.-S. Tang, "Experiments in nonconvex optimization: stochastic approximation with
    function smoothing and simulated annealing", Neural Networks 3, 467–483, 1990,
    doi:10.1016/0893-6080(90)90029-K.

    Examples
    --------
    >>> styblinski_tang(dimension=3).parameters
    ('x1', 'x2', 'x3')
    >>> styblinski_tang().minima[0]
    Minimum(position=(-2.903534027771177, -2.903534027771177), value=-78.33233140754282)
    """
    return jnp.sum(params**4 - 16 * params**2 + 5 * params) / 2


@surface(
    cube(-10.0, 10.0),
    start=(-8.0, 5.0),
    minima=minima(0.0, (1.0, 3.0)),
    source="Jamil and Yang (2013), a survey, doi:10.1504/IJMMNO.2013.055204",
)
def booth(params: Point) -> Value:
    """One long bowl, the sum of two squares of straight lines.

    ``f(x, y) = (x + 2 y - 7)² + (2 x + y - 5)²``

    Domain: [-10, 10] each. Global minimum: 0 at (1, 3). Its origin is not established.

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
    >>> booth().minima[0]
    Minimum(position=(1.0, 3.0), value=0.0)
    """
    x, y = params
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


@surface(
    cube(-2.0, 2.0),
    start=(1.5, 1.4),
    minima=(
        *minima(3.0, (0.0, -1.0)),
        *minima(30.0, (-0.6, -0.4)),
        *minima(84.0, (1.8, 0.2)),
        *minima(840.0, (1.2, 0.8)),
    ),
    source="Goldstein and Price (1971), Mathematics of Computation 25, 569-574, doi:10.1090/S0025-5718-1971-0312365-X",
)
def goldstein_price(params: Point) -> Value:
    """Four valleys under walls a million high.

    ``f(x, y) = (1 + (x + y + 1)² (19 - 14 x + 3 x² - 14 y + 6 x y + 3 y²))
    (30 + (2 x - 3 y)² (18 - 32 x + 12 x² + 48 y - 36 x y + 27 y²))``

    Domain: [-2, 2] each. Global minimum: 3 at (0, -1). Local minima: 30 at (-0.6, -0.4), 84 at (1.8, 0.2) and
    840 at (1.2, 0.8).

    Returns
    -------
    Function
        Parameters ``x`` and ``y``, plain numbers.

    References
    ----------
    A. A. Goldstein, J. F. Price, "On descent from local minima", Mathematics of Computation 25, 569–574,
    1971, doi:10.1090/S0025-5718-1971-0312365-X.

    Examples
    --------
    >>> goldstein_price().minima[0]
    Minimum(position=(0.0, -1.0), value=3.0)
    """
    x, y = params
    first = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    second = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return first * second
