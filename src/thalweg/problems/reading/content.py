"""What a file holds: its bytes, by their first ones a workbook or a text, and the text in its encoding."""

from __future__ import annotations

import codecs
import re
import sys
from functools import cache
from pathlib import Path

from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.base.files import read_bytes
from thalweg.base.showing import shown

STANDARD = "-"
"""Names the standard input in place of a file."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

WORKBOOK, PARQUET = b"PK\x03\x04", b"PAR1"
"""What files of Excel and of Parquet begin with, whatever they are called."""

OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as .xlsx or CSV",
    b"\x1f\x8b": "packed by gzip; unpack it first",
    b"BZh": "packed by bzip2; unpack it first",
    b"\xfd7zXZ": "packed by xz; unpack it first",
    b"%PDF": "a PDF; give the table as CSV",
    b"\x89HDF": "an HDF5 file; give the table as CSV",
}

CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\x7f\x80-\x9f]")
"""Characters that no table has."""

GIVE = "the path of a CSV file, an Excel workbook or a Parquet file"

FIRST = 4096
"""Bytes by which a text without a mark is judged."""


def fetch(path: str | Path) -> bytes:
    """Read the bytes of a file, or of the standard input.

    Raises
    ------
    InvalidData
        If there is no such file, or it is none.
    """
    return standard_input() if str(path) == STANDARD else read_bytes(Path(path), GIVE)


@cache
def standard_input() -> bytes:
    """Read the standard input; what was read is kept, since it cannot be read twice."""
    if sys.stdin is None or sys.stdin.isatty():
        raise InvalidData('the standard input holds no table; pipe one into it, or give a path in place of "-"')
    return sys.stdin.buffer.read()


def decode(content: bytes, source: str, encoding: str = "") -> tuple[str, str]:
    """Turn bytes into text, and say in which encoding.

    Raises
    ------
    InvalidValue
        If the encoding that is given is none.
    InvalidData
        If the bytes are no text, or not in the encoding that is given.
    """
    if encoding:
        try:
            return _checked(content.decode(encoding), source), encoding
        except LookupError:
            raise InvalidValue(f"encoding = {shown(encoding)} is unknown; give one such as utf-8 or cp1252") from None
        except ValueError:
            raise InvalidData(f"{source} is not in the encoding {encoding}; leave it out, or give another") from None
    for begin, what in OTHERS.items():
        if content.startswith(begin):
            raise InvalidData(f"cannot read {source}: it is {what}")
    codec, said = _encoding(content)
    try:
        return _checked(content.decode(codec), source), said
    except ValueError:
        raise InvalidData(f"cannot read {source}: it is no text in {said}; give {GIVE}") from None


def _encoding(content: bytes) -> tuple[str, str]:
    """Find the encoding by its mark, by where zero bytes stand, or by whether it is UTF-8."""
    for mark, codec, said in MARKS:
        if content.startswith(mark):
            return codec, said
    first = content[:FIRST]
    if b"\0" in first:
        even, odd = first[::2].count(0), first[1::2].count(0)
        return ("utf-16-le", "UTF-16") if odd > even else ("utf-16-be", "UTF-16")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252", "Latin-1"
    return "utf-8", "UTF-8"


def _checked(text: str, source: str) -> str:
    text = text.removeprefix("\ufeff").rstrip("\x1a")
    if CONTROL.search(text):
        raise InvalidData(f"cannot read {source}: it is no text; give {GIVE}")
    return text
