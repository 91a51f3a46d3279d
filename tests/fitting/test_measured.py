"""The measured values of a fit, in the units of its residuals."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.fitting.census import task_of
from thalweg.fitting.measured import column_of, measured, spread

X = np.linspace(0.1, 2, 9)
Y = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 1e6])
S = np.linspace(0.5, 2, 9)


def fitted(**more):
    problem = tw.problems.fit({"x": X, "y": Y, "s": S}, "a*exp(-x/b)", "y", ranges={"b": "0.1:9:log"}, **more)
    return tw.objective(problem, tw.losses.huber())


def test_measured_values_and_their_weights():
    objective = fitted(sigma="s")
    found = measured(objective, task_of(objective), np.array([1.0, 2.0]))
    assert found is not None
    np.testing.assert_array_equal(found[0], Y)
    np.testing.assert_allclose(found[1], 1 / S, rtol=1e-14)


def test_the_spread_is_told_from_the_middle_of_the_data():
    objective = fitted()
    # Median 5, sizes 4 3 2 1 0 1 2 3 and one far off: their median is 2.
    assert spread(objective, task_of(objective)) == pytest.approx(2 * 1.482602218505602)


def test_a_problem_that_names_no_measured_values():
    line = tw.problems.line((2.0, 1.0), points=20, residual="orthogonal")
    assert column_of(line) is None
    objective = tw.objective(line, tw.losses.quadratic())
    assert measured(objective, task_of(objective), np.zeros(2)) is None
    assert spread(objective, task_of(objective)) > 0
    assert column_of(tw.problems.line((2.0, 1.0), points=20)) == 1
