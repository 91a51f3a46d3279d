from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.integrate import quad

from tests.losses.evaluation import at, curvature, exactly, residuals
from thalweg.losses import cauchy, geman_mcclure, huber, log_cosh, quadratic, tukey, welsch

EPS = np.finfo(float).eps
C = 0.7

FORMULAS = {
    huber: lambda r, c: r * r / 2 if abs(r) <= c else c * (abs(r) - c / 2),
    log_cosh: lambda r, c: c * c * (((r / c).exp() + (-r / c).exp()) / 2).ln(),
    cauchy: lambda r, c: c * c / 2 * (1 + (r / c) ** 2).ln(),
    geman_mcclure: lambda r, c: r * r / 2 / (1 + (r / c) ** 2),
    welsch: lambda r, c: c * c / 2 * (1 - (-((r / c) ** 2)).exp()),
    tukey: lambda r, c: c * c / 6 * (1 - (1 - min((r / c) ** 2, 1)) ** 3),
}
SLOPES = {
    huber: lambda r, c: max(-c, min(r, c)),
    log_cosh: lambda r, c: c * (1 - 2 / ((2 * r / c).exp() + 1)),
    cauchy: lambda r, c: r / (1 + (r / c) ** 2),
    geman_mcclure: lambda r, c: r / (1 + (r / c) ** 2) ** 2,
    welsch: lambda r, c: r * (-((r / c) ** 2)).exp(),
    tukey: lambda r, c: r * (1 - min((r / c) ** 2, 1)) ** 2,
}
REDESCENDING = [cauchy, geman_mcclure, welsch, tukey]

every_family = pytest.mark.parametrize("family", FORMULAS)
laws = settings(max_examples=10, deadline=None)  # each example holds several residuals; the first one compiles


@every_family
@laws
@given(r=residuals)
def test_value_is_the_formula(family, r):
    expected = [exactly(FORMULAS[family], x, C) for x in r]
    # Some ten roundings, of terms that do not cancel.
    np.testing.assert_allclose(at(family(C), r).value, expected, rtol=10 * EPS)


def test_log_cosh_keeps_its_digits_where_xla_loses_those_of_log1p():
    """Regression: XLA's log1p is off by a hundred roundings below -0.414."""
    x = np.linspace(0.6, 1.1, 32)
    expected = [exactly(FORMULAS[log_cosh], r, 1) for r in x]
    np.testing.assert_allclose(at(log_cosh(), x).value, expected, rtol=10 * EPS)  # some ten roundings


@every_family
@laws
@given(r=residuals)
def test_slope_is_the_derivative_of_the_formula(family, r):
    expected = [exactly(SLOPES[family], x, C) for x in r]
    # The exponent of Welsch's weight, up to 700 where the weight is a number, is rounded twice; Tukey's weight is a
    # difference from 1, rounded to eps.
    np.testing.assert_allclose(at(family(C), r).slope, expected, rtol=1400 * EPS, atol=8 * EPS * 1e-150)


@every_family
@pytest.mark.parametrize("scale", [C, 40.0 * C])
def test_curvature_at_zero_is_one_whatever_the_scale(family, scale):
    np.testing.assert_allclose(curvature(family(scale), [0.0]), 1, rtol=4 * EPS)  # of a product and a quotient


@every_family
def test_is_half_the_square_far_below_the_scale_in_32_bits(family):
    r = np.array([-1e-8, 3e-6, 2e-4], np.float32)
    # The next term of every series is at most (r/c)² of the first, which is 8e-8; then a few roundings.
    np.testing.assert_allclose(at(family(C), r, 32).value, r**2 / 2, rtol=6 * np.finfo(np.float32).eps)


@every_family
@laws
@given(r=residuals)
def test_lies_below_half_the_square(family, r):
    assert (at(family(C), r).value <= at(quadratic(), r).value / 2 * (1 + 10 * EPS)).all()


@every_family
@laws
@given(r=residuals)
def test_scale_is_a_unit_of_residual(family, r):
    scale = 40.0
    here, unit = at(family(C * scale), scale * r), at(family(C), r)
    np.testing.assert_allclose(here.value, scale**2 * unit.value, rtol=20 * EPS)  # some ten roundings on either side
    # Near the scale Tukey's weight, (1 - (r/c)²)², takes the rounding of (r/c)² as it is.
    np.testing.assert_allclose(here.slope, scale * unit.slope, rtol=1400 * EPS, atol=scale * 1e-7 * EPS)


def test_huber_is_half_the_square_up_to_delta():
    r = np.array([-3.0, 0.02, 2.5])
    np.testing.assert_array_equal(at(huber(3.0), r).value, r**2 / 2)


@laws
@given(r=residuals)
def test_huber_over_delta_tends_to_the_size_as_delta_falls(r):
    delta = 1e-4
    gap = np.abs(r) - at(huber(delta), r).value / delta
    assert (gap >= -4 * EPS * np.abs(r)).all()
    assert (gap <= delta / 2 + 4 * EPS * np.abs(r)).all()


@laws
@given(r=residuals)
def test_log_cosh_lies_below_its_asymptote_by_at_most_log_two(r):
    gap = C * np.abs(r) - at(log_cosh(C), r).value
    rounding = 4 * EPS * C * np.abs(r)
    assert (gap >= -rounding).all()
    assert (gap <= C**2 * np.log(2) + rounding).all()


@laws
@given(r=residuals)
def test_cauchy_outweighs_welsch_and_welsch_outweighs_geman_mcclure(r):
    high, middle, low = (at(family(C), r).value for family in (cauchy, welsch, geman_mcclure))
    # log(1+y) >= 1 - exp(-y) >= y/(1+y), equal to leading order, each within ten roundings
    assert (high >= middle * (1 - 20 * EPS)).all()
    assert (middle >= low * (1 - 20 * EPS)).all()


@pytest.mark.parametrize("family", [geman_mcclure, welsch])
def test_bound_is_half_the_squared_scale(family):
    np.testing.assert_allclose(at(family(C), [1e9, -1e30]).value, C**2 / 2, rtol=4 * EPS)  # (c/r)² has vanished


def test_tukey_is_exactly_flat_from_its_scale_on():
    seen = at(tukey(C), [C, -1.0001 * C, 5.0, 1e200])
    np.testing.assert_array_equal(seen.value, seen.value[0])
    np.testing.assert_allclose(seen.value[0], C**2 / 6, rtol=4 * EPS)  # of a few products
    np.testing.assert_array_equal(seen.slope, 0)


@pytest.mark.parametrize(
    ("family", "peak"),
    [(cauchy, 1.0), (geman_mcclure, 1 / sqrt(3)), (welsch, 1 / sqrt(2)), (tukey, 1 / sqrt(5))],
)
def test_pull_is_strongest_at_its_known_residual(family, peak):
    before, there, after = curvature(family(C), C * peak * np.array([0.99, 1.0, 1.01]))
    assert before > 1e-3
    assert abs(there) <= 20 * EPS  # two terms of order 1 cancel
    assert after < -1e-3


@pytest.mark.parametrize("family", REDESCENDING)
def test_pull_vanishes_far_out(family):
    strongest = at(family(C), np.linspace(0, C, 32)).slope.max()
    far = at(family(C), C * np.array([1e3, -1e6, 1e12])).slope
    assert (np.abs(far) <= strongest * np.array([3e-3, 3e-6, 3e-12])).all()  # the slowest falls like 2c/r


@pytest.mark.parametrize(
    ("family", "slope"),
    [
        (huber, lambda r: C),
        (log_cosh, lambda r: C),
        (cauchy, lambda r: C**2 / r),
        (geman_mcclure, lambda r: C**4 / r**3),
        (welsch, lambda r: 0),
        (tukey, lambda r: 0),
    ],
)
@pytest.mark.parametrize("r", [1e10, 1e30])
def test_pull_of_a_residual_whose_square_overflows_32_bits(family, slope, r):
    # A few roundings; what lies below the normal numbers is zero.
    seen = at(family(C), [-r], 32)
    np.testing.assert_allclose(seen.slope, -slope(r), rtol=8 * np.finfo(np.float32).eps, atol=1.2e-38)
    assert np.isfinite(seen.value).all()


@pytest.mark.parametrize("family", FORMULAS)
def test_huge_residual_at_the_least_scale_is_finite_in_32_bits(family):
    seen = at(family(1e-18), [-1e30], 32)
    assert np.isfinite(seen).all()


def test_tukeys_default_is_95_percent_efficient_for_normal_residuals():
    """Efficiency of an M-estimator: E[ψ']² / E[ψ²], with ψ the slope."""
    loss = tukey()

    def mean(f):
        return quad(lambda r: f(r) * np.exp(-(r**2) / 2) / sqrt(2 * pi), -4.685, 4.685)[0]

    efficiency = mean(lambda r: curvature(loss, r)[0]) ** 2 / mean(lambda r: at(loss, r).slope[0] ** 2)
    assert abs(efficiency - 0.95) <= 1e-4  # 4.685 is given to three decimals
