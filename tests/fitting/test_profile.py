"""Profiles of a loss: the lowest over all other parameters, and where it reaches a height."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.fitting.profile import Profile, nowhere
from thalweg.losses import quadratic
from thalweg.problems import Axis

X = np.linspace(0.0, 2.0, 30)


def profile(model, y, held, minimum, others=(), **ranges):
    objective = tw.objective(tw.problems.fit({"x": X, "y": y}, model, "y", ranges=ranges), quadratic())
    minimum = np.array(minimum, float)
    return Profile(objective, held, minimum, np.array(others, float).reshape(-1, len(minimum)))


def test_the_other_parameters_are_at_their_best():
    y = 2 * X + 1
    made = profile("a*x + b", y, (0,), [2, 1])
    heights, places = made.over([np.array([0.0, 1.0, 2.0, 5.0])])
    # With the slope off by d the best height is off by -d times the mean of x.
    for value, height, place in zip([0, 1, 2, 5], heights, places, strict=True):
        d = value - 2
        np.testing.assert_allclose(place, [value, 1 - d * X.mean()], atol=1e-12)
        np.testing.assert_allclose(height, d**2 * X.var(), atol=1e-14)


def test_over_two_parameters_the_axes_keep_their_order():
    made = profile("a*x + b + c*x**2", 2 * X + 1, (2, 0), [2, 1, 0])
    first, second = np.array([-1.0, 0.0, 2.0]), np.array([1.0, 2.0, 4.0, 5.0])
    heights, places = made.over([first, second])
    assert (heights.shape, places.shape) == ((3, 4), (3, 4, 3))
    for i, c in enumerate(first):
        for j, a in enumerate(second):
            left = a * X + c * X**2 - 2 * X - 1
            np.testing.assert_allclose(places[i, j], [a, -left.mean(), c], atol=1e-12)
            np.testing.assert_allclose(heights[i, j], left.var(), atol=1e-13)


def test_around_the_deepest_valley_the_lowest_of_all_counts():
    # Two wells in b, the model's first parameter: along a the deeper one is that at 2 below a = 0, that at -2 above.
    y = np.zeros(30)
    model, ranges = "((b**2 - 4)**2 + (a*b + 2)**2)*(1 + x)", {"a": "-3:3", "b": "-4:4"}
    axis = np.array([-0.5, -0.2, 0.2, 0.5])
    alone = profile(model, y, (1,), [2, -1], **ranges).over([axis])
    lowest = profile(model, y, (1,), [2, -1], [[-2, 1]], **ranges).over([axis])
    assert np.sign(lowest[1][:, 0]).tolist() == [1, 1, -1, -1]
    np.testing.assert_allclose(lowest[0], lowest[0][::-1], rtol=1e-8, atol=1e-12)
    assert (lowest[0] <= alone[0] * (1 + 1e-12)).all()


def test_a_height_is_reached_where_the_formula_says():
    made = profile("a*x + b", 2 * X + 1, (0,), [2, 1])
    height = 0.7**2 * X.var()
    assert made.reach(1e-20, height, np.nan, 1) == pytest.approx(2.7, rel=1e-8)
    assert made.reach(1e-20, height, 1e-3, -1) == pytest.approx(1.3, rel=1e-8)


def test_a_profile_that_stays_below_has_no_end():
    # The curve is the same whatever k, and so is the best loss.
    made = profile("a*x + 0*k", 2 * X + 1, (1,), [2, 1], k="0.1:10")
    assert made.reach(0.5, 0.6, np.inf, 1) == np.inf
    assert made.reach(0.5, 0.6, np.inf, -1) == -np.inf
    assert nowhere(Axis("k", 0.1, 10, log=True), 1.0, -1) == 0
    assert nowhere(Axis("k", 0.1, 10, log=True), 1.0, 1) == np.inf


def test_a_wall_ends_the_way():
    made = profile("k*x", 2 * X, (0,), [2], k="1.9:2.2")
    assert made.reach(0.0, 0.15**2 * (X**2).mean(), 0.01, 1) == pytest.approx(2.15, rel=1e-8)
    assert made.reach(0.0, 0.15**2 * (X**2).mean(), 0.01, -1) == -np.inf
