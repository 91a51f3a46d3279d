"""The figure of curvature: eigenvalues at their places, a density that loses none of them, words for the trace."""

import io

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue

WIDTH, SIZE = 0.2, 1000
VALUE = np.linspace(-2, 12, 701)


def bell(place):
    return np.exp(-(((VALUE - place) / WIDTH) ** 2) / 2) / (WIDTH * np.sqrt(2 * np.pi))


def spectrum(**attrs):
    """Of a thousand eigenvalues all but three lie at 0."""
    density = (997 * bell(0.0) + bell(10.0) + bell(4.0) + bell(-1.0)) / SIZE
    parts = {"eigenvalues": ("mode", [10.0, 4.0]), "lowest": -1.0, "trace": 13.0, "trace_error": 0.4}
    facts = {"framework": "keras", "parameters": SIZE, "width": WIDTH, "loss": "mse", "examples": 8}
    return xr.Dataset(parts | {"density": ("value", density)}, {"value": VALUE}, facts | attrs)


def run(steps=5, **attrs):
    step = 10 * np.arange(steps)
    parts = {"eigenvalues": (("step", "mode"), np.stack([5.0 + step / 10, 3.0 + step / 20, 2.0 + 0 * step], axis=-1))}
    parts |= {
        "lowest": ("step", -1.0 + step / 100),
        "trace": ("step", 20.0 + step),
        "trace_error": ("step", 1 + 0 * step),
    }
    parts |= {"density": (("step", "value"), np.tile(spectrum()["density"].values, (steps, 1)))}
    return xr.Dataset(parts, {"step": step, "value": VALUE}, spectrum().attrs | attrs)


def legend_of(figure):
    return [text.get_text() for text in figure.static().legends[0].get_texts()]


def test_eigenvalues_are_ticks_at_their_places():
    axes = tw.figures.curvature(spectrum()).static().axes[0]
    ticks = sorted(line.get_xdata()[0] for line in axes.lines if line.get_transform() == axes.get_xaxis_transform())
    assert ticks == [-1, 4, 10]


def test_a_single_eigenvalue_of_a_thousand_is_seen_in_the_density():
    axes = tw.figures.curvature(spectrum()).static().axes[0]
    low, high = axes.get_ylim()
    assert axes.get_yscale() == "log"
    for place in (10.0, 4.0, -1.0):
        assert low < spectrum()["density"].sel(value=place, method="nearest") / 10 < high
    curve = axes.lines[0].get_ydata()
    shown = np.isfinite(curve)
    np.testing.assert_array_equal(curve[shown], spectrum()["density"].values[shown])
    assert (spectrum()["density"].values[~shown] < low).all()


def test_the_trace_is_told_with_its_error():
    figure = tw.figures.curvature(spectrum())
    assert "trace 13 ± 0.4; leading eigenvalues 10, 4; the lowest is −1" in figure.caption
    assert "trace 13 ± 0.4" in figure.static().texts[1].get_text()
    assert "trace 13;" in tw.figures.curvature(spectrum().assign(trace_error=0.0)).caption
    assert "trace not computed" in tw.figures.curvature(spectrum().assign(trace=np.nan)).caption


def test_along_a_run_eigenvalues_stand_against_step():
    sheet = tw.figures.curvature(run()).static()
    drawn = {line.get_label(): line.get_ydata() for line in sheet.axes[0].lines}
    np.testing.assert_array_equal(drawn["largest eigenvalue"], run()["eigenvalues"][:, 0])
    np.testing.assert_array_equal(drawn["lowest"], run()["lowest"])
    assert sheet.axes[0].get_ylim()[0] < -1
    np.testing.assert_array_equal(sheet.axes[1].lines[0].get_ydata(), run()["trace"])
    band = sheet.axes[1].collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (19, 61)


def test_the_edge_of_stability_is_drawn_where_it_is_near_and_told_where_it_is_far():
    near, far = tw.figures.curvature(run(learning_rate=0.25)), tw.figures.curvature(run(learning_rate=0.001))
    assert "2 / learning rate = 8" in legend_of(near)
    # Largest eigenvalues are 5 to 9.
    assert "the largest is at 1 step of the 5 drawn above 2 / learning rate = 8" in near.caption
    assert not [text for text in legend_of(far) if "learning rate" in text]
    assert "2 / learning rate = 2000, far above" in far.static().texts[1].get_text()
    assert "never above" in far.caption
    assert not [text for text in legend_of(tw.figures.curvature(run())) if "learning rate" in text]


def test_one_step_of_a_run_has_its_spectrum():
    np.testing.assert_array_equal(
        tw.figures.curvature(run().isel(step=2)).static().axes[0].lines[1].get_xdata(), [7.0, 7.0]
    )


def test_what_stood_for_the_hessian_is_named():
    assert tw.figures.curvature(spectrum()).title == "Spectrum of the Hessian"
    other = {"matrix": "Gauss-Newton matrix"}
    assert tw.figures.curvature(spectrum(**other)).title == "Spectrum of the Gauss-Newton matrix"
    assert tw.figures.curvature(run(**other)).title == "Curvature along the run, by the Gauss-Newton matrix"


def test_without_a_trace_there_is_no_panel_for_it():
    nothing = run().assign(trace=run()["trace"] * np.nan)
    assert len(tw.figures.curvature(nothing).static().axes) == 1
    assert "yaxis2" in tw.figures.curvature(run()).interactive()["layout"]
    page = tw.figures.curvature(nothing).interactive()
    assert "yaxis2" not in page["layout"]
    assert "trace" not in [part["name"] for part in page["data"]]
    assert "the trace" not in tw.figures.curvature(nothing).caption
    assert "the trace from" in tw.figures.curvature(run()).caption


def test_a_page_has_the_same_numbers():
    parts = {
        part["name"]: part
        for part in tw.figures.curvature(spectrum()).interactive()["data"]
        if part.get("showlegend", True)
    }
    np.testing.assert_array_equal(parts["2 leading eigenvalues"]["x"], [10, 4])
    np.testing.assert_array_equal(parts["lowest"]["x"], [-1])
    along = {part["name"]: part for part in tw.figures.curvature(run(learning_rate=0.25)).interactive()["data"]}
    np.testing.assert_array_equal(along["largest eigenvalue"]["y"], run()["eigenvalues"][:, 0])
    np.testing.assert_array_equal(along["trace"]["error_y"]["array"], run()["trace_error"])
    assert set(along["2 / learning rate"]["y"]) == {8.0}


def unsettled(result, wrong):
    """Say of some eigenvalues, counted from the largest, that they are not known well enough."""
    settled = np.ones(result["eigenvalues"].shape, bool)
    settled[..., wrong] = False
    return result.assign(settled=(result["eigenvalues"].dims, settled))


def test_eigenvalues_that_are_not_known_well_enough_are_told_and_dotted():
    figure = tw.figures.curvature(unsettled(spectrum(), [1]))
    assert "1 eigenvalue is unsettled: known to no better than 5 % of itself" in figure.caption
    assert "unsettled" in legend_of(figure)
    axes = figure.static().axes[0]
    ticks = [line for line in axes.lines if line.get_transform() == axes.get_xaxis_transform()]
    assert {line.get_xdata()[0]: line.is_dashed() for line in ticks} == {10: False, 4: True, -1: False}
    parts = {part.get("name"): part for part in figure.interactive()["data"]}
    np.testing.assert_array_equal(parts["2 leading eigenvalues, unsettled"]["x"], [4])
    np.testing.assert_array_equal(parts["2 leading eigenvalues"]["x"], [10])


def test_along_a_run_they_are_crossed():
    result = unsettled(run(), [2]).assign(lowest_settled=("step", [True, True, False, True, True]))
    figure = tw.figures.curvature(result)
    assert "6 eigenvalues are unsettled: known to no better than 5 % of themselves" in figure.caption
    crosses = next(line for line in figure.static().axes[0].lines if line.get_label() == "unsettled")
    np.testing.assert_array_equal(crosses.get_xdata(), [0, 10, 20, 30, 40, 20])
    np.testing.assert_array_equal(crosses.get_ydata(), [*run()["eigenvalues"][:, 2], float(run()["lowest"][2])])
    page = {part["name"]: part for part in figure.interactive()["data"]}
    np.testing.assert_array_equal(page["unsettled"]["x"], crosses.get_xdata())
    assert "unsettled" not in tw.figures.curvature(run()).caption


def test_what_was_not_asked_for_is_not_drawn():
    alone = tw.figures.curvature(spectrum().drop_vars(["eigenvalues", "lowest"]))
    assert alone.caption.endswith(": trace 13 ± 0.4.")
    assert legend_of(alone) == ["density of eigenvalues"]
    leading = tw.figures.curvature(run().drop_vars(["lowest", "trace", "trace_error"]))
    assert "lowest" not in leading.caption + "".join(legend_of(leading))
    assert len(leading.static().axes) == 1


@pytest.mark.parametrize("result", [spectrum(), run(), run(60), run(1)])
def test_nothing_is_cut_off_at_the_edges(result):
    pixels = np.asarray(Image.open(io.BytesIO(tw.figures.curvature(result).png(60))).convert("L"))
    assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 255


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: spectrum().drop_vars("density"), "no spectral density to draw; compute curvature with probes of at"),
        (
            lambda: run().drop_vars(["eigenvalues", "lowest", "density"]),
            r"there are no eigenvalues to draw along the run; compute curvature with count of at least 1, or draw one",
        ),
        (
            lambda: run().isel(step=0).assign(trace=("mode", [1.0, 2.0, 3.0])),
            r"'trace' lies over \('mode',\), but \(\)",
        ),
        (lambda: spectrum() * np.nan, "no eigenvalue is finite"),
        (
            lambda: spectrum().assign(density=spectrum()["density"] * np.nan),
            "compute curvature with probes of at least 1",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong, message):
    result = wrong()
    with pytest.raises(InvalidValue, match=message):
        tw.figures.curvature(result)
