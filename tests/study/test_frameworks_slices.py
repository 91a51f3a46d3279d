"""The same seed gives the same slice in every framework, where weights are copied across."""

import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw

GENERATOR = np.random.default_rng(0)
KERNELS = [GENERATOR.standard_normal(shape, dtype=np.float32) for shape in ((5, 3), (2, 5))]
BIASES = [GENERATOR.standard_normal(size, dtype=np.float32) for size in (5, 2)]
X, Y = (GENERATOR.standard_normal((6, size), dtype=np.float32) for size in (3, 2))


def in_jax():
    def loss(layers, x, y):
        hidden = jnp.tanh(x @ layers[0]["w"] + layers[0]["b"])
        return jnp.mean((hidden @ layers[1]["w"] + layers[1]["b"] - y) ** 2)

    layers = [{"w": kernel.T, "b": bias} for kernel, bias in zip(KERNELS, BIASES, strict=True)]
    return tw.network(layers, loss, (X, Y))


def in_torch():
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    with torch.no_grad():
        for layer, kernel, bias in zip((model[0], model[2]), KERNELS, BIASES, strict=True):
            layer.weight.copy_(torch.from_numpy(kernel))
            layer.bias.copy_(torch.from_numpy(bias))
    return tw.network(model, torch.nn.functional.mse_loss, (torch.from_numpy(X), torch.from_numpy(Y)))


def in_keras():
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(2)])
    model.set_weights([KERNELS[0].T, BIASES[0], KERNELS[1].T, BIASES[1]])
    return tw.network(model, "mse", (X, Y))


@pytest.mark.long  # imports two further frameworks
@pytest.mark.parametrize("make", [in_torch, in_keras])
def test_the_same_seed_gives_the_same_slice_in_every_framework(make):
    ours, theirs = in_jax(), make()
    for kind in (
        tw.directions.gaussian,
        tw.directions.orthonormal,
        tw.directions.filter_normalised,
        tw.directions.hessian,
    ):
        slices = [tw.take_slice(net, kind(net, seed=3), points=[4, 3])["loss"].values for net in (ours, theirs)]
        # A few roundings of 32 bits; two different directions differ by more than the loss itself.
        np.testing.assert_allclose(*slices, rtol=1e-5)
