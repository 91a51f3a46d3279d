"""Creases against minima that a linear program, or a theorem, knows exactly."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

import thalweg as tw
from thalweg import losses, objective, problems
from thalweg.problems import Axis, Domain
from thalweg.valleys.starts import crease, multistart

BOX = Domain([Axis("x", -2.0, 2.0), Axis("y", -1.0, 3.0)])


def least_absolute_deviation(whole):
    x, y = (np.asarray(column) for column in whole.train)
    count, one = len(x), np.ones((len(x), 1))
    model = np.hstack([(x - whole.problem.center)[:, None], one])
    above = np.vstack([np.hstack([model, -np.eye(count)]), np.hstack([-model, -np.eye(count)])])
    free, cost = [(None, None)] * 2 + [(0, None)] * count, np.append(np.zeros(2), np.full(count, 1 / count))
    found = linprog(cost, A_ub=above, b_ub=np.append(y, -y), bounds=free)
    return found.x[:2], found.fun


@pytest.fixture(scope="module")
def straight():
    whole = objective(problems.line(points=20), losses.absolute())
    return whole, tw.find_valleys(whole, method=tw.starts.Sobol(32))


def test_ends_of_absolute_residuals_are_the_minimum_of_the_linear_program(straight):
    whole, found = straight
    place, least = least_absolute_deviation(whole)
    # The flow alone rests up to 4e-2 higher, where it runs into a crease.
    assert found["loss"].values == pytest.approx([least], abs=1e-8)
    np.testing.assert_allclose(found["position"].values[0], place, atol=1e-8)
    assert found["settled"].values.tolist() == [1]
    assert found.attrs["settled"] == 1


def test_ends_of_roots_are_lines_of_the_exact_census():
    whole = objective(problems.line(points=20), losses.power(1 / 2))
    starts = multistart.design(whole.problem.domain, 32)
    ends, _ = multistart.settle(whole, starts)
    exact = tw.find_valleys(whole, method="exact")["position"].values
    away = np.abs(ends.position[:, None] - exact).max(axis=2).min(axis=1)
    # Places are told apart to their last digits.
    assert away.max() < 1e-12
    assert ends.settled.all()


def test_a_vertex_on_the_edge_of_a_box_and_one_inside_are_found():
    def creases(params):
        x, y = params
        return jnp.abs(x - 0.3) + 2 * jnp.abs(y + x) + 0.1 * y

    inside = crease.descend(creases, (), BOX, np.array([[1.5, 2.5]]))
    np.testing.assert_allclose(inside.position, [[0.3, -0.3]], atol=1e-12)
    edge = crease.descend(lambda p: jnp.abs(p[0] - p[1]) + 0.5 * p[1], (), BOX, np.array([[1.0, 1.0]]))
    np.testing.assert_allclose(edge.position, [[-1.0, -1.0]], atol=1e-12)
    assert inside.settled.tolist() == edge.settled.tolist() == [True]


def test_a_minimum_stays_where_it_is_and_a_place_that_was_not_left_in_time_is_unsettled(monkeypatch):
    def vee(params):
        return jnp.abs(params[0]) + jnp.abs(params[1] - 1)

    stays = crease.descend(vee, (), BOX, np.array([[0.0, 1.0]]))
    assert stays.position.tolist() == [[0.0, 1.0]]
    monkeypatch.setattr(crease, "ROUNDS", 2)
    both = crease.descend(vee, (), BOX, np.array([[0.0, 1.0], [0.0, 2.0]]))
    assert both.settled.tolist() == [True, False]
    assert (both.height <= [0, 1]).all()


def test_each_place_is_followed_as_if_it_were_alone():
    def slanting(params):
        return jnp.abs(params[0] + params[1]) + jnp.abs(3 * params[0] - 0.5) + 0.2 * params[1] ** 2

    places = np.array([[0.4, 2.0], [-1.0, 1.0], [1.9, -0.5]])
    together = crease.descend(slanting, (), BOX, places)
    alone = crease.descend(slanting, (), BOX, places[1:2])
    np.testing.assert_array_equal(together.position[1:2], alone.position)
    np.testing.assert_allclose(together.position[0], [1 / 6, -1 / 6], atol=1e-12)
