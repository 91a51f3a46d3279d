"""Several measures of one model at the same points: each is what its own network says there."""

import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw
from tests.geometry.networks import bowl, network, perceptron, steps
from thalweg.base.errors import InvalidValue
from thalweg.networks import interpolate, slice
from thalweg.networks.directions import given

STEEP = network(lambda p: float(p[0] > 0.4), position=np.zeros(2))


def test_every_measure_of_a_slice_is_that_of_its_own_network():
    loss = bowl(np.diag([2.0, 4.0]))
    surface = slice({"loss": loss, "accuracy": STEEP}, given(loss, [1, 0], [0, 1]), span=1, points=[5, 3])
    x, y = np.meshgrid(surface["x"], surface["y"])
    np.testing.assert_array_equal(surface["loss"].values, x**2 + 2 * y**2)
    np.testing.assert_array_equal(surface["accuracy"].values, x > 0.4)
    assert surface["accuracy"].dims == ("y", "x")
    assert surface["accuracy"].attrs["at_origin"] == 0
    assert surface.attrs["loss_at_origin"] == 0


@pytest.mark.parametrize("bend", [None, [1.0, 2.0]])
def test_every_measure_of_a_line_or_curve_is_that_of_its_own_network(bend):
    loss, test = bowl(np.eye(2)), bowl(np.diag([3.0, 1.0]))
    line = interpolate({"test_loss": test, "loss": loss}, [1, 0], [0, 1], bend=bend, points=5)
    alone = [interpolate(one, [1, 0], [0, 1], bend=bend, points=5) for one in (loss, test)]
    np.testing.assert_array_equal(line["loss"].values, alone[0]["loss"].values)
    np.testing.assert_array_equal(line["test_loss"].values, alone[1]["loss"].values)
    assert line["test_loss"].attrs["at_ends"] == alone[1].attrs["loss_at_ends"]
    assert line.attrs["barrier"] == alone[0].attrs["barrier"]


X = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)
KINDS = (X[:, 0] > 0).astype(np.int32)
KERNEL = np.random.default_rng(1).standard_normal((3, 2)).astype(np.float32)


def in_jax():
    return tw.networks.wrap(
        {"w": jnp.asarray(KERNEL)}, lambda p, x, y: jnp.mean(jnp.argmax(x @ p["w"], -1) == y), (X, KINDS)
    )


def in_torch():
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(3, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(KERNEL.T))

    def step(model, batch):
        return (model(batch[0]).argmax(-1) == batch[1]).float().mean()

    return tw.networks.wrap(model, step, (torch.from_numpy(X), torch.from_numpy(KINDS)))


def in_keras():
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=False)])
    model.set_weights([KERNEL])

    def step(model, batch):
        right = keras.ops.equal(keras.ops.cast(keras.ops.argmax(model(batch[0]), -1), "int32"), batch[1])
        return keras.ops.mean(keras.ops.cast(right, "float32"))

    return tw.networks.wrap(model, step, (X, KINDS))


def in_tensorflow():
    tf = pytest.importorskip("tensorflow")

    class Linear(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(KERNEL)

        def __call__(self, x):
            return x @ self.kernel

    def step(model, batch):
        return tf.reduce_mean(tf.cast(tf.argmax(model(batch[0]), -1, tf.int32) == batch[1], tf.float32))

    return tw.networks.wrap(Linear(), step, (X, KINDS))


@pytest.mark.parametrize("make", [in_jax, in_torch, in_keras, in_tensorflow])
def test_an_accuracy_is_sliced_in_every_framework(make):
    net = make()
    kernel = net.position.reshape(net.leaves[0].shape)
    turned = kernel if kernel.shape == (3, 2) else kernel.T
    way = np.random.default_rng(2).standard_normal((3, 2)).astype(np.float32)
    flat = way.ravel() if turned is kernel else way.T.ravel()
    line = slice(net, given(net, flat), span=2, points=9)
    right = [np.mean(np.argmax(X @ (KERNEL + np.float32(t) * way), axis=1) == KINDS) for t in line["x"].values]
    assert len(set(right)) > 2
    np.testing.assert_allclose(line["loss"].values, right, rtol=1e-6)  # twelfths in 32 bits


def test_what_has_no_derivative_says_so_and_what_depends_on_nothing_is_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(InvalidValue, match="the loss has no derivative, as an accuracy has none, or it was detached"):
        in_torch().gradient()
    model = torch.nn.Linear(3, 2)
    with pytest.raises(InvalidValue, match="the loss depends on no parameter of the model; give one of the model"):
        tw.networks.wrap(model, lambda net, batch: (model(batch).argmax(-1) == 0).float().mean(), torch.from_numpy(X))


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"loss": None}, "network = {'test'} has no 'loss', which the plane and all directions belong to; call one"),
        ({"x": STEEP}, "a measure cannot be called 'x'; give letters, digits and _, and none of x, y, t, distance$"),
        ({"a b": STEEP}, "a measure cannot be called 'a b'; give letters, digits and _"),
        ({"test": perceptron()}, r"network\['test'\] has \d+ parameters of float64 in 6 arrays, that of the loss 2 of"),
        ({"test": 3}, "network = .* is not allowed; give a Network"),
    ],
)
def test_measures_that_cannot_be_are_refused(others, message):
    loss = bowl(np.eye(2))
    networks = {name: one for name, one in ({"loss": loss, "test": STEEP} | others).items() if one is not None}
    for take in (lambda: slice(networks, given(loss, [1, 0])), lambda: interpolate(networks, [1, 0], [0, 1])):
        with pytest.raises(InvalidValue, match=message):
            take()


def test_figures_draw_the_measure_that_is_asked_for():
    loss = bowl(np.eye(2))
    networks = {"loss": loss, "accuracy": STEEP}
    surface = slice(networks, given(loss, [1, 0], [0, 1]), points=5)
    figure = tw.figures.slice(surface, value="accuracy")
    assert figure.title == "Accuracy on a plane"
    (ground,) = (part for part in figure.interactive()["data"] if part["type"] == "surface")
    np.testing.assert_array_equal(ground["customdata"], surface["accuracy"].values.astype(np.float32))
    line = interpolate(networks, [1, 0], [0, 1], points=5)
    both = tw.figures.interpolate(line, value=["loss", "accuracy"])
    assert both.title == "Loss, accuracy between two checkpoints"
    lines = {
        part["name"].split(": ")[0]: part["y"] for part in both.interactive()["data"] if part.get("mode") == "lines"
    }
    assert [name.split(",")[1].strip() for name in lines] == ["loss", "accuracy"]
    for found, name in zip(lines.values(), ("loss", "accuracy"), strict=True):
        np.testing.assert_allclose(found, line[name].values, rtol=1e-6)
    with pytest.raises(InvalidValue, match="a path has losses and no accuracy; draw value = 'accuracy' without it$"):
        recording = tw.networks.project(loss, given(loss, [1, 0], [0, 1]), steps(np.linspace(1, 0, 8).reshape(4, 2)))
        tw.figures.slice(surface, recording, value="accuracy")
