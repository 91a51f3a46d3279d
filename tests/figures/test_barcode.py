"""The persistence barcode: every bar is as long as its valley is persistent."""

import io

import numpy as np
import pytest
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue


def bars(figure):
    """The broad bars as drawn, from the top: (low, high)."""
    axes = figure.static().axes[0]
    boxes = [patch.get_bbox() for patch in axes.patches if hasattr(patch, "get_bbox")]
    return np.array([(box.x0, box.x1) for box in boxes]), axes


def test_every_bar_goes_from_its_minimum_to_its_pass(published):
    valleys = published.valleys
    found, _ = bars(tw.figures.barcode(valleys))
    order = np.argsort(-valleys["persistence"].values)
    np.testing.assert_array_equal(found[:, 0], valleys["loss"].values[order])
    # A sum of two losses of about 1, and a width added to a place: rounding.
    ends = (valleys["loss"] + valleys["persistence"]).values[order]
    np.testing.assert_allclose(found[1:, 1], ends[1:], rtol=1e-12)
    joining = valleys["pass_loss"].values[valleys["pass_merges"].values == 1]
    np.testing.assert_allclose(np.sort(found[1:, 1]), np.sort(joining), rtol=1e-12)


def test_the_bar_of_the_deepest_goes_on_to_the_right(published):
    found, axes = bars(tw.figures.barcode(published.valleys))
    (tip,) = (patch for patch in axes.patches if not hasattr(patch, "get_bbox"))
    assert tip.get_xy()[:, 0].max() == axes.get_xlim()[1]
    assert found[0, 1] == pytest.approx(tip.get_xy()[:, 0].min())
    assert found[1:, 1].max() < found[0, 1]


def test_names_stand_at_the_left_and_the_threshold_in_the_note(published):
    _, axes = bars(tw.figures.barcode(published.valleys))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0°", "36°", "−36°", "−72°", "72°"]
    caption = tw.figures.barcode(published.valleys).caption
    assert "5 valleys of persistence 0.00153 or more" in caption
    assert "0° (never ends), 36° (0.0296)" in caption


def test_of_many_valleys_only_the_most_persistent_have_names(many):
    found, axes = bars(tw.figures.barcode(many.valleys))
    valleys = many.valleys
    number = valleys.sizes["valley"]
    assert number > 100
    assert len(found) == 10
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[-1] == f"{number - 10:,} more"
    (thin,) = (lines for lines in axes.collections if len(lines.get_segments()))
    persistence = np.sort(valleys["persistence"].values)[::-1][10:]
    lengths = np.array([segment[1, 0] - segment[0, 0] for segment in thin.get_segments()])
    # Differences of losses of about 0.5.
    np.testing.assert_allclose(lengths, persistence, atol=1e-15)
    rows = np.array([segment[0, 1] for segment in thin.get_segments()])
    assert (np.diff(rows) > 0).all()


def test_a_page_shows_the_same_bars(published):
    described = tw.figures.barcode(published.valleys).interactive()
    (ending,) = (trace for trace in described["data"] if trace.get("name", "").startswith("until"))
    lengths = ending["x"][1::3] - ending["x"][::3]
    expected = np.sort(published.valleys["persistence"].values)[::-1][1:]
    # Differences of losses of about 1.
    np.testing.assert_allclose(lengths, expected, atol=1e-15)
    assert np.isnan(ending["x"][2::3]).all()
    assert "36°<br>minimum 0.51463<br>joins 0° at 0.54427<br>persistence 0.029639" in ending["text"]


def test_one_valley_is_one_bar(line):
    found, axes = bars(tw.figures.barcode(line.valleys))
    assert found.shape == (1, 2)
    assert axes.get_ylim()[0] - axes.get_ylim()[1] >= 5


def test_nothing_is_cut_off_at_the_edges(published, line, himmelblau, many):
    for results in (published, line, himmelblau, many):
        picture = Image.open(io.BytesIO(tw.figures.barcode(results.valleys).png(80))).convert("L")
        pixels = np.asarray(picture)
        assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 255


def test_what_has_no_valleys_is_refused(published, constant):
    with pytest.raises(
        InvalidValue, match="valleys holds a surface, not valleys; give what thalweg.find_valleys returns"
    ):
        tw.figures.barcode(published.surface)
    with pytest.raises(InvalidValue, match=r"there is no valley, so the figure 'barcode' has nothing to draw"):
        tw.figures.barcode(constant.valleys)
