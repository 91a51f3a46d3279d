"""What is said of a fit, by fits whose answer is known."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.report import fit as report
from thalweg.report import verdict

T = np.linspace(0, 4, 80)
FEW = tw.starts.Sobol(48)


def told(problem, loss=None, start=None):
    whole = problem if loss is None else tw.objective(problem, loss)
    fits = tw.fit(whole, FEW, start=start)
    return fits, verdict.lead(fits), " ".join(verdict.remarks(fits))


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
    assert verdict.lead(fits).startswith("No fit: no start leads to a place where the loss is finite")
    assert report.tables(fits, None, None) == []
    assert verdict.remarks(fits) == []


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.901542, 0.00146, "1.9015"),
        (-238942.13, 2707.0, "-238900"),
        (3.25, np.inf, "3.25"),
        (0.0, 0.012, "0.000"),
        (1.7208e-6, 9.1e-8, "1.721e-06"),
    ],
)
def test_a_value_has_the_digits_that_its_error_leaves(value, error, text):
    from thalweg.report.text import measured

    assert measured(value, error) == text


def many_frequencies(starts):
    data = {"t": T, "y": noisy(np.cos(2 * np.pi * 1.2 * T), 0.02)}
    problem = tw.problems.fit(data, "A*cos(2*pi*f*t) + B*sin(2*pi*f*t)", "y", ranges={"f": "0.05:9"})
    return problem, tw.fit(problem, tw.starts.Sobol(starts))


def test_starts_as_advised_find_the_best_fit_as_often_as_is_said():
    problem, fits = many_frequencies(256)
    said = next(each for each in verdict.remarks(fits) if each.startswith("Start with f from "))
    words = said.split()
    low, high = float(words[4]), float(words[6].rstrip(":"))
    share = 1.0 if words[7] == "all" else float(words[7]) / 100
    assert low <= 1.2 <= high
    # Other starts than those that the advice was drawn from.
    again = tw.fit(problem, tw.starts.Sobol(2048, seed=9))
    starts = again["start_position"].sel(param="f").values
    inside = (starts >= low) & (starts <= high)
    found = (again["start_valley"].values == 0)[inside]
    assert abs(found.mean() - share) < 0.2
    assert found.mean() > 2 * (again["start_valley"].values == 0).mean()


@pytest.mark.parametrize("hits", [0, 1, 2, 3, 4])
def test_of_few_starts_that_find_the_best_fit_no_advice_is_drawn(hits):
    _, fits = many_frequencies(64)
    valleys = fits["start_valley"].values.copy()
    valleys[:] = 1
    valleys[[3, 60, 20, 41][:hits]] = 0
    fits["start_valley"] = ("start", valleys)
    assert "Start with" not in " ".join(verdict.remarks(fits))


def test_a_best_fit_that_one_start_finds_is_called_uncertain():
    _, fits = many_frequencies(64)
    fits["share"] = ("valley", np.full(fits.sizes["valley"], 1 / 64))
    assert verdict.lead(fits).endswith("only one of 64 starts finds the best fit: a better one may be there.")


def test_rows_are_counted_where_a_direction_is_open():
    data = {"t": T, "y": noisy(1 + 2 * T)}
    fits = tw.fit(tw.problems.fit(data, "a + b*t + 0*c", "y"), tw.starts.Sobol(8))
    table = next(each for each in report.tables(fits, None, None) if each.title.startswith("Residuals"))
    cells = dict(zip(table.columns, table.rows[0], strict=True))
    assert (cells["rows"], cells["degrees of freedom"]) == ("80", "78")


def test_a_perfect_fit_has_no_largest_residual():
    fits = tw.fit(tw.problems.fit({"t": T, "y": np.zeros(80)}, "a*t", "y"), tw.starts.Sobol(4))
    table = next(each for each in report.tables(fits, None, None) if each.title.startswith("Residuals"))
    assert dict(zip(table.columns, table.rows[0], strict=True))["largest"] == "–"


def test_numbers_of_valleys_that_follow_one_another_are_written_from_to():
    assert verdict.numbered(range(20)) == "#0 to #19"
    assert verdict.numbered([0, 1, 4]) == "#0, #1, #4"
    assert verdict.numbered([2, 3, 4, 9]) == "#2 to #4, #9"


def test_a_robust_loss_that_is_too_wide_is_told_with_the_scale_that_is_usual():
    y = noisy(1 + 2 * T, 0.05)
    y[::6] += 3
    problem = tw.problems.fit({"t": T, "y": y}, "a + b*t", "y")
    fits, _, said = told(problem, tw.losses.tukey())
    assert "Outliers count nearly in full: tukey has a scale of 4.685" in said
    spread = float(fits["spread"][0])
    assert f"--set loss.scale={4.685 * spread:.2g}," in said
    # Where the scale is the usual one the spread is that of the noise, and nothing is said.
    fits, _, said = told(problem, tw.losses.tukey(4.685 * 0.05))
    assert 0.03 < float(fits["spread"][0]) < 0.08
    assert "Outliers count" not in said
    assert "Outliers count" not in told(problem)[2]


def test_the_title_counts_twins_once():
    data = {"t": T, "y": noisy(3 * np.exp(-T / 0.3) + 1 * np.exp(-T / 2), 0.01)}
    ranges = {"k": "0.1:10:log", "m": "0.1:10:log"}
    fits = tw.fit(tw.problems.fit(data, "A*exp(-k*t) + B*exp(-m*t)", "y", ranges=ranges), FEW)
    assert verdict.curves_of(fits) == len(np.unique(fits["twin"])) < fits.sizes["valley"]
    assert verdict.curves_of(fits.assign_attrs(minima=31)) == 31
