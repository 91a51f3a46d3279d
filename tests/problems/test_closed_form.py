"""The surfaces in closed form against their definitions, their published figures and calculus.

The file is long because the published definition of every surface is written out a second time.
"""

from __future__ import annotations

import inspect
import itertools
import math
import re
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.problems import Function, closed_form
from thalweg.problems.closed_form import SURFACES

EPS = float(np.finfo(np.float64).eps)
EPS_32 = float(np.finfo(np.float32).eps)

SCALABLE = [name for name in SURFACES if "dimension" in inspect.signature(SURFACES[name]).parameters]
LEAST = {name: 2 if name == "rosenbrock" else 1 for name in SCALABLE}

# Global minima where the surface has a cusp, or that lie on the edge of the box: no calculus there.
NOT_SMOOTH = {"ackley", "bukin_6", "eggholder"}

CASES = [(name, {}) for name in SURFACES] + [(name, {"dimension": 3}) for name in SCALABLE]
SMOOTH = [(name, arguments) for name, arguments in CASES if name not in NOT_SMOOTH]


def each_of(cases):
    names = [f"{name}{arguments.get('dimension', '')}" for name, arguments in cases]
    return pytest.mark.parametrize(("name", "arguments"), cases, ids=names)


each_case = each_of(CASES)
each_surface = pytest.mark.parametrize("name", SURFACES)
each_scalable = pytest.mark.parametrize("name", SCALABLE)

# Points where a root or an absolute value has no derivative, besides the minima.
CUSPS = {
    "ackley": [(0.0, 0.0)],
    "bukin_6": [(-10.0, 0.0), (-10.0, 1.0), (-5.0, 0.25), (-8.0, 0.64)],
    "cross_in_tray": [(0.0, 0.0), (0.0, 3.0), (-2.0, 0.0)],
    "drop_wave": [(0.0, 0.0)],
    "eggholder": [(0.0, -47.0), (100.0, 53.0), (100.0, -97.0)],
    "holder_table": [(0.0, 0.0), (0.0, 3.0)],
    "schwefel": [(0.0, 0.0), (0.0, 100.0)],
}


@pytest.fixture(autouse=True)
def _in_64_bits():
    with jax.enable_x64(True):
        yield


# --- what each is ----------------------------------------------------------------------------------------------


@each_case
def test_is_found_by_name_and_says_where_it_comes_from(name, arguments):
    surface = SURFACES[name](**arguments)
    assert isinstance(surface, Function)
    assert surface.name == name
    assert re.search(r"\((19|20)\d\d\)", surface.source)
    assert getattr(closed_form, name) is SURFACES[name]


def test_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="unknown surface 'himelblau'; did you mean 'himmelblau'"):
        SURFACES["himelblau"]


@each_scalable
@pytest.mark.parametrize(("dimension", "names"), [(2, ("x", "y")), (4, ("x1", "x2", "x3", "x4"))])
def test_dimension_is_the_number_of_parameters(name, dimension, names):
    surface = SURFACES[name](dimension=dimension)
    assert surface.parameters == names
    assert len(surface.start) == dimension
    assert {len(minimum.position) for minimum in surface.minima} == {dimension}


@pytest.mark.parametrize("name", [name for name in SCALABLE if LEAST[name] == 1])
def test_one_parameter_is_a_section_through_the_minimum(name):
    line, plane = made(name, 1), made(name, 2)
    height, height_on_plane = jax.jit(line.value), jax.jit(plane.value)
    assert line.parameters == ("x",)
    (lowest,), (stated, *_) = minima(line)[0][0], minima(line)[1]
    (same, across), (deepest, *_) = minima(plane)[0][0], minima(plane)[1]
    assert lowest == same
    assert float(height(np.array([lowest]))) == pytest.approx(stated, abs=8e3 * EPS)
    if name not in {"ackley", "levy"}:  # not sums or products of equal parts; held against NumPy below
        moved = lowest + 0.3
        rise = float(height(np.array([moved]))) - stated
        assert rise == pytest.approx(float(height_on_plane(np.array([moved, across]))) - deepest, abs=8e3 * EPS)


@each_scalable
@pytest.mark.parametrize("dimension", [0, -1, 1001, 2.5])
def test_bad_dimension_is_refused_in_one_line(name, dimension):
    wrong = "not a whole number" if dimension == 2.5 else "not allowed"
    message = f"dimension = {dimension} is {wrong}; give a whole number of at least {LEAST[name]} and at most 1000"
    # Unwrapped of the type checks that pytest alone runs, which would refuse 2.5 before the library does.
    with pytest.raises(InvalidValue) as error:
        inspect.unwrap(SURFACES[name])(dimension=dimension)
    assert str(error.value) == message


def test_rosenbrock_needs_two_parameters():
    with pytest.raises(InvalidValue, match="dimension = 1 is not allowed; give a whole number of at least 2"):
        SURFACES["rosenbrock"](dimension=1)


@each_case
def test_start_and_minima_lie_in_the_box(name, arguments):
    surface = SURFACES[name](**arguments)
    for point in (surface.start, *(minimum.position for minimum in surface.minima)):
        assert inside(surface, np.array(point))


@each_surface
@pytest.mark.parametrize("dtype", [pytest.param(np.float32, marks=pytest.mark.long), np.float64])
def test_start_is_on_a_slope(name, dtype):
    surface = SURFACES[name]()
    # Well above rounding of a value of order 1, so that a descent moves from its first step.
    assert np.linalg.norm(gradients(surface, np.array([surface.start], dtype))) > 0.01


@each_surface
def test_two_of_a_kind_share_one_function_and_so_one_compiled_program(name):
    assert SURFACES[name]().value is SURFACES[name]().value


# --- what is published -----------------------------------------------------------------------------------------

ADORIO = "Adorio (2005), MVF - Multivariate Test Functions Library in C"
GOLDSTEIN_PRICE = "Goldstein and Price (1971), doi:10.1090/S0025-5718-1971-0312365-X"
JAMIL_YANG = "Jamil and Yang (2013), doi:10.1504/IJMMNO.2013.055204"
LIBRARY = "Surjanovic and Bingham (2013), Virtual Library of Simulation Experiments"
VANARET = "Vanaret et al. (2020), arXiv:2003.09867"
WIKIPEDIA = "Wikipedia, Test functions for optimization"

# Value and position as printed. Left out are the library's misprints: 1.3491 for the position in the cross-in-tray,
# and -39.16599 for the value of Styblinski and Tang.
PUBLISHED = [
    ("himmelblau", 2, "0", "-2.805118 3.131312", WIKIPEDIA),
    ("himmelblau", 2, "0", "-3.779310 -3.283186", WIKIPEDIA),
    ("himmelblau", 2, "0", "3.584428 -1.848126", WIKIPEDIA),
    ("six_hump_camel", 2, "-1.0316", "0.0898 -0.7126", LIBRARY),
    ("six_hump_camel", 2, "-1.0316", "-0.0898 0.7126", LIBRARY),
    ("three_hump_camel", 2, "0.29864", "1.74755 -0.87378", ADORIO),
    ("styblinski_tang", 1, "-39.16616", "-2.903534", WIKIPEDIA),
    ("shubert", 2, "-186.7309", "-7.0835 4.8580", JAMIL_YANG),
    ("shubert", 2, "-186.7309", "5.4828 -7.7083", JAMIL_YANG),
    ("eggholder", 2, "-959.6407", "512 404.2319", LIBRARY),
    ("schwefel", 1, "0", "420.9687", LIBRARY),
    ("michalewicz", 2, "-1.8013", "2.20 1.57", LIBRARY),
    ("michalewicz", 5, "-4.687658", "", LIBRARY),
    ("michalewicz", 10, "-9.6601517", "", VANARET),
    ("michalewicz", 20, "-19.6370136", "", VANARET),
    ("mccormick", 2, "-1.9133", "-0.54719 -1.54719", LIBRARY),
    ("goldstein_price", 2, "3", "0 -1", GOLDSTEIN_PRICE),
    ("goldstein_price", 2, "30", "-0.6 -0.4", GOLDSTEIN_PRICE),
    ("goldstein_price", 2, "84", "1.8 0.2", GOLDSTEIN_PRICE),
    ("goldstein_price", 2, "840", "1.2 0.8", GOLDSTEIN_PRICE),
    ("cross_in_tray", 2, "-2.06261", "1.34941 -1.34941", WIKIPEDIA),
    ("holder_table", 2, "-19.2085", "-8.05502 9.66459", LIBRARY),
]


@pytest.mark.parametrize(("name", "dimension", "value", "position", "source"), PUBLISHED)
def test_minimum_has_its_published_figures(name, dimension, value, position, source):
    surface = made(name, dimension)
    printed = [value, *position.split()]
    # The literature rounds, cuts and rounds up: within one unit of the last printed decimal. Whole numbers are exact.
    units = np.array([10.0 ** -len(number.partition(".")[2]) if "." in number else 1e-9 for number in printed])
    known = [[m.value, *(m.position if position else ())] for m in surface.minima]
    assert (np.abs(np.array(known) - np.array(printed, float)) <= units).all(axis=1).any(), source


# Values elsewhere, worked out by hand or published, at points where a wrong sign or swapped parameters would show.
ELSEWHERE = [
    ("rosenbrock", (-1.2, 1.0), 24.2),  # Rosenbrock (1960)
    ("beale", (1.0, 1.0), 14.203125),  # Moré, Garbow and Hillstrom (1981)
    ("himmelblau", (1.0, 2.0), 68.0),
    ("six_hump_camel", (1.0, 2.0), 4 - 2.1 + 1 / 3 + 2 + 48),
    ("three_hump_camel", (1.0, -2.0), 2 - 1.05 + 1 / 6 - 2 + 4),
    ("styblinski_tang", (1.0, -2.0), -34.0),
    ("booth", (2.0, -1.0), 53.0),
    ("goldstein_price", (1.0, 0.0), (1 + 4 * 8) * (30 + 4 * -2)),
    ("mccormick", (0.0, math.pi), math.pi**2 + 2.5 * math.pi + 1),
    ("griewank", (math.pi, 0.0), 2 + math.pi**2 / 4000),
    ("griewank", (0.0, math.sqrt(2) * math.pi), 2 + math.pi**2 / 2000),
    ("easom", (0.0, math.pi), math.exp(-(math.pi**2))),
    ("michalewicz", (math.pi / 2, math.pi / 2), -1 - math.sin(math.pi / 4) ** 20),
    ("eggholder", (0.0, 2.0), -49 * math.sin(7)),
    ("eggholder", (50.0, -47.0), -50 * math.sin(math.sqrt(50))),
    ("holder_table", (math.pi / 2, 0.0), -math.exp(0.5)),
    ("bukin_6", (-5.0, -0.75), 100.05),
]


@pytest.mark.parametrize(("name", "point", "value"), ELSEWHERE)
def test_value_elsewhere_is_that_of_the_definition(name, point, value):
    assert values(made(name), np.array([point]))[0] == pytest.approx(value, rel=1e-14)


def ackley(x):
    return 20 + np.e - 20 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) - np.exp(np.mean(np.cos(2 * np.pi * x)))


def cross_in_tray(x):
    exponential = np.exp(np.abs(100 - np.hypot(*x) / np.pi))
    return -0.0001 * (np.abs(np.sin(x[0]) * np.sin(x[1]) * exponential) + 1) ** 0.1


def drop_wave(x):
    r = np.hypot(*x)
    return -(1 + np.cos(12 * r)) / (0.5 * r**2 + 2)


def levy(x):
    w = 1 + (x - 1) / 4
    inner = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)
    return np.sin(np.pi * w[0]) ** 2 + inner.sum() + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)


def rastrigin(x):
    return 10 * len(x) + np.sum(x**2 - 10 * np.cos(2 * np.pi * x))


@pytest.mark.parametrize(
    ("published", "dimension"),
    [(ackley, 1), (ackley, 2), (cross_in_tray, 2), (drop_wave, 2), (levy, 1), (levy, 2), (rastrigin, 2)],
)
def test_rewritten_formula_equals_the_published_one(published, dimension):
    surface = made(published.__name__, dimension)
    points = sample(surface, 200, seed=1)
    expected = [published(point) for point in points]
    # The published forms cancel numbers of order 20, and hold some 10 more roundings.
    np.testing.assert_allclose(jax.jit(jax.vmap(surface.value))(points), expected, rtol=1e-12, atol=200 * EPS)


# --- what a minimum is -----------------------------------------------------------------------------------------


@each_case
def test_known_minimum_has_its_stated_value(name, arguments):
    surface = SURFACES[name](**arguments)
    positions, stated = minima(surface)
    # Some roundings of the largest terms that cancel there: 419 per parameter for Schwefel, 10³ for the others.
    np.testing.assert_allclose(values(surface, positions), stated, rtol=4 * EPS, atol=8e3 * EPS)


@each_of(SMOOTH)
def test_known_minimum_is_a_bowl(name, arguments):
    surface = SURFACES[name](**arguments)
    positions, _ = minima(surface)
    assert bowls(surface, positions).all()


@pytest.mark.parametrize("name", sorted(NOT_SMOOTH))
def test_no_lower_ground_around_a_minimum_without_calculus(name):
    surface = made(name)
    (position,), (stated,) = minima(surface)
    turn = np.linspace(0, 2 * np.pi, 3601)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for radius in (1e-1, 1e-3, 1e-5):
        ring = position + radius * circle
        ring = ring[inside(surface, ring)]
        assert len(ring) > 1000
        assert (values(surface, ring) > stated).all()


def test_drop_wave_has_its_true_curvature_where_its_root_has_none():
    # -(2 - 72 r²) / (2 + r²/2) = -1 + (36 + 1/4) r² to second order.
    _, _, hessian = derivatives(made("drop_wave"), np.zeros((1, 2)))
    np.testing.assert_allclose(hessian[0], 72.5 * np.eye(2), rtol=4 * EPS, atol=0)


@each_case
def test_nothing_in_the_box_is_lower_than_the_global_minimum(name, arguments):
    surface = SURFACES[name](**arguments)
    lowest = minima(surface)[1].min()
    points = sample(surface, 2**14, seed=2)
    best = points[np.argsort(values(surface, points))[:4]]

    def total(flat):
        value, slope, _ = derivatives(surface, flat.reshape(best.shape))
        return value.sum(), slope.ravel()

    # All four are polished at once: the gradient of a sum is every summand's own.
    bounds = [(axis.low, axis.high) for axis in surface.domain] * len(best)
    flat = minimize(total, best.ravel(), jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 30}).x
    reached = min(values(surface, points).min(), values(surface, flat.reshape(best.shape)).min())
    # As many roundings below as the value at the minimum itself is allowed.
    assert reached >= lowest - 4 * EPS * abs(lowest) - 8e3 * EPS


# How many minima the literature counts: all of them, or those of the global value.
ALL = {
    "rosenbrock": 1,
    "himmelblau": 4,
    "six_hump_camel": 6,
    "three_hump_camel": 3,
    "styblinski_tang": 4,
    "booth": 1,
    "goldstein_price": 4,
    "mccormick": 2,
}
GLOBAL = {"shubert": 18, "cross_in_tray": 4, "holder_table": 4}


@pytest.mark.parametrize(("name", "count"), ALL.items())
def test_search_from_everywhere_finds_the_known_minima_and_no_other(name, count):
    surface = made(name)
    positions, _ = minima(surface)
    assert len(positions) == count
    assert_same_points(search(name, 50), positions)


@pytest.mark.parametrize(("name", "count"), GLOBAL.items())
def test_search_from_everywhere_finds_the_known_global_minima_and_no_other(name, count):
    surface = made(name)
    positions, stated = minima(surface)
    assert len(positions) == count
    found = search(name, 120)
    # Far above rounding, far below the step to the next deepest minimum.
    assert_same_points(found[values(surface, found) < stated.min() + 1e-6], positions)


def assert_same_points(found, known):
    # Both have one rounding of positions below 10, times a condition number of 100 at most.
    distances = np.abs(found[:, None] - known).max(axis=2)
    assert len(found) == len(known)
    assert distances.min(axis=1).max() < 1e3 * EPS
    assert sorted(distances.argmin(axis=1)) == list(range(len(known)))


def test_shubert_has_722_minima_inside_its_box_and_38_more_on_its_edges():
    surface = made("shubert")
    assert len(search("shubert", 120)) == 722
    # Along an edge the product is g(10) = -3.34 times g, so its minima are where g is largest, 19 times.
    g = values(surface, np.stack([np.full(20001, 10.0), np.linspace(-10, 10, 20001)], axis=1))
    slope = np.diff(g)
    lowest = 1 + np.flatnonzero((slope[:-1] < 0) & (slope[1:] > 0))
    assert len(lowest) == 19
    # The ground rises from the edge into the box there.
    inwards = np.stack([np.full(19, 10 - 1e-3), np.linspace(-10, 10, 20001)[lowest]], axis=1)
    assert (values(surface, inwards) > g[lowest]).all()


# --- what a computer makes of it -------------------------------------------------------------------------------


@each_case
@pytest.mark.parametrize("wide", [False, True])
def test_32_bits_in_32_bits_out(name, arguments, wide):
    surface = SURFACES[name](**arguments)
    with jax.enable_x64(wide):
        value, slope = jax.eval_shape(
            jax.value_and_grad(surface.value), jax.ShapeDtypeStruct((len(surface.domain),), jnp.float32)
        )
    assert value.dtype == slope.dtype == jnp.float32


@each_surface
def test_32_bits_agree_with_64(name):
    surface = SURFACES[name]()
    points = sample(surface, 2**12, seed=3).astype(np.float32)
    exact = values(surface, points.astype(np.float64))
    # A dozen roundings of the largest value; the sharpest slopes multiply those of the sines' arguments.
    np.testing.assert_allclose(values(surface, points), exact, rtol=0, atol=24 * EPS_32 * np.abs(exact).max())


@each_surface
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_is_finite_everywhere(name, dtype):
    surface = SURFACES[name]()
    # Subnormal, smallest normal, and larger, whose squares vanish.
    tiny = float(np.finfo(dtype).tiny) * np.array([[1e-3, 1e-3], [1.0, 1.0], [1e6, -1e6]])
    points = np.concatenate([grid(surface, 101), minima(surface)[0], CUSPS.get(name, np.empty((0, 2))), tiny])
    value, slope, *_ = derivatives(surface, points.astype(dtype))
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize(
    ("name", "point"),
    [("ackley", (0.0, 0.0)), ("bukin_6", (-10.0, 1.0)), ("drop_wave", (0.0, 0.0)), ("eggholder", (0.0, -47.0))],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_is_0_at_exactly_the_cusp(name, point, dtype):
    np.testing.assert_array_equal(gradients(made(name), np.array([point], dtype)), 0)


# --- tools -----------------------------------------------------------------------------------------------------

WIDTH = 1024


def made(name: str, dimension: int | None = None) -> Function:
    return SURFACES[name](**({"dimension": dimension} if name in SCALABLE and dimension else {}))


@cache
def program(value, *, curvature: bool):
    """Compile value, gradient and, where asked for, Hessian at many points: once for all tests."""

    def slope(point):
        height, gradient = jax.value_and_grad(value)(point)
        return gradient, (height, gradient)

    def everything(point):
        hessian, (height, gradient) = jax.jacfwd(slope, has_aux=True)(point)
        return height, gradient, hessian

    return jax.jit(jax.vmap(everything if curvature else jax.value_and_grad(value)))


def derivatives(surface: Function, points: np.ndarray) -> list[np.ndarray]:
    """Return value, gradient and, in 64 bits, Hessian, in blocks of one shape, so that nothing compiles twice."""
    run = program(surface.value, curvature=points.dtype == np.float64)
    padded = np.pad(points, ((0, -len(points) % WIDTH), (0, 0)), mode="edge")
    blocks = [run(block) for block in padded.reshape(-1, WIDTH, points.shape[1])]
    return [np.concatenate(parts)[: len(points)] for parts in zip(*blocks, strict=True)]


def values(surface: Function, points: np.ndarray) -> np.ndarray:
    return derivatives(surface, points)[0]


def gradients(surface: Function, points: np.ndarray) -> np.ndarray:
    return derivatives(surface, points)[1]


def minima(surface: Function) -> tuple[np.ndarray, np.ndarray]:
    known = surface.minima
    assert known
    return np.array([m.position for m in known]), np.array([m.value for m in known])


def sides(surface: Function) -> np.ndarray:
    return np.array([[axis.low, axis.high] for axis in surface.domain])


def inside(surface: Function, points: np.ndarray) -> np.ndarray:
    low, high = sides(surface).T
    return ((points >= low) & (points <= high)).all(axis=-1)


def sample(surface: Function, count: int, seed: int) -> np.ndarray:
    low, high = sides(surface).T
    return np.random.default_rng(seed).uniform(low, high, (count, len(low)))


def grid(surface: Function, per_side: int) -> np.ndarray:
    return np.array(list(itertools.product(*[np.linspace(*side, per_side) for side in sides(surface)])))


def bowls(surface: Function, points: np.ndarray) -> np.ndarray:
    """Tell which points are smooth minima: no gradient beyond rounding, all curvatures positive."""
    _, slope, hessian = derivatives(surface, points)
    curvature = np.linalg.eigvalsh(hessian)
    # One rounding of the position, times the curvature, and some of the terms of up to 10³ that cancel.
    rounding = EPS * (2 * curvature.max(axis=1) * (1 + np.abs(points).max(axis=1)) + 8e3)
    return (curvature > 0).all(axis=1) & (np.abs(slope).max(axis=1) <= rounding)


@cache
def search(name: str, per_side: int) -> np.ndarray:
    """Find the smooth minima inside the box by Newton's method from every point of a grid."""
    surface = made(name)
    points = grid(surface, per_side)
    for _ in range(25):
        _, slope, hessian = derivatives(surface, points)
        regular = np.linalg.det(hessian) != 0
        points, slope, hessian = points[regular], slope[regular], hessian[regular]
        points = points - np.linalg.solve(hessian, slope[:, :, None])[:, :, 0]
        points = points[inside(surface, points)]
    points = points[bowls(surface, points)]
    _, first = np.unique(np.round(points, 6) + 0.0, axis=0, return_index=True)
    return points[first]
