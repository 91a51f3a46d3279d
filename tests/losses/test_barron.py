import re
from itertools import pairwise
from math import inf, sqrt

import jax
import numpy as np
import pytest
from hypothesis import given, settings

from tests.losses.evaluation import at, curvature, exactly, residuals
from thalweg.losses import barron, cauchy, geman_mcclure, power, quadratic, welsch

EPS = np.finfo(float).eps
C = 0.7

ORDINARY = [-7.3, -2.0, -0.5, 0.3, 1.5]
NEAR_SINGULAR = [-2 - 1e-9, -1e-9, 1e-30, 1 - 1e-9, 2 - 1e-9, 2 + 1e-6, float(np.nextafter(2, 0)), -1e9]
LIMITS = {
    inf: lambda x: (x * x / 2).exp() - 1,
    2.0: lambda x: x * x / 2,
    1.0: lambda x: (x * x + 1).sqrt() - 1,
    0.0: lambda x: (x * x / 2 + 1).ln(),
    -2.0: lambda x: 2 * x * x / (x * x + 4),
    -inf: lambda x: 1 - (-x * x / 2).exp(),
}
SLOPES = {
    inf: lambda x: x * (x * x / 2).exp(),
    2.0: lambda x: x,
    1.0: lambda x: x / (x * x + 1).sqrt(),
    0.0: lambda x: 2 * x / (x * x + 2),
    -2.0: lambda x: 16 * x / (x * x + 4) ** 2,
    -inf: lambda x: x * (-x * x / 2).exp(),
}
R = np.array([-6.0, -0.9, -1e-5, 3e-3, 0.4, 2.0, 11.0])
"""From far below the scale to well above it, where exp(x²/2) is still a number."""

laws = settings(max_examples=10, deadline=None)  # each example holds several residuals; the first one compiles


def formula(r, alpha, c):
    b = abs(alpha - 2)
    return b / alpha * (((r / c) ** 2 / b + 1) ** (alpha / 2) - 1)


def slope(r, alpha, c):
    return r / c**2 * ((r / c) ** 2 / abs(alpha - 2) + 1) ** (alpha / 2 - 1)


def tolerance(alpha):
    """Give the roundings of a logarithm L raised to alpha: L is below 30 for the residuals here, and a slope takes L to alpha - 2."""
    return 30 * (4 + min(abs(alpha), 10)) * EPS


@pytest.mark.parametrize("alpha", ORDINARY + NEAR_SINGULAR)
@laws
@given(r=residuals)
def test_value_and_slope_are_the_published_formula(alpha, r):
    seen = at(barron(alpha, C), r)
    np.testing.assert_allclose(seen.value, [exactly(formula, x, alpha, C) for x in r], rtol=tolerance(alpha))
    normal = np.abs(seen.slope) > 1e-300
    expected = np.array([exactly(slope, x, alpha, C) for x in r])
    # The slope is that of the square times exp(-E): a rounding of E, of two, shows E times in it, and E is up to 690 here.
    square = np.where(r == 0, 1.0, np.abs(r)) / C**2
    exponent = np.abs(np.log(np.maximum(np.abs(expected), 1e-300) / square)) * (np.abs(expected) > 0)
    bound = (tolerance(alpha) + 2 * EPS * exponent) * np.abs(expected)
    assert (np.abs(seen.slope - expected) <= bound)[normal].all()
    assert (np.abs(expected[~normal]) <= 1.1e-300).all()


@pytest.mark.parametrize("alpha", LIMITS)
def test_limits_are_their_own_formulas(alpha):
    seen = at(barron(alpha, C), R)
    # exp(x²/2) of up to 124 carries as many roundings.
    np.testing.assert_allclose(
        seen.value, [exactly(lambda r, c: LIMITS[alpha](r / c), r, C) for r in R], rtol=500 * EPS
    )
    expected = [exactly(lambda r, c: SLOPES[alpha](r / c) / c, r, C) for r in R]
    np.testing.assert_allclose(seen.slope, expected, rtol=500 * EPS)


@pytest.mark.parametrize(
    ("alpha", "named"),
    [
        (2.0, lambda r: quadratic()(r) / 2),
        (1.0, lambda r: C * power(1, smoothing=C)(r)),
        (0.0, cauchy(sqrt(2) * C)),
        (-2.0, geman_mcclure(2 * C)),
        (-inf, welsch(sqrt(2) * C)),
    ],
)
def test_times_the_squared_scale_it_is_a_named_loss(alpha, named):
    # 32 bits, a few roundings each
    np.testing.assert_allclose(C**2 * barron(alpha, C)(R), named(R), rtol=8 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("step", [1e-6, -1e-9])
@pytest.mark.parametrize("alpha", [-2.0, 0.0, 1.0, 2.0])
def test_is_continuous_in_alpha_across_the_singular_values(alpha, step):
    here, there = at(barron(alpha, C), R), at(barron(alpha + step, C), R)
    # The logarithm of either changes with alpha at most like log(x²/b), which is below 40 even where b = 1e-9.
    for near, far in ((here.value, there.value), (here.slope, there.slope)):
        np.testing.assert_allclose(far, near, rtol=40 * abs(step) + tolerance(alpha))


@pytest.mark.parametrize("sign", [1, -1])
def test_infinite_alpha_is_the_limit_of_large_alpha(sign):
    limit = at(barron(sign * inf, C), R[:-1])
    for size, within in ((1e9, 1e-5), (1e18, 0)):
        near = at(barron(sign * size, C), R[:-1])
        # The exponents differ by about (x^4 + 4 x²) / 4 over alpha, and x is at most 9.
        np.testing.assert_allclose(near.value, limit.value, rtol=within)
        np.testing.assert_allclose(near.slope, limit.slope, rtol=within)


def test_large_alpha_is_still_the_published_formula():
    expected = [exactly(formula, r, 1e9, C) for r in R[:-1]]
    # exp(x²/2) of up to 37, each factor of the exponent rounded
    np.testing.assert_allclose(at(barron(1e9, C), R[:-1]).value, expected, rtol=4 * 37 * EPS)


@pytest.mark.parametrize("alpha", [2.0, 1.0, 0.0, -2.0])
def test_special_values_take_no_exponential(alpha):
    program = str(jax.make_jaxpr(jax.value_and_grad(barron(alpha, C).penalty))(1.0))
    assert not re.search(r"\b(exp|expm1|pow)\b", program)


@laws
@given(r=residuals)
def test_grows_with_alpha(r):
    values = [at(barron(alpha, C), r).value for alpha in (-inf, *sorted(ORDINARY), 2.0)]
    for lower, higher in pairwise(values):
        assert (lower <= higher * (1 + tolerance(10))).all()


@pytest.mark.parametrize("alpha", [-inf, -7.3, -1e-9, 1.0, 1.5, float(np.nextafter(2, 0)), 2.0, inf])
def test_curvature_at_zero_is_one_over_the_squared_scale(alpha):
    np.testing.assert_allclose(curvature(barron(alpha, C), [0.0]), 1 / C**2, rtol=8 * EPS)  # of a few products


@pytest.mark.parametrize("alpha", [-7.3, -2.0, -0.5])
def test_bound_of_negative_alpha(alpha):
    # (x²/b)^(α/2) has vanished at 1e80; a few roundings.
    np.testing.assert_allclose(at(barron(alpha, C), [-1e80]).value, (alpha - 2) / alpha, rtol=8 * EPS)


@pytest.mark.parametrize("alpha", [-2.0, -0.5, 0.0, 0.3])
def test_pull_falls_like_the_power_alpha_minus_one_far_out(alpha):
    near, far = at(barron(alpha, C), [1e6, 1e8]).slope
    # Up to the next order, (c/r)² = 5e-13, times the exponent; logarithms of 20 add less.
    np.testing.assert_allclose(far / near, 100 ** (alpha - 1), rtol=1e-11)


@pytest.mark.parametrize("alpha", [-0.5, 1e-30, float(np.nextafter(2, 0)), 1.5])
def test_residual_whose_square_overflows_32_bits(alpha):
    r = np.float32(-1e18 if alpha > 1 else -1e24)
    seen = at(barron(alpha, C), [r], 32)
    # Logarithms of up to 100 are rounded, then raised.
    np.testing.assert_allclose(seen.value, exactly(formula, r, alpha, C), rtol=200 * np.finfo(np.float32).eps)
    np.testing.assert_allclose(seen.slope, exactly(slope, r, alpha, C), rtol=200 * np.finfo(np.float32).eps)


def test_settings_hold_an_infinite_alpha():
    assert barron(-inf, 0.5).settings == {"alpha": -inf, "scale": 0.5}
