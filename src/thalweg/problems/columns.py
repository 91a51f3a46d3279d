"""Columns of a user's own CSV file, as finite numbers."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from thalweg.base.errors import InvalidData, UnknownName
from thalweg.base.files import read_text
from thalweg.base.showing import shown

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


def names(path: Path) -> list[str]:
    """Read the names of a file's columns, at least one."""
    return _named(_lines(path), path)


def read(path: Path, columns: Sequence[str], *, drop: bool | None = None) -> np.ndarray:
    """Read columns as finite floats, shape (row, column); ``drop`` is None where rows cannot be asked to be dropped.

    Raises
    ------
    UnknownName
        If a column is not in the file.
    InvalidData
        If the file cannot be read, a value is missing and its row is not to be dropped, or one is not a finite number.
    """
    lines = _lines(path)
    header = _named(lines, path)
    places = [_place(header, name, path) for name in columns]
    rows: list[list[float]] = []
    gaps: list[int] = []
    for line, row in lines[1:]:
        cells = [row[place].strip() if place < len(row) else "" for place in places]
        if any(cell.lower() in MISSING for cell in cells):
            gaps.append(line)
            continue
        pairs = zip(columns, cells, strict=True)
        rows.append([_finite(cell, name, line, path) for name, cell in pairs])
    if gaps and not drop:
        where = ", ".join(map(str, gaps[:8])) + (", …" if len(gaps) > 8 else "")
        raise InvalidData(
            f"{path} has missing values in {' or '.join(map(repr, columns))} on line{'s' * (len(gaps) > 1)} {where}; "
            + ("fill them in or leave these rows out" if drop is None else 'fill them in or set missing = "drop"')
        )
    return np.array(rows, dtype=float).reshape(-1, len(columns))


def _place(header: list[str], name: str, path: Path) -> int:
    if name not in header:
        raise UnknownName.of(f"column in {path}", name, header)
    if header.count(name) > 1:
        raise InvalidData(f"{path} has {header.count(name)} columns named {name!r}; give each its own name")
    return header.index(name)


def _finite(cell: str, column: str, line: int, path: Path) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidData(f"{path}, line {line}: {column!r} is {shown(cell)}; give a finite number")
    return value


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Read the rows that are not empty, with their numbers."""
    reader = csv.reader(read_text(path, "the path of a CSV file in UTF-8").splitlines())
    try:
        return [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:  # a cell of more than 131,072 characters
        raise InvalidData(f"{path}, line {reader.line_num}: {error}; mend it there") from None


def _named(lines: list[tuple[int, list[str]]], path: Path) -> list[str]:
    header = [name.strip() for name in lines[0][1]] if lines else []
    if not any(header):
        raise InvalidData(f"{path} has no header row; give a CSV file whose first line names its columns")
    return header
