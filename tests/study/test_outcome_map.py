import math
from importlib import import_module

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidData, InvalidValue, OutputError, UnknownName
from thalweg.store import stream
from thalweg.store.stream import opened
from thalweg.study import outcome_map

START, RATE = tw.Range("start", 0.1, 1.4, 21), tw.Range("learning_rate", 1e-3, 0.2, 13, "log")


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(), tw.losses.fourth_root())


@pytest.fixture(scope="module")
def valleys(objective):
    return tw.find_valleys(objective)


def descent(**more):
    return tw.Descent(tw.Optimizer(optax.sgd, learning_rate=0.05, momentum=0.3), steps=40, precision=32, **more)


def test_pixels_lie_at_the_middles_of_equal_cells():
    np.testing.assert_allclose(tw.Range("x", 0, 10, 5).values(), [1, 3, 5, 7, 9])
    np.testing.assert_allclose(tw.Range("x", 1e-2, 1e2, 4, "log").values(), 10.0 ** np.array([-1.5, -0.5, 0.5, 1.5]))


def test_every_pixel_is_the_run_of_its_start_and_rate(objective, valleys):
    chart = tw.outcome_map(objective, descent(), valleys, along=(START, RATE))
    assert dict(chart.sizes) == {"learning_rate": 13, "phi": 21}
    for row, column in ((0, 0), (12, 3), (5, 20), (9, 9)):
        optimizer = tw.Optimizer(optax.sgd, learning_rate=[float(chart["learning_rate"][row])], momentum=0.3)
        alone = tw.Descent(optimizer, steps=40, precision=32)
        run = tw.outcomes(objective, alone, valleys, starts=float(chart["phi"][column]))
        for name in chart.data_vars:
            np.testing.assert_array_equal(chart[name][row, column], run[name][0], err_msg=str(name))
    assert "learning_rate" not in chart.attrs["optimizer"]


@pytest.mark.parametrize("name", ["start", "phi"])
def test_a_range_of_degrees_is_no_range_of_starts(objective, valleys, name):
    with pytest.raises(
        InvalidValue, match="a map's range has phi = 20 rad, which is 1145.92°; .* give 0.349066 for 20°"
    ):
        tw.outcome_map(objective, descent(), valleys, along=(tw.Range(name, 20, 70, 5), RATE))


def test_two_starts_can_be_the_axes_and_the_rest_stays_where_it_is():
    problem = tw.problems.himmelblau()
    objective = tw.objective(problem)
    axes = tw.Range("y", -5, 5, 9), tw.Range("x", -5, 5, 7)
    chart = tw.outcome_map(objective, tw.Descent(optax.adam(0.1), steps=300), tw.find_valleys(objective), along=axes)
    assert dict(chart.sizes) == {"x": 7, "y": 9}
    starts = [[float(chart["x"][5]), float(chart["y"][2])]]
    run = tw.outcomes(objective, tw.Descent(optax.adam(0.1), steps=300), tw.find_valleys(objective), starts=starts)
    assert int(chart["outcome"][5, 2]) == int(run["outcome"][0])
    assert sorted(np.unique(chart["outcome"])) == [0, 1, 2, 3]


def test_a_streamed_map_is_the_same_map(objective, valleys, tmp_path, monkeypatch):
    held = tw.outcome_map(objective, descent(shadows=True), valleys, along=(START, RATE))
    monkeypatch.setattr(stream, "CHUNK", 50)
    monkeypatch.setattr("thalweg.descent.driver.NUMBERS", 16)
    stored = tw.outcome_map(objective, descent(shadows=True), valleys, along=(START, RATE), store=tmp_path / "map")
    assert set(stored.data_vars) == set(held.data_vars) >= {"outcome", "valley", "settled", "derailments", "rounding"}
    for name in held.data_vars:
        np.testing.assert_array_equal(stored[name].values, held[name].values, err_msg=str(name))
    assert stored.attrs["names"] == held.attrs["names"]
    with pytest.raises(OutputError, match="cannot write .*map: it exists already; give another place"):
        tw.outcome_map(objective, descent(), valleys, along=(START, RATE), store=tmp_path / "map")


def test_the_texture_of_a_map_is_measured_where_it_has_pixels_enough():
    double = tw.objective(tw.problems.function(lambda p: (p[0] ** 2 - 1) ** 2, tw.problems.Axis("x", -2, 2)))
    axes = tw.Range("x", -1, 1.1, 70), tw.Range("learning_rate", 0.01, 0.02, 66)
    calm = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=0.1), steps=300)
    chart = tw.outcome_map(double, calm, tw.find_valleys(double), along=axes)
    # Each side of 0 has its valley: the boundary is one straight line.
    assert abs(chart.attrs["dimension"] - 1) <= 2 * chart.attrs["dimension_error"] + 0.01
    assert abs(chart.attrs["pair_dimension"] - 1) <= 2 * chart.attrs["pair_dimension_error"] + 0.01
    assert chart.attrs["boundary_entropy"] <= math.log(2)
    small = tw.outcome_map(double, calm, tw.find_valleys(double), along=(axes[0], tw.Range("learning_rate", 1, 2, 3)))
    assert "dimension" not in small.attrs


def test_the_cost_counts_runs_and_bytes(objective, valleys):
    cost = outcome_map.cost(objective, descent(shadows=True), valleys, (START, RATE), floor=0.25)
    assert cost.runs == 4 * 21 * 13
    chart = tw.outcome_map(objective, descent(shadows=True), valleys, along=(START, RATE))
    assert cost.stored == sum(chart[name].nbytes for name in chart.data_vars)


def test_the_cost_is_of_complete_ends(objective, valleys, monkeypatch):
    completed = []
    whole = outcome_map.Ending.of
    monkeypatch.setattr(outcome_map.Ending, "of", lambda ending, ends: completed.append(ends) or whole(ending, ends))
    outcome_map.cost(objective, descent(), valleys, (START, RATE), floor=0.25)
    assert len(completed) == 2  # one of them compiles


@pytest.mark.parametrize(
    ("axes", "error", "text"),
    [
        ((START, START), InvalidValue, "both axes of the map are phi; give two different ones"),
        ((tw.Range("phy", 0, 1), RATE), UnknownName, "unknown axis of a map 'phy'; did you mean 'phi'"),
        ((START, tw.Range("nesterov", 0, 1)), UnknownName, "unknown axis of a map 'nesterov'"),
        ((tw.Range("phi", 0, 1, 2**20), tw.Range("momentum", 0, 1, 2**20)), InvalidValue, "pixels are too many"),
    ],
)
def test_axes_that_cannot_be_are_refused_in_one_line(objective, valleys, axes, error, text):
    with pytest.raises(error, match=text):
        tw.outcome_map(objective, descent(), valleys, along=axes)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("x", 1, 1), "x runs from 1 to 1; low must be below high"),
        (("x", 0, 1, 4, "log"), "low of x = 0 is not allowed; give a finite number above 0"),
        (("x", 0, 1, 4, "square"), "scale = 'square' is not allowed"),
        (("x", 0, 1, 0), "count = 0 is not allowed"),
    ],
)
def test_bad_ranges_are_refused_in_one_line(arguments, text):
    with pytest.raises(InvalidValue, match=text):
        tw.Range(*arguments)


def test_a_recorded_descent_is_the_same_descent(objective, tmp_path, monkeypatch):
    starts = tw.starts.uniform(objective.problem, 50)
    plan = tw.Descent(optax.adam(0.05), steps=7, minibatch=tw.Minibatch(30, seed=3))
    held = tw.descend(objective, plan, starts=starts)
    monkeypatch.setattr("thalweg.descent.driver.NUMBERS", 16)
    stored = tw.descend(objective, plan, starts=starts, store=tmp_path / "runs.zarr")
    assert stored.load().equals(held)
    assert stored["status"].attrs["flag_meanings"] == held["status"].attrs["flag_meanings"]


def test_a_store_that_was_not_finished_is_known(objective, tmp_path, monkeypatch):
    def stop(info, *_):
        raise KeyboardInterrupt

    calls = []
    real = import_module("thalweg.study.descend").label

    def label(*arguments):
        calls.append(1)
        return real(*arguments) if len(calls) == 1 else stop(*arguments)

    monkeypatch.setattr("thalweg.study.descend.label", label)
    monkeypatch.setattr("thalweg.descent.driver.NUMBERS", 16)
    with pytest.raises(KeyboardInterrupt):
        starts = tw.starts.even(objective.problem, 50)
        tw.descend(objective, optax.sgd(0.1), starts=starts, steps=3, store=tmp_path / "r")
    with pytest.raises(InvalidData, match="was not finished; make it again"):
        opened(tmp_path / "r")
    with pytest.raises(InvalidData, match="cannot read .*; give a store that thalweg wrote"):
        opened(tmp_path / "nothing")
