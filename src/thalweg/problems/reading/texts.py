"""Tables in text files: CSV in all its dialects."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.base.errors import InvalidData
from thalweg.problems.reading.layout import NAMELESS, WORDS, Layout, find_layout
from thalweg.problems.reading.reading import Reading
from thalweg.problems.reading.rows import Lines, lines_of, rows_of
from thalweg.problems.reading.table import Column, Table
from thalweg.problems.reading.units import labelled, short_names

PLAIN = "UTF-8"
"""The encoding of which nothing is said."""


def read_text(text: str, source: str, encoding: str, reading: Reading) -> Table:
    """Find the table in a text."""
    lines = lines_of(text, reading.comment)
    layout = find_layout(lines, source, reading)
    facts = [WORDS.get(layout.delimiter, f"{layout.delimiter!r} between columns"), *layout.facts]
    first = lines.numbers[min(layout.body, len(lines.numbers) - 1)]
    if among := sum(number > first for number, _ in lines.comments):
        facts.append(f"{among} comment{'s' * (among > 1)} among the rows")
    return table_of(lines, layout, source, [*facts, *([encoding] if encoding != PLAIN else [])], "line")


def table_of(lines: Lines, layout: Layout, source: str, facts: Sequence[str], unit: str) -> Table:
    """Make the table that was found in lines."""
    units = layout.units or ("",) * len(layout.names)
    headers = [labelled(name, beneath) for name, beneath in zip(layout.names, units, strict=True)]
    names = layout.names if any(layout.units) else short_names(layout.names)

    def columns(places: Sequence[int]) -> tuple[list[Column], Sequence[int]]:
        return _columns(lines, layout, source, places)

    return Table(source, tuple(names), tuple(headers), unit, tuple(facts), columns, NAMELESS in layout.facts)


def _columns(lines: Lines, layout: Layout, source: str, places: Sequence[int]) -> tuple[list[Column], list[int]]:
    """Collect the cells of some columns, and the numbers of the lines."""
    width = len(layout.names)
    numbers: list[int] = []
    kept: list[list[str]] = []
    empty: list[int] = []
    for number, cells in rows_of(lines, layout.body, layout.delimiter, source):
        if len(cells) != width:
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            if len(cells) != width:
                raise InvalidData(_uneven(source, number, len(cells), layout))
        if not any(cells):
            empty.append(number)
        numbers.append(number)
        kept.append([cells[place] for place in places])
    while empty and numbers and numbers[-1] == empty[-1]:  # spreadsheets write empty rows below a table
        for rows in (empty, numbers, kept):
            rows.pop()
    columns: list[Column] = [list(column) for column in zip(*kept, strict=True)] if kept else [[] for _ in places]
    return columns, numbers


def _uneven(source: str, number: int, cells: int, layout: Layout) -> str:
    parted = WORDS.get(layout.delimiter, repr(layout.delimiter))
    said = (
        f"{source}, line {number} has {cells} cell{'s' * (cells != 1)} and the header {len(layout.names)}, parted by "
        f"{parted}; "
    )
    if layout.delimiter == "," and cells > len(layout.names):
        return said + "are there decimal commas? Put semicolons between columns, or mend the line"
    return said + "mend the line, or begin it with # to leave it out"
