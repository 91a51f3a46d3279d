import re
from decimal import Decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from tests.losses.evaluation import at, curvature, exactly, residuals
from thalweg.losses import absolute, fourth_root, power, quadratic, root

EXPONENTS = [0.01, 0.25, 0.4, 0.5, 1.0, 1.5, 2.0, 2.6, 3.0, 4.0]
CUSPS = [p for p in EXPONENTS if p < 1]
EPS = np.finfo(float).eps

POWERS = {p: power(p) for p in EXPONENTS}
SMOOTHED = {p: power(p, smoothing=0.03) for p in (0.01, 0.25, 0.5, 0.7, 1.0, 2.6)}

every_power = pytest.mark.parametrize("p", EXPONENTS)
every_smoothed_power = pytest.mark.parametrize("p", list(SMOOTHED))
laws = settings(max_examples=10, deadline=None)  # each example holds many residuals; the first one compiles


@every_power
@laws
@given(r=residuals)
def test_value_is_the_general_power_of_the_size(p, r):
    # NumPy's power is within one rounding, ours within that of p = 4: three products, or two roots and one product.
    np.testing.assert_allclose(at(POWERS[p], r).value, np.abs(r) ** p, rtol=4 * EPS)


@every_power
@laws
@given(r=residuals)
def test_slope_is_p_times_the_next_lower_power_with_the_sign_of_the_residual(p, r):
    expected = p * np.abs(r) ** (p - 1) * np.sign(r)
    # A power, a product and a quotient on either side.
    np.testing.assert_allclose(at(POWERS[p], r).slope, expected, rtol=6 * EPS)


@every_power
@laws
@given(r=residuals)
def test_curvature_is_p_times_p_minus_one_times_the_power_two_lower(p, r):
    expected = p * (p - 1) * np.abs(r) ** (p - 2)
    np.testing.assert_allclose(curvature(POWERS[p], r), expected, rtol=8 * EPS)  # one quotient more than the slope


@pytest.mark.parametrize(
    "loss",
    [*(POWERS[p] for p in (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)), *(SMOOTHED[p] for p in (0.25, 0.5, 1.0))],
    ids=lambda loss: loss.formula,
)
def test_what_roots_and_products_can_make_is_made_of_them_alone(loss):
    program = str(jax.make_jaxpr(jax.value_and_grad(loss.penalty))(1.0))
    assert not re.search(r"\b(pow|exp|exp2|expm1|log|log1p)\b", program)


def test_value_and_slope_share_one_general_power():
    program = jax.jit(jax.value_and_grad(POWERS[0.4].penalty)).lower(1.0).compile().as_text()
    assert program.count(" power(") == 1


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5])
def test_third_derivative_is_a_number_at_zero_and_beside_it(p):
    third = jax.grad(jax.grad(jax.grad(POWERS[p].penalty)))
    assert np.isfinite(jax.jit(jax.vmap(third))(np.array([0.0, 2e-38, -1e-30], np.float32))).all()


def test_an_exponent_below_the_32_bit_numbers_is_still_zero_at_zero():
    np.testing.assert_array_equal(at(power(1e-300), [0.0, -3.0], 32).value, [0, 1])


@pytest.mark.parametrize("p", CUSPS)
def test_slope_of_a_cusp_is_right_down_to_the_smallest_normal_residual(p):
    tiny = float(np.finfo(np.float32).tiny)
    slope = at(POWERS[p], [-tiny], 32).slope
    # The exponent itself is rounded to 32 bits, and the logarithm of the residual is 87.
    np.testing.assert_allclose(slope, -p * tiny ** (p - 1), rtol=87 * np.finfo(np.float32).eps)


def test_a_derivative_that_would_overflow_is_the_largest_number():
    # The curvature at 1e-30 is -1e45 / 4.
    assert curvature(POWERS[0.5], [1e-30], 32) == -np.finfo(np.float32).max


@pytest.mark.parametrize("loss", [power(0.5), power(0.5, smoothing=0.03), fourth_root()], ids=lambda loss: loss.formula)
def test_fourth_root_of_a_square_that_would_overflow_is_right(loss):
    seen = at(loss, [-1e38], 32)
    np.testing.assert_allclose(seen.value, 1e19, rtol=4 * np.finfo(np.float32).eps)  # a root, a product, a rounded 1e38
    np.testing.assert_allclose(seen.slope, -0.5e-19, rtol=4 * np.finfo(np.float32).eps)


@pytest.mark.parametrize(
    ("named", "p"),
    [(quadratic(), 2.0), (absolute(), 1.0), (fourth_root(), 0.5), (root(5), 0.4)],
    ids=["quadratic", "absolute", "fourth_root", "root"],
)
def test_named_powers_are_powers(named, p):
    r = np.array([-7.0, 0.02, 1.5])
    np.testing.assert_array_equal(at(named, r).value, at(POWERS[p], r).value)


@pytest.mark.parametrize("n", [3.0, 8.0])
def test_root_is_the_root_of_the_square(n):
    r = np.array([-7.0, 0.02, 1.5])
    np.testing.assert_allclose(at(root(n), r).value, (r**2) ** (1 / n), rtol=4 * EPS)  # two powers and a quotient


@every_smoothed_power
@laws
@given(r=residuals)
def test_smoothed_value_keeps_its_digits_from_far_below_to_far_above_the_smoothing(p, r):
    e = Decimal("0.03")
    expected = [exactly(lambda x, p: (x * x + e * e) ** (p / 2) - e**p, x, p) for x in r]
    # Beyond the smoothing two powers are subtracted, which for p = 0.01 differ in the third digit.
    np.testing.assert_allclose(at(SMOOTHED[p], r).value, expected, rtol=500 * EPS)


@every_smoothed_power
@laws
@given(r=residuals)
def test_smoothed_slope(p, r):
    expected = p * r * (r**2 + 0.03**2) ** (p / 2 - 1)
    np.testing.assert_allclose(at(SMOOTHED[p], r).slope, expected, rtol=10 * EPS)  # some ten operations on either side


@every_smoothed_power
def test_smoothed_curvature_at_zero(p):
    # p ε^(p-2), by a handful of operations
    np.testing.assert_allclose(curvature(SMOOTHED[p], [0.0]), p * 0.03 ** (p - 2), rtol=10 * EPS)


@pytest.mark.parametrize("p", [p for p in SMOOTHED if p <= 2])
@laws
@given(r=residuals)
def test_smoothed_lies_below_plain_by_at_most_the_power_of_the_smoothing(p, r):
    plain, smoothed = np.abs(r) ** p, at(SMOOTHED[p], r).value
    rounding = 8 * EPS * np.maximum(plain, 1)  # of two powers and their difference
    assert (smoothed <= plain + rounding).all()
    assert (plain - smoothed <= 0.03**p + rounding).all()


@pytest.mark.parametrize("p", [0.01, 0.5])
def test_curvature_of_the_least_smoothing_fits_32_bits(p):
    # The exponent is rounded and multiplies the logarithm, 41.
    bent = curvature(power(p, smoothing=1e-18), [0.0], 32)
    np.testing.assert_allclose(bent, p * 1e-18 ** (p - 2), rtol=100 * np.finfo(np.float32).eps)


def test_smoothing_leaves_the_square_as_it_is():
    r = np.array([-7.0, 0.02, 1e4])
    np.testing.assert_array_equal(power(2, smoothing=0.5)(r), quadratic()(r))


def test_settings_and_formula_tell_the_numbers():
    loss = power(0.4, smoothing=0.01)
    assert loss.settings == {"p": 0.4, "smoothing": 0.01}
    assert loss.formula == "(r² + 0.01²)^(0.4/2) - 0.01^0.4"
    assert root(8).settings == {"n": 8.0, "smoothing": 0.0}
    assert (power(0.4).formula, root(8).formula, fourth_root().formula) == ("|r|^0.4", "(r²)^(1/8)", "(r²)^(1/4)")


def test_exact_hits_leave_no_nan_in_the_mean_gradient():
    """Regression: a noise-free pencil hits a residual of exactly 0, where frameworks return NaN."""
    x = jnp.array([0.0, 0.5, -2.0])
    gradient = jax.grad(lambda slope: jnp.mean(power(1 / 2)(slope * x - 0.75 * x)))(0.75)
    assert gradient == 0
