"""Data and losses as users of JAX have them, each against plain JAX."""

from typing import Any

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from flax import nnx
from torch.utils.data import DataLoader, TensorDataset

from tests.tried.plain_jax import agrees, close
from thalweg.base.errors import InvalidValue
from thalweg.networks.batching import batches
from thalweg.networks.wrapping import wrap

SOURCE = np.random.default_rng(4)


def normal(*shape):
    return SOURCE.normal(size=shape).astype(np.float32)


X, Y = normal(10, 3), normal(10, 2)
KINDS = np.array([0, 1, 2, 1, 0, 2, 2, 1, 0, 1])
TOKENS = SOURCE.integers(1, 9, (6, 5))
MASK = np.arange(5) < np.array([5, 2, 3, 5, 1, 4])[:, None]
WEIGHTS = {"one": {"w": normal(3, 4), "b": normal(4)}, "two": {"w": normal(4, 2), "b": normal(2)}}


def dense(p, x):
    return jnp.tanh(x @ p["one"]["w"] + p["one"]["b"]) @ p["two"]["w"] + p["two"]["b"]


def errors(p, x, y):
    return jnp.mean((dense(p, x) - y) ** 2, 1)


def physics(p, batch):
    """Heat: u_t = u_xx inside, u given at the edge, which has another number of points."""

    def u(x, t):
        return dense(p, jnp.stack([x, t, x * t]))[0]

    def residual(x, t):
        return jax.grad(u, 1)(x, t) - jax.grad(jax.grad(u))(x, t)

    inside = jnp.mean(jax.vmap(residual)(*batch["inside"].T) ** 2)
    return inside + batch["weight"] * jnp.mean((jax.vmap(u)(*batch["edge"].T) - batch["values"]) ** 2)


def graph(p, batch):
    around = jax.ops.segment_sum(batch["x"][batch["senders"]], batch["receivers"], 10)
    out = dense(p, batch["x"] + around)
    return optax.softmax_cross_entropy_with_integer_labels(out, batch["kinds"] % 2).mean()


def clouds(p, points, cloud, y):
    pooled = jax.ops.segment_max(dense(p, points), cloud, 3)
    return jnp.mean((pooled - y) ** 2)


def penalised(p, x, y):
    squares = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(p))
    return errors(p, x, y).mean() + 1e-2 * squares + 1e-3 * jnp.abs(p["one"]["w"]).sum()


def mixed_policy(p, x, y):
    """Parameters of 32 bits, computation in bfloat16, the loss in 32, as policies of mixed precision have it."""
    low = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), p)
    return jnp.mean((dense(low, x.astype(jnp.bfloat16)).astype(jnp.float32) - y) ** 2)


def dropped(p, batch):
    kept = jax.random.bernoulli(batch["key"], 0.5, (10, 3))
    return errors(p, jnp.where(kept, 2 * batch["x"], 0), batch["y"]).mean()


def several(p, batch):
    ours, others = jnp.split(dense(p, batch["inputs"][0]), 2, 1)
    assert batch["note"] == "two"
    assert batch["nothing"] is None
    square, cross = batch["targets"]
    first = optax.huber_loss(ours[:, 0], square, delta=0.5).mean()
    return batch["share"] * first + optax.sigmoid_binary_cross_entropy(others[:, 0], cross).mean()


def root(p, x, y):
    return jnp.sqrt(errors(p, x, y).mean())


def contrastive(p, x):
    z = dense(p, x)
    z = z / jnp.linalg.norm(z, axis=1, keepdims=True)
    return optax.softmax_cross_entropy_with_integer_labels(z @ z[::-1].T / 0.5, jnp.arange(len(z))).mean()


def class_weighted(p, x, kinds):
    losses = optax.softmax_cross_entropy_with_integer_labels(dense(p, x), kinds % 2)
    weights = jnp.array([1.0, 3.0])[kinds % 2]
    return (weights * losses).sum() / weights.sum()


CASES = {
    "physics": (
        physics,
        {"inside": normal(9, 2), "edge": normal(4, 2), "values": normal(4), "weight": 2.0},
    ),
    "graph": (graph, {"x": X, "senders": KINDS[[0, 1, 2, 4]], "receivers": np.array([5, 0, 9, 3]), "kinds": KINDS}),
    "clouds": (clouds, (X, np.array([0, 0, 1, 1, 1, 1, 2, 2, 2, 2]), normal(3, 2))),
    "penalties": (penalised, (X, Y)),
    "mixed policy": (mixed_policy, (X, Y)),
    "dropout with a key": (dropped, {"x": X, "y": Y, "key": jax.random.key(7)}),
    "dropout with an old key": (dropped, {"x": X, "y": Y, "key": jax.random.PRNGKey(7)}),
    "several outputs": (
        several,
        {"inputs": (X,), "targets": (Y[:, 0], (KINDS == 1) * 1.0), "share": 0.3, "note": "two", "nothing": None},
    ),
    "root mean square": (root, (X, Y)),
    "contrastive": (contrastive, X),
    "class weights": (class_weighted, (X, KINDS)),
    "sum": (lambda p, x, y: errors(p, x, y).sum(), (X, Y)),
}


@pytest.mark.parametrize("name", CASES)
def test_losses_of_a_pytree(name):
    step, data = CASES[name]
    # in bfloat16 a product that is made the other way round is rounded otherwise; XLA may also keep 32 bits
    agrees(WEIGHTS, step, data)


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


def test_nnx_dropout_and_attention_in_training_draw_once():
    class Model(nnx.Module):
        def __init__(self):
            rngs = nnx.Rngs(0, dropout=1)
            self.attend = nnx.MultiHeadAttention(2, 4, rngs=rngs, decode=False, dropout_rate=0.25)
            self.embed, self.last = nnx.Embed(9, 4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)

        def __call__(self, tokens, mask):
            x = self.embed(tokens)
            return self.last(self.attend(x, mask=nnx.make_attention_mask(mask, mask))).mean(1)

    model = Model()
    model.train()
    graph, params, rest = nnx.split(model, nnx.Param, ...)

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


def uneven():
    return [{"x": X[:7], "y": Y[:7]}, {"x": X[7:], "y": Y[7:]}]


def mean(p, batch):
    return errors(p, batch["x"], batch["y"]).mean()


@pytest.mark.parametrize("combine", ["rows", "batches", "sum"])
def test_uneven_batches(combine):
    network = wrap(
        WEIGHTS,
        mean if combine != "sum" else lambda p, batch: errors(p, batch["x"], batch["y"]).sum(),
        batches(uneven(), combine=combine),
    )
    first, second = (np.asarray(errors(WEIGHTS, one["x"], one["y"])) for one in uneven())
    both = np.concatenate([first, second])
    wanted = {"rows": both.mean(), "batches": (first.mean() + second.mean()) / 2, "sum": both.sum()}[combine]
    close(network.value(), wanted, np.float32)


def test_weighted_means_are_exact_in_parts_where_they_are_counted_and_refused_elsewhere():
    def step(p, x, kinds):
        return class_weighted(p, x, kinds), jnp.array([1.0, 3.0])[kinds % 2].sum()

    close(wrap(WEIGHTS, step, (X, KINDS), rows=4).value(), class_weighted(WEIGHTS, X, KINDS), np.float32)
    for loss in (class_weighted, root, contrastive):
        with pytest.raises(InvalidValue, match="not additive over rows"):
            wrap(WEIGHTS, loss, {root: (X, Y), contrastive: (X,), class_weighted: (X, KINDS)}[loss], rows=4)


def test_tensors_of_loaders_of_other_libraries():
    tf = pytest.importorskip("tensorflow")
    wanted = float(errors(WEIGHTS, X, Y).mean())

    def loss(p, x, y):
        return errors(p, x, y).mean()

    loader = DataLoader(TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), batch_size=4)
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
    for data in (loader, dataset, list(dataset.as_numpy_iterator())):
        network = wrap(WEIGHTS, loss, data)
        assert len(network.portions) == 3
        close(network.value(), wanted, np.float32)


@pytest.mark.parametrize("name", ["batch", "x"])
def test_an_array_alone_and_a_tuple_of_one(name):
    alone, one = {
        "batch": (lambda p, batch: jnp.mean(dense(p, batch) ** 2), lambda p, batch: jnp.mean(dense(p, batch[0]) ** 2)),
        "x": (lambda p, x: jnp.mean(dense(p, x) ** 2), lambda p, x: jnp.mean(dense(p, x) ** 2)),
    }[name]
    rows: Any
    wanted, rows = float(jnp.mean(dense(WEIGHTS, X) ** 2)), [*torch.from_numpy(X)]
    for loss, data in ((alone, X), (alone, DataLoader(rows, batch_size=5)), (one, (X,))):
        close(wrap(WEIGHTS, loss, data).value(), wanted, np.float32)
    close(wrap(WEIGHTS, alone, X, rows=3).value(), wanted, np.float32)
