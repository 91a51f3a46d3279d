"""The exact census as the public verb gives it, and grid minima refined: each against the other."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue

LINES = np.radians([-72.0, -36.0, 0.0, 36.0, 72.0])


@pytest.mark.parametrize(
    ("residual", "method"),
    [
        pytest.param("vertical", "grid", marks=pytest.mark.long),
        ("orthogonal", "grid"),
        ("vertical", "exact"),
        ("orthogonal", "exact"),
    ],
)
def test_the_noise_free_pencil_has_five_minima_at_its_lines(method, residual):
    objective = tw.objective(tw.problems.pencil(residual=residual), tw.losses.fourth_root())
    # A grid that does not hold these angles.
    surface = tw.survey(objective, points=1777)
    valleys = tw.find_valleys(objective, surface, method=method, refine=True)
    np.testing.assert_allclose(np.sort(valleys["position"].values[:, 0]), LINES, rtol=0, atol=1e-9)
    assert valleys.sizes["pass"] == 5 if residual == "orthogonal" or method == "grid" else 4


@pytest.fixture(scope="module")
def noisy():
    return tw.objective(tw.problems.pencil(noise=0.01), tw.losses.fourth_root())


def test_with_noise_every_distinct_slope_is_a_minimum_and_the_grid_sees_a_fraction(noisy):
    x, y = noisy.train
    exact = tw.find_valleys(noisy, method="exact")
    assert exact.sizes["valley"] == len(np.unique(y / x)) == 670
    grid = tw.find_valleys(noisy, persistence=0.0)
    assert 3 <= grid.sizes["valley"] < 67


def test_exact_and_grid_agree_on_every_valley_above_the_grids_resolution(noisy):
    exact = tw.find_valleys(noisy, method="exact", persistence=0.003)
    grid = tw.find_valleys(noisy, persistence=0.003, refine=True)
    # Noise closes the two valleys at ±72°, where vertical residuals are long.
    assert exact.sizes["valley"] == grid.sizes["valley"] == 3
    # Many cusps share a cell, and refining may end in a neighbour of the deepest.
    np.testing.assert_allclose(exact["position"].values, grid["position"].values, atol=np.pi / 1800)
    assert (exact["loss"].values <= grid["loss"].values + 1e-12).all()


def test_the_depths_are_those_of_the_objective(noisy):
    exact = tw.find_valleys(noisy, method="exact")
    x, y = noisy.train
    for place, depth in zip(exact["position"].values[::97, 0], exact["loss"].values[::97], strict=True):
        # 670 roots of residuals that are known to 1e-16: near a cusp a root of that.
        assert depth == pytest.approx(np.mean(np.sqrt(np.abs(np.tan(place) * x - y))), abs=1e-9)


def test_runs_are_located_in_exact_valleys_as_on_the_grid():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    runs = tw.descend(objective, optax.sgd(0.05), starts=np.linspace(-1.5, 1.5, 40), steps=30)
    exact, grid = (tw.find_valleys(objective, method=method) for method in ("exact", "grid"))
    there, here = (tw.locate(runs, valleys).values for valleys in (exact, grid))
    # Between a pass and the edge of its cell the two may differ, and vertical walls at the pole are one cell wide.
    assert (there == here).mean() > 0.99
    derailments = tw.find_derailments(tw.descend(objective, optax.sgd(0.05), precision=32), exact)
    assert derailments["step"].values.tolist() == [6]


def test_two_lines_on_a_circle_have_two_stretches():
    problem = tw.problems.pencil(lines=[0.3, 1.4], residual="orthogonal")
    objective = tw.objective(problem, tw.losses.power(0.7))
    valleys = tw.find_valleys(objective, method="exact")
    runs = tw.descend(objective, optax.sgd(1e-9), starts=[0.3, 1.4, -1.0, -0.4, 3.44], steps=1)
    own = {round(float(place), 6): number for number, place in enumerate(valleys["position"].values[:, 0])}
    found = tw.locate(runs, valleys).values[:, 0]
    assert found[[0, 1]].tolist() == [own[0.3], own[1.4]]
    assert found[4] == own[0.3]


def test_refined_minima_have_the_stated_places_and_values():
    problem = tw.problems.six_hump_camel()
    valleys = tw.find_valleys(tw.objective(problem), refine=True)
    known = {minimum.position: minimum.value for minimum in problem.minima}
    assert valleys.sizes["valley"] == len(known) == 6
    for place, value in known.items():
        off = np.abs(valleys["position"].values - place).max(axis=1)
        # The stated places are rounded to 16 digits, and the gradient to as many.
        assert off.min() < 1e-9
        assert valleys["loss"].values[off.argmin()] == pytest.approx(value, abs=1e-12)
    assert (valleys["width"].values < 1e-9).all()


@pytest.fixture(scope="module")
def stars():
    from importlib.resources import files

    path = files("thalweg.problems").joinpath("data/stars-cyg.csv")
    problem = tw.problems.table(path, "log_temperature", "log_light")
    return tw.objective(problem, tw.losses.fourth_root())


def test_the_best_line_through_the_stars_passes_through_two_of_them(stars):
    valleys = tw.find_valleys(stars, method="exact")
    slope, height = valleys["position"].values[0]
    x, y = stars.train
    on = np.flatnonzero(np.abs(slope * (x - x.mean()) + height - y) < 1e-12)
    assert on.tolist() == valleys["through"].values[0].tolist() == [6, 41]
    # No line of a fine grid about it, nor any through two other stars, is better.
    grid = tw.survey(stars, points=201)["train_loss"].values
    assert valleys["loss"].values[0] <= grid.min()
    assert (np.diff(valleys["loss"].values) >= 0).all()
    assert np.isnan(valleys["persistence"].values).all()


def test_a_line_with_intercept_has_no_basins_to_be_located_in(stars):
    runs = tw.descend(stars, optax.sgd(0.01), steps=2)
    with pytest.raises(
        InvalidValue, match="by the method 'exact' have no passes here, and so no floors; use those of a grid"
    ):
        tw.locate(runs, tw.find_valleys(stars, method="exact"))


REFUSED = [
    (tw.problems.pencil(), tw.losses.quadratic(), "needs |r|^p with p at most 1, and the loss has p = 2"),
    (tw.problems.pencil(), tw.losses.huber(), "needs a power of |r|, and the loss is 'huber'"),
    (tw.problems.pencil(), tw.losses.fourth_root(smoothing=0.1), "needs a loss without smoothing"),
    (tw.problems.line(), tw.losses.absolute(), "needs |r|^p with p below 1, and the loss has p = 1"),
    (tw.problems.line(residual="orthogonal"), tw.losses.fourth_root(), "with orthogonal residuals"),
    (tw.problems.himmelblau(), None, "needs a straight line"),
]


@pytest.mark.parametrize(("problem", "loss", "message"), REFUSED)
def test_what_is_not_proved_is_refused_with_a_pointer_to_the_grid(problem, loss, message):
    with pytest.raises(InvalidValue) as caught:
        tw.find_valleys(tw.objective(problem, loss), method="exact")
    assert message in str(caught.value)
    assert "use method = 'grid'" in str(caught.value)


def test_an_unknown_method_is_refused():
    with pytest.raises(
        InvalidValue, match="method = 'topology' is not allowed; give 'grid', 'exact' or 'starts' or a Sobol"
    ):
        tw.find_valleys(tw.objective(tw.problems.himmelblau()), method="topology")
