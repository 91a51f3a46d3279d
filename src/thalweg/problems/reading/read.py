"""Columns of a table as finite numbers, rows without a value left out or refused, and what is to be told of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidData
from thalweg.base.showing import shown
from thalweg.problems.reading.cells import Convention, find_convention, is_missing, looks_numeric, read_numbers
from thalweg.problems.reading.content import PARQUET, STANDARD, WORKBOOK, decode, fetch
from thalweg.problems.reading.dates import is_moment, seconds
from thalweg.problems.reading.frames import read_frame
from thalweg.problems.reading.reading import FOUND, Reading
from thalweg.problems.reading.table import Column, Table, clipped, texts
from thalweg.problems.reading.texts import read_text

LISTED = 8
"""Rows and columns that are named in a line at most."""


@dataclass(frozen=True)
class Taken:
    """What was taken from a table.

    Attributes
    ----------
    columns : by name, (row,) each, finite
    group : number of the group of every row; None where there are no groups
    groups : names of the groups
    told : at most three lines
    moments : columns that were dates, and are seconds
    """

    columns: dict[str, np.ndarray]
    group: np.ndarray | None = None
    groups: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()


def open_table(data: Any, reading: Reading = FOUND) -> Table:
    """Find the table that a path names, or take arrays by name or a data frame for one.

    Raises
    ------
    InvalidData, InvalidValue
        If a file cannot be read, or there is no table in it.
    """
    if not isinstance(data, str | Path):
        return read_frame(data)
    content = fetch(data)
    source = "the standard input" if str(data) == STANDARD else str(data)
    if content.startswith(WORKBOOK):
        from thalweg.problems.reading.workbook import read_workbook

        return read_workbook(content, source, reading)
    if content.startswith(PARQUET):
        from thalweg.problems.reading.workbook import read_parquet

        return read_parquet(content, source)
    text, encoding = decode(content, source, reading.encoding)
    return read_text(text, source, encoding, reading)


def take(table: Table, names: Sequence[str], dated: Collection[str] = (), reading: Reading = FOUND) -> Taken:
    """Read columns as finite numbers; ``dated`` ones may be dates, and that of weights leaves rows out.

    Raises
    ------
    InvalidData
        If a row has not as many cells as the header, a value is missing and its row is not to be dropped, or one is
        no finite number.
    """
    every = list(dict.fromkeys([*names, *filter(None, (reading.weights, reading.groups))]))
    given, numbers = table.columns([table.place(name) for name in every])
    job = _Taking(table, dict(zip(every, given, strict=True)), numbers, reading)
    return job.take(dated, [name for name in every if name in names or name == reading.weights])


@dataclass
class _Taking:
    table: Table
    cells: dict[str, Column]
    numbers: Sequence[int]
    reading: Reading
    facts: list[str] = field(default_factory=list[str])

    def take(self, dated: Collection[str], wanted: Sequence[str]) -> Taken:
        moments = [name for name in dated if self._is_dated(name)]
        plain = [name for name in wanted if name not in moments]
        convention = self._convention(plain)
        values = {name: self._numbers(name, convention) for name in plain}
        gaps = {name: np.isnan(values[name]) if name in values else self._gaps(name) for name in self.cells}
        left_out = self._left_out(gaps, values)
        rows = np.flatnonzero(~left_out[0])
        columns = {name: column[rows] for name, column in values.items()}
        said: list[str] = []
        for name in moments:
            columns[name], when = self._seconds(name, rows)
            said.append(f"{name}: {when}")
        group, groups = self._grouped(rows, convention) if self.reading.groups else (None, ())
        lines = [self._first(len(rows)), "; ".join(left_out[1]), "; ".join(said)]
        return Taken(
            {name: columns[name] for name in wanted}, group, groups, tuple(filter(None, lines)), tuple(moments)
        )

    def say(self, name: str, row: int) -> str:
        """Say what stands in a cell, and where."""
        return f"{self.table.where(self.numbers[row])}: {name!r} is {shown(_item(self.cells[name], row))}"

    def _is_dated(self, name: str) -> bool:
        cells = self.cells[name]
        if not isinstance(cells, list):
            return False
        first = next((cell for cell in cells if not is_missing(cell)), "")
        return is_moment(first) and not looks_numeric(first)

    def _convention(self, names: Sequence[str]) -> Convention:
        written = {name: cells for name in names if (cells := texts(self.cells[name])) is not None}
        found = find_convention(written, self.reading, self.say)
        if found.decimal == ",":
            self.facts.append("decimal commas")
        if any(found.thousands in "".join(cells) for cells in written.values()):
            self.facts.append("commas between thousands" if found.thousands == "," else "points between thousands")
        return found

    def _numbers(self, name: str, convention: Convention) -> np.ndarray:
        cells = self.cells[name]
        values = read_numbers(cells, convention) if isinstance(cells, list) else cells
        wrong = np.flatnonzero(np.isinf(values))
        if len(wrong):
            raise InvalidData(f"{self.say(name, int(wrong[0]))}; give a finite number")
        return values

    def _gaps(self, name: str) -> np.ndarray:
        cells = self.cells[name]
        return (
            np.isnan(cells) if isinstance(cells, np.ndarray) else np.array([is_missing(cell) for cell in cells], bool)
        )

    def _left_out(self, gaps: dict[str, np.ndarray], values: dict[str, np.ndarray]) -> tuple[np.ndarray, list[str]]:
        """Tell which rows are left out, and say why."""
        missing = np.any(list(gaps.values()), axis=0) if len(self.numbers) else np.zeros(0, bool)
        said: list[str] = []
        if missing.any():
            rows = self._rows(missing)
            if self.reading.missing == "refuse":
                raise InvalidData(
                    f"{self.table.title} has missing values in {' or '.join(map(repr, self.cells))} on {rows}; fill "
                    'them in or set missing = "drop"'
                )
            lacking = [name for name, gap in gaps.items() if gap.any()]
            verb = "is" if len(lacking) == 1 else "are"
            said.append(f"{_counted(missing)} left out: {' or '.join(lacking)} {verb} missing on {rows}")
        weights = values.get(self.reading.weights)
        if weights is None:
            return missing, said
        if (weights < 0).any():
            raise InvalidData(
                f"{self.say(self.reading.weights, int(np.argmax(weights < 0)))}; give weights of 0 or more"
            )
        nothing = (weights == 0) & ~missing
        if nothing.any():
            said.append(f"{_counted(nothing)} left out: {self.reading.weights} is 0 on {self._rows(nothing)}")
        return missing | nothing, said

    def _rows(self, which: np.ndarray) -> str:
        numbers = [self.numbers[row] for row in np.flatnonzero(which).tolist()]
        named = ", ".join(map(str, numbers[:LISTED])) + (", …" if len(numbers) > LISTED else "")
        return f"{self.table.unit}{'s' * (len(numbers) > 1)} {named}"

    def _seconds(self, name: str, rows: np.ndarray) -> tuple[np.ndarray, str]:
        cells = self.cells[name]
        if not len(rows):
            return np.zeros(0), "no dates"
        places: list[int] = rows.tolist()
        moments = [str(cells[place]) for place in places]
        return seconds(moments, self.reading.dates, lambda place: self.say(name, places[place]))

    def _grouped(self, rows: np.ndarray, convention: Convention) -> tuple[np.ndarray, tuple[str, ...]]:
        """Number the groups in the order in which they come; numbers that are equal are one group."""
        cells = texts(self.cells[self.reading.groups])
        keys: list[Any]
        if cells is None:
            keys = np.asarray(self.cells[self.reading.groups], float)[rows].tolist()
            names = [str(int(value)) if value.is_integer() else repr(value) for value in keys]
        else:
            places: list[int] = rows.tolist()
            names = [cells[place].strip() for place in places]
            values = read_numbers(names, convention)
            keys = values.tolist() if np.isfinite(values).all() else names
        order = {key: k for k, key in enumerate(dict.fromkeys(keys))}
        firsts: dict[int, str] = {}
        for key, name in zip(keys, names, strict=True):
            firsts.setdefault(order[key], name)
        return np.array([order[key] for key in keys], float), tuple(firsts[k] for k in range(len(order)))

    def _first(self, rows: int) -> str:
        """Say in one line what was read."""
        headers = [clipped(header) for header in self.table.headers]
        listed = ", ".join(headers[:LISTED]) + (f", … ({len(headers):,})" if len(headers) > LISTED else "")
        facts = ", ".join([*self.table.facts[:1], *self.facts, *self.table.facts[1:]])
        name = Path(self.table.source).name if self.table.source else "the table"
        return f"{name}: {rows:,} rows, columns {listed}" + (f"; {facts}" if facts else "")


def _item(cells: Column, row: int) -> object:
    return cells[row].strip() if isinstance(cells, list) else float(cells[row])


def _counted(which: np.ndarray) -> str:
    count = int(which.sum())
    return f"{count:,} row{'s' * (count > 1)}"
