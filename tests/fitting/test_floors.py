"""Ends on one curved floor are one minimum; those on two branches are two."""

import numpy as np

import thalweg as tw
from thalweg.fitting.floors import curved

T = np.linspace(0, 2, 40)
NOISE = 0.01 * np.random.default_rng(3).normal(size=40)


def fitted(model, y, loss=None, **ranges):
    problem = tw.problems.fit({"t": T, "y": y}, model, "y", ranges=ranges)
    return tw.fit(tw.objective(problem, loss or tw.losses.quadratic()), tw.starts.Sobol(32))


def test_a_product_has_one_minimum_by_squares():
    fit = fitted("a*b*t", 3 * T + NOISE)
    assert fit.sizes["valley"] == 1
    assert float(fit["share"][0]) == 1
    assert fit.attrs["outcomes"] == ["the data do not tell a and b apart, only a·b"]


def test_a_product_without_noise_has_one_too():
    assert fitted("a*exp(-k*l*t)", 3 * np.exp(-T), k="0.1:10:log", l="0.1:10:log").sizes["valley"] == 1


def test_a_product_of_both_signs_has_two_that_are_one_curve():
    fit = fitted("a*b*t", 3 * T + NOISE, tw.losses.huber(0.1), a="-10:10", b="-10:10")
    assert fit.sizes["valley"] == 2
    assert np.sign(fit["position"]).values.tolist() in ([[1, 1], [-1, -1]], [[-1, -1], [1, 1]])
    assert fit["twin"].values.tolist() == [0, 0]


def test_starts_that_run_away_are_one_valley_on_either_side():
    fit = fitted("A*exp(-k*t) + c", 3 - T + 0.05 * T**2 + NOISE, k="-1:10:open")
    # The proper one, and at most one with A beyond all bounds of either sign: each by many starts.
    assert fit.sizes["valley"] <= 3
    assert fit.attrs["outcomes"][0] == ""
    assert all("the curve only approaches its best" in told for told in fit.attrs["outcomes"][1:])


def test_ways_over_a_ridge_bound_nothing():
    problem = tw.problems.fit({"t": T, "y": 4 + 0 * T}, "(a**2)*(1 + 0*t)", "y", ranges={"a": "-3:3"})
    objective = tw.objective(problem, tw.losses.quadratic())
    routes = curved(objective, 1e-12, np.array([[2.0], [-2.0]]), np.array([0.0, 0.0]))
    assert len(routes.height) == 0
