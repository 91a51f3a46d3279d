"""The same seed gives the same slice in every framework, where weights are copied across."""

import jax.numpy as jnp
import numpy as np
import pytest

import thalweg as tw

GENERATOR = np.random.default_rng(0)
KERNELS = [GENERATOR.standard_normal(shape, dtype=np.float32) for shape in ((5, 3), (2, 5))]
BIASES = [GENERATOR.standard_normal(size, dtype=np.float32) for size in (5, 2)]
X, Y = (GENERATOR.standard_normal((6, size), dtype=np.float32) for size in (3, 2))


def in_jax(**options):
    def loss(layers, x, y):
        hidden = jnp.tanh(x @ layers[0]["w"] + layers[0]["b"])
        return jnp.mean((hidden @ layers[1]["w"] + layers[1]["b"] - y) ** 2)

    layers = [{"w": kernel.T, "b": bias} for kernel, bias in zip(KERNELS, BIASES, strict=True)]
    return tw.networks.wrap(layers, loss, (X, Y), **options)


def in_torch(**options):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    with torch.no_grad():
        for layer, kernel, bias in zip((model[0], model[2]), KERNELS, BIASES, strict=True):
            layer.weight.copy_(torch.from_numpy(kernel))
            layer.bias.copy_(torch.from_numpy(bias))
    data = torch.from_numpy(X), torch.from_numpy(Y)
    return tw.networks.wrap(model, torch.nn.functional.mse_loss, data, **options)


def in_keras(**options):
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(2)])
    model.set_weights([KERNELS[0].T, BIASES[0], KERNELS[1].T, BIASES[1]])
    return tw.networks.wrap(model, "mse", (X, Y), **options)


def in_tensorflow(**options):
    tf = pytest.importorskip("tensorflow")

    class Layer(tf.Module):
        def __init__(self, kernel, bias):
            super().__init__()
            self.kernel, self.bias = tf.Variable(kernel.T), tf.Variable(bias)

        def __call__(self, x):
            return x @ self.kernel + self.bias

    class Both(tf.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = (Layer(*pair) for pair in zip(KERNELS, BIASES, strict=True))

        def __call__(self, x):
            return self.second(tf.tanh(self.first(x)))

    def loss(outputs, targets):
        return tf.reduce_mean((outputs - targets) ** 2)

    return tw.networks.wrap(Both(), loss, (X, Y), **options)


@pytest.mark.parametrize("make", [in_torch, in_keras, in_tensorflow])
def test_the_same_seed_gives_the_same_slice_in_every_framework(make):
    ours, theirs = in_jax(), make()
    for kind in (
        tw.networks.directions.gaussian,
        tw.networks.directions.orthonormal,
        tw.networks.directions.filter_normalised,
        tw.networks.directions.hessian,
    ):
        slices = [tw.networks.slice(net, kind(net, seed=3), points=[4, 3])["loss"].values for net in (ours, theirs)]
        # A few roundings of 32 bits; two different directions differ by more than the loss itself.
        np.testing.assert_allclose(*slices, rtol=1e-5)


def pictured(framework):
    """The same convolutional network, whose kernels every framework lays out in its own way."""
    pictures = np.random.default_rng(1).random((7, 8, 8, 1), dtype=np.float32)
    classes = np.arange(7) % 10
    model = tw.examples.cnn(framework, (3, 2), seed=5)
    if framework == "jax":
        params, apply = model
        return tw.networks.wrap(params, lambda p, x: jnp.mean((apply(p, x) - jnp.eye(10)[classes]) ** 2), pictures)
    targets = np.eye(10, dtype=np.float32)[classes]
    if framework == "keras":
        return tw.networks.wrap(model, "mse", (pictures, targets))
    torch = pytest.importorskip("torch")
    return tw.networks.wrap(
        model, torch.nn.functional.mse_loss, (torch.from_numpy(pictures), torch.from_numpy(targets))
    )


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_kernels_are_moved_alike_in_every_framework(framework):
    ours, theirs = pictured("jax"), pictured(framework)
    for kind in (tw.networks.directions.gaussian, tw.networks.directions.filter_normalised):
        slices = [tw.networks.slice(net, kind(net, seed=2), points=[4, 3])["loss"].values for net in (ours, theirs)]
        # Sums of some hundred terms in 32 bits; other directions differ by more than the loss itself.
        np.testing.assert_allclose(*slices, rtol=1e-4)
