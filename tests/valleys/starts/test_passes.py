"""Passes from starts against those that a grid, refined on the objective, knows."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.valleys import nearness
from thalweg.valleys.starts import passes


@pytest.fixture(scope="module")
def camel():
    objective = tw.objective(tw.problems.six_hump_camel())
    return objective, tw.find_valleys(objective, refine=True), tw.find_valleys(objective, method=tw.starts.Sobol(64))


def test_persistence_from_starts_is_that_of_the_grid(camel):
    _, grid, found = camel
    same = nearness.nearest(
        found["position"].values, grid["position"].values, tw.problems.six_hump_camel().domain, 1e-6
    )
    assert sorted(same.tolist()) == list(range(found.sizes["valley"]))
    # Both passes are polished to a gradient of rounding; valleys come in pairs of equal depth.
    np.testing.assert_allclose(
        np.sort(found["persistence"].values), np.sort(grid["persistence"].values), rtol=0, atol=1e-9
    )
    assert not found["persistence_bound"].any()
    assert not found["barrier_bound"].any()


def test_bands_that_hardly_moved_find_the_passes_all_the_same(camel, monkeypatch):
    objective, _, found = camel
    monkeypatch.setattr(passes, "STEPS", 60)
    hasty = tw.find_valleys(objective, method=tw.starts.Sobol(64))
    np.testing.assert_allclose(hasty["persistence"], found["persistence"], rtol=0, atol=1e-9)


def test_without_passes_a_path_is_called_a_bound(camel, monkeypatch):
    objective, grid, _ = camel
    monkeypatch.setattr(passes, "STEPS", 1)
    monkeypatch.setattr(passes, "STILL", -1.0)
    bounded = tw.find_valleys(objective, method=tw.starts.Sobol(64))
    ends = np.isfinite(bounded["persistence"].values)
    assert bounded["persistence_bound"].values[ends].all()
    assert bounded["pass_bound"].all()
    # A path lies nowhere below the pass.
    least = np.sort(grid["persistence"].values)[: int(ends.sum())]
    assert (np.sort(bounded["persistence"].values[ends]) >= least - 1e-9).all()
