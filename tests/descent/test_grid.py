import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue, OutputError
from thalweg.descent import grid
from thalweg.descent.grid import coordinates
from thalweg.problems import Axis, Domain
from thalweg.store import stream


def test_an_interval_has_both_ends_and_a_circle_only_one():
    (interval,) = coordinates(Domain(Axis("x", -1, 3)), 5)
    (circle,) = coordinates(Domain(Axis("x", -1, 3, periodic=True)), 4)
    np.testing.assert_allclose(interval, [-1, 0, 1, 2, 3])
    np.testing.assert_allclose(circle, [-1, 0, 1, 2])


def test_heights_are_the_objective_right_way_round_on_a_grid_that_is_not_square():
    axes = [Axis("a", -1, 2), Axis("b", 5, 7)]
    objective = tw.objective(tw.problems.function(lambda p: p[0] ** 3 - 2 * p[1], axes))
    surface = tw.survey(objective, points=[4, 7])
    a, b = np.linspace(-1, 2, 4), np.linspace(5, 7, 7)
    assert surface["train_loss"].dims == ("a", "b")
    np.testing.assert_allclose(surface["train_loss"].values, a[:, None] ** 3 - 2 * b, rtol=1e-14)


def test_the_surface_is_the_loss_that_runs_have():
    import optax

    objective = tw.objective(tw.problems.pencil(noise=0.1), tw.losses.huber(0.1))
    surface = tw.survey(objective, points=50)
    runs = tw.descend(objective, optax.sgd(0.1), starts=surface["phi"].values, steps=1)
    np.testing.assert_array_equal(surface["train_loss"].values, runs["train_loss"].values[:, 0])
    np.testing.assert_array_equal(surface["test_loss"].values, runs["test_loss"].values[:, 0])


def test_four_parameters_are_too_many_for_a_grid():
    with pytest.raises(InvalidValue, match="a grid over 4 parameters is too large; survey at most 3"):
        tw.survey(tw.objective(tw.problems.rosenbrock(dimension=4)))


def test_a_narrower_domain_is_surveyed():
    objective = tw.objective(tw.problems.line(), tw.losses.absolute())
    surface = tw.survey(objective, points=5, domain=[Axis("W", 2, 4), Axis("b", 1, 3)])
    np.testing.assert_allclose(surface["W"].values, np.linspace(2, 4, 5))


@pytest.mark.parametrize("points", [[7, 5, 9], [200, 3, 3]])
def test_a_streamed_survey_is_the_same_survey(points, tmp_path, monkeypatch):
    axes = [Axis("a", -1, 2), Axis("b", 5, 7), Axis("c", 0, 1, periodic=True)]
    objective = tw.objective(tw.problems.function(lambda p: p[0] ** 3 - 2 * p[1] * p[2], axes))
    held = tw.survey(objective, points=points)
    monkeypatch.setattr(grid, "BATCH", 32)
    monkeypatch.setattr(stream, "CHUNK", 50)
    stored = tw.survey(objective, points=points, store=tmp_path / "surface.zarr")
    assert stored.load().equals(held)
    assert stored["c"].attrs == held["c"].attrs


def test_a_streamed_survey_has_the_test_loss_as_well(tmp_path):
    objective = tw.objective(tw.problems.pencil(), tw.losses.quadratic())
    stored = tw.survey(objective, points=300, precision=32, store=tmp_path / "surface.zarr")
    assert stored.load().equals(tw.survey(objective, points=300, precision=32))
    with pytest.raises(OutputError, match="it exists already; give another place for the results"):
        tw.survey(objective, points=300, store=tmp_path / "surface.zarr")
    with pytest.raises(InvalidValue, match="points = 100000000000 is not allowed; .* at most 100000000"):
        tw.survey(objective, points=10**11, store=tmp_path / "other.zarr")
    assert not (tmp_path / "other.zarr").exists()
