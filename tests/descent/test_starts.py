import numpy as np

import thalweg as tw
from thalweg import starts


def test_a_longer_list_begins_with_the_shorter_one():
    problem = tw.problems.line()
    np.testing.assert_array_equal(starts.uniform(problem, 5, seed=3), starts.uniform(problem, 50, seed=3)[:5])


def test_uniform_starts_fill_the_domain_and_stay_inside():
    problem = tw.problems.line()
    found = starts.uniform(problem, 500)
    for k, axis in enumerate(problem.domain):
        assert axis.low <= found[:, k].min() < axis.low + 0.1 * axis.length
        assert axis.high - 0.1 * axis.length < found[:, k].max() <= axis.high


def test_even_starts_lie_at_the_middles_of_equal_cells():
    problem = tw.problems.function(lambda p: p[0], tw.problems.Axis("x", 0, 10))
    np.testing.assert_allclose(starts.even(problem, 5)[:, 0], [1, 3, 5, 7, 9])
