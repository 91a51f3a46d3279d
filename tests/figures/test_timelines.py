"""Loss and parameter against step."""

from dataclasses import replace

import numpy as np
import optax
import pytest
from matplotlib.figure import Figure

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import style, timeline
from thalweg.figures.drawing.run import run_of


def coloured(axes, colour):
    return [line for line in axes.lines if line.get_color() == colour and len(line.get_xdata()) > 2]


def test_the_losses_are_those_of_the_run(published):
    canvas = tw.figures.loss(published.runs, published.valleys).static()
    for colour, name in ((style.train(), "train_loss"), (style.test(), "test_loss")):
        (line,) = coloured(canvas.axes[0], colour)
        np.testing.assert_allclose(line.get_ydata(), published.runs[name].values[0], rtol=1e-7)
        assert line.get_xdata().tolist() == list(range(101))


def test_the_fall_stands_between_its_two_steps(published):
    for draw in (tw.figures.loss, tw.figures.parameter):
        axes = draw(published.runs, published.valleys).static().axes[0]
        marks = [line.get_xdata()[0] for line in axes.lines if line.get_color() == style.derailment()]
        assert marks == [6.5]
        assert "36° → 0°" in [text.get_text() for text in axes.texts]


def test_the_angle_is_in_degrees_with_the_valleys_marked(published):
    axes = tw.figures.parameter(published.runs, published.valleys).static().axes[0]
    (line,) = coloured(axes, style.ink())
    np.testing.assert_allclose(line.get_ydata(), np.degrees(published.runs["params"].values[0, :, 0]), rtol=1e-6)
    levels = sorted(line.get_ydata()[0] for line in axes.lines if line.get_color() == style.valley())
    np.testing.assert_allclose(levels, [0, 36], atol=1e-9)


def test_an_angle_that_goes_around_is_not_wrapped():
    objective = tw.objective(tw.problems.pencil(residual="orthogonal"), tw.losses.fourth_root())
    runs = tw.descend(objective, optax.sgd(0.3), starts=3.1, steps=40)
    axes = tw.figures.parameter(runs, tw.find_valleys(objective)).static().axes[0]
    (line,) = coloured(axes, style.ink())
    assert line.get_ydata().max() > 90


def test_runs_from_all_around_a_circle_fill_the_picture():
    """A turn has every valley in it; a view of more would show valleys again where no run ever was."""
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    runs = tw.descend(objective, optax.sgd(0.005), starts=tw.starts.even(objective.problem, 80), steps=10)
    axes = tw.figures.parameter(runs, tw.find_valleys(objective)).static().axes[0]
    low, high = axes.get_ylim()
    assert low < -85
    assert high > 85
    assert high - low < 1.2 * 180
    levels = sorted(line.get_ydata()[0] for line in axes.lines if line.get_color() == style.valley())
    turned = [angle + turn for turn in (-180, 0, 180) for angle in (-72, -36, 0, 36, 72)]
    np.testing.assert_allclose(levels, [level for level in turned if low <= level <= high], atol=1e-6)


def test_every_parameter_has_a_panel(himmelblau):
    canvas = tw.figures.parameter(himmelblau.runs, himmelblau.valleys).static()
    assert [axes.get_ylabel() for axes in canvas.axes] == ["x", "y"]


def test_a_page_shows_the_same_numbers(published):
    described = tw.figures.loss(published.runs, published.valleys).interactive()
    (train,) = (trace for trace in described["data"] if trace["name"] == "training loss")
    np.testing.assert_allclose(train["y"], published.runs["train_loss"].values[0], rtol=1e-7)


def test_many_runs_become_bands():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    runs = tw.descend(objective, optax.sgd(0.05), starts=tw.starts.even(objective.problem, 80), steps=10)
    axes = tw.figures.loss(runs).static().axes[0]
    assert "79 other runs, median" in [line.get_label() for line in axes.lines]
    (median,) = (line for line in axes.lines if line.get_label().endswith("median"))
    others = runs["train_loss"].values[1:]
    np.testing.assert_allclose(median.get_ydata(), np.median(others, axis=0))


def test_many_runs_become_a_density_that_counts_them_all():
    # At step 0, 30 of 100 others are at 1 and 70 at 3; they go straight to 2 and 4, but for one that is lost.
    starts = np.repeat([1.0, 3.0], [30, 70])
    values = np.stack([starts, starts + 1], axis=-1)
    values[0, 1] = np.nan
    found = timeline.density_of(values, 0.0, 4.0 + 1e-9)
    assert found.share[:, 1:].sum(axis=0) == pytest.approx(0.99)
    middle = len(found.step) // 2
    cells = np.flatnonzero(found.share[:, middle])
    np.testing.assert_allclose(found.share[cells, middle], [0.29, 0.7])
    # Half-way from 1 to 2 and from 3 to 4; a cell is 0.05 high.
    np.testing.assert_allclose(found.value[cells], [1.5, 3.5], atol=0.06)


def test_the_parameters_of_many_runs_are_drawn_as_a_density():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    runs = tw.descend(objective, optax.sgd(0.05), starts=tw.starts.even(objective.problem, 80), steps=10)
    figure = tw.figures.parameter(runs)
    axes = figure.static().axes[0]
    assert len(axes.images) == 1
    assert "79 other runs, their density" in [line.get_label() for line in axes.lines]
    # One line, the run's own, and the legend's mark.
    assert len(axes.lines) == 2
    (trace,) = (trace for trace in figure.interactive()["data"] if trace["type"] == "heatmap")
    # A view leaves at most 4 % of a crowd out.
    assert np.nansum(trace["z"], axis=0).min() >= 0.95


def test_a_diverged_run_ends_with_its_last_finite_step(leaving):
    axes = tw.figures.loss(leaving.runs).static().axes[0]
    last = int(leaving.runs["last_step"][0])
    (end,) = (line for line in axes.lines if line.get_label() == f"last finite step, {last}")
    assert end.get_xdata().tolist() == [last]


@pytest.fixture(scope="module")
def several():
    """Three descents of one double well: into the left and the right one, and away."""
    well = tw.problems.function(lambda p: (p[0] ** 2 - 1) ** 2 + 0.1 * p[0], tw.problems.Axis("x", -2, 2))
    objective = tw.objective(well)
    made = {"left": (0.05, -1.5, 12), "right": (0.05, 1.5, 20), "away": (0.6, 1.9, 30)}
    runs = {
        name: tw.descend(objective, optax.sgd(rate), starts=[start], steps=steps)
        for name, (rate, start, steps) in made.items()
    }
    return runs, tw.find_valleys(objective)


def test_of_several_each_has_its_own_losses_and_the_floors_are_those_of_any(several):
    runs, valleys = several
    figure = tw.figures.loss(runs, valleys)
    axes, described = figure.static().axes[0], figure.interactive()
    lines = [line for line in axes.lines if line.get_linewidth() == 1.8]
    traces = [trace for trace in described["data"] if trace["mode"] == "lines"]
    for (name, one), line, trace in zip(runs.items(), lines, traces, strict=True):
        last = int(one["last_step"][0])
        np.testing.assert_array_equal(line.get_ydata(), one["train_loss"].values[0, : last + 1])
        np.testing.assert_array_equal(trace["y"], line.get_ydata())
        assert (trace["name"], trace["x"].tolist()) == (name, list(range(last + 1)))
    floors = {line.get_ydata()[0] for line in axes.lines if line.get_color() == style.valley()}
    assert floors == set(valleys["loss"].values.tolist())
    # One that diverges leaves the picture; it does not flatten the others.
    assert axes.get_ylim()[1] < 10
    assert "20 steps · away diverged" in axes.figure.texts[1].get_text()


def test_of_several_each_has_its_own_parameters(several):
    runs, valleys = several
    figure = tw.figures.parameter(runs, valleys)
    lines = [line for line in figure.static().axes[0].lines if line.get_linewidth() == 1.8]
    for one, line in zip(runs.values(), lines, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), one["params"].values[0, : int(one["last_step"][0]) + 1, 0])
    left, right = (float(runs[name]["params"][0, -1, 0]) for name in ("left", "right"))
    assert f"left (sgd(learning_rate=0.05), 12 steps) ends at x {left:.4g}".replace("-", "−") in figure.caption
    assert f"right (sgd(learning_rate=0.05), 20 steps) ends at x {right:.4g}" in figure.caption


def test_several_of_different_parameters_are_refused(published, himmelblau):
    for draw in (tw.figures.loss, tw.figures.parameter):
        with pytest.raises(InvalidValue, match=r"runs\['b'\] have 2 parameters and runs\['a'\] 1; give those of one"):
            draw({"a": published.runs, "b": himmelblau.runs})


def test_labels_of_many_derailments_lie_on_no_line(published):
    """Of five derailments side by side only the last has room beside its line, on paper and in a page."""
    run = run_of(published.runs, 0, published.valleys)
    step = np.array([10, 12, 14, 16, 18])
    run = replace(run, derailments=replace(run.derailments, step=step, left=step % 2, entered=(step + 1) % 2))
    axes = Figure().subplots()
    timeline.mark_derailments(axes, run)
    assert [text.xy[0] for text in axes.texts] == [18.5]
    shapes, labels = timeline.web_derailments(run)
    assert [shape["x0"] for shape in shapes] == [10.5, 12.5, 14.5, 16.5, 18.5]
    assert [label["x"] for label in labels] == [18.5]
