"""Projected runs: least squares, both losses at every step, and a verdict that fits them."""

import numpy as np
import optax
import pytest
import xarray as xr

import thalweg as tw
from tests.geometry.networks import bowl, steps
from thalweg.base.errors import InvalidValue
from thalweg.geometry import principal as trajectories
from thalweg.geometry.plane import Plane
from thalweg.networks import directions
from thalweg.networks.projection import project
from thalweg.networks.verdict import verdict
from thalweg.networks.wrapping import wrap

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


# The verdict


def judged(true, surface, distance=None, *, kind="gaussian", share=0.5, precision=64, axes="xy"):
    size = len(true)
    distance = np.linspace(0, 1, size) if distance is None else distance
    over = {"true_loss": true, "surface_loss": surface, "distance": distance, "travelled": np.full(size, 4.0)}
    over |= dict.fromkeys(axes, np.zeros(size))
    return verdict(
        xr.Dataset(
            {name: ("step", np.asarray(values, dtype=np.float64)) for name, values in over.items()},
            {"step": 10 * np.arange(size)},
            {"kind": kind, "share": share, "precision": precision},
        )
    )


@pytest.mark.parametrize(
    ("gap", "trust"),
    [(0, "good"), (0.049, "good"), (0.051, "fair"), (0.199, "fair"), (0.201, "poor"), (-0.201, "poor"), (50, "poor")],
)
def test_trust_depends_on_the_gap_as_part_of_the_range(gap, trust):
    # The range of the run is 8, that of the surface does not matter.
    found = judged([10, 6, 2], [10, 6 + 8 * gap, 2])
    assert found["trust"] == trust
    assert found["worst_gap"] == pytest.approx(abs(gap))
    assert found["worst_step"] == (10 if gap else 0)


def test_a_picture_that_misleads_is_named_with_its_worst_step():
    found = judged([3, 0.31, 0.3], [3, 2.7, 0.5], [0, 3.4, 1])
    assert found["verdict"] == (
        "The picture misleads: at step 10 the run's loss was 0.31, the surface under it is 2.7; the run is 3.4 away from "
        "the plane, 85 % of its way. The plane holds 50 % of the run's squared distance from the origin."
    )


def test_a_line_is_called_a_line():
    told = judged([3, 0.31, 0.3], [3, 2.7, 0.5], [0, 3.4, 1], axes="x")["verdict"]
    assert "3.4 away from the line" in told
    assert "The line holds 50 %" in told
    assert "plane" not in told


def test_a_picture_that_is_right_in_outline():
    found = judged([10, 6, 2], [10, 7, 2], share=0.9999)
    assert found["verdict"] == (
        "The picture is right in outline: at step 10 the run's loss was 6, the surface under it is 7, 12.5 % of the run's "
        "range apart. The plane holds more than 99.9 % of the run's squared distance from the origin."
    )


def test_a_picture_that_can_be_trusted():
    found = judged([10, 6, 2], [10, 6.1, 2], share=1)
    assert found["verdict"] == (
        "The picture can be trusted: the surface under the path differs from the run's own loss by at most 1.25 % of its "
        "range. The plane holds 100 % of the run's squared distance from the origin."
    )
    assert "the surface under the path is the run's own loss" in judged([3, 2], [3, 2])["verdict"]


def test_losses_that_are_close_beside_the_range_may_be_far_apart_on_a_logarithmic_scale():
    found = judged([10, 1, 0.001], [10, 1, 0.02])
    assert found["trust"] == "good"
    assert (
        "On a logarithmic scale it misleads: at step 20 the run's loss was 0.001, the surface under it is 0.02."
        in found["verdict"]
    )
    assert "logarithmic" not in judged([10, 1, 0.001], [10, 1, 0.0019])["verdict"]
    assert "logarithmic" not in judged([10, 1, -0.001], [10, 1, 0.02])["verdict"]


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_surface_that_is_not_finite_where_the_run_was_misleads(hole):
    found = judged([3, 2, 1], [3, hole, 1])
    assert found["trust"] == "poor"
    assert "at step 10 the run's loss was 2, the surface under it is not finite" in found["verdict"]


def test_a_run_without_any_finite_loss_cannot_be_trusted():
    assert judged([np.nan] * 3, [1, 2, 3])["trust"] == "poor"
    assert "at step 0 the run's loss was not finite" in judged([np.nan] * 3, [1, 2, 3])["verdict"]
    # Where both are infinite they agree.
    assert judged([np.inf, 2, 1], [np.inf, 2, 1])["trust"] == "good"


@pytest.mark.parametrize(("precision", "trust"), [(64, "poor"), (32, "good")])
def test_of_a_run_without_range_only_rounding_is_forgiven(precision, trust):
    assert judged([2, 2], [2, 2 + 5e-7], precision=precision)["trust"] == trust
    assert judged([2, 2], [2, 2.1], precision=precision)["trust"] == "poor"


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
    with pytest.raises(InvalidValue, match="a dict without params is no recording"):
        project(net, plane, {})
    with pytest.raises(InvalidValue, match="2 directions are parallel"):
        project(net, Plane(np.zeros(6), np.ones((2, 6)), ("a", "b"), ("", "")), steps(POINTS))
