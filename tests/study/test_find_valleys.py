import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue


def test_the_noise_free_pencil_has_five_valleys_at_the_angles_of_its_lines():
    valleys = tw.find_valleys(tw.objective(tw.problems.pencil(), tw.losses.fourth_root()))
    angles = np.sort(np.degrees(valleys["position"].values[:, 0]))
    # The grid holds these angles to rounding.
    np.testing.assert_allclose(angles, [-72, -36, 0, 36, 72], atol=1e-12)
    assert valleys.attrs["names"][0] == "0°"


@pytest.mark.parametrize("residual", ["vertical", "orthogonal"])
def test_the_quadratic_loss_has_one_valley_or_with_orthogonal_residuals_none(residual):
    split = tw.problems.Split(test_share=0.0)
    problem = tw.problems.pencil(residual=residual, split=split)
    valleys = tw.find_valleys(tw.objective(problem, tw.losses.quadratic()))
    assert valleys.sizes["valley"] == {"vertical": 1, "orthogonal": 0}[residual]


def test_orthogonal_residuals_keep_five_valleys_of_equal_depth_on_symmetric_data():
    problem = tw.problems.pencil(residual="orthogonal", split=tw.problems.Split(test_share=0.0))
    valleys = tw.find_valleys(tw.objective(problem, tw.losses.fourth_root()))
    assert valleys.sizes["valley"] == 5
    # Equal but for the rounding of their angles, whose root is 1e-8; and yet five: valleys are told apart by place.
    assert np.ptp(valleys["loss"].values) < 1e-8


def test_himmelblau_has_its_four_valleys_to_half_a_cell():
    problem = tw.problems.himmelblau()
    valleys = tw.find_valleys(tw.objective(problem))
    found = valleys["position"].values
    known = np.array([minimum.position for minimum in problem.minima])
    cell = problem.domain[0].length / 240
    assert len(found) == len(known) == 4
    for place in known:
        assert np.abs(found - place).max(axis=1).min() <= cell


def test_passes_lie_between_their_valleys_and_above_them():
    valleys = tw.find_valleys(tw.objective(tw.problems.pencil(), tw.losses.fourth_root()))
    for height, (one, other) in zip(valleys["pass_loss"].values, valleys["pass_between"].values, strict=True):
        assert height > max(valleys["loss"].values[one], valleys["loss"].values[other])
    assert valleys["pass_merges"].values.sum() == 4
    assert valleys.sizes["pass"] == 5


def test_a_higher_threshold_leaves_fewer_valleys():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    surface = tw.survey(objective)
    ends = np.sort(tw.find_valleys(objective, surface)["persistence"].values)
    between = [0.0, *(ends[:3] + ends[1:4]) / 2, 10.0]
    counts = [tw.find_valleys(objective, surface, persistence=t).sizes["valley"] for t in between]
    assert counts == [5, 4, 3, 2, 1]


def test_a_minimum_on_the_edge_is_flagged():
    slope = tw.problems.function(lambda p: p[0] + 0 * p[1], [tw.problems.Axis("x", 0, 1), tw.problems.Axis("y", 0, 1)])
    valleys = tw.find_valleys(tw.objective(slope))
    assert valleys["at_edge"].values.tolist() == [1]
    assert tw.find_valleys(tw.objective(tw.problems.himmelblau()))["at_edge"].values.tolist() == [0, 0, 0, 0]


def test_a_negative_threshold_is_refused():
    with pytest.raises(InvalidValue, match="persistence = -1 is not allowed; give a finite number of at least 0"):
        tw.find_valleys(tw.objective(tw.problems.himmelblau()), persistence=-1)
