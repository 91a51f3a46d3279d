"""Every figure says what its experiment depends on: problem, noise, loss, optimiser with all settings, start."""

import math

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.figures.drawing.wording import heading

MADE = (
    "pencil (points 20, noise 0.01, orthogonal residual), power loss (p 0.6, smoothing 0.05) · "
    "sgd(learning_rate=0.05, momentum=0.9) · from 45° · 32 bits"
)
SURFACE = MADE.partition(" · ")[0]


@pytest.fixture(scope="module")
def drawn():
    """The figures of one experiment by name."""
    problem = tw.problems.pencil(noise=0.01, residual="orthogonal", points=20)
    objective = tw.objective(problem, tw.losses.power(0.6, smoothing=0.05))
    runs = tw.descend(objective, optax.sgd(0.05, momentum=0.9), starts=math.pi / 4, steps=5, precision=32)
    surface = tw.survey(objective, points=360)
    valleys = tw.find_valleys(objective, surface, refine=False)
    descent = tw.Descent(tw.Optimizer(optax.sgd, momentum=0.9), 5, precision=32)
    along = tw.Range("momentum", 0, 0.9, 3), tw.Range("learning_rate", 0.01, 0.1, 2, "log")
    chart = tw.outcome_map(objective, descent, valleys, along=along)
    figures = tw.figures
    return {
        "profile": figures.profile(surface, runs, valleys),
        "crown": figures.crown(surface, runs, valleys),
        "loss": figures.loss(runs),
        "parameter": figures.parameter(runs),
        "fit": figures.fit(problem, runs),
        "outcome_map": figures.outcome_map(chart),
        "basins": figures.basins(surface, valleys=valleys),
        "barcode": figures.barcode(valleys),
        "merge_tree": figures.merge_tree(valleys),
        "data": figures.data(problem),
    }


def note(figure):
    """The line of facts below the title, which may go on in a second."""
    return figure.static().texts[1].get_text().replace("\n", " · ")


@pytest.mark.parametrize("name", ["profile", "crown", "loss", "parameter", "fit"])
def test_a_figure_of_a_run_says_how_it_was_made(drawn, name):
    assert note(drawn[name]).startswith(MADE)
    if name != "crown":  # its caption tells what is seen
        assert MADE.replace(" · ", ", ") in drawn[name].caption


@pytest.mark.parametrize("name", ["basins", "barcode", "merge_tree", "data"])
def test_a_figure_of_a_surface_says_of_what(drawn, name):
    assert note(drawn[name]).startswith(SURFACE if name != "data" else SURFACE.partition("),")[0])


def test_a_map_says_what_does_not_vary_and_where_runs_start(drawn):
    assert note(drawn["outcome_map"]) == f"{SURFACE} · sgd · from 45° · 32 bits · 5 steps · 3 × 2 runs"


def test_mini_batches_and_fixed_starts_are_named():
    facts = {"problem": "line", "loss": "huber", "loss_delta": 1.5, "problem_noise": 1.0, "problem_points": 1000}
    facts |= {"optimizer": "adam(learning_rate=0.1)", "examples": 670, "minibatch_size": [16, 32], "precision": 64}
    facts |= {"parameters": ["W", "b"], "units": ["", "rad"], "start": [np.nan, np.pi / 2]}
    text = "line (noise 1), huber loss (delta 1.5) · adam(learning_rate=0.1) · mini-batches of 16 to 32 · from b 90°"
    assert heading(facts) == f"{text} · 64 bits"
    assert "mini-batches" not in heading(facts | {"minibatch_size": 670})


def test_angles_are_in_degrees_by_whatever_name():
    """Without valleys only an angle that was called phi had been; the axis then had radians."""
    turn = tw.problems.Axis("theta", 0.0, 3.0, periodic=True, unit="rad")
    objective = tw.objective(tw.problems.function(lambda p: (p[0] - 1) ** 2, turn))
    runs = tw.descend(objective, optax.sgd(0.1), starts=math.pi / 2, steps=3)
    figure = tw.figures.parameter(runs)
    assert "theta goes from 90° to " in figure.caption
    assert figure.static().axes[0].get_ylabel() == "theta in degrees"
    assert " · from 90° · " in note(figure)


@pytest.fixture(scope="module")
def untested(tmp_path_factory):
    """A file of the user's own, without test data, and a run on it."""
    path = tmp_path_factory.mktemp("own") / "springs.csv"
    path.write_text("mass,length\n1,2.1\n2,3.9\n3,6.2\n", encoding="utf-8")
    problem = tw.problems.table(path, "mass", "length")
    return problem, tw.descend(tw.objective(problem, tw.losses.quadratic()), optax.sgd(0.1), steps=2)


def test_without_test_data_there_is_no_training_data(untested):
    problem, runs = untested
    for figure in (tw.figures.data(problem), tw.figures.fit(problem, runs), tw.figures.loss(runs)):
        sheet = figure.static()
        texts = [figure.caption, note(figure), *(text.get_text() for text in sheet.legends[0].get_texts())]
        assert not any("train" in text.lower() for text in texts), texts
        assert not any("train" in trace.get("name", "").lower() for trace in figure.interactive()["data"])
    assert tw.figures.data(problem).caption == "The data of springs.csv: 3 points."


def test_a_file_of_ones_own_is_called_by_its_name(untested):
    problem, runs = untested
    assert note(tw.figures.data(problem)) == "springs.csv · 3 points"
    assert heading(runs.attrs) == "springs.csv, quadratic loss · sgd(learning_rate=0.1) · from (0, 4.067) · 64 bits"


def test_data_without_a_source_have_none():
    columns = {"x": [0.0, 1.0], "y": [0.0, 2.0]}
    problem = tw.problems.regression(lambda p, x, y: p[0] * x - y, columns, tw.problems.Axis("k", 0, 4))
    assert note(tw.figures.data(problem)) == "regression · 2 points"
    assert tw.figures.data(problem).caption == "The data of regression: 2 points."
