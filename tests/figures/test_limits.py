"""Limits that are asked for: pictures of different runs have one axis, on paper and in a page."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue

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
