"""Limits that are asked for: pictures of different runs have one axis, on paper and in a page."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import relief

LIMITS = (0.3, 1.2)


@pytest.fixture(scope="module")
def pictures(published):
    """A profile and the losses, each of two runs that would have axes of their own."""
    objective = tw.objective(published.problem, tw.losses.fourth_root())
    other = tw.descend(objective, optax.sgd(0.001), starts=1.4, steps=5)

    def draw(**limits):
        return [
            *(tw.figures.profile(published.surface, runs, **limits) for runs in (published.runs, other)),
            *(tw.figures.loss(runs, **limits) for runs in (published.runs, other)),
        ]

    return draw


def axes_of(figure):
    return tuple(figure.static().axes[0].get_ylim()), tuple(figure.interactive()["layout"]["yaxis"]["range"])


def test_all_have_the_axis_that_was_asked_for(pictures):
    for figure in pictures(limits=LIMITS):
        for shown in axes_of(figure):
            np.testing.assert_allclose(shown, LIMITS)
        assert "shown from 0.3 to 1.2" in figure.caption
    assert len({axes_of(figure) for figure in pictures()}) == 4


@pytest.mark.parametrize("limits", [(1.0, 0.5), (1.0, 1.0)])
def test_what_is_no_range_is_refused(pictures, limits):
    with pytest.raises(
        InvalidValue, match=r"limits = \(1, .*\) is not allowed; give the lowest and the highest shown loss"
    ):
        pictures(limits=limits)
    with pytest.raises(InvalidValue, match=r"limits\[1\] = inf is not allowed"):
        pictures(limits=(0.0, float("inf")))


def test_planes_of_different_surfaces_have_the_same_levels():
    """Of limits whose high end is 20 times the low one the levels are even in the logarithm, else in the loss."""
    for limits, middle in (((0.5, 200.0), 10.0), ((100.0, 200.0), 150.0)):
        bars = []
        for problem in (tw.problems.himmelblau(), tw.problems.booth()):
            figure = tw.figures.plane(tw.survey(tw.objective(problem), points=15), limits=limits)
            assert f"shown from {limits[0]:g} to 200" in figure.caption
            (bar,) = (axes for axes in figure.static().axes if axes.get_title("left") == "loss")
            bars.append((bar.get_ylim(), [text.get_text() for text in bar.get_yticklabels()]))
            ground = figure.interactive()["data"][0]
            assert ground["z"].max() <= ground["cmax"] * (1 + 1e-6)
            assert (ground["cmin"], ground["cmax"]) == pytest.approx(bars[-1][0])
        assert bars[0] == bars[1]
        spacing = relief.spacing_between(*limits)
        assert spacing.back(np.mean(spacing.of(np.array(limits)))) == pytest.approx(middle)


def test_a_plane_refuses_what_is_no_range():
    surface = tw.survey(tw.objective(tw.problems.booth()), points=9)
    with pytest.raises(InvalidValue, match=r"limits = \(2, 1\) is not allowed; give the lowest and the highest shown"):
        tw.figures.plane(surface, limits=(2, 1))
