"""The ring: what it hides, and that heights are to scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thalweg.figures.crown.ring import FLARE, HEIGHT, INNER, OUTER, Ring

ANGLES = np.linspace(0, 2 * np.pi, 720, endpoint=False)


def ring(heights=None, azimuth=0.7):
    return Ring(ANGLES, np.full(720, 0.5) if heights is None else heights, azimuth)


def test_the_near_outer_wall_and_the_far_inner_wall_are_seen_the_others_hidden():
    flat = ring()
    near, far = 0.7, 0.7 + np.pi
    for angle, across, hidden in ((near, 1.0, False), (near, 0.0, True), (far, 1.0, True), (far, 0.0, False)):
        assert flat.hidden(flat.place(np.array(angle), np.array(0.3), across)) == hidden


def test_the_whole_top_of_a_flat_ring_is_seen():
    flat = ring()
    points = flat.place(ANGLES[:, None], np.full((720, 1), 0.5), np.linspace(0, 1, 5))
    assert not flat.hidden(points + np.array([0, 0, 1e-9])).any()


def test_a_tower_hides_what_lies_behind_it():
    heights = np.where(np.abs(ANGLES - 1.0) < 0.4, 1.0, 0.1)
    tower = Ring(ANGLES, heights, azimuth=1.0, elevation=0.3)
    behind, beside = (tower.place(np.array(angle), np.array(0.2), 0.5) for angle in (1.0 + np.pi, 1.0 + np.pi / 2))
    assert tower.hidden(behind)
    assert not tower.hidden(beside)


@given(st.floats(0, 6), st.floats(0, 1), st.floats(0, 1))
def test_equal_heights_are_drawn_equal_whatever_the_angle(angle, low, high):
    flat = ring()
    # Without flare a wall would be upright; along its own lean a height moves a point by one and the same vector.
    foot, top = (flat.place(np.array(angle), np.array(h), 0.5) for h in (low, high))
    assert top[2] - foot[2] == pytest.approx(HEIGHT * (high - low), abs=1e-12)
    assert np.hypot(*top[:2]) - np.hypot(*foot[:2]) == pytest.approx(FLARE * HEIGHT * (high - low), abs=1e-12)


def test_points_that_are_not_there_count_as_hidden():
    flat = ring()
    points = flat.place(np.array([0.7, 0.7]), np.array([0.5, np.nan]), 0.5)
    assert flat.hidden(points + np.array([0, 0, 1e-6])).tolist() == [False, True]


def test_far_wedges_are_painted_first():
    flat = ring()
    corners, light = flat.mesh(np.zeros(720, bool))
    assert corners.shape[1:] == (3, 2)
    assert light.shape == corners.shape[:2]
    # Up on paper is far away: the first triangles lie higher than the last ones.
    assert corners[:50, :, 1].mean() > corners[-50:, :, 1].mean()


def test_the_cut_is_the_palest_of_all():
    heights = 0.5 + 0.4 * np.sin(3 * ANGLES)
    wavy = ring(np.minimum(heights, 0.8))
    cut = heights > 0.8
    _, _, light = wavy.outline(cut)
    assert light[2, cut].min() > light[2, ~cut].max()


def test_the_outline_goes_from_foot_to_foot():
    across, heights, light = ring().outline(np.zeros(720, bool))
    assert across[:, 0].tolist() == [0, 0, 0, 1, 1, 1]
    assert heights[:, 0].tolist() == [0, 0.5, 0.5, 0.5, 0.5, 0]
    assert ((light >= 0) & (light <= 1)).all()
    assert INNER < OUTER
