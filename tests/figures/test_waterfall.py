"""The waterfall: every end at its loss, in order, and the share of every step."""

from dataclasses import replace

import numpy as np
import pytest

import thalweg as tw
from tests.figures import fitted
from tests.figures.fitted import usual
from thalweg.base.errors import InvalidValue
from thalweg.experiment.experiment import build
from thalweg.experiment.results import Results
from thalweg.figures.gallery import gallery


def ends_of(axes):
    return {
        line.get_label(): line.get_data()
        for line in axes.lines
        if len(line.get_xdata()) and "_" not in line.get_label()[:1]
    }


def test_every_end_stands_at_its_loss_the_deepest_first():
    figure = tw.figures.waterfall(usual())
    (axes,) = figure.static().axes
    steps = ends_of(axes)
    assert list(steps) == ["#0, #1: 50 %", "#2: 40 %"]
    np.testing.assert_allclose(steps["#0, #1: 50 %"], [[1, 2, 3, 4, 5], [0.01] * 5])
    np.testing.assert_allclose(steps["#2: 40 %"], [[6, 7, 8, 9], [0.4] * 4])
    assert [text.get_text() for text in axes.texts] == ["#0  50 %", "#2  40 %"]
    assert "1 start ended nowhere" in figure.caption
    assert [trace["name"] for trace in figure.interactive()["data"]] == list(steps)


def test_losses_that_span_decades_have_a_logarithmic_axis_and_those_of_0_its_foot():
    wide = fitted.fits([[1, 1], [2, 2]], [0.0, 3.0], [0, 0, 1])
    wide["end_loss"].values[:] = [0.0, 1e-12, 3.0]
    figure = tw.figures.waterfall(wide)
    (axes,) = figure.static().axes
    assert axes.get_yscale() == "log"
    exact = next(iter(ends_of(axes).values()))[1]
    assert exact[0] == axes.get_ylim()[0] < exact[1] == 1e-12
    assert figure.interactive()["layout"]["yaxis"]["type"] == "log"


def test_ends_in_no_listed_valley_are_gray_and_those_far_above_are_counted():
    odd = fitted.fits([[1, 1], [2, 2]], [1.0, 1.2], [0] * 6 + [1, 1, -1, -1])
    odd["end_loss"].values[-2:] = 1.25, 9e9
    figure = tw.figures.waterfall(odd)
    (axes,) = figure.static().axes
    assert axes.get_ylim()[1] < 2
    np.testing.assert_allclose(ends_of(axes)["other valleys: 20 %"], [[9], [1.25]])
    assert "1 end above" in figure.caption


def test_of_very_many_starts_some_are_drawn():
    many = fitted.fits([[1, 1], [2, 2]], [1.0, 1.2], np.arange(40_000) % 2)
    figure = tw.figures.waterfall(many)
    assert "every 10th drawn" in figure.caption
    assert sum(len(trace["x"]) for trace in figure.interactive()["data"]) == 4000


def test_what_ended_nowhere_is_refused():
    lost = fitted.fits([[1, 1]], [1.0], [-1, -1])
    with pytest.raises(InvalidValue, match="no start of the fit ended at a finite loss, so the figure 'waterfall'"):
        tw.figures.waterfall(lost)


def test_a_gallery_shows_a_fit_in_the_order_in_which_one_looks_at_it():
    made = build({"problem": {"kind": "himmelblau"}})
    decay = replace(made, objective=tw.objective(fitted.problem(), tw.losses.quadratic()))

    def shown(experiment, fits):
        return [figure.name for figure in gallery(Results(experiment, fit=fits))]

    assert shown(decay, usual()) == ["fit_curves", "waterfall", "fit_pairs", "merge_tree"]
    assert shown(decay, None) == ["data"]
    assert shown(made, fitted.fits([[2.0, 0.5]], [0.1], [0, 0])) == ["waterfall", "fit_pairs"]
    assert shown(decay, fitted.fits(np.empty((0, 2)), [], [-1])) == ["data"]
