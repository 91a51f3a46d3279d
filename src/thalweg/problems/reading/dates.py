"""Dates and times as people write them, as seconds since the first of them.

Seconds are exact differences of whole numbers of the smallest fraction that stands in the column, divided once: the
float next to the true number of seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from thalweg.base.errors import InvalidData

TIME = r"(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<frac>\d{1,12}))?)?\s*(?P<half>[AaPp][Mm])?"
ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
DATES = (
    r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})",
    r"(?P<first>\d{1,2})(?P<sep>[-/.])(?P<second>\d{1,2})(?P=sep)(?P<y>\d{4})",
    r"(?P<d>\d{1,2})[- ](?P<name>[A-Za-z]{3,9})[- ](?P<y>\d{4})",
    r"(?P<name>[A-Za-z]{3,9})\.? (?P<d>\d{1,2}),? (?P<y>\d{4})",
)
FORMS = [re.compile(rf"{form}(?:(?:[Tt]|,?\s+){TIME}{ZONE})?", re.ASCII) for form in DATES]
CLOCK = re.compile(TIME, re.ASCII)

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]

DAY = 86400

LONGEST = 60
"""Characters of a date at most."""


@dataclass(frozen=True)
class Moment:
    """Whole seconds since a day long ago, a fraction as it is written, and what a column must have in common."""

    seconds: int
    fraction: str
    zoned: bool
    dated: bool

    def ticks(self, digits: int) -> int:
        """Count the smallest parts, ``digits`` behind the point."""
        return self.seconds * 10**digits + int(self.fraction.ljust(digits, "0") or 0)


def is_moment(cell: str) -> bool:
    """Tell whether a cell looks like a date or a time of day."""
    cell = cell.strip()
    if len(cell) > LONGEST:
        return False
    return (
        ("-" in cell or "/" in cell or "." in cell or " " in cell) and any(form.fullmatch(cell) for form in FORMS)
    ) or (":" in cell and CLOCK.fullmatch(cell) is not None)


def seconds(cells: Sequence[str], first: str, say: Callable[[int], str]) -> tuple[np.ndarray, str]:
    """Read dates and times as seconds since the earliest, (cell,), and say from when to when they are.

    Parameters
    ----------
    cells : one a row, none of them missing
    first : ``"day"`` or ``"month"``; where it is empty it is told from the column
    say : tells where a cell stands, by its place

    Raises
    ------
    InvalidData
        If one is no date or time, day and month cannot be told apart, some have a time zone or a date and others not,
        or times of day do not grow.
    """
    order = first or _order(cells, say)
    moments: list[Moment] = []
    for row, cell in enumerate(cells):
        moment = _read(cell.strip(), order)
        if moment is None:
            raise InvalidData(f"{say(row)}, which is no date or time as the others are; mend it there")
        moments.append(moment)
    for row, moment in enumerate(moments):
        if (moment.zoned, moment.dated) != (moments[0].zoned, moments[0].dated):
            what = "a time zone" if moment.dated == moments[0].dated else "a date"
            raise InvalidData(f"{say(0)} and {say(row)}: one has {what} and one has none; write all alike")
    digits = max(len(moment.fraction) for moment in moments)
    ticks = [moment.ticks(digits) for moment in moments]
    if not moments[0].dated:
        later = next((row for row in range(1, len(ticks)) if ticks[row] < ticks[row - 1]), None)
        if later is not None:
            raise InvalidData(
                f"{say(later)}, earlier than in the row before; write times over midnight with their date"
            )
    least = min(ticks)
    values = np.array([(tick - least) / 10**digits for tick in ticks], dtype=float)
    ends = cells[ticks.index(least)].strip(), cells[ticks.index(max(ticks))].strip()
    said = f", the {order} first" if any(FORMS[1].fullmatch(end) for end in ends) else ""
    return values, f"{ends[0]} to {ends[1]}{said}, as seconds since the first"


def _order(cells: Sequence[str], say: Callable[[int], str]) -> str:
    """Tell whether days stand before months, from a point between them or from a number above 12."""
    unclear: int | None = None
    days, months = None, None
    for row, cell in enumerate(cells):
        form = FORMS[1].fullmatch(cell.strip())
        if not form:
            continue
        if form["sep"] == "." or int(form["first"]) > 12:
            days = row if days is None else days
        elif int(form["second"]) > 12:
            months = row if months is None else months
        elif form["first"] != form["second"]:
            unclear = row if unclear is None else unclear
    if days is not None and months is not None:
        raise InvalidData(f"{say(days)} and {say(months)}: a month cannot stand first and second; write all alike")
    if unclear is not None and days is None and months is None:
        raise InvalidData(
            f'{say(unclear)}: is the day first or the month? say reading = {{ dates = "day" }} or "month"'
        )
    return "month" if months is not None else "day"


def _read(cell: str, order: str) -> Moment | None:
    if len(cell) > LONGEST:
        return None
    for form in FORMS:
        if found := form.fullmatch(cell):
            parts = found.groupdict()
            break
    else:
        found = CLOCK.fullmatch(cell)
        if not found:
            return None
        parts = found.groupdict()
    try:
        day = date(*_day(parts, order)).toordinal() if "y" in parts else 0
        clock = _clock(parts) - _zone(parts.get("zone") or "")
    except ValueError:
        return None
    return Moment(day * DAY + clock, parts["frac"] or "", bool(parts.get("zone")), "y" in parts)


def _day(parts: dict[str, str], order: str) -> tuple[int, int, int]:
    if parts.get("first"):
        day, month = (parts["first"], parts["second"]) if order == "day" else (parts["second"], parts["first"])
        return int(parts["y"]), int(month), int(day)
    if parts.get("name"):
        month = next((month for month in MONTHS if month.startswith(parts["name"].lower())), "")
        return int(parts["y"]), MONTHS.index(month) + 1, int(parts["d"])
    return int(parts["y"]), int(parts["m"]), int(parts["d"])


def _clock(parts: dict[str, str]) -> int:
    if not parts["h"]:
        return 0
    hour, minute, second = int(parts["h"]), int(parts["min"]), int(parts["s"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + 12 * (parts["half"].lower() == "pm")
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    return hour * 3600 + minute * 60 + second


def _zone(zone: str) -> int:
    """Tell by how many seconds a zone is ahead of UTC."""
    if not zone or zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    return (-1 if zone[0] == "-" else 1) * (hours * 3600 + minutes * 60)
