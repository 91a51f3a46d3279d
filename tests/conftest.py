"""Shapes and types of the numerical layers are checked under pytest only."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# There is a worker a core: with more threads in each, PyTorch's wait for one another and take twice the processor time.
# Those that a test asks for by `torch.set_num_threads` it gets.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

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

# On a busy machine an example may take a second; no test asserts on time.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


LONG = [line for line in Path(__file__).with_name("long.txt").read_text("utf-8").splitlines() if line[:1] != "#"]
"""Cases of the long suite that are not marked where they stand, since the others of their family are quick."""


COLLECTED = pytest.StashKey[frozenset[str]]()
"""All cases that were collected, before any is left out."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark them, before pytest leaves out what is long."""
    config.stash[COLLECTED] = frozenset(item.nodeid for item in items)
    long = set(LONG)
    for item in items:
        if item.nodeid in long:
            item.add_marker(pytest.mark.long)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import without collecting garbage, and let its collector pass over what was imported: both took a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()
