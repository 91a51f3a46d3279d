"""Sharpness against quadratic losses, where all of it is known, and against what leaves a network the same."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.optimize import brentq

import thalweg as tw
from tests.geometry.networks import bowl, network
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.networks import sharpness, wrap

HESSIAN = np.array([[3.0, 0.8, -0.3], [0.8, 1.0, 0.4], [-0.3, 0.4, -2.0]])
PLACE = np.array([0.3, -0.9, 0.5])


def loss(x):
    return x @ HESSIAN @ x / 2


@pytest.mark.parametrize("kind", ["ascent", "adaptive"])
def test_one_step_is_the_papers(kind):
    scale = np.abs(PLACE) if kind == "adaptive" else np.ones(3)
    g = HESSIAN @ PLACE
    for radius in (0.05, 2.0):
        away = radius * scale**2 * g / np.linalg.norm(scale * g)
        found = sharpness(bowl(HESSIAN, PLACE), radius=radius, kind=kind, count=1)
        assert float(found["rise"]) == float(found["highest"]) == pytest.approx(loss(PLACE + away) - loss(PLACE))
        assert float(found["loss"]) == pytest.approx(loss(PLACE))
        assert (found["radius"], found.attrs["kind"], found.attrs["count"]) == (radius, kind, 1)


def top(matrix, slope, radius):
    """The largest rise of a quadratic function in a ball: of (λ - A) s = g, the one λ above all with ``|s|`` on it."""
    values, vectors = np.linalg.eigh(matrix)
    parts = vectors.T @ slope

    def beyond(level):
        return np.linalg.norm(parts / (level - values)) - radius

    level = brentq(beyond, values[-1] + 1e-9, values[-1] + 1e3, xtol=1e-14)
    away = vectors @ (parts / (level - values))
    return slope @ away + away @ matrix @ away / 2


@pytest.mark.parametrize("kind", ["ascent", "adaptive"])
def test_many_steps_reach_the_top_of_the_ball(kind):
    scale = np.diag(np.abs(PLACE)) if kind == "adaptive" else np.eye(3)
    found = sharpness(bowl(HESSIAN, PLACE), radius=[0.1, 1.5], kind=kind, count=300)
    for k, radius in enumerate((0.1, 1.5)):
        wanted = top(scale @ HESSIAN @ scale, scale @ HESSIAN @ PLACE, radius)
        assert float(found["highest"][k]) == pytest.approx(wanted, rel=1e-9)
        assert float(found["rise"][k]) < wanted


def test_the_average_is_half_the_trace_within_its_error():
    big = np.diag(np.linspace(-1, 5, 40))
    place = np.linspace(-0.2, 0.3, 40)
    found = sharpness(bowl(big, place), radius=0.3, kind="average", count=800, seed=2)
    sigma = 0.3 / np.sqrt(40)
    wanted = sigma**2 * np.trace(big) / 2
    # A normal z has E z² = 1 and var z² = 2; linear and squared terms are not correlated.
    spread = np.sqrt(sigma**2 * np.sum((big @ place) ** 2) + sigma**4 * np.sum(np.diag(big) ** 2) / 2)
    error = spread / np.sqrt(800)
    assert float(found["rise_error"]) == pytest.approx(error, rel=0.12)  # known to 2.5 %
    assert abs(float(found["rise"]) - wanted) < 4 * error  # 4 standard errors
    assert "highest" not in found
    again = sharpness(bowl(big, place), radius=0.3, kind="average", count=800, seed=2)
    assert again.identical(found)


def test_rescaled_layers_have_the_same_adaptive_sharpness_and_another_plain_one():
    rng = np.random.default_rng(1)
    with computing(64):
        x, y = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
        params = {"a": rng.standard_normal((3, 6)), "b": rng.standard_normal(6), "c": rng.standard_normal((6, 2))}

    def of(p, x, y):
        return jnp.mean((jax.nn.relu(x @ p["a"] + p["b"]) @ p["c"] - y) ** 2)

    other = {"a": 8 * params["a"], "b": 8 * params["b"], "c": params["c"] / 8}
    one, two = (wrap(some, of, (x, y)) for some in (params, other))
    assert one.value() == pytest.approx(two.value())
    for name in ("rise", "highest"):
        adaptive = [float(sharpness(net, radius=0.2, kind="adaptive", count=4)[name]) for net in (one, two)]
        assert adaptive[0] == pytest.approx(adaptive[1], rel=1e-10)
        plain = [float(sharpness(net, radius=0.2, count=4)[name]) for net in (one, two)]
        assert plain[1] > 2 * plain[0]


@pytest.mark.parametrize("kind", ["ascent", "average"])
def test_along_a_run_it_has_a_step(kind):
    objective = tw.objective(tw.problems.himmelblau())
    net, run = wrap(objective), tw.descend(objective, optax.sgd(0.01), starts=[0.5, 1.5], steps=4)
    found = sharpness(net, run.isel(step=[0, 3]), radius=[0.1, 0.2], kind=kind, count=5)
    assert found["rise"].dims == ("step", "radius")
    assert found["loss"].dims == ("step",)
    for k, step in enumerate((0, 3)):
        alone = sharpness(net, run["params"].values[0, step], radius=0.2, kind=kind, count=5)
        assert float(found["rise"][k, 1]) == float(alone["rise"])


def test_where_there_is_no_way_up_it_is_not_known():
    found = sharpness(bowl(HESSIAN, np.zeros(3)))
    assert np.isnan(found["rise"])
    assert np.isnan(found["highest"])


def test_a_loss_without_bound_is_told():
    wall = network(lambda x: np.inf if x[0] > 1.1 else x[0], lambda x: np.ones(1), position=np.ones(1))
    assert float(sharpness(wall, radius=0.05)["highest"]) == pytest.approx(0.05)
    assert float(sharpness(wall, radius=0.5)["rise"]) == np.inf


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius": 0}, "radius = 0 is not allowed; give a finite number above 0 and at most 1e.30"),
        ({"radius": [0.1, -1]}, "radius = -1 is not allowed"),
        ({"radius": []}, r"radius = \[\] holds none; give one above 0, or several$"),
        ({"kind": "sam"}, "kind = 'sam' is not allowed; give 'ascent', 'adaptive' or 'average'$"),
        ({"count": 0}, "count = 0 is not allowed; give a whole number of at least 1 and at most 1000000$"),
        (
            {"kind": "average", "count": 1},
            "count = 1 is not allowed; give a whole number of at least 2 and at most 1000000$",
        ),
        ({"seed": -1}, "seed = -1 is not allowed"),
        ({"at": [1e200, 0, 0]}, "the loss or its gradient is not finite; give a point where both are$"),
        ({"at": [1e200, 0, 0], "kind": "average"}, "the loss is inf; give a point where it is finite$"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_bad_input_is_said_in_one_line(options, message):
    with pytest.raises(InvalidValue, match=message):
        sharpness(bowl(HESSIAN, PLACE), **options)
