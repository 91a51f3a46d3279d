import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.problems.line import line


def test_default_is_the_published_recipe():
    generator = np.random.RandomState(314)
    x = generator.standard_normal(1000)
    y = 3 * x + 2 + generator.standard_normal(1000)
    order = np.random.RandomState(42).permutation(1000)
    problem = line()
    np.testing.assert_array_equal(problem.train["x"], x[order[330:]])
    np.testing.assert_array_equal(problem.test["y"], y[order[:330]])
    assert problem.start == (5.0, 0.0)
    assert problem.parameters == ("W", "b")


def test_orthogonal_residual_is_the_distance_from_the_line():
    residual = line(residual="orthogonal").residual
    # (1, 7) lies 2 above y = 3 x + 2; the distance is 2 / sqrt(10), the residual negative below the point.
    assert float(residual(np.array([3.0, 2.0]), 1.0, 7.0)) == pytest.approx(-2 / np.sqrt(10))


def test_start_and_truth_lie_in_the_domain():
    problem = line((-1.0, 4.0))
    for axis, start, truth in zip(problem.domain, problem.start, (-1.0, 4.0), strict=True):
        assert axis.low < start < axis.high
        assert axis.low < truth < axis.high


def test_a_truth_that_is_no_line_is_refused():
    with pytest.raises(InvalidValue, match="truth = \\(1.0, 2.0, 3.0\\) is not allowed; give a pair of numbers"):
        line((1.0, 2.0, 3.0))
