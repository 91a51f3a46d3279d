"""The outcome map: a pixel a run, at its place, in a colour that no other outcome has.

The file is long because the picture, the page and the palette of one figure are held against the same runs.
"""

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.experiment.experiment import Experiment
from thalweg.experiment.results import Results
from thalweg.experiment.sections import Figures
from thalweg.figures.drawing import oklab
from thalweg.figures.drawing.hues import LUMA
from thalweg.figures.gallery import gallery
from thalweg.figures.outcome_map import palette
from thalweg.figures.outcome_map.chart import grid_of
from thalweg.figures.outcome_map.listing import chosen, percent
from thalweg.figures.outcome_map.painting import COLOURS, painted
from thalweg.figures.outcome_map.sheet import resized
from thalweg.figures.outcome_map.web import LARGEST, picks

NAMES = ("0°", "36°", "-36°")
"""Deepest first, as find_valleys gives them; in order of place they are the third, the first, the second."""

DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
)
"""What light looks like without the cones for green: Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113."""

CORNER = 170, 156
"""Dots from the left and the top of the page to the map, at 200 dots an inch."""


def chart(outcome, names=NAMES, phi=(-1.5, 1.5), rate=(1e-3, 1.0), steps=100, **more):
    outcome = np.asarray(outcome, dtype=np.int16)
    rows, columns = outcome.shape
    settled = np.where(outcome >= 0, np.arange(outcome.size).reshape(outcome.shape) % steps, np.nan).astype(np.float32)
    dims = ("learning_rate", "phi")
    layers = {"settled": settled, "derailments": np.abs(outcome).astype(np.int32), "valley": np.maximum(outcome, -1)}
    layers |= more.pop("layers", {})
    coords = {
        "learning_rate": ("learning_rate", np.geomspace(*rate, rows), {"unit": "", "scale": "log"}),
        "phi": ("phi", np.linspace(*phi, columns), {"unit": "rad", "scale": "linear"}),
    }
    attrs = {"names": list(names), "steps": steps, "problem": "pencil", "loss": "none", "optimizer": "sgd"}
    data = {name: (dims, values) for name, values in ({"outcome": outcome} | layers).items()}
    return xr.Dataset(data, coords, attrs | {"precision": 32} | more)


def mixed(rows=30, columns=40, valleys=3, seed=0):
    return np.random.default_rng(seed).integers(-2, valleys, (rows, columns))


def marked(rows=30, columns=40, row=4, column=29):
    outcome = np.zeros((rows, columns), dtype=int)
    outcome[row, column] = -2
    return outcome


def pixels(figure, dpi=200):
    return np.asarray(Image.open(io.BytesIO(figure.png(dpi))).convert("RGB")).astype(int)


def colour_of(outcomes, colour="outcome"):
    """(row, column, 3), what every run looks like, the top row first."""
    painting = painted(grid_of(outcomes), colour)
    return np.rint(255 * painting.palette)[painting.indices[::-1]].astype(int)


def map_of(figure, shape, dpi=200):
    left, top = (dpi * side // 200 for side in CORNER)
    rows, columns = shape
    return pixels(figure, dpi)[top : top + rows, left : left + columns]


# Pixels


@pytest.mark.parametrize(
    ("dpi", "colour"), [(200, "outcome"), (400, "outcome"), (400, "settled"), (600, "derailments")]
)
def test_every_run_is_a_whole_number_of_dots_of_its_colour(dpi, colour):
    outcomes = chart(mixed())
    # 1100 dots hold 27 dots for each of 40 columns.
    times = 27 * dpi // 200
    drawn = map_of(tw.figures.outcome_map(outcomes, colour=colour), (30 * times, 40 * times), dpi)
    expected = colour_of(outcomes, colour).repeat(times, axis=0).repeat(times, axis=1)
    np.testing.assert_array_equal(drawn, expected)


def test_a_marked_run_is_at_its_place():
    figure = tw.figures.outcome_map(chart(marked()))
    white = np.rint(255 * palette.neutrals()[2])
    rows, columns = np.nonzero((map_of(figure, (30 * 27, 40 * 27)) == white).all(axis=-1))
    # The fifth row from below and the thirtieth column, 27 dots a run.
    assert (rows.min(), rows.max()) == (25 * 27, 26 * 27 - 1)
    assert (columns.min(), columns.max()) == (29 * 27, 30 * 27 - 1)
    assert len(rows) == 27**2


def test_a_marked_run_is_at_its_place_on_the_axes():
    outcomes = chart(marked())
    figure = tw.figures.outcome_map(outcomes)
    sheet = figure.static()
    axes, (width, height) = sheet.axes[0], (200 * sheet.get_size_inches()).round()
    place = float(np.degrees(outcomes["phi"][29])), float(outcomes["learning_rate"][4])
    x, y = axes.transData.transform(place) * 200 / sheet.dpi
    assert pixels(figure).shape == (height, width, 3)
    assert pixels(figure)[int(height - y), int(x)].tolist() == np.rint(255 * palette.neutrals()[2]).tolist()


def test_a_large_map_shows_the_mean_light_of_its_runs():
    outcome = mixed(2200, 6)
    # Six columns are stretched on their own, to 183 dots each.
    drawn = map_of(tw.figures.outcome_map(chart(outcome)), (1100, 6 * 183))[:, ::183]
    light = oklab.decoded(colour_of(chart(outcome)) / 255).reshape(1100, 2, 6, 3).mean(axis=1)
    # Whole numbers from 0 to 255: half of one is lost in rounding.
    np.testing.assert_allclose(drawn, 255 * oklab.encoded(light), atol=0.5 + 1e-6)


def test_a_large_map_is_whole_again_at_a_multiple_of_its_size():
    outcome = mixed(1103, 1201)
    # Two runs a dot, but 551.5 dots high, at the usual size.
    drawn = map_of(tw.figures.outcome_map(chart(outcome)), (1103 + 1, 1201 + 1), 400)
    top = int((drawn[0] == 255).all())
    np.testing.assert_array_equal(drawn[top : top + 1103, :1201], colour_of(chart(outcome)))


def test_at_any_size_the_light_of_a_map_stays():
    indices, colours = mixed(37, 23) + 2, np.random.default_rng(1).uniform(size=(5, 3))
    before = oklab.decoded(np.rint(255 * colours) / 255)[indices].mean(axis=(0, 1))
    for height, width in ((16, 10), (37, 23), (50, 61), (111, 92)):
        drawn = resized(indices, colours, height, width)
        assert drawn.shape == (height, width, 3)
        after = oklab.decoded(drawn / 255).mean(axis=(0, 1))
        # Rounding to 1/255 of a screen's value moves light by at most 1/220; its mean over 160 dots or more by far less.
        np.testing.assert_allclose(after, before, atol=1e-3)


def test_a_dot_on_the_edge_of_two_runs_has_the_light_of_both():
    black_and_white = np.array([[0.0] * 3, [1.0] * 3])
    drawn = resized(np.array([[0, 1]]), black_and_white, 1, 3)
    # Half of the light, in 255 steps of a screen.
    assert drawn[0, :, 0].tolist() == [0, round(255 * float(oklab.encoded(np.array(0.5)))), 255]


def test_pictures_made_of_lines_hold_the_same_dots(tmp_path):
    figure = tw.figures.outcome_map(chart(mixed()))
    text = figure.save(tmp_path / "map.svg").read_text(encoding="utf-8")
    (place,) = re.findall(r'<image [^>]*width="([\d.]+)" height="([\d.]+)"', text)
    # In points, of which there are 72 an inch.
    assert [float(side) * 200 / 72 for side in place] == pytest.approx([40 * 27, 30 * 27], abs=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 400), (900, 5), (1100, 1100)])
def test_nothing_is_cut_off_at_the_edges(shape):
    drawn = pixels(tw.figures.outcome_map(chart(mixed(*shape), entropy=0.4), colour="settled"), 80)
    assert min(drawn[0].min(), drawn[-1].min(), drawn[:, 0].min(), drawn[:, -1].min()) == 255


# Colours


@pytest.mark.parametrize("valleys", range(1, 31))
def test_no_valley_looks_like_another_or_like_a_grey(valleys):
    kinds = np.concatenate([palette.valleys(valleys), palette.neutrals()])
    apart = np.abs(kinds[:, None] - kinds).max(axis=-1)
    # 0.06 are 15 of the 255 steps of a screen, for thirty valleys; up to eight differ by 42 or more.
    assert apart[~np.eye(len(kinds), dtype=bool)].min() > (0.06 if valleys > 8 else 0.165)
    grey = kinds @ LUMA
    assert (grey[-3], grey[-2]) < (grey[:-3].min() - 0.1, grey[:-3].min())
    assert grey[-1] > grey[:-3].max() + 0.1
    assert np.ptp(kinds[:-3], axis=-1).min() > 0.15
    # Six digits of the conversion's matrices.
    assert np.ptp(kinds[-3:], axis=-1).max() < 1e-6


@pytest.mark.parametrize("valleys", range(2, 31))
def test_neighbours_differ_in_grey_print(valleys):
    grey = palette.valleys(valleys) @ LUMA
    # 0.11 of black to white are 28 of 255 greys.
    assert np.abs(grey - np.roll(grey, 1)).min() > 0.11


@pytest.mark.parametrize("valleys", range(2, 9))
def test_colours_differ_for_people_who_do_not_see_green(valleys):
    light = oklab.decoded(np.concatenate([palette.valleys(valleys), palette.neutrals()]))
    seen = oklab.encoded(light @ DEUTERANOPIA.T)
    apart = np.linalg.norm(seen[:, None] - seen, axis=-1)
    # Eight valleys come down to 24 of the 255 steps of a screen.
    assert apart[~np.eye(len(seen), dtype=bool)].min() > 0.09


def test_hues_go_once_around_in_the_order_of_places():
    red, green, blue = palette.valleys(12).T
    turn = np.unwrap(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue))
    assert (np.diff(turn) > 0).all()
    assert 1.5 * np.pi < turn[-1] - turn[0] < 2 * np.pi


@pytest.mark.parametrize("valleys", [1, 5, 30])
def test_later_is_darker_and_never_as_dark_as_runs_on_the_way(valleys):
    grey = palette.ramps(valleys, 64) @ LUMA
    assert (np.diff(grey) < 0).all()
    assert grey.min() > palette.neutrals()[0] @ LUMA + 0.05


def test_what_a_screen_takes_and_gives_are_inverse():
    values = np.linspace(0, 1, 256)
    # The two pieces of the standard meet to seven digits.
    np.testing.assert_allclose(oklab.encoded(oklab.decoded(values)), values, atol=1e-7)


def test_runs_that_rounding_decided_have_the_darkest_colour_of_a_pale_map():
    rounding = np.zeros((30, 40), dtype=np.int8)
    rounding[3, 5] = 1
    outcomes = chart(mixed(), layers={"rounding": rounding})
    drawn = colour_of(outcomes, "rounding")[::-1]
    marked = (drawn == drawn[3, 5]).all(axis=-1)
    assert np.argwhere(marked).tolist() == [[3, 5]]
    grey = drawn @ LUMA
    assert grey[3, 5] < grey[~marked].min() - 100


# Words


def words(figure):
    return [text.get_text() for axes in figure.static().axes for text in axes.texts]


def test_the_list_names_valleys_in_order_with_their_shares():
    outcome = np.array([[0] * 10, [0] * 5 + [1] * 2 + [2] + [-1] * 2])
    written = words(tw.figures.outcome_map(chart(outcome)))
    assert written == ["−36°", "5 %", "0°", "75 %", "36°", "10 %", "on the way", "10 %"]


def test_swatches_have_the_colours_of_the_map():
    outcomes = chart(np.array([[0, 1, 2, -1, -3, -2]]))
    painting = painted(grid_of(outcomes), "outcome")
    listed = {swatch.name: np.rint(255 * swatch.colours[0]).tolist() for swatch in painting.swatches}
    drawn = colour_of(outcomes)[0].tolist()
    assert listed == dict(zip(["0°", "36°", "−36°", "on the way", "on a plateau", "diverged"], drawn, strict=True))


def test_the_caption_tells_the_numbers():
    outcome = np.array([[0] * 10, [0] * 5 + [1] * 2 + [2] + [-1] * 2])
    told = tw.figures.outcome_map(
        chart(outcome, entropy=0.4123, entropy_error=0.021, boundary_entropy=0.75, dimension=1.6, dimension_error=0.04)
    ).caption
    assert told.startswith("Pencil, sgd, 32 bits, 100 steps, 10 × 2 runs: phi from −85.94° to 85.94° to the right, ")
    assert "learning rate from 0.001 to 1 upwards." in told
    assert (
        "Runs end on the floor of 0° 75 %, on the floor of 36° 10 %, on the floor of −36° 5 %, on the way 10 %." in told
    )
    # Of the steps 0, 1, …, 17 of those that settled the middle ones are 8 and 9.
    assert "half stay there from step 8.5 or earlier." in told
    # Derailments are the size of the outcome here: five are not 0, the most 2.
    assert "25 % were thrown out of a valley at least once, at most 2 times." in told
    measured = "Basin entropy 0.412 ± 0.021, boundary entropy 0.750, boundary dimension 1.600 ± 0.040."
    assert told.endswith(measured)


def test_what_was_not_measured_is_not_told():
    assert "imension" not in tw.figures.outcome_map(chart(mixed(), dimension=np.nan, dimension_error=np.nan)).caption


@pytest.mark.parametrize("colour", ["outcome", "settled", "derailments"])
@pytest.mark.parametrize("outcome", [0, -1, -2])
def test_one_outcome_alone_is_drawn(colour, outcome):
    figure = tw.figures.outcome_map(chart(np.full((4, 5), outcome), names=["0°"]), colour=colour)
    assert "100 %" in figure.caption
    drawn = map_of(figure, (4 * 220, 5 * 220))
    # Of twenty steps, each a little darker, two may share a shade of 64.
    colours = len(np.unique(drawn.reshape(-1, 3), axis=0))
    assert 15 < colours <= 20 if (colour, outcome) == ("settled", 0) else colours == 1
    assert figure.interactive()["data"]


def test_thirty_valleys_have_a_row_each():
    names = [f"{angle}°" for angle in range(-87, 90, 6)]
    figure = tw.figures.outcome_map(chart(mixed(valleys=30), names=names))
    written = [text for text in words(figure) if text.endswith("°")]
    assert written == [name.replace("-", "−") for name in names]


def test_too_many_valleys_are_told_as_such():
    names = [f"{place / 10:g}" for place in range(200)]
    outcomes = chart(mixed(60, 60, valleys=200), names=names)
    written = words(tw.figures.outcome_map(outcomes))
    rows, more = chosen(painted(grid_of(outcomes), "outcome").swatches, 20)
    assert (len(rows), more) == (19, "and 183 more valleys")
    assert [row.name for row in rows[-2:]] == ["on the way", "diverged"]
    assert any(re.fullmatch(r"and 1\d\d more valleys", text) for text in written)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1e-6, "< 0.01 %"), (0.00123, "0.12 %"), (0.5, "50 %"), (0.99999, "> 99.9 %"), (1.0, "100 %")],
)
def test_what_is_there_is_never_told_as_nothing(share, text):
    assert percent(share) == text


# Axes


def shown(axis):
    low, high = sorted(axis.get_view_interval())
    places = zip(
        axis.get_majorticklocs(), axis.get_major_formatter().format_ticks(axis.get_majorticklocs()), strict=True
    )
    return [text for place, text in places if low <= place <= high]


def test_angles_are_in_degrees_and_rates_in_powers_of_ten():
    axes = tw.figures.outcome_map(chart(mixed())).static().axes[0]
    assert axes.get_xlabel() == "phi in degrees"
    assert shown(axes.xaxis) == ["−60°", "−30°", "0°", "30°", "60°"]
    assert axes.get_ylabel() == "learning rate"
    assert axes.get_yscale() == "log"
    assert shown(axes.yaxis) == ["0.001", "0.01", "0.1", "1"]


@pytest.mark.parametrize(
    ("rate", "texts"), [((0.15, 2.0), ["0.2", "0.5", "1", "2"]), ((0.21, 0.62), ["0.3", "0.4", "0.5", "0.6"])]
)
def test_few_decades_have_ticks_between(rate, texts):
    # Of 300 rows the outer edges lie close to the outermost rates.
    axes = tw.figures.outcome_map(chart(mixed(300, 300), rate=rate)).static().axes[0]
    assert shown(axes.yaxis) == texts


def test_edges_lie_half_a_step_outside():
    side = grid_of(chart(mixed(4, 3), phi=(-1.0, 1.0), rate=(1.0, 1000.0)))
    np.testing.assert_allclose(side.x.edges, np.degrees([-1.5, -0.5, 0.5, 1.5]), rtol=1e-12)
    np.testing.assert_allclose(side.y.edges, 10.0 ** np.array([-0.5, 0.5, 1.5, 2.5, 3.5]), rtol=1e-12)


def test_by_basin_a_run_on_no_floor_has_the_dark_colour_of_its_valley():
    # Valleys in order of place are 1, 0, 2 of NAMES' third, first and second: on a floor, beside it, in none, lost.
    outcome, valley = [[0, -1, -1, -2]], np.array([[0, 0, -1, 1]])
    figure = tw.figures.outcome_map(chart(outcome, layers={"valley": valley}), colour="valley")
    described = figure.interactive()
    _, _, told, trace = run_in_page(described, 0, 1)
    colours = [colour for _, colour in trace["colorscale"]]
    floor, beside, nowhere, lost = (colours[k] for k in trace["z"][0])
    assert [floor, nowhere, lost] == hexes(tw.figures.outcome_map(chart([[0, -1, -2]])))
    light, dark = (np.array([int(c[k : k + 2], 16) for k in (1, 3, 5)]) for c in (floor, beside))
    assert (dark < light).all()
    # DIM of its light.
    np.testing.assert_allclose(oklab.decoded(dark / 255), 0.4 * oklab.decoded(light / 255), atol=0.01)
    assert told[0] == "on the way"
    shares = {trace["name"] for trace in described["data"] if trace.get("name")}
    assert {"0° 50 %", "dark: on no floor yet 25 %", "on the way 25 %", "diverged 25 %"} <= shares


def hexes(figure):
    (trace,) = (trace for trace in figure.interactive()["data"] if trace["type"] == "heatmap")
    return [trace["colorscale"][k][1] for k in trace["z"][0]]


def test_a_map_that_is_nearly_black_is_shown_by_basin_first():
    black, bright = np.full((10, 10), -1), np.zeros((10, 10))
    black[0, :9] = 0
    in_basins = {"valley": np.zeros((10, 10), dtype=int)}
    bare = Experiment(SimpleNamespace(problem=None), *[None] * 6, Figures(), settings={})
    maps = [Results(bare, map=chart(part, layers=in_basins)) for part in (black, bright)]
    names = [[figure.name for figure in gallery(results)] for results in maps]
    rest = ["outcome_map_settled", "outcome_map", "outcome_map_derailments"]
    assert names == [["outcome_map_valley", *rest], rest]


# Pages


def run_in_page(described, row, column):
    (trace,) = (trace for trace in described["data"] if trace["type"] == "heatmap")
    return trace["x"][column], trace["y"][row], trace["customdata"][row][column], trace


def test_a_page_tells_every_run():
    outcomes = chart(mixed(), layers={"rounding": np.ones((30, 40), dtype=np.int8)})
    described = tw.figures.outcome_map(outcomes).interactive()
    names = dict(zip([0, 1, 2, -1, -2], ["0°", "36°", "−36°", "on the way", "diverged"], strict=True))
    for row, column in ((0, 0), (4, 29), (29, 39)):
        x, y, told, trace = run_in_page(described, row, column)
        there = outcomes.isel(learning_rate=row, phi=column)
        # Places are as exact as 64 bits.
        assert x == pytest.approx(float(np.degrees(there["phi"])), rel=1e-12)
        assert float(y) == pytest.approx(float(there["learning_rate"]), rel=1e-4)
        settled = float(there["settled"])
        step = "–" if np.isnan(settled) else int(settled)
        assert told == [names[int(there["outcome"])], step, int(there["derailments"]), "yes"]
    assert trace["hovertemplate"].startswith("phi %{x:.5g}°<br>learning rate %{y}<br>%{customdata[0]}<br>on its floor")
    assert not described["layout"]["annotations"]


def test_a_page_has_the_colours_of_the_picture():
    outcomes = chart(mixed())
    _, _, _, trace = run_in_page(tw.figures.outcome_map(outcomes, colour="settled").interactive(), 0, 0)
    scale = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for _, colour in trace["colorscale"]])
    places = np.array([place for place, _ in trace["colorscale"]]) * trace["zmax"]
    # Every whole number has a colour of its own.
    np.testing.assert_allclose(places, np.arange(len(scale)), atol=1e-9)
    np.testing.assert_array_equal(scale[trace["z"]][::-1], colour_of(outcomes, "settled"))


def test_a_page_shows_a_part_of_a_large_map_and_says_so():
    outcome = mixed(1024, 700)
    outcomes = chart(outcome)
    figure = tw.figures.outcome_map(outcomes)
    described = figure.interactive()
    x, y, told, trace = run_in_page(described, 7, 11)
    assert trace["z"].shape == (341, 233)
    assert x == pytest.approx(float(np.degrees(outcomes["phi"][34])))
    assert y == pytest.approx(float(outcomes["learning_rate"][22]))
    assert told[2] == abs(outcome[22, 34])
    (note,) = described["layout"]["annotations"]
    assert note["text"] == "233 × 341 of 700 × 1,024 runs, picked evenly"


def test_the_page_of_the_largest_map_has_under_five_megabytes(tmp_path):
    # The worst one: no run tells anything of its neighbour.
    any_of = np.random.default_rng(0)
    layers = {
        "settled": any_of.integers(0, 5000, (512, 512)).astype(np.float32),
        "derailments": any_of.integers(0, 300, (512, 512)).astype(np.int32),
        "rounding": any_of.integers(0, 2, (512, 512)).astype(np.int8),
    }
    figure = tw.figures.outcome_map(chart(mixed(512, 512), steps=5000, layers=layers), colour="settled")
    assert figure.save(tmp_path / "map.html").stat().st_size < 5e6


@pytest.mark.parametrize("runs", [1, 2, 3, 511, 512, 513, 1024, 1537, 3238])
def test_runs_in_a_page_are_picked_evenly(runs):
    picked = picks(runs)
    assert 1 <= len(picked) <= LARGEST
    assert len(np.unique(np.diff(picked))) <= 1
    # As far from one end as from the other, but for what does not fill a block.
    stride = runs if len(picked) == 1 else picked[1] - picked[0]
    assert 0 <= picked[0] <= stride // 2
    assert 0 <= runs - 1 - picked[-1] < stride


def test_few_rates_are_written_out_in_a_page():
    outcomes = chart(mixed(4, 3), rate=(1e-3, 1.0))
    described = tw.figures.outcome_map(outcomes).interactive()
    _, _, _, trace = run_in_page(described, 0, 0)
    assert trace["y"].tolist() == ["0.001", "0.01", "0.1", "1"]
    assert described["layout"]["yaxis"]["type"] == "category"


# What is no map


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c.drop_vars("outcome"),
            r"chart does not hold an outcome map: it has no variable 'outcome'; give what thalweg.outcome_map returns$",
        ),
        (
            lambda c: c.isel(phi=0),
            r"chart does not hold an outcome map: it has no variable 'outcome' over two dimensions; give what",
        ),
        (lambda c: c.isel(phi=[]), r"needs the variable 'outcome' over two dimensions; it is 30 x 0 here$"),
        (lambda c: c.drop_vars("phi"), r"needs the coordinate 'phi'; give its values to the dataset$"),
        (lambda c: c.assign_attrs(names="0°"), r"names of its valleys as attribute 'names'; it is '0°' here$"),
        (lambda c: c.assign_attrs(names=["0°"]), r"outcome \d is not known among 1 valley; allowed are 0 to 0, -1 for"),
        (
            lambda c: c.assign(outcome=c["outcome"] - 2),
            r"outcome -4 is not known among 3 valleys; allowed are 0 to 2, -1",
        ),
        (lambda c: c.assign(outcome=c["outcome"] + 0.5), r"outcome -?\d.5 is not known among 3 valleys"),
        (lambda c: c.isel(phi=slice(None, None, -1)), r"phi does not rise in even steps; give it evenly spaced values"),
        (
            lambda c: c.isel(learning_rate=[0, 1, 5]),
            r"learning_rate does not rise in even steps of its logarithm; give",
        ),
        (
            lambda c: c.assign(settled=c["settled"].isel(phi=0)),
            r"'settled' lies over learning_rate, but 'outcome' over ",
        ),
    ],
)
def test_what_is_no_map_is_refused(change, message):
    with pytest.raises(InvalidValue, match=message):
        tw.figures.outcome_map(change(chart(mixed())))


def test_a_logarithm_needs_values_above_0():
    below = chart(mixed())
    below = below.assign_coords(learning_rate=below["learning_rate"].copy(data=np.linspace(-1, 1, 30)))
    with pytest.raises(InvalidValue, match=r"learning_rate has values that are not above 0, which have no logarithm"):
        tw.figures.outcome_map(below)


@pytest.mark.parametrize("colour", COLOURS[1:])
def test_a_colour_needs_its_variable(colour):
    bare = chart(mixed())[["outcome"]]
    with pytest.raises(
        InvalidValue, match=rf"a map coloured by {colour} needs the variable '{colour}', which is not there"
    ):
        tw.figures.outcome_map(bare, colour=colour)
    assert tw.figures.outcome_map(bare).interactive()["data"]


def test_an_unknown_colour_is_refused():
    with pytest.raises(
        InvalidValue, match=r"colour = 'loss' is not allowed; give one of 'outcome', 'settled', 'valley'"
    ):
        tw.figures.outcome_map(chart(mixed()), colour="loss")


@pytest.mark.parametrize("dpi", [0, 19, 2401, 200.5])
def test_a_size_that_cannot_be_drawn_is_refused(tmp_path, dpi):
    bounds = "" if dpi == 200.5 else " of at least 20 and at most 2400"
    with pytest.raises(InvalidValue, match=rf"dpi = {dpi} is not .*; give a whole number{bounds}$"):
        tw.figures.outcome_map(chart(mixed())).save(tmp_path / "map.png", dpi=dpi)


def test_a_wall_gets_more_dots(tmp_path):
    figure = tw.figures.outcome_map(chart(mixed(3, 4)))
    shapes = []
    for dpi in (200, 400):
        picture = figure.save(tmp_path / "map.png", dpi=dpi).read_bytes()
        shapes.append(Image.open(io.BytesIO(picture)).size)
    assert shapes[1] == tuple(2 * side for side in shapes[0])
