import re
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from tests.geometry.networks import bowl, network, perceptron
from thalweg.base.errors import InvalidValue
from thalweg.geometry import chunks
from thalweg.geometry.network import Portion
from thalweg.geometry.plane import Plane


def plane_of(net, axes=2):
    directions = np.random.default_rng(1).normal(size=(axes, net.position.size))
    return Plane(net.position, directions, tuple("xyz"[:axes]), ("",) * axes)


def grid(count):
    return np.random.default_rng(2).uniform(-1, 1, (count, 2))


class Listening:
    """Takes down how many points are asked for at once."""

    threads = False

    def __init__(self, inner):
        self.inner, self.heard = inner, []

    def on(self, plane, *, plain=False):
        values = self.inner.on(plane, plain=plain)
        return lambda coordinates: self.heard.append(len(coordinates)) or values(coordinates)


def test_neither_chunks_nor_threads_change_a_bit():
    net = perceptron(dtype=np.float32)
    plane, places = plane_of(net), grid(23)
    expected = [net.value(point) for point in plane.astype(np.float32).points(places.astype(np.float32))]
    for chunk in (None, 1, 4, 23, 100):
        for threads in (True, False):
            np.testing.assert_array_equal(net.values(plane, places, chunk=chunk, threads=threads), expected)


@pytest.mark.parametrize("points", [1, 9, 3000])
def test_no_more_points_are_held_than_a_chunk_has_however_large_the_grid(points):
    net = bowl(np.eye(4))
    listening = Listening(net.portions[0].evaluator)
    net = replace(net, portions=(Portion(1.0, listening),))
    assert len(net.values(plane_of(net), grid(points))) == points
    assert max(listening.heard) <= chunks.CHUNK
    assert sum(listening.heard) == points


def test_a_slow_network_gets_small_chunks(monkeypatch):
    net = bowl(np.eye(4))
    listening = Listening(net.portions[0].evaluator)
    net = replace(net, portions=(Portion(1.0, listening),))
    clock = count(0, chunks.TRIED * chunks.PAUSE / 3.5)
    monkeypatch.setattr(chunks, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    found = net.values(plane_of(net), grid(20))
    assert listening.heard == [8, 8, 3, 1]  # the first are kept
    np.testing.assert_array_equal(found, net.values(plane_of(net), grid(20), chunk=20))


def test_losses_of_parts_are_averaged_by_their_shares():
    one, two = (network(lambda x, k=k: k * x.sum(), position=np.ones(3)) for k in (1.0, 5.0))
    both = replace(one, portions=(Portion(0.25, one.portions[0].evaluator), Portion(0.75, two.portions[0].evaluator)))
    assert both.value() == 0.25 * 3 + 0.75 * 15
    plane, places = plane_of(both), grid(5)
    expected = 0.25 * one.values(plane, places) + 0.75 * two.values(plane, places)
    np.testing.assert_array_equal(both.values(plane, places), expected)


def test_gradient_and_hessian_of_parts_are_averaged_too():
    one, two = bowl(np.diag([1.0, 2.0]), np.ones(2)), bowl(np.diag([5.0, 7.0]), np.ones(2))
    both = replace(one, portions=(Portion(0.25, one.portions[0].evaluator), Portion(0.75, two.portions[0].evaluator)))
    loss, slope = both.gradient()
    assert loss == 0.25 * 1.5 + 0.75 * 6
    np.testing.assert_array_equal(slope, [0.25 * 1 + 0.75 * 5, 0.25 * 2 + 0.75 * 7])
    np.testing.assert_array_equal(both.hessian_product()(np.array([1.0, -1.0])), slope * [1, -1])


def test_points_are_checked():
    net = bowl(np.eye(3))
    with pytest.raises(InvalidValue, match=r"a point of shape \(2,\) is none of this network; give a flat vector of 3"):
        net.value([1.0, 2.0])
    assert net.value([1, 2, 2]) == 4.5
    assert [(span.start, span.stop) for span in perceptron().spans[:3]] == [(0, 15), (15, 20), (20, 40)]


@pytest.mark.parametrize(
    ("origin", "directions", "names", "message"),
    [
        (np.zeros(3), np.ones((0, 3)), (), "needs at least one direction and none was given"),
        (np.zeros(3), np.full((1, 3), np.nan), ("a",), "hold numbers that are not finite"),
        (np.full(3, np.inf), np.ones((1, 3)), ("a",), "hold numbers that are not finite"),
        (np.zeros(3), np.ones((2, 3)), ("a",), "2 directions have 1 names and 1 units; give one each"),
    ],
)
def test_what_is_no_plane_is_refused(origin, directions, names, message):
    with pytest.raises(InvalidValue, match=message):
        Plane(origin, directions, names, names)


@pytest.mark.parametrize(("origin", "directions"), [((3,), (1, 4)), ((3,), (3,)), ((1, 3), (1, 3))])
def test_directions_of_another_shape_are_refused(origin, directions):
    # The types are checked in tests alone, and before: the plane's own check is called as users meet it.
    plane = SimpleNamespace(origin=np.zeros(origin), directions=np.ones(directions), names=("a",), units=("",))
    message = f"directions of shape {directions} do not fit an origin of shape {origin}; give directions (axis, 3)"
    with pytest.raises(InvalidValue, match=f"^{re.escape(message)}$"):
        Plane.__post_init__(plane)


def test_networks_and_planes_are_shown_in_a_line_and_without_their_numbers():
    net = perceptron()
    assert repr(net) == f"<Network of {net.position.size} numbers: made up in numpy>"
    plane = Plane(net.position, np.stack([net.position, net.position[::-1]]), ("here", "there"), ("", ""))
    assert repr(plane) == f"<Plane along here and there, of {net.position.size} numbers>"
    assert repr(Plane(net.position, plane.directions[:1], ("here",), ("",))).startswith("<Line along here,")
