import numpy as np
import optax
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy.interpolate import RegularGridInterpolator

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import relief, style


def line_of(axes, label):
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return np.column_stack([found.get_xdata(), found.get_ydata()])


def test_start_and_end_are_the_runs(line):
    axes = tw.figures.plane(*line.of_surface).static().axes[0]
    np.testing.assert_array_equal(line_of(axes, "start"), line.runs["params"].values[0, :1])
    np.testing.assert_array_equal(line_of(axes, "step 10"), line.runs["params"].values[0, -1:])


def test_the_valleys_of_himmelblau_are_marked_and_named(himmelblau):
    axes = tw.figures.plane(*himmelblau.of_surface).static().axes[0]
    np.testing.assert_array_equal(line_of(axes, "valleys"), himmelblau.valleys["position"].values)
    numbers = [text.get_text() for text in axes.texts if text.get_color() == style.valley()]
    assert sorted(numbers) == ["0", "1", "2", "3"]


def test_a_number_never_stands_on_the_mark_of_another_valley():
    """Else it would name that one: the second here lies where the number of the first usually stands."""
    objective = tw.objective(tw.problems.himmelblau())
    surface, valleys = tw.survey(objective, points=61), tw.find_valleys(objective)
    # The usual map is about 215 points wide, so 0.3 of an axis of 10 are 6.5 of them.
    valleys["position"][:2] = np.array([[0.0, 0.0], [0.3, 0.3]])
    axes = tw.figures.plane(surface, None, valleys).static().axes[0]
    sides = {text.get_text(): (text.get_ha(), text.get_va()) for text in axes.texts}
    assert sides["0"] != ("left", "bottom")
    assert sides["1"] == ("left", "bottom")


def test_ends_of_other_runs_are_seen_on_the_valleys(himmelblau):
    axes = tw.figures.plane(*himmelblau.of_surface).static().axes[0]
    (ends,) = (line for line in axes.lines if str(line.get_label()).startswith("ends of"))
    (valleys,) = (line for line in axes.lines if line.get_label() == "valleys")
    assert ends.get_zorder() > valleys.get_zorder()
    assert ends.get_markersize() < valleys.get_markersize()


def test_of_many_valleys_the_most_persistent_are_named_and_the_rest_are_faint():
    objective = tw.objective(tw.problems.rastrigin())
    surface = tw.survey(objective, points=101)
    valleys = tw.find_valleys(objective, surface, refine=False)
    # The deepest comes first; of all others the last is made the most persistent.
    last = valleys.sizes["valley"] - 1
    valleys["persistence"][last] = 2 * float(valleys["persistence"][1:].max())
    axes = tw.figures.plane(surface, None, valleys).static().axes[0]
    numbers = {text.get_text() for text in axes.texts if text.get_color() == style.valley()}
    assert {"0", str(last)} <= numbers
    marked, rest = line_of(axes, "the 24 most persistent valleys"), line_of(axes, f"{last - 23} more")
    assert valleys["position"].values[last].tolist() in marked.tolist()
    assert len(marked) + len(rest) == last + 1
    places = {tuple(place): k for k, place in enumerate(valleys["position"].values.tolist())}
    persistence = valleys["persistence"].values
    of_marked, of_rest = (persistence[[places[tuple(at)] for at in part.tolist()]] for part in (marked, rest))
    assert of_marked.min() >= of_rest.max()


def test_the_darkest_gray_is_the_lowest_ground():
    x = np.linspace(-1, 1, 101)
    heights = (x[:, None] - 0.4) ** 2 + (x - 0.2) ** 2
    gray = relief.picture(heights, relief.levels_of(heights))[..., 0]
    row, column = np.unravel_index(np.argmin(gray), gray.shape)
    found = np.array([column, row]) / (np.array(gray.shape[::-1]) - 1) * 2 - 1
    # The lowest of 15 levels is as wide as sqrt(1/15) of the way to the highest corner, 1.84.
    assert np.hypot(*(found - [0.4, 0.2])) <= 1.84 * np.sqrt(1 / 15)


def test_two_places_of_equal_loss_have_the_gray_that_the_bar_gives_it():
    # Five slopes of one bowl, of one loss: towards the light from the upper left, away from it, and across. All
    # lie in the middle of a level; read as pixels of the finished picture.
    surface = tw.survey(tw.objective(tw.problems.rastrigin()), points=101)
    x, y = (surface[name].values for name in surface["train_loss"].dims)
    surface["train_loss"][:] = x[:, None] ** 2 + y**2
    sheet = tw.figures.plane(surface).static()
    canvas = FigureCanvasAgg(sheet)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    axes, bar = sheet.axes[0], sheet.axes[1]

    def gray(part, place):
        column, row = part.transData.transform(place)
        return int(pixels[-1 - int(row), int(column), 0])

    spacing = relief.spacing_of(surface["train_loss"].values)
    level = relief.levels_of(spacing.of(surface["train_loss"].values))[[6, 7]].mean()
    reach = np.sqrt(spacing.back(level))
    turns = np.radians([135, 315, 45, 225, 100])
    grays = [gray(axes, (reach * np.cos(turn), reach * np.sin(turn))) for turn in turns]
    assert np.ptp(grays) <= 2
    assert abs(grays[0] - gray(bar, (0.5, level))) <= 2


def test_light_from_the_upper_left_falls_on_walls_that_face_it():
    x = np.linspace(-1, 1, 41)
    bowl = x[:, None] ** 2 + x**2
    upper_left, lower_right = [[-0.5, 0.4], [-0.4, 0.5]], [[0.5, -0.4], [0.4, -0.5]]
    shade, light = relief.lit(np.array([upper_left, lower_right]), x, x, bowl)
    assert light > 0.9
    assert shade < -0.9


def test_deep_narrow_ground_gets_a_logarithm():
    x = np.linspace(-2, 2, 81)
    canyon = 100 * (x - x[:, None] ** 2) ** 2 + (1 - x[:, None]) ** 2
    spacing = relief.spacing_of(canyon)
    assert spacing.logarithmic
    np.testing.assert_allclose(spacing.back(spacing.of(canyon)), canyon, atol=1e-9)
    assert not relief.spacing_of(x[:, None] + x).logarithmic


def test_a_path_that_leaves_the_box_is_cut_and_told():
    objective = tw.objective(tw.problems.line(points=100), tw.losses.quadratic())
    runs = tw.descend(objective, optax.sgd(1.2), starts=[5.0, 0.0], steps=12)
    surface = tw.survey(objective, points=31)
    figure = tw.figures.plane(surface, runs)
    assert "the path leaves the box at step" in figure.caption
    assert figure.png(40).startswith(b"\x89PNG")


def test_where_a_path_leaves_the_box_an_arrowhead_points_over_its_edge(himmelblau):
    objective = tw.objective(himmelblau.problem)
    runs = tw.descend(objective, optax.sgd(0.025, momentum=0.9), starts=[[-4.0, -1.0]], steps=60)
    axes = tw.figures.plane(himmelblau.surface, runs).static().axes[0]
    path = runs["params"].values[0]
    marks = {mark.get_marker(): np.column_stack(mark.get_data()) for mark in axes.lines}
    # Step 4 lies beyond x = -5, step 6 beyond x = 5; both came from inside, and step 5 from outside.
    for shape, step, edge in (("<", 4, -5.0), (">", 6, 5.0)):
        (x0, y0), (x1, y1) = path[step - 1 : step + 1]
        np.testing.assert_allclose(marks[shape], [[edge, y0 + (y1 - y0) * (edge - x0) / (x1 - x0)]], rtol=1e-9)
    # It diverged beyond the box; nothing in the box is its end.
    assert "D" not in marks


def test_the_landscape_carries_the_runs_true_loss(line):
    described = tw.figures.plane(*line.of_surface).interactive()
    (ground,) = (trace for trace in described["data"] if trace["type"] == "surface")
    assert np.asarray(ground["z"]).shape == (41, 41)
    spacing = relief.spacing_of(line.surface["train_loss"].values)
    heights = spacing.of(line.runs["train_loss"].values[0])
    assert any(
        np.shape(trace.get("z")) == heights.shape and np.allclose(trace["z"], heights) for trace in described["data"]
    )


def test_a_path_in_the_landscape_stays_above_the_ground(himmelblau):
    # Two steps of momentum from valley to valley, over the hill between them.
    objective = tw.objective(himmelblau.problem)
    runs = tw.descend(objective, optax.sgd(0.014, momentum=0.5), starts=[[-2.8, -1.5]], steps=6)
    described = tw.figures.plane(himmelblau.surface, runs).interactive()
    (ground,) = (trace for trace in described["data"] if trace["type"] == "surface")
    (path,) = (trace for trace in described["data"] if trace["type"] == "scatter3d" and trace["mode"] == "lines")
    x, y, z = (np.asarray(path[axis]) for axis in "xyz")
    below = RegularGridInterpolator((ground["x"], ground["y"]), np.asarray(ground["z"]).T)(np.stack([x, y], -1))
    assert (z > below).all()
    # It goes through every step, and never more than a cell at once.
    steps = runs["params"].values[0]
    np.testing.assert_allclose(np.stack([x, y], -1)[np.isin(path["line"]["color"], np.arange(7))], steps, rtol=1e-12)
    assert np.abs(np.diff(x)).max() <= ground["x"][1] - ground["x"][0]
    assert np.abs(np.diff(steps, axis=0)).max() > 5 * (ground["x"][1] - ground["x"][0])


def test_one_parameter_is_no_plane(published):
    with pytest.raises(
        InvalidValue, match=r"the surface has 1 parameter\(s\); a plane needs two, draw a profile of one"
    ):
        tw.figures.plane(published.surface)


@pytest.mark.parametrize(
    ("spacing", "high", "ticks"),
    [
        (relief.Spacing(0.02, 1e-3), 4.0, [0.02, 0.05, 0.2, 0.8, 4.0]),
        (relief.Spacing(0.123, 5e-4), 0.231, [0.13, 0.14, 0.16, 0.23]),
        (relief.Spacing(100.0, 0.01), 100.5, [100.0, 100.1, 100.2, 100.5]),
    ],
)
def test_a_bar_has_ticks_enough_however_far_above_zero_it_is(spacing, high, ticks):
    found = relief.ticks_of(spacing, spacing.lowest, high)
    assert len(found) >= 3
    assert found[0] >= spacing.lowest
    assert found[-1] <= high
    # They are the shortest decimals that tell enough of them apart.
    np.testing.assert_allclose(found, ticks, rtol=1e-12)


def test_an_arrow_over_the_ground_shows_in_a_page_where_a_path_leaves_the_box():
    box = [tw.problems.Axis("x", 0, 4), tw.problems.Axis("y", -10, 10)]
    objective = tw.objective(tw.problems.function(lambda p: 8 - 2 * p[0] + 0 * p[1], box, start=[1.0, 5.0]))
    surface, runs = tw.survey(objective, points=21), tw.descend(objective, optax.sgd(1.0), steps=3)
    described = tw.figures.plane(surface, runs).interactive()
    (arrow,) = (trace for trace in described["data"] if trace.get("name") == "leaves the box")
    way = np.stack([arrow[axis] for axis in "xyz"], axis=-1)
    # From step 1 at x = 3 straight to the edge at x = 4.
    shaft, head = way[:33], way[34:37]
    np.testing.assert_allclose(shaft[[0, -1], :2], [[3, 5], [4, 5]], atol=1e-6)
    np.testing.assert_allclose(head[1], shaft[-1])
    # Both barbs lie behind the tip, one on either side, and as far from it on either axis as shares of the box say.
    np.testing.assert_allclose(head[[0, 2], :2] - head[1, :2], [[-0.18, 0.5], [-0.18, -0.5]], atol=1e-6)
    spaced = next(trace for trace in described["data"] if trace["type"] == "surface")
    ground = np.interp(shaft[:, 0], spaced["x"], spaced["z"][0])
    above = (shaft[:, 2] - ground) / np.ptp(spaced["z"])
    assert (above > 0).all()
    assert above.max() < 0.02
