"""Errors written for people: what was wrong, the value, what is allowed, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from thalweg.base.showing import shown


class ThalwegError(Exception):
    """Anything that Thalweg refuses; its text is one line, fit to be printed alone.

    It says what was wrong, the value, what is allowed and what to do.

    Examples
    --------
    >>> import thalweg as tw
    >>> try:
    ...     tw.problems.pencil(noise=-1)
    ... except tw.ThalwegError as error:
    ...     print(error)
    noise = -1 is not allowed; give a finite number of at least 0
    """


class InvalidValue(ThalwegError, ValueError):
    """A value outside what is allowed."""


class UnknownName(ThalwegError, ValueError):
    """A name that stands in no catalogue, or a key that nothing reads."""

    @classmethod
    def of(cls, what: str, name: str, allowed: Iterable[str]) -> UnknownName:
        """Name the unknown thing and the nearest of the allowed ones."""
        names = sorted(allowed)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5) or [
            other for other in names if name and name in other
        ]
        hint = f" did you mean {near[0]!r}?" if near else ""
        return cls(f"unknown {what} {shown(name)};{hint} allowed: {', '.join(names)}")


class InvalidData(ThalwegError, ValueError):
    """A table that cannot be fitted: missing, too few or non-finite values."""


class OutputError(ThalwegError, OSError):
    """A place that cannot be written to."""
