import numpy as np
import pytest

import thalweg as tw
from thalweg.fitting.census import task_of
from thalweg.fitting.errors import errors
from thalweg.fitting.terms import terms
from thalweg.losses import huber, quadratic
from thalweg.problems.nist import MODELS

DRAW = np.random.default_rng(5)
X = DRAW.uniform(0, 2, 40)
Y = 1.5 * X - 0.7 + 0.1 * DRAW.normal(size=40)


def told(model, position, loss=None, at_wall=None, **more):
    problem = tw.problems.fit({"x": X, "y": Y}, model, "y", **more)
    objective = tw.objective(problem, loss or quadratic())
    return errors(terms(task_of(objective, eliminate=False), objective.train, np.array(position)), at_wall)


def test_errors_of_a_line_are_those_of_the_text_book():
    slope, height = np.polyfit(X, Y, 1)
    found = told("a*x + b", [slope, height])
    variance = ((slope * X + height - Y) ** 2).sum() / 38
    spread = ((X - X.mean()) ** 2).sum()
    expected = np.sqrt([variance / spread, variance * (1 / 40 + X.mean() ** 2 / spread)])
    np.testing.assert_allclose(found.errors, expected, rtol=1e-12)
    np.testing.assert_allclose(found.covariance[0, 1], -X.mean() * variance / spread, rtol=1e-12)
    assert found.open_.shape == (0, 2)


def test_an_error_whose_square_is_beyond_all_numbers_is_known():
    near, far = told("a*x + b", [1.5, -0.7]), told("1e-200*a*x + b", [1.5e200, -0.7])
    np.testing.assert_allclose(far.errors, near.errors * [1e200, 1], rtol=1e-12)
    assert far.covariance[0, 0] == np.inf
    np.testing.assert_allclose(far.covariance[0, 1], near.covariance[0, 1] * 1e200, rtol=1e-12)


def test_a_direction_that_the_data_leave_open_is_named():
    found = told("a*x + b*x + c", [0.5, 1.0, -0.7])
    assert np.isinf(found.errors).tolist() == [True, True, False]
    np.testing.assert_allclose(np.abs(found.open_), [[np.sqrt(0.5), np.sqrt(0.5), 0]], atol=1e-12)
    assert found.open_[0, 0] * found.open_[0, 1] < 0


def test_a_parameter_that_moves_nothing_is_open():
    found = told("a*x + b + 0*k", [1.5, -0.7, 3.0], ranges={"k": (0, 5)})
    assert np.isinf(found.errors).tolist() == [False, False, True]


def test_errors_under_another_loss_are_the_sandwich():
    place = np.array([1.45, -0.65])
    found = told("a*x + b", place, huber(0.05))
    r = place[0] * X + place[1] - Y
    inside = np.abs(r) <= 0.05
    slope, jacobian = np.clip(r, -0.05, 0.05), np.stack([X, np.ones(40)], axis=1)
    bread = np.linalg.inv(jacobian[inside].T @ jacobian[inside])
    expected = bread @ (jacobian.T @ (slope[:, None] ** 2 * jacobian)) @ bread * 40 / 38
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-9)


def test_errors_at_a_crease_are_not_known():
    found = told("a*x + b", [1.5, -0.7], tw.losses.power(1 / 2))
    assert np.isnan(found.errors).all()


QUICK = ("Misra1a", "BoxBOD")


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.long) for name in MODELS if name not in QUICK)]
)
def test_errors_are_certified(name):
    problem = tw.problems.nist(name)
    objective = tw.objective(problem, quadratic())
    found = errors(terms(task_of(objective, eliminate=False), objective.train, np.array(problem.minima[0].position)))
    np.testing.assert_allclose(found.errors, problem.settings["deviations"], rtol=1e-7)


def test_a_parameter_at_a_wall_is_given_to_the_others():
    found = told("a*x + b", [1.3, -0.7], at_wall=np.array([True, False]))
    r = 1.3 * X - 0.7 - Y
    assert np.isnan(found.errors).tolist() == [True, False]
    assert found.errors[1] == pytest.approx(np.sqrt(r @ r / 39 / 40), rel=1e-12)
    assert found.freedom == 39


def test_as_many_rows_as_parameters_leave_errors_unknown():
    problem = tw.problems.fit({"x": [1.0, 2.0], "y": [3.0, 5.0]}, "a*x + b", "y")
    objective = tw.objective(problem, quadratic())
    found = errors(terms(task_of(objective), objective.train, np.array([2.0, 1.0])))
    assert (found.freedom, np.isnan(found.errors).tolist()) == (0, [True, True])
    # Two rows of known uncertainty tell them all the same: the inverse of [[1, 1], [2, 1]].
    np.testing.assert_allclose(found.absolute, np.sqrt([2, 5]), rtol=1e-12)


def test_a_place_where_derivatives_are_no_numbers_has_no_errors():
    found = told("a*x + sqrt(b)", [1.0, 0.0])
    assert np.isnan(found.errors).all()


def test_leverages_are_those_of_the_hat_matrix():
    design = np.stack([X, np.ones(40)], axis=1)
    hat = design @ np.linalg.inv(design.T @ design) @ design.T
    np.testing.assert_allclose(told("a*x + b", [1.0, 2.0]).leverage, np.diag(hat), rtol=1e-12)
