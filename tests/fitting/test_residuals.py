"""What residuals say, beside the formulas of the text books."""

import numpy as np
import pytest

from thalweg.fitting.residuals import statistics

DRAW = np.random.default_rng(2)
X = DRAW.uniform(0, 3, 30)
Y = 2 * X + 1 + DRAW.normal(size=30)
DESIGN = np.stack([X, np.ones(30)], axis=1)
HAT = DESIGN @ np.linalg.inv(DESIGN.T @ DESIGN) @ DESIGN.T
R = HAT @ Y - Y
ONES = np.ones(30)


def test_the_share_that_a_line_takes_off_is_the_squared_correlation():
    said = statistics(R, np.diag(HAT), 28, (Y, ONES))
    assert said.r_squared == pytest.approx(np.corrcoef(X, Y)[0, 1] ** 2, rel=1e-12)
    assert said.variance == pytest.approx((R**2).sum() / 28, rel=1e-14)


def test_weights_count_in_the_mean_of_the_data_too():
    weight = DRAW.uniform(0.5, 2, 30)
    said = statistics(weight * R, np.diag(HAT), 28, (Y, weight))
    mean = np.average(Y, weights=weight**2)
    expected = 1 - (weight**2 * R**2).sum() / (weight**2 * (Y - mean) ** 2).sum()
    assert said.r_squared == pytest.approx(expected, rel=1e-12)


def test_the_largest_residual_is_told_from_a_fit_without_it():
    said = statistics(R, np.diag(HAT), 28, (Y, ONES))
    # The standardised residual t' follows from the fit that leaves the row out: its prediction is off by r / (1 - h).
    offs = []
    for k in range(30):
        rest = np.delete(np.arange(30), k)
        slope, height = np.polyfit(X[rest], Y[rest], 1)
        leverage = HAT[k, k]
        offs.append((slope * X[k] + height - Y[k]) * np.sqrt(1 - leverage) / np.sqrt(said.variance))
    k = int(np.argmax(np.abs(offs)))
    assert said.largest_row == k
    assert said.largest == pytest.approx(offs[k], rel=1e-10)


def test_far_residuals_do_not_move_the_scale_of_a_robust_fit():
    r = np.array([0.1, -0.2, 0.3, -0.4, 100.0])
    said = statistics(r, np.zeros(5), 3, None, robust=True)
    assert (said.largest_row, said.largest) == (4, pytest.approx(100 / (1.482602218505602 * 0.3)))
    assert np.isnan(said.r_squared)


@pytest.mark.parametrize(("turns", "expected"), [(1, 1), (20, -1)])
def test_neighbours_of_a_wave_are_alike_and_of_a_zigzag_unlike(turns, expected):
    r = np.cos(2 * np.pi * turns * np.arange(40) / 40)
    # Of n rows n - 1 pairs; the cosine of the angle from row to row.
    said = statistics(r, np.zeros(40), 38, None)
    assert said.autocorrelation == pytest.approx(expected * np.cos(2 * np.pi / 40) ** (turns == 1), abs=0.06)


def test_what_is_rounding_says_nothing_of_noise():
    said = statistics(1e-17 * R, np.diag(HAT), 28, (Y, ONES))
    assert said.r_squared == 1
    assert np.isnan([said.autocorrelation, said.largest]).all()
    assert said.largest_row == -1
    exact = statistics(np.zeros(30), np.diag(HAT), 28, (Y, ONES))
    assert (exact.variance, exact.r_squared, exact.largest_row) == (0, 1, -1)


def test_constant_data_have_nothing_to_take_off():
    assert np.isnan(statistics(0 * R, np.diag(HAT), 28, (3 * ONES, ONES)).r_squared)


def test_no_row_to_spare_leaves_the_variance_unknown():
    said = statistics(np.array([1e-3, 2e-3]), np.ones(2), 0, None)
    assert np.isnan([said.variance, said.largest]).all()
