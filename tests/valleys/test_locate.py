import jax
import numpy as np
import pytest

from thalweg.base.precision import computing
from thalweg.problems import Axis, Domain
from thalweg.valleys.locate import cells, stretches
from thalweg.valleys.tree import OUTSIDE


def test_positions_wrap_on_a_circle_and_end_at_the_edge_of_an_interval():
    places = np.linspace(0, 1, 4, endpoint=False)
    basins = np.array([0, 1, 2, 3])
    positions = np.array([0.24, 1.26, -0.26, 7.0, np.nan])
    circle = cells(Domain(Axis("x", 0, 1, periodic=True)), [places], basins).at([positions])
    assert circle.tolist() == [1, 1, 3, 0, OUTSIDE]
    bounded = cells(Domain(Axis("x", 0, 0.75)), [places], basins).at([positions])
    assert bounded.tolist() == [1, OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE]


def test_stretches_of_a_circle_go_on_over_its_end():
    axis = Axis("x", 0, 1, periodic=True)
    edges, owners = np.array([0.2, 0.5, 0.9]), np.array([7, 8, 9])
    positions = np.array([0.2, 0.49, 0.5, 0.95, 0.1, 1.1, -0.4, np.inf])
    assert stretches(axis, edges, owners).at([positions]).tolist() == [7, 7, 8, 9, 9, 9, 8, OUTSIDE]


def test_stretches_of_an_interval_end_with_it():
    axis = Axis("x", 0, 1)
    edges, owners = np.array([0.0, 0.5]), np.array([1, 0])
    positions = np.array([-0.01, 0.0, 0.5, 1.0, 1.01])
    assert stretches(axis, edges, owners).at([positions]).tolist() == [OUTSIDE, 1, 0, 0, OUTSIDE]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_compiled_program_finds_the_same_valleys(dtype):
    domain = Domain([Axis("x", 0, 1, periodic=True), Axis("y", -2, 3)])
    places = [np.linspace(0, 1, 7, endpoint=False), np.linspace(-2, 3, 11)]
    rng = np.random.default_rng(3)
    positions = rng.uniform(-4, 5, (2, 20_000)).astype(dtype)
    positions[:, :3] = np.nan, np.inf, -np.inf
    grid = cells(domain, places, rng.integers(-1, 4, (7, 11)), dtype)
    edges = stretches(domain[0], np.sort(rng.random(9)), np.arange(9), dtype)
    with computing(8 * positions.itemsize):
        np.testing.assert_array_equal(
            jax.jit(lambda basins, p: basins.at(list(p)))(grid, positions), grid.at(list(positions))
        )
        np.testing.assert_array_equal(
            jax.jit(lambda basins, p: basins.at([p[0]]))(edges, positions), edges.at([positions[0]])
        )
