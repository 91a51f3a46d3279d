"""Valleys of a slice: those of the surface that it shows, on its own grid."""

import numpy as np
import pytest
import xarray as xr

import thalweg as tw
from thalweg.base.errors import InvalidValue


@pytest.fixture(scope="module")
def network():
    return tw.networks.wrap(tw.objective(tw.problems.himmelblau()))


@pytest.fixture(scope="module")
def piece(network):
    """Himmelblau's function over its own two parameters, wider than high."""
    plane = tw.networks.directions.given(network, [1, 0], [0, 1], at=[0, 0])
    return tw.networks.slice(network, plane, points=[281, 241], span=[(-7, 7), (-6, 6)])


def test_valleys_and_passes_of_a_slice_are_those_of_its_surface(piece):
    valleys = tw.find_valleys(piece)
    # Himmelblau (1972): four minima of height 0; passes where the gradient vanishes with one negative curvature.
    minima = np.array([[3, 2], [-2.805118, 3.131312], [-3.77931, -3.283186], [3.584428, -1.848127]])
    passes = np.array([[3.385154, 0.073852], [0.086678, 2.884255], [-3.073026, -0.081353], [-0.127961, -1.953715]])
    heights = [13.311908, 67.719203, 104.015166, 178.337241]
    for found, known in (("position", minima), ("pass_position", passes)):
        away = np.abs(valleys[found].values[:, None] - known).max(axis=2).min(axis=0)
        assert (away <= 0.05).all(), found  # a cell
    # A pass on the grid is at most as far off as the surface bends within half a cell: below 20 a unit squared.
    np.testing.assert_allclose(valleys["pass_loss"].values[:4], heights, atol=0.1)
    assert (valleys.attrs["method"], valleys.attrs["refined"], valleys.attrs["points"]) == ("grid", 0, [281, 241])
    assert valleys["basin"].dims == ("x", "y")
    assert valleys["param"].values.tolist() == ["x", "y"]


def test_the_merge_tree_of_a_slice_is_drawn(piece):
    valleys = tw.find_valleys(piece, persistence=50)
    assert valleys.sizes["valley"] == 3
    for figure in (tw.figures.merge_tree(valleys), tw.figures.barcode(valleys)):
        assert "3 valleys of persistence 50 or more" in figure.caption


def test_a_line_has_valleys_too(network):
    line = tw.networks.directions.between(network, [3, 2], [3.584428, -1.848127])
    valleys = tw.find_valleys(tw.networks.slice(network, line, span=(-0.2, 1.2), points=141))
    np.testing.assert_allclose(np.sort(valleys["position"].values[:, 0]), [0, 1], atol=1e-12)
    assert float(valleys["pass_loss"][0]) == pytest.approx(13.7, abs=0.05)  # the barrier of the straight line


def test_what_is_not_finite_is_a_wall(piece):
    walled = piece.copy(deep=True)
    walled["loss"][:, 140] = np.nan  # at x = 0
    valleys = tw.find_valleys(walled)
    endless = np.isinf(valleys["persistence"].values)
    # The deepest on either side joins nothing.
    assert sorted(np.sign(valleys["position"].values[endless, 0])) == [-1, 1]


def test_valleys_of_a_slice_go_to_netcdf_and_back(piece, tmp_path):
    valleys = tw.find_valleys(piece)
    valleys.to_netcdf(tmp_path / "one.nc", engine="h5netcdf")
    xr.testing.assert_identical(tw.load(tmp_path / "one.nc"), valleys)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (
            lambda net, piece: tw.find_valleys(net),
            "objective = <Network of 2 numbers: himmelblau in jax> has more parameters than a surface can be shown over; give a slice of it, "
            "thalweg.networks.slice(network, plane)",
        ),
        (
            lambda net, piece: tw.find_valleys(3),
            "objective = 3 is not an Objective; give what thalweg.objective returns",
        ),
        (
            lambda net, piece: tw.objective(net),
            "problem = <Network of 2 numbers: himmelblau in jax> has its loss already; give it to the verbs of thalweg.networks",
        ),
        (lambda net, piece: tw.objective(3), "problem = 3 is not a Problem; give one of thalweg.problems"),
        (
            lambda net, piece: tw.find_valleys(piece.drop_attrs()),
            "objective does not hold a slice: it has no attribute 'x_name'; give what thalweg.networks.slice returns",
        ),
        (
            lambda net, piece: tw.find_valleys(piece, refine=True),
            "refine = True needs an objective, and a slice is a grid of losses alone; leave it out, or take more points",
        ),
        (lambda net, piece: tw.find_valleys(piece, method="starts"), "method = 'starts' needs an objective"),
        (lambda net, piece: tw.find_valleys(piece.isel(x=[0])), "a slice of one point along x has no valleys"),
    ],
)
def test_what_has_no_valleys_is_refused_in_one_line(network, piece, act, words):
    with pytest.raises(InvalidValue) as caught:
        act(network, piece)
    assert str(caught.value).startswith(words)
