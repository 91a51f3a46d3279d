"""Slices by layer: each moves its own arrays alone, along its part of one filter-normalised direction."""

import numpy as np
import pytest

import thalweg as tw
from tests.geometry.networks import perceptron
from thalweg.base.errors import InvalidValue
from thalweg.networks import slices_by_layer
from thalweg.networks.directions import filter_normalised


def test_each_layer_moves_alone_along_its_part_of_one_direction():
    net = perceptron()
    found = slices_by_layer(net, span=(-0.5, 1), points=4, seed=3)
    whole = filter_normalised(net, count=1, seed=3).directions[0]
    assert found["layer"].values.tolist() == ["0", "1", "2"]
    assert found["loss"].dims == ("layer", "x")
    for name in "012":
        part = np.concatenate([np.full(leaf.size, leaf.name.startswith(name)) for leaf in net.leaves]) * whole
        expected = [net.value(net.position + x * part) for x in (-0.5, 0, 0.5, 1)]
        np.testing.assert_allclose(found["loss"].sel(layer=name).values, expected, rtol=1e-12)
        assert float(found["norm"].sel(layer=name)) == pytest.approx(np.linalg.norm(part))
    assert found.attrs["loss_at_origin"] == net.value()


def test_layers_are_named_by_patterns_and_move_from_another_place():
    net = perceptron()
    place = net.position * 2
    found = slices_by_layer(net, ["[01]/*", "2/kernel"], points=3, at=place)
    assert found["layer"].values.tolist() == ["[01]/*", "2/kernel"]
    np.testing.assert_array_equal(found["loss"].sel(x=0).values, net.value(place))
    every = slices_by_layer(net, ["*"], points=3)["loss"].values[0]
    line = tw.networks.slice(net, filter_normalised(net, count=1), points=3)
    np.testing.assert_array_equal(every, line["loss"].values)


def test_one_layer_is_a_slice_that_figures_draw():
    one = slices_by_layer(perceptron(), points=5).sel(layer="1")
    assert "direction of each layer" in tw.figures.slice(one).caption


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], r"layers = \[\] names none; give patterns of parameter arrays, or None for all layers$"),
        (["head.*"], "no parameter array is called 'head.*'; give names"),
        (["*/bias"], "'.*bias' has no filters other than zero, so its direction would be zero; give others$"),
        ("0/*", "layers = '0/.*' is not allowed; give a list of texts"),
    ],
)
def test_layers_that_cannot_be_are_refused(layers, message):
    with pytest.raises(InvalidValue, match=message):
        slices_by_layer(perceptron(), layers)
