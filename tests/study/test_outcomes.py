import numpy as np
import optax
import pandas as pd
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.descent import driver
from thalweg.experiment import directory, experiment
from thalweg.experiment.results import perform
from thalweg.report.summary import summarise
from thalweg.valleys.outcomes import DIVERGED, ON_THE_WAY, PLATEAU, WORDS

FLOOR = 0.25


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(noise=0.02), tw.losses.fourth_root())


@pytest.fixture(scope="module")
def valleys(objective):
    return tw.find_valleys(objective)


@pytest.fixture(scope="module")
def starts(objective):
    return tw.starts.uniform(objective.problem, 400, seed=2)


def from_history(runs, valleys):
    """How runs end, told from their whole history in plain Python."""
    visited = tw.locate(runs, valleys).values
    losses, dtype = runs["train_loss"].values, runs["train_loss"].dtype
    levels = (valleys["loss"] + FLOOR * valleys["barrier"]).values.astype(dtype)
    rows = []
    for run in range(runs.sizes["run"]):
        last = int(runs["last_step"][run])
        on = [v >= 0 and losses[run, k] <= levels[v] for k, v in enumerate(visited[run])]
        derailments = sum(
            on[k] and visited[run, k + 1] not in (-1, visited[run, k]) for k in range(runs.sizes["step"] - 1)
        )
        settled, outcome = np.nan, ON_THE_WAY
        if last < runs.sizes["step"] - 1:
            outcome = DIVERGED
        elif on[-1]:
            outcome, settled = visited[run, -1], last
            while settled > 0 and on[settled - 1] and visited[run, settled - 1] == outcome:
                settled -= 1
        rows.append((outcome, visited[run, -1], settled, derailments, losses[run, max(last, 0)]))
    return [np.array(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("precision", [32, 64])
@pytest.mark.parametrize("rate", [0.003, 0.05])
@pytest.mark.parametrize("method", ["grid", "exact"])
def test_outcomes_are_those_of_the_whole_history(objective, starts, precision, rate, method):
    threshold = None if method == "grid" else 0.003
    valleys = tw.find_valleys(objective, method=method, persistence=threshold)
    optimizer = tw.Optimizer(optax.sgd, learning_rate=rate)
    runs = tw.descend(objective, optimizer, starts=starts, steps=60, precision=precision)
    found = tw.outcomes(objective, tw.Descent(optimizer, 60, precision=precision), valleys, starts=starts)
    assert found.drop_attrs().equals(tw.find_ends(objective, runs, valleys).drop_attrs())
    outcome = found["outcome"].where(found["outcome"] != PLATEAU, ON_THE_WAY)
    for name, expected in zip(
        ("outcome", "valley", "settled", "derailments", "loss"), from_history(runs, valleys), strict=True
    ):
        told = outcome if name == "outcome" else found[name]
        np.testing.assert_array_equal(told.values, expected.astype(told.dtype), err_msg=name)
    minima = valleys["position"].values[found["valley"].values, 0]
    last = runs["params"].values[:, -1, 0].astype(float)
    away = np.abs((last - minima + np.pi / 2) % np.pi - np.pi / 2)
    np.testing.assert_allclose(found["distance"], away, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(found["above"], found["loss"] - valleys["loss"].values[found["valley"].values])
    np.testing.assert_allclose(found["gradient"], runs["grad_norm"].values[:, -1], rtol=1e-5)
    assert len(np.unique(found["outcome"])) > 2


def test_a_run_that_diverges_is_an_outcome_of_its_own():
    quartic = tw.objective(tw.problems.function(lambda p: (p[0] ** 2 - 1) ** 2, tw.problems.Axis("x", -10, 10)))
    descent = tw.Descent(optax.sgd(0.05), steps=80)
    found = tw.outcomes(quartic, descent, tw.find_valleys(quartic, persistence=0.1), starts=[-0.5, 9.0, 0.5, 0.0])
    assert found["outcome"].values.tolist()[1] == DIVERGED
    assert found["outcome"].values.tolist()[3] == PLATEAU  # it stays on the pass
    assert {int(found["outcome"][0]), int(found["outcome"][2])} == {0, 1}
    assert np.isnan(found["settled"][1])
    assert np.isfinite(found["loss"]).all()


def test_outcomes_do_not_depend_on_the_batch(objective, valleys, starts, monkeypatch):
    descent = tw.Descent(optax.adam(0.02), steps=40, precision=32)
    whole = tw.outcomes(objective, descent, valleys, starts=starts[:100])
    monkeypatch.setattr(driver, "NUMBERS", 16)
    assert whole.equals(tw.outcomes(objective, descent, valleys, starts=starts[:100]))


def test_rounding_decides_on_a_pass_and_nowhere_else():
    double = tw.objective(tw.problems.function(lambda p: ((p[0] - 1) ** 2 - 1) ** 2, tw.problems.Axis("x", -1, 3)))
    descent = tw.Descent(optax.sgd(0.2), steps=100, precision=32, shadows=True)
    # The numbers next to 1 leave it by a factor of 1 + 4 * 0.2 a step, 1e-7 becomes 1 in 30 steps; 1 itself stays.
    found = tw.outcomes(double, descent, tw.find_valleys(double), starts=[1.0, 1.001, 0.3, 2.6])
    assert found["rounding"].values.tolist() == [1, 0, 0, 0]


def test_a_chaotic_descent_is_told_apart_from_a_calm_one(starts):
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    shares = []
    for rate in (0.00005, 0.05):
        descent = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=rate), shadows=True, precision=32)
        found = tw.outcomes(objective, descent, tw.find_valleys(objective), starts=starts)
        shares.append(float(found["rounding"].mean()))
    # With 0.00005 no run leaves the valley it starts in; 0.05 throws runs about for as long as they last.
    assert shares[0] == 0
    assert shares[1] > 0.2


def test_bad_arguments_are_refused_in_one_line(objective, valleys):
    with pytest.raises(InvalidValue, match="floor = 2 is not allowed; give a finite number above 0 and at most 1"):
        tw.outcomes(objective, tw.Descent(optax.sgd(0.1)), valleys, floor=2)
    with pytest.raises(InvalidValue, match="learning_rate has 2 values for 3 runs; give one number, or one a run"):
        tw.outcomes(objective, tw.Descent(tw.Optimizer(optax.sgd, learning_rate=[0.1, 0.2])), valleys, starts=[1, 2, 3])
    with pytest.raises(InvalidValue, match="steps = 0 is not allowed"):
        tw.Descent(optax.sgd(0.1), steps=0)


def test_an_experiment_with_shadows_tells_how_its_runs_end(tmp_path):
    tables = {
        "problem": {"kind": "pencil"},
        "loss": {"kind": "fourth_root"},
        "descent": {"starts": {"kind": "even", "count": 30}, "steps": 60, "precision": 32, "shadows": True},
    }
    results = perform(experiment.build(tables))
    directory.write(results, tmp_path)
    frame = pd.read_csv(tmp_path / "outcomes.csv")
    assert frame["run"].tolist() == list(range(30))
    names = dict(enumerate(results.valleys.attrs["names"])) | WORDS
    assert frame["outcome"].tolist() == [names[end] for end in results.outcomes["outcome"].values]
    assert frame["rounding"].tolist() == results.outcomes["rounding"].values.tolist()
    assert directory.read(tmp_path).outcomes.equals(results.outcomes)
    share = f"{100 * frame['rounding'].mean():.1f}%"
    summary = summarise(results)
    assert any(f"Rounding alone decided where {share} of the runs end (95 %: " in text for text in summary.remarks)
    column = summary.tables[0].columns.index("by rounding")
    assert sum(int(row[column]) for row in summary.tables[0].rows) == frame["rounding"].sum()
    with pytest.raises(InvalidValue, match="descent.shadows = 1 is not allowed; give true or false"):
        experiment.build({**tables, "descent": {"shadows": 1}})
