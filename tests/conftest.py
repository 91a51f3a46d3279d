"""Shapes and types of the numerical layers are checked under pytest only."""

from pathlib import Path

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


LONG = [line for line in Path(__file__).with_name("long.txt").read_text("utf-8").splitlines() if line[:1] != "#"]
"""Cases of the long suite that are not marked where they stand, since the others of their family are quick."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, before pytest leaves out what is long."""
    long = set(LONG)
    for item in items:
        if item.nodeid in long:
            item.add_marker(pytest.mark.long)
