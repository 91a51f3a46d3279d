"""Residuals and derivatives of a fit at one place."""

import numpy as np

import thalweg as tw
from thalweg.fitting.census import task_of
from thalweg.fitting.terms import pulls, residuals, terms

X = np.linspace(0.1, 2, 7)
Y = np.cos(X)
S = np.linspace(0.5, 2, 7)


def weighted(loss):
    problem = tw.problems.fit({"x": X, "y": Y, "s": S}, "a*exp(-x/tau)", "y", sigma="s", ranges={"tau": "0.1:10:log"})
    objective = tw.objective(problem, loss)
    return task_of(objective), objective.train


def test_terms_are_those_of_the_formula_on_plain_scales_and_in_order():
    task, columns = weighted(tw.losses.cauchy(0.3))
    made = terms(task, columns, np.array([2.0, 0.7]))
    r = (2 * np.exp(-X / 0.7) - Y) / S
    np.testing.assert_allclose(made.residual, r, rtol=1e-12)
    np.testing.assert_allclose(made.slope, r / (1 + (r / 0.3) ** 2), rtol=1e-12)
    curvature = (1 - (r / 0.3) ** 2) / (1 + (r / 0.3) ** 2) ** 2
    np.testing.assert_allclose(made.curvature, curvature, rtol=1e-10)
    jacobian = np.stack([np.exp(-X / 0.7) / S, 2 * np.exp(-X / 0.7) * X / 0.49 / S], axis=1)
    np.testing.assert_allclose(made.jacobian, jacobian, rtol=1e-12)
    assert made.finite


def test_residuals_of_some_places_are_row_by_row():
    task, columns = weighted(tw.losses.quadratic())
    made = residuals(task, columns, np.array([[1.0, 2.0], [3.0, 0.5]]))
    expected = [(1 * np.exp(-X / 2) - Y) / S, (3 * np.exp(-X / 0.5) - Y) / S]
    np.testing.assert_allclose(made, expected, rtol=1e-12)


def test_a_measured_value_pulls_its_residual_by_its_weight():
    task, columns = weighted(tw.losses.quadratic())
    np.testing.assert_allclose(pulls(task, columns, np.array([1.0, 2.0]), 1), 1 / S, rtol=1e-14)
