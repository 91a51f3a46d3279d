"""What a module gathers in training belongs to its points: losses there are those of the module that was."""

from typing import Any

import numpy as np
import pytest

from tests.frameworks.tensorflow.test_network import Perceptron, data, squares
from thalweg.frameworks.tensorflow.network import flatten, gathered, state_leaves
from thalweg.frameworks.tensorflow.recorder import recorder
from thalweg.networks.directions import gaussian
from thalweg.networks.interpolation import interpolate
from thalweg.networks.slices import slice
from thalweg.networks.wrapping import wrap

tf = pytest.importorskip("tensorflow")

X, Y = data("float64")


def trained(rate: float) -> tuple[Any, Any]:
    model = Perceptron("float64", normal=True)
    training = recorder(model)
    for _ in range(12):
        with tf.GradientTape() as tape:
            loss = squares(model(X, training=True), Y)
        training.step(loss)
        for variable, slope in zip(
            model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
        ):
            variable.assign_sub(rate * slope)
    return model, training.finish()


@pytest.fixture(scope="module")
def two() -> Any:
    return trained(0.05), trained(0.2)


def own_loss(model: Any) -> float:
    return float(squares(model(X), Y))


def test_a_checkpoints_loss_is_its_own(two: Any) -> None:
    (first, _), (second, recording) = two
    net, stale = (wrap(first, squares, (X, Y), statistics=kind) for kind in ("recorded", "gathered"))
    line = interpolate(net, None, flatten(second, state=True), points=3)
    # 64 bits, by other kernels than outside a graph
    np.testing.assert_allclose(line.attrs["loss_at_ends"], [own_loss(first), own_loss(second)], rtol=1e-12)
    assert net.value(recording["params"].values[-1]) == pytest.approx(own_loss(second), rel=1e-12)
    mixed = Perceptron("float64", normal=True)
    for variable, own in zip(mixed.trainable_variables, second.trainable_variables, strict=True):
        variable.assign(own)
    mixed.mean.assign(first.mean)
    assert stale.value(flatten(second, state=True)) == pytest.approx(own_loss(mixed), rel=1e-12)
    assert abs(own_loss(mixed) - own_loss(second)) > 0.01 * own_loss(second)


def test_directions_and_derivatives_are_of_parameters(two: Any) -> None:
    (model, _), _ = two
    net, plain = (wrap(model, squares, (X, Y), statistics=kind) for kind in ("recorded", "gathered"))
    assert net.trained == plain.position.size == net.position.size - 4
    vector = np.random.default_rng(2).normal(size=net.position.size)
    pairs = (
        (net.gradient()[1], plain.gradient()[1]),
        (net.hessian_product()(vector), plain.hessian_product()(vector[: net.trained])),
        (gaussian(net).directions, gaussian(plain).directions),
    )
    for one, other in pairs:
        assert not one[..., net.trained :].any()
        np.testing.assert_allclose(one[..., : net.trained], other, rtol=1e-10, atol=1e-12)
    surfaces = [slice(one, gaussian(one, count=1), span=0.1, points=5)["loss"] for one in (net, plain)]
    np.testing.assert_allclose(*surfaces, rtol=1e-12)


def test_state_is_what_is_not_trained() -> None:
    model = Perceptron(normal=True)
    model.count = tf.Variable(3, trainable=False)
    assert list(gathered(model)) == ["mean"]
    assert [(leaf.name, leaf.kind, leaf.shape) for leaf in state_leaves(model)] == [("mean", "statistic", (4,))]
