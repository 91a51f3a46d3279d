"""Data and losses as users of JAX have them, each against plain JAX."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
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
