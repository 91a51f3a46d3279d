"""The crown: its arrays, its marks as drawn, its page and its film."""

import io
from dataclasses import replace

import numpy as np
import optax
import pytest
from PIL import Image
from scipy.spatial import KDTree

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.experiment.sections import Figures
from thalweg.figures import crown
from thalweg.figures.crown import film
from thalweg.figures.crown.arrays import crown_of
from thalweg.figures.crown.path import way_of
from thalweg.figures.crown.ring import HEIGHT
from thalweg.figures.crown.stage import set_stage
from thalweg.figures.drawing import style
from thalweg.study.survey import domain_of


@pytest.fixture(scope="module")
def arrays(published):
    (axis,) = domain_of(published.surface["train_loss"])
    return crown_of(published.surface, axis, published.runs, published.valleys, 0, None)


def test_every_valley_is_met_twice_on_the_drawn_circle(arrays):
    degrees = np.sort(np.degrees(arrays.marks))
    # The grid knows a place to half of a tenth of a degree; these lie on it.
    np.testing.assert_allclose(degrees, np.arange(0, 360, 36), atol=1e-9)


def test_the_surface_is_repeated_after_half_a_turn(arrays):
    np.testing.assert_array_equal(arrays.losses[:1800], arrays.losses[1800:])
    np.testing.assert_allclose(np.diff(arrays.angles), np.radians(0.1), atol=1e-12)


def test_all_passes_between_valleys_and_the_run_are_below_the_cut(arrays, published):
    merging = published.valleys["pass_loss"].values[published.valleys["pass_merges"].values == 1]
    assert merging.max() < arrays.levels.cut
    assert arrays.run.train.max() < arrays.levels.cut
    assert arrays.levels.base < arrays.losses.min()


def test_every_pass_at_which_valleys_join_is_marked_twice(arrays, published):
    joining = published.valleys["pass_merges"].values == 1
    degrees = np.degrees(published.valleys["pass_position"].values[joining, 0])
    expected = np.sort(np.mod(np.concatenate([degrees, degrees + 180]), 360))
    # Degrees and radians, and back: rounding.
    np.testing.assert_allclose(np.sort(np.degrees(arrays.passes)), expected, atol=1e-9)
    np.testing.assert_array_equal(np.sort(arrays.pass_losses[:4]), np.sort(published.valleys["pass_loss"][joining]))


def test_passes_above_a_cut_are_not_marked(published):
    (axis,) = domain_of(published.surface["train_loss"])
    found = crown_of(published.surface, axis, None, published.valleys, 0, 0.6)
    assert len(found.passes) == 4
    assert found.pass_losses.max() < 0.6


def test_a_page_has_a_line_across_every_pass(published, arrays):
    described = crown(*published.of_surface).interactive()
    (lines,) = (trace for trace in described["data"] if trace.get("name") == "passes")
    around = np.unique(np.mod(np.arctan2(lines["y"], lines["x"]), 2 * np.pi).round(9))
    np.testing.assert_allclose(around[np.isfinite(around)], np.sort(arrays.passes), atol=1e-8)


def test_names_on_a_crowded_crown_do_not_overlap(many):
    """They are those of the most persistent valleys; the others are faint lines without names."""
    lasting = np.argsort(-many.valleys["persistence"].values, kind="stable")[:24]
    (axis,) = domain_of(many.surface["train_loss"])
    shown = crown_of(many.surface, axis, None, many.valleys, 0, None)
    kept, rest = shown.parted
    number = many.valleys.sizes["valley"]
    assert kept.tolist() == [k + turn for k in lasting.tolist() for turn in (0, number)]
    assert sorted([*kept, *rest]) == list(range(2 * number))
    figure = crown(many.surface, None, many.valleys).static()
    names = [text for text in figure.axes[0].texts if text.get_text().endswith("°")]
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in names]
    assert 5 <= len(boxes) < 40
    assert {text.get_text() for text in names} <= {shown.mark_texts[k] for k in kept}
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])


def test_the_title_and_the_caption_tell_the_fall(published):
    figure = crown(*published.of_surface)
    assert figure.title == "5 valleys, and a run derailed once"
    assert "Between steps 6 and 7 the run is thrown out of 36° into 0°." in figure.caption
    assert "cut at 0.9" in figure.caption


def test_a_circle_that_is_no_lines_angle_is_drawn_once():
    import jax.numpy as jnp

    axis = tw.problems.Axis("u", 0, 2 * np.pi, periodic=True, unit="rad")
    objective = tw.objective(tw.problems.function(lambda p: jnp.cos(3 * p[0]), axis))
    surface = tw.survey(objective, points=360)
    found = crown_of(surface, axis, None, tw.find_valleys(objective, surface), 0, None)
    assert found.copies == 1
    assert np.sort(np.degrees(found.marks)).round(9).tolist() == [60.0, 180.0, 300.0]
    assert not found.above.any()


def test_a_run_is_drawn_at_its_true_loss(published, arrays):
    described = crown(*published.of_surface).interactive()
    (run,) = (trace for trace in described["data"] if trace.get("name") == "the run")
    heights = arrays.levels.height(published.runs["train_loss"].values[0].astype(float))
    # All are lifted off the surface alike.
    lift = run["z"] - HEIGHT * heights
    np.testing.assert_allclose(lift, lift[0], atol=1e-9)
    assert 0 < lift[0] < 0.02
    np.testing.assert_allclose(np.arctan2(run["y"], run["x"]), published.runs["params"].values[0, :, 0], atol=1e-6)


def test_a_page_has_one_arc_for_every_derailment(published):
    described = crown(*published.of_surface).interactive()
    arcs = [trace for trace in described["data"] if trace.get("name") == "step 6 → 7: 36° → 0°"]
    assert len(arcs) == 1
    assert np.isnan(arcs[0]["z"]).sum() == 1


def colours_of(picture: Image.Image) -> np.ndarray:
    return np.array([colour for _, colour in picture.convert("RGB").getcolors(2**24)])


def test_the_surface_is_gray_and_the_path_coloured(published):
    bare = colours_of(Image.open(io.BytesIO(crown(published.surface).png())))
    spread = bare.max(axis=1) - bare.min(axis=1)
    # Ink and muted ink are bluish by this much, and nothing else is drawn on a bare crown.
    assert spread.max() <= 24
    full = colours_of(Image.open(io.BytesIO(crown(*published.of_surface).png())))
    for colour in (style.valley(), style.derailment(), *style.path_stops()[1:4]):
        wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
        # A path's colours lie between the five that are named.
        assert np.abs(full - wanted).max(axis=1).min() <= 12, colour


def test_the_steps_keep_their_order_in_grey_print():
    shades = style.path_colours()(np.linspace(0, 1, 50))[:, :3]
    grey = shades @ [0.299, 0.587, 0.114]
    assert (np.diff(grey) > 0).all()
    assert grey[-1] - grey[0] > 0.6


@pytest.fixture(scope="module")
def filmed(tmp_path_factory, published):
    return crown(*published.of_surface).save(tmp_path_factory.mktemp("film") / "crown.gif")


def test_a_film_shows_every_step_and_rests_at_the_fall(filmed):
    with Image.open(filmed) as moving:
        lasting = []
        for frame in range(moving.n_frames):
            moving.seek(frame)
            lasting.append(moving.info["duration"])
        assert moving.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
    assert len(lasting) == 101
    usual = lasting[0]
    assert [step for step, time in enumerate(lasting) if time > usual] == [6, 7, 100]


def test_a_film_keeps_the_colours_of_the_path():
    colours = film.palette()
    assert colours.shape == (256, 3)
    frame = (255 * style.path_colours()(np.linspace(0, 1, 200))[None, :, :3]).astype(np.uint8)
    bins = film.bins_of(frame)
    kept = colours[film.nearest_of(colours, [bins])[bins]].astype(int)
    # A bin is 4 wide, and the palette's steps along the path are about 5.
    assert np.abs(kept - frame.astype(int)).max() <= 9


def test_the_last_frame_of_a_film_is_the_picture(filmed, published):
    figure = crown(*published.of_surface)
    with Image.open(filmed) as moving:
        moving.seek(moving.n_frames - 1)
        last = np.asarray(moving.convert("RGB")).astype(int)
    picture = np.asarray(Image.open(io.BytesIO(figure.png(film.DOTS))).convert("RGB")).astype(int)
    number = np.s_[630:680, :200]  # of the step, in the film only
    last[number] = picture[number]
    # 88 grays lie 2.9 apart, a bin of colours is 4 wide, and light red and green have steps of 9.
    assert np.abs(last - picture).max(axis=-1).mean() < 2
    assert np.quantile(np.abs(last - picture), 0.999) <= 12


def test_a_film_is_drawn_in_a_look_that_was_read_from_a_file(published, tmp_path):
    """Such a look holds lists."""
    figure = replace(crown(*published.of_surface), shown=Figures(formats=["png"], size=[9.0, 7.0]))
    assert figure.save(tmp_path / "crown.gif").stat().st_size > 10_000


def test_an_mp4_needs_ffmpeg_and_says_so(tmp_path, published, monkeypatch):
    monkeypatch.setattr(film, "which", lambda name: None)
    with pytest.raises(
        InvalidValue, match="cannot write a.mp4: ffmpeg is not on the PATH; install it, or write a .gif"
    ):
        crown(*published.of_surface).save(tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


def test_a_surface_without_a_run_does_not_move(published):
    assert crown(published.surface).moving is None


def test_a_constant_surface_is_a_plain_ring(constant):
    figure = crown(constant.surface, None, constant.valleys)
    assert figure.title == "A surface that is constant to rounding"
    assert figure.png(40).startswith(b"\x89PNG")
    assert figure.interactive()["data"]


def test_a_run_that_goes_around_and_around_is_drawn():
    objective = tw.objective(tw.problems.pencil(residual="orthogonal"), tw.losses.fourth_root())
    surface = tw.survey(objective)
    runs = tw.descend(objective, optax.sgd(1.0), starts=[2.0, -1.0], steps=40)
    figure = crown(surface, runs, tw.find_valleys(objective, surface), run=1)
    assert figure.png(40).startswith(b"\x89PNG")


def test_a_long_step_follows_the_surface_and_breaks_where_it_is_hidden():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    surface = tw.survey(objective)
    runs = tw.descend(objective, optax.sgd(0.05), starts=-1.5490, steps=3)
    (axis,) = domain_of(surface["train_loss"])
    shown = crown_of(surface, axis, runs, None, 0, None)
    # One step carries it around half the ring and more.
    assert np.ptp(shown.path) > np.pi
    stage = set_stage(shown, "", "")
    way = way_of(stage)
    around = np.linspace(0, 2 * np.pi, 20001)
    top = stage.ring.project(stage.ring.place(around, stage.ring.top(around)))
    for piece in way.lines:
        # Points are lifted by 0.012 of a height of 0.8, and neighbours lie a degree apart.
        assert np.hypot(*np.diff(piece, axis=0).T).max() < 0.1
        nearest = KDTree(top).query(piece)[0]
        assert nearest.max() < 0.012
    assert len(way.lines) > 1


def test_leaps_of_many_turns_are_drawn_by_their_ends_and_told(published, tmp_path):
    places = np.array([0.2, 0.9, 0.9 + 7.0, 40.0, 1e6, -4e16, -4e16])
    runs = published.runs.isel(step=slice(0, 7)).copy(deep=True)
    runs["params"].values[0, :, 0] = places
    runs["last_step"].values[:] = 6
    (axis,) = domain_of(published.surface["train_loss"])
    found = crown_of(published.surface, axis, runs, published.valleys, 0, None)
    leaping = [1, 2, 3, 4]
    assert found.leaps.tolist() == leaping
    assert found.turns[1] == pytest.approx(7 / (2 * np.pi), rel=1e-6)
    steps = np.floor(found.along).astype(int)
    assert [int((steps == step).sum()) for step in range(6)] == [41, 2, 2, 2, 2, 8]
    drawn = way_of(set_stage(found, "", "")).line_step
    assert not set(drawn) & set(leaping)
    figure = tw.figures.crown(published.surface, runs, published.valleys)
    assert "4 steps of more than a turn, 6.4 × 10¹⁵ turns at most, are drawn by their ends alone." in figure.caption
    page = figure.interactive()["data"]
    (line,) = [trace for trace in page if trace.get("mode") == "lines" and len(trace["x"]) == len(found.along)]
    gaps = np.isnan(np.asarray(line["z"], dtype=float))
    assert gaps[np.isin(found.along, np.array(leaping) + 0.5)].all()


def test_a_path_of_very_many_long_steps_is_drawn_more_coarsely(published):
    runs = tw.descend(
        tw.objective(tw.problems.pencil(points=3), tw.losses.fourth_root()), optax.sgd(0.5), steps=400, precision=32
    )
    runs["params"].values[0, :, 0] = np.resize([0.0, 3.1], 401)
    (axis,) = domain_of(published.surface["train_loss"])
    found = crown_of(published.surface, axis, runs, None, 0, None)
    assert not len(found.leaps)
    assert 15_000 < len(found.along) <= 20_001


def test_a_plane_cannot_be_crowned(line):
    with pytest.raises(
        InvalidValue, match=r"a crown needs one periodic parameter, .* W, b; draw it with figures.plane"
    ):
        crown(line.surface)
