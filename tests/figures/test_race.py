"""The figure of a race: marks at their places, ranked, told apart without colour."""

import io
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.marks import OPTIMIZERS, series_of
from thalweg.figures.race import arrays_of

NAMES = ["sgd", "lbfgs", "adam"]
SUCCESS = np.array([0.16, 0.86, 0.31])
RATES = np.array([0.001, 0.01, 0.1, 1.0])
TUNED = np.array([[0.05, 0.1, 0.18, 0.02], [np.nan] * 4, [0.1, 0.33, 0.2, 0.04]])


def ran(count=3, **attrs):
    """Results of a race as ``tw.race`` lays them out; more than three are the three again."""
    k = np.arange(count) % 3
    steps = np.minimum(np.arange(11) / 8, 1)
    parts = {
        "success": ("optimizer", SUCCESS[k]),
        "success_low": ("optimizer", SUCCESS[k] - 0.02),
        "success_high": ("optimizer", SUCCESS[k] + 0.03),
        "success_by_step": (("optimizer", "step"), SUCCESS[k, None] * steps),
        "learning_rate": ("optimizer", np.array([0.1, np.nan, 0.01])[k]),
        "tuned_rate": (("optimizer", "candidate"), np.where(np.isnan(TUNED[k]), np.nan, RATES)),
        "tuned_success": (("optimizer", "candidate"), TUNED[k]),
    }
    facts = {"problem": "pencil", "loss": "fourth_root", "starts": 1000, "steps": 10, "tuning_starts": 50}
    names = [NAMES[j] if count == 3 else f"{NAMES[j]} {i}" for i, j in enumerate(k)]
    return xr.Dataset(parts, attrs=facts | {"names": names, "best_names": ["0°"]} | attrs)


def test_the_best_is_on_top_with_its_numbers():
    dots = tw.figures.race(ran()).static().axes[0]
    assert [label.get_text() for label in dots.get_yticklabels()] == ["lbfgs", "adam", "sgd"]
    assert dots.yaxis_inverted()
    texts = [text.get_text() for text in dots.texts]
    assert texts == ["86.0 (84.0–89.0)", "31.0 (29.0–34.0)", "16.0 (14.0–19.0)"]
    bars = [line.get_xdata() for line in dots.lines if line.get_transform() == dots.transData]
    np.testing.assert_allclose(bars, [[84, 89], [29, 34], [14, 19]], atol=1e-12)


def test_curves_are_the_numbers_in_percent():
    _, settled, tuning = tw.figures.race(ran()).static().axes
    ends = sorted(line.get_ydata()[-1] for line in settled.lines)
    np.testing.assert_allclose(ends, [16, 31, 86], atol=1e-12)
    assert len(tuning.lines) == 2  # a line search has no tuning
    np.testing.assert_allclose(sorted(line.get_ydata().max() for line in tuning.lines), [18, 33], atol=1e-12)
    assert tuning.get_xscale() == "log"


def test_the_chosen_rate_is_marked():
    tuning = tw.figures.race(ran()).static().axes[2]
    marks = sorted(tuple(mark.get_offsets()[0].tolist()) for mark in tuning.collections)
    np.testing.assert_allclose(marks, [(0.01, 33), (0.1, 18)], atol=1e-12)


def test_no_two_optimisers_look_alike():
    looks = arrays_of(ran(40)).looks
    assert len(set(looks)) == 40
    # Without colour too, the first eleven have their mark or their dashes for themselves.
    assert len({(look.mark, look.dash) for look in looks[:11]}) == 11


def test_the_caption_tells_what_is_seen():
    caption = tw.figures.race(ran()).caption
    assert "the same 1,000 starts for all, 10 steps, 4 learning rates tried on 50 others" in caption
    assert "deepest valley, 0°, with 95 % intervals: lbfgs 86.0 % (84.0 % to 89.0 %), adam 31.0 %" in caption


def test_a_race_to_a_loss_is_not_titled_by_a_valley():
    """Other valleys may reach below that loss, as of Rosenbrock's function in ten dimensions."""
    titles = [tw.figures.race(ran(within=within, level=4.25)).title for within in (1e-3, np.nan)]
    ends = ["comes down to a given loss", "finds the deepest valley"]
    assert titles == [f"How often each optimiser {end}" for end in ends]


def test_a_page_has_the_same_numbers():
    traces = tw.figures.race(ran()).interactive()["data"]
    dots = [trace for trace in traces if "error_x" in trace]
    assert [trace["name"] for trace in dots] == ["lbfgs", "adam", "sgd"]
    np.testing.assert_allclose([trace["x"][0] for trace in dots], [86, 31, 16], atol=1e-12)
    assert "not tuned" in dots[0]["hovertemplate"]
    assert "learning rate 0.01" in dots[1]["hovertemplate"]
    tuned = [trace for trace in traces if trace.get("xaxis") == "x3"]
    assert [trace["marker"]["size"].tolist() for trace in tuned] == [[0, 10, 0, 0], [0, 0, 10, 0]]


@pytest.mark.parametrize("count", [1, 2, 3, 8, 25])
def test_nothing_is_cut_off_at_the_edges(count):
    pixels = np.asarray(Image.open(io.BytesIO(tw.figures.race(ran(count)).png(80))).convert("L"))
    assert min(pixels[0].min(), pixels[-1].min(), pixels[:, 0].min(), pixels[:, -1].min()) == 255


@pytest.mark.parametrize("count", [3, 25])
def test_the_numbers_of_wide_intervals_stay_in_their_panel(count):
    """Few starts give intervals that leave no room beside them; names stand on one side, another panel on the other."""
    wide = ran(count)
    for name, shares in (("success", (0.28, 0.26, 0.2)), ("success_low", (0.17, 0.16, 0.11))):
        wide[name] = ("optimizer", np.resize(shares, count))
    wide["success_high"] = ("optimizer", np.resize((0.42, 0.4, 0.33), count))
    sheet = tw.figures.race(wide).static()
    sheet.canvas.draw()
    panel = sheet.axes[0].get_window_extent()
    boxes = [text.get_window_extent() for text in sheet.axes[0].texts]
    assert len(boxes) == count
    assert all(panel.x0 <= box.x0 and box.x1 <= panel.x1 for box in boxes)
    assert all(one.y0 > other.y1 for one, other in pairwise(boxes))


def test_without_any_success_and_without_tuning_there_is_a_figure():
    nothing = ran().isel(optimizer=[1])
    nothing.attrs["names"] = ["lbfgs"]
    for name in ("success", "success_low", "success_by_step"):
        nothing[name] = nothing[name] * 0
    sheet = tw.figures.race(nothing).static()
    assert not sheet.axes[2].axison
    assert sheet.axes[0].texts[0].get_text() == "0.0 (0.0–89.0)"


def test_what_is_no_race_is_refused(published):
    with pytest.raises(InvalidValue, match="ran holds a surface, not a race; give what thalweg.race returns"):
        tw.figures.race(published.surface)


def test_an_optimiser_looks_alike_in_every_race():
    looks = [series_of(names) for names in (["adam"], ["mine", "sgd", "adam"], ["lion", "optax.adam", "other"])]
    assert looks[0][0] == looks[1][2] == looks[2][1]
    for several in looks:
        assert len({look.colour for look in several}) == len(several)
    # All that have names of their own, and as many that have none.
    every = series_of([*OPTIMIZERS, *(f"own{k}" for k in range(13))])
    assert len(set(every)) == len(every) == 40
