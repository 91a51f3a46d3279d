"""The scale of a crown's losses: where it is cut, and limits that crowns have in common."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures import crown
from thalweg.figures.crown.arrays import crown_of
from thalweg.figures.crown.stage import set_stage
from thalweg.figures.drawing.view import View
from thalweg.study.survey import domain_of


def test_a_cut_of_ones_own(published):
    (axis,) = domain_of(published.surface["train_loss"])
    assert crown_of(published.surface, axis, None, None, 0, 0.6).levels.cut == 0.6
    with pytest.raises(
        InvalidValue, match=r"cut = 0.2 leaves nothing of the surface; give a loss above its lowest, 0.46"
    ):
        crown(published.surface, cut=0.2)


def test_crowns_of_one_scale_have_one_size_and_equal_losses_one_height(published):
    """Two problems, two runs: on paper, in a page and in a film, which is drawn on the same stage."""
    objective = tw.objective(tw.problems.pencil(residual="orthogonal"), tw.losses.power(1 / 2))
    surfaces = published.surface, tw.survey(objective, points=360)
    rings, ticks, pages = [], [], []
    for surface in surfaces:
        (axis,) = domain_of(surface["train_loss"])
        shown = crown_of(surface, axis, None, None, 0, View(0.2, 1.0))
        stage = set_stage(shown, "", "")
        ticks.append([text.get_position() for text in stage.axes.texts])
        pages.append(crown(surface, limits=(0.2, 1.0)).interactive()["layout"]["scene"]["zaxis"]["range"])
        # A loss of 0.6 stands half-way up, a lower one than the base on it, a higher one than the cut there.
        rings.append([*stage.points * np.array([1.0, *shown.levels.height(np.array([0.6, 0.1, 7.0]))])])
    assert rings[0] == pytest.approx(rings[1], rel=1e-12)
    np.testing.assert_allclose(rings[0] / rings[0][0], [1, 0.5, 0, 1], atol=1e-12)
    np.testing.assert_allclose(*ticks, rtol=1e-9)
    assert pages[0] == pages[1]


def test_limits_that_cannot_be_drawn_are_refused(published):
    with pytest.raises(
        InvalidValue,
        match=r"limits = \(0.1, 0.3\) show nothing of the surface; give some that meet its losses, from 0.46",
    ):
        crown(published.surface, limits=(0.1, 0.3))
    with pytest.raises(InvalidValue, match=r"cut = 0.6 is given beside limits, .*; leave out one of them"):
        crown(published.surface, cut=0.6, limits=(0.1, 0.9))
