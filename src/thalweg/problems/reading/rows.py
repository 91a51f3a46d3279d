"""Lines of a text, and the cells in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from thalweg.base.errors import InvalidData

COMMENTS = ("#", "%", "//", "!")
"""What lines of comments begin with, where it is not said; a semicolon too where it does not part columns."""

ERRORS = ("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!")
"""What spreadsheets write for a value that there is not: no comments."""

TRAILING = ("#", "//")
"""What begins a comment behind the cells of a line whose columns are parted by blanks."""

OPEN = re.compile(r'(?:^|[,;\t|])\s*"(?:[^"]|"")*$')
"""A line that ends within a cell in quotes."""

LONG = 10_000
"""Characters from which a line does not go on in the next."""

REACH = 50
"""Lines over which a cell in quotes reaches at most."""


@dataclass(frozen=True)
class Lines:
    """Lines that hold something, with their numbers from 1, and lines of comments.

    Attributes
    ----------
    texts, numbers : of what is no comment
    comments : number and text, without the mark
    marks : what comments begin with
    """

    texts: list[str]
    numbers: list[int]
    comments: list[tuple[int, str]]
    marks: tuple[str, ...]


def lines_of(text: str, comment: str = "") -> Lines:
    """Divide a text into lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if '"' in text:
        lines = _joined(lines)
    marks = (comment,) if comment else COMMENTS
    if not comment and _semicolons_comment(lines):
        marks = (*marks, ";")
    texts: list[str] = []
    numbers: list[int] = []
    comments: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        start = line.lstrip()
        if not start:
            continue
        if start.startswith(marks) and not start.upper().startswith(ERRORS):
            mark = next(mark for mark in marks if start.startswith(mark))
            comments.append((number, start[len(mark) :].lstrip("".join(marks)).strip()))
        else:
            texts.append(line)
            numbers.append(number)
    return Lines(texts, numbers, comments, marks)


def _joined(lines: list[str]) -> list[str]:
    """Join lines of which a cell in quotes reaches over the end, and leave the others empty."""
    joined = list(lines)
    place = 0
    while place < len(lines):
        if len(lines[place]) < LONG and lines[place].count('"') % 2 and OPEN.search(lines[place]):
            odd = (k for k in range(place + 1, min(place + REACH, len(lines))) if lines[k].count('"') % 2)
            end = next(odd, None)
            if end is not None:
                joined[place : end + 1] = ["\n".join(lines[place : end + 1])] + [""] * (end - place)
                place = end
        place += 1
    return joined


def _semicolons_comment(lines: Sequence[str]) -> bool:
    """Tell whether semicolons begin comments: some lines begin with one, and few others have one."""
    others = [line for line in lines if line.strip() and not line.lstrip().startswith(";")]
    marked = any(line.lstrip().startswith(";") for line in lines)
    return marked and 2 * sum(";" in line for line in others) < len(others)


def split(line: str, delimiter: str, marks: Sequence[str] = ()) -> list[str]:
    """Divide one line into cells, as well as it can be."""
    if delimiter == " ":
        line = _without_comment(line.replace("\t", " ").strip(), marks)
        if '"' not in line:
            return [cell for cell in line.split(" ") if cell]  # a no-break blank stands within a number
    elif '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)] if delimiter else [line.strip()]
    if not delimiter:
        return [line.strip().strip('"')]
    try:
        lines = _tight(line, delimiter).splitlines(keepends=True)
        (cells,) = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))[:1] or [[""]]
    except csv.Error:
        return [line]
    return [cell.strip() for cell in cells]


def rows_of(lines: Lines, first: int, delimiter: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Divide lines from ``first`` on into cells, with the number of the line in which each row begins.

    Raises
    ------
    InvalidData
        If a cell in quotes has no end, or something behind it.
    """
    texts, numbers = lines.texts[first:], lines.numbers[first:]
    if not any('"' in text for text in texts):
        marks = lines.marks if any(mark in text for text in texts for mark in TRAILING) else ()
        for number, text in zip(numbers, texts, strict=True):
            yield number, text.split(delimiter) if delimiter.strip(" ") else split(text, delimiter, marks)
        return
    if delimiter == " ":
        texts = [_without_comment(text.replace("\t", " ").strip(), lines.marks) for text in texts]
    for number, text in zip(numbers, texts, strict=True):
        line = _tight(text, delimiter).splitlines(keepends=True)
        try:
            cells, *more = csv.reader(line, delimiter=delimiter or "\0", skipinitialspace=True, strict=True)
        except csv.Error as error:  # a cell of more than 131,072 characters, a quote without an end
            raise InvalidData(f"{source}, line {number}: {error}; mend it there") from None
        if more:
            raise InvalidData(f"{source}, line {number}: a quote without an end; mend it there")
        yield number, cells


def _tight(line: str, delimiter: str) -> str:
    """Take off blanks between the end of a quote and what parts columns."""
    if '" ' not in line or delimiter in ("", " "):
        return line
    return re.sub(rf'" +(?={re.escape(delimiter)}|$)', '"', line)


def _without_comment(line: str, marks: Sequence[str]) -> str:
    """Cut off a comment behind the cells."""
    for mark in TRAILING:
        if mark in marks and f" {mark}" in line:
            line = line.partition(f" {mark}")[0].rstrip()
    return line
