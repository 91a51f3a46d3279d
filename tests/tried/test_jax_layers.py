"""Layers of Flax, Haiku and Equinox with what they need beside arrays: masks, keys, states; each against plain JAX."""

from typing import Any

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from tests.tried.plain_jax import agrees
from thalweg.networks.wrapping import wrap

SOURCE = np.random.default_rng(4)


def normal(*shape):
    return SOURCE.normal(size=shape).astype(np.float32)


X, Y = normal(10, 3), normal(10, 2)
KINDS = np.array([0, 1, 2, 1, 0, 2, 2, 1, 0, 1])
TOKENS = SOURCE.integers(1, 9, (6, 5))
MASK = np.arange(5) < np.array([5, 2, 3, 5, 1, 4])[:, None]


class Encoder(nn.Module):
    @nn.compact
    def __call__(self, tokens, mask):
        x = nn.Embed(9, 4)(tokens)
        x = nn.LayerNorm()(x + nn.MultiHeadDotProductAttention(2)(x, mask=nn.make_attention_mask(mask, mask)))
        return nn.Dense(9)(x)


class Recurrent(nn.Module):
    @nn.compact
    def __call__(self, tokens, mask):
        return nn.Dense(9)(nn.RNN(nn.LSTMCell(4))(nn.Embed(9, 3)(tokens), seq_lengths=mask.sum(1)))


class Mobile(nn.Module):
    """Depthwise and pointwise convolutions, group norm, as in networks for phones."""

    @nn.compact
    def __call__(self, x):
        x = nn.relu6(nn.Conv(4, (3, 3), strides=2)(x))
        y = nn.GroupNorm(2)(nn.Conv(4, (3, 3), feature_group_count=4)(x))
        return nn.Dense(3)(nn.avg_pool(nn.relu6(x + nn.Conv(4, (1, 1))(y)), (3, 3)).reshape(len(x), -1))


def tokens_counted(model):
    def step(params, batch):
        logits = model.apply(params, batch["tokens"], batch["mask"])
        losses = optax.softmax_cross_entropy_with_integer_labels(logits[:, :-1], batch["tokens"][:, 1:])
        kept = batch["mask"][:, 1:]
        return (losses * kept).sum() / kept.sum(), kept.sum()

    return step


@pytest.mark.parametrize("kind", [Encoder, Recurrent])
def test_tokens_that_count_in_linen(kind):
    model, batch = kind(), {"tokens": TOKENS, "mask": MASK}
    params = jax.jit(model.init)(jax.random.key(1), TOKENS, MASK)
    step = tokens_counted(model)
    agrees(params, lambda p, batch: step(p, batch)[0], batch, loss=step)


def test_depthwise_convolutions_in_linen():
    model, x = Mobile(), normal(4, 6, 6, 2)
    params = jax.jit(model.init)(jax.random.key(1), x)

    def step(params, batch):
        logits = model.apply(params, batch["image"])
        return optax.softmax_cross_entropy(logits, optax.smooth_labels(jax.nn.one_hot(batch["label"], 3), 0.1)).mean()

    agrees(params, step, {"image": x, "label": KINDS[:4]})


def test_dropout_of_haiku_draws_from_a_key_among_the_data():
    made = hk.transform(lambda x: hk.Linear(2)(hk.dropout(hk.next_rng_key(), 0.5, jnp.tanh(hk.Linear(4)(x)))))
    params = made.init(jax.random.key(0), X)
    agrees(params, lambda p, key, x, y: jnp.mean((made.apply(p, key, x) - y) ** 2), (jax.random.key(3), X, Y))


def test_recurrent_units_of_haiku():
    def unrolled(x):
        core = hk.GRU(3)
        out, _ = hk.dynamic_unroll(core, x, core.initial_state(x.shape[1]))
        return hk.Linear(1)(out[-1])

    made = hk.without_apply_rng(hk.transform(unrolled))
    x = normal(4, 5, 2)  # time first, as Haiku has it
    params = made.init(jax.random.key(0), x)
    agrees(params, lambda p, x, y: jnp.mean((made.apply(p, x) - y) ** 2), (x, normal(5, 1)))


class Scaled(eqx.Module):
    """Has a static field, a number that is no array, an integer array, nothing, and a function."""

    layer: eqx.nn.Linear
    shift: jax.Array
    nothing: None
    power: int
    name: str = eqx.field(static=True)
    act: Any = jax.nn.gelu

    def __call__(self, x):
        assert self.name == "scaled"
        return self.act(self.layer(x)) ** self.power + self.shift


def test_equinox_modules_have_leaves_that_are_no_parameters():
    layer: Any = eqx.nn.WeightNorm(eqx.nn.Linear(3, 2, key=jax.random.key(0)))
    model = Scaled(layer, jnp.array([1, 2]), None, 2, "scaled")
    params, rest = eqx.partition(model, eqx.is_inexact_array)

    @eqx.filter_jit
    def loss(model, x, y):
        return jnp.mean((jax.vmap(model)(x) - y) ** 2)

    network = agrees(model, loss, (X, Y), params=params, joined=lambda params: eqx.combine(params, rest))
    assert [leaf.name for leaf in network.leaves] == ["layer/layer/weight", "layer/layer/bias", "layer/g"]


def test_nnx_dropout_in_training_draws_once():
    class Model(nnx.Module):
        def __init__(self):
            rngs = nnx.Rngs(0, dropout=1)
            self.embed, self.drop = nnx.Embed(9, 4, rngs=rngs), nnx.Dropout(0.25, rngs=rngs)
            self.last = nnx.Linear(4, 2, rngs=rngs)

        def __call__(self, tokens, mask):
            x = (self.drop(self.embed(tokens)) * mask[..., None]).sum(1)
            return self.last(jnp.tanh(x))

    model = Model()
    model.train()
    graph, params, rest = nnx.split(model, nnx.Param, ...)

    @eqx.filter_jit
    def step(model, batch):
        return jnp.mean((model(batch["tokens"], batch["mask"]) - batch["y"]) ** 2)

    batch = {"tokens": TOKENS, "mask": MASK, "y": Y[:6]}
    agrees(model, step, batch, params=params, joined=lambda params: nnx.merge(graph, params, rest, copy=True))
    drawn = wrap(model, step, batch).value()
    model.eval()
    assert abs(wrap(model, step, batch).value() - drawn) > 1e-4


def test_spectral_norm_of_linen_keeps_its_vectors_in_a_collection():
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.SpectralNorm(nn.Dense(4))(x, update_stats=False).sum(1)

    variables = Model().init(jax.random.key(0), X)
    assert "batch_stats" in variables

    def step(variables, batch):
        return jnp.mean((Model().apply(variables, batch["x"]) - batch["y"][:, 0]) ** 2)

    network = agrees(
        variables,
        step,
        {"x": X, "y": Y},
        params=variables["params"],
        joined=lambda params: {**variables, "params": params},
    )
    assert {leaf.name for leaf in network.leaves if leaf.kind == "statistic"} == {
        "batch_stats/SpectralNorm_0/Dense_0/kernel/sigma",
        "batch_stats/SpectralNorm_0/Dense_0/kernel/u",
    }
