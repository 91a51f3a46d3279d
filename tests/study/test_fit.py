"""What a fit from many starts says: its minima, shares and errors."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.losses import quadratic

T = np.linspace(0, 2, 40)


def fitted(model, y, starts=64, **ranges):
    problem = tw.problems.fit({"t": T, "y": y}, model, "y", ranges=ranges)
    return tw.fit(tw.objective(problem, quadratic()), tw.starts.Sobol(starts))


def test_the_best_fit_comes_first_with_certified_errors():
    problem = tw.problems.nist("BoxBOD")
    fit = tw.fit(tw.objective(problem, quadratic()), tw.starts.Sobol(64))
    np.testing.assert_allclose(fit["position"][0], problem.minima[0].position, rtol=1e-8)
    np.testing.assert_allclose(fit["error"][0], problem.settings["deviations"], rtol=1e-7)
    np.testing.assert_allclose(fit["squares"][0], problem.settings["sum_of_squares"], rtol=1e-10)
    assert (fit.attrs["method"], fit.attrs["starts"], float(fit["share"][0])) == ("fit", 64, 1.0)


@pytest.mark.long
def test_a_sum_of_two_decays_has_a_twin_of_equal_depth():
    y = 2 * np.exp(-T / 0.3) + np.exp(-T / 1.5) + 0.01 * np.random.default_rng(0).normal(size=40)
    fit = fitted("a*exp(-t/u) + b*exp(-t/v)", y, u="0.01:100:log", v="0.01:100:log")
    a, u, b, v = fit["position"][0].values
    np.testing.assert_allclose(fit["position"][1], [b, v, a, u], rtol=1e-6)
    np.testing.assert_allclose(fit["loss"][1], fit["loss"][0], rtol=1e-9)
    # Each is found by half of the starts, but for the few that end elsewhere.
    assert np.abs(fit["share"][:2].values - 0.5).max() < 0.2


def test_the_criteria_are_those_of_the_text_book():
    y = 3 * T + 1 + 0.1 * np.random.default_rng(1).normal(size=40)
    fit = fitted("a*t + b", y, starts=4)
    squares = float(((np.polyval(np.polyfit(T, y, 1), T) - y) ** 2).sum())
    # Two parameters, and the variance.
    assert float(fit["aic"][0]) == pytest.approx(40 * np.log(squares / 40) + 6, rel=1e-12)
    assert float(fit["bic"][0]) == pytest.approx(40 * np.log(squares / 40) + 3 * np.log(40), rel=1e-12)
    assert float(fit["correlation"][0, 0, 1]) == pytest.approx(-T.mean() / np.sqrt((T**2).mean()), rel=1e-9)


def test_a_surface_in_closed_form_has_nothing_to_fit():
    with pytest.raises(InvalidValue, match="himmelblau has no data; give the objective of a regression"):
        tw.fit(tw.objective(tw.problems.himmelblau()))
