"""The figure of a comparison: lines at their numbers, nested and told apart, the parting marked."""

import io

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.compare import arrays_of

TITLES = ["JAX", "PyTorch", "TensorFlow", "Keras", "TensorFlow (update)", "TensorFlow (v1)"]
EPS = "ε beside the uncorrected root; b1 and b2 of the bias correction rounded to 32 bits"
STEP = np.arange(21)


def compared(count=4, name="phi", **attrs):
    """Results as ``thalweg.frameworks.compare`` lays them out: the first equal, the second rounded, the others parted."""
    path = 0.8 * 0.9**STEP
    difference = np.stack([0 * STEP, 1e-16 * (STEP > 3), *[1e-6 * (STEP > 0) * 1.3**STEP] * 4])[:count]
    parts = {
        "params": (("framework", "step", "param"), (path + difference)[..., None]),
        "difference": (("framework", "step"), difference),
        "reference": (("step", "param"), path[:, None]),
        "bound": ("step", 1e-15 * 1.2**STEP),
        "parts": ("framework", np.array([-1, -1, 1, 1, 1, 7])[:count]),
    }
    causes = ["none: equal to the bit", "rounding", EPS, EPS, EPS, "computes in 32 bits"][:count]
    facts = {"problem": "pencil", "loss": "fourth_root", "optimizer": "adam(learning_rate=0.05)", "precision": 64}
    facts |= {"titles": TITLES[:count], "causes": causes}
    return xr.Dataset(parts, {"step": STEP, "param": [name]}, facts | attrs)


def test_the_trajectories_are_in_degrees_and_nested():
    upper, _ = tw.figures.compare(compared()).static().axes
    assert upper.get_ylabel() == "phi in degrees"
    for line in upper.lines:
        np.testing.assert_allclose(line.get_ydata()[0], np.degrees(0.8), rtol=1e-12)
    widths = [line.get_linewidth() for line in upper.lines]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 5
    labels = [line.get_label() for line in upper.lines]
    assert labels == ["reference", "JAX (equal)", "PyTorch", "TensorFlow", "Keras"]


def test_differences_are_below_on_a_logarithmic_axis_with_what_rounding_explains():
    _, lower = tw.figures.compare(compared()).static().axes
    assert lower.get_yscale() == "log"
    assert lower.get_ylabel() == "difference in degrees"
    equal, rounded, parted = (np.asarray(line.get_ydata(), dtype=float) for line in lower.lines[:3])
    assert np.isnan(equal).all()
    np.testing.assert_allclose(rounded[4:], np.degrees(1e-16), rtol=1e-12)
    np.testing.assert_allclose(parted[1:], np.degrees(1e-6) * 1.3 ** STEP[1:], rtol=1e-12)
    (band,) = lower.collections
    tops = band.get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose(tops.max(), np.degrees(1e-15) * 1.2**20, rtol=1e-12)


def test_the_parting_is_marked_once_for_all_that_part_there():
    sheet = tw.figures.compare(compared()).static()
    lower = sheet.axes[1]
    assert [text.get_text() for text in lower.texts] == [f"step 1, TensorFlow and Keras\n{EPS}"]
    assert [line.get_xdata()[0] for line in lower.lines if len(line.get_xdata()) == 2] == [1]
    # The label stands above all that is drawn.
    assert lower.get_ylim()[1] > 50 * np.degrees(1e-6) * 1.3**20


def test_other_parameters_have_no_degrees():
    upper, lower = tw.figures.compare(compared(name="W")).static().axes
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("W", "difference")
    np.testing.assert_allclose(lower.lines[2].get_ydata()[1], 1.3e-6, rtol=1e-12)


def test_no_two_frameworks_look_alike():
    looks = arrays_of(compared(6)).looks
    assert len({look.colour for look in looks}) == 6
    assert len({(look.width, look.dash) for look in looks}) == 6  # without colour too


def test_the_caption_tells_what_is_seen():
    caption = tw.figures.compare(compared()).caption
    assert "pencil, fourth root loss, adam(learning_rate=0.05), 64 bits" in caption
    # In the unit of the axis beside it: 1e-16 and 1.9e-4 radians.
    assert "JAX (equal) 0°, PyTorch 5.7 × 10⁻¹⁵°, TensorFlow 0.011°, Keras 0.011°." in caption
    assert "PyTorch 10⁻¹⁶, TensorFlow 0.00019" in tw.figures.compare(compared(name="W")).caption
    assert f"from step 1, TensorFlow and Keras: {EPS}." in caption
    alike = compared(2)
    assert "no framework parts by more" in tw.figures.compare(alike).caption


def test_a_page_has_the_same_numbers():
    page = tw.figures.compare(compared()).interactive()
    upper = [trace for trace in page["data"] if "yaxis" not in trace]
    assert [trace["name"] for trace in upper] == ["reference", "JAX (equal)", "PyTorch", "TensorFlow", "Keras"]
    np.testing.assert_allclose(upper[0]["y"], np.degrees(0.8 * 0.9**STEP), rtol=1e-12)
    below = [trace for trace in page["data"] if trace.get("yaxis") == "y2" and trace.get("legendgroup")]
    np.testing.assert_allclose(below[2]["y"][1:], np.degrees(1e-6) * 1.3 ** STEP[1:], rtol=1e-12)
    assert page["layout"]["yaxis2"]["type"] == "log"
    assert [label["text"] for label in page["layout"]["annotations"]] == [f"step 1, TensorFlow and Keras<br>{EPS}"]


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_nothing_is_cut_off_at_the_edges(count):
    pixels = np.asarray(Image.open(io.BytesIO(tw.figures.compare(compared(count)).png(80))).convert("L"))
    assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 255


def test_runs_that_are_no_numbers_and_an_unbounded_bound_are_drawn():
    lost = compared(2)
    lost["params"][1, 5:], lost["difference"][1, 5:] = np.nan, np.nan
    lost["params"][0], lost["difference"][0] = np.nan, np.nan
    lost["bound"][10:] = np.inf
    lost["parts"][:] = [0, 5]
    upper, lower = tw.figures.compare(lost).static().axes
    ends = [line for line in upper.lines if line.get_marker() == "X"]
    assert [line.get_xdata()[0] for line in ends] == [4]
    assert np.isfinite(lower.get_ylim()).all()
    assert "JAX not finite, PyTorch" in tw.figures.compare(lost).caption
    assert tw.figures.compare(lost).png(40)


def test_what_is_no_comparison_is_refused(published):
    with pytest.raises(
        InvalidValue, match="compared holds a surface, not a comparison; give what thalweg.frameworks.compare returns"
    ):
        tw.figures.compare(published.surface)
