"""Progress of long loops, reported only to whoever asked to hear of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int, int], None]
"""``listener(what, done, total)``, called before the first item and after each."""

_listener: ContextVar[Listener] = ContextVar("listener", default=lambda what, done, total: None)


@contextmanager
def listening(listener: Listener) -> Generator[None]:
    """Report every :func:`track` inside this block to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def track(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Go through ``items``, reporting how far it is; silent unless somebody listens."""
    listener = _listener.get()
    listener(what, 0, len(items))
    for done, item in enumerate(items, start=1):
        yield item
        listener(what, done, len(items))
