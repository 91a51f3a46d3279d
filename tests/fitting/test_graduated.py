"""The search under robust losses and cusps: broad first, and as many starts as by squares find the deepest valley."""

import numpy as np
import pytest

import thalweg as tw
from thalweg.fitting.census import settle
from thalweg.fitting.graduated import cusp, scale_of, seek, seek_own
from thalweg.losses import absolute, cauchy, fourth_root, huber, power, quadratic, root, tukey

T = np.sort(np.random.default_rng(0).uniform(0, 10, 60))


def wave(loss, seed=1, **ranges):
    """An oscillation of frequency 0.7, a fifth of its rows anywhere."""
    draw = np.random.default_rng(seed)
    y = 2 * np.cos(2 * np.pi * 0.7 * T + 1) + 0.1 * draw.normal(size=60)
    y = np.where(draw.random(60) < 0.2, draw.uniform(-6, 6, 60), y)
    ranges = {"f": "0.1:2", "p": "0:2pi:periodic", "A": "-100:100:open"} | ranges
    return tw.objective(tw.problems.fit({"t": T, "y": y}, "A*cos(2*pi*f*t + p)", "y", ranges=ranges), loss)


def found(ends, objective):
    """The deepest end, and the share of starts that reach it."""
    height = np.where(np.isfinite(ends.height), ends.height, np.inf)
    return ends.position[np.argmin(height)], float(np.mean(height <= height.min() * (1 + 1e-6)))


@pytest.mark.long
@pytest.mark.parametrize("loss", [huber(0.2), cauchy(0.3), tukey(0.5), fourth_root()], ids=lambda loss: loss.name)
def test_as_many_starts_find_the_deepest_valley_as_by_squares(loss):
    objective, squares = wave(loss), wave(quadratic())
    starts = tw.starts.uniform(objective.problem, 128)
    place, share = found(seek(objective, starts), objective)
    assert share >= 0.8 * found(settle(squares, starts), squares)[1]
    # The truth is known to a few thousandths, whatever the outliers.
    np.testing.assert_allclose([abs(place[0]), place[1]], [2, 0.7], rtol=0.05)


def test_a_redescending_loss_is_found_from_far_off():
    objective = wave(tukey(0.5))
    starts = tw.starts.uniform(objective.problem, 32)
    place, share = found(seek(objective, starts), objective)
    # From amplitudes of a hundred all residuals are beyond the scale: by its own descent the loss tells nothing.
    direct = settle(objective, starts)
    assert np.nanmin(direct.height) > 1.5 * float(np.nanmin(seek(objective, starts).height))
    assert share > 0.1
    np.testing.assert_allclose([abs(place[0]), place[1]], [2, 0.7], rtol=0.05)


def test_a_start_ends_at_the_same_bits_beside_any_others():
    objective = wave(tukey(0.5))
    starts = tw.starts.uniform(objective.problem, 20)
    np.testing.assert_array_equal(seek(objective, starts[3:8]).position, seek(objective, starts).position[3:8])


def test_the_fourth_root_ends_in_a_cusp():
    objective = wave(fourth_root())
    starts = tw.starts.uniform(objective.problem, 16)
    ends = seek(objective, starts)
    best = ends.position[np.argmin(ends.height)]
    t, y = objective.train
    r = np.sort(np.abs(best[0] * np.cos(2 * np.pi * best[1] * t + best[2]) - y))
    # Three parameters, so three rows are met exactly, and no fourth.
    assert r[2] < 1e-13
    assert r[3] > 1e-6
    assert ends.height.min() < settle(objective, starts).height.min()
    assert ends.settled[np.argmin(ends.height)]


def test_squares_are_searched_as_they_are():
    objective = wave(quadratic())
    starts = tw.starts.uniform(objective.problem, 8)
    np.testing.assert_array_equal(seek(objective, starts).position, settle(objective, starts).position)


def test_a_start_of_ones_own_leads_where_it_lies_lowest():
    objective = wave(tukey(0.5))
    near, far = np.array([1.9, 0.7, 1.0]), np.array([90.0, 0.7, 1.0])
    np.testing.assert_allclose(seek_own(objective, far).height, seek_own(objective, near).height, rtol=1e-9)


def test_a_linear_model_under_a_convex_loss_has_the_one_minimum():
    y = 2 * T - 1 + np.where(np.arange(60) % 7 == 0, 30.0, np.cos(T * 50))
    objective = tw.objective(tw.problems.fit({"t": T, "y": y}, "a*t + b", "y"), absolute())
    ends = seek(objective, tw.starts.uniform(objective.problem, 4))
    # Least absolute deviations by linear programming: r = above - below, both at least 0.
    from scipy.optimize import linprog

    design = np.stack([T, np.ones(60)], axis=1)
    lines = np.concatenate([design, -np.eye(60), np.eye(60)], axis=1)
    free = [(None, None)] * 2 + [(0, None)] * 120
    best = linprog(np.concatenate([[0, 0], np.ones(120)]), A_eq=lines, b_eq=y, bounds=free)
    np.testing.assert_allclose(ends.height, best.fun / 60, rtol=1e-10)
    np.testing.assert_allclose(ends.position, np.tile(best.x[:2], (4, 1)), rtol=1e-7)


def test_the_scale_of_a_loss_is_where_its_weight_has_halved():
    # Huber's weight is δ/r beyond δ, Cauchy's 1 / (1 + (r/c)²), Tukey's (1 - (r/c)²)².
    assert scale_of(huber(0.3), 1.0) == pytest.approx(0.6, rel=0.3)
    assert scale_of(cauchy(0.3), 1.0) == pytest.approx(0.3, rel=0.3)
    assert scale_of(tukey(0.3), 100.0) == pytest.approx(0.3 * np.sqrt(1 - 0.5**0.5), rel=0.3)
    assert scale_of(quadratic(), 1.0) == 0


def test_powers_with_an_edge_are_told():
    assert [cusp(loss) for loss in (absolute(), fourth_root(), root(8), power(0.3))] == [1, 0.5, 0.25, 0.3]
    none = (quadratic(), power(1.5), fourth_root(smoothing=0.1), huber(1.0), root(1.5))
    assert [cusp(loss) for loss in none] == [None] * 5
