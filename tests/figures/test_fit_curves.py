"""The curves of a fit's valleys: as they are, as finely as they bend, and the residuals that they leave."""

import numpy as np
import optax
import pytest

import thalweg as tw
from tests.figures import fitted
from tests.figures.fitted import T, problem, usual
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import curve, extent


def lines_of(axes):
    return {line.get_label(): line.get_data() for line in axes.lines}


def test_every_curve_is_drawn_once_with_its_loss_and_share():
    figure = tw.figures.fit_curves(problem(), usual())
    lines = lines_of(figure.static().axes[0])
    first, second = "#0 and its twin #1, loss 0.01, 50 % of starts", "#2, loss 0.4, 40 % of starts"
    assert [label for label in lines if label.startswith("#")] == [first, second]
    for label, (a, tau) in ((first, (2, 0.5)), (second, (1, 2))):
        x, y = lines[label]
        np.testing.assert_allclose(y, a * np.exp(-x / tau), rtol=1e-12)
        traced = next(trace for trace in figure.interactive()["data"] if trace.get("name") == label)
        np.testing.assert_array_equal(traced["y"], y)
    assert (
        "decay.csv, quadratic loss, 10 starts, 2 curves: #0 and its twin #1 (loss 0.01, 50 % of starts)"
        in figure.caption
    )


def test_residuals_are_what_the_data_are_above_each_curve_in_their_uncertainties():
    y, expected = 2 * np.exp(-T / 0.5) + 0.3 * np.cos(5 * T), 0.3 * np.cos(5 * T)
    for sigma, divisor in ((False, 1.0), (True, np.linspace(0.1, 0.4, len(T)))):
        figure = tw.figures.fit_curves(problem(y, sigma=sigma), usual())
        best, second = figure.static().axes[1:]
        x, residual = best.collections[0].get_offsets().T
        np.testing.assert_allclose(x, T)
        np.testing.assert_allclose(residual, expected / divisor, atol=1e-12)
        assert (best.get_ylabel(), second.get_ylabel(), second.get_xlabel()) == ("#0", "#2", "t")
        unit = "residuals, in standard deviations" if sigma else "residuals"
        assert any(note["text"].startswith(unit) for note in figure.interactive()["layout"]["annotations"])
    bars = [trace for trace in figure.interactive()["data"] if "error_y" in trace]
    np.testing.assert_allclose(bars[0]["error_y"]["array"], divisor)


@pytest.mark.parametrize("frequency", [3.0, 80.0, 333.0])
def test_an_oscillation_is_not_aliased(frequency):
    """Between any two crossings of 0 there is a place: 333 periods are 666 crossings, and none is missed."""
    model = tw.problems.fit({"t": T, "y": np.sin(T)}, "A*sin(2*pi*f*t)", "y", ranges={"f": (0.1, 400)}).residual
    x, y = curve.traced(model, np.array([[1.0, frequency]]), T, curve.Frame((0.0, 1.0), (-1.0, 1.0)))
    y = y[0, 0]
    np.testing.assert_allclose(y, np.sin(2 * np.pi * frequency * x), atol=1e-6)
    assert int((np.diff(np.sign(y[y != 0])) != 0).sum()) == pytest.approx(2 * frequency, abs=1)
    assert len(x) <= curve.MOST


def test_the_own_start_is_dashed_and_where_it_leads_is_said():
    own = {"own_start": ("param", [1.5, 1.0]), "own_position": ("param", [1.0, 2.0]), "own_loss": 0.4, "own_valley": 2}
    figure = tw.figures.fit_curves(problem(), usual(**own))
    lines = lines_of(figure.static().axes[0])
    x, y = lines["your start"]
    np.testing.assert_allclose(y, 1.5 * np.exp(-x), rtol=1e-12)
    assert "#2, loss 0.4, 40 % of starts, and yours" in lines
    assert "your start" in [trace.get("name") for trace in figure.interactive()["data"]]


def test_of_several_inputs_measured_values_are_drawn_against_fitted_ones():
    several = problem(2 * np.exp(-T / 0.5) + T**2, "A*exp(-t/tau) + u", u=T**2)
    figure = tw.figures.fit_curves(several, usual())
    axes = figure.static().axes[0]
    best = next(dots for dots in axes.collections if str(dots.get_label()).startswith("#0"))
    np.testing.assert_allclose(*best.get_offsets().T)
    assert figure.static().axes[-1].get_xlabel() == "y, fitted"
    assert axes.get_ylabel() == "y, measured"


def test_points_far_off_do_not_squeeze_the_picture_and_are_marked():
    y = 2 * np.exp(-T / 0.5)
    y[[7, 20]] = 1e4, -500.0
    figure = tw.figures.fit_curves(problem(y), usual())
    axes = figure.static().axes[0]
    assert axes.get_ylim()[1] < 3
    assert "2 rows beyond" in figure.caption
    low, high = (next(line for line in axes.lines if line.get_marker() == mark).get_data() for mark in "v^")
    np.testing.assert_allclose([low[0][0], high[0][0]], T[[20, 7]])
    told = [
        trace["customdata"][0]
        for trace in figure.interactive()["data"]
        if "customdata" in trace and len(trace["x"]) == 1
    ]
    assert {1e4, -500.0} <= {round(value, 6) for value in told[:2]}


def test_a_narrow_peak_that_the_best_curve_follows_is_not_cut():
    y = np.zeros(200)
    y[100:104] = 50.0
    assert extent.extent(y, y).high > 50
    assert extent.extent(y + np.linspace(0, 1, 200), np.zeros(1)).high < 5


@pytest.mark.parametrize(
    ("x", "log"),
    [
        (np.geomspace(0.01, 10, 40), True),
        (np.linspace(1, 250, 250), False),
        (np.geomspace(1, 50, 9), False),
        (np.linspace(-1, 1, 9), False),
    ],
)
def test_an_axis_is_logarithmic_where_data_are_spread_so(x, log):
    own = tw.problems.fit({"t": x, "y": np.exp(-x)}, "A*exp(-t/tau)", "y", ranges={"A": (0, 4), "tau": (0.1, 10)})
    figure = tw.figures.fit_curves(own, usual(of=own))
    assert figure.static().axes[0].get_xscale() == ("log" if log else "linear")
    assert figure.interactive()["layout"]["xaxis"]["type"] == ("log" if log else "linear")


def test_of_a_million_rows_some_are_drawn_and_that_is_said():
    t = np.linspace(0, 3, 1_000_000)
    large = tw.problems.fit(
        {"t": t, "y": 2 * np.exp(-t / 0.5)}, "A*exp(-t/tau)", "y", ranges={"A": (0, 4), "tau": (0.1, 10)}
    )
    figure = tw.figures.fit_curves(large, usual(of=large), most=1)
    assert "20,000 of 1,000,000 rows drawn" in figure.caption
    assert max(len(trace["x"]) for trace in figure.interactive()["data"]) == 20_000
    (trace,) = tw.figures.data(large).interactive()["data"]
    assert (len(trace["x"]), trace["name"]) == (20_000, "data, 1,000,000 (20,000 drawn)")
    (dots,) = tw.figures.data(large).static().axes[0].collections
    assert len(dots.get_offsets()) == 20_000


def test_what_has_no_curve_is_refused():
    other = tw.problems.fit({"t": T, "y": T}, "k*t", "y", ranges={"k": (0, 2)})
    with pytest.raises(
        InvalidValue, match="the fit has the parameters A, tau and the problem k; give the problem that"
    ):
        tw.figures.fit_curves(other, usual())
    with pytest.raises(InvalidValue, match="pencil is no curve over data; the figure 'fit_curves' needs a problem of"):
        tw.figures.fit_curves(tw.problems.pencil(), usual())
    with pytest.raises(InvalidValue, match="the fit has no valley, so the figure 'fit_curves' has nothing to draw"):
        tw.figures.fit_curves(problem(), fitted.fits(np.empty((0, 2)), [], [-1, -1]))
    with pytest.raises(InvalidValue, match="most = 9"):
        tw.figures.fit_curves(problem(), usual(), most=9)


def grouped():
    """A decay in two groups of their own heights, 3 and 1, the rows of each apart."""
    side = np.array(["left", "right"] * 15)
    y = np.where(side == "left", 3.0, 1.0) * np.exp(-T / 0.5)
    ranges = {"A": "0:5:each", "tau": "0.1:10:log"}
    reading = tw.problems.Reading(groups="side")
    return tw.problems.fit({"t": T, "y": y, "side": side}, "A*exp(-t/tau)", "y", ranges=ranges, reading=reading)


def test_groups_have_marks_of_their_own_and_a_curve_each():
    problem = grouped()
    place = {"A[left]": 3.0, "A[right]": 1.0, "tau": 0.5}
    fits = fitted.fits([[place[name] for name in problem.parameters]], [0.1], [0, 0], of=problem)
    figure = tw.figures.fit_curves(problem, fits)
    axes = figure.static().axes[0]
    assert [dots.get_label() for dots in axes.collections if "," in str(dots.get_label())] == ["left, 15", "right, 15"]
    x, y = lines_of(axes)["#0, loss 0.1, 100 % of starts"]
    (gap,) = np.flatnonzero(np.isnan(y[:-1]))
    np.testing.assert_allclose(y[:gap], 3 * np.exp(-x[:gap] / 0.5), rtol=1e-12)
    np.testing.assert_allclose(y[gap + 1 : -1], np.exp(-x[gap + 1 : -1] / 0.5), rtol=1e-12)
    residual = figure.static().axes[1].collections[0].get_offsets()[:, 1]
    np.testing.assert_allclose(residual, 0, atol=1e-12)
    data = tw.figures.data(problem)
    assert {dots.get_label() for dots in data.static().axes[0].collections} == {"left, 15", "right, 15"}
    symbols = [trace["marker"]["symbol"] for trace in data.interactive()["data"]]
    assert len(set(symbols)) == 2
    runs = tw.descend(tw.objective(problem, tw.losses.quadratic()), optax.sgd(0.01), steps=2, precision=64)
    last = next(line for line in tw.figures.fit(problem, runs).static().axes[0].lines if line.get_label() == "step 2")
    a, b = (
        dict(zip(problem.parameters, runs["params"].values[0, -1], strict=True))[f"A[{g}]"] for g in ("left", "right")
    )
    y = last.get_ydata()
    (gap,) = np.flatnonzero(np.isnan(y[:-1]) & np.isfinite(y[1:]))
    assert y[gap + 1] / y[0] == pytest.approx(b / a)


def test_residuals_are_weighed_as_in_the_fit():
    data = {"t": T, "y": 2 * np.exp(-T / 0.5) + 0.3, "w": np.linspace(1, 4, 30)}
    ranges = {"A": (0, 4), "tau": "0.1:10:log"}
    weighed = tw.problems.fit(data, "A*exp(-t/tau)", "y", ranges=ranges, reading=tw.problems.Reading(weights="w"))
    figure = tw.figures.fit_curves(weighed, usual())
    residual = figure.static().axes[1].collections[0].get_offsets()[:, 1]
    np.testing.assert_allclose(residual, 0.3 * np.sqrt(data["w"]))
    assert "the residuals, times the roots of the weights" in figure.caption


def test_data_over_decades_have_logarithmic_axes_in_all_figures():
    x = np.geomspace(0.01, 10, 40)
    problem = tw.problems.fit({"t": x, "y": x**-1.5}, "A*t**k", "y", ranges={"A": (0, 4), "k": (-3, 0)})
    runs = tw.descend(tw.objective(problem, tw.losses.quadratic()), optax.sgd(1e-9), steps=2, precision=64)
    for figure in (tw.figures.data(problem), tw.figures.fit(problem, runs)):
        (axes, *_) = figure.static().axes
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        layout = figure.interactive()["layout"]
        assert (layout["xaxis"]["type"], layout["yaxis"]["type"]) == ("log", "log")


def test_uncertainties_are_drawn_with_the_data():
    problem_ = problem(sigma=True)
    (bars,) = (trace["error_y"]["array"] for trace in tw.figures.data(problem_).interactive()["data"])
    np.testing.assert_allclose(bars, np.linspace(0.1, 0.4, 30))
    (segments,) = (
        each.get_segments()
        for each in tw.figures.data(problem_).static().axes[0].collections
        if hasattr(each, "get_segments")
    )
    np.testing.assert_allclose([np.ptp(ends[:, 1]) / 2 for ends in segments], np.linspace(0.1, 0.4, 30))
