"""What layers gather in training belongs to a point of a Keras model: losses there are those of the model that was."""

from typing import Any

import keras
import numpy as np
import pytest

from thalweg.frameworks.keras.leaves import flatten, gathered, state_leaves
from thalweg.frameworks.keras.recorder import recorder
from thalweg.networks.checkpoints import read_checkpoint
from thalweg.networks.curvatures import curvature
from thalweg.networks.directions import gaussian
from thalweg.networks.interpolation import interpolate
from thalweg.networks.slices import slice
from thalweg.networks.wrapping import wrap

# Keras itself hands variables of TensorFlow to NumPy in a way that NumPy 2 warns of, when it saves
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SOURCE = np.random.default_rng(8)
X = (2 * SOURCE.standard_normal((32, 5)) + 1).astype(np.float32)
Y = np.sin(X[:, :1]).astype(np.float32)


def trained(seed: int) -> tuple[Any, Any]:
    keras.utils.set_random_seed(seed)
    normal = keras.layers.BatchNormalization(momentum=0.8)
    layers = [keras.Input((5,)), keras.layers.Dense(6), normal, keras.layers.ReLU(), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(0.05), "mse")
    training = recorder(model)
    model.fit(X, Y, batch_size=16, epochs=8, verbose=0, callbacks=[training.callback()])
    return model, training.finish()


def own_loss(model: Any) -> float:
    return float(np.mean((np.asarray(model.predict(X, verbose=0)) - Y) ** 2))


@pytest.fixture(scope="module")
def two() -> Any:
    return trained(1), trained(2)


def test_a_checkpoints_loss_is_its_own(two: Any, tmp_path: Any) -> None:
    (first, _), (second, recording) = two
    net = wrap(first, None, (X, Y))
    line = interpolate(net, None, flatten(second, state=True), points=3)
    # 32 bits, means of 32 rows in another order
    np.testing.assert_allclose(line.attrs["loss_at_ends"], [own_loss(first), own_loss(second)], rtol=1e-5)
    assert net.value(recording["params"].values[-1]) == pytest.approx(own_loss(second), rel=1e-5)
    second.save_weights(tmp_path / "second.weights.h5")
    np.testing.assert_array_equal(read_checkpoint(net, tmp_path / "second.weights.h5"), flatten(second, state=True))
    stale = wrap(first, None, (X, Y), statistics="gathered")
    assert abs(stale.value(flatten(second, state=True)) - own_loss(second)) > 0.1 * own_loss(second)
    assert (net.facts["statistics"], stale.facts["statistics"]) == ("recorded", "gathered")
    assert net.facts["parameters"] == net.trained == stale.position.size == net.position.size - 12


def test_directions_and_derivatives_are_of_parameters(two: Any) -> None:
    (model, _), _ = two
    net, plain = (wrap(model, None, (X, Y), statistics=kind) for kind in ("recorded", "gathered"))
    for one, other in (
        (net.gradient()[1], plain.gradient()[1]),
        (gaussian(net).directions, gaussian(plain).directions),
    ):
        assert not one[..., net.trained :].any()
        np.testing.assert_allclose(one[..., : net.trained], other, rtol=1e-4, atol=1e-6)
    vector = SOURCE.standard_normal(net.position.size)
    product = net.hessian_product()(vector)
    assert not product[net.trained :].any()
    np.testing.assert_allclose(
        product[: net.trained], plain.hessian_product()(vector[: net.trained]), rtol=1e-3, atol=1e-5
    )
    surfaces = [slice(one, gaussian(one, count=1), span=0.1, points=5)["loss"] for one in (net, plain)]
    np.testing.assert_allclose(*surfaces, rtol=1e-5)
    eigenvalues = [curvature(one, count=1, probes=0)["eigenvalues"] for one in (net, plain)]
    np.testing.assert_allclose(*eigenvalues, rtol=1e-3)


def test_state_is_what_layers_gather() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)])
    model.layers[0].trainable = False
    model.add(keras.layers.Dense(1))
    assert [leaf.name.rpartition("/")[2] for leaf in state_leaves(model)] == ["moving_mean", "moving_variance"]
    assert len(gathered(model)) == 2
