import numpy as np
import optax
import pytest
import xarray as xr
from scipy.stats import binomtest

import thalweg as tw


@pytest.fixture(scope="module")
def derailments():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    starts = tw.starts.even(objective.problem, 90)
    runs = tw.descend(objective, optax.sgd(0.05), starts=starts, steps=60)
    return tw.find_derailments(runs, tw.find_valleys(objective))


def test_a_run_that_derails_twice_counts_once(derailments):
    twice = xr.concat([derailments, derailments], "derailment")
    assert float(tw.count_derailments(twice)["share"]) == float(tw.count_derailments(derailments)["share"]) > 0
    assert int(tw.count_derailments(twice)["count"].sum()) == 2 * derailments.sizes["derailment"]


def test_the_interval_is_wilsons(derailments):
    found = tw.count_derailments(derailments)
    derailed = round(float(found["share"]) * 90)
    expected = binomtest(derailed, 90).proportion_ci(0.95, method="wilson")
    assert float(found["share_low"]) == pytest.approx(expected.low, rel=1e-12)
    assert float(found["share_high"]) == pytest.approx(expected.high, rel=1e-12)


def test_every_fall_stands_where_it_left_and_entered(derailments):
    counts = tw.count_derailments(derailments)["count"].values
    assert np.diag(counts).sum() == 0
    for left, entered in zip(derailments["left"].values, derailments["entered"].values, strict=True):
        assert counts[left, entered] > 0
    assert counts.sum() == derailments.sizes["derailment"]


def test_no_fall_has_no_quantiles(derailments):
    none = tw.count_derailments(derailments.isel(derailment=slice(0, 0)))
    assert float(none["share"]) == 0
    assert np.isnan(none["step"].values).all()
