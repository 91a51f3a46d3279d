import numpy as np
import pytest

from thalweg.experiment import experiment, results
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
    assert (
        summary.heading == "pencil under the fourth root loss, sgd with learning rate 0.05, 1 run of 20 steps, 32 bits"
    )
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
