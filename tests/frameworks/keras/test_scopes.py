"""Values stand in for all variables of a model, and what a call would change is noted."""

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.tensors import read

keras = pytest.importorskip("keras")

from thalweg.frameworks.keras.scopes import Fixed  # noqa: E402  # it imports Keras


def test_what_is_changed_and_what_is_not_known_is_noted() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()])
    stray = keras.Variable(np.ones(2, np.float32), trainable=False)
    fixed, norm = Fixed(model, training=True), model.layers[0]
    before = read(norm.moving_mean.value)
    with fixed.scope([2 * variable.value for variable in model.trainable_variables]) as scope:
        model(np.ones((3, 2), np.float32), training=True)
        np.testing.assert_array_equal(read(norm.gamma.value), [2.0, 2.0])
        stray.assign(stray.value + 1)
    assert {variable.path for variable, _ in scope.updated.values()} >= {norm.moving_mean.path, stray.path}
    assert id(stray) in scope.outside
    np.testing.assert_array_equal(read(norm.moving_mean.value), before)
    np.testing.assert_array_equal(read(stray.value), np.ones(2))
    assert fixed.also([stray])
    assert not fixed.also([stray])


def test_parameters_of_nobody_are_refused() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(
        InvalidValue, match=r"the model uses the variable '.*' of shape \(2,\), which is not one of its"
    ):
        Fixed(model, training=False).also([keras.Variable(np.ones(2, np.float32))])


def test_seeds_are_numbered_in_training() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5), keras.layers.Dropout(0.5)])
    assert [value.tolist() for _, value in Fixed(model, training=True).values] == [[0, 0], [1, 0]]
    kept = [read(variable.value).tolist() for variable in model.non_trainable_variables]
    assert [value.tolist() for _, value in Fixed(model, training=False).values] == kept
