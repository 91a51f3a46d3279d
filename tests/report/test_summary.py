import numpy as np
import pytest
import xarray as xr

from thalweg.experiment import experiment, results
from thalweg.report import outcomes
from thalweg.report.summary import summarise

PENCIL = """
[problem]
kind = "pencil"
[loss]
kind = "fourth_root"
[optimizer]
kind = "sgd"
learning_rate = 0.05
[descent]
steps = 20
precision = 32
"""


def tables(text: str, **overrides):
    summary = summarise(results.perform(experiment.parse(text, overrides=overrides)))
    return {table.title: table for table in summary.tables}, summary


def test_the_fall_is_told_with_its_numbers():
    found, summary = tables(PENCIL)
    (row,) = found["Derailments"].rows
    told = dict(zip(found["Derailments"].columns, row, strict=True))
    assert (told["step"], told["valleys"], told["jump"]) == ("6 → 7", "36° → 0°", "10.21°")
    made = "sgd(learning_rate=0.05) · from 45° · 32 bits · 1 run of 20 steps"
    assert summary.heading == f"pencil, fourth root loss · {made}"
    assert found["Runs"].rows[-1][-1] == "36° → 0°"


def test_many_runs_are_cut_with_a_note():
    found, _ = tables(PENCIL, **{"descent.starts": {"kind": "even", "count": 40}, "descent.steps": 3})
    assert len(found["Runs"].rows) == 24
    assert found["Runs"].note == "12 of 40 runs; all are in trajectory.csv"


def test_a_constant_surface_has_no_valley_and_says_so():
    flat = PENCIL.replace('"pencil"', '"pencil"\nresidual = "orthogonal"\nsplit = {test_share = 0.0}')
    found, summary = tables(flat, loss="quadratic")
    assert found["Valleys"].rows == []
    assert "The surface is constant to rounding: it has no valley." in summary.remarks


def test_many_parameters_get_runs_but_no_surface():
    text = '[problem]\nkind = "rosenbrock"\ndimension = 5\n[optimizer]\nkind = "adam"\nlearning_rate = 0.01\n'
    found, summary = tables(text)
    assert list(found) == ["Runs"]
    assert any("More parameters than a grid can hold" in remark for remark in summary.remarks)


def test_a_diverged_run_is_told_with_its_step():
    text = '[problem]\nkind = "line"\n[loss]\nkind = "quadratic"\n[optimizer]\nkind = "sgd"\nlearning_rate = 50.0\n'
    found, summary = tables(text)
    last = found["Runs"].rows[-1][1]
    assert 0 < int(last) < 100
    assert any(remark.startswith(f"The run diverged after step {last}: ") for remark in summary.remarks)
    assert not any(remark.startswith("Fitted line") for remark in summary.remarks)


@pytest.mark.parametrize("kind", ["vertical", "orthogonal"])
def test_the_fitted_line_is_the_runs_end(kind):
    text = PENCIL.replace('"pencil"', f'"pencil"\nresidual = "{kind}"')
    done = results.perform(experiment.parse(text))
    slope = np.tan(float(done.runs["params"].values[0, -1, 0]))
    assert f"Fitted line: y = {slope:.4f} x." in summarise(done).remarks


def test_minima_below_the_threshold_are_named_with_the_way_to_see_them():
    _, summary = tables(PENCIL, **{"valleys.persistence": 0.02, "descent.steps": 1})
    assert summary.remarks[-1] == (
        "Left out: 2 minima of persistence below 0.02: -72°, 72°; --set valleys.persistence=0 lists them."
    )
    _, summary = tables(PENCIL, **{"valleys.persistence": 0, "descent.steps": 1})
    assert summary.remarks[-1].startswith("Valleys from a grid of 1800 points, refined on the objective")


def test_a_minimum_of_zero_is_written_as_zero():
    text = '[problem]\nkind = "himmelblau"\n[optimizer]\nkind = "sgd"\nlearning_rate = 0.01\n[descent]\nsteps = 1\n'
    listed, _ = tables(text)
    assert [row[2] for row in listed["Valleys"].rows] == ["0"] * 4


def test_the_most_persistent_valleys_come_first_with_their_share_of_the_starts():
    numbers = np.arange(14)
    found = {"loss": numbers / 10, "persistence": np.append(np.inf, numbers[1:]), "barrier": numbers, "at_edge": 0}
    found = {name: ("valley", np.broadcast_to(values, 14)) for name, values in found.items()}
    facts = {"method": "starts", "starts": 128, "seed": 0, "threshold": 0.0, "unseen": 0.01, "unseen_bound": 0.02}
    coordinates = {"valley": numbers, "param": ["x", "y"]}
    names = [f"({k}, 0)" for k in range(14)]
    valleys = xr.Dataset(found, coordinates, attrs={"names": names, **facts})
    valleys["share"] = ("valley", 2.0 ** -(numbers + 1))
    read = experiment.parse('[problem]\nkind = "rastrigin"\n')
    table = summarise(results.Results(read, valleys=valleys)).tables[0]
    assert [row[0] for row in table.rows] == ["#0", *(f"#{k}" for k in range(13, 2, -1))]
    assert table.columns[-1] == "share of starts"
    assert [row[-1] for row in table.rows[::11]] == ["50.00%", "6.25%"]
    assert table.note == "12 of 14 valleys, the most persistent; all are in valleys.csv"
    without = summarise(results.Results(read, valleys=valleys.drop_vars("share"))).tables[0]
    assert without.columns[-1] == "barrier"


def test_a_map_counts_the_most_persistent_valleys_first():
    valleys = xr.Dataset({"persistence": ("valley", [np.inf, 0.1, 0.7])})
    ends = {"outcome": ("run", [0, 1, 2, 2]), "valley": ("run", [0, 1, 2, 2]), "settled": ("run", [3.0, 4.0, 5.0, 5.0])}
    chart = xr.Dataset(ends, attrs={"names": ["a", "b", "c"]})
    assert [row[:2] for row in outcomes.counted(chart, valleys).rows] == [
        ("a", "25.00%"),
        ("c", "50.00%"),
        ("b", "25.00%"),
    ]
