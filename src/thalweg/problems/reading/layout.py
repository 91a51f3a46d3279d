"""Where the table is in a text: what parts its columns, which line names them, and where the rows begin.

Rows of data are told by their numbers, from the end of the text upwards: what stands above them is the header, a row
of units, or a preamble. Each way to part columns is tried on the first thousand lines; the one in which most cells are
numbers and dates is taken. Commas and blanks may stand within numbers too, so that both may read a text equally well:
then the header decides, and if it does not, the text is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from thalweg.base.errors import InvalidData
from thalweg.problems.reading.cells import is_missing, looks_numeric
from thalweg.problems.reading.dates import is_moment
from thalweg.problems.reading.reading import Reading
from thalweg.problems.reading.rows import Lines, split
from thalweg.problems.reading.units import are_units

SAMPLE = 1000
"""Lines that are looked at."""

FEW, WIDE = 40, 400
"""Lines that are looked at if they have more characters than this, on the average."""

WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes", " ": "blanks", "": "one column"}

ORDER = ("\t", ";", "|", ",", " ")
"""Ways to part columns; of equal ones the first is taken, but for commas and blanks."""

NAMELESS = "no header, so they are numbered"

RULES = set("-=+|: _*~")
"""Lines of these only are drawn lines."""


@dataclass(frozen=True)
class Layout:
    """Where the table is.

    Attributes
    ----------
    delimiter : what parts columns
    names, units : of the columns; units may be none
    body : place of the first row of data among the lines
    facts : what is worth telling
    """

    delimiter: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    body: int
    facts: tuple[str, ...]


@dataclass(frozen=True)
class _Try:
    """The sample, parted in one way."""

    delimiter: str
    rows: list[list[str]]
    width: int
    numeric: list[bool]
    quality: float
    body: int

    @property
    def steady(self) -> bool:
        """Whether all rows have as many cells, and these are several."""
        return self.width > 1 and all(len(row) == self.width for row in self.rows)

    @property
    def agrees(self) -> bool:
        """Whether a line above the rows names as many columns."""
        return any(_is_header(row, self) for row in self.rows[: self.body])


def find_layout(lines: Lines, source: str, reading: Reading) -> Layout:
    """Find where the table is in the lines of a text.

    Raises
    ------
    InvalidData
        If there are no rows of numbers, columns may be parted in two ways, or the header has not as many cells as rows.
    """
    if not lines.texts:
        raise InvalidData(f"{source} has no header row; give a CSV file whose first line names its columns")
    tries = [_tried(lines, mark, reading) for mark in ([reading.mark] if reading.mark else ORDER)]
    good = [each for each in tries if each.width > 1 and each.quality > 0]
    if not good:
        lone = _tried(lines, "", reading)
        good = [lone] if lone.quality > 0 and not reading.mark else []
    if not good:
        return _without_numbers(tries, lines, reading)
    best = _best(good, source)
    if best.body == len(best.rows) and reading.header < 0:
        return _without_numbers([best], lines, reading)
    return _laid_out(best, lines, source, reading)


def _without_numbers(tries: list[_Try], lines: Lines, reading: Reading) -> Layout:
    """Take the first line for the header: who reads the rows below it, if there are any, says what is wrong in them."""
    best = max(tries, key=lambda each: (each.steady, len(each.rows[0])))
    place = lines.numbers.index(reading.header) if reading.header in lines.numbers else 0
    delimiter = best.delimiter if len(best.rows[0]) > 1 else reading.mark
    return _made(delimiter, split(lines.texts[place], delimiter, lines.marks), [], place + 1, ())


def _tried(lines: Lines, delimiter: str, reading: Reading) -> _Try:
    above = next((k for k, number in enumerate(lines.numbers) if number >= reading.header), 0)
    begin = above if reading.header > 0 else 0
    most = max(FEW, SAMPLE * WIDE // (1 + max(map(len, lines.texts[begin : begin + FEW]), default=0)))
    sample = lines.texts[begin : begin + min(SAMPLE, most)]
    rows = [split(text, delimiter, lines.marks) for text in sample]
    tail = rows[len(rows) // 2 :]
    width = Counter(map(len, tail)).most_common(1)[0][0]
    steady = [row for row in tail if len(row) == width]
    numeric: list[bool] = []
    for column in zip(*steady, strict=True):
        there = [cell for cell in column if not is_missing(cell)]
        numeric.append(bool(there) and 2 * sum(_is_value(cell) for cell in there) > len(there))
    filled = [any(not is_missing(cell) for cell in column) for column in zip(*steady, strict=True)]
    quality = sum(numeric) / max(1, sum(filled)) * len(steady) / len(tail)
    made = _Try(delimiter, rows, width, numeric, quality, 0)
    if reading.header == 0:
        return made
    data = [_is_data(row, made) for row in rows]
    # A row of numbers may stand in a preamble, and one with a gap or a slip of the pen in the data.
    begins = (k for k in range(len(rows)) if data[k] and 2 * sum(data[k + 1 : k + 4]) >= len(data[k + 1 : k + 4]))
    body = next(begins, len(rows))
    return _Try(delimiter, rows, width, numeric, quality, body)


def _is_value(cell: str) -> bool:
    return looks_numeric(cell) or is_moment(cell)


def _is_data(row: Sequence[str], made: _Try) -> bool:
    """Tell whether most cells of a row's columns of numbers are numbers."""
    if len(row) != made.width:
        return False
    cells = [cell for cell, numeric in zip(row, made.numeric, strict=True) if numeric]
    values = sum(_is_value(cell) for cell in cells)
    return values > 0 and 2 * (values + sum(map(is_missing, cells))) > len(cells)


def _is_header(row: Sequence[str], made: _Try) -> bool:
    """Tell whether a row may name the columns: names for half of the columns of numbers, and no number in them."""
    row = _trimmed(row, made.width)
    if len(row) != made.width:
        return False
    cells = [cell for cell, numeric in zip(row, made.numeric, strict=True) if numeric]
    named = sum(any(map(str.isalnum, cell)) for cell in cells)
    # A row of data may have no value at all: n/a.
    return 2 * named >= len(cells) and not any(
        _is_value(cell) or (is_missing(cell) and any(map(str.isalnum, cell))) for cell in cells
    )


def _names_some(row: Sequence[str], made: _Try) -> bool:
    """Tell whether a row that may be data has a name in a column of numbers, as ``t, 300, 310`` has."""
    pairs = zip(row, made.numeric, strict=True)
    return any(
        numeric and not _is_value(cell) and cell.isidentifier() and not is_missing(cell) for cell, numeric in pairs
    )


def _trimmed(row: Sequence[str], width: int) -> list[str]:
    """Take off empty cells beyond a width, and put them on below it if only the last delimiter is missing."""
    cells = list(row)
    while len(cells) > width and not cells[-1]:
        cells.pop()
    return cells


def _best(tries: list[_Try], source: str) -> _Try:
    best = max(tries, key=lambda each: each.quality + each.agrees)  # of equal ones the first
    equal = [each for each in tries if each.quality + each.agrees == best.quality + best.agrees]
    rivals = {each.delimiter: each for each in equal}
    if "," in rivals and " " in rivals and best.delimiter in (",", " "):
        commas, blanks = rivals[","], rivals[" "]
        raise InvalidData(
            f"{source} may have {commas.width} columns with commas between them or {blanks.width} with blanks; say "
            'which: reading = { delimiter = "comma" } or { delimiter = "blanks" }'
        )
    return best


def _laid_out(best: _Try, lines: Lines, source: str, reading: Reading) -> Layout:
    """Find header and units above the rows."""
    above = best.rows[: best.body]
    facts: list[str] = []
    if reading.header > 0:
        place = lines.numbers.index(reading.header) if reading.header in lines.numbers else -1
        if place < 0:
            raise InvalidData(f"{source} has no line {reading.header} that may be a header; give another header")
        names = split(lines.texts[place], best.delimiter, lines.marks)
        body = place + 1
        following = split(lines.texts[body], best.delimiter, lines.marks) if body < len(lines.texts) else []
        units = following if len(following) == len(names) and are_units(following) else []
        return _made(best.delimiter, names, units, body + bool(units), (f"line {reading.header} is the header",))
    places = [k for k, row in enumerate(above) if _is_header(row, best)]
    if not places and above and len(above[-1]) == best.width:
        places = [len(above) - 1]
    if not above and best.rows and _names_some(best.rows[0], best):
        return _made(best.delimiter, best.rows[0], [], 1, (f"line {lines.numbers[0]} is the header",))
    if not places:
        if above:
            raise InvalidData(_mismatch(best, lines, source))
        return _nameless(best, lines, facts)
    last = places[-1]
    header, units = above[last], []
    if len(places) > 1 and places[-2] == last - 1 and are_units(header):
        header, units = above[last - 1], header
        facts.append(f"units in line {lines.numbers[last]}")
    first = last - bool(units)
    if first:
        facts.insert(0, f"{first} line{'s' * (first > 1)} above the header left out")
    body = last + 1
    while body < best.body and set(lines.texts[body]) <= RULES:
        body += 1
    return _made(best.delimiter, _trimmed(header, best.width), units, body, tuple(facts))


def _made(delimiter: str, names: Sequence[str], units: Sequence[str], body: int, facts: tuple[str, ...]) -> Layout:
    named = tuple(" ".join(name.split()) or f"c{k}" for k, name in enumerate(names, 1))
    return Layout(delimiter, named, tuple(units), body, facts)


def _nameless(best: _Try, lines: Lines, facts: list[str]) -> Layout:
    """Take names from the comment right above the rows, or number the columns."""
    first = lines.numbers[0]
    before = [split(text, best.delimiter, ()) for number, text in lines.comments if number < first][-2:]
    fitting = [row for row in before if _is_header(row, best)]
    if fitting and fitting[-1] is before[-1]:
        units = fitting[-1] if len(fitting) == 2 and are_units(fitting[-1]) else []
        facts.append("names from the comment above the rows" + ", units too" * bool(units))
        return _made(best.delimiter, fitting[0] if units else fitting[-1], units, 0, tuple(facts))
    facts.append(NAMELESS)
    return _made(best.delimiter, [""] * best.width, [], 0, tuple(facts))


def _mismatch(best: _Try, lines: Lines, source: str) -> str:
    """Say that no line above the rows has as many cells as they have."""
    row, number = best.rows[best.body - 1], lines.numbers[best.body - 1]
    said = (
        f"{source}, line {number} has {len(row)} cell{'s' * (len(row) != 1)} and the rows below it {best.width}, "
        f"parted by {WORDS[best.delimiter]}; "
    )
    if best.delimiter == "," and best.width == 2 * len(row) > 2:
        first = best.rows[best.body]
        points = ", ".join(f"{first[k]}.{first[k + 1]}" for k in range(0, len(first), 2))
        return said + (
            f"line {lines.numbers[best.body]} may be {points} with decimal commas, or {best.width} columns: put "
            "semicolons between columns, or name them all"
        )
    return said + "name every column, or give the line of the header as header, 0 for none"
