"""Several runs on one slice: each lies where it was, in a colour of its own, and the worst decides the verdict."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

import thalweg as tw
from tests.figures.slice.test_slice import drawn_with, legend_of, line, line_of, path, pixels, surface, words_of
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.marks import series

COLOURS = [series(k).colour for k in (1, 2)]


def runs(axes=("x", "y")):
    """Two runs from the same start, the second nearer to the plane and half as long."""
    one, other = path(axes=axes), path("good", axes=axes).isel(step=slice(0, 6))
    return [one, other.assign(distance=other["distance"] / 10)]


def sheet_of(*parts, **options):
    return drawn_with(lambda: tw.figures.slice(*parts, **options))


def test_each_run_has_its_own_colour_and_both_losses_beside_the_map():
    given = runs()
    sheet = sheet_of(surface(), given, names=["mine", "yours"])
    assert {"mine", "yours", "start", "end"} <= set(legend_of(sheet))
    losses, ways = sheet.axes[2], sheet.axes[3]
    for k, run in enumerate(given):
        mine = [np.column_stack(part.get_data()) for part in losses.lines if to_hex(part.get_color()) == COLOURS[k]]
        for found, name in zip(mine, ("true_loss", "surface_loss"), strict=True):
            np.testing.assert_array_equal(found, np.column_stack([run["step"], run[name]]))
        (far,) = (part for part in ways.lines if to_hex(part.get_color()) == COLOURS[k])
        np.testing.assert_array_equal(far.get_ydata(), run["distance"])


def test_the_ends_of_each_run_lie_where_it_was():
    marks = [part for part in sheet_of(surface(), runs()).axes[0].lines if part.get_marker() == "D"]
    ends = [np.column_stack(part.get_data())[0].tolist() for part in marks if len(part.get_xdata())]
    expected = [[float(run["x"][-1]), float(run["y"][-1])] for run in runs()]
    assert ends == expected


def test_over_a_profile_runs_are_at_their_own_losses():
    given = runs(("x",))
    axes = sheet_of(line(), given).axes[0]
    for k, run in enumerate(given, start=1):
        np.testing.assert_array_equal(line_of(axes, f"run {k}"), np.column_stack([run["x"], run["true_loss"]]))


def test_the_verdict_is_on_the_worst_and_says_whose_it_is():
    sheet = sheet_of(surface(), runs(), names=["mine", "yours"])
    told = " ".join(words_of(sheet))
    assert "This picture misleads · of each run's squared distance the plane holds: mine 13 %, yours 13 %" in told
    assert "mine: At step 0 the run's loss was 2.6" in told
    assert "yours: " not in told
    assert "Loss on a plane, and 2 runs projected onto it" in told


def test_a_page_shows_every_run_on_the_landscape_and_in_the_panels():
    given = runs()
    traces = tw.figures.slice(surface(), given, names=["mine", "<b>"]).interactive()["data"]
    for name, run, colour in zip(("mine", "&lt;b&gt;"), given, COLOURS, strict=True):
        own = [part for part in traces if part.get("name") == name]
        assert [part["line"]["color"] for part in own] == [colour]
        np.testing.assert_allclose(own[0]["x"], run["x"], rtol=1e-6)  # in 32 bits
        panel = [part["y"] for part in traces if str(part.get("name")).startswith(f"{name}, ")]
        for found, variable in zip(panel, ("surface_loss", "true_loss", "distance"), strict=True):
            np.testing.assert_allclose(found, run[variable], rtol=1e-6)
    flat = tw.figures.slice(line(), runs(("x",))).interactive()["data"]
    assert {"run 1", "run 2"} <= {part.get("name") for part in flat}


def test_one_path_in_a_list_is_that_path():
    one, listed = (tw.figures.slice(surface(), given) for given in (path(), [path()]))
    np.testing.assert_array_equal(pixels(one), pixels(listed))
    assert one.caption == listed.caption


@pytest.mark.parametrize(
    ("paths", "names", "message"),
    [
        ([], None, r"path = \[\] is empty; give one or more of what thalweg.networks.project returns$"),
        ([path(), surface()], None, r"path\[1\] holds a slice, not a projected path; give what"),
        ([path(), path()], ["a"], "2 paths and 1 name do not fit; give one name each$"),
        (None, ["a"], r"names = \['a'\] name no path; give the paths, or no names$"),
        ([path(), path(x_name="other")], None, "the path lies along 'other', the slice along 'direction 1'"),
    ],
)
def test_paths_and_names_that_cannot_be_are_refused(paths, names, message):
    with pytest.raises(InvalidValue, match=message):
        tw.figures.slice(surface(), paths, names=names)
