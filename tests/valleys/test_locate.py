import numpy as np

from thalweg.problems.problem import Axis
from thalweg.valleys.locate import valley_from, valley_of
from thalweg.valleys.tree import OUTSIDE


def test_positions_wrap_on_a_circle_and_end_at_the_edge_of_an_interval():
    places = np.linspace(0, 1, 4, endpoint=False)
    basins = np.array([0, 1, 2, 3])
    positions = np.array([0.24, 1.26, -0.26, 7.0, np.nan])[:, None]
    circle = valley_of(positions, (Axis("x", 0, 1, periodic=True),), [places], basins)
    assert circle.tolist() == [1, 1, 3, 0, OUTSIDE]
    bounded = valley_of(positions, (Axis("x", 0, 0.75),), [places], basins)
    assert bounded.tolist() == [1, OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE]


def test_stretches_of_a_circle_go_on_over_its_end():
    axis = Axis("x", 0, 1, periodic=True)
    edges, owners = np.array([0.2, 0.5, 0.9]), np.array([7, 8, 9])
    positions = np.array([0.2, 0.49, 0.5, 0.95, 0.1, 1.1, -0.4, np.inf])[:, None]
    assert valley_from(positions, axis, edges, owners).tolist() == [7, 7, 8, 9, 9, 9, 8, OUTSIDE]


def test_stretches_of_an_interval_end_with_it():
    axis = Axis("x", 0, 1)
    edges, owners = np.array([0.0, 0.5]), np.array([1, 0])
    positions = np.array([-0.01, 0.0, 0.5, 1.0, 1.01])[:, None]
    assert valley_from(positions, axis, edges, owners).tolist() == [OUTSIDE, 1, 0, 0, OUTSIDE]
