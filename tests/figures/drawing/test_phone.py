"""Scenes on a phone: what is written in them has room, by the numbers of the layout alone."""

import json
import re

import numpy as np
import pytest

import thalweg as tw
from thalweg.figures import page
from thalweg.figures.drawing import canvas, phone


def test_places_are_seen_where_plotly_puts_them():
    """Read off a screenshot of 390 by 844 pixels: names of the published crown, in pixels from the scene's middle."""
    axes = {f"{axis}axis": {"range": [-1.3884, 1.3884]} for axis in "xy"} | {"zaxis": {"range": [0.0, 0.8]}}
    scene = axes | {
        "aspectratio": {"x": 1.35, "y": 1.35, "z": 0.38894},
        "camera": {"eye": {"x": 1.16, "y": 0.0, "z": 0.9}, "center": {"x": 0, "y": 0, "z": -0.12}},
    }
    # The viewer stands over the x-axis: y is seen to the right, and what is nearer lies lower and is larger.
    near, far, right, left = phone.seen(np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]), scene)
    assert near[0] == pytest.approx(0, abs=1e-9)
    assert far[0] == pytest.approx(0, abs=1e-9)
    assert near[1] < right[1] < far[1]
    np.testing.assert_allclose(right, left * (-1, 1), atol=1e-9)
    # By hand: 1 of 2.7768 is 0.48617 of 1.35 wide; the eye is (1.624, 1.26), the middle -0.12, and z = 0 is at -0.19447.
    ahead = np.array([-1.624, -1.38]) / np.hypot(1.624, 1.38)
    depth = np.array([-1.624, -0.19447 - 1.26]) @ ahead
    assert right[0] == pytest.approx(0.48617 / depth * 132 / np.tan(np.pi / 8), rel=1e-4)


def names_and_numbers(described):
    """The boxes of all texts in a crown, (text, 4), pixels."""
    scene, boxes = described["layout"]["scene"], []
    for trace in described["data"]:
        if "text" not in trace.get("mode", ""):
            continue
        flat = phone.seen(np.stack([trace[axis] for axis in "xyz"], axis=-1), scene)
        size = trace["textfont"]["size"]
        for (x, y), text in zip(flat, trace["text"], strict=True):
            wide = 0.62 * size * len(text.strip())
            start = x - wide if trace.get("textposition") == "middle left" else x - wide / 2
            boxes += [(start, y - 0.45 * size, start + wide, y + 0.45 * size)] * bool(text)
    return np.array(boxes)


@pytest.mark.parametrize("case", ["published", "many"])
def test_names_and_losses_of_a_crown_overlap_nowhere_and_lie_on_the_screen(case, request):
    drawn = request.getfixturevalue(case)
    described = tw.figures.crown(drawn.surface, None, drawn.valleys).interactive()
    boxes = names_and_numbers(described)
    # Five names twice and every second loss; or those of many that have room.
    assert len(boxes) >= 8
    assert canvas.fitting(boxes).all()
    assert (np.abs(boxes[:, [0, 2]]) < phone.SCENE[0] / 2).all()
    # What lies outside the ranges of its axes plotly.js leaves out.
    (scale,) = (trace for trace in described["data"] if trace.get("mode") == "lines+markers+text")
    for axis in "xyz":
        low, high = described["layout"]["scene"][f"{axis}axis"]["range"]
        assert ((scale[axis] >= low) & (scale[axis] <= high)).all()


def test_all_valleys_of_the_published_crown_keep_their_names(published):
    described = tw.figures.crown(*published.of_surface).interactive()
    (names,) = (trace["text"] for trace in described["data"] if trace.get("mode") == "text")
    assert sorted(names) == sorted(["0°", "36°", "72°", "108°", "144°", "180°", "216°", "252°", "−36°", "−72°"])


def test_losses_beside_a_landscape_are_apart_and_its_corners_leave_room_for_titles(himmelblau):
    scene = tw.figures.plane(*himmelblau.of_surface).interactive()["layout"]["scene"]
    ticks = scene["zaxis"]["tickvals"]
    low, high = ticks[[0, -1]]
    scene = scene | {"zaxis": {"range": [low, high]}}
    (left, right), (front, back) = scene["xaxis"]["range"], scene["yaxis"]["range"]
    corners = np.array([(x, y, z) for x in (left, right) for y in (front, back) for z in (low, high)])
    flat = phone.seen(corners, scene)
    # A title of four letters of 14 pixels, and numbers of 10 between it and the box, take 60 on either side.
    assert np.abs(flat[:, 0]).max() < phone.SCENE[0] / 2 - 60
    edge = phone.seen(np.stack([np.full(len(ticks), left), np.full(len(ticks), back), ticks], axis=-1), scene)
    assert len(ticks) >= 3
    assert np.diff(edge[:, 1]).min() > phone.LETTERS["size"]


def test_a_page_sees_scenes_so_on_a_phone(himmelblau):
    text = page.html([tw.figures.plane(*himmelblau.of_surface)])
    assert f"innerWidth < {phone.NARROW}" in text
    assert f"eye[axis] *= {phone.AWAY}" in text
    assert json.loads(re.search(r"assign\(bar, (.*)\);", text)[1]) == phone.BAR
