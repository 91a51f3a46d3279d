"""What the arrays of a Keras model are, told by the layers that hold them."""

import numpy as np
import pytest

from thalweg.networks.directions import filter_normalised
from thalweg.networks.wrapping import wrap

keras = pytest.importorskip("keras")


def test_attention_and_recurrent_layers() -> None:
    inputs = keras.Input((4, 6))
    hidden = keras.layers.MultiHeadAttention(2, 3, name="attention")(inputs, inputs)
    model = keras.Model(inputs, keras.layers.GRU(5, name="gru")(hidden))
    one = wrap(model, "mse", (np.ones((2, 4, 6), np.float32), np.ones((2, 5), np.float32)))
    found = {leaf.name: (leaf.kind, leaf.shape, leaf.order, leaf.outputs) for leaf in one.leaves}
    for name in ("query", "key", "value"):
        # a filter is what one feature of one head is made of: six inputs
        assert found[f"attention/{name}/kernel"] == ("weight", (6, 2, 3), (1, 2, 0), 2)
        assert found[f"attention/{name}/bias"] == ("bias", (2, 3), (0, 1), 1)
    assert found["attention/attention_output/kernel"] == ("weight", (2, 3, 6), (2, 0, 1), 1)
    assert found["attention/attention_output/bias"] == ("bias", (6,), (0,), 1)
    assert {key: value[0] for key, value in found.items() if key.startswith("gru")} == {
        "gru/gru_cell/kernel": "weight",
        "gru/gru_cell/recurrent_kernel": "weight",
        "gru/gru_cell/bias": "bias",
    }


def test_filters_of_attention_are_moved_by_their_own_norms() -> None:
    inputs = keras.Input((4, 6))
    model = keras.Model(inputs, keras.layers.MultiHeadAttention(2, 3)(inputs, inputs))
    one = wrap(model, "mse", (np.ones((2, 4, 6), np.float32), np.ones((2, 4, 6), np.float32)))
    (direction,) = filter_normalised(one, count=1).directions
    for leaf, span in zip(one.leaves, one.spans, strict=True):
        moved, own = direction[span].reshape(leaf.shape), one.position[span].reshape(leaf.shape)
        if leaf.name.endswith("bias"):
            assert not moved.any()
        elif "attention_output" in leaf.name:
            np.testing.assert_allclose(np.linalg.norm(moved, axis=(0, 1)), np.linalg.norm(own, axis=(0, 1)), rtol=1e-5)
        else:
            np.testing.assert_allclose(np.linalg.norm(moved, axis=0), np.linalg.norm(own, axis=0), rtol=1e-5)
