"""Loss between checkpoints: the curves are the numbers, and the barrier stands on the higher end."""

import io

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue

T = np.linspace(-0.5, 1.5, 81)


def along(height=2.0, length=3.0, kind="line", t=T, **attrs):
    """From 1 at t = 0 to 0.5 at t = 1, over a pass at about t = 0.5, and steeply up beyond."""
    loss = 1 - 0.5 * t + height * np.sin(np.pi * t) ** 2
    loss = np.where((t < 0) | (t > 1), 50.0, loss)
    parts = {"loss": ("t", loss), "distance": ("t", length * t)}
    return xr.Dataset(parts, {"t": t}, {"framework": "jax", "loss": "mse", "examples": 8, "kind": kind} | attrs)


def line_of(axes, label):
    (found,) = (line for line in axes.lines if str(line.get_label()).startswith(label))
    return np.column_stack([found.get_xdata(), found.get_ydata()])


def test_the_curve_is_the_numbers_and_the_ends_are_marked():
    axes = tw.figures.interpolate(along()).static().axes[0]
    np.testing.assert_array_equal(line_of(axes, "straight line"), np.column_stack([3 * T, along()["loss"]]))
    # The ends are read off points of the curve, 0 and 1 up to rounding.
    np.testing.assert_allclose(line_of(axes, "a"), [[0, 1]], atol=1e-12)
    np.testing.assert_allclose(line_of(axes, "b"), [[3, 0.5]], atol=1e-12)


def test_the_barrier_counts_from_the_higher_end_and_not_beyond_the_ends():
    part = along()
    inside = part["loss"].sel(t=slice(0, 1))
    axes = tw.figures.interpolate(part).static().axes[0]
    (wall,) = (text for text in axes.texts if not text.get_text())
    top = (3 * float(inside["t"][int(inside.values.argmax())]), float(inside.max()))
    np.testing.assert_allclose(wall.xy, top, atol=1e-12)
    np.testing.assert_allclose(wall.xyann, (top[0], 1.0), atol=1e-12)
    assert [text.get_text() for text in axes.texts if text.get_text()] == [f"{float(inside.max()) - 1:.3g}"]


def test_the_ends_of_the_results_are_taken_where_no_point_meets_them():
    part = along(t=np.linspace(0.013, 0.987, 40))
    figure = tw.figures.interpolate(part.assign_attrs(loss_at_ends=[1.0, 0.5]))
    assert "from 1 to 0.5, barrier 1.75" in figure.caption
    assert "barrier not known" in tw.figures.interpolate(part).caption


def test_a_way_without_a_barrier_says_so():
    figure = tw.figures.interpolate(along(height=0.0))
    assert "straight line, from 1 to 0.5, no barrier" in figure.caption
    assert not figure.static().axes[0].texts


def test_several_curves_differ_by_name_colour_and_dashes():
    figure = tw.figures.interpolate(along(), along(0.3, 4.0, "bezier"), along(0.5))
    axes = figure.static().axes[0]
    curves = [line for line in axes.lines if ", barrier" in str(line.get_label())]
    assert [str(line.get_label()).partition(",")[0] for line in curves] == [
        "straight line 1",
        "Bézier curve",
        "straight line 2",
    ]
    assert len({line.get_color() for line in curves}) == 3
    dashes = {part["line"]["dash"] for part in figure.interactive()["data"] if part["mode"] == "lines"}
    assert len(dashes) == 3
    assert len(line_of(axes, "b")) == 3
    named = tw.figures.interpolate(along(), along(), names=["$x$", "y"])
    assert "; y, from 1 to 0.5" in named.caption
    named.png(40)


def test_t_may_be_the_axis():
    axes = tw.figures.interpolate(along(), along="t").static().axes[0]
    np.testing.assert_array_equal(line_of(axes, "straight line")[:, 0], T)
    assert axes.get_xlabel() == "t, from a (0) to b (1)"


def test_a_page_has_the_same_numbers():
    parts = tw.figures.interpolate(along(), along(0.3, 4.0, "bezier")).interactive()["data"]
    curves = [part for part in parts if part["mode"] == "lines"]
    np.testing.assert_array_equal(curves[1]["x"], 4 * T)
    np.testing.assert_array_equal(curves[1]["y"], along(0.3)["loss"])
    walls = [part for part in parts if part["mode"] == "lines+markers"]
    np.testing.assert_allclose([wall["y"][0] for wall in walls], 1.0, atol=1e-12)


def test_a_loss_that_is_not_finite_is_a_gap_and_leaves_no_barrier():
    part = along()
    part["loss"][40] = np.inf
    figure = tw.figures.interpolate(part)
    assert "barrier not known, 1 point not finite" in figure.caption
    figure.png(40)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_nothing_is_cut_off_at_the_edges(number):
    figure = tw.figures.interpolate(*[along(k + 1.0, k + 3.0) for k in range(number)])
    pixels = np.asarray(Image.open(io.BytesIO(figure.png(60))).convert("L"))
    assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 255


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (tw.figures.interpolate, "there is no curve to draw"),
        (
            lambda: tw.figures.interpolate(along(), names=["a", "b"]),
            "1 curve and 2 names do not fit; give one name each",
        ),
        (lambda: tw.figures.interpolate(along(), along="x"), "along = 'x' is not allowed; give one of 'distance', 't'"),
        (
            lambda: tw.figures.interpolate(along().drop_vars("distance")),
            "curves does not hold a curve between checkpoints: it has no variable 'distance'",
        ),
        (lambda: tw.figures.interpolate(along() * np.nan), "is finite nowhere"),
        (lambda: tw.figures.interpolate(along().isel(t=slice(None, None, -1))), "does not rise over at least 2 points"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, message):
    with pytest.raises(InvalidValue, match=message):
        wrong()
