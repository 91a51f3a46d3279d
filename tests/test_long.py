"""What takes minutes: many runs, and every loss on every kind of problem from settings to pictures."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.descent import driver
from thalweg.experiment import experiment, results
from thalweg.figures.gallery import gallery
from thalweg.report.page import write_report

pytestmark = pytest.mark.long


def test_ten_thousand_runs_do_not_depend_on_the_batch(monkeypatch):
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    starts = tw.starts.uniform(tw.problems.pencil(), 10_000, seed=1)
    whole = tw.descend(objective, optax.sgd(0.05), starts=starts, steps=100, precision=32)
    monkeypatch.setattr(driver, "NUMBERS", 48)
    parts = tw.descend(objective, optax.sgd(0.05), starts=starts, steps=100, precision=32)
    assert whole.equals(parts)


SETTINGS = {
    "fourth_root": {"smoothing": 0.01},
    "root": {"n": 6},
    "power": {"p": 0.3},
    "barron": {"alpha": -1.5},
}
"""Of losses that need some, or are tried under others than the usual."""

PROBLEMS = {
    "pencil": {"noise": 0.02, "points": 20},
    "line": {"points": 60, "residual": "orthogonal"},
}


def test_the_losses_with_settings_are_there():
    assert set(SETTINGS) <= set(tw.losses.CATALOGUE)


@pytest.mark.parametrize("loss", tw.losses.CATALOGUE)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_loss_goes_from_settings_to_pictures(tmp_path, problem, loss):
    tables = {
        "problem": {"kind": problem, **PROBLEMS[problem]},
        "loss": {"kind": loss, **SETTINGS.get(loss, {})},
        "optimizer": {"kind": "adam", "learning_rate": 0.05},
        "descent": {"steps": 30},
        "surface": {"points": 90},
    }
    draw(results.perform(experiment.build(tables)), tmp_path)


@pytest.mark.parametrize("surface", tw.problems.closed_form.SURFACES)
def test_every_closed_form_goes_from_settings_to_pictures(tmp_path, surface):
    tables = {
        "problem": {"kind": surface},
        "optimizer": {"kind": "sgd", "learning_rate": 1e-3, "clip": 10.0},
        "descent": {"steps": 40},
        "surface": {"points": 61},
    }
    done = results.perform(experiment.build(tables))
    assert np.isfinite(done.runs["train_loss"].values).all()
    draw(done, tmp_path)


def draw(done, folder):
    figures = gallery(done)
    assert figures
    write_report(done, figures, folder)
    for figure in figures:
        assert figure.interactive()["data"]
    assert (folder / "report.html").stat().st_size > 100_000
