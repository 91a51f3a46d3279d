import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split

from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.frameworks import examples
from thalweg.frameworks.catalogue import FRAMEWORKS


def outputs(framework: str, model, inputs) -> np.ndarray:
    if framework == "jax":
        params, apply = model
        return np.asarray(apply(params, inputs))
    if framework == "torch":
        import torch

        return model(torch.from_numpy(inputs)).detach().numpy()
    return np.asarray(model(inputs))


def in_numpy(layers, x: np.ndarray) -> np.ndarray:
    """Apply the layers by their definition, in 64 bits; pictures are (example, row, column, channel)."""
    for k, layer in enumerate(layers):
        weight = layer.weight.astype(np.float64)
        if weight.ndim == 4:
            windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(1, 2))
            x = np.einsum("nrcizw,oizw->nrco", windows, weight)
        else:
            x = x.reshape(len(x), -1) @ weight.T
        x = x + layer.bias
        x = np.maximum(x, 0) if k + 1 < len(layers) else x
    return x


@pytest.mark.parametrize("framework", [name for name, one in FRAMEWORKS.items() if one.has("models")])
def test_the_networks_compute_the_same_in_every_framework(framework):
    rng = np.random.default_rng(0)
    flat, pictures = rng.normal(size=(5, 10)).astype("float32"), rng.normal(size=(5, 8, 8, 1)).astype("float32")
    sizes = (10, 6, 5, 3)
    # Rounding in 32 bits of sums of some hundred terms of order 1.
    close = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(
        outputs(framework, examples.mlp(framework, sizes, seed=3), flat),
        in_numpy(examples.weights.of_mlp(sizes, 3), flat.astype(float)),
        **close,
    )
    np.testing.assert_allclose(
        outputs(framework, examples.cnn(framework, (4, 3, 2), seed=3), pictures),
        in_numpy(examples.weights.of_cnn((4, 3, 2), 3), pictures.astype(float)),
        **close,
    )


def test_seeds_make_weights():
    one, same, other = (examples.weights.of_mlp((3, 3, 3), seed) for seed in (1, 1, 2))
    assert all((a.weight == b.weight).all() for a, b in zip(one, same, strict=True))
    assert not (one[0].weight == other[0].weight).any()
    assert not (one[0].weight == one[1].weight).any()


def test_the_digits_are_those_of_scikit_learn():
    found = load_digits()
    train, test, train_y, test_y = train_test_split(found.data / 16, found.target, test_size=0.33, random_state=42)
    ours = examples.digits()
    np.testing.assert_array_equal(ours.inputs, train.astype("float32"))
    np.testing.assert_array_equal(ours.test_inputs, test.astype("float32"))
    np.testing.assert_array_equal(ours.targets, train_y)
    np.testing.assert_array_equal(ours.test_targets, test_y)
    assert (ours.classes, ours.targets.dtype) == (10, np.int32)
    pictures = examples.digits(pictures=True)
    np.testing.assert_array_equal(pictures.inputs[7, :, :, 0], ours.inputs[7].reshape(8, 8))


def test_the_diabetes_data_are_standardised():
    found = load_diabetes()
    data = examples.diabetes(test_share=0.0)
    # 32-bit numbers are exact to 6e-8 of their size.
    np.testing.assert_allclose(data.targets.mean(dtype=float), 0, atol=1e-6)
    np.testing.assert_allclose(data.inputs.std(axis=0, dtype=float), 1, rtol=1e-6)
    np.testing.assert_allclose(np.corrcoef(data.targets[:, 0], found.target)[0, 1], 1, rtol=1e-6)
    assert len(data.test_inputs) == 0


def test_what_is_no_network_is_refused():
    with pytest.raises(InvalidValue, match=r"sizes = \(3,\) is no network; give units"):
        examples.mlp("jax", (3,))
    with pytest.raises(InvalidValue, match="a number of units = 0 is not allowed"):
        examples.mlp("jax", (3, 0, 1))
    with pytest.raises(InvalidValue, match=r"channels = \(\); give 1 to 3 numbers"):
        examples.cnn("jax", ())
    with pytest.raises(UnknownName, match="unknown framework 'tourch'; did you mean 'torch'"):
        examples.mlp("tourch", (3, 1))
    with pytest.raises(
        InvalidValue, match="the example networks are not made in tensorflow; give one of jax, torch, keras"
    ):
        examples.mlp("tensorflow", (3, 1))
