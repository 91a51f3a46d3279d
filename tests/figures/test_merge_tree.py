"""The merge tree: stems and branches at their heights, and no two that cross."""

import io

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import thalweg as tw
from tests.figures import fitted
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.forest import forest_of
from thalweg.figures.merge_tree import arrays_of
from thalweg.valleys import tree


def valleys_of(depths, between, heights):
    """Valleys as find_valleys labels them, of any minima and passes; passes lowest first, minima deepest first."""
    merged = tree.merge(depths, between, heights)
    itself = merged.parent == np.arange(len(depths))
    merges = np.zeros(len(heights), dtype=np.int8)
    merges[merged.saddle[merged.saddle >= 0]] = 1
    return xr.Dataset(
        {
            "position": (("valley", "param"), np.arange(float(len(depths)))[:, None]),
            "loss": ("valley", depths),
            "persistence": ("valley", merged.persistence),
            "joins": ("valley", np.where(itself, -1, merged.parent)),
            "pass_loss": ("pass", heights),
            "pass_merges": ("pass", merges),
        },
        coords={"valley": np.arange(len(depths)), "param": ["u"]},
        attrs={"names": [str(k) for k in range(len(depths))]},
    )


@st.composite
def landscapes(draw):
    """Minima and passes between them at few heights, so that there are ties, connected or not."""
    number = draw(st.integers(1, 14))
    depths = np.sort(np.array(draw(st.lists(st.integers(0, 9), min_size=number, max_size=number)), dtype=float))
    ends = st.tuples(st.integers(0, number - 1), st.integers(0, number - 1), st.integers(10, 15))
    passes = sorted((height, *sorted((a, b))) for a, b, height in draw(st.lists(ends, max_size=30)) if a != b)
    heights = np.array([float(height) for height, _, _ in passes])
    return valleys_of(depths, np.array([(a, b) for _, a, b in passes], dtype=int).reshape(-1, 2), heights)


def crossings(drawn):
    """Pairs of a branch and the inside of a stem that is neither of its own two."""
    found = []
    for (start, height), (end, _) in drawn.branches:
        low, high = sorted((start, end))
        for place, (foot, top) in zip(drawn.across, drawn.stems, strict=True):
            if low < place < high and foot < height < top:
                found.append((start, end, place))
    return found


@given(landscapes())
def test_no_lines_cross(valleys):
    assert crossings(arrays_of(forest_of(valleys, "merge_tree"))) == []


@given(landscapes(), st.randoms(use_true_random=False))
def test_equal_heights_that_rounding_tells_apart_are_drawn(valleys, source):
    # What a persistence and a depth add up to may differ from the pass in the last places, either way.
    nudged = [value * (1 + source.choice([-1e-15, 1e-15])) for value in valleys["persistence"].values.tolist()]
    drawn = arrays_of(forest_of(valleys.assign(persistence=("valley", nudged)), "merge_tree"))
    assert sorted(drawn.across.tolist()) == list(range(valleys.sizes["valley"]))


@given(landscapes())
def test_every_valley_has_a_stem_of_its_own_and_joins_the_one_it_should(valleys):
    drawn = arrays_of(forest_of(valleys, "merge_tree"))
    assert sorted(drawn.across.tolist()) == list(range(valleys.sizes["valley"]))
    ending = np.flatnonzero(valleys["joins"].values >= 0)
    np.testing.assert_array_equal(drawn.branches[:, 0, 0], drawn.across[ending])
    np.testing.assert_array_equal(drawn.branches[:, 1, 0], drawn.across[valleys["joins"].values[ending]])
    # A stem reaches the height at which another one joins it.
    for joined, height in zip(valleys["joins"].values[ending], drawn.branches[:, 0, 1], strict=True):
        assert drawn.stems[joined, 0] <= height <= drawn.stems[joined, 1]


def test_nothing_crosses_on_surfaces_with_many_valleys(many, himmelblau):
    for results in (many, himmelblau):
        assert crossings(arrays_of(forest_of(results.valleys, "merge_tree"))) == []


def test_the_drawn_marks_are_the_minima_and_the_passes(published):
    axes = tw.figures.merge_tree(published.valleys).static().axes[0]
    marks = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_array_equal(marks["minima"], published.valleys["loss"].values)
    joining = published.valleys["pass_loss"].values[published.valleys["pass_merges"].values == 1]
    # A loss and a persistence added up again: rounding.
    np.testing.assert_allclose(np.sort(marks["passes"]), np.sort(joining), rtol=1e-12)
    assert sorted(text.get_text() for text in axes.texts if text.get_text()) == ["0°", "36°", "72°", "−36°", "−72°"]


def test_the_deepest_valley_goes_on_to_the_top(published):
    axes = tw.figures.merge_tree(published.valleys).static().axes[0]
    (stem,) = (line for line in axes.lines if line.get_label() == "the deepest valley")
    assert stem.get_ydata().tolist() == [published.valleys["loss"].values.min(), axes.get_ylim()[1]]


def test_a_page_shows_the_same_leaves(himmelblau):
    described = tw.figures.merge_tree(himmelblau.valleys).interactive()
    (leaves,) = (trace for trace in described["data"] if trace.get("name") == "minima")
    np.testing.assert_array_equal(leaves["y"], himmelblau.valleys["loss"].values)
    assert leaves["text"] == ["0", "1", "2", "3"]
    place = himmelblau.valleys.attrs["names"][1].replace("-", "−")
    assert leaves["customdata"][1].startswith(f"valley 1 {place}<br>minimum ")


def test_nothing_is_cut_off_at_the_edges(published, line, himmelblau, many):
    for results in (published, line, himmelblau, many):
        pixels = np.asarray(Image.open(io.BytesIO(tw.figures.merge_tree(results.valleys).png(80))).convert("L"))
        assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 255


def test_what_has_no_valleys_is_refused(published, constant):
    with pytest.raises(
        InvalidValue, match="valleys holds a surface, not valleys; give what thalweg.find_valleys returns"
    ):
        tw.figures.merge_tree(published.surface)
    with pytest.raises(InvalidValue, match=r"there is no valley, so the figure 'merge_tree' has nothing to draw"):
        tw.figures.merge_tree(constant.valleys)


def test_of_a_fit_passes_that_were_not_sought_are_marked_as_bounds():
    figure = tw.figures.merge_tree(fitted.usual())
    (axes,) = figure.static().axes
    bounds = next(line for line in axes.lines if line.get_label() == "passes, at most so high")
    np.testing.assert_allclose(sorted(bounds.get_ydata()), [0.51, 0.9])
    assert "passes" not in [line.get_label() for line in axes.lines]
    assert "passes lie at most as high as drawn" in figure.caption
    assert "valley 1 (≤ 0.5)" in figure.caption
    assert "by symmetry twins: valley 1 of valley 0." in figure.caption
    names = [trace.get("name") for trace in figure.interactive()["data"]]
    assert "passes, at most so high" in names
    assert "passes" not in names
    written = [text.get_text() for text in tw.figures.barcode(fitted.usual()).static().axes[0].texts]
    assert written == ["≤ 0.5", "≤ 0.5"]


def test_losses_of_a_fit_that_span_decades_are_seen_on_a_logarithm():
    wide = fitted.fits([[1, 1], [2, 2]], [1e-9, 3.0], [0, 0, 1]).assign_attrs(method="fit")
    figure = tw.figures.merge_tree(wide)
    (axes,) = figure.static().axes
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert 1e-12 < low < 1e-9
    assert 3.5 < high < 1e3
    assert figure.interactive()["layout"]["yaxis"]["type"] == "log"


def test_a_fit_whose_passes_are_decades_above_its_minima_has_a_logarithmic_axis():
    valleys = valleys_of(np.array([1.0, 1.2]), np.array([[0, 1]]), np.array([4e9])).assign_attrs(method="fit")
    assert forest_of(valleys, "merge_tree").decades
    near = valleys_of(np.array([1.0, 1.2]), np.array([[0, 1]]), np.array([4.0])).assign_attrs(method="fit")
    assert not forest_of(near, "merge_tree").decades
