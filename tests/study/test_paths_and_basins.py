"""Lowest paths between valleys, and the surface's basins beside an optimiser's."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue


@pytest.fixture(scope="module")
def camel():
    objective = tw.objective(tw.problems.six_hump_camel())
    return objective, tw.find_valleys(objective, refine=True)


def test_a_path_between_neighbours_crosses_the_pass_that_the_grid_knows(camel):
    objective, valleys = camel
    found = tw.find_paths(objective, valleys, [(0, 1)])
    known = valleys["pass_loss"].values[(valleys["pass_between"].values == [0, 1]).all(axis=1)]
    assert found["converged"].values.tolist() == [1]
    # Both are polished to a gradient of rounding.
    np.testing.assert_allclose(found["pass_loss"].values, known, atol=1e-9)
    assert found["barrier"].values[0] == pytest.approx(known[0] - valleys["loss"].values[0], abs=1e-9)


def test_a_path_begins_and_ends_at_its_valleys(camel):
    objective, valleys = camel
    found = tw.find_paths(objective, valleys, [(2, 0), (1, 3)])
    for pair, (one, other) in enumerate([(2, 0), (1, 3)]):
        np.testing.assert_allclose(found["path"].values[pair, 0], valleys["position"].values[one], atol=1e-12)
        np.testing.assert_allclose(found["path"].values[pair, -1], valleys["position"].values[other], atol=1e-12)


@pytest.mark.parametrize(
    ("between", "message"),
    [
        ([], "between = .. holds no pair"),
        ([(0, 0)], r"between holds \(0, 0\); give the numbers of two different valleys"),
        ([(0, 9)], "a valley in between = 9 is not allowed"),
    ],
)
def test_bad_pairs_are_refused(camel, between, message):
    with pytest.raises(InvalidValue, match=message):
        tw.find_paths(*camel, between)


@pytest.fixture(scope="module")
def well():
    axis = tw.problems.Axis("x", -2, 2)
    objective = tw.objective(tw.problems.function(lambda p: (p[0] ** 2 - 1) ** 2 + 0.1 * p[0], axis))
    return objective, tw.find_valleys(objective, method=tw.starts.Sobol(64, seed=2))


def test_small_steps_follow_the_flow_and_large_ones_do_not(well):
    objective, valleys = well
    starts = valleys["start_position"].values
    small = tw.compare_basins(tw.descend(objective, optax.sgd(0.01), starts=starts, steps=2000), valleys)
    assert float(small["share"]) == 0
    assert int(small["compared"]) == 64
    # From beyond 1.7 a step of 0.24 times the gradient leaps over the pass.
    large = tw.compare_basins(tw.descend(objective, optax.sgd(0.12), starts=starts, steps=2000), valleys)
    assert float(large["share"]) > 0


def test_of_runs_that_end_at_no_minimum_nothing_is_known(well):
    objective, valleys = well
    runs = tw.descend(objective, optax.sgd(1e3), starts=valleys["start_position"].values, steps=1)
    differ = tw.compare_basins(runs, valleys)
    assert (differ["run_valley"] == -1).all()
    assert np.isnan(differ["share"])
    assert [float(differ[name]) for name in ("share_low", "share_high", "compared", "unknown")] == [0, 1, 0, 64]


def test_runs_from_elsewhere_are_refused(well):
    objective, valleys = well
    with pytest.raises(InvalidValue, match="the 2 runs did not start at the 64 starts of the census"):
        tw.compare_basins(tw.descend(objective, optax.sgd(0.1), starts=[0.5, 0.6], steps=2), valleys)


def test_valleys_of_a_grid_have_no_starts_to_compare(well):
    objective, _ = well
    runs = tw.descend(objective, optax.sgd(0.1), steps=2)
    with pytest.raises(InvalidValue, match="found by the method 'grid'; find them with method = 'starts'"):
        tw.compare_basins(runs, tw.find_valleys(objective))
