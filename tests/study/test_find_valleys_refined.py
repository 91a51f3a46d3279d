"""What ``find_valleys`` says by default: minima and passes refined on the objective, and what it leaves out."""

import numpy as np
import pytest

import thalweg as tw


@pytest.fixture(scope="module")
def shubert():
    objective = tw.objective(tw.problems.shubert())
    return objective, tw.survey(objective)


def test_the_default_knows_the_best_value_of_shubert(shubert):
    valleys = tw.find_valleys(*shubert)
    # Jamil and Yang (2013) state -186.7309 and 18 places of it.
    assert float(valleys["loss"][0]) == pytest.approx(-186.73090883, abs=1e-8)
    assert int((valleys["loss"] < -186.7309).sum()) == 18
    assert valleys.attrs["refined"] == 1


def test_refine_false_gives_the_cells_of_the_grid(shubert):
    objective, surface = shubert
    valleys = tw.find_valleys(objective, surface, refine=False)
    assert float(valleys["loss"][0]) == float(surface["train_loss"].min())
    assert set(valleys["position"].values.ravel()) <= set(surface["x"].values)
    assert valleys.attrs["refined"] == 0


def test_the_default_knows_four_deepest_minima_of_himmelblau():
    valleys = tw.find_valleys(tw.objective(tw.problems.himmelblau()))
    # Squares of residuals of a few roundings of numbers of size ten.
    assert valleys["loss"].values == pytest.approx([0.0] * 4, abs=1e-27)


def test_three_parameters_are_refined_only_on_request():
    objective = tw.objective(tw.problems.styblinski_tang(dimension=3))
    surface = tw.survey(objective, points=21)
    assert tw.find_valleys(objective, surface).attrs["refined"] == 0
    best = tw.find_valleys(objective, surface, refine=True)["loss"][0]
    assert float(best) == pytest.approx(-39.16616570377 * 3, abs=1e-9)


def test_a_refined_grid_agrees_with_the_theorem():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    grid, exact = tw.find_valleys(objective), tw.find_valleys(objective, method="exact")
    for name in ("position", "loss", "persistence", "barrier"):
        # Heights at a cusp differ by the root of the rounding of its place.
        np.testing.assert_allclose(grid[name], exact[name], rtol=0, atol=1e-8)


def test_minima_below_the_threshold_are_named_with_the_way_to_see_them(shubert):
    valleys = tw.find_valleys(*shubert)
    assert valleys.attrs["left_out"] == "1 minimum of persistence below 1.87: (-10, -10); persistence=0 lists them"
    every = tw.find_valleys(*shubert, persistence=0)
    assert every.sizes["valley"] == valleys.sizes["valley"] + 1
    assert every.attrs["left_out"] == ""


def test_many_minima_below_the_threshold_are_counted():
    objective = tw.objective(tw.problems.eggholder())
    surface = tw.survey(objective, points=101)
    valleys = tw.find_valleys(objective, surface, refine=False, persistence=300)
    left = valleys.attrs["minima"] - valleys.sizes["valley"]
    assert valleys.attrs["left_out"].startswith(f"{left} minima of persistence below 300: (")
    assert valleys.attrs["left_out"].endswith(f" and {left - 3} more; persistence=0 lists them")
