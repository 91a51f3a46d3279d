"""Numbers as people write them, from cells of text: with points or commas, and groups of three digits.

Every number is what Python's ``float`` makes of its digits, to the last bit. What a comma means is told by all columns
that are used together: ``1,5`` can only be a decimal comma, ``1,234.5`` only one between thousands, and ``1,234`` alone
may be either, so that it is refused where nothing else in the table tells.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from thalweg.base.errors import InvalidData
from thalweg.problems.reading.reading import Reading

MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "--", "---", "<na>", "nat", "missing"}
"""What stands where a value is missing, in any case of letters."""

BLANKS = " \N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"

GROUPS = f"{BLANKS}'’"
"""What may stand between groups of three digits beside points and commas: blanks of all kinds, apostrophes."""

PARTS = re.compile(rf"([+-]?)(\d[\d.,{GROUPS}]*|[.,]\d+)(?:[eEdD]([+-]?\d+))?", re.ASCII)
"""Sign, digits and exponent; Fortran writes a D for it."""

PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

LOOSE = re.compile(
    rf"[+-]?(?:\d{{1,3}}(?:[.,{GROUPS}]\d{{3}})+(?:[.,]\d*)?|\d+[.,]?\d*|[.,]\d+)(?:[eEdD][+-]?\d+)?", re.ASCII
)
"""A number in any convention."""

TRIPLE = re.compile(r"[1-9]\d{0,2}([.,])\d{3}", re.ASCII)
"""What may be a number of three decimals, or one above a thousand."""


ODD = re.compile("[,]|[.][^\0]*[.]")
"""Cells, joined by zeros, in which points are not decimal signs at once."""


@dataclass(frozen=True)
class Convention:
    """How numbers are written: the decimal sign, and a sign between thousands beside blanks and apostrophes."""

    decimal: str = "."
    thousands: str = ","


@dataclass
class Evidence:
    """Cells that tell what points and commas are: ``(column, row)`` of the first of each kind."""

    decimals: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    grouped: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    either: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    def add(self, cell: str, place: tuple[str, int]) -> None:
        """Take in what a cell tells."""
        parts = PARTS.fullmatch(clean(cell))
        if not parts or not ("," in parts[2] or "." in parts[2]):
            return
        digits, last = parts[2], max(parts[2].rfind(","), parts[2].rfind("."))
        sign = digits[last]
        other = "." if sign == "," else ","
        if digits.count(sign) > 1:
            if other not in digits and _whole(digits, sign) is not None:
                self.grouped.setdefault(sign, place)
        elif other in digits:
            if _whole(digits[:last], other) is not None:
                self.grouped.setdefault(other, place)
                self.decimals.setdefault(sign, place)
        elif parts[3] is None and TRIPLE.fullmatch(digits):
            self.either.setdefault(sign, place)
        else:
            self.decimals.setdefault(sign, place)


def clean(cell: str) -> str:
    """Take off blanks around a cell, and write a minus as Python does."""
    return cell.strip().replace("\N{MINUS SIGN}", "-")


def is_missing(cell: str) -> bool:
    """Tell whether a cell says that its value is missing."""
    return cell.strip().lower() in MISSING


def find_convention(
    columns: Mapping[str, Sequence[str]], reading: Reading, say: Callable[[str, int], str]
) -> Convention:
    """Find how the numbers of some columns are written; ``say`` tells where a cell stands.

    Raises
    ------
    InvalidData
        If cells contradict one another, or all may be read in two ways.
    """
    if reading.decimal or reading.thousands in (",", "."):
        decimal = reading.decimal or ("." if reading.thousands == "," else ",")
        return Convention(decimal, "." if decimal == "," else ",")
    if not any(ODD.search("\0".join(cells)) for cells in columns.values()):
        return Convention()
    found = Evidence()
    for name, cells in columns.items():
        for row, cell in enumerate(cells):
            if "," in cell or "." in cell:
                found.add(cell, (name, row))
    comma = found.decimals.get(",") or found.grouped.get(".")
    point = found.decimals.get(".") or found.grouped.get(",")
    if comma and point:
        raise InvalidData(
            f"{say(*comma)} and {say(*point)}: commas and points cannot both be decimal signs; write one of them "
            "everywhere"
        )
    if comma:
        return Convention(",", ".")
    if not point and "," in found.either:
        name, row = found.either[","]
        cell = clean(columns[name][row])
        raise InvalidData(
            f"{say(name, row)}, which may be {cell.replace(',', '.')} or {cell.replace(',', '')}; say which: "
            'reading = { decimal = "," } or { thousands = "," }'
        )
    return Convention()


def read_numbers(cells: Sequence[str], convention: Convention) -> np.ndarray:
    """Read cells as floats, (cell,): NaN where one is missing, infinite where it is no finite number."""
    values = _quick(cells, convention)
    if values is None:
        values = np.fromiter((number(cell, convention) for cell in cells), float, len(cells))
    return values


def _quick(cells: Sequence[str], convention: Convention) -> np.ndarray | None:
    """Read cells in which nothing is odd; None if something is."""
    if convention.decimal == ",":
        if "." in "".join(cells):
            return None
        cells = [cell.replace(",", ".", 1) for cell in cells]
    try:
        values = np.array(list(map(float, cells)), dtype=float)
    except ValueError:
        return None
    # Python reads 1_000 and digits of all scripts, and takes words for what is not finite.
    return values if np.isfinite(values).all() and "_" not in "".join(cells) else None


def number(cell: str, convention: Convention) -> float:
    """Read one cell: NaN where it says that it is missing, infinite where it is no finite number.

    Examples
    --------
    >>> number("1.234,5", Convention(",", ".")), number("1 234.5", Convention()), number("3 V", Convention())
    (1234.5, 1234.5, inf)
    """
    if is_missing(cell):
        return math.nan
    plain = _plain(clean(cell), convention)
    return math.inf if plain is None else float(plain)


def _plain(cell: str, convention: Convention) -> str | None:
    """Write a number as Python does; None for what is no number."""
    if PLAIN.fullmatch(cell) and convention.decimal == ".":
        return cell
    parts = PARTS.fullmatch(cell)
    if not parts:
        return None
    sign, digits, exponent = parts.groups()
    whole, point, fraction = digits.partition(convention.decimal)
    for mark in (convention.thousands, *GROUPS):
        if mark in whole:
            whole = _whole(whole, mark)
            break
    if whole is None or not (whole + fraction).isdigit():
        return None
    return sign + whole + ("." if point else "") + fraction + (f"e{exponent}" if exponent else "")


def _whole(digits: str, mark: str) -> str | None:
    """Join groups of three digits; None where they are not such."""
    first, *groups = digits.split(mark)
    good = 1 <= len(first) <= 3 and first[0] != "0" and all(len(group) == 3 for group in groups)
    return first + "".join(groups) if good and (first + "".join(groups)).isdigit() else None


def looks_numeric(cell: str) -> bool:
    """Tell whether a cell is a number in any convention, or what is not finite."""
    cell = clean(cell)
    return LOOSE.fullmatch(cell) is not None or cell.lower().lstrip("+-") in ("inf", "infinity")
