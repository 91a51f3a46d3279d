"""Models of the same data by their information criteria."""

import numpy as np
import pytest

import thalweg as tw

X = np.linspace(0, 2, 25)
DATA = {"x": X, "y": 1 + 2 * X + np.random.default_rng(3).normal(0, 0.2, 25)}
MODELS = {"constant": "a", "line": "a + b*x", "parabola": "a + b*x + c*x**2"}


@pytest.fixture(scope="module")
def fits():
    return {name: tw.fit(tw.problems.fit(DATA, model, "y"), tw.starts.Sobol(16)) for name, model in MODELS.items()}


def test_criteria_are_those_of_the_sums_of_squares_of_polynomials(fits):
    compared = tw.compare_fits(fits)
    for degree, name in enumerate(MODELS):
        left = DATA["y"] - np.polyval(np.polyfit(X, DATA["y"], degree), X)
        squares, k, n = float(left @ left), degree + 2, 25
        one = compared.sel(model=name)
        assert float(one["squares"]) == pytest.approx(squares, rel=1e-9)
        assert float(one["aic"]) == pytest.approx(n * np.log(squares / n) + 2 * k, rel=1e-9)
        assert float(one["aicc"] - one["aic"]) == pytest.approx(2 * k * (k + 1) / (n - k - 1), rel=1e-9)
        assert float(one["bic"] - one["aic"]) == pytest.approx(k * (np.log(n) - 2), rel=1e-9)
        assert int(one["parameters"]) == degree + 1


def test_weights_are_those_of_akaike_and_sum_to_one(fits):
    compared = tw.compare_fits(fits)
    criterion = compared["aicc"].values
    assert compared["weight"].values == pytest.approx(np.exp(-criterion / 2) / np.exp(-criterion / 2).sum(), rel=1e-9)
    assert compared["model"].values[int(np.argmax(compared["weight"].values))] == "line"


def test_of_parameters_that_the_data_leave_open_none_is_counted(fits):
    twice = tw.fit(tw.problems.fit(DATA, "a + (b + d)*x", "y"), tw.starts.Sobol(16))
    compared = tw.compare_fits(fits | {"twice": twice})
    assert int(compared["parameters"].sel(model="twice")) == 2
    assert float(compared["aic"].sel(model="twice")) == pytest.approx(
        float(compared["aic"].sel(model="line")), rel=1e-9
    )


def test_criteria_agree_with_those_of_the_fits(fits):
    for name, each in fits.items():
        compared = tw.compare_fits(fits).sel(model=name)
        assert float(compared["aic"]) == pytest.approx(float(each["aic"][0]), rel=1e-12)
        assert float(compared["bic"]) == pytest.approx(float(each["bic"][0]), rel=1e-12)


def test_what_cannot_be_compared_is_refused(fits):
    other = tw.fit(tw.problems.fit(DATA | {"y": DATA["y"] + 1}, "a", "y"), tw.starts.Sobol(16))
    robust = tw.fit(tw.objective(tw.problems.fit(DATA, "a", "y"), tw.losses.huber(1.0)), tw.starts.Sobol(16))
    with pytest.raises(tw.ThalwegError, match="fits 'constant' and 'other' are of different data; compare models"):
        tw.compare_fits({"constant": fits["constant"], "other": other})
    with pytest.raises(tw.ThalwegError, match="fit 'robust' is of the huber loss; criteria are for the quadratic one"):
        tw.compare_fits({"constant": fits["constant"], "robust": robust})
    with pytest.raises(tw.ThalwegError, match="fits has 1; give two at least, by name"):
        tw.compare_fits({"constant": fits["constant"]})
