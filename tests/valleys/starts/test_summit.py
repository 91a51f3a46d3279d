import jax.numpy as jnp
import numpy as np
import pytest

from thalweg.problems import Axis, Domain
from thalweg.valleys.starts import summit

BOX = Domain([Axis("x", -2.0, 2.0), Axis("y", -2.0, 2.0)])


def wells(params):
    x, y = params
    return (x**2 - 1) ** 2 + 3 * (y - 0.2 * x - 0.1) ** 2


def test_the_highest_place_is_found_beside_the_end_of_a_path():
    def cusp(params):
        return jnp.sqrt(jnp.abs(params[0])) - 2 * params[0]

    path = np.array([[[-1.0], [0.0], [3.0], [7.0]], [[-1.0], [-0.5], [-0.2], [-0.1]]])
    height, place = summit.highest(cusp, (), path)
    # The first path is highest at its first place, the second too: sqrt(1) + 2.
    assert height == pytest.approx([3.0, 3.0])
    height, place = summit.highest(cusp, (), path[:1, 1:])
    # √x - 2x is highest at 1/16, which the search brackets to 1e-10 and a smooth maximum shows to its root.
    assert height[0] == pytest.approx(1 / 8, abs=1e-12)
    assert place[0, 0] == pytest.approx(1 / 16, abs=1e-6)


def test_a_wall_on_a_path_is_infinitely_high():
    height, place = summit.highest(lambda params: jnp.log(params[0]), (), np.array([[[1.0], [-1.0]]]))
    assert height[0] == np.inf
    assert place[0, 0] <= 0


def test_newton_leads_onto_the_pass_and_not_onto_a_minimum():
    places = np.array([[0.1, 0.3], [0.9, 0.4]])
    found = summit.polish(wells, (), domain=BOX, places=places, reach=np.array([0.2, 0.2]))
    assert found.is_pass.tolist() == [True, False]
    # Newton's error at the last step is of the size of rounding.
    np.testing.assert_allclose(found.place[0], [0.0, 0.1], atol=1e-12)
    assert found.height[0] == pytest.approx(1.0, abs=1e-12)
    assert found.place[1].tolist() == [0.9, 0.4]


def test_newton_goes_no_further_than_its_reach():
    found = summit.polish(wells, (), domain=BOX, places=np.array([[0.4, 0.3]]), reach=np.array([0.01]))
    assert found.place[0].tolist() == [0.4, 0.3]
