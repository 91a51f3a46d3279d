"""Tables in workbooks of Excel and in Parquet files, by the packages that read them, where these are installed."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from typing import Any

from thalweg.base.errors import InvalidData, UnknownName
from thalweg.problems.reading.frames import read_frame, written
from thalweg.problems.reading.layout import find_layout
from thalweg.problems.reading.reading import Reading
from thalweg.problems.reading.rows import Lines
from thalweg.problems.reading.table import Table
from thalweg.problems.reading.texts import table_of


def read_workbook(content: bytes, source: str, reading: Reading) -> Table:
    """Find the table in a sheet of a workbook."""
    rows, said = _sheet(content, source, reading.sheet)
    filled = [k for k, column in enumerate(zip(*rows, strict=True)) if any(column)]
    cut = slice(min(filled, default=0), max(filled, default=-1) + 1)
    lines = Lines([], [], [], ())
    for number, row in enumerate(rows, 1):
        if any(row):
            lines.texts.append("\t".join(row[cut]))
            lines.numbers.append(number)
    if not lines.texts:
        raise InvalidData(f"{source} has an empty sheet; give a sheet with a header row, by reading = {{ sheet = … }}")
    one = len(filled) == 1
    layout = find_layout(lines, source, Reading(delimiter="" if one else "tab", header=reading.header))
    return table_of(lines, layout, source, [said, *layout.facts], "row")


def read_parquet(content: bytes, source: str) -> Table:
    """Read a Parquet file."""
    try:
        import pandas as pd  # pyright: ignore[reportMissingTypeStubs]

        frame: Any = pd.read_parquet(io.BytesIO(content), engine="pyarrow")  # pyright: ignore[reportUnknownMemberType]
    except ImportError:
        raise InvalidData(f"{source} is a Parquet file, which needs pyarrow; install thalweg[parquet]") from None
    except Exception as error:  # whatever pyarrow raises of a broken file
        raise InvalidData(f"cannot read {source}: {_short(error)}; give a Parquet file that is whole") from None
    return read_frame(frame, source, ("Parquet",))


def _sheet(content: bytes, source: str, sheet: str) -> tuple[list[list[str]], str]:
    """Read all cells of a sheet as texts."""
    try:
        from openpyxl import load_workbook  # pyright: ignore[reportMissingModuleSource]
    except ImportError:
        raise InvalidData(f"{source} is an Excel workbook, which needs openpyxl; install thalweg[excel]") from None
    try:
        book: Any = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        titles = [each.title for each in book.worksheets]
        if sheet and sheet not in titles:
            raise UnknownName.of(f"sheet of {source}", sheet, titles)
        if not titles:
            raise InvalidData(f"{source} has no sheet of cells; give one that has")
        page = book[sheet or titles[0]]
        page.reset_dimensions()  # some programs write a wrong size
        rows = [[_text(cell) for cell in row] for row in page.iter_rows(values_only=True)]
    except (InvalidData, UnknownName):
        raise
    except Exception as error:  # whatever openpyxl, zipfile and XML raise of a broken file
        raise InvalidData(f"cannot read {source}: {_short(error)}; give an Excel workbook that is whole") from None
    width = max(map(len, rows), default=0)
    others = f", one of {len(titles)}" if len(titles) > 1 else ""
    return [row + [""] * (width - len(row)) for row in rows], f"Excel, sheet {page.title!r}{others}"


def _text(cell: Any) -> str:
    """Write a cell as a text from which the same number is read."""
    if cell is None:
        return ""
    if isinstance(cell, datetime | date | time):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    if isinstance(cell, float):
        return written(cell)
    return " ".join(str(cell).replace('"', "″").split())


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
