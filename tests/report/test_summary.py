import jax.numpy as jnp
import numpy as np
import optax
import pytest
import xarray as xr

import thalweg as tw
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
    assert "Runs" not in found
    counts = [int(cell) for row in found["Ends"].rows for cell in row[1:-1] if cell not in ("–", "")]
    assert sum(counts) == 40


def test_a_constant_surface_has_no_valley_and_says_so():
    flat = PENCIL.replace('"pencil"', '"pencil"\nresidual = "orthogonal"\nsplit = {test_share = 0.0}')
    found, summary = tables(flat, loss="quadratic")
    assert found["Valleys"].rows == []
    assert "The surface is constant to rounding: it has no valley." in summary.remarks


def test_many_parameters_get_runs_but_no_surface():
    text = '[problem]\nkind = "rosenbrock"\ndimension = 5\n[optimizer]\nkind = "adam"\nlearning_rate = 0.01\n'
    found, summary = tables(text)
    assert list(found) == ["Runs", "Valleys"]
    assert found["Valleys"].rows[0][1] == "(1, 1, 1, 1, 1)"
    assert "the minima that the gradient flow reaches" in summary.remarks[-1]
    assert summary.lead.startswith("The run ended still on the way in the basin of (1, 1, 1, 1, 1), not at rest: ")


def test_a_diverged_run_is_told_with_its_step():
    text = '[problem]\nkind = "line"\n[loss]\nkind = "quadratic"\n[optimizer]\nkind = "sgd"\nlearning_rate = 50.0\n'
    found, summary = tables(text)
    last = found["Runs"].rows[-1][1]
    assert 0 < int(last) < 100
    assert summary.lead.startswith("The run diverged after step " + last + ": ")
    assert not any(remark.startswith("Fitted line") for remark in summary.remarks)


@pytest.mark.parametrize("kind", ["vertical", "orthogonal"])
def test_the_fitted_line_is_the_runs_end(kind):
    text = PENCIL.replace('"pencil"', f'"pencil"\nresidual = "{kind}"')
    done = results.perform(experiment.parse(text))
    slope = np.tan(float(done.runs["params"].values[0, -1, 0]))
    summary, best = summarise(done), np.tan(float(done.valleys["position"][int(done.outcomes["valley"][0]), 0]))
    assert (
        f"Line at the last step: y = {slope:.4f} x; at the minimum that it leads to: y = {best:.4f} x."
        in summary.remarks
    )
    assert "not at rest" in summary.lead


def test_a_run_that_came_to_rest_is_the_fit():
    """200,000 rows and a small rate gave a line with half an intercept too much, without a word."""
    text = (
        '[problem]\nkind = "line"\n[loss]\nkind = "quadratic"\n[optimizer]\nkind = "sgd"\nlearning_rate = 0.2\n'
        "[descent]\nsteps = 1000\n[surface]\npoints = 41\n"
    )
    done = results.perform(experiment.parse(text))
    summary, (x, y) = summarise(done), done.experiment.objective.train
    assert summary.lead.startswith(f"The run came to rest on the floor of {done.valleys.attrs['names'][0]}: ")
    slope, intercept = np.polyfit(x, y, 1)
    sign = "-" if intercept < 0 else "+"
    assert f"Fitted line: y = {slope:.4f} x {sign} {abs(intercept):.4f}." in summary.remarks
    _, short = tables(text, **{"descent.steps": 10})
    assert "not at rest: " in short.lead
    assert short.remarks[0].endswith(
        f"; at the minimum that it leads to: y = {slope:.4f} x {sign} {abs(intercept):.4f}."
    )


def test_many_runs_are_told_by_how_they_ended():
    # A well with a brim: from beyond 2 nothing leads down.
    well = tw.objective(tw.problems.function(lambda p: 1 - jnp.exp(-8 * p[0] ** 2), tw.problems.Axis("x", -3, 3)))
    valleys, starts = tw.find_valleys(well), [0.0, 0.1, 0.35, 2.2, 2.5, 0.2]
    rates = tw.Optimizer(optax.sgd, learning_rate=[0.05, 0.05, 1e-9, 0.05, 0.05, 1e308])
    runs = tw.descend(well, rates, starts=starts, steps=100)
    ends = tw.find_ends(well, runs, valleys)
    assert outcomes.lead(ends, valleys, runs) == (
        "Of 6 runs 2 ended on the floor of a valley, 1 still on the way, 2 on a plateau, 1 diverged; 2 came to rest at a "
        "minimum; on the floors the loss is 0 above the minimum in the median, 0 at most."
    )
    table = outcomes.tallied(ends)
    assert table.columns == ("in the basin of", "on its floor", "on the way", "on a plateau", "median step")
    assert [row[:4] for row in table.rows] == [("0", "2", "1", "2"), ("diverged: 1", "–", "–", "–")]
    one = [outcomes.lead(ends.isel(run=[k]), valleys, runs.isel(run=[k])) for k in range(6)]
    assert one[0].startswith(
        "The run came to rest on the floor of 0: 0 from the minimum, loss 0 above its 0, gradient 0"
    )
    assert one[2].startswith("The run ended still on the way in the basin of 0, not at rest: 0.35 from the minimum, ")
    assert one[3].startswith(
        "The run ended on a plateau in the basin of 0, where the slope leads nowhere, not at rest: "
    )
    assert one[5].startswith("The run diverged after step 0: ")


def test_minima_of_a_grid_do_not_tell_how_far_a_run_is_from_rest():
    # The minimum, 0 at 1/3, lies between two points of the grid; from where the runs end it seems to lie above them.
    bowl = tw.objective(tw.problems.function(lambda p: (p[0] - 1 / 3) ** 2, tw.problems.Axis("x", -2, 3)))
    valleys = tw.find_valleys(bowl, tw.survey(bowl, points=11), refine=False)
    runs = tw.descend(bowl, optax.sgd(0.5), starts=[0.0, 1.0], steps=5)
    ends = tw.find_ends(bowl, runs, valleys)
    assert float(ends["above"][0]) < -0.02
    coarse = "how far from rest is not told: the grid knows minima to half a cell, thalweg valleys refines them."
    assert outcomes.lead(ends, valleys, runs) == f"Of 2 runs 2 ended on the floor of a valley; {coarse}"
    alone = outcomes.lead(ends.isel(run=[0]), valleys, runs.isel(run=[0]))
    assert alone == f"The run ended on the floor of 0.5: loss 0, gradient 0; {coarse}"


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


def test_what_is_but_a_bound_and_what_has_not_settled_are_marked():
    found = {"loss": [0, 1, 2], "persistence": [np.inf, 4, 3], "barrier": [5, 4, 2], "at_edge": [0, 0, 1]}
    found |= {"settled": [1, 0, 1], "persistence_bound": [0, 1, 0], "barrier_bound": [1, 0, 0]}
    facts = {"method": "starts", "starts": 128, "seed": 0, "threshold": 0.0, "unseen": 0.01, "unseen_bound": 0.02}
    valleys = xr.Dataset(
        {name: ("valley", values) for name, values in found.items()},
        {"valley": [0, 1, 2], "param": ["x", "y"]},
        attrs={"names": ["a", "b", "c"], **facts},
    )
    summary = summarise(results.Results(experiment.parse('[problem]\nkind = "rastrigin"\n'), valleys=valleys))
    assert summary.tables[0].rows == [
        ("#0", "a", "0", "∞", "≤ 5"),
        ("#1", "b (unsettled)", "1", "≤ 4", "4"),
        ("#2", "c (edge)", "2", "3", "2"),
    ]
    assert summary.remarks[-1].endswith(
        "1 valley has not settled: lower places may lie beside. A persistence with ≤ is that of a path: its pass may lie lower."
    )


def test_a_map_counts_the_valleys_in_which_most_runs_end_first():
    ends = {"outcome": [[0, 1], [2, -3]], "valley": [[0, 1], [2, 2]], "settled": [[3.0, 4.0], [5.0, np.nan]]}
    chart = xr.Dataset(
        {name: (("up", "right"), values) for name, values in ends.items()}, attrs={"names": ["a", "b", "c"]}
    )
    table = outcomes.tallied(chart)
    assert table.columns == ("in the basin of", "on its floor", "on a plateau", "median step")
    assert table.rows == [
        ("c", "25.00%", "25.00%", "5"),
        ("a", "25.00%", "0.00%", "3"),
        ("b", "25.00%", "0.00%", "4"),
    ]
