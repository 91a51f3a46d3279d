"""Basins: neighbours in different colours, and the same surface in grey."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import hues, relief
from thalweg.figures.drawing.terrain.reading import terrain_of


@given(st.floats(0, 1), st.integers(0, len(hues.ANGLES) - 1))
def test_a_colour_is_as_light_as_its_gray(grey, hue):
    colour = hues.tinted(np.array(grey), np.array(hue))
    assert colour @ hues.LUMA == pytest.approx(grey, abs=1e-12)
    # Rounding may leave the range by as much.
    assert (colour >= -1e-12).all()
    assert (colour <= 1 + 1e-12).all()


def test_colours_are_told_apart():
    colours = hues.tinted(np.full(len(hues.ANGLES), 0.8), np.arange(len(hues.ANGLES)))
    apart = np.linalg.norm(colours[:, None] - colours, axis=-1)
    assert apart[~np.eye(len(colours), dtype=bool)].min() > 0.07


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda ends: ends[0] != ends[1]), max_size=24))
def test_neighbours_get_different_colours(pairs):
    between = np.array(pairs, dtype=int).reshape(-1, 2)
    found = hues.colouring(12, between)
    degree = np.bincount(between.ravel(), minlength=12)
    if degree.max() < len(hues.ANGLES):
        assert (found[between[:, 0]] != found[between[:, 1]]).all()
    assert found.min() == 0
    assert found.max() < len(hues.ANGLES)


def test_neighbours_on_a_map_get_different_colours(himmelblau):
    # Where the ground of two basins touches, so do their colours.
    ground = himmelblau.valleys["basin"].values
    found = hues.colouring(himmelblau.valleys.sizes["valley"], himmelblau.valleys["pass_between"].values)
    for one, other in ((ground[1:], ground[:-1]), (ground[:, 1:], ground[:, :-1])):
        meet = one != other
        assert (found[one[meet]] != found[other[meet]]).all()


def test_a_map_in_grey_shows_the_surface(himmelblau):
    heights = himmelblau.surface["train_loss"].values
    spaced = relief.spacing_of(heights).of(heights)
    levels = relief.levels_of(spaced)
    coloured = relief.picture(spaced, levels, himmelblau.valleys["basin"].values)
    grey = relief.picture(spaced, levels)[..., 0]
    assert np.ptp(coloured, axis=-1).max() > 20
    # Every channel is rounded to a whole number, and so is the gray.
    np.testing.assert_allclose(coloured @ hues.LUMA, relief.TINTED * grey, atol=1.6)


def test_ground_in_no_basin_stays_gray():
    colours = hues.tinted(np.array([0.5, 0.9]), np.array([hues.NONE, hues.NONE]))
    np.testing.assert_array_equal(colours, [[0.5] * 3, [0.9] * 3])


def test_the_ground_under_a_curve_is_cut_at_the_passes(published):
    axes = tw.figures.basins(*published.of_surface).static().axes[0]
    (ground,) = (part for part in axes.collections if type(part) is PolyCollection)
    outlines = [path.vertices for path in ground.get_paths()]
    cuts = np.array([outline[:, 0].max() for outline in outlines[:-1]])
    passes = np.degrees(published.valleys["pass_position"].values[published.valleys["pass_merges"].values == 1, 0])
    # The ground is cut half-way to the next place of the grid, a tenth of a degree away.
    assert np.abs(np.sort(cuts)[None] - np.sort(passes)[:, None]).min(axis=1).max() <= 0.051
    colours = ground.get_facecolor()
    assert (np.abs(np.diff(colours, axis=0)).max(axis=1) > 0.05).all()
    np.testing.assert_array_equal(
        [outline[:, 0].min() for outline in outlines[1:]], [outline[:, 0].max() for outline in outlines[:-1]]
    )


def test_an_exact_census_colours_the_ground_too():
    objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    surface = tw.survey(objective)
    exact = tw.find_valleys(objective, method="exact")
    grid = tw.find_valleys(objective, surface)
    told = [tw.figures.basins(surface, None, valleys).caption.split(" Pencil")[0] for valleys in (exact, grid)]
    assert told[0] == told[1]


def test_minima_passes_and_the_path_are_on_the_map(himmelblau):
    axes = tw.figures.basins(*himmelblau.of_surface).static().axes[0]
    marks = {line.get_label(): np.column_stack([line.get_xdata(), line.get_ydata()]) for line in axes.lines}
    np.testing.assert_array_equal(marks["valleys"], himmelblau.valleys["position"].values)
    joining = himmelblau.valleys["pass_merges"].values == 1
    np.testing.assert_array_equal(marks["passes"], himmelblau.valleys["pass_position"].values[joining])
    np.testing.assert_array_equal(marks["start"], himmelblau.runs["params"].values[0, :1])


def test_the_lines_between_basins_part_all_neighbouring_places(himmelblau):
    chart = terrain_of(himmelblau.surface, None, himmelblau.valleys, 0)
    ground = himmelblau.valleys["basin"].values
    shores = replace(chart, basins=ground).shores
    assert len(shores) == (np.diff(ground, axis=0) != 0).sum() + (np.diff(ground, axis=1) != 0).sum()


def test_a_page_has_a_coloured_ground_for_each_colour(himmelblau, published):
    described = tw.figures.basins(*himmelblau.of_surface).interactive()
    grounds = [trace for trace in described["data"] if trace["type"] == "surface"]
    shown = sum(np.isfinite(trace["z"]).sum() for trace in grounds[1:])
    assert shown == himmelblau.valleys["basin"].size
    flat = tw.figures.basins(*published.of_surface).interactive()
    assert len({trace["fillcolor"] for trace in flat["data"] if trace.get("fill") == "toself"}) >= 2


def test_the_caption_tells_how_much_drains_where(published):
    assert tw.figures.basins(*published.of_surface).caption.startswith(
        "Shares of the domain that drain into each valley: 0° 32 %"
    )


def test_nothing_is_cut_off_at_the_edges(published, line, himmelblau, many, constant):
    for results in (published, line, himmelblau, many, constant):
        pixels = np.asarray(Image.open(io.BytesIO(tw.figures.basins(*results.of_surface).png(80))).convert("L"))
        assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 255


def test_basins_need_valleys_of_the_same_surface(published, himmelblau, line):
    with pytest.raises(InvalidValue, match=r"the figure 'basins' needs valleys with their basins; give it what find_"):
        tw.figures.basins(published.surface)
    with pytest.raises(
        InvalidValue, match=r"the basins are of another grid \(101 x 101\) than the surface \(41 x 41\)"
    ):
        tw.figures.basins(line.surface, None, himmelblau.valleys)


def test_minima_of_zero_are_listed_as_zero(himmelblau):
    assert (himmelblau.valleys["loss"].values != 0).any()  # one of the four is so only to rounding
    sheet = tw.figures.basins(himmelblau.surface, None, himmelblau.valleys).static()
    listed = [text.get_text() for axes in sheet.axes for text in axes.texts] + [text.get_text() for text in sheet.texts]
    assert listed.count("0") >= 4
    assert not any("⁻" in text for text in listed)
