"""To which minimum places belong, against a loop that follows each of them down by itself."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.optimize import minimize

import thalweg as tw
from thalweg.valleys.starts.members import members
from thalweg.valleys.tree import OUTSIDE

STEPS = 60


def wells(dims):
    """Four wells of unequal depth in a bowl that is stiffer in some directions, none of them along an axis."""
    turn = jnp.asarray(np.linalg.qr(np.random.default_rng(7).normal(size=(dims, dims)))[0])
    stiff = jnp.linspace(0.5, 4.0, dims)[2:]

    def height(p):
        u = turn @ p
        return jnp.sum((u[:2] ** 2 - 1) ** 2 + jnp.array([0.15, 0.25]) * u[:2]) + jnp.sum(stiff * u[2:] ** 2)

    return tw.objective(tw.problems.function(height, [tw.problems.Axis(f"x{k}", -2, 2) for k in range(dims)]))


def led_down(objective, places, minima):
    """Go down from every place, one after another, by short steps and then by BFGS; the minimum that each comes to."""
    value = jax.jit(jax.value_and_grad(objective.example))

    def fall(place):
        for _ in range(300):  # so short that none leads over a ridge
            place = place - 0.01 * np.asarray(value(place)[1])
        return minimize(value, place, jac=True, method="BFGS", options={"gtol": 1e-9}).x

    away = np.abs(np.array([fall(place) for place in places])[:, None] - minima).max(axis=2)
    return np.where(away.min(axis=1) < 1e-4, away.argmin(axis=1), OUTSIDE)


@pytest.mark.parametrize("dims", [2, 4, 10, 100])
def test_a_run_on_a_floor_is_in_the_valley_that_a_plain_loop_finds(dims):
    objective = wells(dims)
    valleys = tw.find_valleys(objective, method=tw.starts.Sobol(64 if dims < 100 else 16))
    assert valleys.sizes["valley"] == 4
    rivals = {"adam": tw.Optimizer(optax.adam)}
    conditions = tw.Conditions(starts=200, steps=STEPS, seed=5)
    ran = tw.race(
        objective, rivals, valleys, conditions=conditions, tuning=tw.Tuning(starts=20, rates=2, low=0.1, high=0.3)
    )
    optimizer = rivals["adam"].replace(learning_rate=ran["learning_rate"].values[:1].repeat(200))
    starts = tw.starts.uniform(objective.problem, 200, seed=5)
    ends = tw.outcomes(objective, tw.Descent(optimizer, STEPS), valleys, starts=starts)
    on_floor = np.flatnonzero(ends["outcome"].values >= 0)
    assert len(on_floor) > 100
    with jax.enable_x64(True):
        told = led_down(objective, ends["place"].values[on_floor], valleys["position"].values)
    assert np.mean(told == ends["outcome"].values[on_floor]) >= 0.999
    assert len(np.unique(told)) == 4
    assert float(ran["success"][0]) * 200 == pytest.approx(np.count_nonzero(told == 0), abs=1e-9)


def test_the_nearest_minimum_is_not_always_the_one_that_a_place_leads_to():
    """Behind a bend of a narrow valley: a place near one minimum lies in the valley of the other."""

    def bent(p):
        # A floor along the circle of radius 1 that falls from angle 0 on both ways round, to ±170°.
        angle = jnp.arctan2(p[1], p[0])
        well = 1 - jnp.cos(angle - jnp.sign(p[1]) * 2.97)
        return 20 * (jnp.hypot(p[0], p[1]) - 1) ** 2 + well

    objective = tw.objective(tw.problems.function(bent, [tw.problems.Axis("x", -2, 2), tw.problems.Axis("y", -2, 2)]))
    ends = np.array([[np.cos(a), np.sin(a)] for a in (2.97, -2.97)])
    places = np.array([[np.cos(a), np.sin(a)] for a in (-3.1, -1.0, 1.0, 3.1, 0.3, -0.3)])
    domain = objective.problem.domain
    guess = np.abs(places[:, None] - ends).max(axis=2).argmin(axis=1)
    about = {"domain": domain, "minima": ends, "places": places}
    told = members(objective.example, objective.train, **about, nearest=guess)
    assert told.tolist() == [1, 1, 0, 0, 0, 1]
    # A wrong guess is mended, not believed.
    assert members(objective.example, objective.train, **about, nearest=1 - guess).tolist() == told.tolist()


def test_a_place_of_a_minimum_that_is_not_known_belongs_to_none():
    double = tw.objective(tw.problems.function(lambda p: (p[0] ** 2 - 1) ** 2, tw.problems.Axis("x", -2, 2)))
    known, places = np.array([[1.0]]), np.array([[-1.1], [-0.4], [0.4], [1.5]])
    guess = np.zeros(4, dtype=np.int64)
    domain = double.problem.domain
    told = members(double.example, double.train, domain=domain, minima=known, places=places, nearest=guess)
    assert told.tolist() == [OUTSIDE, OUTSIDE, 0, 0]


def test_a_place_belongs_to_the_minimum_at_the_end_of_the_crease_in_which_the_flow_rests():
    """Two wells of straight slopes: the flow runs into the bottom of a crease that leads down to each of them."""

    def creases(p):
        along, across = p[0] + p[1], p[0] - p[1]
        return 2 * jnp.abs(across) + jnp.abs(jnp.abs(along) - 1.2) + 0.1 * along

    objective = tw.objective(tw.problems.function(creases, [tw.problems.Axis(name, -2, 2) for name in "xy"]))
    known = np.array([[-0.6, -0.6], [0.6, 0.6]])
    # Along and across. Both slopes lead away from along = 0; from near the crease no straight line leads past that.
    turned = np.array([[-1.6, -0.4], [-0.2, 0.5], [0.3, 0.4], [0.7, -0.5], [3.2, 0.6], [-2.1, -0.1]])
    places = np.stack([turned.sum(axis=1), turned[:, 0] - turned[:, 1]], axis=1) / 2
    told = (turned[:, 0] > 0).astype(np.int64)
    about = {"domain": objective.problem.domain, "places": places}
    there = members(objective.example, objective.train, **about, minima=known, nearest=1 - told)
    assert there.tolist() == told.tolist()
    # A crease that ends in a minimum nobody has found.
    lone = members(objective.example, objective.train, **about, minima=known[1:], nearest=np.zeros(6, np.int64))
    assert lone.tolist() == np.where(told == 1, 0, OUTSIDE).tolist()
