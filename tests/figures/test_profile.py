import numpy as np
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import canvas, style


def line_of(axes, label):
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return found.get_xdata(), found.get_ydata()


def test_the_curve_is_the_surface_and_closes(published):
    canvas = tw.figures.profile(*published.of_surface).static()
    x, y = line_of(canvas.axes[0], "training loss")
    np.testing.assert_allclose(x[:-1], np.degrees(published.surface["phi"].values), atol=1e-12)
    assert x[-1] == 90
    np.testing.assert_array_equal(y[:-1], published.surface["train_loss"].values)
    assert y[-1] == y[0]


def test_the_valleys_stand_at_their_places(published):
    canvas = tw.figures.profile(*published.of_surface).static()
    x, y = line_of(canvas.axes[0], "valleys")
    np.testing.assert_allclose(x, [0, 36, -36, -72, 72], atol=1e-9)
    np.testing.assert_array_equal(y, published.valleys["loss"].values)


def test_of_many_valleys_the_most_persistent_are_named_and_the_rest_are_faint(crowd):
    figure = tw.figures.profile(crowd.surface, None, crowd.valleys)
    lasting = np.argsort(-crowd.valleys["persistence"].values, kind="stable")
    places = crowd.valleys["position"].values[:, 0]
    axes = figure.static().axes[0]
    np.testing.assert_array_equal(line_of(axes, "the 24 most persistent valleys")[0], places[lasting[:24]])
    np.testing.assert_array_equal(line_of(axes, "176 more")[0], places[lasting[24:]])
    allowed = [crowd.valleys.attrs["names"][k].replace("-", "−") for k in lasting[:24]]
    described = figure.interactive()
    for written in (
        [text.get_text() for text in axes.texts if text.get_color() == style.valley()],
        [note["text"] for note in described["layout"]["annotations"]],
    ):
        assert 3 <= len(written) < 24
        assert set(written) <= set(allowed)
        # The deepest has a name, and so has who lasts longest of all others.
        assert set(allowed[:1]) <= set(written)
    traces = {trace.get("name"): trace for trace in described["data"]}
    np.testing.assert_array_equal(traces["the 24 most persistent valleys"]["x"], places[lasting[:24]])
    assert len(traces["176 more"]["x"]) == 176


def test_names_in_a_page_have_room_on_a_phone(crowd):
    """Of a phone of 390 pixels the axes have 240; a letter of 13 pixels is about 8 wide, a line 16 high."""
    layout = tw.figures.profile(crowd.surface, None, crowd.valleys).interactive()["layout"]
    (low, high), boxes = layout["yaxis"]["range"], []
    for note in layout["annotations"]:
        x, y, wide = 240 * note["x"] / 40, 260 * (note["y"] - low) / (high - low), 8 * len(note["text"])
        start = x - {"left": 0, "center": wide / 2, "right": wide}[note["xanchor"]]
        boxes.append((start, y, start + wide, y + 16))
    boxes = np.array(boxes)
    assert canvas.fitting(boxes).all()
    assert (boxes[:, 0] >= 0).all()
    assert (boxes[:, 2] <= 240).all()


def test_the_caption_says_where_the_axis_is_cut(published):
    assert "axis cut at 0.929: the loss reaches 6.78 × 10⁷" in tw.figures.profile(*published.of_surface).caption


def test_a_run_outside_its_interval_is_told(leaving):
    figure = tw.figures.profile(*leaving.of_surface)
    assert "outside the interval at 5 steps, first at step 1" in figure.caption
    marks = {mark.get_marker(): np.column_stack(mark.get_data()) for mark in figure.static().axes[0].lines}
    # It starts at 1.5, where the loss is 1.5⁴ - 1.5², and leaves to the left at once.
    np.testing.assert_allclose(marks["<"], [[-2.0, 2.8125]])
    assert not {"D", "X"} & set(marks)
    (arrow,) = (trace for trace in figure.interactive()["data"] if trace.get("name") == "leaves the interval")
    assert (arrow["x"].tolist(), arrow["y"].tolist()) == ([-2.0], [pytest.approx(2.8125)])
    assert arrow["marker"]["symbol"] == ["triangle-left"]


def test_a_plane_has_no_profile(line):
    with pytest.raises(InvalidValue, match="the surface has 2 parameters; a profile needs one, draw a plane of two"):
        tw.figures.profile(line.surface)


def test_runs_and_valleys_of_other_parameters_are_refused(published, line):
    with pytest.raises(InvalidValue, match="runs have 2 parameters and the surface 1; give those of one objective"):
        tw.figures.profile(published.surface, line.runs)
    with pytest.raises(InvalidValue, match="valleys have 1 parameter and the surface 2; give those of one objective"):
        tw.figures.plane(line.surface, None, published.valleys)
