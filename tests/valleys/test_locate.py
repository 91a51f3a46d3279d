import numpy as np

from thalweg.problems.problem import Axis
from thalweg.valleys.locate import valley_of
from thalweg.valleys.tree import OUTSIDE


def test_positions_wrap_on_a_circle_and_end_at_the_edge_of_an_interval():
    places = np.linspace(0, 1, 4, endpoint=False)
    basins = np.array([0, 1, 2, 3])
    positions = np.array([0.24, 1.26, -0.26, 7.0, np.nan])[:, None]
    circle = valley_of(positions, (Axis("x", 0, 1, periodic=True),), [places], basins)
    assert circle.tolist() == [1, 1, 3, 0, OUTSIDE]
    bounded = valley_of(positions, (Axis("x", 0, 0.75),), [places], basins)
    assert bounded.tolist() == [1, OUTSIDE, OUTSIDE, OUTSIDE, OUTSIDE]
