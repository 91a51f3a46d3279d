"""Projected runs: least squares, both losses at every step, and the verdict on them."""

import numpy as np
import optax
import pytest
import xarray as xr

import thalweg as tw
from tests.geometry.networks import bowl, steps
from thalweg.base.errors import InvalidValue
from thalweg.geometry import principal as trajectories
from thalweg.geometry.plane import Plane
from thalweg.networks import directions, project, wrap

GENERATOR = np.random.default_rng(0)
POINTS = GENERATOR.standard_normal((30, 6)).cumsum(axis=0)
ASKEW = GENERATOR.standard_normal((2, 6)) * [[3.0], [0.2]]


@pytest.fixture
def net():
    return bowl(np.diag(np.arange(1.0, 7.0)))


def test_a_run_falls_on_the_nearest_point_of_the_plane_whatever_its_directions(net):
    plane = directions.given(net, *ASKEW, at=np.ones(6))
    path = project(net, plane, steps(POINTS))
    places, *_ = np.linalg.lstsq(ASKEW.T, (POINTS - 1).T)
    left = np.linalg.norm(POINTS - 1 - places.T @ ASKEW, axis=1)
    # Rounding of least squares with directions of a condition of about 20.
    np.testing.assert_allclose([path["x"].values, path["y"].values], places, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(path["distance"].values, left, rtol=1e-12)
    np.testing.assert_allclose(path["travelled"].values, np.linalg.norm(POINTS - 1, axis=1), rtol=1e-14)


def test_both_losses_are_the_networks_own(net):
    plane = directions.given(net, *ASKEW)
    recorded = GENERATOR.uniform(size=30)
    path = project(net, plane, steps(POINTS, recorded))
    np.testing.assert_array_equal(path["true_loss"].values, [net.value(point) for point in POINTS])
    shadows = plane.points(np.stack([path["x"].values, path["y"].values], axis=1))
    np.testing.assert_array_equal(path["surface_loss"].values, [net.value(point) for point in shadows])
    np.testing.assert_array_equal(path["run_loss"].values, recorded)


def test_shares_are_of_all_steps_and_add_up_where_directions_are_at_right_angles(net, monkeypatch):
    monkeypatch.setattr(trajectories, "MEMORY", 8 * 6 * 4)  # four rows at once
    one, other = np.eye(6)[[0, 3]]
    attrs = project(net, directions.given(net, 2 * one, other), steps(POINTS), most=3).attrs
    squares = np.sum(POINTS**2, axis=0) / np.sum(POINTS**2)
    # Sums of 180 squares.
    assert attrs["share_x"] == pytest.approx(squares[0], rel=1e-12)
    assert attrs["share_y"] == pytest.approx(squares[3], rel=1e-12)
    assert attrs["share"] == pytest.approx(squares[0] + squares[3], rel=1e-12)


def test_shares_of_directions_that_lean_do_not_add_up(net):
    attrs = project(
        net, directions.given(net, *np.array([[1.0, 0, 0, 0, 0, 0], [1.0, 0.1, 0, 0, 0, 0]])), steps(POINTS)
    ).attrs
    squares = np.sum(POINTS**2, axis=0) / np.sum(POINTS**2)
    assert attrs["share"] == pytest.approx(squares[:2].sum(), rel=1e-12)
    along = np.sum((POINTS @ [1, 0.1, 0, 0, 0, 0]) ** 2) / 1.01 / np.sum(POINTS**2)
    assert [attrs["share_x"], attrs["share_y"]] == pytest.approx([squares[0], along], rel=1e-12)
    assert abs(attrs["share_x"] + attrs["share_y"] - attrs["share"]) > 0.1


def test_principal_directions_hold_the_shares_that_they_say(net):
    plane = directions.principal(net, steps(POINTS))
    attrs = project(net, plane, steps(POINTS)).attrs
    assert [attrs["share_x"], attrs["share_y"]] == pytest.approx(plane.facts["shares"], rel=1e-10)
    assert "no sign by itself that training has few dimensions" in attrs["verdict"]


@pytest.mark.parametrize(
    ("most", "chosen"), [(2, [0, 9]), (4, [0, 3, 6, 9]), (10, list(range(10))), (99, list(range(10)))]
)
def test_steps_are_chosen_evenly_with_the_first_and_the_last(net, most, chosen):
    recording = steps(POINTS[:10]).assign_coords(step=np.arange(10) * 5)
    path = project(net, directions.given(net, *ASKEW), recording, most=most)
    assert path["step"].values.tolist() == [5 * row for row in chosen]
    np.testing.assert_array_equal(path["true_loss"].values, [net.value(POINTS[row]) for row in chosen])


def test_blocks_change_no_step(net, monkeypatch):
    whole = project(net, directions.given(net, *ASKEW), steps(POINTS), most=7)
    monkeypatch.setattr(trajectories, "MEMORY", 8 * 6 * 4)
    parts = project(net, directions.given(net, *ASKEW), steps(POINTS), most=7)
    # Products of four rows may be summed in another order than those of thirty.
    xr.testing.assert_allclose(whole, parts, rtol=1e-12)


def test_a_run_on_a_line(net):
    path = project(net, directions.given(net, [0, 2, 0, 0, 0, 0]), steps(POINTS))
    np.testing.assert_allclose(path["x"].values, POINTS[:, 1] / 2, rtol=1e-14)
    assert "y" not in path
    assert "share_y" not in path.attrs
    assert "from the line" in path["distance"].attrs["note"]


def test_a_run_of_descend_is_taken():
    objective = tw.objective(tw.problems.himmelblau())
    runs = tw.descend(objective, optax.sgd(0.01), starts=[[0, 4], [1, 1]], steps=8).isel(run=0)
    net = wrap(objective)
    path = project(net, directions.given(net, [1, 0], [0, 1], at=[0, 0]), runs)
    # The same function, compiled twice, at numbers that are the coordinates themselves.
    np.testing.assert_allclose(path["run_loss"].values, path["true_loss"].values, rtol=1e-12)
    np.testing.assert_allclose(path["surface_loss"].values, path["true_loss"].values, rtol=1e-12)
    np.testing.assert_array_equal(path["run_loss"].values, runs["train_loss"].values)
    np.testing.assert_allclose([path["x"].values, path["y"].values], runs["params"].values.T)
    assert path.attrs["trust"] == "good"
    assert path.attrs["share"] == pytest.approx(1, abs=1e-15)


def test_a_run_that_stays_at_the_origin_lies_in_the_plane(net):
    path = project(net, directions.given(net, *ASKEW, at=np.ones(6)), steps(np.ones((4, 6))))
    assert path.attrs["share"] == path.attrs["share_x"] == 1
    assert path.attrs["trust"] == "good"
    assert not path["distance"].values.any()


def test_verdicts_of_real_runs_are_as_they_must_be(net):
    # The bowl's run in the plane of its own motion is exact; seen from the side it is not.
    run = steps(np.array([[k, 0, 0, 0, 0, 0] for k in range(8, 0, -1)], dtype=np.float64))
    good = project(net, directions.given(net, [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]), run)
    assert good.attrs["trust"] == "good"
    poor = project(net, directions.given(net, [0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0]), run)
    assert poor.attrs["trust"] == "poor"
    assert poor.attrs["worst_step"] == 0
    assert "the run is 8 away from the plane, 100 % of its way" in poor.attrs["verdict"]


def test_a_path_can_be_stored(net, tmp_path):
    path = project(net, directions.given(net, *ASKEW), steps(POINTS))
    path.to_zarr(tmp_path / "path", zarr_format=3, consolidated=False)
    xr.testing.assert_identical(xr.open_zarr(tmp_path / "path", consolidated=False).load(), path)


# What is refused


def test_what_does_not_belong_together_is_refused(net):
    plane = directions.given(net, *ASKEW)
    with pytest.raises(
        InvalidValue, match=r"recorded parameters of shape \(3, 2\) are not of this network; give \(step, 6\)$"
    ):
        project(net, plane, steps(np.ones((3, 2))))
    with pytest.raises(InvalidValue, match="recorded parameters in row 1 hold numbers that are not finite"):
        project(net, plane, steps([[1] * 6, [np.nan] * 6]))
    with pytest.raises(InvalidValue, match="most = 1 is not allowed; give a whole number of at least 2"):
        project(net, plane, steps(POINTS), most=1)
    with pytest.raises(
        InvalidValue,
        match="recording = {} is no dataset that holds a recording; give what a recorder or thalweg.descend returns",
    ):
        project(net, plane, {})
    with pytest.raises(InvalidValue, match="2 directions are parallel"):
        project(net, Plane(np.zeros(6), np.ones((2, 6)), ("a", "b"), ("", "")), steps(POINTS))


@pytest.mark.parametrize("memory", [2**26, 8 * 6 * 4])  # all at once, four rows at once
def test_principal_directions_of_several_runs_are_those_of_all_their_steps(net, monkeypatch, memory):
    monkeypatch.setattr(trajectories, "MEMORY", memory)
    monkeypatch.setattr(trajectories, "SLAB", 2)
    plane = directions.principal(net, [steps(POINTS[:11]), steps(POINTS[20:])])
    rows = np.concatenate([POINTS[:11], POINTS[20:]]) - POINTS[10]
    _, values, vectors = np.linalg.svd(rows, full_matrices=False)
    np.testing.assert_array_equal(plane.origin, POINTS[10])
    np.testing.assert_allclose(np.abs(np.sum(plane.directions * vectors[:2], axis=1)), 1, rtol=1e-12)
    np.testing.assert_allclose(plane.facts["shares"], (values**2 / np.sum(values**2))[:2], rtol=1e-12)
    assert plane.facts["runs"] == 2
    with pytest.raises(InvalidValue, match=r"recorded parameters of shape \(30, 5\) are not of this network"):
        directions.principal(net, [steps(POINTS), steps(POINTS[:, :5])])
