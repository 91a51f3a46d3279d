"""The exact census against brute force in 50 digits, and against the published pencil."""

import tracemalloc
from fractions import Fraction
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, example, given, settings

from tests.strategies import planar_points
from thalweg.base.errors import InvalidData
from thalweg.problems import pencil
from thalweg.valleys.exact.census import through_origin

GOLDEN = (mp.sqrt(5) - 1) / 2
# Widths are 1e-12 of a gap; the slope that decides the last digits is a sum of at most 6 terms, each good to 1e-16.
PLACE = 1e-10
HEIGHT = 1e-13  # of sums of at most 6 terms below 10


def data_lines(points, residual):
    """Lines through data points, as exact slopes, None for the vertical one; in order of angle."""
    slopes = {Fraction(y, x) for x, y in points if x}
    upright = [None] if residual == "orthogonal" and any(x == 0 and y for x, y in points) else []
    return upright + sorted(slopes)


def objective(points, p, residual):
    """Mean loss at an angle."""

    def value(angle):
        sine, cosine = mp.sin(angle), mp.cos(angle)
        scale = cosine if residual == "vertical" else 1
        terms = [abs((x * sine - y * cosine) / scale) for x, y in points]
        # At its own angle, a residual is 0 but for the 50th digit.
        return mp.fsum(0 if term < mp.mpf(10) ** -40 else term**p for term in terms) / len(points)

    return value


def summit(value, low, high):
    """Golden-section search for the one maximum."""
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_a, at_b = value(a), value(b)
    for _ in range(75):  # 0.618^75 is 2e-16
        if at_a > at_b:
            high, b, at_b = b, a, at_a
            a = high - GOLDEN * (high - low)
            at_a = value(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + GOLDEN * (high - low)
            at_b = value(b)
    return (low + high) / 2


def brute(points, p, residual):
    """Minima (angle, depth) in order of angle and the passes (angle, height) after each, by trying all data lines."""
    value = objective(points, p, residual)
    step = mp.mpf(10) ** -25
    minima = []
    for slope in data_lines(points, residual):
        angle = -mp.pi / 2 if slope is None else mp.atan(mp.mpf(slope.numerator) / slope.denominator)
        depth = value(angle)
        if min(value(angle - step), value(angle + step)) > depth + mp.mpf(10) ** -30:
            minima.append((angle, depth))
    ends = [angle for angle, _ in minima]
    if residual == "orthogonal" and len(minima) > 1:
        ends.append(ends[0] + mp.pi)
    places = [summit(value, low, high) for low, high in pairwise(ends)]
    return minima, [(place, value(place)) for place in places]


def persistences(minima, passes):
    """Height at which each minimum meets a deeper one, above its depth: walk both ways until one is found."""
    count, ring = len(minima), len(passes) == len(minima)
    found = []
    for here, (_, depth) in enumerate(minima):
        ways = []
        for side in (1, -1):
            highest, place = mp.mpf(0), here
            for _ in range(count):
                gate = place if side == 1 else place - 1
                if not ring and not 0 <= gate < len(passes):
                    break
                highest = max(highest, passes[gate % len(passes)][1])
                place = (place + side) % count
                if (minima[place][1], place) < (depth, here):
                    ways.append(highest)
                    break
        found.append(min(ways) - depth if ways else mp.inf)
    return found


def angular(one, other):
    """Distance on the circle of period π."""
    return abs((float(one) - float(other) + np.pi / 2) % np.pi - np.pi / 2)


def in_order(found):
    """Persistence and depth of the minima in order of angle."""
    order = np.argsort(found.minima[:, 0])
    return found.minima[order, 0], found.depths[order], found.tree.persistence[order]


@pytest.mark.parametrize("residual", ["vertical", "orthogonal"])
@pytest.mark.parametrize("p", [0.3, 0.5, 1.0])
@given(points=planar_points)
@example(points=[(1, 0), (2, 3), (0, 5), (-4, 1), (-2, -3)])
@example(points=[(1, 0), (1, 3)])
@settings(max_examples=15, deadline=None)
def test_census_equals_brute_force(points, p, residual):
    assume(any(x or (y and residual == "orthogonal") for x, y in points))
    with mp.workdps(50):
        minima, passes = brute(points, mp.mpf(p), residual)
        ends = persistences(minima, passes)
        value = objective(points, mp.mpf(p), residual)
    found = through_origin(*np.array(points, dtype=float).T, p, residual=residual)
    angles, depths, persistence = in_order(found)
    if p == 1 and len(minima) != len(angles):
        # A slope of exactly 0 at a kink: rounding decides whether it counts, as a minimum of no persistence; a flat
        # stretch of the convex objective counts as one.
        assert residual == "vertical" or persistence.min() < HEIGHT
        assert np.isclose(depths.min(), float(min(value(mp.mpf(a)) for a in angles)), atol=HEIGHT)
        return
    assert len(angles) == len(minima)
    assert max(angular(a, b) for a, (b, _) in zip(angles, minima, strict=True)) < PLACE
    assert np.allclose(depths, [float(d) for _, d in minima], rtol=HEIGHT, atol=HEIGHT)
    assert len(found.passes) == len(passes)
    for place, height in passes:
        nearest = np.argmin([angular(place, other) for other in found.passes[:, 0]])
        assert angular(place, found.passes[nearest, 0]) < PLACE
        assert abs(found.heights[nearest] - height) < HEIGHT * max(1, height)
    close, ends = {"rtol": 1e-12, "atol": 4 * HEIGHT}, np.array(ends, dtype=float)
    # Of two that are equally deep, rounding decides which one lasts.
    alone = (np.abs(depths[:, None] - depths) < HEIGHT).sum(axis=1) == 1
    assert np.allclose(persistence[alone], ends[alone], **close)
    assert np.allclose(np.sort(persistence), np.sort(ends), **close)


@given(points=planar_points)
@settings(max_examples=30, deadline=None)
def test_the_merge_tree_is_the_one_that_rising_water_builds(points):
    assume(any(x for x, _ in points))
    found = through_origin(*np.array(points, dtype=float).T, 0.5, residual="orthogonal")
    for minimum, (parent, saddle) in enumerate(zip(found.tree.parent, found.tree.saddle, strict=True)):
        if minimum == 0:
            assert (parent, saddle) == (0, -1)
            continue
        # Below the saddle the two lie in different pools, with it in one, and the parent is the deepest of its pool.
        below, above = pools(found, saddle), pools(found, saddle + 1)
        assert below[minimum] == minimum
        assert below[parent] == parent
        assert above[minimum] == above[parent] == parent < minimum


def pools(found, count):
    """The deepest minimum of each one's pool, once the lowest ``count`` passes are under water."""
    pool = list(range(len(found.minima)))
    for one, other in found.between[:count]:
        joined = {pool[one], pool[other]}
        pool = [min(joined) if p in joined else p for p in pool]
    return pool


def test_two_lines_on_a_circle_have_a_pass_on_either_side():
    found = through_origin(np.array([1.0, 3.0]), np.array([0.0, 4.0]), 0.5, residual="orthogonal")
    assert found.between.tolist() == [[1, 0], [0, 1]] or found.between.tolist() == [[0, 1], [1, 0]]
    assert found.minima[0, 0] == pytest.approx(np.arctan(4 / 3))  # the longer vector weighs more


def test_the_census_does_not_depend_on_the_turn_of_the_circle():
    rng = np.random.default_rng(5)
    angle, radius = rng.uniform(-1, 2, 40), rng.uniform(0.2, 2, 40)
    first, other = (
        through_origin(radius * np.cos(angle + turn), radius * np.sin(angle + turn), 0.3, residual="orthogonal")
        for turn in (0.0, 1.1)
    )
    assert np.allclose(first.heights, other.heights, rtol=1e-12)  # rounding of the turned data, 1e-16 of each
    assert max(angular(a + 1.1, b) for a, b in zip(first.minima[:, 0], other.minima[:, 0], strict=True)) < 1e-14


@pytest.mark.parametrize("residual", ["vertical", "orthogonal"])
def test_the_pencil_without_noise_has_five_minima_at_its_angles(residual):
    train = pencil(noise=0.0, residual=residual).train
    found = through_origin(train["x"], train["y"], 0.5, residual=residual)
    lines = np.arange(5) * 2 * np.pi / 5
    assert len(found.minima) == 5
    assert max(min(angular(line, angle) for angle in found.minima[:, 0]) for line in lines) < 1e-9
    assert found.points.sum() == 670


@pytest.mark.parametrize("residual", ["vertical", "orthogonal"])
def test_the_noisy_pencil_has_a_minimum_at_every_slope(residual):
    train = pencil(noise=0.01, residual=residual).train
    found = through_origin(train["x"], train["y"], 0.5, residual=residual)
    slopes = np.sort(train["y"] / train["x"])
    assert len(np.unique(slopes)) == 670
    assert np.allclose(np.tan(np.sort(found.minima[:, 0])), slopes, rtol=1e-12)  # the tangent of a rounded arc tangent
    assert (found.tree.persistence > 0).all()
    assert found.tree.persistence.min() < 1e-7
    assert np.count_nonzero(found.tree.persistence > 0.01) in (3, 5)


def test_lines_through_one_axis_meet_across_the_ends_of_the_circle():
    found = through_origin(np.array([1e-17, -1e-17, 0.5]), np.ones(3), 0.5, residual="orthogonal")
    assert found.points.tolist() == [2, 1]
    assert abs(found.minima[0, 0]) == pytest.approx(np.pi / 2)


def test_a_flat_stretch_of_the_convex_objective_is_one_minimum_at_its_smaller_end():
    found = through_origin(np.ones(4), np.array([4.0, 1.0, 2.0, 7.0]), 1.0)
    assert np.tan(found.minima).tolist() == [[pytest.approx(2.0)]]
    assert found.tree.persistence.tolist() == [np.inf]


def test_minima_below_rounding_are_counted_and_have_a_persistence():
    # The second point's own valley is 1e-20 of the objective: no comparison of values can see it.
    found = through_origin(np.array([1.0, 1e-18, 2.0]), np.array([-1.0, 3e-19, 5.0]), 0.5)
    assert len(found.minima) == 3
    assert 0 < found.tree.persistence[2] < 1e-17 or 0 < found.tree.persistence[1] < 1e-17


@pytest.mark.parametrize("residual", ["vertical", "orthogonal"])
@pytest.mark.parametrize("p", [0.001, 0.5, 0.99])
def test_points_of_wildly_different_sizes_are_counted_by_the_theorem(p, residual):
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(2, 40)) * 10 ** rng.uniform(-25, 25, (2, 40))
    found = through_origin(x, y, p, residual=residual)
    assert len(found.passes) == len(found.minima) - (residual == "vertical")
    assert (found.heights[:, None] >= found.depths[found.between]).all()
    assert (found.tree.persistence >= 0).all()
    assert np.count_nonzero(np.isinf(found.tree.persistence)) == 1


def test_memory_grows_no_faster_than_the_points():
    peaks = []
    for count in (1_500, 4_500):
        rng = np.random.default_rng(2)
        data = rng.normal(size=(2, count))
        tracemalloc.start()
        through_origin(*data, 0.5)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Blocks of a fixed number of gaps make up most of it, so less than in proportion.
    assert peaks[1] < 3 * peaks[0]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (([0.0, 0.0], [1.0, 2.0]), "all x are 0, so no line is better than another"),
        (([1.0, np.nan], [1.0, 2.0]), "not equally many finite numbers"),
        (([1e-80, 1.0], [1.0, 2.0]), "0 or of a size from 1e-60 to 1e60; change their units"),
    ],
)
def test_data_without_a_line_are_refused(data, text):
    with pytest.raises(InvalidData, match=text):
        through_origin(*np.array(data), 0.5)
