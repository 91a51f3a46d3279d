import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.frameworks.jax.network import flatten
from thalweg.frameworks.jax.recorder import recorder
from thalweg.store.recording import open_recording

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.standard_normal((16, 3)).astype(np.float32), RNG.standard_normal((16, 1)).astype(np.float32)


def start():
    return {
        "layers": [
            {"w": jnp.asarray(RNG.standard_normal((3, 4)), jnp.float32), "b": jnp.zeros(4)},
            {"w": jnp.ones((4, 1))},
        ],
        "steps": 3,
        "none": None,
    }


def loss(params, inputs, targets):
    first, second = params["layers"]
    return jnp.mean((jnp.tanh(inputs @ first["w"] + first["b"]) @ second["w"] - targets) ** 2)


def train(params, steps, training=None, donate=False):
    """Adam with noise from a key that every step splits, as a user would write it."""
    optimizer = optax.adam(0.05)
    weights = params["layers"]

    def step(weights, state, key):
        key, own = jax.random.split(key)
        value, gradient = jax.value_and_grad(lambda w: loss({"layers": w}, INPUTS, TARGETS))(weights)
        gradient = jax.tree.map(lambda g: g + 0.01 * jax.random.normal(own, g.shape), gradient)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(weights, updates), state, key, value

    step = jax.jit(step, donate_argnums=(0, 1) if donate else ())
    state, key = optimizer.init(weights), jax.random.key(0)
    values = []
    for _ in range(steps):
        if training:
            training.step(loss(params | {"layers": weights}, INPUTS, TARGETS), params | {"layers": weights})
        weights, state, key, value = step(weights, state, key)
        values.append(float(value))
    return params | {"layers": weights}, state, key, values


def bits(tree):
    return [
        np.asarray(leaf).tobytes()
        for leaf in jax.tree.leaves(tree)
        if not jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.prng_key)
    ]


@pytest.mark.parametrize("donate", [False, True])
def test_training_is_the_same_with_and_without(tmp_path, donate):
    params = start()
    plain, *alone = train(jax.tree.map(jnp.array, params), 12, donate=donate)
    training = recorder(params, store=tmp_path / "run.zarr")
    end, *beside = train(jax.tree.map(jnp.array, params), 12, training, donate=donate)
    training.finish(end)
    assert bits((plain, alone)) == bits((end, beside))
    np.testing.assert_array_equal(jax.random.key_data(alone[1]), jax.random.key_data(beside[1]))
    found = open_recording(tmp_path / "run.zarr")
    np.testing.assert_array_equal(found["params"][0], flatten(params))
    np.testing.assert_array_equal(found["params"][-1], flatten(end))
    # The loss of the row's own parameters: the step computed it, too, in another program, to rounding.
    np.testing.assert_allclose(found["loss"][:-1], beside[-1], rtol=1e-6)
    assert not np.isfinite(found["loss"][-1])


def test_the_leaves_are_those_of_the_network():
    params = start()
    found = recorder(params).finish(params)
    assert found.attrs["leaf_names"] == ["layers/0/b", "layers/0/w", "layers/1/w"]
    assert found.attrs["leaf_shapes"] == ["4", "3 x 4", "4 x 1"]
    assert (found.attrs["framework"], found.attrs["framework_version"]) == ("jax", jax.__version__)
    np.testing.assert_array_equal(found["params"][0, 4:16], params["layers"][0]["w"].ravel())


def said(act):
    with pytest.raises(InvalidValue) as caught:
        act()
    return str(caught.value)


def test_bad_input_is_said_in_one_line():
    params = start()
    training = recorder(params)
    assert said(lambda: training.step(1.0)) == (
        "no parameters were given, and arrays of JAX never change; give those of now: step(loss, params)"
    )
    assert said(lambda: jax.jit(lambda p: training.step(1.0, p))(params["layers"])) == (
        "parameters inside jax.jit have no values yet; call the recorder in the loop outside"
    )
    assert said(lambda: jax.jit(lambda x: training.step(x, params))(1.0)).startswith("loss of type ")
    assert said(lambda: training.step(1.0, params["layers"][0])).startswith("parameters of shape (16,) are none")
    assert said(lambda: recorder({"steps": 3})) == (
        "dict has no parameters; give a pytree with arrays of float32 or float64"
    )
    assert said(lambda: recorder(tw.objective(tw.problems.himmelblau()))) == (
        "an objective has no parameters of its own to record; give those that are trained"
    )
    assert training.taken == 0
