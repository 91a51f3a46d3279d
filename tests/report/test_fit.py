"""What is said of a fit, by fits whose answer is known."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.report import fit as report

T = np.linspace(0, 4, 80)
FEW = tw.starts.Sobol(48)


def told(problem, loss=None, start=None):
    whole = problem if loss is None else tw.objective(problem, loss)
    fits = tw.fit(whole, FEW, start=start)
    return fits, report.lead(fits), " ".join(report.remarks(fits))


def noisy(y, scale=0.05, seed=0):
    return y + np.random.default_rng(seed).normal(0, scale, y.size)


def test_a_straight_line_has_one_valley_that_all_starts_find():
    _, lead, said = told(tw.problems.fit({"t": T, "y": noisy(1 + 2 * T)}, "a + b*t", "y"), start=[0.0, 5.0])
    assert lead == "One valley: all starts find it."
    assert "Your start leads to the best fit." in said
    assert "From 48 starts over the ranges, seed 0;" in said


def test_two_exponentials_are_one_fit_with_its_twin():
    data = {"t": T, "y": noisy(3 * np.exp(-T / 0.3) + 1 * np.exp(-T / 2), 0.01)}
    ranges = {"k": "0.1:10:log", "m": "0.1:10:log"}
    fits, lead, said = told(tw.problems.fit(data, "A*exp(-k*t) + B*exp(-m*t)", "y", ranges=ranges))
    share = float(fits["share"].values[fits["twin"].values == 0].sum())
    assert "with" in lead
    assert "twin" in lead
    assert f"{100 * share:.2g} % of the starts find the best fit." in lead or "all starts find the best fit." in lead
    assert "#0 and #1 (A and k exchanged with B and m)" in said


def test_parameters_that_are_correlated_are_named():
    data = {"t": T, "y": noisy(2 + 3 * (T + 100))}
    _, _, said = told(tw.problems.fit(data, "a + b*(t + 100)", "y"))
    assert "a and b are correlated by -0.9999" in said


def test_residuals_that_follow_one_another_are_told_where_the_model_lacks_something():
    data = {"t": T, "y": noisy(np.sin(3 * T), 0.01)}
    line = tw.problems.fit(data, "a + b*t", "y")
    assert "the model lacks something that the data show" in told(line)[2]
    assert "the model lacks" not in told(line, tw.losses.huber(1.0))[2]
    assert "the model lacks" not in told(tw.problems.fit({"t": T, "y": noisy(1 + 2 * T)}, "a + b*t", "y"))[2]


def test_a_rival_within_the_confidence_region_is_not_ruled_out():
    # Two frequencies that a sparse sampling at unequal steps tells apart only weakly.
    t = np.arange(12) + 0.01 * np.random.default_rng(1).normal(size=12)
    data = {"t": t, "y": noisy(np.cos(2 * np.pi * 0.2 * t), 0.2)}
    problem = tw.problems.fit(data, "A*cos(2*pi*f*t) + B*sin(2*pi*f*t)", "y", ranges={"f": "0.05:0.95"})
    fits, _, said = told(problem)
    assert float(fits["loss"][1] / fits["loss"][0]) < 1.3
    assert "the data do not rule it out" in said
    apart = {"t": T, "y": noisy(np.cos(2 * np.pi * 1.2 * T), 0.02)}
    problem = tw.problems.fit(apart, "A*cos(2*pi*f*t) + B*sin(2*pi*f*t)", "y", ranges={"f": "0.05:3"})
    assert "rule it out" not in told(problem)[2]


def test_where_the_loss_has_creases_no_error_is_given_and_it_is_said():
    data = {"t": T, "y": noisy(1 + 2 * T)}
    _, _, said = told(tw.problems.fit(data, "a + b*t", "y"), tw.losses.fourth_root())
    assert "Standard errors are not known" in said


def test_without_any_valley_it_is_said_that_there_is_no_fit():
    problem = tw.problems.fit({"t": T, "y": T}, "a*t", "y")
    fits = tw.fit(problem, tw.starts.Sobol(4)).isel(valley=[])
    assert report.lead(fits).startswith("No fit: no start leads to a place where the loss is finite")
    assert report.tables(fits, None, None) == []
    assert report.remarks(fits) == []


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(1.901542, 0.00146, "1.9015"), (-238942.13, 2707.0, "-238900"), (3.25, np.inf, "3.25"), (0.0, 0.012, "0.000")],
)
def test_a_value_has_the_digits_that_its_error_leaves(value, error, text):
    from thalweg.report.text import measured

    assert measured(value, error) == text
