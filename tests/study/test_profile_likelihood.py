"""Intervals by the profile of a fit, beside text books and SciPy."""

import numpy as np
import pytest
from scipy import optimize, stats

import thalweg as tw
from thalweg.base.errors import InvalidValue, UnknownName

T = np.linspace(0, 2, 40)
NOISE = 0.02 * np.random.default_rng(3).normal(size=40)


def made(model, y, along, starts=16, valley=0, loss=None, sigma=None, **ranges):
    data = {"t": T, "y": y} if sigma is None else {"t": T, "y": y, "s": sigma}
    problem = tw.problems.fit(data, model, "y", ranges=ranges, sigma="" if sigma is None else "s")
    objective = problem if loss is None else tw.objective(problem, loss)
    fit = tw.fit(objective, tw.starts.Sobol(starts))
    return fit, tw.profile_likelihood(objective, fit, along, valley=valley, points=7)


def test_the_interval_of_a_line_is_students():
    fit, profile = made("a*t + b", 2 * T - 1 + NOISE, ("a", "b"), starts=4)
    fit90 = tw.profile_likelihood(
        tw.problems.fit({"t": T, "y": 2 * T - 1 + NOISE}, "a*t + b", "y"), fit, "b", points=3, confidence=0.9
    )
    best, error = fit["position"][0].values, fit["error"][0].values
    t = stats.t.ppf(0.975, 38)
    np.testing.assert_allclose(profile["low"], best - t * error, rtol=1e-8)
    np.testing.assert_allclose(profile["high"], best + t * error, rtol=1e-8)
    np.testing.assert_allclose(fit90["low"], best[1:] - stats.t.ppf(0.95, 38) * error[1:], rtol=1e-8)


def test_the_region_of_a_line_ends_at_fishers_ellipse():
    fit, profile = made("a*t + b", 2 * T - 1 + NOISE, ("a", "b"), starts=4)
    design = np.stack([T, np.ones(40)], axis=1)
    away = (
        np.stack(np.meshgrid(profile["first"], profile["second"], indexing="ij"), axis=-1) - fit["position"][0].values
    )
    rise = np.einsum("...i,ij,...j", away, design.T @ design, away) / 40
    np.testing.assert_allclose(profile["loss"] - float(fit["loss"][0]), rise, rtol=1e-6, atol=1e-12)
    # Nothing is left to be fitted: held at the valley or at their best, the others are the same.
    np.testing.assert_allclose(profile["fixed_loss"], profile["loss"], rtol=1e-9)
    variance = float(fit["variance"][0])
    assert profile.attrs["level"] == pytest.approx(
        float(fit["loss"][0]) + 2 * variance * stats.f.ppf(0.95, 2, 38) / 40, rel=1e-12
    )


@pytest.mark.parametrize("k", [0, 1])
def test_the_interval_of_a_certified_fit_is_that_of_scipy(k):
    problem = tw.problems.nist("Misra1a")
    x, y = (np.asarray(problem.train[name]) for name in "xy")
    fit = tw.fit(problem, tw.starts.Sobol(16))
    profile = tw.profile_likelihood(problem, fit, f"b{k + 1}", points=5)
    best = np.array(problem.minima[0].position)

    def squares(value):
        # b1 (1 - exp(-b2 x)): the other parameter by a search of SciPy's in one dimension.
        if k == 0:
            return optimize.minimize_scalar(
                lambda b2: ((value * (1 - np.exp(-b2 * x)) - y) ** 2).sum(),
                bounds=(best[1] / 2, best[1] * 2),
                method="bounded",
                options={"xatol": 1e-14},
            ).fun
        shape = 1 - np.exp(-value * x)
        return ((shape * (shape @ y) / (shape @ shape) - y) ** 2).sum()

    least, rows = float(problem.settings["sum_of_squares"]), len(y)
    level = least * (1 + stats.f.ppf(0.95, 1, rows - 2) / (rows - 2))
    low = optimize.brentq(lambda value: squares(value) - level, best[k] * 0.9, best[k])
    high = optimize.brentq(lambda value: squares(value) - level, best[k], best[k] * 1.1)
    np.testing.assert_allclose([profile["low"][0], profile["high"][0]], [low, high], rtol=1e-6)
    assert profile.attrs["level"] * rows == pytest.approx(level, rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_interval_of_a_growth_curve_is_that_of_scipy(k):
    problem = tw.problems.nist("Rat42")
    x, y = (np.asarray(problem.train[name]) for name in "xy")
    fit = tw.fit(problem, tw.starts.Sobol(32))
    profile = tw.profile_likelihood(problem, fit, f"b{k + 1}", points=3)
    best, error = np.array(problem.minima[0].position), float(fit["error"][0, k])

    def squares(value):
        # b1 / (1 + exp(b2 - b3 x)): the other two by SciPy, from their certified values.
        done = optimize.least_squares(
            lambda rest: _growth(x, *np.insert(rest, k, value)) - y,
            np.delete(best, k),
            x_scale="jac",
            xtol=1e-14,
            ftol=1e-14,
            gtol=1e-14,
        )
        return 2 * done.cost

    level = float(problem.settings["sum_of_squares"]) * (1 + stats.f.ppf(0.95, 1, len(y) - 3) / (len(y) - 3))
    low = optimize.brentq(lambda value: squares(value) - level, best[k] - 5 * error, best[k])
    high = optimize.brentq(lambda value: squares(value) - level, best[k], best[k] + 5 * error)
    np.testing.assert_allclose([profile["low"][0], profile["high"][0]], [low, high], rtol=1e-6)


def _growth(x, b1, b2, b3):
    return b1 / (1 + np.exp(b2 - b3 * x))


def test_uncertainties_weigh_in_the_profile():
    sigma = 0.01 + 0.02 * T
    fit, profile = made("a*t", 2 * T + sigma * np.cos(9 * T), "a", starts=2, sigma=sigma)
    reach = stats.t.ppf(0.975, 39) * float(fit["error"][0, 0])
    assert float(profile["high"][0] - fit["position"][0, 0]) == pytest.approx(reach, rel=1e-7)


def test_a_time_that_the_data_bound_on_one_side_only():
    # Nearly straight: any slower decay fits as well.
    fit, profile = made("A*exp(-t/tau) + c", 3 - 0.3 * T + NOISE, "tau", tau="0.01:100:log")
    assert float(profile["high"][0]) == np.inf
    assert 0.5 < float(profile["low"][0]) < float(fit["position"][0, 1])
    index = int(np.argmin(np.abs(profile["first"].values - float(profile["low"][0]))))
    assert profile["loss"][index] == pytest.approx(profile.attrs["level"], rel=0.2)


@pytest.mark.long
def test_a_twin_is_followed_from_its_own_minimum():
    y = 2 * np.exp(-T / 0.3) + np.exp(-T / 1.5) + NOISE / 2
    ranges = {"u": "0.01:100:log", "v": "0.01:100:log"}
    fit, first = made("a*exp(-t/u) + b*exp(-t/v)", y, ("u", "v"), **ranges)
    _, twin = made("a*exp(-t/u) + b*exp(-t/v)", y, ("u", "v"), valley=1, **ranges)
    assert fit["twin"][1] == 0
    np.testing.assert_allclose(twin["low"][::-1], first["low"], rtol=1e-6)
    np.testing.assert_allclose(twin["high"][::-1], first["high"], rtol=1e-6)


def test_the_grid_goes_beyond_the_interval_and_holds_the_minimum():
    fit, profile = made("A*exp(-t/tau)", 2 * np.exp(-T) + NOISE, "tau", tau="0.1:10:log")
    best = float(fit["position"][0, 1])
    values = profile["first"].values
    assert values[0] < float(profile["low"][0]) < best < float(profile["high"][0]) < values[-1]
    np.testing.assert_array_equal(profile["params"][:, 1], values)
    at = int(np.argmin(profile["loss"].values))
    assert values[at] == pytest.approx(best, rel=1e-12)
    assert float(profile["loss"][at]) == pytest.approx(float(fit["loss"][0]), rel=1e-12)
    assert (profile["fixed_loss"].values >= profile["loss"].values * (1 - 1e-12)).all()


def test_other_losses_have_a_profile_and_no_interval():
    _, profile = made(
        "A*exp(-t/tau)", 2 * np.exp(-T) + NOISE, "tau", loss=tw.losses.huber(0.01), tau="0.1:10:log", A="0:5"
    )
    assert np.isnan([profile["low"], profile["high"], [profile.attrs["level"]]]).all()
    assert np.isfinite(profile["loss"]).all()


def test_a_perfect_fit_has_an_interval_of_nothing():
    fit, profile = made("A*exp(-t/tau)", 2 * np.exp(-T), "tau", tau="0.1:10:log")
    assert float(profile["low"][0]) == float(profile["high"][0]) == float(fit["position"][0, 1])


def test_what_is_no_parameter_is_refused():
    problem = tw.problems.nist("Misra1a")
    fit = tw.fit(problem, tw.starts.Sobol(4))
    with pytest.raises(UnknownName, match="unknown parameter 'b3'; did you mean 'b"):
        tw.profile_likelihood(problem, fit, "b3")
    with pytest.raises(InvalidValue, match=r"along = \['b1', 'b1'\] is not allowed; give one parameter, or two differ"):
        tw.profile_likelihood(problem, fit, ("b1", "b1"))
    with pytest.raises(InvalidValue, match="confidence = 95 is not allowed; give a finite number above 0 and below 1"):
        tw.profile_likelihood(problem, fit, "b1", confidence=95)
    with pytest.raises(InvalidValue, match="himmelblau has no data"):
        tw.profile_likelihood(tw.objective(tw.problems.himmelblau()), fit, "b1")
