"""The verdict on a projected run: the worst gap decides, and the words say what was found."""

import numpy as np
import pytest
import xarray as xr

from thalweg.networks.verdict import assess, verdict


def path(true, surface, distance=None, *, kind="gaussian", share=0.5, precision=64, axes="xy"):
    size = len(true)
    distance = np.linspace(0, 1, size) if distance is None else distance
    over = {"true_loss": true, "surface_loss": surface, "distance": distance, "travelled": np.full(size, 4.0)}
    over |= dict.fromkeys(axes, np.zeros(size))
    return xr.Dataset(
        {name: ("step", np.asarray(values, dtype=np.float64)) for name, values in over.items()},
        {"step": 10 * np.arange(size)},
        {"kind": kind, "share": share, "precision": precision},
    )


def judged(*losses, **options):
    return verdict(path(*losses, **options))


@pytest.mark.parametrize(
    ("gap", "trust"),
    [(0, "good"), (0.049, "good"), (0.051, "fair"), (0.199, "fair"), (0.201, "poor"), (-0.201, "poor"), (50, "poor")],
)
def test_trust_depends_on_the_gap_as_part_of_the_range(gap, trust):
    # The range of the run is 8, that of the surface does not matter.
    result = judged([10, 6, 2], [10, 6 + 8 * gap, 2])
    assert result["trust"] == trust
    assert result["worst_gap"] == pytest.approx(abs(gap))
    assert result["worst_step"] == (10 if gap else 0)


def test_a_picture_that_misleads_is_named_with_its_worst_step():
    result = judged([3, 0.31, 0.3], [3, 2.7, 0.5], [0, 3.4, 1])
    assert result["verdict"] == (
        "The picture misleads: at step 10 the run's loss was 0.31, the surface under it is 2.7; the run is 3.4 away from "
        "the plane, 85 % of its way. The plane holds 50 % of the run's squared distance from the origin."
    )


def test_a_line_is_called_a_line():
    words = judged([3, 0.31, 0.3], [3, 2.7, 0.5], [0, 3.4, 1], axes="x")["verdict"]
    assert "3.4 away from the line" in words
    assert "The line holds 50 %" in words
    assert "plane" not in words


def test_a_picture_that_is_right_in_outline():
    result = judged([10, 6, 2], [10, 7, 2], share=0.9999)
    assert result["verdict"] == (
        "The picture is right in outline: at step 10 the run's loss was 6, the surface under it is 7, 12.5 % of the run's "
        "range apart. The plane holds more than 99.9 % of the run's squared distance from the origin."
    )


def test_a_picture_that_can_be_trusted():
    result = judged([10, 6, 2], [10, 6.1, 2], share=1)
    assert result["verdict"] == (
        "The picture can be trusted: the surface under the path differs from the run's own loss by at most 1.25 % of its "
        "range. The plane holds 100 % of the run's squared distance from the origin."
    )
    assert "the surface under the path is the run's own loss" in judged([3, 2], [3, 2])["verdict"]


def test_losses_that_are_close_beside_the_range_may_be_far_apart_on_a_logarithmic_scale():
    result = judged([10, 1, 0.001], [10, 1, 0.02])
    assert result["trust"] == "good"
    assert (
        "On a logarithmic scale it misleads: at step 20 the run's loss was 0.001, the surface under it is 0.02."
        in result["verdict"]
    )
    assert "logarithmic" not in judged([10, 1, 0.001], [10, 1, 0.0019])["verdict"]
    assert "logarithmic" not in judged([10, 1, -0.001], [10, 1, 0.02])["verdict"]


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_surface_that_is_not_finite_where_the_run_was_misleads(hole):
    result = judged([3, 2, 1], [3, hole, 1])
    assert result["trust"] == "poor"
    assert "at step 10 the run's loss was 2, the surface under it is not finite" in result["verdict"]


def test_a_run_without_any_finite_loss_cannot_be_trusted():
    assert judged([np.nan] * 3, [1, 2, 3])["trust"] == "poor"
    assert "at step 0 the run's loss was not finite" in judged([np.nan] * 3, [1, 2, 3])["verdict"]
    # Where both are infinite they agree.
    assert judged([np.inf, 2, 1], [np.inf, 2, 1])["trust"] == "good"


@pytest.mark.parametrize(("precision", "trust"), [(64, "poor"), (32, "good")])
def test_of_a_run_without_range_only_rounding_is_forgiven(precision, trust):
    assert judged([2, 2], [2, 2 + 5e-7], precision=precision)["trust"] == trust
    assert judged([2, 2], [2, 2.1], precision=precision)["trust"] == "poor"


def test_a_gap_below_what_is_written_is_a_bound_already():
    words = "The picture can be trusted: the surface under the path differs from the run's own loss by "
    assert judged([10, 6, 2], [10, 6.001, 2])["verdict"].startswith(words + "less than 0.1 % of its range.")
    assert judged([10, 6, 2], [10, 6.2, 2])["verdict"].startswith(words + "at most 2.5 % of its range.")


def test_what_the_run_holds_is_told_and_decides_nothing():
    few, most = (judged([10, 6, 2], [10, 6, 2], share=share) for share in (0.01, 0.99))
    assert few["trust"] == most["trust"] == "good"
    assert "holds 1 % of" in few["verdict"]
    assert "holds 99 % of" in most["verdict"]


def test_of_principal_directions_it_is_said_that_a_random_walk_has_them_too():
    assert "they hold much of a random walk, too." in judged([3, 2], [3, 2], kind="principal")["verdict"]
    assert "random walk" not in judged([3, 2], [3, 2], kind="hessian")["verdict"]


def test_the_ratio_of_losses_does_not_depend_on_which_is_larger():
    facts = [assess(path(*pair)) for pair in (([10, 1, 0.001], [10, 1, 0.02]), ([10, 1, 0.02], [10, 1, 0.001]))]
    # Logarithms are exact to rounding.
    assert [one.ratio for one in facts] == pytest.approx([20, 20], rel=1e-14)
    assert [one.farthest for one in facts] == [2, 2]


def test_a_picture_that_misleads_is_not_said_to_mislead_twice():
    assert judged([10, 1, 0.001], [10, 9, 0.02])["verdict"].count("misleads") == 1


def test_the_answer_can_be_stored_as_attributes():
    result = judged([3, 2, 1], [3, 2.5, 1])
    assert {name: type(value) for name, value in result.items()} == {
        "trust": str,
        "verdict": str,
        "worst_step": int,
        "worst_gap": float,
    }
