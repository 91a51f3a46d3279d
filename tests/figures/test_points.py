"""The data, and the line fitted to them."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import style


def test_training_and_test_data_are_told_apart_by_colour_and_shape(published):
    axes = tw.figures.data(published.problem).static().axes[0]
    train, test = axes.collections
    assert [len(part.get_offsets()) for part in (train, test)] == [670, 330]
    assert [part.get_label() for part in (train, test)] == ["training data, 670", "test data, 330"]
    assert len(train.get_facecolor()) == 1
    assert len(test.get_facecolor()) == 0
    np.testing.assert_array_equal(test.get_offsets()[:, 0], published.problem.test["x"])


def test_an_angle_looks_like_itself(published, line):
    assert tw.figures.data(published.problem).static().axes[0].get_aspect() == 1
    assert tw.figures.data(line.problem).static().axes[0].get_aspect() == "auto"


def test_the_last_line_is_the_one_that_was_fitted(published):
    axes = tw.figures.fit(published.problem, published.runs).static().axes[0]
    (last,) = (line for line in axes.lines if line.get_color() == style.fit())
    (x0, x1), (y0, y1) = last.get_xdata(), last.get_ydata()
    slope = np.tan(float(published.runs["params"].values[0, -1, 0]))
    assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, rel=1e-6)


def test_the_fit_is_drawn_over_the_test_data(published):
    axes = tw.figures.fit(published.problem, published.runs).static().axes[0]
    (shown,) = (part for part in axes.collections if part.get_label() == "test data, 330")
    np.testing.assert_array_equal(shown.get_offsets()[:, 1], published.problem.test["y"])


def test_the_line_of_a_run_that_diverged_is_no_fit(line):
    runs = tw.descend(tw.objective(line.problem, tw.losses.quadratic()), optax.sgd(1.2), starts=[5.0, 0.0], steps=2000)
    figure = tw.figures.fit(line.problem, runs)
    last = int(runs["last_step"][0])
    assert figure.title == "The line of a run that diverged"
    axes = figure.static().axes[0]
    assert not [drawn for drawn in axes.lines if drawn.get_color() == style.fit()]
    (drawn,) = (drawn for drawn in axes.lines if str(drawn.get_label()).startswith(f"step {last}, then diverged"))
    assert drawn.get_linewidth() < 1
    assert style.fit() not in str(figure.interactive()["data"])


def test_labels_are_the_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mass $,height_<b>\n1,2\n2,3\n4,4\n", encoding="utf-8")
    problem = tw.problems.table(path, "mass $", "height_<b>")
    axes = tw.figures.data(problem).static().axes[0]
    assert axes.get_xlabel() == r"mass \$"
    described = tw.figures.data(problem).interactive()
    assert described["layout"]["yaxis"]["title"]["text"] == "height_&lt;b&gt;"


def test_a_closed_form_has_no_data(himmelblau):
    with pytest.raises(InvalidValue, match="himmelblau is a surface in closed form and has no data"):
        tw.figures.data(himmelblau.problem)
