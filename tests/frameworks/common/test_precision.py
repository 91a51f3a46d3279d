"""Types of parameters, and of the flat vector that they make."""

import pytest

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.precision import allowed, coarsest, flat_type


def test_flat_vectors_have_32_bits_or_64() -> None:
    assert flat_type({"a": "bfloat16", "b": "float32"}) == "float32"
    assert flat_type({"a": "float16"}) == "float32"
    assert flat_type({"a": "bfloat16", "b": "float64"}) == "float64"


def test_the_coarsest_type_rounds_most() -> None:
    assert coarsest(["float32", "bfloat16", "float16"]) == "bfloat16"
    assert coarsest(["float64", "float32"]) == "float32"


def test_refusals_are_one_line() -> None:
    with pytest.raises(InvalidValue, match="no trainable parameters; give"):
        flat_type({})
    with pytest.raises(InvalidValue, match="the parameter 'b' is int8, which is not allowed; give a model in bfloat16"):
        flat_type({"a": "float32", "b": "int8"})
    allowed("it is float16", "float16")
