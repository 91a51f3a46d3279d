"""Models of Flax, Equinox and Haiku as their users hold them, against computations of their own."""

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from flax.training.train_state import TrainState
from jax.flatten_util import ravel_pytree

import thalweg as tw
from tests.frameworks.jax.networks import normal
from thalweg.base.errors import InvalidValue
from thalweg.geometry.plane import Plane

BATCH = {"x": normal(12, 5).astype(np.float32), "y": normal(12, 2).astype(np.float32), "name": "a batch", "none": None}


class Linen(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.BatchNorm(use_running_average=True)(nn.Dense(6)(x))
        return nn.Dense(2)(nn.gelu(x))


class Nnx(nnx.Module):
    def __init__(self, rngs):
        self.one, self.two = nnx.Linear(5, 6, rngs=rngs), nnx.Linear(6, 2, rngs=rngs)
        self.norm, self.drop = nnx.BatchNorm(6, rngs=rngs), nnx.Dropout(0.5, rngs=rngs, deterministic=True)

    def __call__(self, x):
        return self.two(self.drop(nnx.gelu(self.norm(self.one(x)))))


class Equinox(eqx.Module):
    one: eqx.nn.Linear
    two: eqx.nn.Linear
    act: object = eqx.field(static=True)
    power: int = 2

    def __call__(self, x):
        return self.two(self.act(self.one(x)) ** self.power)


def linen():
    model = Linen()
    variables = model.init(jax.random.key(0), BATCH["x"])
    # Statistics that are not those of a fresh layer, so that moving them would show.
    variables = {**variables, "batch_stats": jax.tree.map(lambda a: a + 0.3, variables["batch_stats"])}
    stats = variables["batch_stats"]

    def step(model_variables, batch):
        return jnp.mean((model.apply(model_variables, batch["x"]) - batch["y"]) ** 2)

    return variables, step, variables["params"], lambda params: {"params": params, "batch_stats": stats}


def train_state():
    variables, _, params, _ = linen()
    state = TrainState.create(apply_fn=Linen().apply, params=params, tx=optax.adam(0.1))
    state = state.apply_gradients(grads=jax.tree.map(jnp.ones_like, params))
    stats = variables["batch_stats"]

    def step(state, batch):
        outputs = state.apply_fn({"params": state.params, "batch_stats": stats}, batch["x"])
        return jnp.mean((outputs - batch["y"]) ** 2)

    return state, step, state.params, lambda params: state.replace(params=params)


def module():
    model = Nnx(nnx.Rngs(0))
    model(BATCH["x"])  # the running statistics move away from where they began
    model.eval()
    graph, params, rest = nnx.split(model, nnx.Param, ...)

    def step(model, batch):
        return jnp.mean((model(batch["x"]) - batch["y"]) ** 2)

    return model, step, params, lambda params: nnx.merge(graph, params, rest)


def equinox():
    keys = jax.random.split(jax.random.key(1))
    model = Equinox(eqx.nn.Linear(5, 6, key=keys[0]), eqx.nn.Linear(6, 2, key=keys[1]), jnp.tanh)
    params, static = eqx.partition(model, eqx.is_inexact_array)

    @eqx.filter_jit
    def step(model, batch):
        return jnp.mean((jax.vmap(model)(batch["x"]) - batch["y"]) ** 2)

    return model, step, params, lambda params: eqx.combine(params, static)


def _mlp(x):
    return hk.nets.MLP([6, 2], activation=jnp.tanh)(x)


def haiku():
    made = hk.without_apply_rng(hk.transform(_mlp))
    params = made.init(jax.random.key(2), BATCH["x"])

    def step(params, batch):
        return jnp.mean((made.apply(params, batch["x"]) - batch["y"]) ** 2)

    return params, step, params, lambda params: params


MAKERS = [linen, train_state, module, equinox, haiku]


@pytest.mark.parametrize("maker", MAKERS)
def test_models_as_users_hold_them(maker):
    model, step, params, joined = maker()
    before = jax.tree.map(np.array, jax.tree.leaves(params))
    network = tw.networks.wrap(model, step, BATCH, statistics="gathered")
    flat, back = ravel_pytree(params)

    def loss(vector):
        return step(joined(back(vector)), BATCH)

    np.testing.assert_array_equal(network.position, flat)  # only what is trained, in the order of the tree
    vector = normal(flat.size).astype(np.float32)
    value, gradient = jax.value_and_grad(loss)(flat)
    product = jax.jvp(jax.grad(loss), (flat,), (jnp.asarray(vector),))[1]
    near = {"rtol": 3e-5, "atol": 3e-6}  # 32 bits, summed in another order
    np.testing.assert_allclose(network.value(), value, **near)
    np.testing.assert_allclose(network.gradient()[1], gradient, **near)
    np.testing.assert_allclose(network.hessian_product()(vector), product, **near)
    ways = 0.1 * normal(2, flat.size).astype(np.float32)
    plane = Plane(network.position, ways, ("u", "v"), ("", ""))
    at = np.array([[-1.0, 0.5], [0.0, 0.0], [1.5, -2.0]])
    want = [loss(flat + a * ways[0] + b * ways[1]) for a, b in at]
    np.testing.assert_allclose(network.values(plane, at), want, **near)
    for one, other in zip(before, jax.tree.leaves(params), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_module_is_not_changed_by_a_step_in_training_mode():
    model = Nnx(nnx.Rngs(0))
    before = np.array(model.norm.mean[...])

    def step(model, batch):
        return jnp.mean((model(batch["x"]) - batch["y"]) ** 2)

    network = tw.networks.wrap(model, step, BATCH)
    network.value()
    np.testing.assert_array_equal(model.norm.mean[...], before)
    x = BATCH["x"] @ model.one.kernel[...] + model.one.bias[...]
    hidden = nnx.gelu((x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-5))
    want = np.mean((hidden @ model.two.kernel[...] + model.two.bias[...] - BATCH["y"]) ** 2)
    assert network.value() == pytest.approx(float(want), rel=1e-5)  # 32 bits


def test_what_may_be_parameters_beside_params_is_asked_for():
    with pytest.raises(InvalidValue) as caught:
        tw.networks.wrap({"params": {"w": np.ones(2)}, "extra": np.ones(2)}, lambda p: jnp.sum(p["params"]["w"]))
    assert str(caught.value) == (
        "the model has 'extra' beside 'params', and it cannot be told whether that is trained; give what is trained "
        "alone, and the rest among the data or inside the loss"
    )
