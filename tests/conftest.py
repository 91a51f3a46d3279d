"""Shapes and types of the numerical layers are checked under pytest only."""

import pytest
from jaxtyping import install_import_hook

pytest.register_assert_rewrite("tests.process")  # it sees to what several tests of the command line have in common

NUMERICAL = [
    "thalweg.descent.mean",
    "thalweg.descent.driver",
    "thalweg.descent.grid",
    "thalweg.descent.minibatch",
    "thalweg.geometry",
    "thalweg.valleys",
]

install_import_hook(NUMERICAL, "beartype.beartype")
