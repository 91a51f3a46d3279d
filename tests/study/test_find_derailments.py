"""Derailments against a loop over all steps, and the published one."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(), tw.losses.fourth_root())


@pytest.fixture(scope="module")
def valleys(objective):
    return tw.find_valleys(objective, method="exact")


@pytest.fixture(scope="module")
def runs(objective):
    return tw.descend(objective, optax.sgd(0.05), starts=tw.starts.even(objective.problem, 40), steps=50)


def test_every_derailment_is_that_of_a_loop_over_all_steps(runs, valleys):
    floor, losses = 0.2, runs["train_loss"].values
    visited, params = tw.locate(runs, valleys).values, runs["params"].values[..., 0]
    barrier = np.where(np.isinf(valleys["barrier"]), valleys.attrs.get("relief", np.inf), valleys["barrier"])
    level = valleys["loss"].values + floor * barrier
    expected = [
        (run, step, visited[run, step], visited[run, step + 1])
        for run in range(40)
        for step in range(50)
        if visited[run, step] >= 0
        and losses[run, step] <= level[visited[run, step]]
        and visited[run, step + 1] not in (-1, visited[run, step])
    ]
    derailments = tw.find_derailments(runs, valleys, floor=floor)
    told = np.stack([derailments[name].values for name in ("run", "step", "left", "entered")], axis=1)
    assert len(expected) > 0
    assert told.tolist() == [list(row) for row in expected]
    run, step = told[:, 0], told[:, 1]
    np.testing.assert_array_equal(derailments["jump"], np.abs(params[run, step + 1] - params[run, step]))
    np.testing.assert_array_equal(derailments["rise"], losses[run, step + 1] - losses[run, step])
    np.testing.assert_array_equal(derailments["grad_norm"], runs["grad_norm"].values[run, step])
    assert derailments.attrs["runs"] == 40


def test_a_place_between_two_lines_lies_in_the_valley_of_its_stretch(runs, valleys):
    visited = tw.locate(runs, valleys)
    assert visited.dims == ("run", "step")
    line = np.radians([-72, -36, 0, 36, 72])[np.argsort(np.argsort(valleys["position"].values[:, 0]))]
    np.testing.assert_allclose(valleys["position"].values[:, 0], line, rtol=0, atol=1e-14)
    ends = np.mod(runs["params"].values[..., 0] + np.pi / 2, np.pi) - np.pi / 2
    edges = np.append(valleys["stretch_from"].values, np.pi / 2)
    owner = valleys["stretch_valley"].values[np.searchsorted(edges, ends, side="right") - 1]
    np.testing.assert_array_equal(visited, owner)


@pytest.mark.parametrize("floor", [0, 1.5, float("nan")])
def test_a_floor_is_a_share_of_the_barrier(runs, valleys, floor):
    with pytest.raises(InvalidValue, match="floor = .* give a finite number above 0 and at most 1"):
        tw.find_derailments(runs, valleys, floor=floor)


def test_of_valleys_from_starts_a_step_lies_in_the_nearest():
    double = tw.objective(tw.problems.function(lambda p: (p[0] ** 2 - 1) ** 2, tw.problems.Axis("x", -2, 2)))
    valleys = tw.find_valleys(double, method=tw.starts.Sobol(16))
    runs = tw.descend(double, optax.sgd(0.01), starts=[-1.7, -0.1, 0.1, 1.7], steps=3)
    sides = valleys["position"].values[tw.locate(runs, valleys).values, 0]
    np.testing.assert_allclose(sides, np.sign(runs["params"].values[..., 0]), rtol=1e-9)
    assert not tw.find_derailments(runs, valleys).sizes["derailment"]
    # Thrown over the pass from the floor, by one long step.
    thrown = tw.find_derailments(tw.descend(double, optax.sgd(1.0), starts=1.2, steps=1), valleys)
    assert thrown["step"].values.tolist() == [0]
    assert valleys["position"].values[thrown["left"].values, 0].tolist() == pytest.approx([1.0])
