"""Valleys as lines against step: of many those are named that have room, and the rest are faint."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.figures.drawing import style
from thalweg.figures.drawing.levels import LINE, MOST, levels_of
from thalweg.figures.drawing.view import View

VIEW = View(0.0, 10.0)


def test_a_few_are_all_named_wherever_they_are():
    values = np.array([5.0, 5.01, 5.02, 11.0])
    found = levels_of(VIEW, values, ["a", "b", "c", "out"])
    assert found.texts == ["a", "b", "c"]
    assert not found.faint.size


@pytest.mark.parametrize("rows", [1, 4])
def test_of_many_those_that_come_first_and_have_room_are_named(rows):
    values = np.concatenate([[9.0, 9.01], np.linspace(0, 10, 50)])
    found = levels_of(VIEW, values, [str(k) for k in range(52)], rows)
    # The second lies beside the first.
    assert found.texts[:2] == ["0", "2"]
    assert len(found.texts) <= MOST
    assert np.diff(np.sort(found.places)).min() >= LINE * rows - 1e-12
    np.testing.assert_allclose(found.apart(rows), found.places, atol=1e-12)
    assert sorted([*found.values, *found.faint]) == sorted(values)


def test_a_parameter_among_two_hundred_valleys(crowd):
    """A run from 20 on: valleys near it are lines, the visited ones named first, and no name was moved."""
    figure = tw.figures.parameter(crowd.runs, crowd.valleys)
    axes = figure.static().axes[0]
    (faint,) = (line for line in axes.lines if line.get_label().endswith(" more"))
    named = [line.get_ydata()[0] for line in axes.lines if line.get_color() == style.valley() and line is not faint]
    low, high = axes.get_ylim()
    places = crowd.valleys["position"].values[:, 0]
    beside = np.unique(faint.get_ydata())
    np.testing.assert_array_equal(np.sort([*named, *beside]), np.sort(places[(places >= low) & (places <= high)]))
    assert 2 <= len(named) <= MOST < len(beside)
    shapes = figure.interactive()["layout"]["shapes"]
    (path,) = (shape["path"] for shape in shapes if shape["type"] == "path")
    assert path.count("M") == len(beside)
    assert sum(shape["type"] == "line" for shape in shapes) >= len(named)


def test_the_floors_of_many_visited_valleys_stay_in_the_picture(crowd):
    sheet = tw.figures.loss(crowd.runs, crowd.valleys).static()
    sheet.draw_without_rendering()
    for text in sheet.axes[0].texts:
        assert sheet.bbox.containsx(text.get_window_extent().x1), text.get_text()
        assert sheet.bbox.containsy(text.get_window_extent().y0), text.get_text()
