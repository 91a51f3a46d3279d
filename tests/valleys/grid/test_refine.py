"""Refinement against closed forms, proofs and the counts of the literature.

The file is long because the places and values of all surfaces' minima stand beside the laws of refinement.
"""

from functools import cache
from math import pi

import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from thalweg.descent import grid
from thalweg.problems import SURFACES, Axis, Domain
from thalweg.valleys.grid import topology
from thalweg.valleys.grid.refine import Places, merge, refine_minima, refine_passes

INTERVAL = Domain(Axis("x", -1.0, 1.0))
SQUARE = Domain([Axis("x", -1.0, 1.0), Axis("y", -1.0, 1.0)])


@cache
def pencil(residual):
    """Make the published problem once, so that it is compiled once."""
    return tw.objective(tw.problems.pencil(residual=residual), tw.losses.power(1 / 2))


def survey(objective, points=None):
    """Topology of the usual grid, positions of its cells and the size of a cell."""
    domain = objective.problem.domain
    places = grid.coordinates(domain, points)
    cells = np.stack([axis.ravel() for axis in np.meshgrid(*places, indexing="ij")], axis=-1)
    heights = grid.evaluate(objective.example, objective.train, cells).reshape([len(along) for along in places])
    found = topology.analyse(heights, tuple(axis.periodic for axis in domain))
    return found, cells, np.array([along[1] - along[0] for along in places])


def minima_of(objective, points=None):
    found, cells, spacing = survey(objective, points)
    return refine_minima(
        objective.example,
        objective.train,
        domain=objective.problem.domain,
        positions=cells[found.minima],
        spacing=spacing,
    )


def passes_of(objective):
    found, cells, spacing = survey(objective)
    minima, index = minima_of(objective)
    return refine_passes(
        objective.example,
        objective.train,
        domain=objective.problem.domain,
        positions=cells[found.passes.cell],
        spacing=spacing,
        between=minima.position[index][found.passes.between],
    )


def minimum(example, start, spacing=0.1, domain=INTERVAL):
    start = np.atleast_2d(start).astype(float)
    return refine_minima(example, (), domain=domain, positions=start, spacing=np.full(len(domain), spacing))[0]


@pytest.mark.parametrize("residual", ["vertical", "orthogonal"])
def test_the_noise_free_pencil_has_its_five_minima_at_the_angles_of_its_lines(residual):
    places, index = minima_of(pencil(residual))
    assert sorted(index) == [0, 1, 2, 3, 4]
    assert set(places.kind) == {"cusp"}
    # The tangent of an angle is known to a few digits of rounding.
    np.testing.assert_allclose(np.sort(places.position[:, 0]), np.radians([-72, -36, 0, 36, 72]), rtol=0, atol=1e-14)
    assert (places.bracket < 1e-15).all()


def test_the_passes_of_the_pencil_are_smooth_maxima_between_its_cusps():
    places = passes_of(pencil("orthogonal"))
    assert places.kind.tolist() == ["smooth"] * 5
    assert places.signature.tolist() == [[1, 0, 0]] * 5
    # A gradient is the sum of slopes of either sign, each below one, known to rounding.
    assert places.gradient.max() < 1e-15
    lines = np.radians([-72, -36, 0, 36, 72, 108])
    angles = np.sort(np.where(places.position[:, 0] < lines[0], places.position[:, 0] + pi, places.position[:, 0]))
    assert ((lines[:-1] < angles) & (angles < lines[1:])).all()


LONG = [name for name in SURFACES if name not in ("rosenbrock", "bukin_6", "eggholder", "goldstein_price")]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in SURFACES]
)
def test_every_stated_minimum_is_found_at_its_place_and_value(name):
    problem = SURFACES[name]()
    places, _ = minima_of(tw.objective(problem))
    for known in problem.minima:
        nearest = np.abs(places.position - known.position).max(axis=1).argmin()
        # Stated to the last digit; goldstein_price, with values up to 1e6, is known to 1e-12.
        np.testing.assert_allclose(places.position[nearest], known.position, rtol=0, atol=2e-12)
        assert places.value[nearest] == pytest.approx(known.value, rel=1e-13, abs=2e-12)
        assert places.kind[nearest] != "grid"


@pytest.mark.parametrize(("name", "count"), [("six_hump_camel", 6), ("himmelblau", 4), ("three_hump_camel", 3)])
def test_the_minima_are_as_many_as_the_literature_counts(name, count):
    places, _ = minima_of(tw.objective(SURFACES[name]()))
    assert places.kind.tolist() == ["smooth"] * count
    assert places.signature.tolist() == [[0, 0, 2]] * count


def test_rastrigin_has_eleven_minima_along_each_side_and_none_on_an_edge():
    places, _ = minima_of(tw.objective(tw.problems.rastrigin()))
    assert places.kind.tolist() == ["smooth"] * 121


def test_shubert_has_722_minima_inside_and_39_on_the_edge_of_which_the_literature_counts_760():
    # The product of g(x) and g(y): a minimum inside is a maximum of one, all positive, and a minimum of the other, all
    # negative, so 2 x 19 x 19. With the 38 on the sides these are the 760 of Levy and Montalvo (1985) and of Jamil and
    # Yang (2013); the corner (-10, -10), lower than all about it in the box, is one more.
    j = np.arange(1, 6)
    x = np.linspace(-10, 10, 200_001)
    g = np.sum(j * np.cos((j + 1) * x[:, None] + j), axis=1)
    tops = (g[1:-1] > g[:-2]) & (g[1:-1] > g[2:])
    dips = (g[1:-1] < g[:-2]) & (g[1:-1] < g[2:])
    assert (g[1:-1][tops] > 0).all()
    assert (g[1:-1][dips] < 0).all()
    # On the usual grid of 241 x 241; 481 x 481 and 961 x 961 give the same.
    places, _ = minima_of(tw.objective(tw.problems.shubert()))
    assert (places.kind == "smooth").sum() == 2 * tops.sum() * dips.sum() == 722
    sides = (np.abs(places.position) == 10).sum(axis=1)
    assert [(sides == k).sum() for k in (1, 2)] == [38, 1]
    assert (places.kind[sides > 0] == "edge").all()
    # Global ones, 18 of them, differ by rounding only.
    assert (places.value < places.value.min() + 1e-9).sum() == 18


def test_the_lowest_place_of_eggholder_is_on_the_edge_and_its_gradient_points_outwards():
    places, _ = minima_of(tw.objective(tw.problems.eggholder()))
    assert places.value[0] == pytest.approx(-959.6406627208, abs=1e-9)
    np.testing.assert_allclose(places.position[0], [512, 404.2318051138], rtol=0, atol=1e-9)
    assert places.kind[0] == "edge"
    assert places.signature[0].tolist() == [0, 0, 1]
    assert places.gradient[0] > 1


@pytest.mark.long
def test_eggholder_has_75_smooth_minima_12_on_the_edge_and_9_cusps_on_any_fine_grid():
    # No count is published; that two grids agree is the check. What is left over are cells along its sharp valleys.
    for points in (1025, 2049):
        kinds = minima_of(tw.objective(tw.problems.eggholder()), points)[0].kind.tolist()
        assert [kinds.count(kind) for kind in ("smooth", "edge", "cusp")] == [75, 12, 9]


@pytest.mark.parametrize(
    ("name", "saddles", "first"),
    [("himmelblau", 4, (3.385154, 0.073852)), ("six_hump_camel", 7, (0.0, 0.0))],
)
def test_passes_are_saddles_with_one_negative_curvature(name, saddles, first):
    objective = tw.objective(SURFACES[name]())
    places = passes_of(objective)
    smooth = places.kind == "smooth"
    # Minima and hilltops, one and two, are one more than the saddles (Morse).
    assert smooth.sum() == saddles
    assert (places.signature[smooth] == [1, 0, 1]).all()
    # Gradients are sums of terms of up to a hundred.
    assert places.gradient[smooth].max() < 1e-12
    # The other basins meet only around a hilltop: no saddle, so the place of the grid.
    assert (places.kind[~smooth] == "grid").all()
    np.testing.assert_allclose(places.position[smooth][0], first, atol=1e-6)


@pytest.mark.long
def test_every_cusp_of_a_straight_line_under_a_root_lies_on_a_line_through_two_points():
    problem = tw.problems.line(points=24, noise=0.5, seed=3)
    objective = tw.objective(problem, tw.losses.power(1 / 2))
    places, _ = minima_of(objective, 121)
    x, y = objective.train
    i, j = np.triu_indices(len(x), 1)
    slope = (y[i] - y[j]) / (x[i] - x[j])
    through_two = np.stack([slope, y[i] - slope * x[i]], axis=1)
    cusps = places.position[places.kind == "cusp"]
    assert len(cusps) > 5
    away = np.abs(cusps[:, None] - through_two).max(axis=2).min(axis=1)
    # Both parameters are of size one, and closed in on to 1e-12 of a cell.
    assert away.max() < 1e-12
    # The lowest of all is among them.
    lowest = grid.evaluate(objective.example, objective.train, through_two).min()
    assert places.value[0] == pytest.approx(lowest, abs=1e-6)


@pytest.mark.parametrize("p", [0.25, 0.5, 1.0, 1.5, 2.0, 4.0])
def test_a_power_of_the_distance_has_its_minimum_where_the_distance_is_zero(p):
    loss = tw.losses.power(p)
    found = minimum(lambda params: 3 + loss.penalty(params[0] - 0.317), [0.3])
    # The fourth power is flat: its gradient is lost in rounding before its place is known.
    assert abs(found.position[0, 0] - 0.317) < (1e-5 if p == 4 else 1e-14)
    assert found.kind[0] == ("smooth" if p > 1 else "cusp")
    assert found.signature[0].tolist() == {1.5: [0, 0, 1], 2: [0, 0, 1], 4: [0, 1, 0]}.get(p, [0, 0, 0])
    assert np.isnan(found.gradient[0]) == (p <= 1)
    assert abs(found.position[0, 0] - 0.317) <= 2 * found.bracket[0, 0] or p == 4


def test_a_cusp_across_a_smooth_valley_is_found_though_its_gradient_is_zero_there_by_convention():
    found = minimum(lambda params: jnp.abs(params[0] - 2 * params[1]) + params[1] ** 2, [0.03, 0.02], domain=SQUARE)
    assert found.kind.tolist() == ["cusp"]
    # Heights tell a place on a smooth floor apart to the root of rounding.
    np.testing.assert_allclose(found.position[0], [0, 0], atol=1e-7)
    # So does the bracket say.
    assert (np.abs(found.position) <= 10 * found.bracket).all()


def test_a_surface_that_is_constant_to_rounding_has_no_curvature_but_zero():
    problem = tw.problems.pencil(residual="orthogonal", split=tw.problems.Split(0.0))
    objective = tw.objective(problem, tw.losses.quadratic())
    found, _ = refine_minima(
        objective.example,
        objective.train,
        domain=problem.domain,
        positions=np.array([[0.3]]),
        spacing=np.array([1e-3]),
    )
    assert found.signature.tolist() == [[0, 1, 0]]
    assert found.kind.tolist() == ["smooth"]


def test_a_minimum_at_the_end_of_an_interval_is_on_the_edge():
    found = minimum(lambda params: params[0], [-1.0])
    assert found.kind.tolist() == ["edge"]
    assert found.position.tolist() == [[-1.0]]
    assert found.gradient.tolist() == [1.0]
    assert found.signature.tolist() == [[0, 0, 0]]


def test_a_wall_is_high():
    found = minimum(lambda params: jnp.where(params[0] < 0.25, jnp.nan, params[0]), [0.3])
    assert found.position[0, 0] == pytest.approx(0.25, abs=1e-12)
    assert found.position[0, 0] >= 0.25


def test_a_place_that_has_no_minimum_within_a_cell_keeps_the_place_of_the_grid():
    # A sharp valley that falls slowly: 0.2 is not its lowest place.
    found = minimum(
        lambda params: jnp.sqrt(jnp.abs(params[1] - params[0])) + 0.01 * params[0], [0.2, 0.2], domain=SQUARE
    )
    assert found.kind.tolist() == ["grid"]
    assert found.position.tolist() == [[0.2, 0.2]]
    assert found.bracket.tolist() == [[0.1, 0.1]]


def test_a_cusp_beyond_the_seam_of_a_circle_is_one_place_from_either_side():
    circle = Domain(Axis("a", -pi / 2, pi / 2, periodic=True))
    found, index = refine_minima(
        lambda params: jnp.sqrt(jnp.abs(jnp.sin(params[0] - pi / 2 + 0.003))),
        (),
        domain=circle,
        positions=np.array([[-pi / 2], [pi / 2 - 0.01]]),
        spacing=np.array([0.01]),
    )
    assert index.tolist() == [0, 0]
    assert found.kind.tolist() == ["cusp"]
    assert found.position[0, 0] == pytest.approx(pi / 2 - 0.003, abs=1e-14)


def test_places_are_one_by_position_on_the_circle_and_never_by_value():
    count = 4
    places = Places(
        np.array([[0.0, 1.0], [1 - 1e-12, 1.0], [0.5, 1.0], [0.5, 0.0]]),
        np.array([2.0, 1.0, 1.0, 1.0]),
        np.zeros(count),
        np.full((count, 2), 1e-12),
        np.full(count, "smooth"),
        np.zeros((count, 3), dtype=int),
    )
    domain = Domain([Axis("a", 0.0, 1.0, periodic=True), Axis("x", 0.0, 1.0)])
    merged, index = merge(places, domain, np.array([0.1, 0.1]))
    assert index.tolist() == [0, 0, 1, 2]
    # The lower of two that are one stays.
    assert merged.value.tolist() == [1.0, 1.0, 1.0]
    assert merged.position.tolist() == places.position[1:].tolist()


def test_a_minimum_does_not_depend_on_how_many_are_refined_with_it():
    objective = tw.objective(tw.problems.eggholder())
    found, cells, spacing = survey(objective, 101)
    starts = cells[found.minima]

    def refine(starts):
        return refine_minima(objective.example, (), domain=objective.problem.domain, positions=starts, spacing=spacing)

    assert len(starts) > 64
    together, index = refine(starts)
    for some in (slice(0, 1), slice(10, 40)):
        alone, number = refine(starts[some])
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[number], other[index[some]])


def test_no_minima_and_no_passes_are_nothing():
    empty = np.zeros((0, 1))
    found, index = refine_minima(lambda p: p[0], (), domain=INTERVAL, positions=empty, spacing=np.ones(1))
    assert len(found.value) == len(index) == 0
    passes = refine_passes(
        lambda p: p[0], (), domain=INTERVAL, positions=empty, spacing=np.ones(1), between=np.zeros((0, 2, 1))
    )
    assert len(passes.value) == 0


def test_a_pass_of_one_parameter_stays_between_its_minima():
    def example(params):
        return -jnp.abs(params[0] - 0.04) + 0.5 * jnp.abs(params[0])

    found = refine_passes(
        example,
        (),
        domain=INTERVAL,
        positions=np.array([[0.0]]),
        spacing=np.array([0.1]),
        between=np.array([[[-0.1], [0.05]]]),
    )
    assert found.kind.tolist() == ["cusp"]
    assert found.position[0, 0] == pytest.approx(0.04, abs=1e-14)


def test_rastrigin_in_three_parameters_has_eleven_minima_along_each_axis():
    places, _ = minima_of(tw.objective(tw.problems.rastrigin(dimension=3)))
    assert len(places.value) == 11**3
    assert set(map(tuple, places.signature.tolist())) == {(0, 0, 3)}
    # Slopes of up to 63 an axis, to rounding.
    assert places.gradient.max() < 1e-12
