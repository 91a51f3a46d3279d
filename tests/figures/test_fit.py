"""The curve of one's own model over the data; straight lines are tried with the other panels."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue

T = np.linspace(0, 2, 30)


def fitted(model="A*exp(-t/tau)", **columns):
    data = {"t": T, "y": 2 * np.exp(-T / 0.7)} | columns
    ranges = {"A": (0, 4), "tau": "0.1:10:log"}
    return tw.objective(tw.problems.fit(data, model, "y", ranges=ranges), tw.losses.quadratic())


def test_the_last_curve_is_that_of_the_last_step():
    objective = fitted()
    runs = tw.descend(objective, optax.adam(0.05), starts=[[1.0, 1.0]], steps=20, precision=64)
    figure = tw.figures.fit(objective.problem, runs)
    (axes,) = figure.static().axes[:1]
    last = next(line for line in axes.lines if line.get_label() == "step 20")
    a, tau = runs["params"].values[0, -1]
    x, y = last.get_data()
    np.testing.assert_allclose(y, a * np.exp(-x / tau), rtol=1e-9)
    assert (axes.get_xlabel(), axes.get_ylabel(), figure.title) == ("t", "y", "The fitted curve")
    assert f"A {a:.4g}, tau {tau:.4g} at step 20" in figure.caption
    traces = figure.interactive()["data"]
    assert any("tau" in str(trace.get("text", trace.get("hovertext", ""))) + str(trace) for trace in traces)


def test_the_curves_of_several_runs_have_their_marks_on_them():
    objective = fitted()
    runs = {
        name: tw.descend(objective, maker(0.05), starts=[[1.0, 1.0]], steps=5)
        for name, maker in (("sgd", optax.sgd), ("adam", optax.adam))
    }
    figure = tw.figures.fit(objective.problem, runs)
    assert figure.title == "The fitted curves"
    assert "the last curve of each run" in figure.caption
    figure.png(20)


def test_the_data_of_a_fit_are_drawn_by_their_names():
    axes = tw.figures.data(fitted().problem).static().axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("t", "y")


def test_a_curve_of_two_columns_is_no_picture_of_one():
    problem = fitted("A*exp(-t/tau) + 0*u", u=T**2).problem
    with pytest.raises(InvalidValue, match="fit has the columns t, u, y; the figure 'data' needs one x and one y"):
        tw.figures.data(problem)
