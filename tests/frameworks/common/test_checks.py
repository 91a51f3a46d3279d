"""What every room refuses, in one line and in the same words."""

import numpy as np
import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.checks import (
    function,
    one_type,
    pair,
    reason,
    scalar,
    tried,
)

X, Y = np.ones((6, 2)), np.ones((6, 1))


def test_a_batch_is_taken_apart_into_inputs_and_targets():
    assert pair((X, Y)) == ((X,), Y)
    assert pair([X, X, Y]) == ((X, X), Y)


def test_one_type_is_that_of_all_parameters():
    assert one_type({"w": "float32", "b": "float32"}) == np.float32


REFUSED = {
    "data are a tuple of 1; give the inputs and, last, the targets, (inputs, targets), or a step whose first argument is "
    "called model: step(model, batch), which returns the loss of a batch": lambda: pair((X,)),
    "data are a dictionary of x, y; give the inputs and, last, the targets, (inputs, targets), or a step whose first "
    "argument is called model: step(model, batch), which returns the loss of a batch": lambda: pair({"x": X, "y": Y}),
    "the model has no trainable parameters; give a model with at least one trainable variable": lambda: one_type({}),
    "parameters are of mixed types: 'w' is float32 and 'b' is float64; give a model of one type, float32 or float64": (
        lambda: one_type({"w": "float32", "b": "float64"})
    ),
    "parameters are float16, which is not allowed; give a model in float32 or float64": (
        lambda: one_type({"w": "float16"})
    ),
    "loss = 3 is not a function; give loss(outputs, targets), a scalar, such as a mean over the rows": (
        lambda: function(3, "loss(outputs, targets)")
    ),
    "the loss has shape (6, 1) and is not a scalar; give a loss that is a mean over the rows": lambda: scalar((6, 1)),
    "the model with its loss cannot be evaluated on these data: ZeroDivisionError: division by zero; give data as the "
    "model takes them: (inputs, targets)": lambda: tried(lambda: 1 / 0),
}


@pytest.mark.parametrize(("text", "call"), REFUSED.items())
def test_what_is_wrong_is_said_in_one_line(text, call):
    with pytest.raises(InvalidValue) as caught:
        call()
    assert str(caught.value) == text


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
