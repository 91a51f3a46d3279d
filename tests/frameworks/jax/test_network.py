import random
from collections import UserDict
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import thalweg as tw
from tests.frameworks.jax.networks import LAYERS, ROWS, TWO, X, Y, normal, squared
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent.grid import evaluate
from thalweg.frameworks.jax.network import flatten, leaves_of
from thalweg.geometry.leaves import assigned
from thalweg.geometry.plane import Plane
from thalweg.networks.wrapping import wrap

CONVOLUTIONAL = {
    "conv": {"kernel": normal(3, 3, 2, 4), "bias": normal(4)},
    "norm": {"scale": normal(4), "bias": normal(4)},
    "head": {"kernel": normal(4, 3), "scale": normal(3)},
    "gain": np.float64(1.0),
}


def mean(p, x):
    return jnp.mean(x @ p["w"])


def test_parameters_are_floating_arrays_and_all_else_is_held_fixed():
    model = {
        "w": normal(5, 2),
        "steps": np.array(3),
        "none": None,
        "act": jnp.tanh,
        "power": 2.0,
        "key": jax.random.key(3),
    }

    def loss(p, x):
        noise = jax.random.normal(p["key"], (2,), dtype=np.float32)
        return jnp.mean(p["act"](x @ p["w"] + noise) ** p["power"]) * p["steps"]

    net = wrap(model, loss, X)
    noise = jax.random.normal(jax.random.key(3), (2,), dtype=np.float32)
    assert [leaf.name for leaf in net.leaves] == ["w"]
    assert net.value() == pytest.approx(
        3 * np.mean(np.tanh(X @ model["w"] + np.asarray(noise)) ** 2), rel=1e-13
    )  # 64 bits
    np.testing.assert_array_equal(net.position, model["w"].ravel())


def test_facts():
    net = wrap(LAYERS, squared, (X, Y), rows=5)
    assert net.facts == {
        "framework": "jax", "framework_version": jax.__version__, "device": "cpu", "mode": "evaluation",
        "statistics": "none", "loss": "squared", "examples": ROWS, "precision": 64, "parameters": 66,
    }  # fmt: skip
    assert [portion.weight for portion in net.portions] == [5 / 12, 5 / 12, 2 / 12]
    assert net.value() == pytest.approx(wrap(LAYERS, squared, (X, Y)).value(), rel=1e-14)  # another order


def test_leaves_have_names_kinds_and_filters_first():
    leaves = {leaf.name: (leaf.kind, leaf.order) for leaf in leaves_of(CONVOLUTIONAL)}
    assert leaves == {
        "conv/bias": ("bias", (0,)),
        "conv/kernel": ("weight", (3, 2, 0, 1)),
        "gain": ("bias", ()),
        "head/kernel": ("weight", (1, 0)),
        "head/scale": ("bias", (0,)),
        "norm/bias": ("norm", (0,)),
        "norm/scale": ("norm", (0,)),
    }
    assert [leaf.name for leaf in leaves_of(LAYERS)] == ["0/b", "0/w", "1/b", "1/w"]


@dataclass
class Batch:
    x: np.ndarray
    scale: float


@pytest.mark.parametrize("make", [Batch, lambda x, scale: UserDict(x=x, scale=scale)])
def test_batches_that_are_no_pytrees_are_data_too(make):
    x, w = normal(12, 5), normal(5)

    def step(params, batch):
        taken = batch if isinstance(batch, Batch) else Batch(**batch)
        return taken.scale * jnp.mean(jnp.tanh(taken.x @ params["w"]) ** 2)

    given = x.copy()
    net = wrap({"w": w}, step, make(given, 2.0))
    given[:] = np.nan  # a copy was taken
    wanted = lambda v: 2 * np.mean(np.tanh(x @ v) ** 2)  # noqa: E731
    assert net.value() == pytest.approx(wanted(w), rel=1e-12)
    along, step_of = np.ones(5), 1e-5
    ahead, behind = (net.gradient(w + sign * step_of * along)[1] for sign in (1, -1))
    # central differences: step² times the third derivative, and rounding over the step
    np.testing.assert_allclose(net.hessian_product()(along), (ahead - behind) / (2 * step_of), rtol=1e-7, atol=1e-9)
    assert len({id(one.evaluator.programs) for one in wrap({"w": w}, step, [make(x, 2.0)] * 2).portions}) == 1


def test_filters_may_lie_along_another_axis():
    leaves = assigned(leaves_of(CONVOLUTIONAL), {"conv/kernel": 0, "head/kernel": -2, "conv/bias": 0})
    assert [leaf.order for leaf in leaves if leaf.kind == "weight"] == [(0,), (0, 1, 2, 3), (0, 1)]
    assert assigned(leaves_of({"w": normal(3, 4, 5)}), {"w": 1})[0].order == (1, 2, 0)


def aligned(array):
    """Lay a copy where JAX would share its memory: at a multiple of 64 bytes."""
    room = np.empty(array.size + 8)
    first = -room.ctypes.data % 64 // 8
    room[first : first + array.size] = array.ravel()
    return room[first : first + array.size].reshape(array.shape)


def test_a_network_keeps_copies():
    w, x = normal(5, 2), aligned(X)
    moved = jnp.array(normal(5, 2), dtype=np.float32)
    net, other = wrap({"w": w}, mean, x), wrap({"w": moved}, mean, jnp.array(X, dtype=np.float32))
    before = net.value(), other.value()
    w[:], x[:] = 0, 0
    moved.delete()
    assert (net.value(), other.value()) == before
    assert flatten({"w": w}).sum() == 0


def test_nothing_of_the_users_is_written():
    layers = jax.tree.map(np.copy, LAYERS)
    net = wrap(layers, squared, (X, Y))
    net.values(Plane(net.position, normal(1, 66), ("x",), ("",)), normal(3, 1))
    net.gradient()
    jax.tree.map(np.testing.assert_array_equal, layers, LAYERS)
    np.testing.assert_array_equal(net.position, flatten(LAYERS))


@pytest.mark.parametrize(
    "objective",
    [
        tw.objective(tw.problems.pencil(noise=0.1, seed=3), tw.losses.fourth_root()),
        tw.objective(tw.problems.himmelblau()),
    ],
)
def test_an_objective_is_a_network(objective):
    net = wrap(objective)
    start = np.array(objective.problem.start)
    np.testing.assert_array_equal(net.position, start)
    positions = start + normal(7, start.size)
    expected = evaluate(objective.example, objective.train, positions)
    np.testing.assert_allclose([net.value(point) for point in positions], expected, rtol=1e-13)  # rounding
    plane = Plane(start, np.eye(start.size), ("x", "y")[: start.size], ("", "")[: start.size])
    np.testing.assert_allclose(net.values(plane, positions - start), expected, rtol=1e-10)  # start + (point - start)
    runs = tw.descend(objective, optax.sgd(0.01), starts=start[None], steps=1)
    assert net.value() == pytest.approx(float(runs["train_loss"][0, 0]), rel=1e-13)  # rounding
    assert net.leaves[0].kind == "weight"
    assert net.facts["examples"] == (len(objective.train[0]) if objective.train else 0)


def test_an_objective_of_many_parameters_has_affine_parts():
    axes = [tw.problems.Axis(f"a{number}", -1, 1) for number in range(300)]
    problem = tw.problems.regression(lambda p, x, y: jnp.dot(p, jnp.cos(jnp.arange(300) * x)) - y, {"x": X[:, 0], "y": X[:, 1]}, axes)  # fmt: skip
    objective = tw.objective(problem, tw.losses.quadratic())
    net = wrap(objective)
    assert net.portions[0].evaluator.parts.affine_results == ["sub (12,)"]
    assert net.value() == pytest.approx(evaluate(objective.example, objective.train, net.position[None])[0], rel=1e-13)


TWICE = {"v": normal(5, 7).astype(np.float32), "w": normal(5, 7)}
HALF = {"w": jnp.ones((5, 2), jnp.bfloat16)}
ERRORS = {
    "dict has no parameters; give a pytree with arrays of float32 or float64": ({"n": np.arange(3)}, mean, X, {}),
    "parameters are of mixed types: 'v' is float32 and 'w' is float64; give a model of one type, float32 or float64": (
        TWICE, mean, X, {},
    ),
    "parameters are bfloat16, which is not allowed; give a model in float32 or float64": (HALF, mean, X, {}),
    "parameters are complex128, which is not allowed; give a model in float32 or float64": ({"w": 1j * X}, mean, X, {}),
    "loss = None is not a function; give loss(parameters, *data), or loss(parameters, batch), a scalar, such as a mean over "
    "the rows": (
        TWO, None, X, {},
    ),
    "the loss is of shape (12, 7) and type float64; return a floating scalar": (TWO, lambda p, x: x @ p["w"], X, {}),
    "the loss is of shape () and type int64; return a floating scalar": (TWO, lambda p, x: jnp.argmax(p["w"]), X, {}),
    "the loss cannot be computed: the step returned a tuple; return the loss of the batch, a scalar, or (loss, count), or "
    "what has it as .loss or ['loss']; it is called as loss(parameters, *data) with (12, 5)": (TWO, lambda p, x: (mean(p, x), {"seen": 1}), X, {}),
    "the loss cannot be computed: mean() missing 1 required positional argument: 'x'; it is called as "
    "loss(parameters, *data) with no data": (TWO, mean, (), {}),
    "the loss cannot be computed: dot_general requires contracting dimensions to have the same shape, got (3,) and "
    "(5,).; it is called as loss(parameters, *data) with (12, 3)": (TWO, mean, Y, {}),
    "mode = 'training' is not allowed: functions of JAX have no mode; write the loss so, and leave mode out": (
        TWO, mean, X, {"mode": "training"},
    ),
    "an objective has a loss and data of its own; leave loss and data out": (
        tw.objective(tw.problems.himmelblau()), mean, X, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "given"), ERRORS.items())
def test_what_is_wrong_is_said_in_one_line(text, given):
    model, loss, data, more = given
    with pytest.raises((InvalidValue, UnknownName)) as caught:
        wrap(model, loss, data, **more)
    assert str(caught.value) == text


def test_parameters_on_several_devices_are_refused(monkeypatch):
    class Far:
        def __str__(self):
            return "FarDevice(id=1)"

    near, far = jnp.ones((5, 2), np.float32), jnp.ones((5, 2), np.float32) + 1
    devices = type(far).devices
    monkeypatch.setattr(type(far), "devices", lambda array: {Far()} if array is far else devices(array))
    with pytest.raises(InvalidValue) as caught:
        wrap({"v": near, "w": far}, mean, X)
    assert str(caught.value) == (
        f"parameters are on several devices, FarDevice(id=1), {jax.devices()[0]}; put them on one with jax.device_put"
    )


BATCH = {"x": normal(12, 5), "y": normal(12, 7), "key": jax.random.key(3), "factor": 2.0, "none": None}


def noisy(p, batch):
    assert batch["none"] is None
    noise = jax.random.normal(batch["key"], (7,), np.float32)
    return batch["factor"] * jnp.mean((batch["x"] @ p["w"] + noise - batch["y"]) ** 2)


@pytest.mark.parametrize("loss", [noisy, jax.jit(lambda p, batch: 2 * noisy(p, {**batch, "none": None}) / 2)])
def test_a_dictionary_with_a_key_and_scalars_is_cut_into_rows(loss):
    noise = np.asarray(jax.random.normal(BATCH["key"], (7,), np.float32))
    want = 2 * np.mean((BATCH["x"] @ TWO["w"] + noise - BATCH["y"]) ** 2)
    for rows in (None, 5):
        assert wrap({"w": TWO["w"]}, loss, BATCH, rows=rows).value() == pytest.approx(want, rel=1e-12)  # rounding
    if loss is noisy:
        with pytest.raises(InvalidValue, match="it is not additive over rows"):
            wrap({"w": TWO["w"]}, lambda p, batch: jnp.sqrt(loss(p, batch)), BATCH, rows=5)


def test_a_loss_that_changes_from_call_to_call_is_refused_and_generators_are_kept():
    calls, own = [], np.random.default_rng(4)

    def counting():
        calls.append(1)
        return len(calls)

    before = np.random.get_state()  # not Python's: beartype draws from it under pytest
    for change in (counting, np.random.rand, random.random, own.normal):
        with pytest.raises(InvalidValue, match="it changes from call to call"):
            wrap({"w": TWO["w"]}, lambda p, x, change=change: mean(p, x) * change(), (X,))
    for one, other in zip(np.random.get_state(), before, strict=True):
        np.testing.assert_array_equal(one, other)
