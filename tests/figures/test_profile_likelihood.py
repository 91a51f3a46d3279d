"""The profile of a fit: its curve, its level and its interval, and two maps with one scale."""

import numpy as np
import pytest
import xarray as xr

import thalweg as tw
from tests.figures import fitted
from thalweg.base.errors import InvalidValue

PLACE = {"A": 2.0, "tau": 0.5}


def profile(first, loss, fixed, low, high, second=None, level=0.5, **more):
    """A profile along tau, or over tau and A, as the verb labels it."""
    dims = ("first",) if second is None else ("first", "second")
    axes = fitted.problem().domain
    along = ["tau", "A"][: len(dims)]
    return xr.Dataset(
        {
            "loss": (dims, loss),
            "fixed_loss": (dims, fixed),
            "params": ((*dims, "param"), np.zeros((*loss.shape, 2))),
            "position": ("param", list(PLACE.values())),
            "low": ("along", low),
            "high": ("along", high),
        },
        coords={
            "first": first,
            **({} if second is None else {"second": second}),
            "along": along,
            "param": ("param", list(PLACE), axes.to_attrs()),
        },
        attrs={
            "problem": "fit",
            "source": "decay.csv",
            "loss": "quadratic",
            "along": along,
            "valley": 0,
            "level": level,
        }
        | {"confidence": 0.95}
        | more,
    )


def slope(low=0.35, high=0.85, level=0.5, **more):
    """0.1 + 4 (tau - 0.5)², the right side flatter; held, four times as steep."""
    tau = np.linspace(0.2, 1.1, 10)
    away = tau - 0.5
    loss = 0.1 + np.where(away < 0, 4.0, 2.0) * away**2
    return profile(tau, loss, 0.1 + 16 * away**2, [low], [high], level=level, **more)


def hill():
    """0.1 + (tau - 0.5)² + (A - 2)² / 4, and held four times as steep."""
    tau, a = np.linspace(0.1, 0.9, 9), np.linspace(1.2, 2.8, 9)
    away = (tau[:, None] - 0.5) ** 2 + (a - 2.0) ** 2 / 4
    return profile(tau, 0.1 + away, 0.1 + 4 * away, [0.3, 1.6], [0.7, 2.4], second=a, level=0.14)


def test_the_curve_stands_above_its_minimum_with_level_and_interval():
    figure = tw.figures.profile_likelihood(slope())
    (axes,) = figure.static().axes
    lines = {line.get_label(): line.get_data() for line in axes.lines}
    x, y = lines["the others at their best"]
    np.testing.assert_allclose(y, np.where(x < 0.5, 4.0, 2.0) * (x - 0.5) ** 2, atol=1e-12)
    np.testing.assert_allclose(lines["the others held"][1], 16 * (x - 0.5) ** 2, atol=1e-12)
    # Beside the minimum the bends on both sides, 4 and 2, make one of 3.
    np.testing.assert_allclose(lines["parabola of the standard error"][1], 3 * (x - 0.5) ** 2, atol=1e-12)
    assert lines["level of 95 %"][1][0] == pytest.approx(0.4)
    (band,) = (patch for patch in axes.patches if str(patch.get_label()).startswith("interval"))
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.35, 0.85))
    assert "the minimum is at tau 0.5; interval of 95 %: from 0.35 to 0.85." in figure.caption
    names = {trace.get("name") for trace in figure.interactive()["data"]}
    assert set(lines) - {"minimum"} | {"interval of 95 %: from 0.35 to 0.85"} <= names


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-np.inf, 0.8, "interval of 95 %: up to 0.8, without end below"),
        (0.3, np.inf, "interval of 95 %: from 0.3 on"),
        (-np.inf, np.inf, "interval of 95 %: without end on either side"),
    ],
)
def test_an_interval_without_an_end_is_told_as_such(low, high, words):
    figure = tw.figures.profile_likelihood(slope(low, high))
    assert figure.caption.endswith(f"{words}.")
    (axes,) = figure.static().axes
    (band,) = axes.patches
    ends = (0.2 if low < 0 else low, 1.1 if high > 2 else high)
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx(ends)


def test_under_another_loss_there_is_no_interval():
    figure = tw.figures.profile_likelihood(slope(np.nan, np.nan, np.nan))
    (axes,) = figure.static().axes
    assert not axes.patches
    assert figure.caption.endswith("the minimum is at tau 0.5.")


def test_a_profile_that_falls_to_a_deeper_valley_says_so_and_keeps_its_own_in_view():
    fallen = slope()
    fallen["loss"].values[:2] = -30.0
    figure = tw.figures.profile_likelihood(fallen)
    assert figure.static().axes[0].get_ylim()[0] > -1
    assert "falls to a deeper valley" in figure.caption


def test_two_maps_have_one_scale_and_each_its_region():
    figure = tw.figures.profile_likelihood(hill())
    best, held, _ = figure.static().axes
    for axes, steep in ((best, 1), (held, 4)):
        (region,) = (each for each in axes.collections if each.get_linewidth()[0] == 2.0)
        x, y = np.concatenate([path.vertices for path in region.get_paths()]).T
        # Between the points of the drawn grid, 0.025 apart, a contour is straight.
        np.testing.assert_allclose(steep * ((x - 0.5) ** 2 + (y - 2) ** 2 / 4), 0.04, atol=1e-3)
    one, two = (trace for trace in figure.interactive()["data"] if "colorscale" in trace)
    assert (one["zmin"], one["zmax"]) == (two["zmin"], two["zmax"])
    assert one["z"].shape == (33, 33)
    assert one["z"][16, 0] == pytest.approx(0.1 + 0.16)
    assert "The region of 95 % ends at a loss of 0.14." in figure.caption


def test_what_is_finite_nowhere_is_refused():
    for made, what in ((slope(), "at the minimum"), (hill(), "nowhere")):
        made["loss"].values[:] = np.nan
        with pytest.raises(InvalidValue, match=f"the loss is .*{what}.*'profile_likelihood' has nothing to draw"):
            tw.figures.profile_likelihood(made)
