import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue


def pencil(noise):
    return tw.problems.pencil(points=40, noise=noise)


@pytest.fixture(scope="module")
def diagram():
    return tw.phase_diagram(pencil, [0.0, 0.02, 0.3], [0.5, 1.0, 2.0], persistence=0.003)


def test_every_line_has_a_valley_without_noise_and_there_is_one_in_much_noise(diagram):
    half = diagram["valleys"].sel(exponent=0.5).values
    assert half[0] == 5
    assert half[-1] == 1
    assert (np.diff(half) <= 0).all()


def test_convex_losses_have_one_valley_whatever_the_noise(diagram):
    assert diagram["valleys"].sel(exponent=[1.0, 2.0]).values.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_it_says_what_was_counted_by_theorem(diagram):
    assert diagram["exact"].values.tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]


def test_it_can_be_drawn(diagram):
    assert tw.figures.phase_diagram(diagram).png(50).startswith(b"\x89PNG")


def test_empty_lists_are_refused():
    with pytest.raises(InvalidValue, match="noise or exponent is an empty list; give at least one number in each"):
        tw.phase_diagram(pencil, [], [0.5], persistence=0.01)


def test_what_makes_no_problem_is_refused():
    with pytest.raises(InvalidValue, match=r"problem\(0.1\) gives 0; give a function that makes a problem"):
        tw.phase_diagram(int, [0.1], [0.5], persistence=0.01)
    with pytest.raises(InvalidValue, match=r"problem\(0.1\) fails: object of type 'float' has no len"):
        tw.phase_diagram(len, [0.1], [0.5], persistence=0.01)
