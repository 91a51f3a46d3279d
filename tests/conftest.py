"""Shapes and types of the numerical layers are checked under pytest only."""

from jaxtyping import install_import_hook

NUMERICAL = [
    "thalweg.descent.mean",
    "thalweg.descent.driver",
    "thalweg.descent.minibatch",
    "thalweg.surface",
    "thalweg.valleys",
]

install_import_hook(NUMERICAL, "beartype.beartype")
