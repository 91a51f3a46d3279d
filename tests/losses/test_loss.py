"""What every loss promises."""

from math import inf

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from tests.losses.evaluation import at, curvature, label, residuals
from thalweg import losses
from thalweg.base.errors import InvalidValue, UnknownName

TAME = [
    losses.quadratic(),
    losses.absolute(),
    losses.fourth_root(),
    losses.root(5),
    losses.power(0.01),
    losses.power(1.5),
    losses.fourth_root(smoothing=0.03),
    losses.power(0.7, smoothing=0.03),
    losses.huber(0.7),
    losses.log_cosh(0.7),
    losses.cauchy(0.7),
    losses.geman_mcclure(0.7),
    losses.welsch(0.7),
    losses.tukey(2.3),
    *(losses.barron(alpha, 0.7) for alpha in (-3.3, -1e-9, 1.0, 1.999)),
]
"""None grows faster than the square, so no slope leaves the 32-bit numbers."""

STEEP = [losses.power(3.0), losses.barron(2.6, 0.7), losses.barron(inf, 0.7)]

every_loss = pytest.mark.parametrize("loss", TAME + STEEP, ids=label)
every_tame_loss = pytest.mark.parametrize("loss", TAME, ids=label)
laws = settings(max_examples=10, deadline=None)  # each example holds many residuals; the first one compiles


@every_loss
@laws
@given(r=residuals)
def test_even_with_an_odd_slope(loss, r):
    here, mirrored = at(loss, r), at(loss, -r)
    np.testing.assert_array_equal(here.value, mirrored.value)
    np.testing.assert_array_equal(here.slope, -mirrored.slope)


@every_loss
@pytest.mark.parametrize("bits", [32, 64])
def test_zero_and_flat_at_zero(loss, bits):
    seen = at(loss, [0.0, -0.0], bits)
    np.testing.assert_array_equal(seen.value, 0)
    np.testing.assert_array_equal(seen.slope, 0)


@every_loss
@laws
@given(r=residuals)
def test_never_falls_as_the_residual_grows(loss, r):
    values = at(loss, np.sort(np.abs(r))).value
    # exp and log of up to 80 carry that many roundings.
    assert (values[1:] >= values[:-1] * (1 - 80 * np.finfo(float).eps)).all()


@every_loss
@laws
@given(r=residuals)
def test_slope_is_the_limit_of_difference_quotients(loss, r):
    r = np.clip(r, -10, 10)  # where exp(r²) is still a number
    seen, step = at(loss, r), 1e-6 * np.abs(r)
    quotient = (at(loss, r + step).value - at(loss, r - step).value) / ((r + step) - (r - step))
    # Truncation is 1e-12 / 6 of r² times the third derivative, at most (r/c)^4 = 4e4 slopes for barron(inf), and
    # 1e-6 / 4 at the kink of Huber's slope; rounding is 1e6 times that of the value, 1e-14 for what takes logarithms.
    assert (np.abs(quotient - seen.slope) <= 1e-7 * np.abs(seen.value / r) + 5e-7 * np.abs(seen.slope)).all()


@every_tame_loss
def test_32_bits_agree_with_64_from_the_smallest_to_huge_residuals(loss):
    r = np.geomspace(1e-37, 1e30, 64).astype(np.float32) * np.resize([1, 1, -1], 64).astype(np.float32)
    narrow, wide = at(loss, r, 32), at(loss, r, 64)
    for here, there in ((narrow.value, wide.value), (narrow.slope, wide.slope)):
        normal = (np.abs(there) > 2e-38) & (np.abs(there) < 3e38)
        assert normal.any()
        # Logarithms of up to 90 are rounded before they are raised again, twice at most.
        np.testing.assert_allclose(here[normal], there[normal], rtol=180 * np.finfo(np.float32).eps)
        assert not np.isnan(here).any()


@every_tame_loss
@pytest.mark.parametrize("bits", [32, 64])
def test_slope_is_finite_for_all_residuals_down_to_subnormal_ones(loss, bits):
    r = np.concatenate([[5e-324, 1e-310, 1e-45, 1e-40], np.geomspace(1e-38, 1e30, 60)])
    assert np.isfinite(at(loss, r, bits).slope).all()
    assert np.isfinite(at(loss, -r, bits).slope).all()


@every_tame_loss
def test_curvature_is_finite_at_zero_and_elsewhere(loss):
    r = np.concatenate([[0.0, 1e-45, 1e-40], np.geomspace(1e-38, 1e30, 29)])
    assert np.isfinite(curvature(loss, r, 32)).all()


@every_loss
@pytest.mark.parametrize("dtype", [jnp.bfloat16, np.float32, np.float64])
def test_precision_is_that_of_the_residual(loss, dtype):
    with jax.enable_x64(True):
        r = jnp.zeros(2, dtype)
        value, tangent = jax.eval_shape(lambda r: jax.jvp(loss.penalty, (r,), (r,)), r)
    assert value.dtype == tangent.dtype == dtype


@pytest.mark.parametrize("residual", [3, 3.0, np.int64(3), np.float64(3.0), np.array(3), jnp.array(3)], ids=repr)
def test_whole_and_plain_numbers_are_residuals_too(residual):
    values = [loss(residual) for loss in (losses.quadratic(), losses.absolute(), losses.huber())]
    assert values == [9.0, 3.0, 2.5]
    assert [value.dtype for value in values] == [jnp.float32] * 3


@every_loss
def test_name_and_settings_make_the_loss_again(loss):
    again = losses.CATALOGUE[loss.name](**loss.settings)
    assert again.settings == loss.settings
    assert again.formula == loss.formula != ""
    assert str(jax.make_jaxpr(again)(1.0)) == str(jax.make_jaxpr(loss)(1.0))


def test_catalogue_holds_every_maker_by_its_name():
    makers = {name for name in losses.__all__ if name.islower()}
    assert set(losses.CATALOGUE) == makers
    assert all(losses.CATALOGUE[name] is getattr(losses, name) for name in makers)


def test_every_loss_is_among_those_tried_here():
    assert {loss.name for loss in TAME + STEEP} == set(losses.CATALOGUE)


def test_unknown_loss_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="unknown loss 'hubert'; did you mean 'huber'"):
        losses.CATALOGUE["hubert"]


SCALE = "give a finite number of at least 1e-18 and at most 1e+18"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: losses.power(0.0), "p = 0.0 is not allowed; give a finite number above 0 and at most 1e+09"),
        (lambda: losses.power(float("nan")), "p = nan is not allowed; give a finite number above 0 and at most 1e+09"),
        (lambda: losses.power("2"), "p = '2' is not a number; give a number"),
        (
            lambda: losses.power(0.5, smoothing=-0.1),
            "smoothing = -0.1 is not allowed; give a finite number of at least 0",
        ),
        (
            lambda: losses.fourth_root(smoothing=inf),
            "smoothing = inf is not allowed; give a finite number of at least 0",
        ),
        (lambda: losses.power(0.5, smoothing=1e-60), f"smoothing = 1e-60 is not allowed; {SCALE}"),
        (lambda: losses.root(0.5), "n = 0.5 is not allowed; give a finite number of at least 1"),
        (lambda: losses.huber(0.0), f"delta = 0.0 is not allowed; {SCALE}"),
        (lambda: losses.log_cosh(-1.0), f"scale = -1.0 is not allowed; {SCALE}"),
        (lambda: losses.cauchy(inf), f"scale = inf is not allowed; {SCALE}"),
        (lambda: losses.geman_mcclure(None), "scale = None is not a number; give a number"),
        (lambda: losses.welsch(True), "scale = True is not a number; give a number"),
        (lambda: losses.tukey(1e19), f"scale = 1e+19 is not allowed; {SCALE}"),
        (lambda: losses.barron(float("nan")), "alpha = nan is not allowed; give a number"),
        (
            lambda: losses.barron(1.0, 0.0),
            "scale = 0.0 is not allowed; give a finite number of at least 1e-17 and at most 1e+17",
        ),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(make, text):
    with pytest.raises(InvalidValue) as error:
        make()
    assert str(error.value) == text
