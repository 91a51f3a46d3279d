"""Pairs of parameters: ends gathered to dots of their share, on axes that suit their ranges."""

import numpy as np
import pytest

import thalweg as tw
from tests.figures import fitted
from tests.figures.fitted import usual
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing.view import View
from thalweg.figures.fit_pairs.reading import gathered


def spread():
    """Two valleys far apart, the second reached by a quarter of the starts."""
    return fitted.fits([[3.5, 0.2], [0.5, 5.0]], [0.1, 0.4], [0] * 6 + [1] * 2)


def test_every_valley_is_a_dot_as_large_as_its_share():
    figure = tw.figures.fit_pairs(spread())
    counts, pair, below = figure.static().axes
    assert pair.get_xlabel() == "A", (pair.get_xlabel(), pair.get_ylabel())
    assert pair.get_ylabel() == "tau"
    dots = {tuple(dots.get_offsets()[0].tolist()): dots.get_sizes()[0] for dots in pair.collections}
    assert dots[3.5, 0.2] / dots[0.5, 5.0] == pytest.approx(3)
    assert (pair.get_yscale(), below.get_xscale(), counts.get_xscale()) == ("log", "log", "linear")
    heights = {round(bar.get_height(), 9) for bar in counts.patches}
    assert heights == {0.0, 0.75, 0.25}
    hover = [trace["customdata"] for trace in figure.interactive()["data"] if "customdata" in trace]
    assert hover == [["25 %"], ["75 %"]]
    assert "The best valley is at A 3.5, tau 0.2." in figure.caption


def test_walls_are_drawn_and_ends_close_together_are_seen_apart():
    figure = tw.figures.fit_pairs(spread())
    pair = figure.static().axes[1]
    assert {line.get_xdata()[0] for line in pair.lines if list(line.get_ydata()) == [0, 1]} == {0.0, 4.0, 3.5}
    near = fitted.fits([[2.0, 1.0], [2.01, 1.01]], [0.1, 0.4], [0, 1])
    low, high = tw.figures.fit_pairs(near).static().axes[1].get_xlim()
    assert 1.99 < low < 2.0 < 2.01 < high < 2.02


def test_angles_are_in_degrees_and_wrapped():
    problem = tw.problems.fit(
        {"t": fitted.T, "y": np.cos(fitted.T)}, "A*cos(t+p)", "y", ranges={"A": (0, 4), "p": "0:2pi:periodic"}
    )
    axes = tw.problems.Domain([tw.problems.Axis("A", 0, 4), tw.problems.Axis("p", 0, 2 * np.pi, True, "rad")])
    fits = fitted.fits([[1.0, -np.pi / 2]], [0.1], [0, 0], of=problem)
    fits["param"].attrs.update(axes.to_attrs())
    figure = tw.figures.fit_pairs(fits)
    (pair,) = (axes for axes in figure.static().axes if axes.get_ylabel())
    assert pair.get_ylabel() == "p in degrees"
    np.testing.assert_allclose(pair.collections[0].get_offsets(), [[1.0, 270.0]])
    assert "p 270°" in figure.caption


def test_ends_in_one_cell_are_one_dot():
    view = View(0.0, 1.0)
    x = np.array([0.5, 0.5 + 1e-6, 0.9, 7.0])
    dots = gathered(x, x, view, view, 8)
    assert sorted(zip(dots.x.round(3).tolist(), dots.share.tolist(), strict=True)) == [(0.5, 0.25), (0.9, 0.125)]


def test_starts_are_drawn_where_they_are_asked_for():
    assert "starts" not in [line.get_label() for line in tw.figures.fit_pairs(usual()).static().axes[1].lines]
    figure = tw.figures.fit_pairs(usual(), starts=True)
    starts = next(line for line in figure.static().axes[1].lines if line.get_label() == "starts")
    np.testing.assert_allclose(np.transpose(starts.get_data()), usual()["start_position"].values)


def test_the_own_start_is_marked_and_where_it_leads():
    own = {"own_start": ("param", [1.5, 1.0]), "own_position": ("param", [1.0, 2.0]), "own_loss": 0.4, "own_valley": 2}
    pair = tw.figures.fit_pairs(usual(**own)).static().axes[1]
    marks = {
        line.get_label(): [line.get_xdata()[0], line.get_ydata()[0]] for line in pair.lines if len(line.get_xdata())
    }
    assert (marks["your start"], marks["where it leads"]) == ([1.5, 1.0], [1.0, 2.0])


@pytest.mark.parametrize("number", [1, 12])
def test_any_number_of_parameters_is_drawn_the_first_six_of_many(number):
    names = [f"b{k}" for k in range(number)]
    model = " + ".join(f"{name}*t**{k}" for k, name in enumerate(names))
    problem = tw.problems.fit({"t": fitted.T, "y": fitted.T}, model, "y", ranges=dict.fromkeys(names, (-3, 3)))
    figure = tw.figures.fit_pairs(fitted.fits([np.linspace(-2, 2, number)], [0.1], [0, 0, -1], of=problem))
    shown = min(number, 6)
    assert len(figure.static().axes) == shown * (shown + 1) // 2
    assert ("the first 6 of 12 parameters" in figure.caption) == (number == 12)
    assert "1 start ended nowhere" in figure.caption


def test_what_ended_nowhere_is_refused():
    lost = usual()
    lost["end_loss"].values[:] = np.nan
    with pytest.raises(InvalidValue, match="no start of the fit ended at a finite place, so the figure 'fit_pairs'"):
        tw.figures.fit_pairs(lost)


def test_sixty_valleys_have_seven_colours_and_gray():
    places = np.stack([np.linspace(0.1, 3.9, 60), np.geomspace(0.2, 9, 60)], axis=-1)
    many = fitted.fits(places, np.linspace(0.1, 3, 60), np.arange(60))
    for figure in (tw.figures.fit_pairs(many), tw.figures.waterfall(many)):
        names = [trace["name"] for trace in figure.interactive()["data"] if trace.get("name")]
        assert [name.partition(":")[0] for name in names][:8] == [*(f"#{k}" for k in range(7)), "other valleys"]
        figure.png(40)
