"""The phase diagram: counts at their places, darker for more."""

import io

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.hues import LUMA
from thalweg.figures.phase_diagram import arrays_of


def diagram(counts, exponent=(0.25, 0.5, 1.0), noise=(0.0, 0.01, 0.1, 0.3), **attrs):
    values = {"valleys": (("exponent", "noise"), np.array(counts))}
    coords = {"exponent": list(exponent), "noise": list(noise)}
    return xr.Dataset(values, coords=coords, attrs={"persistence": 0.01, "problem": "pencil"} | attrs)


COUNTS = [[5, 7, 30, 120], [5, 5, 9, 20], [1, 1, 2, -1]]


def test_every_cell_holds_its_count():
    axes = tw.figures.phase_diagram(diagram(COUNTS)).static().axes[0]
    found = {(round(x), round(y)): text.get_text() for text in axes.texts for x, y in [text.get_position()]}
    expected = {
        (j, i): str(count) if count >= 0 else "–" for i, row in enumerate(COUNTS) for j, count in enumerate(row)
    }
    assert found == expected
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "0.01", "0.1", "0.3"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.25", "0.5", "1"]


def test_more_valleys_are_darker_in_grey_too():
    drawn = arrays_of(diagram(COUNTS))
    known = drawn.known
    order = np.argsort(drawn.counts[known], kind="stable")
    grey = (drawn.colours @ LUMA)[known][order]
    counts = drawn.counts[known][order]
    assert (np.diff(grey)[np.diff(counts) > 0] < 0).all()
    assert (np.diff(grey)[np.diff(counts) == 0] == 0).all()


def test_a_count_is_read_on_its_cell():
    drawn = arrays_of(diagram(COUNTS))
    light, dark = drawn.inks == "#ffffff", drawn.colours @ LUMA
    assert (dark[light] < 0.55).all()
    assert (dark[~light] >= 0.55).all()


def test_any_order_of_axes_and_values_is_the_same_diagram():
    turned = diagram(COUNTS).isel(noise=[2, 0, 3, 1]).transpose("noise", "exponent")
    np.testing.assert_array_equal(arrays_of(turned).counts, COUNTS)
    assert arrays_of(turned).noise.tolist() == [0.0, 0.01, 0.1, 0.3]


def test_what_was_not_computed_is_told_and_has_no_colour():
    figure = tw.figures.phase_diagram(diagram(COUNTS))
    assert (
        "pencil, number of valleys of persistence 0.01 or more, 1 of 12 not computed: from 1 to 120" in figure.caption
    )
    assert "120 at exponent 0.25 and noise 0.3" in figure.caption
    assert arrays_of(diagram(COUNTS)).colours[2, 3].tolist() == [1.0, 1.0, 1.0]
    (cells,) = (trace for trace in figure.interactive()["data"] if trace["type"] == "heatmap")
    assert np.isnan(cells["z"]).sum() == 1


def test_a_page_writes_the_same_counts():
    described = tw.figures.phase_diagram(diagram(COUNTS)).interactive()
    texts = [label["text"] for label in described["layout"]["annotations"]]
    assert texts == [str(count) if count >= 0 else "–" for row in COUNTS for count in row]


def test_many_cells_have_no_counts_and_few_labels():
    exponent, noise = np.linspace(0.1, 2, 40), np.geomspace(1e-4, 0.3, 60)
    counts = np.arange(2400).reshape(40, 60)
    axes = tw.figures.phase_diagram(diagram(counts, exponent, noise)).static().axes[0]
    assert not axes.texts
    assert len(axes.get_xticklabels()) <= 12


@pytest.mark.parametrize("counts", [COUNTS, [[5]], [[1, 1], [1, 1]]])
def test_nothing_is_cut_off_at_the_edges(counts):
    rows, columns = np.shape(counts)
    chosen = diagram(counts, [0.25, 0.5, 1.0][:rows], [0.0, 0.01, 0.1, 0.3][:columns])
    pixels = np.asarray(Image.open(io.BytesIO(tw.figures.phase_diagram(chosen).png(80))).convert("L"))
    assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 255


def test_what_is_no_diagram_is_refused(published):
    with pytest.raises(
        InvalidValue, match="diagram holds a surface, not a phase diagram; give what thalweg.phase_diagram returns"
    ):
        tw.figures.phase_diagram(published.surface)
    with pytest.raises(InvalidValue, match=r"it has no variable 'valleys' over \(exponent, noise\); give what"):
        tw.figures.phase_diagram(diagram(COUNTS).isel(exponent=0))
    with pytest.raises(InvalidValue, match=r"needs the coordinate 'noise'; give its values to the dataset"):
        tw.figures.phase_diagram(diagram(COUNTS).drop_vars("noise"))
    with pytest.raises(InvalidValue, match=r"no cell of the phase diagram was computed, so there is nothing to draw"):
        tw.figures.phase_diagram(diagram(np.full((3, 4), -1)))
