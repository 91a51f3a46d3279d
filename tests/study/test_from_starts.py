import numpy as np
import pytest

import thalweg as tw


@pytest.fixture(scope="module")
def himmelblau():
    objective = tw.objective(tw.problems.himmelblau())
    return objective, tw.find_valleys(objective, method=tw.starts.Sobol(128, seed=3))


def test_starts_and_grid_find_the_same_minima_and_passes(himmelblau):
    objective, found = himmelblau
    grid = tw.find_valleys(objective, refine=True)

    def by_place(valleys):
        return valleys["position"].values[np.argsort(valleys["position"].values[:, 0])]

    np.testing.assert_allclose(by_place(found), by_place(grid), atol=1e-6)
    merging = [np.sort(v["pass_loss"].values[v["pass_merges"].values == 1]) for v in (found, grid)]
    np.testing.assert_allclose(*merging, rtol=1e-8)


def test_the_shares_are_those_of_the_grids_basins_within_their_intervals(himmelblau):
    objective, found = himmelblau
    grid = tw.find_valleys(objective)
    for place, low, high in zip(
        found["position"].values, found["share_low"].values, found["share_high"].values, strict=True
    ):
        same = np.abs(grid["position"].values - place).max(axis=1).argmin()
        assert low <= (grid["basin"].values == same).mean() <= high


def test_every_start_is_accounted_for(himmelblau):
    _, found = himmelblau
    assert int(found["starts"].sum()) == found.sizes["start"] == 128
    assert found.attrs["unseen"] == 0
    assert 0 < found.attrs["unseen_bound"] < 1


def test_four_parameters_are_no_obstacle():
    objective = tw.objective(tw.problems.styblinski_tang(dimension=4))
    found = tw.find_valleys(objective, method=tw.starts.Sobol(512))
    assert found.sizes["valley"] == 16
    assert found["loss"].values[0] == pytest.approx(objective.problem.minima[0].value, rel=1e-12)


def test_minima_that_are_known_are_listed_though_no_start_flows_to_them():
    objective = tw.objective(tw.problems.rastrigin(dimension=6))
    found = tw.find_valleys(objective, method=tw.starts.Sobol(4))
    np.testing.assert_allclose(found["position"][0], np.zeros(6), atol=1e-12)
    assert (float(found["loss"][0]), int(found["starts"][0]), float(found["share"][0])) == (0, 0, 0)
    assert int(found["starts"].sum()) == found.sizes["start"] == 4
    assert found["share_high"][0] > 0


def test_a_threshold_joins_valleys_and_their_starts(himmelblau):
    objective, _ = himmelblau
    found = tw.find_valleys(objective, method=tw.starts.Sobol(128, seed=3), persistence=50.0)
    assert found.sizes["valley"] == 3
    assert int(found["starts"].sum()) == 128
