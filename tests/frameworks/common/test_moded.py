"""What stands for a model in a step calls it in the mode that was asked for."""

from typing import Any

import pytest

from thalweg.frameworks.common.moded import Moded, argument_place


class Layer:
    def __init__(self, *layers: Any) -> None:
        self.layers, self.first, self.table, self.count = list(layers), layers[:1], {"a": layers}, 0

    def __call__(self, x: Any, training: bool = False) -> Any:
        return x, training


class Plain:
    def __call__(self, x: Any) -> Any:
        return x


@pytest.mark.parametrize("training", [True, False])
def test_a_call_is_in_the_mode(training: bool) -> None:
    seen: Any = Moded(Layer(Layer()), Layer, training=training)
    assert seen(1) == seen(1, not training) == seen(1, training=not training) == (1, training)
    assert seen.layers[0](1) == seen.first[0](1) == seen.table["a"][0](1, not training) == (1, training)
    assert Moded(Plain(), Layer, training=training)(3) == 3


def test_it_passes_for_the_model() -> None:
    model = Layer()
    seen: Any = Moded(model, Layer, training=True)
    assert isinstance(seen, Layer)
    seen.count = 4
    assert model.count == seen.count == 4


def test_places_of_arguments() -> None:
    assert argument_place(Layer()) == 1
    assert argument_place(Plain()) is None
