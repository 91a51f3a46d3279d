"""Tables as CSV: every number of the arrays, to the last digit, under names that people read."""

from contextlib import suppress

import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest

import thalweg as tw
from thalweg.experiment import experiment, results, tables

TEXT = """
[problem]
kind = "pencil"
points = 100
[loss]
kind = "fourth_root"
[optimizer]
kind = "sgd"
learning_rate = 0.05
[descent]
steps = 8
starts = [0.7853981633974483, 1.2]
precision = 32
shadows = true
[surface]
points = 3600
"""


@pytest.fixture(scope="module")
def done():
    return results.perform(experiment.parse(TEXT))


@pytest.fixture(scope="module")
def folder(done, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    tables.write(done, folder)
    return folder


def read(folder, name):
    """Read text and let Python make the numbers: older pandas rounds their last digit."""
    table = pd.read_csv(folder / name, dtype=str)
    for column in table:
        with suppress(ValueError):
            table[column] = table[column].astype(object).map(float)
    return table


def numbers(column, done):
    return column.to_numpy().astype(done.runs["params"].dtype).reshape(2, 9)


def test_a_table_is_written_for_what_there_is_and_for_nothing_else(done, folder, tmp_path):
    names = ["derailments.csv", "outcomes.csv", "passes.csv", "trajectory.csv", "valleys.csv"]
    assert sorted(path.name for path in folder.iterdir()) == names
    tables.write(results.Results(done.experiment, runs=done.runs), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["trajectory.csv"]


def test_a_trajectory_has_a_row_for_every_run_and_step(done, folder):
    table = read(folder, "trajectory.csv")
    assert table.columns.tolist() == ["run", "step", "phi", "train_loss", "test_loss", "grad_norm", "valley"]
    assert table["run"].tolist() == [0] * 9 + [1] * 9
    assert table["step"].tolist() == [*range(9), *range(9)]
    # As many digits as a number of 32 bits needs to come back.
    for name in ("train_loss", "test_loss", "grad_norm"):
        np.testing.assert_array_equal(numbers(table[name], done), done.runs[name].values)
    np.testing.assert_array_equal(numbers(table["phi"], done), done.runs["params"].values[..., 0])


def test_the_valley_of_a_step_is_where_it_lies(done, folder):
    visited = read(folder, "trajectory.csv")["valley"].fillna(-1).to_numpy().reshape(2, 9)
    np.testing.assert_array_equal(visited, tw.locate(done.runs, done.valleys).values)


def test_outside_every_valley_the_cell_is_empty(done):
    objective = tw.objective(tw.problems.function(lambda p: -(p[0] ** 2), tw.problems.Axis("x", -1, 1)))
    runs = tw.descend(objective, optax.sgd(1.0), starts=0.5, steps=3)  # 0.5, 1.5, 4.5, 13.5
    table = tables.trajectory(runs, tw.find_valleys(objective))
    assert table["valley"].isna().tolist() == [False, True, True, True]
    assert tables.trajectory(runs, None)["valley"].isna().all()


def test_valleys_are_listed_deepest_first_and_the_deepest_never_ends(done, folder):
    table = read(folder, "valleys.csv")
    assert table["valley"].tolist() == list(range(done.valleys.sizes["valley"]))
    assert table["name"].tolist() == list(done.valleys.attrs["names"])
    assert table["loss"].is_monotonic_increasing
    assert np.isinf(table["persistence"][0])
    np.testing.assert_array_equal(table["phi"], done.valleys["position"].values[:, 0])
    np.testing.assert_array_equal(table["barrier"], done.valleys["barrier"].values)


def test_passes_name_the_valleys_that_they_join(done, folder):
    table = read(folder, "passes.csv")
    np.testing.assert_array_equal(table[["between", "and"]], done.valleys["pass_between"].values)
    np.testing.assert_array_equal(table["loss"], done.valleys["pass_loss"].values)
    # The merge tree of n valleys has n - 1 passes.
    assert table["merges"].sum() == done.valleys.sizes["valley"] - 1


def test_derailments_are_named(done, folder):
    table = read(folder, "derailments.csv")
    assert len(table) == done.derailments.sizes["derailment"] > 0
    names = done.valleys.attrs["names"]
    for row in table.itertuples():
        assert row.left_name == names[int(row.left)]
        assert row.entered_name == names[int(row.entered)]
        assert row.left != row.entered
    np.testing.assert_array_equal(table["rise"], done.derailments["rise"].values)


def test_outcomes_are_words_and_valleys_numbers(done, folder):
    table = read(folder, "outcomes.csv")
    assert table["run"].tolist() == [0, 1]
    words = {-1: "on the way", -2: "diverged", -3: "on a plateau"} | dict(enumerate(done.outcomes.attrs["names"]))
    assert table["outcome"].tolist() == [words[k] for k in done.outcomes["outcome"].values]


def test_ends_that_are_on_no_floor_are_called_by_name():
    # A well with a brim: beyond 2 the surface is level.
    well = tw.problems.function(lambda p: 1 - jnp.exp(-8 * p[0] ** 2), tw.problems.Axis("x", -3, 3))
    objective = tw.objective(well)
    valleys = tw.find_valleys(objective)
    rates = tw.Optimizer(optax.sgd, learning_rate=[0.05, 1e-6, 0.05, 1e308])
    ends = tw.outcomes(objective, tw.Descent(rates, steps=40), valleys, starts=[0.3, 0.3, 2.5, 0.3])
    table = tables.outcomes(ends)
    assert table["outcome"].tolist() == [valleys.attrs["names"][0], "on the way", "on a plateau", "diverged"]
    assert table["x"].tolist()[1:3] == pytest.approx([0.3, 2.5], abs=1e-3)
    assert table["valley"].isna().tolist() == [False, False, False, True]


def test_lines_end_alike_on_every_system(folder):
    assert b"\r" not in (folder / "trajectory.csv").read_bytes()
