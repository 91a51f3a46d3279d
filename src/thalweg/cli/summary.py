"""Printing a summary to the terminal, as wide or narrow as that is.

A table that fits is printed as it is. One that does not has its headings and its columns of words folded between
words, then all its cells; where that is not enough, each row becomes a block of ``name: value``. No column is ever
left out and no number cut, which is what ``rich`` does with a table that is too wide: so the widths are found here,
and it is given them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from thalweg.report.summary import Summary
from thalweg.report.text import LEFT, TextTable

NARROW = 12
"""Characters to which a column of words is folded at most, before numbers are parted from their intervals."""

FRAME = 3
"""Characters that a column needs beside its text: a space at either side and a line; the table needs one line more."""


INDENT = "  "
"""What stands before the cells of a row that is written as a block."""


def print_summary(summary: Summary, console: Console) -> None:
    """Print heading, tables and remarks."""
    console.print(f"\n[bold]{escape(summary.heading)}[/bold]\n", highlight=False)
    if summary.lead:
        console.print(f"{escape(summary.lead)}\n", highlight=False)
    for part in summary.tables:
        console.print(f"[italic]{escape(part.title)}[/italic]", highlight=False)
        for piece in laid_out(part, console.width):
            console.print(piece, highlight=False)
        if part.note:
            console.print(f"[dim italic]{escape(part.note)}[/dim italic]", highlight=False)
        console.print()
    for remark in summary.remarks:
        console.print(escape(remark), highlight=False)
    console.print()


def look_first(out: Path, console: Console) -> None:
    """Say where to look for what was written."""
    report, pictures = (escape(str(out / name)) for name in ("report.html", "figures"))
    console.print(f"Look first at [bold]{report}[/bold] and {pictures}")


def laid_out(table: TextTable, width: int) -> Iterator[RenderableType]:
    """Lay a table out in so many characters, with all its columns: as a table, else each row as a block."""
    widths = _widths(table, width)
    if widths is None:
        yield from _blocks(table, width)
        return
    drawn = Table()
    for column, wide in zip(table.columns, widths, strict=True):
        justify = "left" if column in LEFT else "right"
        drawn.add_column(escape(column), justify=justify, width=wide, overflow="fold")
    for row in table.rows:
        drawn.add_row(*map(escape, row))
    yield drawn


def _widths(table: TextTable, width: int) -> list[int] | None:
    """Find how wide each column is, folded no more than needed; None where no folding is enough."""
    cells = list(zip(table.columns, *table.rows, strict=True))
    natural = [max(map(cell_len, column)) for column in cells]
    words = [max(map(_longest_word, column)) for column in cells]
    heads = [max([_longest_word(name), *map(cell_len, texts)]) for name, *texts in cells]
    folded = [
        max(word, min(wide, NARROW)) if name in LEFT else head
        for name, word, wide, head in zip(table.columns, words, natural, heads, strict=True)
    ]
    room = width - FRAME * len(cells) - 1
    for least in (folded, words):
        if sum(least) <= room:
            return _shrunk(natural, least, room)
    return None


def _shrunk(natural: list[int], least: list[int], room: int) -> list[int]:
    """Narrow the widest of the columns that can be narrowed, until all have room."""
    widths = list(natural)
    while sum(widths) > room:
        spare = [wide if wide > low else 0 for wide, low in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    return widths


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _blocks(table: TextTable, width: int) -> Iterator[RenderableType]:
    """Write each row as its label and, indented under it, its other cells by name; empty cells say nothing."""
    heads = table.columns.index("") + 1 if "" in table.columns else 0
    for row in table.rows:
        named = [(name, text) for name, text in zip(table.columns, row, strict=True)]
        if heads:
            yield Text(" ".join(f"{name} {text}".strip() for name, text in named[:heads]), style="bold")
        line = ""
        for pair in (f"{name}: {text}" for name, text in named[heads:] if text):
            if line and cell_len(line) + 2 + cell_len(pair) > width - len(INDENT):
                yield _indented(line, width)
                line = ""
            line += f"{'  ' * bool(line)}{pair}"
        if line:
            yield _indented(line, width)


def _indented(line: str, width: int) -> RenderableType:
    fits = cell_len(line) <= width - len(INDENT)
    return Text(f"{INDENT}{line}") if fits else Padding(Text(line), (0, 0, 0, len(INDENT)))
