"""What every room refuses, in one line and in the same words."""

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.checks import (
    function,
    no_filters,
    one_type,
    reason,
    repeatable,
    scalar,
    shares_of,
    tried,
)

X, Y = np.ones((6, 2)), np.ones((6, 1))


def test_shares_are_those_of_all_rows():
    assert shares_of([(X[:4], Y[:4]), (X[4:], Y[4:])]) == ([4 / 6, 2 / 6], 6)


def test_one_type_is_that_of_all_parameters():
    assert one_type({"w": "float32", "b": "float32"}) == np.float32


REFUSED = {
    "data hold 1 arrays; give the inputs and, last, the targets: (inputs, targets)": lambda: shares_of([(X,)]),
    "data hold a float without rows; give arrays, an example a row": lambda: shares_of([(X, 1.0)]),
    "data have 6, 5 rows; give arrays of one length, an example a row": lambda: shares_of([(X, Y[:5])]),
    "data have 0, 0 rows; give arrays of one length, an example a row": lambda: shares_of([(X[:0], Y[:0])]),
    "the model has no trainable parameters; give a model with at least one trainable variable": lambda: one_type({}),
    "parameters are of mixed types: 'w' is float32 and 'b' is float64; give a model of one type, float32 or float64": (
        lambda: one_type({"w": "float32", "b": "float64"})
    ),
    "parameters are float16, which is not allowed; give a model in float32 or float64": (
        lambda: one_type({"w": "float16"})
    ),
    "filters of ['w'] are not needed: they are told by the layers; leave them out": (
        lambda: no_filters({"w": 0}, "the layers")
    ),
    "loss = 3 is not a function; give loss(outputs, targets), a scalar, such as a mean over the rows": (
        lambda: function(3, "loss(outputs, targets)")
    ),
    "the loss has shape (6, 1) and is not a scalar; give a loss that is a mean over the rows": lambda: scalar((6, 1)),
    "in training mode the loss is 1 and, at the same point, 2: the model draws random numbers that nobody can repeat; "
    "draw them from seeds (tf.random.stateless_uniform, keras.random.SeedGenerator)": lambda: repeatable([1.0, 2.0]),
    "the model with its loss cannot be evaluated on these data: ZeroDivisionError: division by zero; give data as the "
    "model takes them: (inputs, targets)": lambda: tried(lambda: 1 / 0),
}


@pytest.mark.parametrize(("text", "call"), REFUSED.items())
def test_what_is_wrong_is_said_in_one_line(text, call):
    with pytest.raises(InvalidValue) as caught:
        call()
    assert str(caught.value) == text


def test_what_is_no_number_twice_is_the_same_twice():
    repeatable([np.nan, np.nan])


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError(""), "ValueError"),
        (ValueError("\n  first\nsecond"), "first"),
        (ValueError("in a graph\nValueError: the reason\nand so on"), "the reason"),
        (ValueError("x" * 1000), "x" * 300),
    ],
)
def test_the_reason_is_one_short_line(error, text):
    assert reason(error) == text
