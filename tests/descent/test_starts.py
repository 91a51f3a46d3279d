import math
from dataclasses import replace

import numpy as np
import pytest

import thalweg as tw
from thalweg import starts
from thalweg.base.errors import InvalidValue
from thalweg.descent.starts import read


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


@pytest.mark.parametrize("start", [math.pi / 4, -1.5 * math.pi, 2 * math.pi, -2 * math.pi, np.float32(1.5 * np.pi)])
def test_angles_up_to_a_full_turn_are_starts(start):
    assert read(tw.problems.pencil(), start)[0, 0] == start


@pytest.mark.parametrize(("start", "degrees", "radians"), [(45, "2578.31", "0.785398"), (-30, "-1718.87", "-0.523599")])
def test_degrees_are_no_starts(start, degrees, radians):
    words = (
        f"a start has phi = {start} rad, which is {degrees}°; angles are in radians: give {radians} for {start}°, or"
    )
    with pytest.raises(InvalidValue, match=words):
        read(tw.problems.pencil(), [0.5, start])


def test_a_circle_of_no_angle_allows_a_turn_more_than_it_has():
    ring = tw.problems.function(lambda p: p[0], tw.problems.Axis("t", 1, 4, periodic=True))
    assert read(ring, [-2.0, 7.0])[:, 0].tolist() == [-2.0, 7.0]
    with pytest.raises(InvalidValue, match="a start has t = 7.5, more than a turn away .* from -2 to 7$"):
        read(ring, 7.5)


def test_starts_lie_in_the_box_to_rounding():
    problem = tw.problems.himmelblau()
    at_the_edge = float(np.nextafter(np.float32(5), np.float32(6)))
    assert read(problem, [[-5, at_the_edge]])[0, 1] == at_the_edge
    for bad, words in (([5.001, 0], "x = 5.001"), ([0, -7], "y = -7")):
        with pytest.raises(InvalidValue, match=f"a start has {words}, off its axis; give a number from -5 to 5, or"):
            read(problem, [[0, 0], bad])
    wide = replace(problem, domain=tw.problems.Domain([replace(axis, low=-9, high=9) for axis in problem.domain]))
    assert read(wide, [5.001, -7]).tolist() == [[5.001, -7]]
