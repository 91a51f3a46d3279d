"""Labels that keep apart, axes that show what they must, words for numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.figures.drawing import canvas
from thalweg.figures.drawing.view import view_of
from thalweg.figures.drawing.wording import number, subject


@given(st.lists(st.floats(0, 1), max_size=12))
def test_spread_labels_keep_their_gap_and_their_order(places):
    places = np.array(places)
    moved = canvas.spread(places, 0.05, 0.0, 1.0)
    order = np.argsort(places, kind="stable")
    # The gaps are sums of the gap itself, so they are exact to rounding.
    assert (np.diff(moved[order]) >= 0.05 - 1e-12).all()
    assert ((moved >= -1e-12) & (moved <= 1 + 1e-12)).all()


def test_labels_that_have_room_stay():
    places = np.array([0.9, 0.1, 0.5])
    np.testing.assert_allclose(canvas.spread(places, 0.1, 0.0, 1.0), places, atol=1e-15)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), max_size=10))
def test_boxes_that_are_chosen_do_not_overlap(corners):
    boxes = np.array([[x, y, x + 2, y + 1] for x, y in corners]).reshape(-1, 4)
    chosen = boxes[canvas.fitting(boxes)]
    for k, (left, bottom, right, top) in enumerate(chosen):
        for other in chosen[:k]:
            assert right <= other[0] or other[2] <= left or top <= other[1] or other[3] <= bottom


def test_a_view_shows_all_values_and_near_levels_only():
    view = view_of([np.array([1.0, 2.0, np.nan])], np.array([2.3, 9.0]))
    assert not view.log
    assert view.shows(np.array([1.0, 2.0, 2.3, 9.0])).tolist() == [True, True, True, False]


def test_values_over_decades_get_a_logarithm():
    view = view_of([np.array([1e-3, 10.0])], np.empty(0))
    assert view.log
    assert 0 < view.fraction(np.array([0.1])) < 1


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (-0.5, "−0.5"), (123456.0, "1.235 × 10⁵"), (-1e-9, "−10⁻⁹"), (np.inf, "not finite")]
)
def test_numbers_as_people_write_them(value, text):
    assert number(value) == text


def test_a_smoothing_of_nothing_is_not_told():
    assert (
        subject({"problem": "six_hump", "loss": "fourth_root", "loss_smoothing": 0.0}) == "six hump, fourth root loss"
    )
    assert subject({"problem": "line", "loss": "huber", "loss_delta": 1.0}) == "line, huber loss (delta 1)"
    assert subject({"problem": "himmelblau", "loss": "none"}) == "himmelblau"


def test_a_fit_of_ones_own_is_called_by_its_file_and_its_formula():
    attrs = {"problem": "fit", "problem_model": "A*exp(-t/tau) + c", "problem_y": "y", "loss": "quadratic"}
    assert subject(attrs | {"source": "decay.csv"}) == "decay.csv, A*exp(-t/tau) + c, quadratic loss"
    assert subject(attrs | {"source": ""}) == "fit, A*exp(-t/tau) + c, quadratic loss"
