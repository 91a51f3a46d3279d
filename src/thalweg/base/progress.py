"""Progress of long loops, reported only to whoever asked to hear of it.

A loop inside another moves the outer one on by its share of one item: a race of six optimisers is one bar, though each
of them descends many batches, twice. What is reported is the outermost loop, with the names of those inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, float, float], None]
"""``listener(what, done, total)``, called before the first item and after each, and from loops inside an item."""


class Scope(NamedTuple):
    """Which part of the outermost loop is under way: its name, from where to where, of how many items."""

    what: str
    first: float
    last: float
    total: float


_listener: ContextVar[Listener] = ContextVar("listener", default=lambda what, done, total: None)
_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


@contextmanager
def listening(listener: Listener) -> Generator[None]:
    """Report every :func:`track` inside this block to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def part(what: str, first: float, last: float) -> Generator[None]:
    """Let loops inside this block move the item that is under way from one share of it to another."""
    outer = _scope.get()
    if outer is None:
        yield
        return
    length = outer.last - outer.first
    _scope.set(Scope(f"{outer.what}, {what}", outer.first + first * length, outer.first + last * length, outer.total))
    try:
        yield
    finally:
        _scope.set(outer)


def track(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Go through ``items``, reporting how far it is; silent unless somebody listens."""
    listener, outer, count = _listener.get(), _scope.get(), len(items)
    name = f"{outer.what}, {what}" if outer else what
    # Where it is alone it counts its items, inside another it fills that one's.
    first, length, total = (outer.first, outer.last - outer.first, outer.total) if outer else (0, count, count)

    def reached(done: int) -> float:
        return first + length * done / count if outer else done

    listener(name, reached(0) if count else first, total)
    for done, item in enumerate(items):
        _scope.set(Scope(f"{name} {done + 1} of {count}", reached(done), reached(done + 1), total))
        try:
            yield item
        finally:
            _scope.set(outer)
        listener(name, reached(done + 1), total)


@contextmanager
def counting(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Report work that is counted otherwise than by the loops inside: these are silent, and ``count`` is what is said.

    Parameters
    ----------
    what, total : of the whole work

    Yields
    ------
    ``count(done)``, to be called with how much is done.
    """
    listener, outer = _listener.get(), _scope.get()
    name = f"{outer.what}, {what}" if outer else what

    def count(done: int) -> None:
        if outer:
            listener(name, outer.first + (outer.last - outer.first) * done / max(total, 1), outer.total)
        else:
            listener(name, done, total)

    count(0)
    _scope.set(None)
    try:
        with listening(lambda what, done, total: None):
            yield count
    finally:
        _scope.set(outer)
