"""The search from many starts: what is summed, where it ends, and that no start depends on its neighbours."""

import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from thalweg.base.precision import computing
from thalweg.fitting import sums as summing
from thalweg.fitting.census import settle, task_of
from thalweg.fitting.sums import Task
from thalweg.losses import quadratic
from thalweg.losses.robust import cauchy

DRAW = np.random.default_rng(3)
X = np.sort(DRAW.uniform(0, 4, 50))
Y = 3 * np.exp(-X / 0.8) + 0.5 + 0.05 * DRAW.normal(size=50)


def decay(loss=None, **ranges):
    problem = tw.problems.fit({"x": X, "y": Y}, "A*exp(-x/tau) + c", "y", ranges={"tau": "0.01:100:log", **ranges})
    return tw.objective(problem, loss or quadratic())


def residual(values, x, y):
    a, tau = values
    return a * jnp.exp(-x / tau) - y


@pytest.mark.parametrize("count", [5, 50, 200, 5000])
@pytest.mark.parametrize("loss", [quadratic(), cauchy(0.3)], ids=["quadratic", "cauchy"])
def test_sums_are_those_of_a_plain_loop(count, loss):
    draw = np.random.default_rng(count)
    x, y = draw.uniform(0, 3, count), draw.normal(size=count)
    task = Task(residual, (0, 1), 0, (False, True), loss.penalty)
    unknowns = np.array([[1.0, -2.0, 0.3], np.log([0.5, 1.0, 2.0])])
    with computing(64):
        made = summing.sums(task, unknowns, summing.blocks([x, y]))
    for lane, (a, tau) in enumerate(zip(unknowns[0], np.exp(unknowns[1]), strict=True)):
        curve = np.exp(-x / tau)
        r = a * curve - y
        # By the logarithm of tau; the weight is the slope over the residual.
        jacobian = np.stack([curve, a * curve * x / tau], axis=1)
        weight = np.full(count, 2.0) if loss == quadratic() else 1 / (1 + (r / 0.3) ** 2)
        penalty = r**2 if loss == quadratic() else 0.3**2 / 2 * np.log1p((r / 0.3) ** 2)
        np.testing.assert_allclose(made.loss[lane], penalty.sum(), rtol=1e-12)
        np.testing.assert_allclose(made.gradient[:, lane], jacobian.T @ (weight * r), rtol=1e-9)
        np.testing.assert_allclose(made.matrix[..., lane], jacobian.T @ (weight[:, None] * jacobian), rtol=1e-12)


def test_a_start_ends_at_the_same_bits_beside_any_others():
    objective = decay()
    starts = tw.starts.uniform(objective.problem, 40, seed=1)
    together = settle(objective, starts)
    for few in (slice(7, 8), slice(13, 33)):
        alone = settle(objective, starts[few])
        np.testing.assert_array_equal(alone.position, together.position[few])
        np.testing.assert_array_equal(alone.steps, together.steps[few])


def test_all_starts_of_a_decay_end_at_the_fit_that_scipy_finds():
    from scipy.optimize import least_squares

    expected = least_squares(
        lambda p: p[0] * np.exp(-X / p[1]) + p[2] - Y, [3, 1, 0], xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    ends = settle(decay(), tw.starts.uniform(decay().problem, 64))
    assert ends.settled.all()
    # From tau of a hundredth some begin where the curve is 0 at all rows but the first.
    near = np.abs(ends.position / expected.x - 1).max(axis=1) < 1e-7
    assert near.mean() > 0.9
    np.testing.assert_allclose(ends.height.min(), 2 * expected.cost / len(X), rtol=1e-13)


@pytest.mark.parametrize(
    ("ranges", "held"), [({"tau": "0.9:100:log"}, 0.9), ({"c": (0.6, 2)}, 0.6), ({"A": (0, 2.5)}, 2.5)]
)
def test_walls_are_not_passed_and_the_best_within_them_is_found(ranges, held):
    from scipy.optimize import least_squares

    objective = decay(**ranges)
    low, high = objective.problem.domain.bounds
    expected = least_squares(
        lambda p: p[0] * np.exp(-X / p[1]) + p[2] - Y,
        np.clip([2.4, 1, 0.7], low, high),
        bounds=(low, high),
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
    )
    ends = settle(objective, tw.starts.uniform(objective.problem, 32))
    best = ends.position[np.argmin(ends.height)]
    assert held in best.round(12)
    assert ((ends.position >= low) & (ends.position <= high)).all()
    # SciPy stays a little inside; beyond that its loss is ours.
    assert ends.height.min() <= 2 * expected.cost / len(X) * (1 + 1e-12)
    np.testing.assert_allclose(best, expected.x, rtol=1e-5)


@pytest.mark.long
def test_another_loss_ends_at_a_place_of_rest():
    objective = decay(cauchy(0.05))
    ends = settle(objective, np.array([[3.0, 0.8, 0.5]]))
    assert ends.settled.all()
    gradient = slope(objective, ends.position[0])
    assert np.abs(gradient).max() < 1e-9


def slope(objective, place):
    import jax

    with computing(64):

        def mean(p):
            return sum(objective.example(p, *row) for row in zip(*objective.train, strict=True)) / len(X)

        return np.asarray(jax.grad(mean)(place))


def test_starts_where_nothing_is_finite_are_told():
    problem = tw.problems.fit({"x": X, "y": Y}, "A*log(x - b)", "y", ranges={"b": (-1, 5), "A": (0, 1)})
    ends = settle(tw.objective(problem, quadratic()), np.array([[0.5, 4.5], [0.5, -0.5]]))
    assert np.isfinite(ends.height).tolist() == [False, True]
    assert ends.settled.tolist() == [False, True]


def test_linear_parameters_are_eliminated_under_the_quadratic_loss_only():
    assert (task_of(decay()).order, task_of(decay()).eliminated) == ((0, 2, 1), 2)
    assert (task_of(decay(cauchy())).order, task_of(decay(cauchy())).eliminated) == ((0, 1, 2), 0)


def test_any_regression_can_be_searched():
    problem = tw.problems.line((3.0, 2.0), points=100)
    ends = settle(tw.objective(problem, quadratic()), np.array([[1.0, 0.0]]))
    slope_, intercept = np.polyfit(problem.train["x"], problem.train["y"], 1)
    np.testing.assert_allclose(ends.position[0], [slope_, intercept], rtol=1e-12)


def test_more_rows_than_fit_a_block_are_summed_in_parts():
    draw = np.random.default_rng(0)
    x = draw.uniform(0, 3, 10_000)
    problem = tw.problems.fit({"x": x, "y": 2 * np.exp(-x)}, "A*exp(-k*x)", "y", ranges={"k": (0.1, 10)})
    ends = settle(tw.objective(problem, quadratic()), np.array([[1.0, 3.0], [1.0, 0.2]]))
    np.testing.assert_allclose(ends.position, [[2, 1], [2, 1]], rtol=1e-9)
