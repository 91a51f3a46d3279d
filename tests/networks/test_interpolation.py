"""Lines and curves between checkpoints: ends, barrier and length."""

import numpy as np
import pytest
from scipy.integrate import quad

from tests.geometry.networks import bowl, network, perceptron
from thalweg.base.errors import InvalidValue
from thalweg.networks import interpolate


def test_a_line_begins_and_ends_at_its_checkpoints():
    net = perceptron()
    a, b = net.position, net.position[::-1].copy()
    line = interpolate(net, a, b, points=11)
    assert line["t"].values[[0, -1]].tolist() == [0, 1]
    # The end is a + (b - a), which is rounded.
    np.testing.assert_allclose(line["loss"].values[[0, -1]], [net.value(a), net.value(b)], rtol=1e-12)
    np.testing.assert_allclose(line["loss"].values[3], net.value(0.7 * a + 0.3 * b), rtol=1e-12)
    np.testing.assert_array_equal(line.attrs["loss_at_ends"], line["loss"].values[[0, -1]])
    assert line.attrs["kind"] == "line"


def test_the_distance_along_a_line_is_counted_from_its_first_end():
    net = bowl(np.eye(2))
    line = interpolate(net, [1, 1], [4, 5], span=(-1, 1), points=3)
    np.testing.assert_allclose(line["distance"].values, [-5, 0, 5])
    np.testing.assert_allclose(line["loss"].values, [6.5, 1, 20.5])
    assert line.attrs["length"] == line.attrs["straight"] == 5


def test_the_barrier_counts_from_the_higher_end():
    # (x² - 1)² + x / 8 between -1 and 1: the ends have -1/8 and 1/8, the top lies near 1/32 and is 1 + 1/512.
    net = network(lambda p: (p[0] ** 2 - 1) ** 2 + p[0] / 8, position=np.array([-1.0]))
    line = interpolate(net, None, [1.0], points=2001)
    assert line.attrs["barrier"] == pytest.approx(1 + 1 / 512 - 1 / 8, abs=1e-5)  # terms of the fourth order in 1/32
    assert line.attrs["barrier_at"] == pytest.approx(0.5 + 1 / 64, abs=1e-3)  # of the third, and half a step
    assert "higher of the two ends" in line.attrs["barrier_definition"]


def test_downhill_all_the_way_there_is_no_barrier():
    line = interpolate(bowl(np.eye(2)), [3, 0], [0, 0])
    assert line.attrs["barrier"] == 0
    assert line.attrs["barrier_at"] == 0


def test_what_lies_beyond_the_ends_is_no_barrier_and_ends_count_outside_the_span():
    net = bowl(np.eye(1))
    assert interpolate(net, [1], [0], span=(-3, 4)).attrs["barrier"] == 0
    ends = interpolate(net, [1], [-2], span=(0.4, 0.6)).attrs
    assert ends["loss_at_ends"] == [0.5, 2.0]


def test_a_loss_that_is_not_finite_has_no_barrier():
    net = network(lambda p: np.nan if 0.4 < p[0] < 0.6 else p[0], position=np.zeros(1))
    line = interpolate(net, None, [1.0])
    assert np.isnan(line.attrs["barrier"])
    assert np.isnan(line["loss"].values[100])
    assert np.isnan(interpolate(network(lambda p: np.inf, position=np.zeros(1)), None, [1.0]).attrs["barrier"])


@pytest.mark.parametrize("bend", [[3.0, 4.0], [-1.0, 0.0], [0.5, 0.5]])
def test_a_curve_is_beziers(bend):
    net = perceptron(sizes=(1, 1, 1))
    a, b, bend = np.arange(4.0), np.array([2.0, -1.0, 0.5, 3.0]), np.array([*bend, 1.0, 0.0])
    curve = interpolate(net, a, b, bend=bend, points=9)

    def at(t):
        return (1 - t) ** 2 * a + 2 * t * (1 - t) * bend + t**2 * b

    # Rounding of a sum of three terms.
    np.testing.assert_allclose(curve["loss"].values, [net.value(at(t)) for t in curve["t"].values], rtol=1e-12)

    def speed(t):
        return np.linalg.norm(2 * (1 - t) * (bend - a) + 2 * t * (b - bend))

    lengths = [quad(speed, 0, t, epsabs=1e-12)[0] for t in curve["t"].values]
    np.testing.assert_allclose(curve["distance"].values, lengths, rtol=1e-9)  # of 8 intervals with 8 nodes each
    assert curve.attrs["length"] == pytest.approx(lengths[-1], rel=1e-9)
    assert curve.attrs["kind"] == "bezier"


def test_the_distance_along_a_curve_is_counted_from_its_first_end_wherever_it_is_seen():
    net = bowl(np.eye(2))
    whole, part = (interpolate(net, [0, 0], [4, 0], bend=[1, 3], span=(low, 1), points=5) for low in (0, 0.5))
    # Quadrature over intervals of another length.
    np.testing.assert_allclose(part["distance"].values[[0, 2, 4]], whole["distance"].values[2:], rtol=1e-9)


def test_a_curve_that_turns_back_on_a_line_has_its_length():
    # From 0 to 1 over a bend at 2: x = 4 t (1 - t) + t² turns at t = 2/3, x = 4/3; the way is 4/3 + 1/3.
    curve = interpolate(bowl(np.eye(1)), [0], [1], bend=[2])
    # The speed has a corner inside one interval of 1/200.
    assert curve.attrs["length"] == pytest.approx(5 / 3, abs=1e-4)
    assert curve.attrs["straight"] == 1


def test_a_curve_over_half_the_way_is_the_line():
    net = perceptron()
    a, b = net.position, -net.position
    line, curve = (interpolate(net, a, b, bend=bend, points=5) for bend in (None, (a + b) / 2))
    np.testing.assert_allclose(curve["loss"].values, line["loss"].values, rtol=1e-12)  # rounding
    np.testing.assert_allclose(curve["distance"].values, line["distance"].values, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1, 2], [1, 2]), {}, "the checkpoints a and b are the same point; give different ones$"),
        (([1, 2], [1, 2]), {"bend": [0, 0]}, "the checkpoints a and b are the same point"),
        (([1, 2, 3], [1, 2]), {}, r"a point of shape \(3,\) is none of this network; give a flat vector of 2 numbers$"),
        (([1, 2], [1, 2, 3]), {}, r"a point of shape \(3,\) is none of this network"),
        (([1, 2], [3, 4]), {"bend": [1]}, r"a point of shape \(1,\) is none of this network"),
        (([1, 2], [3, np.nan]), {}, "hold numbers that are not finite"),
        (([1, 2], [3, 4]), {"span": 1}, r"span = 1 is not allowed; give a pair of numbers$"),
        (([1, 2], [3, 4]), {"span": (1, 0)}, r"span = \(1, 0\) is empty"),
        (([1, 2], [3, 4]), {"points": 1}, "points = 1 is not allowed; give a whole number of at least 2"),
    ],
)
def test_ends_and_settings_that_cannot_be_are_refused(arguments, options, message):
    with pytest.raises(InvalidValue, match=message):
        interpolate(bowl(np.eye(2)), *arguments, **options)


def test_the_linear_barrier_counts_from_the_line_between_the_ends():
    # Along the line the loss is 1 + 3 t + 8 t (1 - t): above the line by 8 t (1 - t), at most 2; above the end less.
    net = network(lambda x: 1 + 3 * x[0] + 8 * x[0] * (1 - x[0]), position=np.zeros(1))
    line = interpolate(net, [0.0], [1.0], span=(-1, 2), points=97)  # 32 to a unit
    assert line.attrs["linear_barrier"] == pytest.approx(2)
    assert line.attrs["barrier"] == pytest.approx(1 + 121 / 32 - 4)  # the top is at t = 11/16
    back = interpolate(net, [1.0], [0.0], span=(-1, 2), points=301)
    assert back.attrs["linear_barrier"] == pytest.approx(2)
    valley = network(lambda x: (x[0] - 0.5) ** 2, position=np.zeros(1))
    assert interpolate(valley, [0.0], [1.0]).attrs["linear_barrier"] == 0
