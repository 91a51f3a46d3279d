"""Several fits side by side: their valleys along one parameter, what joins them, and the best curves."""

import numpy as np
import pytest

import thalweg as tw
from tests.figures import fitted
from tests.figures.fitted import T, problem
from thalweg.base.errors import InvalidValue, UnknownName


def several():
    """Under the second loss the two valleys have moved a little and changed their ranks; a third is new."""
    return {
        "quadratic": fitted.fits([[2.0, 0.5], [1.0, 4.0]], [0.1, 0.4], [0, 0, 0, 1]),
        "Tukey": fitted.fits([[1.1, 4.2], [2.1, 0.51], [3.9, 0.11]], [0.01, 0.02, 0.03], [0, 0, 1, 2]),
    }


def dots_of(axes):
    return [
        (line.get_xdata()[0], line.get_ydata()[0], line.get_markersize())
        for line in axes.lines
        if line.get_marker() in "os^D"
    ]


def test_every_valley_stands_in_the_column_of_its_fit_as_large_as_its_share():
    figure = tw.figures.compare_fits(several(), along="A")
    (axes,) = figure.static().axes
    dots = {(x, y): size for x, y, size in dots_of(axes)}
    assert set(dots) == {(0, 2.0), (0, 1.0), (1, 1.1), (1, 2.1), (1, 3.9)}
    assert dots[0, 2.0] / dots[0, 1.0] == pytest.approx(np.sqrt(3))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["quadratic", "Tukey"]
    assert axes.get_ylabel() == "A"
    marked = [trace for trace in figure.interactive()["data"] if trace["mode"] == "markers"]
    places = [sorted(trace["y"].tolist()) for trace in marked]
    assert places == [[1.0, 2.0], [1.1, 2.1, 3.9]]
    assert (
        "of quadratic: 2, the deepest at 2 with loss 0.1 and 75 % of starts; of Tukey: 3, the deepest at 1.1"
        in figure.caption
    )


def test_lines_join_valleys_that_are_each_others_nearest_whatever_their_ranks():
    (axes,) = tw.figures.compare_fits(several(), along="A").static().axes
    (lines,) = (each.get_segments() for each in axes.collections)
    assert sorted(map(np.ndarray.tolist, lines)) == [[[0, 1.0], [1, 1.1]], [[0, 2.0], [1, 2.1]]]


def test_the_parameter_is_one_that_keeps_valleys_apart():
    """Along A all three valleys of a fit are one place, along tau they are three."""
    alike = fitted.fits([[2.0, 0.2], [2.0, 1.0], [2.0, 5.0]], [0.1, 0.4, 0.5], [0, 1, 2])
    figure = tw.figures.compare_fits({"a": alike, "b": alike})
    assert figure.title == "Valleys along tau"
    assert figure.static().axes[0].get_yscale() == "log"
    with pytest.raises(UnknownName, match="unknown parameter 'k'"):
        tw.figures.compare_fits({"a": alike}, along="k")


def test_of_twins_the_one_nearest_to_the_fit_before_is_drawn():
    before = fitted.fits([[1.0, 4.0]], [0.1], [0, 0])
    after = fitted.fits([[3.0, 0.3], [1.1, 4.1]], [0.1, 0.1], [0, 1], twin=[0, 0])
    (axes,) = tw.figures.compare_fits({"before": before, "after": after}, along="A").static().axes
    assert {(x, y) for x, y, _ in dots_of(axes)} == {(0, 1.0), (1, 1.1)}


def test_the_best_curve_of_each_is_drawn_over_the_data():
    figure = tw.figures.compare_fits(several(), problem())
    _, below = figure.static().axes
    curves = {line.get_label(): line.get_data() for line in below.lines if not line.get_label().startswith("_")}
    for name, (a, tau) in {"quadratic": (2.0, 0.5), "Tukey": (1.1, 4.2)}.items():
        x, y = curves[name]
        np.testing.assert_allclose(y, a * np.exp(-x / tau), rtol=1e-12)
    assert {"quadratic", "Tukey"} <= {trace.get("name") for trace in figure.interactive()["data"]}


def test_models_that_differ_each_have_their_own_problem():
    line = tw.problems.fit({"t": T, "y": 2 * np.exp(-T / 0.5)}, "A + k*t", "y", ranges={"A": (0, 4), "k": (-3, 3)})
    fits = {"decay": several()["quadratic"], "line": fitted.fits([[1.5, -0.5]], [0.3], [0, 0], of=line)}
    figure = tw.figures.compare_fits(fits, {"decay": problem(), "line": line})
    assert figure.title == "Valleys along A"
    x, y = next(each.get_data() for each in figure.static().axes[1].lines if each.get_label() == "line")
    np.testing.assert_allclose(y, 1.5 - 0.5 * x, atol=1e-12)
    with pytest.raises(InvalidValue, match="the fit 'line' has the parameters A, k and the problem A, tau; give the"):
        tw.figures.compare_fits(fits, problem())
    with pytest.raises(UnknownName, match="unknown problem 'line'"):
        tw.figures.compare_fits(fits, {"decay": problem()})


def test_fits_with_nothing_in_common_are_refused():
    other = tw.problems.fit({"t": T, "y": T}, "k*t", "y", ranges={"k": (-3, 3)})
    fits = {"decay": several()["quadratic"], "line": fitted.fits([[1.0]], [0.3], [0], of=other)}
    with pytest.raises(
        InvalidValue, match="the fits decay, line have no parameter in common; give fits that share one"
    ):
        tw.figures.compare_fits(fits)
    with pytest.raises(InvalidValue, match="fits names none; give some by name"):
        tw.figures.compare_fits({})
