"""Lines of a text, and the cells in them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from thalweg.base.errors import InvalidData

COMMENTS = ("#", "%", "//", "!")
"""What lines of comments begin with, where it is not said; a semicolon too where it does not part columns."""

TRAILING = ("#", "//")
"""What begins a comment behind the cells of a line whose columns are parted by blanks."""


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
        if start.startswith(marks):
            mark = next(mark for mark in marks if start.startswith(mark))
            comments.append((number, start[len(mark) :].lstrip("".join(marks)).strip()))
        else:
            texts.append(line)
            numbers.append(number)
    return Lines(texts, numbers, comments, marks)


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
            return line.split()
    elif '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)] if delimiter else [line.strip()]
    if not delimiter:
        return [line.strip().strip('"')]
    try:
        (cells,) = list(csv.reader([line], delimiter=delimiter, skipinitialspace=True))[:1] or [[""]]
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
            yield number, split(text, delimiter, marks)
        return
    if delimiter == " ":
        texts = [_without_comment(text.replace("\t", " ").strip(), lines.marks) for text in texts]
    reader = csv.reader(texts, delimiter=delimiter or "\0", skipinitialspace=True, strict=True)
    begun = 0
    try:
        for cells in reader:
            yield numbers[begun], cells
            begun = reader.line_num
    except csv.Error as error:  # a cell of more than 131,072 characters, a quote without an end
        number = numbers[min(begun, len(numbers) - 1)]
        raise InvalidData(f"{source}, line {number}: {error}; mend it there") from None


def _without_comment(line: str, marks: Sequence[str]) -> str:
    """Cut off a comment behind the cells."""
    for mark in TRAILING:
        if mark in marks and f" {mark}" in line:
            line = line.partition(f" {mark}")[0].rstrip()
    return line
