"""Random states: what others draw from is afterwards what it was, to the bit."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np


@contextmanager
def kept() -> Iterator[None]:
    """Put the states of Python's and NumPy's global generators back at the end."""
    ours, theirs = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(theirs)


@contextmanager
def untouched(loader: Any) -> Iterator[None]:
    """Put the states of all generators that a loader may draw from back at the end: global ones, and its own.

    PyTorch's loaders draw from its default generator even where they do not shuffle.
    """
    torch = sys.modules.get("torch")
    sources = [getattr(loader, "generator", None), getattr(getattr(loader, "sampler", None), "generator", None)]
    own: list[Any] = [one for one in sources if hasattr(one, "get_state") and hasattr(one, "set_state")]
    if torch is not None:
        own.append(torch.default_generator)
    states = [one.get_state() for one in own]
    with ExitStack() as stack:
        stack.enter_context(kept())
        try:
            yield
        finally:
            for one, state in zip(own, states, strict=True):
                one.set_state(state)
