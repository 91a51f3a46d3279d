"""Gradient flow against flows that are known in closed form."""

import jax.numpy as jnp
import numpy as np
import pytest

from thalweg import losses, objective, problems
from thalweg.problems import Axis, Domain
from thalweg.valleys.starts import flow, multistart

BOX = Domain([Axis("x", -2.0, 2.0), Axis("y", -2.0, 2.0)])


def double_well(params):
    x, y = params
    return (x**2 - 1) ** 2 + 5 * y**2


def saddle(params):
    x, y = params
    return (x - 0.3) ** 2 - y**2


def test_basins_of_a_separable_double_well_are_the_signs_of_x():
    starts = multistart.design(BOX, 256, seed=3)
    ends = flow.descend(double_well, (), BOX, starts)
    expected = np.stack([np.sign(starts[:, 0]), np.zeros(256)], axis=1)
    # The last step is below 1e-11 of an axis, and Newton's error is far below its last step.
    np.testing.assert_allclose(ends.position, expected, rtol=0, atol=1e-10)
    assert ends.settled.all()


def test_a_stiff_valley_costs_few_steps():
    problem = problems.rosenbrock(dimension=5)
    ends = flow.descend(problem.value, (), problem.domain, multistart.design(problem.domain, 64))
    # Gradient descent is held to steps of 2/2000 or so, and takes tens of thousands of them.
    assert ends.steps.max() < 500
    # Rounding of the gradient at places of size 1 and curvatures of 1e3, times a few operations.
    assert ends.gradient.max() < 1e-11


def test_the_flow_ends_on_the_edge_of_a_box_where_it_would_leave():
    starts = np.array([[1.5, 0.7], [-1.0, -0.2]])
    ends = flow.descend(saddle, (), BOX, starts)
    np.testing.assert_allclose(ends.position, [[0.3, 2.0], [0.3, -2.0]], rtol=0, atol=1e-10)
    np.testing.assert_allclose(ends.gradient, 0, atol=1e-10)


def test_cusps_are_found_to_the_last_step():
    pencil = objective(problems.pencil(), losses.power(1 / 2))
    starts = multistart.design(pencil.problem.domain, 64)
    ends = flow.descend(pencil.example, pencil.train, pencil.problem.domain, starts)
    degrees = np.mod(np.degrees(ends.position[:, 0]) + 90, 180) - 90
    lines = np.array([-72.0, -36.0, 0.0, 36.0, 72.0])
    away = np.abs(degrees[:, None] - lines).min(axis=1)
    # At a cusp steps are halved until they are 1e-11 of the circle, 2e-9 degrees; a tenfold margin.
    assert away.max() < 2e-8


def test_a_start_without_a_height_stays_and_spoils_no_other():
    def walled(params):
        return jnp.where(params[0] > 1, jnp.nan, double_well(params))

    ends = flow.descend(walled, (), BOX, np.array([[1.5, 0.0], [0.5, 1.0]]))
    assert ends.settled.tolist() == [False, True]
    assert ends.position[0].tolist() == [1.5, 0.0]
    assert ends.position[1] == pytest.approx([1.0, 0.0], abs=1e-6)


def test_each_start_is_computed_as_if_it_were_alone(monkeypatch):
    problem = problems.himmelblau()
    starts = multistart.design(problem.domain, 100)
    whole = flow.descend(problem.value, (), problem.domain, starts)
    order = np.random.default_rng(0).permutation(100)
    monkeypatch.setattr(flow, "BATCH", 16)
    parts = flow.descend(problem.value, (), problem.domain, starts[order])
    np.testing.assert_array_equal(parts.position, whole.position[order])
    np.testing.assert_array_equal(parts.steps, whole.steps[order])
