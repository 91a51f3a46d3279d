"""Tables written in all dialects, for tests that read them back."""

import random
from dataclasses import dataclass

import hypothesis.strategies as st

DELIMITERS = [",", ";", "\t", "|", " "]


@dataclass(frozen=True)
class Dialect:
    """How a table is written."""

    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    encoding: str = "utf-8"
    newline: str = "\n"
    comment: str = ""
    preamble: int = 0
    units: bool = False
    quoted: bool = False
    trailing: bool = False
    padded: bool = False

    def number(self, value: float) -> str:
        """Write a number so that it is read back to the last bit."""
        text = repr(value)
        if "e" in text or not self.thousands:
            return text.replace(".", self.decimal)
        sign = "-" if text.startswith("-") else ""
        whole, _, fraction = text.lstrip("-").partition(".")
        grouped = f"{int(whole):,}".replace(",", self.thousands)
        return sign + grouped + self.decimal + fraction

    def cell(self, text: str) -> str:
        """Quote a cell where it must be."""
        return f'"{text}"' if self.quoted or self.delimiter in text else text

    def row(self, cells: list[str]) -> str:
        """Write a row."""
        parted = f" {self.delimiter} " if self.padded and self.delimiter not in "\t " else self.delimiter
        return parted.join(map(self.cell, cells)) + self.delimiter * (self.trailing and self.delimiter != " ")

    def write(self, names: list[str], rows: list[list[float]]) -> bytes:
        """Write a table."""
        lines = [f"{self.comment} made by hand" if self.comment else "made by hand"] * self.preamble
        lines.append(self.row(names))
        if self.units:
            lines.append(self.row(["s"] + ["mV"] * (len(names) - 1)))
        for k, row in enumerate(rows):
            lines.append(self.row([self.number(value) for value in row]))
            if self.comment and k == 1:
                lines.append(f"{self.comment} a pause")
        return (self.newline.join(lines) + self.newline).encode(self.encoding)


@st.composite
def dialects(draw) -> Dialect:
    """Draw a dialect that can be read."""
    delimiter = draw(st.sampled_from(DELIMITERS))
    quoted = draw(st.booleans())
    # Where a comma parts columns, one in a number stands in quotes; so does a blank.
    decimal = draw(st.sampled_from([".", ","]))
    free = [mark for mark in ("", ",", ".", " ", "'", "\N{NO-BREAK SPACE}") if mark != decimal]
    return Dialect(
        delimiter,
        decimal,
        draw(st.sampled_from(free)),
        draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])) if delimiter != " " else "utf-8",
        draw(st.sampled_from(["\n", "\r\n", "\r"])),
        draw(st.sampled_from(["", "#", "%", "//"])),
        draw(st.integers(0, 3)),
        draw(st.booleans()),
        quoted,
        draw(st.booleans()),
        draw(st.booleans()),
    )


def mutated(content: bytes, seed: int) -> bytes:
    """Corrupt a file a little: bytes changed, cut out, repeated, lines swapped or cut."""
    draw = random.Random(seed)
    data = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(data)) if data else 0
        match draw.randrange(6):
            case 0:
                data[place : place + 1] = bytes([draw.choice(b',;\t |."\n\r#%-+eE0123456789x\x00\xff')])
            case 1:
                del data[place : place + draw.randint(1, 8)]
            case 2:
                data[place:place] = data[place : place + draw.randint(1, 20)]
            case 3:
                data[place:place] = draw.choice([b'"', b",", b";", b"\n", b"\n\n", b"nan", b"1e999", b"\xa0", b"-"])
            case 4:
                lines = bytes(data).split(b"\n")
                draw.shuffle(lines) if draw.random() < 0.2 else lines.pop(draw.randrange(len(lines)))
                data = bytearray(b"\n".join(lines))
            case _:
                data = data[: draw.randrange(len(data) + 1)]
    return bytes(data)
