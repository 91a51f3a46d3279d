"""Models of Flax, Haiku and Equinox as their users hold them, against plain JAX."""

from typing import Any, NamedTuple

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx, struct
from flax.training.train_state import TrainState

import thalweg as tw
from tests.tried.plain_jax import agrees, close
from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.networks.interpolation import interpolate
from thalweg.networks.wrapping import wrap

SOURCE = np.random.default_rng(3)


def normal(*shape):
    return SOURCE.normal(size=shape).astype(np.float32)


X, Y = normal(12, 5) + 0.5, normal(12, 2)
BATCH = {"x": X, "y": Y}


def shifted(tree, by=0.3):
    """Statistics that are not those of a fresh layer, so that another use of them would show."""
    return jax.tree.map(lambda a: a + by if jnp.issubdtype(a.dtype, jnp.floating) else a + 1, tree)


class Linen(nn.Module):
    """Dense, batch normalisation, dense."""

    train: bool = False

    @nn.compact
    def __call__(self, x):
        x = nn.BatchNorm(use_running_average=not self.train, momentum=0.9)(nn.Dense(4)(x))
        return nn.Dense(2)(nn.tanh(x))


class Stats(TrainState):
    """A state of training as Flax' guide makes it."""

    batch_stats: Any


class Nnx(nnx.Module):
    def __init__(self, seed):
        rngs = nnx.Rngs(seed)
        self.one, self.two = nnx.Linear(5, 4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)
        self.norm, self.drop = nnx.BatchNorm(4, rngs=rngs), nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.two(self.drop(jnp.tanh(self.norm(self.one(x)))))


class Equinox(eqx.Module):
    one: eqx.nn.Linear
    two: eqx.nn.Linear
    norm: eqx.nn.BatchNorm

    def __init__(self, seed):
        keys = jax.random.split(jax.random.key(seed))
        self.one, self.two = eqx.nn.Linear(5, 4, key=keys[0]), eqx.nn.Linear(4, 2, key=keys[1])
        self.norm = eqx.nn.BatchNorm(4, "batch", mode="ema")

    def __call__(self, x, state):
        x, state = self.norm(self.one(x), state)
        return self.two(jnp.tanh(x)), state


def _haiku(x, train):
    x = hk.BatchNorm(True, True, 0.9)(hk.Linear(4)(x), train)
    return hk.Linear(2)(jnp.tanh(x))


HAIKU = hk.without_apply_rng(hk.transform_with_state(_haiku))


def of_linen(seed):
    variables = Linen().init(jax.random.key(seed), X)
    return {**variables, "batch_stats": shifted(variables["batch_stats"], 0.1 + seed)}


def of_haiku(seed):
    params, state = HAIKU.init(jax.random.key(seed), X, True)
    _, state = HAIKU.apply(params, state, X * (1 + seed), True)
    return params, state


def of_equinox(seed):
    model, state = eqx.nn.make_with_state(Equinox)(seed)
    _, state = jax.vmap(model, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(X * (1 + seed), state)
    return model, state


def of_nnx(seed):
    model = Nnx(seed)
    model.norm.mean[...] = jnp.full(4, 0.5 + seed)
    model.eval()
    return model


def of_state(seed):
    variables = of_linen(seed)
    made = Stats.create(
        apply_fn=Linen().apply,
        params=variables["params"],
        tx=optax.adam(0.1),
        batch_stats=variables["batch_stats"],
    )
    return made.apply_gradients(grads=jax.tree.map(jnp.ones_like, made.params))


def outputs(model, x):
    if isinstance(model, Stats):
        return model.apply_fn({"params": model.params, "batch_stats": model.batch_stats}, x)
    if isinstance(model, dict):
        return Linen().apply(model, x)
    if isinstance(model, nnx.Module):
        return model(x)
    if isinstance(model[0], eqx.Module):
        inner, state = eqx.nn.inference_mode(model[0]), model[1]
        return jax.vmap(inner, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(x, state)[0]
    return HAIKU.apply(*model, x, False)[0]


@eqx.filter_jit
def step(model, batch):
    return jnp.mean((outputs(model, batch["x"]) - batch["y"]) ** 2)


def of(model):
    """What is trained, and how a model is made of it."""
    if isinstance(model, Stats):
        return model.params, lambda params: model.replace(params=params)
    if isinstance(model, dict):
        return model["params"], lambda params: {**model, "params": params}
    if isinstance(model, nnx.Module):
        graph, params, rest = nnx.split(model, nnx.Param, ...)
        return params, lambda params: nnx.merge(graph, params, rest, copy=True)
    if isinstance(model[0], eqx.Module):
        params, static = eqx.partition(model[0], eqx.is_inexact_array)
        return params, lambda params: (eqx.combine(params, static), jax.tree.map(lambda a: a, model[1]))
    return model[0], lambda params: (params, model[1])


MAKERS = {
    "linen": of_linen,
    "TrainState": of_state,
    "nnx": of_nnx,
    "Equinox": of_equinox,
    "Haiku": of_haiku,
}


@pytest.mark.parametrize("name", MAKERS)
def test_statistics_belong_to_points(name):
    one, two = (MAKERS[name](seed) for seed in (0, 1))
    params, joined = of(one)
    network = agrees(one, step, BATCH, params=params, joined=joined)
    # means and variances, and of Haiku the averages before and after their bias is taken away
    assert network.position.size - network.trained == (16 if name == "Haiku" else 8)
    recorder = tw.networks.record(one)
    recorder.step(step(one, BATCH), one)
    recording = recorder.finish(two)["params"].values
    wanted = [float(step(model, BATCH)) for model in (one, two)]
    close([network.value(row) for row in recording], wanted, np.float32)
    close(interpolate(network, *recording, points=3)["loss"].values[[0, -1]], wanted, np.float32)
    held = wrap(one, step, BATCH, statistics="gathered")
    assert held.position.size == network.trained
    mixed = float(step(joined(of(two)[0]), BATCH))
    close(held.value(recording[1]), mixed, np.float32)
    assert abs(mixed - wanted[1]) > 0.01 * wanted[1]
    assert (network.facts["statistics"], held.facts["statistics"]) == ("recorded", "gathered")


def in_training(name):
    def linen(model, batch):
        out, _ = Linen(train=True).apply(model, batch["x"], mutable=["batch_stats"])
        return jnp.mean((out - batch["y"]) ** 2)

    def haiku(model, batch):
        return jnp.mean((HAIKU.apply(*model, batch["x"], True)[0] - batch["y"]) ** 2)

    def module(model, batch):
        model.norm.use_running_average = False
        return jnp.mean((model(batch["x"]) - batch["y"]) ** 2)

    return {"linen": linen, "Haiku": haiku, "nnx": module}[name]


@pytest.mark.parametrize("name", ["linen", "nnx", "Haiku"])
def test_normalisation_of_the_batch_as_in_training(name):
    model = MAKERS[name](0)
    params, joined = of(model)
    before = [np.array(leaf) for leaf in jax.tree.leaves(model) if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)]
    agrees(model, in_training(name), BATCH, params=params, joined=joined)
    after = [np.array(leaf) for leaf in jax.tree.leaves(model) if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


class Training(NamedTuple):
    params: Any
    opt_state: Any


PARAMS = {"linear": {"w": normal(5, 2), "b": normal(2)}}
ADAM = optax.adam(0.1).init(PARAMS)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (
            (PARAMS, {"linear": {"steps": normal(2)}}),
            "the model is a pair of dictionaries, as Haiku's (params, state), and it cannot be told whether the second "
            "is trained; if not, give params alone and the state among the data, wrap(params, loss, (state, x, y)); if "
            "it is, give a dictionary of both, {'first': …, 'second': …}",
        ),
        (
            (PARAMS, ADAM),
            "the model holds ScaleByAdamState, the state of an optimiser, which is not trained; give the parameters "
            "alone",
        ),
        (
            Training(PARAMS, ADAM),
            "the model has 'opt_state' beside 'params', and it cannot be told whether that is trained; give what is "
            "trained alone, and the rest among the data or inside the loss",
        ),
    ],
)
def test_what_may_not_be_trained_is_asked_for(model, says):
    with pytest.raises(InvalidValue) as caught:
        wrap(model, lambda model, batch: jnp.sum(batch["x"]), BATCH)
    assert str(caught.value) == says


def test_a_state_made_like_flaxs_is_sorted_by_its_names():
    variables = of_linen(0)

    @struct.dataclass
    class State:
        params: Any
        batch_stats: Any
        step: Any

    def own(state, batch):
        return step({"params": state.params, "batch_stats": state.batch_stats}, batch)

    network = wrap(State(variables["params"], variables["batch_stats"], jnp.array(3)), own, BATCH)
    assert network.position.size - network.trained == 8
    close(network.value(), step(variables, BATCH), np.float32)


def test_a_checkpoint_without_statistics_is_told(tmp_path):
    network = wrap(of_linen(0), step, BATCH)
    arrays = {leaf.name: network.position[span].reshape(leaf.shape) for leaf, span in zip(network.leaves, network.spans, strict=True)}  # fmt: skip
    np.savez(tmp_path / "whole.npz", **arrays)
    np.testing.assert_array_equal(tw.networks.read_checkpoint(network, tmp_path / "whole.npz"), network.position)
    np.savez(tmp_path / "bare.npz", **{name: one for name, one in arrays.items() if "batch_stats" not in name})
    with pytest.raises(InvalidData) as caught:
        tw.networks.read_checkpoint(network, tmp_path / "bare.npz")
    assert str(caught.value).endswith(
        "bare.npz has no batch_stats/BatchNorm_0/mean, which layers gathered and the loss depends on; give a checkpoint "
        "with it, or wrap the model with statistics='gathered'"
    )


def test_what_a_state_of_equinox_begins_with_is_no_parameter():
    model = Equinox(0)  # without make_with_state it holds what its state begins with

    def outputs(model, state, x):
        return jax.vmap(model, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(x, state)[0]

    network = wrap((model, eqx.nn.State(model)), lambda both, batch: jnp.mean(outputs(*both, batch["x"]) ** 2), BATCH)
    wanted = jnp.mean(outputs(model, eqx.nn.State(model), X) ** 2)
    close(network.value(), wanted, np.float32)
    assert (network.trained, network.position.size) == (20 + 4 + 8 + 2 + 8, 42 + 8)


def test_a_state_of_haiku_among_the_data():
    params, state = of_haiku(0)

    def loss(params, state, x, y):
        return jnp.mean((HAIKU.apply(params, state, x, False)[0] - y) ** 2)

    agrees(params, loss, (state, X, Y))
