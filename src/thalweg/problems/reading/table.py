"""A table of columns by name, as they were found, before any cell is a number."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thalweg.base.errors import InvalidData, UnknownName
from thalweg.base.showing import shown

Column = list[str] | np.ndarray
"""Cells of text, or numbers with NaN where one is missing."""


def texts(column: Column) -> list[str] | None:
    """Give the cells of a column of texts; None of numbers."""
    return column if isinstance(column, list) else None  # pyright: ignore[reportUnknownVariableType]


def clipped(name: str) -> str:
    """Cut a name that is too long for a message."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


LONGEST = 40
"""Characters of a name in a message at most."""

MANY = 20
"""Names that are listed in a message at most."""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    source : what messages call it; empty for arrays
    names : of the columns, as formulas call them
    headers : of the columns, as they stand in the table, with units
    unit : what a row is called in messages, ``"line"`` or ``"row"``
    facts : how it is written, where that is worth telling
    columns : gives the columns at some places, and the number of every row
    numbered : whether it has no names of its own
    """

    source: str
    names: tuple[str, ...]
    headers: tuple[str, ...]
    unit: str
    facts: tuple[str, ...]
    columns: Callable[[Sequence[int]], tuple[list[Column], Sequence[int]]]
    numbered: bool = False

    @property
    def title(self) -> str:
        """What it is called where it begins a sentence."""
        return self.source or "the table"

    def known(self) -> dict[str, str]:
        """List all names by which a column may be called, with that in :attr:`names`; not those that two have."""
        pairs = [*zip(self.headers, self.names, strict=True), *zip(self.names, self.names, strict=True)]
        counts = Counter(self.names)
        return {called: name for called, name in pairs if counts[name] == 1}

    def name(self, called: str) -> str:
        """Find the name of the column that somebody calls so.

        Raises
        ------
        UnknownName
            If there is none.
        InvalidData
            If there are several.
        """
        for spelled in (self.names, self.headers):
            if spelled.count(called) > 1:
                raise InvalidData(
                    f"{self.title} has {spelled.count(called)} columns named {called!r}; give each its own name"
                )
            if called in spelled:
                return self.names[spelled.index(called)]
        what = f"column in {self.source}" if self.source else "column"
        if self.numbered:
            raise UnknownName(
                f"unknown {what} {shown(called)}; it has no line of names above its numbers, so its columns are c1 to "
                f"c{len(self.names)}; if there is one, give its number: reading = {{ header = … }}"
            )
        names = [clipped(name) for name in self.names]
        if len(names) <= MANY:
            raise UnknownName.of(what, called, names)
        near = difflib.get_close_matches(called, names, n=1, cutoff=0.5)
        hint = f" did you mean {near[0]!r}?" if near else ""
        raise UnknownName(
            f"unknown {what} {shown(called)};{hint} there are {len(names):,}: {', '.join(names[:MANY])}, …"
        )

    def place(self, name: str) -> int:
        """Find where the column of a name stands."""
        return self.names.index(name)

    def header(self, name: str) -> str:
        """Give the header of a column, with its unit."""
        return self.headers[self.place(name)]

    def where(self, number: int) -> str:
        """Say where a row is."""
        return f"{self.title}, {self.unit} {number}"
