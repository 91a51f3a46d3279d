"""Cutting lines to a box, against sampling them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thalweg.figures.drawing.span import lines_inside, pieces_inside

LOW, HIGH = np.array([-1.0, -2.0]), np.array([3.0, 1.0])
numbers = st.floats(-20, 20)


@given(numbers, numbers)
def test_a_line_is_cut_where_it_enters_and_leaves(slope, intercept):
    (ends,) = lines_inside(np.array([slope]), np.array([intercept]), LOW, HIGH)
    x = np.linspace(LOW[0], HIGH[0], 4001)
    y = slope * x + intercept
    inside = (y >= LOW[1]) & (y <= HIGH[1])
    if inside.sum() <= 1:
        # It may graze a corner between two samples, or touch one and miss it by rounding.
        assert np.isnan(ends).all() or np.ptp(ends[:, 0]) <= 2e-3
        return
    # Samples are 1e-3 apart.
    np.testing.assert_allclose(np.sort(ends[:, 0]), [x[inside][0], x[inside][-1]], atol=1.1e-3)
    np.testing.assert_allclose(ends[:, 1], slope * ends[:, 0] + intercept, atol=1e-9)


def test_a_nearly_vertical_line_is_as_exact_as_a_flat_one():
    (ends,) = lines_inside(np.array([1e14]), np.array([0.0]), LOW, HIGH)
    np.testing.assert_allclose(ends[:, 0], 0, atol=1e-12)
    np.testing.assert_allclose(np.sort(ends[:, 1]), [-2, 1], atol=1e-9)


def test_a_piece_outside_is_nothing_and_one_inside_is_whole():
    pieces = np.array([[[0.0, 0.0], [1.0, -1.0]], [[5.0, 5.0], [6.0, 5.0]], [[0.0, 0.0], [10.0, 0.0]]])
    cut = pieces_inside(pieces, LOW, HIGH)
    np.testing.assert_array_equal(cut[0], pieces[0])
    assert np.isnan(cut[1]).all()
    np.testing.assert_allclose(cut[2], [[0, 0], [3, 0]])
