"""The census by many starts against minima, basins and passes that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg import losses, objective, problems
from thalweg.base.errors import InvalidValue
from thalweg.descent import grid
from thalweg.problems import Axis, Domain, Function
from thalweg.study.compare_basins import NEAR
from thalweg.valleys import nearness
from thalweg.valleys.grid import topology
from thalweg.valleys.locate import cells
from thalweg.valleys.starts import flow, multistart
from thalweg.valleys.tree import OUTSIDE


def surface(value, *axes):
    return objective(Function(name="surface", domain=Domain(axes), start=tuple(axis.low for axis in axes), value=value))


def assign(positions, minima, domain, near=NEAR):
    return nearness.nearest(domain.wrap(positions), minima, domain, near)


@pytest.fixture(scope="module")
def himmelblau():
    whole = objective(problems.himmelblau())
    starts = multistart.design(whole.problem.domain, 1024, seed=1)
    return whole, starts, multistart.explore(whole, starts)


def test_a_longer_design_begins_with_the_shorter_one():
    domain = problems.himmelblau().domain
    np.testing.assert_array_equal(multistart.design(domain, 100, seed=2)[:37], multistart.design(domain, 37, seed=2))


def test_himmelblau_has_four_minima_at_their_places(himmelblau):
    whole, _, census = himmelblau
    known = np.array([minimum.position for minimum in whole.problem.minima])
    number = assign(known, census.position, whole.problem.domain, near=1e-9)
    assert sorted(number) == [0, 1, 2, 3]
    assert len(census.depth) == 4
    assert census.unseen.share == 0


def test_shares_are_those_of_the_basins_of_a_fine_grid(himmelblau):
    whole, starts, census = himmelblau
    places = grid.coordinates(whole.problem.domain, 301)
    mesh = np.stack([axis.ravel() for axis in np.meshgrid(*places, indexing="ij")], axis=-1)
    heights = grid.evaluate(whole.example, (), mesh).reshape(301, 301)
    found = topology.analyse(heights, (False, False))
    number = assign(mesh[found.minima], census.position, whole.problem.domain, near=0.02)
    assert sorted(number) == [0, 1, 2, 3]
    basins = number[found.basins]
    share = np.bincount(basins.ravel(), minlength=4) / basins.size
    # A low-discrepancy design errs by far less than the interval, so that none of four falls outside by chance.
    assert (census.shares.low <= share).all()
    assert (share <= census.shares.high).all()
    # A grid's way down has eight directions only: basins differ along their borders.
    assert np.mean(cells(whole.problem.domain, places, basins).at(list(starts.T)) == census.basin) > 0.95


def test_the_disconnectivity_graph_has_the_known_passes(himmelblau):
    whole, _, census = himmelblau
    known = [(3.0, 2.0), (-2.80511809, 3.13131252), (-3.77931025, -3.28318599), (3.58442834, -1.84812653)]
    number = assign(np.array(known), census.position, whole.problem.domain)
    heights = {
        tuple(sorted(pair)): height
        for pair, height in zip(census.routes.between.tolist(), census.routes.height, strict=True)
    }

    def height(one, other):
        return heights[tuple(sorted((number[one], number[other])))]

    # From the roots of the gradient in 60 digits; the four minima are 0 to rounding.
    assert height(0, 1) == pytest.approx(67.71915008752613, abs=1e-9)
    assert height(1, 2) == pytest.approx(104.01516291755811, abs=1e-9)
    assert height(0, 3) == pytest.approx(13.31192627040559, abs=1e-9)
    assert sorted(census.tree.persistence)[:3] == pytest.approx([13.311926270, 67.719150088, 104.015162918], abs=1e-8)
    assert census.routes.converged.all()


def test_results_do_not_depend_on_batches_or_on_the_order_of_starts(himmelblau, monkeypatch):
    whole, starts, census = himmelblau
    order = np.random.default_rng(4).permutation(len(starts))
    monkeypatch.setattr(flow, "BATCH", 256)
    again = multistart.explore(whole, starts[order])
    np.testing.assert_array_equal(again.position, census.position)
    np.testing.assert_array_equal(again.basin, census.basin[order])
    np.testing.assert_array_equal(again.routes.height, census.routes.height)


def test_styblinski_and_tang_in_four_dimensions_have_sixteen_minima():
    whole = objective(problems.styblinski_tang(dimension=4))
    census = multistart.explore(whole, multistart.design(whole.problem.domain, 256))
    assert len(census.depth) == 16
    # The minima are all combinations of two places an axis; each axis's pass lies between them.
    low, high, top = (x**4 / 2 - 8 * x**2 + 5 * x / 2 for x in (-2.903534027771177, 2.746802768371, 0.156731259400))
    assert census.depth == pytest.approx(
        sorted(4 * low + k * (high - low) for k in [0, *[1] * 4, *[2] * 6, *[3] * 4, 4])
    )
    # Each minimum but the deepest ends over the pass of one axis that is high.
    assert census.tree.persistence[1:] == pytest.approx(top - high, abs=1e-8)


def test_rosenbrock_in_five_dimensions_has_two_minima():
    whole = objective(problems.rosenbrock(dimension=5))
    census = multistart.explore(whole, multistart.design(whole.problem.domain, 128))
    assert len(census.depth) == 2
    np.testing.assert_allclose(census.position[0], 1, atol=1e-8)
    # Y.-W. Shang, Y.-H. Qiu, Evolutionary Computation 14, 119-126, 2006, doi:10.1162/evco.2006.14.1.119: two minima
    # from four parameters on. The other begins with a negative number and lies under a gradient of 0.
    assert census.position[1, 0] < 0
    slope = jax.grad(whole.example)(census.position[1])
    # In 32 bits, the gradient's terms of size 1e3 are rounded to 1e-4; a tenfold margin.
    assert np.abs(slope).max() < 1e-3
    assert census.tree.persistence[1] > 0


def test_equal_minima_on_a_circle_stay_apart_and_join_the_shorter_and_the_longer_way():
    def waves(params):
        return 1 - jnp.cos(3 * params[0]) + 0.1 * jnp.sin(3 * params[0] / 2) ** 2 * jnp.cos(params[0] - 1)

    whole = surface(waves, Axis("phi", -np.pi, np.pi, periodic=True, unit="rad"))
    census = multistart.explore(whole, multistart.design(whole.problem.domain, 64))
    assert np.sort(np.degrees(census.position[:, 0])) == pytest.approx([-120, 0, 120], abs=1e-6)
    assert np.ptp(census.depth) < 1e-14
    # Three valleys on a circle have three passes.
    assert len(census.routes.height) == 3
    assert np.isinf(census.tree.persistence).sum() == 1


def test_ends_along_a_level_valley_floor_are_one_minimum():
    def ring(params):
        return (jnp.sum(params**2) - 1) ** 2

    whole = surface(ring, Axis("x", -2.0, 2.0), Axis("y", -2.0, 2.0))
    census = multistart.explore(whole, multistart.design(whole.problem.domain, 512), rise=0.01)
    assert len(census.depth) == 1
    assert census.shares.share[0] == 1


def test_a_pencil_of_five_has_five_minima_at_its_lines():
    whole = objective(problems.pencil(), losses.power(1 / 2))
    census = multistart.explore(whole, multistart.design(whole.problem.domain, 256))
    assert np.sort(np.degrees(census.position[:, 0])) == pytest.approx([-72, -36, 0, 36, 72], abs=1e-7)


def test_a_constant_surface_has_no_minimum():
    whole = surface(
        lambda params: jnp.sin(params[0]) ** 2 + jnp.cos(params[0]) ** 2, Axis("phi", 0.0, np.pi, periodic=True)
    )
    starts = multistart.design(whole.problem.domain, 32)
    census = multistart.explore(whole, starts)
    assert len(census.depth) == len(census.routes.height) == 0
    assert (census.basin == OUTSIDE).all()


def test_more_starts_leave_less_unseen():
    whole = objective(problems.rastrigin())
    starts = multistart.design(whole.problem.domain, 1024)
    ends = flow.descend(whole.example, (), whole.problem.domain, starts).position
    _, basin = np.unique(np.rint(ends * 1e4), axis=0, return_inverse=True)
    estimates = [
        multistart.shares.unseen(np.bincount(basin.ravel()[:count]), count).share for count in (64, 128, 256, 1024)
    ]
    assert estimates == sorted(estimates, reverse=True)
    assert estimates[0] > 0.2
    assert estimates[-1] < 0.01


def test_momentum_leaves_the_basins_of_the_flow_and_short_steps_do_not(himmelblau):
    whole, starts, _ = himmelblau
    valleys = tw.find_valleys(whole, method=tw.starts.Sobol(256, seed=1))
    np.testing.assert_array_equal(valleys["start_position"], starts[:256])

    def differ(optimizer, steps):
        return tw.compare_basins(tw.descend(whole, optimizer, starts=starts[:256], steps=steps), valleys)

    short, heavy = differ(optax.sgd(2e-4), 4000), differ(optax.sgd(0.01, momentum=0.9), 1000)
    # Short steps err only where a start lies by a ridge.
    assert short["share"] < 0.02
    assert heavy["share_low"] > 0.1 > short["share_high"]
    assert short["compared"] == heavy["compared"] == 256


def test_ends_far_from_every_minimum_are_in_no_basin():
    domain = Domain([Axis("phi", 0.0, 1.0, periodic=True), Axis("x", 0.0, 10.0)])
    minima = np.array([[0.0, 5.0], [0.5, 5.0]])
    positions = np.array([[0.9995, 5.004], [1.5004, 5.0], [0.2, 5.0], [np.nan, 5.0]])
    assert assign(positions, minima, domain).tolist() == [0, 1, OUTSIDE, OUTSIDE]


def test_starts_off_the_domain_are_refused():
    whole = objective(problems.himmelblau())
    with pytest.raises(InvalidValue, match="a start has y = 7.5; give numbers from -5 to 5"):
        multistart.explore(whole, np.array([[0.0, 7.5]]))
