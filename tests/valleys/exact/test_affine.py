"""Lines through two points: each is a valley, and the deepest is the best line of all."""

import csv
from fractions import Fraction
from importlib import resources
from itertools import combinations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given, settings

from tests.strategies import planar_points
from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.valleys.exact.affine import pair_lines


def exact_lines(points):
    """Slope and intercept of every line through two points with different x, as fractions."""
    lines = set()
    for (x, y), (u, v) in combinations(points, 2):
        if x != u:
            slope = Fraction(v - y) / Fraction(u - x)
            lines.add((slope, y - slope * x))
    return lines


def stars():
    """Logarithms of temperature and light, as the exact decimals that the file holds."""
    text = (resources.files("thalweg.problems") / "data" / "stars-cyg.csv").read_text(encoding="utf-8")
    return [(Fraction(row["log_temperature"]), Fraction(row["log_light"])) for row in csv.DictReader(text.splitlines())]


@given(points=planar_points)
@settings(max_examples=40, deadline=None)
def test_lines_and_depths_equal_exact_arithmetic(points):
    assume(len({x for x, _ in points}) > 1)
    found = pair_lines(*np.array(points, dtype=float).T, 0.3)
    expected = {}
    for slope, intercept in exact_lines(points):
        terms = [abs(slope * x + intercept - y) for x, y in points]
        depth = sum(float(term) ** 0.3 for term in terms) / len(points)
        expected[float(slope), float(intercept)] = depth, sum(term == 0 for term in terms)
    assert len(found.minima) == len(expected)
    for line, depth, on in zip(found.minima, found.depths, found.points, strict=True):
        nearest = min(expected, key=lambda other: np.abs(np.subtract(other, line)).max())
        assert np.allclose(nearest, line, rtol=1e-13, atol=1e-13)  # two differences and a ratio of numbers below 200
        assert depth == pytest.approx(expected[nearest][0], rel=1e-13)
        assert on == expected[nearest][1]


@given(points=planar_points)
@settings(max_examples=15, deadline=None)
def test_every_line_through_two_points_is_a_strict_minimum(points):
    assume(len({x for x, _ in points}) > 1)
    with mp.workdps(60):

        def value(slope, intercept):
            terms = [abs(slope * x + intercept - y) for x, y in points]
            return mp.fsum(mp.sqrt(term) for term in terms if term > mp.mpf(10) ** -50)

        for slope, intercept in exact_lines(points):
            W, b = (mp.mpf(number.numerator) / number.denominator for number in (slope, intercept))
            for angle in np.linspace(0, 2 * np.pi, 13)[1:]:
                # So near that the root of the step outweighs any multiple of the step.
                step = mp.mpf(10) ** -20
                assert value(W + step * mp.cos(angle), b + step * mp.sin(angle)) > value(W, b)


def test_the_best_line_through_the_stars_passes_through_stars_7_and_42():
    x, y = np.array(stars(), dtype=float).T
    found = pair_lines(x, y, 0.5)
    assert (found.pairs[0] + 1).tolist() == [7, 42]
    assert found.minima[0].tolist() == pytest.approx([0.41 / 0.61, 2.06902], abs=1e-5)
    slope, height = np.meshgrid(np.linspace(-3, 3, 121), np.linspace(4, 6, 81))
    grid = np.sqrt(np.abs(slope[..., None] * (x - x.mean()) + height[..., None] - y)).mean(-1)
    assert 0 < grid.min() - found.depths[0] < 0.02  # no place of the grid is deeper, one is nearly as deep


def test_lines_through_three_stars_and_more_are_counted_once():
    points = stars()
    found = pair_lines(*np.array(points, dtype=float).T, 0.5)
    assert len(found.minima) == len(exact_lines(points)) == 932
    slope, intercept = found.minima[np.argmax(found.points)]
    distances = [abs(float(slope) * float(x) + float(intercept) - float(y)) for x, y in points]
    assert sum(d < 1e-12 for d in distances) == found.points.max() == 5


def test_the_centre_moves_the_height_and_nothing_else():
    rng = np.random.default_rng(4)
    x, y = rng.normal(3, 1, 12), rng.normal(size=12)
    here, there = pair_lines(x, y, 0.4), pair_lines(x, y, 0.4, center=2.5)
    assert here.depths.tolist() == there.depths.tolist()
    assert np.allclose(here.minima[:, 1] + 2.5 * here.minima[:, 0], there.minima[:, 1], atol=1e-10)


def test_more_points_than_can_be_paired_are_sent_to_the_grid():
    with pytest.raises(
        InvalidValue, match="1001 points have too many pairs.*give at most 1000, or use method = 'grid'"
    ):
        pair_lines(np.arange(1001.0), np.arange(1001.0), 0.5)


def test_points_above_one_another_determine_no_line():
    with pytest.raises(InvalidData, match="no two points have different x"):
        pair_lines(np.ones(3), np.arange(3.0), 0.5)
