"""A slice and a run on it: what is drawn lies where it was, and what the projection hides stands beside it.

The file is long because the picture and the page of one figure are held against the same arrays, part by part.
"""

import io

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import style
from thalweg.figures.slice import panels, verdict
from thalweg.figures.slice.reading import ground_of, heights_of, projection_of

X, Y = np.linspace(-2, 3, 21), np.linspace(-1, 1, 11)
FACTS = {
    "framework": "torch",
    "parameters": 4,
    "loss": "mse_loss",
    "examples": 32,
    "kind": "filter-normalised",
    "seed": 3,
    "x_name": "direction 1",
    "y_name": "direction 2",
    "x_unit": "each filter's norm",
    "y_unit": "each filter's norm",
    "norms": [2.0, 2.0],
    "cosine": 0.0,
    "loss_at_origin": 0.1,
}
VERDICT = (
    "The picture misleads: at step 0 the run's loss was 2.6, the surface under it is 0.35; the run is 1.5 away from the "
    "plane, 93 % of its way. The plane holds 13.2 % of the run's squared distance from the origin. Take other directions."
)


def bowl(x, y):
    """A bowl that rises faster to the right and to the top, so that a turned picture shows."""
    return 0.1 + np.where(x > 0, 0.8, 0.3) * x**2 + np.where(y > 0, 3.0, 1.0) * y**2


def surface(losses=None, x=X, y=Y, **attrs):
    values = bowl(x, y[:, None]) if losses is None else losses
    return xr.Dataset({"loss": (("y", "x"), values)}, {"x": x, "y": y}, FACTS | attrs)


def line(**attrs):
    facts = {name: value for name, value in FACTS.items() if not name.startswith("y_") and name != "cosine"}
    return xr.Dataset({"loss": ("x", bowl(X, 0.0))}, {"x": X}, facts | {"norms": [2.0]} | attrs)


def path(trust="poor", axes=("x", "y"), **attrs):
    """A run that comes down to the origin from beside the plane."""
    step = np.arange(0, 41, 4)
    left = 1 - step / 40
    places = {"x": 1.2 * left, "y": -0.6 * left**2}
    under = bowl(places["x"], places["y"] if "y" in axes else 0.0)
    parts = {name: ("step", places[name]) for name in axes}
    parts |= {"distance": ("step", 1.5 * left), "travelled": ("step", 1.61 * left)}
    parts |= {"true_loss": ("step", 0.05 + 2.5 * left**2), "surface_loss": ("step", under)}
    parts |= {"run_loss": parts["true_loss"]}
    facts = {"share": 0.132, "share_x": 0.1, "share_y": 0.032, "verdict": VERDICT, "trust": trust}
    return xr.Dataset(parts, {"step": step}, facts | {"x_name": "direction 1", "y_name": "direction 2"} | attrs)


def drawn(*parts):
    return drawn_with(lambda: tw.figures.slice(*parts))


def drawn_with(make):
    """Draw in the look of all figures; Matplotlib's own would set letters otherwise."""
    with style.styled():
        sheet = make().static()
        FigureCanvasAgg(sheet)
        return sheet


def pixels(figure, dpi=60):
    return np.asarray(Image.open(io.BytesIO(figure.png(dpi))).convert("RGB")).astype(int)


def line_of(axes, label):
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return np.column_stack([found.get_xdata(), found.get_ydata()])


def words_of(sheet):
    return [text.get_text() for text in sheet.texts]


def legend_of(sheet):
    return [text.get_text() for text in sheet.legends[0].get_texts()]


def test_the_map_is_the_right_way_round():
    axes = drawn(surface()).axes[0]
    gray = axes.images[0].get_array()[..., 0].astype(int)
    assert axes.images[0].origin == "lower"
    assert gray[len(gray) // 2, -1] > gray[len(gray) // 2, 0]  # higher to the right
    assert gray[-1, 15] > gray[0, 15]  # higher at the top
    assert axes.get_xlim() == (-2, 3)
    assert axes.get_ylim() == (-1, 1)


def test_the_landscape_is_the_surface():
    (ground,) = (part for part in tw.figures.slice(surface()).interactive()["data"] if part["type"] == "surface")
    np.testing.assert_array_equal(ground["customdata"], bowl(X, Y[:, None]).astype(np.float32))
    np.testing.assert_array_equal(ground["x"], X)
    np.testing.assert_array_equal(ground["y"], Y)


def test_start_and_end_lie_where_the_run_did():
    axes = drawn(surface(), path()).axes[0]
    np.testing.assert_array_equal(line_of(axes, "start"), [[1.2, -0.6]])
    np.testing.assert_array_equal(line_of(axes, "step 40"), [[0, 0]])


def test_both_losses_and_both_distances_stand_beside_the_map():
    run = path()
    sheet = drawn(surface(), run)
    losses, ways = sheet.axes[2], sheet.axes[4]
    for axes, label, name in (
        (losses, panels.TRUE, "true_loss"),
        (losses, panels.UNDER, "surface_loss"),
        (ways, "from the plane", "distance"),
        (ways, panels.TRAVELLED, "travelled"),
    ):
        np.testing.assert_array_equal(line_of(axes, label), np.column_stack([run["step"], run[name]]))
    (gap,) = losses.collections
    corners = set(map(tuple, gap.get_paths()[0].vertices.tolist()))
    for name in ("true_loss", "surface_loss"):
        assert set(zip(run["step"].values.tolist(), run[name].values.tolist(), strict=True)) <= corners


def test_a_short_logarithmic_axis_has_plain_numbers_and_a_long_one_powers_of_ten():
    def labels(lowest):
        run = path()
        run["true_loss"] = ("step", np.geomspace(2.0, lowest, run.sizes["step"]))
        axes = drawn(surface(), run.assign(surface_loss=run["true_loss"], run_loss=run["true_loss"])).axes[2]
        assert axes.get_yscale() == "log"
        low, high = axes.get_ylim()
        places = zip(axes.get_yticks(), axes.yaxis.get_ticklabels(), strict=True)
        return [text.get_text() for place, text in places if low <= place <= high]

    assert labels(0.15) == ["0.2", "0.5", "1", "2"]
    assert all("10^" in text for text in labels(1e-5))


def test_recorded_losses_are_drawn_where_they_are_others():
    same, other = path(), path()
    other["run_loss"] = other["true_loss"] * 1.5
    assert len(drawn(surface(), same).axes[2].lines) == 2
    assert len(drawn(surface(), other).axes[2].lines) == 3
    assert "as the training recorded" in tw.figures.slice(surface(), other).caption


def test_the_verdict_stands_in_the_figure_without_repeating_itself():
    told = " ".join(words_of(drawn(surface(), path())))
    assert "This picture misleads · the plane holds 13 % of the run's squared distance (10 % + 3.2 %)" in told
    assert "At step 0 the run's loss was 2.6, the surface under it is 0.35; the run is 1.5 away" in told
    assert told.count("holds") == 1
    assert "Take other directions." in told
    assert VERDICT in tw.figures.slice(surface(), path()).caption


def test_a_picture_that_misleads_has_a_red_frame_and_a_good_one_has_none():
    frame = np.array(to_rgb(verdict.DEGREES["poor"].edge())) * 255

    def red(trust):
        seen = pixels(tw.figures.slice(surface(), path(trust)), 100)
        # Edges are blended with the paper, by much less than this.
        return int((np.abs(seen[300:] - frame).max(axis=-1) < 40).sum())

    # At 100 dots an inch the frame is about 2 dots thick and 1,500 long.
    assert red("poor") > 2000
    assert red("good") < 300


def test_degrees_of_trust_differ_without_colour_too():
    headings = {look.heading for look in verdict.DEGREES.values()}
    assert len(headings) == len(verdict.DEGREES) == 3
    assert [look.weight > 0 for look in verdict.DEGREES.values()] == [False, False, True]


@pytest.mark.parametrize("words", [1, 20, 60, 300])
def test_no_text_leaves_the_page(words):
    name = "a very long name of a direction"
    long = path(verdict=" ".join(["misleading"] * words), x_name=name)
    sheet = drawn(surface(x_name=name, x_unit="a long unit, too", y_unit="u" * 60), long)
    sheet.draw_without_rendering()
    width, height = sheet.get_size_inches() * sheet.dpi
    for text in [*sheet.texts, *sheet.legends[0].get_texts(), *(axes.yaxis.label for axes in sheet.axes)]:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def variants():
    holes = bowl(X, Y[:, None])
    holes[:3, :4] = np.nan
    outside = path()
    outside["x"] = outside["x"] + 2.5
    return {
        "bare": (surface(),),
        "poor": (surface(), path()),
        "good": (surface(), path("good")),
        "holes": (surface(holes), path("fair")),
        "outside": (surface(), outside),
        "line": (line(),),
        "run on a line": (line(), path(axes=("x",))),
        "tall": (surface(norms=[0.1, 4.0]), path()),
        "constant": (surface(np.ones((11, 21))), path()),
        "one step": (surface(), path().isel(step=[3])),
    }


@pytest.mark.parametrize("name", variants())
def test_nothing_is_cut_off_at_the_edges(name):
    seen = pixels(tw.figures.slice(*variants()[name]))
    assert min(seen[0].min(), seen[-1].min(), seen[:, 0].min(), seen[:, -1].min()) == 255


@pytest.mark.parametrize("name", variants())
def test_a_page_says_as_much(name):
    described = tw.figures.slice(*variants()[name]).interactive()
    assert tw.figures.page.packed(described)["data"]
    notes = [note["text"].replace("<br>", " ") for note in described["layout"].get("annotations", [])]
    assert any("of the run's squared distance" in note for note in notes) == (len(variants()[name]) == 2)


def test_drawing_changes_no_global_setting():
    before = dict(matplotlib.rcParams)
    pixels(tw.figures.slice(surface(), path()))
    assert dict(matplotlib.rcParams) == before


def test_what_is_not_finite_is_hatched_and_stated():
    losses = bowl(X, Y[:, None])
    losses[0, :7], losses[10, 20] = np.nan, np.inf
    figure = tw.figures.slice(surface(losses))
    sheet = drawn(surface(losses))
    # 8 of 231 places.
    assert "not finite, 3.5 %" in legend_of(sheet)
    assert "3.5 % of the slice is not finite" in figure.caption
    (cover,) = (patch for patch in sheet.axes[0].patches if patch.get_hatch())
    assert cover.contains_point(sheet.axes[0].transData.transform((-2 + 0.01, -1 + 0.01)))
    assert not cover.contains_point(sheet.axes[0].transData.transform((0, 0)))
    (ground,) = (part for part in figure.interactive()["data"] if part["type"] == "surface")
    np.testing.assert_array_equal(np.isnan(ground["z"]), ~np.isfinite(losses))


def test_a_few_huge_losses_are_cut_and_stated():
    losses = bowl(X, Y[:, None])
    losses[10, 20] = 1e12
    heights = heights_of(ground_of(surface(losses)), None)
    usual = np.delete(losses.ravel(), 10 * 21 + 20).max()
    assert usual <= heights.top < 1e3 * usual
    assert any(text.startswith("above ") for text in legend_of(drawn(surface(losses))))
    assert "of the slice lies above" in tw.figures.slice(surface(losses)).caption
    assert not heights_of(ground_of(surface()), None).above


def test_both_axes_have_one_scale_of_distance():
    for norms in ([2.0, 2.0], [1.0, 2.0]):
        axes = drawn(surface(norms=norms)).axes[0]
        box = axes.get_position()
        across, up = box.width * 7.2 / 5 / norms[0], box.height * 4.5 / 2 / norms[1]
        # Inches for one unit of parameter distance, equal to rounding.
        np.testing.assert_allclose(across, up, rtol=1e-9)


def test_axes_that_have_two_scales_of_distance_say_so():
    strip, plain = (surface(norms=norms) for norms in ([2.0, 0.2], [1.0, 2.0]))
    assert any("axes to different scales" in text for text in words_of(drawn(strip)))
    assert "is 25 times as wide as high, unlike the map and the landscape of a page" in tw.figures.slice(strip).caption
    # 2.5 times as wide as high there is room on the map.
    assert "as high, unlike the landscape of a page" in tw.figures.slice(surface(), path()).caption
    assert not any("scales" in text for text in [*words_of(drawn(plain)), *words_of(drawn(surface()))])
    assert "unlike" not in tw.figures.slice(plain).caption
    scene = tw.figures.slice(plain).interactive()["layout"]["scene"]["aspectratio"]
    assert scene["x"] / scene["y"] == 5 / 4


def test_long_labels_of_a_landscape_are_broken_for_a_phone():
    named = surface(x_name="principal direction 1 (97.7 %)", x_unit="normal displacement of every parameter")
    label = tw.figures.slice(named).interactive()["layout"]["scene"]["xaxis"]["title"]["text"]
    lines = label.split("<br>")
    assert " ".join(lines) == "principal direction 1 (97.7 %) [normal displacement of every parameter]"
    assert max(map(len, lines)) <= 24


def test_long_labels_of_a_map_are_broken_before_their_unit():
    name, unit = "principal direction 1 (97.7 %)", "normal displacement of every parameter"
    axis = drawn(surface(x_name=name, x_unit=unit), path(x_name=name)).axes[0].xaxis
    assert axis.get_label_text() == f"{name}\n[{unit}]"
    assert axis.label.get_fontsize() > 7


def test_a_long_name_of_a_loss_is_written_out():
    figure = tw.figures.slice(surface(loss="sparse_categorical_crossentropy"))
    assert "sparse categorical crossentropy loss on 32 examples" in figure.caption


def test_the_axes_have_names_and_units():
    axes = drawn(surface()).axes[0]
    assert axes.get_xlabel() == "direction 1 [each filter's norm]"
    assert axes.get_ylabel() == "direction 2 [each filter's norm]"
    scene = tw.figures.slice(surface()).interactive()["layout"]["scene"]
    assert scene["yaxis"]["title"]["text"] == "direction 2<br>[each filter's norm]"


def test_the_viewer_of_a_landscape_stands_on_low_ground():
    def eye(losses):
        return tw.figures.slice(surface(losses)).interactive()["layout"]["scene"]["camera"]["eye"]

    high_right, high_left = eye(5 + X + 0.1 * Y[:, None]), eye(5 - X + 0.1 * Y[:, None])
    assert high_right["x"] < 0 < high_left["x"]


def test_directions_that_are_not_at_right_angles_are_told():
    assert "not at right angles, their cosine is 0.4" in tw.figures.slice(surface(cosine=0.4)).caption
    assert "right angles" not in tw.figures.slice(surface()).caption


def test_a_run_below_the_surface_is_drawn_below_it():
    # The run ends at 0.05, lower than all of the surface, whose lowest point is 0.1.
    run = path()
    ground = ground_of(surface())
    heights = heights_of(ground, projection_of(run, ground))
    own, on = (
        next(part for part in tw.figures.slice(surface(), run).interactive()["data"] if part.get("name") == name)
        for name in ("run", "on the surface")
    )
    np.testing.assert_allclose(heights.spacing.back(own["z"]), run["true_loss"], atol=1e-12)  # rounding of a logarithm
    np.testing.assert_allclose(heights.spacing.back(on["z"]), run["surface_loss"], atol=1e-12)
    assert own["z"][-1] < heights.spaced.min()


def test_a_page_tells_every_step_and_drops_a_line_between_the_losses():
    run = path()
    parts = tw.figures.slice(surface(), run).interactive()["data"]
    own = next(part for part in parts if part.get("name") == "run")
    np.testing.assert_array_equal(own["text"], run["step"])
    columns = ("true_loss", "surface_loss", "distance", "travelled")
    np.testing.assert_array_equal(own["customdata"], np.stack([run[name] for name in columns], axis=-1))
    drops = next(part for part in parts if part.get("name") == "between the two")
    on = next(part for part in parts if part.get("name") == "on the surface")
    np.testing.assert_array_equal(np.reshape(drops["z"], (-1, 3))[:, :2], np.stack([own["z"], on["z"]], axis=-1))


def test_levels_are_logarithmic_where_a_run_would_be_flat():
    # A tilted plane from 2 to 9; a run that spans a seventieth of that would lie on one level.
    slope = surface(5 + X + Y[:, None])
    low = path()
    low["true_loss"], low["surface_loss"] = 2 + low["true_loss"] / 25, 2 + low["surface_loss"] / 25
    assert not heights_of(ground_of(slope), None).spacing.logarithmic
    assert heights_of(ground_of(slope), projection_of(low, ground_of(slope))).spacing.logarithmic
    assert "levels are evenly spaced in the logarithm" in tw.figures.slice(slope, low).caption
    assert "levels are evenly spaced in the loss" in tw.figures.slice(slope).caption


def test_steps_outside_the_slice_are_counted_and_have_no_mark():
    run = path()
    run["x"] = run["x"] + 2.5  # the first six of eleven lie beyond 3
    figure, axes = tw.figures.slice(surface(), run), drawn(surface(), run).axes[0]
    outside = int((run["x"] > 3).sum())
    assert f"at {outside} drawn steps the path is outside" in figure.caption
    assert not [line for line in axes.lines if line.get_label() == "start"]
    assert line_of(axes, "step 40").tolist() == [[2.5, 0]]


def test_the_caption_names_the_worst_step():
    assert "they differ most at step 0, 2.55 against 1.61, 1.5 from the plane and 1.61 from its origin" in (
        tw.figures.slice(surface(), path()).caption
    )


def test_on_a_line_thin_lines_join_the_run_to_the_curve():
    run = path(axes=("x",))
    axes = drawn(line(), run).axes[0]
    np.testing.assert_array_equal(line_of(axes, "surface"), np.column_stack([X, bowl(X, 0.0)]))
    drops = np.array(axes.collections[0].get_segments())
    np.testing.assert_array_equal(drops[:, 0], np.column_stack([run["x"], run["true_loss"]]))
    np.testing.assert_array_equal(drops[:, 1], np.column_stack([run["x"], run["surface_loss"]]))
    assert "the line holds 13 %" in " ".join(words_of(drawn(line(), run)))


def test_a_run_on_a_line_is_projected_onto_no_plane():
    figure = tw.figures.slice(line(), path(axes=("x",), verdict="The line holds 13.2 % of it."))
    described, sheet = figure.interactive(), drawn(line(), path(axes=("x",), verdict="Take two directions."))
    hovers = [part["hovertemplate"] for part in described["data"] if "hovertemplate" in part]
    notes = [note["text"] for note in described["layout"]["annotations"]]
    legends = [text.get_text() for axes in sheet.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    for told in (figure.title, figure.caption, *hovers, *notes, *legends, *words_of(sheet)):
        assert "plane" not in told
    assert "from the line" in legends
    assert "1.5 from the line and 1.61 from its origin" in figure.caption


def test_a_step_that_is_not_finite_is_left_out():
    run = path()
    run["x"][0] = np.nan
    assert projection_of(run, ground_of(surface())).step[0] == 4
    run["true_loss"][3] = np.inf
    assert pixels(tw.figures.slice(surface(), run)).min() < 100


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.5, "50 %"),
        (0.056, "5.6 %"),
        (0.0004, "less than 0.1 %"),
        (0.0, "0 %"),
        (0.9996, "99.96 %"),
        (0.995, "99.5 %"),
        (1.0, "100 %"),
    ],
)
def test_all_but_a_little_is_not_all(share, text):
    assert verdict.percent(share) == text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: (surface().drop_vars("loss"),),
            "surface does not hold a slice: it has no variable 'loss'; give what thalweg.networks.slice returns",
        ),
        (lambda: (surface().transpose("x", "y"),), r"it lies over \('x', 'y'\) here; give the results of thalweg"),
        (lambda: (surface(np.full((11, 21), np.nan)),), "finite nowhere.*choose a smaller span"),
        (lambda: (surface().isel(x=slice(None, None, -1)),), "the coordinate 'x', finite and rising"),
        (lambda: (surface().drop_vars("y"),), "the coordinate 'y', finite and rising"),
        (
            lambda: (surface(), path().drop_vars("distance")),
            "path does not hold a projected path: it has no variable 'distance'",
        ),
        (lambda: (surface(), path(axes=("x",))), "a path needs the variable 'y' over"),
        (lambda: (surface(), path().drop_attrs()), "a path needs the attribute 'share'"),
        (lambda: (surface(), path(trust="some")), "trust = 'some' is not allowed; give one of 'good', 'fair', 'poor'"),
        (lambda: (surface(), path(x_name="direction 7")), "lies along 'direction 7', the slice along 'direction 1'"),
        (lambda: (surface(), path() * np.nan), "finite at no step"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(wrong, message):
    parts = wrong()
    with pytest.raises(InvalidValue, match=message) as refused:
        tw.figures.slice(*parts)
    assert "\n" not in str(refused.value)
