"""The text of a formula, as it was written and as Python's parser reads it, and errors that point into it.

What other tools write is read too: ``^`` is a power, a name in backquotes is a column whose name is no identifier, and
what word processors make of a minus and of a product is taken for these. Every character of the text that is read
knows from which character of the written one it comes, so that errors point where people look.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown

LONGEST = 10_000
"""Characters of a formula."""

AROUND = 60
"""Characters of a long formula that are shown on either side of a mark."""

SIGNS = {"^": "**", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{MIDDLE DOT}": "*", "\N{MULTIPLICATION SIGN}": "*"}
"""What Python reads for them."""

REFUSED = {
    "#": "a formula has no comments; leave it out",
    ";": "a formula is one expression; leave it out",
    "\\": "a formula is one expression; leave it out",
}


class FormulaError(InvalidValue):
    """A formula that cannot be read; where it is wrong stands in its note, two lines with the formula and a mark.

    Examples
    --------
    >>> from thalweg.problems.formula.formula import formula
    >>> try:
    ...     formula("A * epx(-t)")
    ... except FormulaError as error:
    ...     print(error, *error.__notes__, sep="\\n")
    formula, character 5: unknown function 'epx'; did you mean 'exp'?
      A * epx(-t)
          ^^^
    """


@dataclass(frozen=True)
class Source:
    """The text as it was written, the text that Python reads, and from where each of its characters comes.

    Attributes
    ----------
    text : as it was written
    read : what is given to Python's parser
    origins : (character,), of ``read``: the place in ``text``, and one more for the end
    quoted : names in backquotes, by what stands for them
    """

    text: str
    read: str = ""
    origins: tuple[int, ...] = (0,)
    quoted: dict[str, str] = field(default_factory=dict[str, str])

    def error(self, message: str, node: ast.expr | ast.keyword | int | None = None) -> FormulaError:
        """Make the error that points at a node, or at a character of ``read``."""
        if isinstance(node, ast.AST):
            # Python counts bytes of UTF-8.
            raw = self.read.encode()
            begin = len(raw[: node.col_offset].decode(errors="ignore"))
            end = len(raw[: node.end_col_offset].decode(errors="ignore"))
            first, last = self.origins[begin], self.origins[max(begin, end - 1)] + 1
        else:
            first = self.origins[min(node or 0, len(self.origins) - 1)]
            last = first + 1
        error = FormulaError(f"formula, character {first + 1}: {message}")
        error.add_note(_pointer(self.text, first, last))
        return error


def prepare(text: object) -> Source:
    """Bring the text into one line that Python reads, and note from where each character comes."""
    if not isinstance(text, str):
        raise InvalidValue(f"formula = {shown(text)} is no text; give one such as 'a * exp(-x / tau) + c'")
    if len(text) > LONGEST:
        raise InvalidValue(f"the formula has {len(text):,} characters; give at most {LONGEST:,}")
    if not text.strip():
        raise InvalidValue("the formula is empty; give one such as 'a * exp(-x / tau) + c'")
    parts: list[str] = []
    origins: list[int] = []
    quoted: dict[str, str] = {}
    place = len(text) - len(text.lstrip())
    while place < len(text):
        piece, step = _piece(text, place, quoted)
        parts.append(piece)
        origins.extend([place] * len(piece))
        place += step
    return Source(text, "".join(parts), (*origins, len(text.rstrip())), quoted)


def _piece(text: str, place: int, quoted: dict[str, str]) -> tuple[str, int]:
    """Translate what stands at a place: what Python reads for it, and how many characters it takes."""
    character = text[place]
    if character == "`":
        end = text.find("`", place + 1)
        if end < 0 or not text[place + 1 : end].strip():
            raise _as_written(text).error("this name in backquotes is empty or has no end; write `a column`", place)
        name = text[place + 1 : end].strip()
        stand_in = next((key for key, value in quoted.items() if value == name), f"_quoted_{len(quoted)}")
        quoted[stand_in] = name
        return f"({stand_in})", end + 1 - place
    if character.isspace():
        return " ", 1
    if character in REFUSED or not character.isprintable():
        said = REFUSED.get(character, f"{character!r} is no character of a formula; leave it out")
        raise _as_written(text).error(said, place)
    return SIGNS.get(character, character), 1


def _as_written(text: str) -> Source:
    return Source(text, text, tuple(range(len(text) + 1)))


def _pointer(text: str, first: int, last: int) -> str:
    """Write the formula, or what stands around the mark in a long one, and a mark below it."""
    begin = max(0, first - AROUND)
    line = "".join(character if character.isprintable() else " " for character in text[begin : first + AROUND])
    before, after = "…" * (begin > 0), "…" * (first + AROUND < len(text))
    marks = "^" * max(1, min(last - first, AROUND, len(line) - (first - begin)))
    return f"  {before}{line}{after}\n  {' ' * (len(before) + first - begin)}{marks}"
