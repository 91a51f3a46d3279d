"""Several runs by name in one picture: names in the legend, colours in the pixels, each at its own places."""

import io

import numpy as np
import optax
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb, to_rgba
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.marks import OPTIMIZERS, series_of

OPTIMISERS = {"sgd": optax.sgd(0.01), "adam": optax.adam(0.3), "momentum": optax.sgd(0.01, momentum=0.9)}


@pytest.fixture(scope="module")
def on_a_plane(himmelblau):
    objective = tw.objective(himmelblau.problem)
    return {
        name: tw.descend(objective, made, starts=[[-0.5, -1.0]], steps=20 + 5 * k)
        for k, (name, made) in enumerate(OPTIMISERS.items())
    }


@pytest.fixture(scope="module")
def on_a_circle(published):
    objective = tw.objective(published.problem, tw.losses.fourth_root())
    adam = tw.descend(objective, optax.adam(0.1), starts=-0.3, steps=30)
    return {"sgd": published.runs, "optax.adam": adam}


@pytest.fixture
def figures(request, published, himmelblau):
    """The figures of several runs, each with these by name."""
    plane, circle = (request.getfixturevalue(name) for name in ("on_a_plane", "on_a_circle"))
    return [
        (tw.figures.plane(himmelblau.surface, plane, himmelblau.valleys), plane),
        (tw.figures.profile(published.surface, circle, published.valleys), circle),
        (tw.figures.crown(published.surface, circle, published.valleys), circle),
        (tw.figures.loss(circle, published.valleys), circle),
        (tw.figures.fit(published.problem, circle), circle),
        (tw.figures.parameter(plane, himmelblau.valleys), plane),
    ]


def share(picture, colour):
    """Count the dots of a picture that have a colour, up to rounding."""
    dots = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    return int((np.abs(dots - np.round(255 * np.array(to_rgb(colour)))).max(axis=-1) <= 8).sum())


def test_every_run_has_its_name_and_its_colour(figures):
    for figure, runs in figures:
        legend, picture = figure.static().legends[0], figure.png()
        assert [text.get_text() for text in legend.get_texts()][: len(runs)] == list(runs)
        for look in series_of(list(runs)):
            assert share(io.BytesIO(picture), look.colour) > 100
        named = {trace.get("name"): trace for trace in figure.interactive()["data"]}
        for name, look in zip(runs, series_of(list(runs)), strict=True):
            part = named[name]["line" if "line" in named[name]["mode"] else "marker"]
            assert part["color"] == look.colour


def test_every_run_is_drawn_where_it_was(himmelblau, on_a_plane):
    described = tw.figures.plane(himmelblau.surface, on_a_plane, himmelblau.valleys).interactive()
    for name, runs in on_a_plane.items():
        trace = next(trace for trace in described["data"] if trace.get("name") == name)
        places = runs["params"].values[0, : int(runs["last_step"][0]) + 1]
        inside = (np.abs(places) <= 5).all(axis=-1)
        # Between its steps a path is led over the ground; the first point of each is the step itself.
        steps, whole = np.unique(trace["text"], return_index=True)
        assert np.array_equal(steps, np.arange(len(places)))
        assert np.array_equal(np.stack([trace["x"], trace["y"]], axis=-1)[whole][inside], places[inside])
        assert np.array_equal(trace["customdata"][whole][inside], runs["train_loss"].values[0, : len(places)][inside])


def test_a_plane_draws_every_path_in_its_colour(himmelblau, on_a_plane):
    axes = tw.figures.plane(himmelblau.surface, on_a_plane, himmelblau.valleys).static().axes[0]
    for look, runs in zip(series_of(list(on_a_plane)), on_a_plane.values(), strict=True):
        lines = [c for c in axes.collections if isinstance(c, LineCollection) and c.get_linewidths()[0] == 1.8]
        own = [line for line in lines if np.array_equal(line.get_colors()[0], to_rgba(look.colour))]
        assert len(own) == 1
        np.testing.assert_allclose(own[0].get_segments()[0][:3], runs["params"].values[0, :3], rtol=1e-12)


def test_the_caption_says_how_each_was_made_and_where_it_ends(on_a_circle, published):
    words = tw.figures.crown(published.surface, on_a_circle, published.valleys).caption
    end = np.degrees(on_a_circle["optax.adam"]["params"].values[0, -1, 0])
    assert f"optax.adam (adam(learning_rate=0.1), 30 steps) ends at {end:.4g}°".replace("-", "−") in words
    assert "sgd (sgd(learning_rate=0.05), 100 steps) ends at " in words


def test_runs_lie_side_by_side_on_a_crown(published, on_a_circle):
    described = tw.figures.crown(published.surface, on_a_circle, published.valleys).interactive()
    flare = []
    for name in on_a_circle:
        trace = next(trace for trace in described["data"] if trace.get("name") == name)
        x, y = (np.array(trace[axis]) for axis in "xy")
        flare.append(np.nanmedian(np.hypot(x, y)))
    assert flare[1] - flare[0] > 0.05


def test_runs_lie_above_each_other_on_a_profile_and_tell_their_own_losses(published, on_a_circle):
    described = tw.figures.profile(published.surface, on_a_circle, published.valleys).interactive()
    low, high = described["layout"]["yaxis"]["range"]
    for (name, runs), lane in zip(on_a_circle.items(), (0.0, 0.03), strict=True):
        trace = next(trace for trace in described["data"] if trace.get("name") == name)
        np.testing.assert_array_equal(trace["customdata"], runs["train_loss"].values[0])
        np.testing.assert_allclose(trace["y"] - trace["customdata"], lane * (high - low), atol=1e-12)


def test_of_marks_at_one_place_the_first_is_seen_around_the_others(himmelblau, on_a_plane):
    axes = tw.figures.plane(himmelblau.surface, on_a_plane, himmelblau.valleys).static().axes[0]
    looks = {look.colour: [] for look in series_of(list(on_a_plane))}
    for line in axes.lines:
        if line.get_color() in looks and line.get_zorder() == 2.5:
            looks[line.get_color()].append(line.get_markersize())
    sizes = [size for of_one in looks.values() for size in of_one]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


def test_several_runs_are_animated(tmp_path, published, on_a_circle):
    figure = tw.figures.crown(published.surface, on_a_circle, published.valleys)
    last = io.BytesIO()
    with Image.open(figure.save(tmp_path / "crown.gif")) as film:
        film.seek(film.n_frames - 1)
        film.convert("RGB").save(last, "png")
    for look in series_of(list(on_a_circle)):
        assert share(last, look.colour) > 60


def test_one_by_name_is_named_too(published):
    figure = tw.figures.profile(published.surface, {"mine": published.runs}, published.valleys)
    assert figure.static().legends[0].get_texts()[0].get_text() == "mine"


@pytest.mark.parametrize("draw", [tw.figures.crown, tw.figures.profile])
def test_what_is_no_runs_is_refused_by_its_name(published, himmelblau, draw):
    surface = published.surface
    with pytest.raises(InvalidValue, match=r"runs\['b'\] holds valleys, not runs; give what thalweg.descend returns"):
        draw(surface, {"a": published.runs, "b": published.valleys})
    with pytest.raises(InvalidValue, match=r"runs = \{\} names no runs; give some by name, or None"):
        draw(surface, {})
    with pytest.raises(InvalidValue, match=r"runs\['b'\] have 2 parameters and the surface 1"):
        draw(surface, {"a": published.runs, "b": himmelblau.runs})
    with pytest.raises(InvalidValue, match="runs holds valleys, not runs; give what thalweg.descend returns"):
        draw(surface, published.valleys)


def test_the_last_line_of_each_is_drawn_over_the_data(published, on_a_circle):
    figure = tw.figures.fit(published.problem, on_a_circle)
    traces = {trace.get("name"): trace for trace in figure.interactive()["data"]}
    for name, runs in on_a_circle.items():
        slope = np.tan(float(runs["params"][0, -1, 0]))
        x, y = traces[name]["x"], traces[name]["y"]
        assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(slope, rel=1e-6)
        assert f" ends at slope {slope:.4g}, intercept 0".replace("-", "−") in figure.caption


def test_usual_optimisers_have_colours_of_their_own():
    usual = OPTIMIZERS[:16]
    assert len({look.colour for look in series_of(usual)}) == 16
    assert series_of(["adagrad"])[0] == series_of(["sgd", "adagrad"])[1]


def test_a_legend_of_many_is_set_in_two_rows_rather_than_too_small(published):
    many = {f"learning_rate {0.01 * k:g}": published.runs for k in range(1, 5)}
    sheet = tw.figures.profile(published.surface, many, published.valleys).static()
    (legend,) = sheet.legends
    assert legend.get_texts()[0].get_size() >= 7
    sheet.draw_without_rendering()
    texts = [text.get_window_extent() for text in legend.get_texts()]
    assert len({round(box.y0) for box in texts}) == 2
    assert max(box.x1 for box in texts) < sheet.bbox.x1
