"""What arrays are, by what a program does with them, of models as four libraries make them."""

import equinox as eqx
import flax.linen as nn
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from tests.frameworks.jax.networks import normal
from thalweg.base.errors import InvalidValue

X = normal(4, 6, 6, 3).astype(np.float32)
FLAT = normal(8, 5).astype(np.float32)


def roles(model, loss, *data):
    network = tw.networks.wrap(model, loss, data)
    return {leaf.name: (leaf.kind, leaf.order[: leaf.outputs], leaf.order[leaf.outputs :]) if leaf.kind == "weight" else leaf.kind for leaf in network.leaves}  # fmt: skip


def by_hand(array, outputs, drawn):
    """Scale a direction filter by filter, one filter after the other."""
    rest = [axis for axis in range(array.ndim) if axis not in outputs]
    array, drawn = (np.transpose(one, (*outputs, *rest)) for one in (array, drawn))
    scaled = np.empty(array.shape)
    for index in np.ndindex(*array.shape[: len(outputs)]):
        scaled[index] = drawn[index] * np.linalg.norm(array[index]) / np.linalg.norm(drawn[index])
    return np.transpose(scaled, np.argsort((*outputs, *rest)))


def test_flax_attention_has_filters_of_two_axes():
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.relu(nn.BatchNorm(use_running_average=True)(nn.Conv(4, (3, 3))(x)))
            x = nn.MultiHeadDotProductAttention(num_heads=2)(x.reshape(len(x), -1, 4))
            return nn.Dense(2)(nn.LayerNorm()(x).mean(1))

    model = Model()
    variables = model.init(jax.random.key(0), X)
    found = roles(variables, lambda v, x: jnp.mean(model.apply(v, x) ** 2), X)
    head = "params/MultiHeadDotProductAttention_0"
    inside = {f"{head}/{name}/kernel": ("weight", (1, 2), (0,)) for name in ("query", "key", "value")}
    assert found == {
        "params/BatchNorm_0/bias": "norm", "params/BatchNorm_0/scale": "norm",
        "params/Conv_0/bias": "bias", "params/Conv_0/kernel": ("weight", (3,), (2, 0, 1)),
        "params/Dense_0/bias": "bias", "params/Dense_0/kernel": ("weight", (1,), (0,)),
        "params/LayerNorm_0/bias": "norm", "params/LayerNorm_0/scale": "norm",
        **{f"{head}/{name}/bias": "bias" for name in ("query", "key", "value", "out")},
        **inside, f"{head}/out/kernel": ("weight", (2,), (0, 1)),
        **{f"batch_stats/BatchNorm_0/{name}": "statistic" for name in ("mean", "var")},
    }  # fmt: skip
    network = tw.networks.wrap(variables, lambda v, x: jnp.mean(model.apply(v, x) ** 2), (X,))
    plain, scaled = (
        direction(network, count=1, seed=3).directions[0]
        for direction in (tw.networks.directions.gaussian, tw.networks.directions.filter_normalised)
    )
    outputs = {name: role[1] for name, role in found.items() if role[0] == "weight"}
    for leaf, span in zip(network.leaves, network.spans, strict=True):
        array, drawn, made = (flat[span].reshape(leaf.shape) for flat in (network.position, plain, scaled))
        want = by_hand(array, outputs[leaf.name], drawn) if leaf.name in outputs else np.zeros(leaf.shape)
        np.testing.assert_allclose(made, want, rtol=1e-5, atol=1e-7)  # 32 bits


def test_equinox_has_outputs_first_and_biases_of_three_axes():
    class Model(eqx.Module):
        conv: eqx.nn.Conv2d
        norm: eqx.nn.LayerNorm
        line: eqx.nn.Linear
        table: eqx.nn.Embedding

        def __call__(self, x, token):
            x = jax.nn.relu(self.conv(x.transpose(2, 0, 1))).mean((1, 2))
            return self.line(self.norm(x) + self.table(token))

    keys = jax.random.split(jax.random.key(1), 3)
    model = Model(eqx.nn.Conv2d(3, 4, 3, key=keys[0]), eqx.nn.LayerNorm(4), eqx.nn.Linear(4, 2, key=keys[1]), eqx.nn.Embedding(7, 4, key=keys[2]))  # fmt: skip
    tokens = np.array([0, 3, 6, 3])
    found = roles(model, lambda m, x, t: jnp.mean(jax.vmap(m)(x, t) ** 2), X, tokens)
    assert found == {
        "conv/weight": ("weight", (0,), (1, 2, 3)), "conv/bias": "bias", "norm/weight": "norm", "norm/bias": "norm",
        "line/weight": ("weight", (0,), (1,)), "line/bias": "bias", "table/weight": ("weight", (0,), (1,)),
    }  # fmt: skip


def test_haiku_scales_and_offsets_of_two_axes_are_no_weights():
    def forward(x):
        x = hk.Conv2D(4, 3)(x)
        x = hk.BatchNorm(True, True, 0.9)(x, is_training=True)
        return hk.Linear(2)(jax.nn.relu(x).mean((1, 2)))

    made = hk.transform_with_state(forward)
    params, state = made.init(jax.random.key(0), X)
    found = roles(params, lambda p, x: jnp.mean(made.apply(p, state, None, x)[0] ** 2), X)
    assert found == {
        "batch_norm/offset": "norm", "batch_norm/scale": "norm", "conv2_d/b": "bias", "linear/b": "bias",
        "conv2_d/w": ("weight", (3,), (2, 0, 1)), "linear/w": ("weight", (1,), (0,)),
    }  # fmt: skip


def scanned(p, x):
    return jnp.mean(jax.lax.scan(lambda h, w: (jnp.tanh(h @ w), None), x, p["w"])[0] ** 2)


def low_rank(p, x):
    return jnp.mean((x @ (p["fixed"] + p["a"] @ p["b"])) ** 2)


def normed(p, x):
    return jnp.mean((x @ (p["g"] * p["v"] / jnp.linalg.norm(p["v"], axis=0))) ** 2)


def decayed(p, x):
    return jnp.mean(jnp.tanh(x @ p["w"].T) ** 2) + 0.1 * jnp.sum(p["w"] ** 2)


def recurrent(p, x):
    def step(state, row):
        return jnp.tanh(row @ p["in"] + state @ p["rec"] + p["b"]), None

    return jnp.mean(jax.lax.scan(step, jnp.zeros(4), x)[0] ** 2)


def branched(p, x):
    return jnp.mean(jax.lax.cond(x[0, 0] > 0, lambda w: x @ w, lambda w: x @ (2 * w), p["w"]) ** 2)


@pytest.mark.parametrize(
    ("loss", "shapes", "expected"),
    [
        (scanned, {"w": (3, 5, 5)}, {"w": ("weight", (0, 2), (1,))}),
        (low_rank, {"fixed": (5, 4), "a": (5, 2), "b": (2, 4)},
         {"fixed": ("weight", (1,), (0,)), "a": ("weight", (1,), (0,)), "b": ("weight", (1,), (0,))}),
        (normed, {"g": (4,), "v": (5, 4)}, {"v": ("weight", (1,), (0,))}),
        (decayed, {"w": (4, 5)}, {"w": ("weight", (0,), (1,))}),
        (recurrent, {"in": (5, 4), "rec": (4, 4), "b": (4,)},
         {"in": ("weight", (1,), (0,)), "rec": ("weight", (1,), (0,)), "b": "bias"}),
        (branched, {"w": (5, 4)}, {"w": ("weight", (1,), (0,))}),
        (lambda p, x: jnp.mean((x.reshape(8, 5) @ p["w"].reshape(5, 4)) ** 2), {"w": (5, 2, 2)}, {"w": ("weight", (1, 2), (0,))}),
        (lambda p, x: jnp.mean((jax.nn.standardize(x) * p["s"] + p["o"]) ** 2), {"s": (1, 5), "o": (1, 5)}, {"s": "norm", "o": "norm"}),
        (lambda p, x: jnp.mean(jax.jit(jnp.einsum, static_argnums=0)("bi,hio->bho", x, p["w"]) ** 2), {"w": (3, 5, 2)}, {"w": ("weight", (0, 2), (1,))}),
    ],
)  # fmt: skip
def test_arrays_are_followed_to_where_they_meet_data(loss, shapes, expected):
    model = {name: normal(*shape).astype(np.float32) for name, shape in shapes.items()}
    found = roles(model, loss, FLAT)
    assert {name: found[name] for name in expected} == expected


def test_what_cannot_be_told_is_asked_for():
    def loss(p, x):
        return jnp.mean((x @ p["w"] @ p["w"]) ** 2) + jnp.mean((x @ p["w"].T) ** 2)

    network = tw.networks.wrap({"w": normal(5, 5).astype(np.float32)}, loss, (FLAT,))
    assert network.parts.loc["w", "role"] == "unknown"
    with pytest.raises(InvalidValue) as caught:
        tw.networks.directions.filter_normalised(network, count=1)
    assert str(caught.value) == (
        "what 'w' of shape (5, 5) is cannot be told; say it with network.with_roles({'w': …}): the axis along which its "
        "filters lie, or 'bias' or 'norm'"
    )
    said = network.with_roles({"w": 0})
    assert tw.networks.directions.filter_normalised(said, count=1).directions.any()
