"""Shares of basins against SciPy's intervals, and against counts and chances that are known exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from thalweg.valleys import shares


@given(st.integers(1, 5000), st.floats(0, 1), st.floats(0.5, 0.999))
def test_intervals_are_those_of_scipy(starts, part, confidence):
    count = round(part * starts)
    found = shares.wilson(np.array([count]), starts, confidence)
    expected = binomtest(count, starts).proportion_ci(confidence, method="wilson")
    # Both are one short formula; they differ by a few roundings.
    np.testing.assert_allclose([found.low[0], found.high[0]], [expected.low, expected.high], rtol=0, atol=1e-13)


def test_the_estimate_is_the_share_of_starts_alone_in_their_basin():
    found = shares.unseen(np.array([50, 30, 1, 1, 1, 2, 2, 0]), 100)
    assert (found.share, found.singletons, found.doubletons) == (0.03, 3, 2)
    # z = 1.95996 to six digits.
    assert found.error == pytest.approx(1.95996 * np.sqrt(3 * 0.97 + 4) / 100, rel=1e-5)


def test_with_every_start_alone_all_may_be_unseen():
    found = shares.unseen(np.ones(20, dtype=int), 20)
    assert found.share == 1.0
    assert found.bound == 1.0


def test_the_estimate_is_right_on_average_and_the_bound_holds():
    chances = np.array([2.0**-k for k in range(1, 15)] + [2.0**-14])
    rng = np.random.default_rng(5)
    starts, repeats = 200, 4000
    counts = rng.multinomial(starts, chances, size=repeats)
    missing = (counts == 0) @ chances
    found = [shares.unseen(row, starts) for row in counts]
    difference = np.array([each.share for each in found]) - missing
    # The mean of 4000 differences, within 4 standard errors; the estimate's bias is the mean unseen share / n at most.
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(repeats) + missing.mean() / starts
    assert np.mean(missing > [each.bound for each in found]) <= 0.05


def test_the_estimate_falls_with_more_starts():
    chances = np.full(100, 0.01)
    rng = np.random.default_rng(1)
    draws = rng.choice(100, size=1600, p=chances)
    estimates = [shares.unseen(np.bincount(draws[:n], minlength=100), n).share for n in (50, 100, 200, 400, 1600)]
    assert estimates == sorted(estimates, reverse=True)
    assert estimates[-1] < 0.01 < 0.3 < estimates[0]
