"""How data are read: which columns mean what, and how the file is written where that cannot be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "blanks": " "}
"""Words for what stands between columns."""


@public
@dataclass(frozen=True)
class Reading:
    """How a table is read; what is left out is found from the table itself, and said.

    Parameters
    ----------
    x : columns that the model takes; all columns whose names it has by default
    weights : name of a column of weights: squares of residuals count so many times, rows of weight 0 not at all
    groups : name of a column, of texts or numbers, that tells to which group a row belongs; parameters whose range is
        for ``each`` group have a value in every one
    missing : ``"refuse"`` rows with a missing value in a column that is used, naming them, or ``"drop"`` them
    delimiter : what stands between columns: a character, or ``"comma"``, ``"semicolon"``, ``"tab"``, ``"pipe"``,
        ``"blanks"``
    decimal : ``"."`` or ``","``
    thousands : what stands between groups of three digits: ``","``, ``"."``, ``" "`` or ``"'"``
    encoding : of the file, such as ``"utf-8"`` or ``"cp1252"``
    comment : what lines of comments begin with
    header : number of the line that names the columns, from 1; 0 where there is none, -1 to find it
    sheet : name of the sheet of a workbook; the first by default
    dates : what comes first in dates such as 01/02/2024: ``"day"`` or ``"month"``

    Raises
    ------
    InvalidValue
        If the delimiter is no character that may stand between columns, or decimal and thousands are the same.

    Examples
    --------
    >>> Reading(x="t", missing="drop", decimal=",").missing
    'drop'
    """

    x: str | Sequence[str] = ()
    weights: str = ""
    groups: str = ""
    missing: Literal["refuse", "drop"] = "refuse"
    delimiter: str = ""
    decimal: Literal["", ".", ","] = ""
    thousands: Literal["", ",", ".", " ", "'"] = ""
    encoding: str = ""
    comment: str = ""
    header: int = -1
    sheet: str = ""
    dates: Literal["", "day", "month"] = ""

    def __post_init__(self) -> None:
        whole("header", self.header, at_least=-1)
        mark = self.mark
        if len(mark) > 1 or (mark and (mark.isalnum() or mark in "\"'.+-\n\r")):
            raise InvalidValue(
                f"delimiter = {shown(self.delimiter)} is not allowed; give {', '.join(DELIMITERS)}, or a character"
            )
        if self.decimal and self.thousands == self.decimal:
            raise InvalidValue(f"thousands = {self.thousands!r} is the decimal sign too; give different ones")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that were asked for."""
        if isinstance(self.x, str):
            return (self.x,) if self.x else ()
        return tuple(self.x)

    @property
    def mark(self) -> str:
        """The character between columns; nothing where it is to be found."""
        return DELIMITERS.get(self.delimiter, self.delimiter)


FOUND = Reading()
"""All is found from the table itself."""
