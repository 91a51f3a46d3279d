"""Curves exactly through rows."""

import numpy as np

import thalweg as tw
from thalweg.fitting.vertices import finish
from thalweg.losses import fourth_root
from thalweg.valleys.starts.flow import Ends

X = np.array([0.0, 1.0, 1.0, 2.0, 3.0])
Y = np.array([1.0, 3.0, 3.0, 5.0, 9.0])


def ended(places, **ranges):
    problem = tw.problems.fit({"x": X, "y": Y}, "a*x + b", "y", ranges=ranges)
    objective = tw.objective(problem, fourth_root())
    places = np.array(places, float)
    r = places[:, :1] * X + places[:, 1:] - Y
    count = len(places)
    ends = Ends(places, np.sqrt(np.abs(r)).mean(axis=1), np.zeros(count), np.zeros(count, bool), np.zeros(count, int))
    return ends, finish(objective, ends)


def test_an_end_is_taken_into_the_vertex_beside_it():
    _, made = ended([[2.0001, 0.9999]])
    np.testing.assert_allclose(made.position, [[2, 1]], atol=1e-12)
    # Only the last row is off, by 2.
    np.testing.assert_allclose(made.height, [np.sqrt(2) / 5], rtol=1e-6)
    assert made.settled.all()


def test_rows_at_one_place_do_not_tell_two_parameters():
    # The two rows at x = 1 are nearest, and tell but one sum: a third is taken with them.
    _, made = ended([[2.2, 0.8]])
    r = np.abs(made.position[0, 0] * X + made.position[0, 1] - Y)
    assert (r < 1e-12).sum() >= 2
    assert len(np.unique(X[r < 1e-12])) >= 2


def test_a_vertex_beyond_a_wall_is_not_taken():
    ends, made = ended([[1.9, 1.05]], a="0:1.95")
    np.testing.assert_array_equal(made.position, ends.position)
    assert not made.settled.any()


def test_what_is_no_number_stays():
    ends, made = ended([[np.nan, 1.0]])
    assert np.isnan(made.height[0])
    np.testing.assert_array_equal(made.position, ends.position)
