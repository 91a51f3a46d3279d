"""How many minima a fit has, where that is known in another way: from a periodogram, and from a grid over all places."""

import numpy as np
import pytest
from scipy import ndimage, optimize, signal

import thalweg as tw

LOW, HIGH = 0.5, 4.0


def periodogram(t, y):
    """Mean of squares that the best sine of a frequency leaves: what is not in Lomb and Scargle's periodogram."""
    return lambda f: (y @ y - 2 * signal.lombscargle(t, y, 2 * np.pi * np.atleast_1d(f))) / len(t)


def lowest(curve, low, high):
    """Find all minima of a curve, those at its ends too, on a fine grid: (places, heights)."""
    grid = np.linspace(low, high, 4001)
    heights = np.pad(curve(grid), 1, constant_values=np.inf)
    found = np.flatnonzero((heights[1:-1] < heights[:-2]) & (heights[1:-1] < heights[2:]))
    places = []
    for k in found:
        if k in (0, len(grid) - 1):
            places.append(grid[k])
            continue
        inside = optimize.minimize_scalar(
            lambda f: float(np.squeeze(curve(f))), bracket=grid[k - 1 : k + 2], options={"xtol": 1e-10}
        )
        places.append(inside.x)
    return np.array(places), curve(np.array(places))


# With the first noise neither end of the range is a minimum, with the second both.
@pytest.mark.long
@pytest.mark.parametrize(("seed", "count"), [(7, 16), (1, 14)])
def test_a_sine_in_noise_has_a_valley_for_every_peak_of_its_periodogram(seed, count):
    draw = np.random.default_rng(seed)
    t = np.sort(draw.uniform(0, 5, 50))
    y = 2 * np.cos(2 * np.pi * 1.3 * t + 0.4) + draw.normal(0, 1, 50)
    places, heights = lowest(periodogram(t, y), LOW, HIGH)
    problem = tw.problems.fit({"t": t, "y": y}, "A*cos(2*pi*f*t) + B*sin(2*pi*f*t)", "y", ranges={"f": f"{LOW}:{HIGH}"})
    fit = tw.fit(problem, tw.starts.Sobol(256), most=100)
    order = np.argsort(fit["position"].sel(param="f").values)
    assert len(places) == count
    np.testing.assert_allclose(fit["position"].sel(param="f")[order], places, rtol=1e-6)
    np.testing.assert_allclose(fit["loss"][order], heights, rtol=1e-12)
    np.testing.assert_array_equal(fit["twin"], np.arange(count))


@pytest.mark.long
def test_two_peaks_have_the_valleys_of_a_grid_over_both_places():
    x = np.linspace(0, 10, 81)

    def peaks(m, n):
        return np.exp(-(((x - m) / 0.6) ** 2)) + np.exp(-(((x - n) / 0.6) ** 2))

    # A third peak that the model does not have: it may take any two of them, or both sides of one.
    y = peaks(3, 6.5) + 0.6 * np.exp(-(((x - 8.5) / 0.6) ** 2)) + np.random.default_rng(0).normal(0, 0.15, 81)
    grid = np.linspace(0, 10, 251)
    one = np.exp(-(((x - grid[:, None]) / 0.6) ** 2))
    squares = ((one[:, None] + one - y) ** 2).sum(axis=-1)
    lows = np.argwhere(squares == ndimage.minimum_filter(squares, 3, mode="constant", cval=np.inf))
    inside = lows[((lows > 0) & (lows < 250)).all(axis=1)]
    precise = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    expected = [optimize.least_squares(lambda at: peaks(*at) - y, grid[cell], **precise) for cell in inside]

    problem = tw.problems.fit(
        {"x": x, "y": y},
        "exp(-((x - m)/0.6)**2) + exp(-((x - n)/0.6)**2)",
        "y",
        ranges={"m": "0:10", "n": "0:10"},
    )
    fit = tw.fit(problem, tw.starts.Sobol(512), most=100)
    fit = fit.isel(valley=(fit["at_low"] + fit["at_high"]).sum("param").values == 0)
    assert fit.sizes["valley"] == len(expected) == 10
    # Every one beside its mirrored twin: in order of the loss, and then of the first place.
    order = np.lexsort((fit["position"][:, 0], fit["loss"].values.round(9)))
    theirs = np.array([[2 * each.cost / 81, *each.x] for each in expected])
    theirs = theirs[np.lexsort((theirs[:, 1], theirs[:, 0].round(9)))]
    np.testing.assert_allclose(fit["loss"][order], theirs[:, 0], rtol=1e-10)
    np.testing.assert_allclose(fit["position"][order], theirs[:, 1:], rtol=1e-6)
    assert len(set(fit["twin"].values.tolist())) == 5


def test_a_straight_line_is_that_of_the_text_book_to_twelve_digits():
    draw = np.random.default_rng(2)
    t = draw.uniform(-3, 8, 60)
    y = 1.7 * t - 40 + draw.normal(size=60)
    fit = tw.fit(tw.problems.fit({"t": t, "y": y}, "a*t + b", "y"), tw.starts.Sobol(4))
    wide, high = t.astype(np.longdouble), y.astype(np.longdouble)
    spread = ((wide - wide.mean()) ** 2).sum()
    slope = ((wide - wide.mean()) * (high - high.mean())).sum() / spread
    height = high.mean() - slope * wide.mean()
    squares = ((slope * wide + height - high) ** 2).sum()
    errors = np.sqrt(squares / 58 * np.array([1 / spread, 1 / np.longdouble(60) + wide.mean() ** 2 / spread]))
    assert fit.sizes["valley"] == 1
    np.testing.assert_allclose(fit["position"][0], np.array([slope, height], float), rtol=1e-12)
    np.testing.assert_allclose(fit["error"][0], errors.astype(float), rtol=1e-12)
    assert float(fit["squares"][0]) == pytest.approx(float(squares), rel=1e-12)
